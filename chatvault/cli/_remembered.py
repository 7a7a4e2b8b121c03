"""Opening a vault with the key that is remembered on this computer, without asking anybody."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from chatvault.cli._output import line, talk
from chatvault.cli._secrets import SecretOptions, is_given, protect_memory

if TYPE_CHECKING:
    from chatvault.services.remembered import Look
    from chatvault.services.unlock import Layout, Opened

TAB_SECONDS = 2.0  # a shell waits for us


def opened(layout: "Layout", secrets: SecretOptions) -> "Opened | None":
    """What the remembered key opens; None where the passphrase is given, or has to be asked for."""
    if is_given(secrets):
        return None
    found = look(layout)
    if found is None:
        return None
    if found.note:
        talk(f"note: {line(found.note)}")
    return found.opened


def opened_silently(layout: "Layout") -> "Opened | None":
    """The same for a shell, which shows nothing and does not wait long."""
    found = look(layout, seconds=TAB_SECONDS)
    return found.opened if found is not None else None


def look(layout: "Layout", *, seconds: float | None = None) -> "Look | None":
    """What the key store of this computer has for a vault; None where that cannot be anything."""
    if not may_be(layout.root):
        return None
    from chatvault.services import key_store, remembered

    protect_memory()
    return remembered.look(layout, seconds=seconds or key_store.SECONDS, tell=talk)


def slots(layout: "Layout") -> list[str] | None:
    """The slots that the remembered key opens; None where none is stored. Trouble is raised."""
    from chatvault.services import remembered

    protect_memory()
    return remembered.opens(layout, tell=talk)


def may_be(folder: Path) -> bool:
    """Whether a key can be remembered at all. Asking the key store costs a twentieth of a second,
    and most vaults have none: without a slot of its own there is no such key."""
    there = any((folder / "keys").glob("slot-*.age"))
    return there and importlib.util.find_spec("keyring") is not None
