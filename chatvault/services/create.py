"""Making a vault."""

from pathlib import Path

from chatvault import __version__
from chatvault.vault import age, archive, keyring, schema
from chatvault.vault.files import FileOps, disk_trouble
from chatvault.vault.keyring import KeyRing
from chatvault.vault.layout import Layout, check_new_place, create_layout, seal_layout


def check_place(folder: Path) -> None:
    """Usage when this folder is taken, so that it is said before anything is asked."""
    check_new_place(folder)


def check_passphrase(text: str) -> None:
    """Usage when this cannot be a passphrase."""
    keyring.new_passphrase(text)


def create(
    folder: Path,
    passphrase: str,
    *,
    recovery: age.Identity | None,
    profile: age.ScryptProfile = age.NORMAL,
    ops: FileOps | None = None,
) -> tuple[Layout, KeyRing]:
    """A new vault in a new or empty folder, opened by the passphrase and by the recovery key.

    `vault.json` is written last: a crash before that leaves a folder that is no vault yet.
    """
    passphrase = keyring.new_passphrase(passphrase)
    layout, info = create_layout(folder, ops or FileOps(), __version__)
    ring = KeyRing.generate(info.vault)
    secret = age.Passphrase(passphrase, profile)
    keyring.write_slot(layout, "passphrase.age", ring, secret, proof=secret)
    if recovery is not None:
        keyring.write_slot(layout, "recovery.age", ring, recovery.recipient, proof=recovery)
    # Made first as an empty file, so that nobody else can read it whatever the umask.
    with disk_trouble("the vault cannot be made"), archive.trouble():
        layout.ops.create(layout.archive).close()
        connection = archive.open_archive(layout.archive, ring.database_key)
        try:
            schema.migrate(connection)
        finally:
            archive.close_archive(connection)
    seal_layout(layout, info)
    return layout, ring
