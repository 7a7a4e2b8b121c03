"""Every expected failure: its class, its exit code, where it happened and what to do about it.

A message says what is wrong, in lower case, and never quotes a chat, a name or a secret.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Where:
    """A place in an export or in the vault: a file, and the part of it (line 812, messages[41])."""

    file: str
    part: str = ""

    def __str__(self) -> str:
        return f"{self.file}, {self.part}" if self.part else self.file


class ChatVaultError(Exception):
    """Something went wrong that we know how to explain."""

    exit_code = 1

    def __init__(self, message: str, *, where: Where | None = None, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class BadExport(ChatVaultError):
    """Nothing of this export can be read."""


class UnknownExport(BadExport):
    """No importer recognises this."""


class SeveralImporters(BadExport):
    """Two importers claim the same export."""


class EmptyExport(BadExport):
    """The export was recognised, but there is not one message in it."""


class AppDatabase(BadExport):
    """This is an app's own database or backup, not an export."""


class Usage(ChatVaultError):
    """The command was called in a way that cannot work."""

    exit_code = 2


class BadQuery(Usage):
    """A search is written in a way that means nothing; `column` counts its characters from 1."""

    def __init__(self, message: str, *, column: int, remedy: str) -> None:
        super().__init__(message, where=Where("query", f"column {column}"), remedy=remedy)
        self.column = column


class NeedsAnswer(Usage):
    """The export can be read in more than one way, and only its owner knows which is right."""


class NoVault(ChatVaultError):
    """There is no vault at this place."""

    exit_code = 10


class VaultInUse(ChatVaultError):
    """Another ChatVault is writing to this vault."""

    exit_code = 11


class WrongSecret(ChatVaultError):
    """The passphrase or key does not open this vault."""

    exit_code = 12


class Damaged(ChatVaultError):
    """Something in the vault is not as it was written."""

    exit_code = 13


class NewerFormat(ChatVaultError):
    """This was made by a newer ChatVault."""

    exit_code = 15


class RefusedByLimit(ChatVaultError):
    """A safety limit was reached."""

    exit_code = 16


class DoesNotAddUp(ChatVaultError):
    """ChatVault itself lost count: what an export holds is not what became of it."""

    def __init__(self, message: str = "", *, where: Where | None = None, remedy: str = "") -> None:
        super().__init__(
            message or "this is a bug: what was read is not what was kept",
            where=where,
            remedy=remedy
            or "please report the line above; the export is as it was, and the import is not"
            " complete: `chatvault list imports` shows it, `chatvault imports undo` takes it back",
        )

    @classmethod
    def counted(cls, items: int, kept: int) -> "DoesNotAddUp":
        """With the two numbers that ought to be one."""
        return cls(
            f"this is a bug: {items:,} items were read, and {kept:,} of them are accounted for"
        )


class DiskTrouble(ChatVaultError):
    """The disk is full, read-only or failing."""

    exit_code = 17


class KeyStoreTrouble(ChatVaultError):
    """The key store of this computer is locked, refuses, or does not answer."""


class NoKeyStore(KeyStoreTrouble):
    """There is no key store on this computer, or the package that asks it is not installed."""
