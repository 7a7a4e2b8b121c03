"""Key stores that misbehave, and the environment that chooses one; never the real one."""

import os
import sys
import threading
from pathlib import Path

SCRIPTS = Path(__file__).parent.parent / "scripts"
sys.path.append(str(SCRIPTS))

from _file_key_store import FileKeyStore  # noqa: E402
from _file_key_store import chosen as chosen_file  # noqa: E402
from keyring import errors  # noqa: E402
from keyring.backend import KeyringBackend  # noqa: E402
from keyring.compat import properties  # noqa: E402

QUOTED = "what the store quotes"


class Refusing(KeyringBackend):
    """Raises whatever is asked, and says too much."""

    priority = 1

    def get_password(self, service, username):
        raise OSError(5, QUOTED)

    def set_password(self, service, username, password):
        raise ValueError(f"{QUOTED}: {password}")

    def delete_password(self, service, username):
        raise RuntimeError(QUOTED)


class Panicking(Refusing):
    """Fails in a way that is no ordinary exception, as compiled code may."""

    def get_password(self, service, username):
        raise SystemExit(QUOTED)


class Locked(Refusing):
    """Nobody answers its question."""

    def get_password(self, service, username):
        raise errors.KeyringLocked(QUOTED)


class Forgetful(Refusing):
    """Takes everything and keeps nothing."""

    def get_password(self, service, username):
        return None

    def set_password(self, service, username, password):
        return None


class Scribbling(Forgetful):
    """Gives what was never stored."""

    def get_password(self, service, username):
        return "not a key\x1b[2J"


class Hanging(Refusing):
    """Never answers."""

    def get_password(self, service, username):
        threading.Event().wait()


class Weak(Forgetful):
    """Says of itself that it protects little."""

    priority = 0.5


class Elsewhere(Forgetful):
    """One of another system."""

    @properties.classproperty
    def priority(self):
        raise RuntimeError(QUOTED)


class Absent(Refusing):
    """Is not viable on any computer."""

    def get_password(self, service, username):
        raise errors.NoKeyringError(QUOTED)


class CannotDelete(FileKeyStore):
    """Keeps its entries for ever."""

    def delete_password(self, service, username):
        raise RuntimeError(QUOTED)


def chosen(file: Path, store: str = "") -> dict[str, str]:
    """The environment in which `keyring` uses a store of this module, by its name, or the file."""
    found = chosen_file(file)
    found["PYTHONPATH"] = os.pathsep.join([found["PYTHONPATH"], str(Path(__file__).parent)])
    return {**found, "PYTHON_KEYRING_BACKEND": f"key_stores.{store}"} if store else found
