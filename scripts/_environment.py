"""The environment of this checkout, `.venv/`: made on first use, used again while it fits.

Standard library only, because a bare machine has nothing else. The scripts of this folder share it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv"
STAMP = FOLDER / "chatvault-stamp.json"
OLDEST = (3, 11)


class CannotSetUp(Exception):
    """The environment cannot be made; the text says what to type."""


def say(text: str) -> None:
    """Tell the developer what goes on; standard output belongs to the tool that runs."""
    print(text, file=sys.stderr, flush=True)


def python_of_environment() -> Path:
    """Where the environment's own Python lies."""
    return FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def prepared(*extras: str) -> Path:
    """The Python of an environment that has this checkout, its dependencies and these extras."""
    if sys.version_info < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise CannotSetUp(f"this needs Python {wanted} or newer, and {sys.executable} is older")
    python = python_of_environment()
    installed = _installed()
    if installed is not None and set(extras) <= set(installed):
        return python
    everything = sorted({*extras, *(installed or ())})
    if _fits():
        say("chatvault: bringing .venv up to date")
    else:
        say("chatvault: making .venv for this checkout; once, a minute or two")
        _make()
    wanted = f".[{','.join(everything)}]" if everything else "."
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.call([*command, "--editable", wanted], cwd=ROOT) != 0:
        raise CannotSetUp(
            "the dependencies could not be installed; what pip said stands above. Without a "
            "network, give pip a folder of wheels: PIP_FIND_LINKS=FOLDER PIP_NO_INDEX=1"
        )
    STAMP.write_text(json.dumps({**_wanted(), "extras": everything}), encoding="utf-8")
    return python


def enter(*extras: str) -> None:
    """Go on inside the environment: at once if we are, else by running this script again there."""
    sys.path.insert(0, str(ROOT))
    if _has_everything():
        return
    python = attempt(*extras)
    sys.exit(subprocess.call([str(python), *sys.argv]))


def attempt(*extras: str) -> Path:
    """As `prepared`, but a failure ends the script with its message."""
    try:
        return prepared(*extras)
    except CannotSetUp as cause:
        say(f"chatvault: {cause}")
        sys.exit(1)


def have_program(name: str, package: str = "") -> bool:
    """Whether a program is there; as root on a Debian it is installed first when missing."""
    if shutil.which(name):
        return True
    return _may_install() and _apt_install(package or name) and shutil.which(name) is not None


def _has_everything() -> bool:
    """Whether this Python can run the package: ours can, and one that somebody made by hand."""
    return all(importlib.util.find_spec(name) for name in ("msgspec", "sqlcipher3"))


def _wanted() -> dict[str, object]:
    """What an environment must have been made from to be used again."""
    return {
        "pyproject": hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest(),
        "checkout": str(ROOT),  # an editable install and its scripts hold this path
        "python": list(sys.version_info[:2]),
    }


def _installed() -> list[str] | None:
    """The extras installed, or None when the environment does not fit."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        extras = stamp.pop("extras")
    except (OSError, ValueError, KeyError, AttributeError):
        return None
    return list(extras) if stamp == _wanted() and _fits() else None


def _fits() -> bool:
    """Whether there is an environment with a working Python of our version, and pip in it."""
    probe = "import pip, sys; print(*sys.version_info[:2])"
    try:
        ran = subprocess.run(
            [python_of_environment(), "-c", probe], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return ran.stdout.split() == [str(part) for part in sys.version_info[:2]]


def _make() -> None:
    if not _can_make():
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        if not (_may_install() and _apt_install(package) and _can_make()):
            raise CannotSetUp(
                f"this Python cannot make environments. On Debian or Ubuntu type:\n"
                f"    sudo apt-get install {package}\nand run this again"
            )
    STAMP.unlink(missing_ok=True)
    # --clear: what is left of a half-made or moved environment must not be mixed with the new one.
    if subprocess.call([sys.executable, "-m", "venv", "--clear", str(FOLDER)]) != 0:
        raise CannotSetUp(f"the environment {FOLDER.name} could not be made; the reason is above")


def _can_make() -> bool:
    # Debian ships `venv` without `ensurepip`; asked in a new process, since an install changes it.
    probe = [sys.executable, "-c", "import ensurepip, venv"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def _may_install() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _apt_install(package: str) -> bool:
    """Install a Debian package; the list of packages is fetched only when that is needed."""
    say(f"chatvault: installing {package} with apt-get")
    apt = ["apt-get", "-q", "-y", "-o", "Acquire::http::Timeout=30"]
    install = [*apt, "install", "--no-install-recommends", package]
    for command in (install, [*apt, "update"], install):
        ran = subprocess.run(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            text=True,
            check=False,
        )
        if command is install and ran.returncode == 0:
            return True
    say(ran.stderr.strip())
    return False
