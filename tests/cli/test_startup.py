"""Starting costs little, and nothing is loaded that a command does not need."""

import json
import subprocess
import sys

from program import Vault, environment

HEAVY = ("sqlite_utils", "sqlcipher3", "cryptography", "msgspec", "rich", "ijson", "filelock")

# Runs a command in a fresh interpreter, then tells which modules it loaded.
LOADED = """
import json, sys
from chatvault.cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    print(json.dumps([ended.code or 0, sorted(sys.modules)]), file=sys.stderr)
"""


def loaded_by(*arguments: str, env: dict[str, str] | None = None) -> set[str]:
    """The modules that a command loads."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        env=env or environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert (0, done.stdout != "") == (code, True)
    return set(modules)


def test_the_command_line_itself_loads_nothing_heavy() -> None:
    code = "import sys, chatvault.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set() == set(HEAVY) & set(done.stdout.split())


def test_help_needs_no_database_no_cryptography_and_nobody_elses_formats() -> None:
    loaded = loaded_by("-h")
    assert set() == {"sqlite_utils", "sqlcipher3", "cryptography", "rich", "ijson"} & loaded


def test_reading_commands_do_without_sqlite_utils_and_without_importers(sealed: Vault) -> None:
    env = sealed.env()
    for arguments in (["search", "北京"], ["show", "1"], ["list"]):
        loaded = loaded_by(*arguments, env=env)
        assert set() == {"sqlite_utils", "rich", "chatvault.services.worker"} & loaded, arguments
        assert [] == [name for name in loaded if name.startswith("chatvault.importers.")]
