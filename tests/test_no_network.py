"""Nothing leaves the machine: an interpreter that refuses sockets and programs can do all the work.

That no module imports a network library is held by test_layers.py; here the code runs.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# An audit hook sees what Python itself does, below every library, and cannot be taken off again.
REFUSING = """
import sys

REFUSED = ("socket.", "urllib.", "http.", "ftplib.", "smtplib.", "subprocess.", "os.system",
           "os.exec", "os.spawn", "os.posix_spawn", "os.fork", "webbrowser.")

def refuse(event, arguments):
    if event.startswith(REFUSED):
        raise RuntimeError("refused: " + event)

sys.addaudithook(refuse)
"""

IMPORT_EVERYTHING = """
import importlib, pkgutil
import chatvault
for module in pkgutil.walk_packages(chatvault.__path__, "chatvault."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""

READ_EVERYTHING = """
import io, zipfile
from chatvault.importers._source import Source
from chatvault.importers.registry import claims
from chatvault.services.demo import demo_exports

files = demo_exports()
sources = [Source.of({path.rpartition("/")[2]: data}) for path, data in files.items()]
for folder in {path.rpartition("/")[0] for path in files} - {""}:
    sources.append(Source.of(files).below(folder))
for path in files:
    if path.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(files[path])) as archive:
            sources.append(Source.of({name: archive.read(name) for name in archive.namelist()}))
read = 0
for source in sources:
    for importer, evidence in claims(source):
        read += sum(1 for record in importer.read(source))
print("records:", read)
"""


def refusing(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that can open no socket and start no program."""
    command = [sys.executable, "-c", REFUSING + code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_in_4_every_module_loads_without_a_socket_or_a_program() -> None:
    ran = refusing(IMPORT_EVERYTHING)
    assert (0, "") == (ran.returncode, ran.stderr)


def test_in_4_every_export_is_read_without_a_socket_or_a_program() -> None:
    ran = refusing(READ_EVERYTHING)
    assert (0, "") == (ran.returncode, ran.stderr)
    assert int(ran.stdout.removeprefix("records:")) > 100


@pytest.mark.parametrize(
    ("code", "event"),
    [
        ("import socket; socket.socket()", "socket.__new__"),
        ("import socket; socket.getaddrinfo('example.org', 80)", "socket.getaddrinfo"),
        ("import urllib.request; urllib.request.urlopen('https://example.org')", "urllib.Request"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
        ("import os; os.system('true')", "os.system"),
    ],
)
def test_the_watch_notices_every_way_out(code: str, event: str) -> None:
    ran = refusing(code)
    assert 1 == ran.returncode
    assert f"refused: {event}" in ran.stderr
