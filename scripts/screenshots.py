"""Take the pictures of the pages again, with the invented people of the demo.

    python3 scripts/screenshots.py

Needs `chromium` (Debian: `apt install chromium`), and the fonts of Chinese for nice ones
(`fonts-noto-cjk`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import _environment

_environment.enter()

from chatvault.services.demo import demo_exports  # noqa: E402  (only in there)

PASSPHRASE = "otter piano quartz meadow lantern comet"
PICTURE = _environment.ROOT / "docs/images/stats.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZE = "1100,790"


def main() -> int:
    """Exit code of the script."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        _environment.say("screenshots: there is no chromium (apt install chromium)")
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, data in demo_exports().items():
            (folder / "Downloads" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "Downloads" / path).write_bytes(data)
        for command in (["init", "--no-recovery"], ["import", "Downloads"]):
            _chatvault(folder, *command)
        _chatvault(folder, "stats", "--html", "stats.html")
        PICTURE.parent.mkdir(exist_ok=True)
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                f"--window-size={SIZE}", f"--screenshot={PICTURE}",
                (folder / "stats.html").as_uri(),
            ],
            check=True, capture_output=True, cwd=folder,
        )  # fmt: skip
    _environment.say(f"wrote {PICTURE.relative_to(_environment.ROOT)}")
    return 0


def _chatvault(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "chatvault", *arguments],
        cwd=folder,
        env={
            **os.environ, "CHATVAULT_VAULT": str(folder / "demo.chatvault"),
            "CHATVAULT_PASSPHRASE": PASSPHRASE, "TZ": "Asia/Singapore",
        },
        capture_output=True,
    )  # fmt: skip
    if done.returncode not in (0, 3):
        sys.exit(done.stderr.decode())


if __name__ == "__main__":
    sys.exit(main())
