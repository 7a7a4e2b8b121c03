"""`chatvault init`"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from chatvault.cli._options import VaultOptions, vault_options
from chatvault.cli._output import data, line, talk
from chatvault.cli._secrets import VARIABLE, ask, read_secret
from chatvault.errors import DiskTrouble, Usage

KIT = """\
ChatVault recovery key
======================

This key opens the vault {vault}
when the passphrase is forgotten. Whoever has it can read everything.
Print this page or copy the key by hand, keep it away from the computer, and delete this file.

    {key}

To open the vault with it: give it wherever ChatVault asks for the passphrase.
Without ChatVault: README.txt in the vault's folder says how.
"""
SENTENCE = "without a recovery key"


@click.command(epilog="Example: chatvault init --vault ~/family.chatvault")
@vault_options
@click.option(
    "--recovery-kit",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the recovery key into this new file instead of showing it.",
)
@click.option("--no-recovery", is_flag=True, help="Make no recovery key (asked for again).")
def command(vault: VaultOptions, recovery_kit: Path | None, *, no_recovery: bool) -> None:
    """Make a vault: choose a passphrase, keep the recovery key.

    Lose the passphrase and the recovery key, and the vault is lost: there is no way back in.
    """
    from chatvault.services import create
    from chatvault.services import keys as service

    terminal = sys.stdin.isatty()
    if recovery_kit and no_recovery:
        raise Usage("--recovery-kit and --no-recovery exclude each other")
    if not terminal and not recovery_kit and not no_recovery:
        raise Usage(
            "without a terminal the recovery key cannot be shown",
            remedy="give --recovery-kit FILE or --no-recovery",
        )
    create.check_place(vault.folder)
    passphrase = _new_passphrase(vault)
    create.check_passphrase(passphrase)
    if service.is_weak(passphrase):
        talk("warning: this passphrase is short. Six random words are better, for instance:")
        talk(f"    {service.suggestion()}")
    if no_recovery and terminal and click.prompt(f'Type "{SENTENCE}"', err=True) != SENTENCE:
        raise Usage("then make one: leave out --no-recovery")
    recovery = None if no_recovery else service.recovery_key()
    if recovery is None or recovery_kit is None:
        if recovery is not None:
            show_key(recovery.text())
        create.create(vault.folder, passphrase, recovery=recovery)
    else:
        with kit_file(recovery_kit, vault.folder) as write:
            layout, _ = create.create(vault.folder, passphrase, recovery=recovery)
            _write_kit(write, layout.info().vault, recovery.text())
    data(f"made the vault {line(str(vault.folder))}")
    if recovery is None:
        talk("Keep the passphrase: if it is lost, nobody can open the vault any more.")
    else:
        talk("Keep the passphrase and the recovery key, in different places.")
        talk("If both are lost, nobody can open the vault any more.")
    talk("next: chatvault import ~/Downloads")


def _write_kit(write: Callable[[str, str], None], vault_id: str, key: str) -> None:
    try:
        write(vault_id, key)
    except OSError as cause:
        raise DiskTrouble(
            "the vault is made, but its recovery key could not be written",
            remedy="make another key: chatvault keys recovery --recovery-kit FILE",
        ) from cause


def _new_passphrase(vault: VaultOptions) -> str:
    given = vault.secrets.file or vault.secrets.command
    by_variable = any(
        name in os.environ for name in (VARIABLE, f"{VARIABLE}_FILE", f"{VARIABLE}_COMMAND")
    )
    passphrase = read_secret(vault.secrets, prompt="New passphrase")
    if not given and not by_variable and ask("The same again") != passphrase:
        raise Usage("the two are not the same", remedy="run this again")
    return passphrase


def show_key(key: str) -> None:
    """Show the key once, and have two parts of it typed back, so that it is really written down."""
    if not sys.stdin.isatty():
        raise Usage(
            "without a terminal the recovery key cannot be shown", remedy="give --recovery-kit FILE"
        )
    talk("\nThe recovery key. Write it down or print it, and keep it away from this computer:\n")
    groups = [key[n : n + 8] for n in range(0, len(key), 8)]
    for first in range(0, len(groups), 5):
        talk("    " + " ".join(groups[first : first + 5]))
    talk("\nIt opens the vault when the passphrase is forgotten. To be sure that it is right:")
    for number, ordinal in ((3, "third"), (len(groups) - 1, "last but one")):
        answer = click.prompt(f"Type its {ordinal} group", err=True)
        if "".join(answer.split()).upper() != groups[number - 1]:
            raise Usage(
                "that is not what stands there",
                remedy="nothing was changed; run this again and write the key down",
            )


@contextmanager
def kit_file(path: Path, vault: Path) -> Iterator[Callable[[str, str], None]]:
    """A new file for the recovery key, private to its owner; gone again if what follows fails."""
    if path.resolve().is_relative_to(vault.resolve()):
        raise Usage("the recovery kit may not lie inside the vault that it opens")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as cause:
        raise Usage(f"{path} exists", remedy="name a new file") from cause
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield lambda vault_id, key: _write(file, KIT.format(vault=vault_id, key=key))
    except BaseException:
        path.unlink()
        raise
    talk(f"The recovery key is in {line(str(path))}: print it, then delete the file.")


def _write(file: TextIO, text: str) -> None:
    file.write(text)
    file.flush()
    os.fsync(file.fileno())
