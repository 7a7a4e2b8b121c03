"""`chatvault completion`"""

import click
from click.shell_completion import get_completion_class

from chatvault.cli._output import data


@click.command(epilog='Example: eval "$(chatvault completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print what makes your shell complete commands and options.

    Names behind --in and --from are offered where the passphrase comes from a file or a command
    (CHATVAULT_PASSPHRASE_FILE, CHATVAULT_PASSPHRASE_COMMAND): the shell is never asked for one.
    """
    root = click.get_current_context().find_root()
    kind = get_completion_class(shell)
    if kind is not None:
        data(kind(root.command, {}, "chatvault", "_CHATVAULT_COMPLETE").source())
