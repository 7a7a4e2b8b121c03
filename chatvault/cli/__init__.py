"""The command `chatvault`: thin, loaded command by command, with one place where errors end."""

import importlib
import sys
from typing import Any, NoReturn

import click

from chatvault import __version__
from chatvault.cli._errors import report
from chatvault.cli._group import Group
from chatvault.cli._stream import abandon_streams, finish_streams

COMMANDS = {
    "init": "chatvault.cli.init",
    "import": "chatvault.cli.import_",
    "platforms": "chatvault.cli.platforms",
    "identify": "chatvault.cli.identify",
    "search": "chatvault.cli.search",
    "show": "chatvault.cli.show",
    "list": "chatvault.cli.list_",
    "conversations": "chatvault.cli.conversations",
    "people": "chatvault.cli.people",
    "stats": "chatvault.cli.stats",
    "restore": "chatvault.cli.restore",
    "verify": "chatvault.cli.verify",
    "rebuild": "chatvault.cli.rebuild",
    "imports": "chatvault.cli.imports",
    "keys": "chatvault.cli.keys",
    "info": "chatvault.cli.info",
    "completion": "chatvault.cli.completion",
}


class Commands(Group):
    """Loads a command when it is called; turns errors into message, hint and exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command

    def main(self, *args: Any, **more: Any) -> NoReturn:
        """Run, and end with the exit code that says what happened."""
        try:
            code = super().main(*args, **{**more, "standalone_mode": False})
            finish_streams()
        except SystemExit:  # of shell completion
            raise
        except BaseException as error:  # noqa: BLE001 - here all errors end
            code = report(error)
            abandon_streams()
        sys.exit(code)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""Example: chatvault init; chatvault import ~/Downloads; chatvault search hello""",
)
@click.version_option(__version__, prog_name="chatvault")
def main() -> None:
    """Keep your chats and photos, encrypted on your own disk, for the day an account is gone.

    Nothing leaves this computer. Lose the passphrase and the recovery key, and the vault is lost.
    """
