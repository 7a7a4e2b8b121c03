"""Write docs/commands.md from the help of the commands: `python3 scripts/commands_table.py`.

With --check it only says whether the page is up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import _environment
from _pages import write_or_check

_environment.enter("dev")

import click  # noqa: E402  (only in there)

from chatvault.cli import main as program  # noqa: E402

PAGE = "docs/commands.md"
WIDTH = 90
EXAMPLE = "Example: "

HEAD = """\
# Commands

<!-- Written by scripts/commands_table.py; do not edit. -->

One program, `chatvault`; `-h` behind any command shows what stands here. Data goes to standard
output, everything else that is said to standard error, so `chatvault list > file` holds the list
and nothing besides. On a terminal tables fit its width; elsewhere they are lines with tabs.
`--json` prints one value for programs ([what is in it](json.md)). Exit codes are a promise: [all
of them](errors.md).

Which vault: `--vault FOLDER`, or the variable `CHATVAULT_VAULT`, or the data folder of this
computer's user. The passphrase is asked for on a terminal. Where there is none it comes from
`--passphrase-file` (a file that only you can read), from `--passphrase-command` (a password
manager, for instance), or from the variables `CHATVAULT_PASSPHRASE`, `CHATVAULT_PASSPHRASE_FILE`,
`CHATVAULT_PASSPHRASE_COMMAND`; never from an argument, which other users of the computer could
see. A variable stays visible to other programs of yours for as long as the command runs, so a
file or a command is better. The recovery key may be given wherever the passphrase is asked for.
A computer that [remembers the vault](keys.md) asks for nothing, and without a terminal nothing is
ever asked.

Ctrl-C ends a command in good order, a second one at once; neither harms the vault. An import that
was broken off goes on when the same is imported again.
"""


def commands(
    command: click.Command, context: click.Context
) -> Iterator[tuple[click.Command, click.Context]]:
    """A command and all below it, each with the context that knows its full name."""
    yield command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, click.Context(inner, parent=context, info_name=name))


def section(command: click.Command, context: click.Context) -> list[str]:
    """Heading, help and example of one command."""
    context.terminal_width = WIDTH
    text = command.get_help(context)
    example = " ".join((command.epilog or "").split())
    assert example.startswith(EXAMPLE), f"{context.command_path} has no example"
    body = text[: text.rindex(EXAMPLE)].rstrip()
    return [
        f"## {context.command_path}",
        "",
        "```text",
        body,
        "```",
        "",
        "```sh",
        example.removeprefix(EXAMPLE),
        "```",
        "",
    ]


def page() -> str:
    """The whole page."""
    root = click.Context(program, info_name="chatvault", **program.context_settings)
    found = list(commands(program, root))[1:]
    lines = [HEAD, "| command | what it does |", "| --- | --- |"]
    for command, context in found:
        if not isinstance(command, click.Group):
            path = context.command_path
            summary = command.get_short_help_str(200)
            lines.append(f"| [`{path}`](#{path.replace(' ', '-')}) | {summary} |")
    lines.append("")
    for command, context in found:
        lines += section(command, context)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(write_or_check({PAGE: page()}, sys.argv[1:]))
