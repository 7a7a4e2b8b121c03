"""The main job on invented exports: make a vault, import, search, show, restore, verify.

    python3 scripts/demo.py [FOLDER]

Sets up its own environment on first use. Leaves the vault and the restored files in FOLDER
(default: `demo/` in the checkout) to look at; an older demo there is replaced.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import _environment

MARK = "made-by-scripts-demo"
PASSPHRASE = "otter piano quartz meadow lantern comet"


def main() -> int:
    """Run the session, and say what there is to look at."""
    _environment.enter()
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else _environment.ROOT / "demo").resolve()
    if not _empty(folder):
        return 2
    _exports(folder / "Downloads")
    secret = folder / "passphrase.txt"
    secret.touch(mode=0o600)
    secret.write_text(PASSPHRASE + "\n", encoding="utf-8")
    vault = folder / "family.chatvault"
    run = Session(folder, vault, secret)
    run("# a vault, and its recovery key in a file (without that option it is shown once)")
    run("chatvault init --recovery-kit recovery-kit.txt")
    run("# what is in the Downloads folder?")
    run("chatvault identify Downloads")
    run("# import all of it; every export ends with a receipt that adds up", may=(0, 3))
    run("chatvault import Downloads --timezone Asia/Singapore", may=(0, 3))
    run("# the same again adds nothing")
    run("chatvault import 'Downloads/WhatsApp Chat - Ottilie Marsh.zip' --timezone Asia/Singapore")
    run("# search, in English and in Chinese; one character is enough")
    run("chatvault search oven")
    run("chatvault search 北京")
    found = run("chatvault search 京 --limit 1 --json")
    run("# the newest of them in its place")
    run(f"chatvault show {_first_id(found)} --context 3")
    run("# what no export had")
    run("chatvault list missing")
    run("# the photos back, as files with names and dates")
    run("chatvault restore media restored/photos")
    run("# the exports back, byte for byte")
    run("chatvault restore originals restored/originals")
    run("# a conversation as text to read")
    run("chatvault restore chats restored/texts --format txt")
    run("# is everything as it was written? every byte is read")
    run("chatvault verify --full")
    print(f"\nTo look at:\n  {vault}\n      the vault: nothing in it can be read without a key")
    print(f"  {folder / 'restored'}\n      photos, exports and texts that came back")
    print(f"  The passphrase is in {secret}. Everybody in these chats is invented.")
    return 0


class Session:
    """Runs commands as somebody would type them, showing both."""

    def __init__(self, folder: Path, vault: Path, secret: Path) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            "CHATVAULT_VAULT": str(vault),
            "CHATVAULT_PASSPHRASE_FILE": str(secret),
            "PYTHONIOENCODING": "utf-8",
        }

    def __call__(self, line: str, may: tuple[int, ...] = (0,)) -> str:
        """What a command printed on standard output; a remark is only shown."""
        if line.startswith("#"):
            print(f"\n{line}")
            return ""
        print(f"$ {line}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(line)],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
        if "--json" not in line:
            print(done.stdout, end="", flush=True)
        if done.returncode not in may:
            sys.exit(f"the command ended with {done.returncode}: {line}")
        return done.stdout


def _exports(folder: Path) -> None:
    from chatvault.services.demo import demo_exports

    for name, data in demo_exports().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _empty(folder: Path) -> bool:
    """Make room for the demo; only what an earlier demo left is removed."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            print(f"{folder} is not empty and not an older demo; name another folder")
            return False
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    return True


def _first_id(found: str) -> int:
    import msgspec

    return int(msgspec.json.decode(found)["hits"][0]["id"])


if __name__ == "__main__":
    sys.exit(main())
