"""The command `chatvault`: thin, loaded command by command, with one place where errors end."""

import importlib
import os
import sys

import click

from chatvault import __version__
from chatvault.errors import ChatVaultError

COMMANDS = {
    "init": "chatvault.cli.init",
    "import": "chatvault.cli.import_",
    "platforms": "chatvault.cli.platforms",
    "identify": "chatvault.cli.identify",
    "search": "chatvault.cli.search",
    "show": "chatvault.cli.show",
    "list": "chatvault.cli.list_",
    "restore": "chatvault.cli.restore",
    "verify": "chatvault.cli.verify",
    "rebuild": "chatvault.cli.rebuild",
    "imports": "chatvault.cli.imports",
    "keys": "chatvault.cli.keys",
    "info": "chatvault.cli.info",
    "completion": "chatvault.cli.completion",
}


class Commands(click.Group):
    """Loads a command when it is called; turns our errors into message, hint and exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run, and end with the exit code that says what happened."""
        try:
            result: object = super().invoke(ctx)
        except ChatVaultError as error:
            _say(error)
            ctx.exit(error.exit_code)
        except (KeyboardInterrupt, click.exceptions.Abort):
            click.echo("chatvault: interrupted; run the same again to go on", err=True)
            ctx.exit(130)
        except BrokenPipeError:
            # Whoever read our output has seen enough (`| head`).
            _quiet_end(ctx)
        except MemoryError:
            click.echo("chatvault: not enough memory", err=True)
            ctx.exit(1)
        except OSError as error:
            click.echo(f"chatvault: {(error.strerror or 'input/output error').lower()}", err=True)
            ctx.exit(17)
        return result


def _say(error: ChatVaultError) -> None:
    from chatvault.services.escape import for_error

    click.echo(f"chatvault: {for_error(str(error))}", err=True)
    if error.remedy:
        click.echo(f"hint: {for_error(error.remedy)}", err=True)


def _quiet_end(ctx: click.Context) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    ctx.exit(0)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: chatvault init && chatvault import ~/Downloads/*.zip && chatvault search hello",
)
@click.version_option(__version__, prog_name="chatvault")
def main() -> None:
    """Keep your chats and photos, encrypted on your own disk, for the day an account is gone.

    Nothing leaves this computer. Lose the passphrase and the recovery key, and the vault is lost.
    """
