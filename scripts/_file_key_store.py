"""A key store for measurements and tests: a file, so that nobody's real one is touched."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

VARIABLE = "CHATVAULT_KEY_STORE_FILE"


def chosen(file: Path) -> dict[str, str]:
    """The environment in which a program uses the store in this file."""
    return {
        "PYTHONPATH": str(Path(__file__).parent),
        "PYTHON_KEYRING_BACKEND": "_file_key_store.FileKeyStore",
        VARIABLE: str(file),
    }


class FileKeyStore(KeyringBackend):
    """Entries in the file that the variable names; made when there is something to keep."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        """What was stored."""
        return self._entries().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store it."""
        self._write({**self._entries(), f"{service} {username}": password})

    def delete_password(self, service: str, username: str) -> None:
        """Store it no longer."""
        entries = self._entries()
        if entries.pop(f"{service} {username}", None) is None:
            raise PasswordDeleteError
        self._write(entries)

    def _entries(self) -> dict[str, str]:
        path = Path(os.environ[VARIABLE])
        return json.loads(path.read_bytes()) if path.exists() else {}

    def _write(self, entries: dict[str, str]) -> None:
        Path(os.environ[VARIABLE]).write_text(json.dumps(entries), encoding="utf-8")
