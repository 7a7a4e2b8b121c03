"""The key store of this computer (Keychain, Credential Manager, Secret Service), through `keyring`.

A store may wait for ever: for a question on the desktop that nobody answers, for a bus that hangs.
So it is asked in a thread that is left alone when its time is over, and nobody asks it while the
vault is locked.
"""

import importlib.util
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from chatvault.errors import KeyStoreTrouble, NoKeyStore

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")
SERVICE = "chatvault"
SECONDS = 20.0  # long enough to answer a question on the desktop
PATIENCE = 2.0  # after this it is said what we wait for
CHOICE = (
    "set PYTHON_KEYRING_BACKEND or the file keyringrc.cfg right, or do without: then the system's"
    " own is taken"
)
UNLOCK = "unlock it (on most desktops: log in there), then run this again"
INSTALL = (
    "in the checkout: pipx install --force '.[keyring]', or pip install '.[keyring]' where pip"
    " was used"
)
# Asking every store that `keyring` knows whether it is there takes 60 to 110 ms. Where the system's
# own is, that is not needed; 14 ms.
SYSTEMS_OWN = {
    "linux": "keyring.backends.SecretService.Keyring",
    "darwin": "keyring.backends.macOS.Keyring",
    "win32": "keyring.backends.Windows.WinVaultKeyring",
}


def is_installed() -> bool:
    """Whether there is anything to ask; costs nothing."""
    return importlib.util.find_spec("keyring") is not None


def check_installed() -> None:
    """NoKeyStore, with the command that installs it, when there is nothing that could ask."""
    if not is_installed():
        raise NoKeyStore("the package `keyring` is not installed", remedy=INSTALL)


def read(vault: str, *, seconds: float = SECONDS, tell: Callable[[str], None]) -> str | None:
    """What is stored for a vault, by its id; None for nothing. `tell` hears what we wait for."""
    return _asked(lambda store: store.get_password(SERVICE, vault), seconds, tell)


def write(vault: str, text: str, *, seconds: float = SECONDS, tell: Callable[[str], None]) -> None:
    """Store this for a vault, in place of what was there."""
    _asked(lambda store: store.set_password(SERVICE, vault, text), seconds, tell)
    if read(vault, seconds=seconds, tell=tell) != text:  # some stores forget everything at once
        raise KeyStoreTrouble("the key store does not keep what it is given")


def drop(vault: str, *, seconds: float = SECONDS, tell: Callable[[str], None]) -> None:
    """Store nothing for a vault any more."""
    _asked(lambda store: store.delete_password(SERVICE, vault), seconds, tell)


def _asked(
    question: "Callable[[KeyringBackend], T]", seconds: float, tell: Callable[[str], None]
) -> T:
    """What the store answers within the time; NoKeyStore or KeyStoreTrouble otherwise."""
    check_installed()
    answers: list[T] = []
    troubles: list[KeyStoreTrouble] = []
    asking = threading.Thread(target=_ask, args=[question, answers, troubles], daemon=True)
    asking.start()
    asking.join(min(PATIENCE, seconds))
    if asking.is_alive() and seconds > PATIENCE:
        tell("waiting for the key store; it may be asking you something in a window of its own")
        asking.join(seconds - PATIENCE)
    if answers:
        return answers[0]
    if troubles:
        raise troubles[0]
    raise KeyStoreTrouble(
        f"the key store did not answer within {seconds:g} s",
        remedy=UNLOCK,
    )


def _ask(
    question: "Callable[[KeyringBackend], T]", answers: list[T], troubles: list[KeyStoreTrouble]
) -> None:
    # Stores are plugins, and raise what they like; what they say of it may quote what they hold.
    # Nothing may be lost here: who waits would take it for silence.
    try:
        answers.append(question(_store()))
    except KeyStoreTrouble as trouble:
        troubles.append(trouble)
    except BaseException as cause:  # noqa: BLE001
        kind = type(cause).__name__
        if kind == "NoKeyringError":
            troubles.append(_nothing_to_ask())
        else:
            said = "is locked" if kind == "KeyringLocked" else f"refused ({kind})"
            troubles.append(KeyStoreTrouble(f"the key store {said}", remedy=UNLOCK))


def _store() -> "KeyringBackend":
    """The store that the user chose for `keyring`, else the system's own, else the best there is
    of those that protect what they hold."""
    import logging

    from keyring import core
    from keyring.backends import fail

    # Plugins that cannot be loaded are logged with all their places in the code.
    logging.getLogger("keyring").addHandler(logging.NullHandler())
    store = _chosen()
    if store is None and sys.platform in SYSTEMS_OWN:
        try:
            return core.load_keyring(SYSTEMS_OWN[sys.platform])
        except (RuntimeError, ImportError):
            store = None  # there is none of this kind
    if store is None:
        core.init_backend(core.recommended)
        store = core.get_keyring()
    if isinstance(store, fail.Keyring):
        raise _nothing_to_ask()
    return store


def _chosen() -> "KeyringBackend | None":
    """The store that the user chose for `keyring`; KeyStoreTrouble when it cannot be loaded."""
    from keyring import core

    with suppress(Exception):  # a name of nothing, or a store that cannot be here: any error at all
        return core.load_env() or core.load_config()
    raise KeyStoreTrouble("the key store chosen for `keyring` cannot be loaded", remedy=CHOICE)


def _nothing_to_ask() -> NoKeyStore:
    return NoKeyStore(
        "this computer has no key store that can be used",
        remedy="without a desktop there is mostly none; --passphrase-command can ask another"
        " program",
    )
