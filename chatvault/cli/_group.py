"""Groups of commands: help when nothing is asked, the nearest name when one is mistyped."""

import difflib
from collections.abc import Iterable

import click

from chatvault.errors import Usage


class Group(click.Group):
    """A group of commands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Nothing asked is not an error: it is answered with the help."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; Usage with the nearest name when there is none."""
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-"):
            known = self.list_commands(ctx)
            if name not in known:
                raise Usage(
                    f"there is no command {name!r}{did_you_mean(name, known)}",
                    remedy=f"`{ctx.command_path} -h` shows them all",
                )
        return super().resolve_command(ctx, args)


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """A question with the nearest name, to be put behind a message; empty when none is near."""
    near = difflib.get_close_matches(text, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
