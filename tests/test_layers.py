"""Which layer may import which, which file may use what: the tables here are the architecture."""

import ast
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

import pytest

import chatvault

PACKAGE = Path(chatvault.__file__).parent

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "model": {"errors"},
    "importers": {"model", "errors"},
    "vault": {"model", "errors"},
    "services": {"importers", "vault", "model", "errors"},
    "web": {"services", "model", "errors"},
    "cli": {"services", "web", "model", "errors"},
    "__main__": {"cli"},
    "__init__": set(),
}

# What may be used only in some files; nowhere, where the list is empty.
ONLY_IN: dict[str, tuple[str, ...]] = {
    # One place for each powerful thing, so that it can be read whole.
    "cryptography": ("vault/age*.py",),
    "sqlcipher3": ("vault/archive.py",),
    "sqlite_utils": ("vault/schema.py",),
    "sqlite3": ("importers/_sqlite.py",),
    "filelock": ("vault/layout.py",),
    "subprocess": ("cli/_secrets.py", "services/worker.py", "services/photos.py"),
    "multiprocessing": (),
    # Archives that somebody gives us are read by readers of our own: the demo writes a zip in
    # memory, and packs are tars that we wrote.
    "zipfile": ("services/demo.py",),
    "tarfile": ("vault/packs.py",),
    "keyring": ("services/key_store.py",),
    "PIL": ("services/photo_child.py",),
    "backports": ("importers/_inflate.py", "vault/codec.py", "vault/extras.py"),
    "tzlocal": ("cli/_options.py",),
    # Talking to people is the business of the outermost layers.
    "click": ("cli/*",),
    "rich": ("cli/*",),
    "platformdirs": ("cli/*",),
    "starlette": ("web/*",),
    "uvicorn": ("web/*",),
    "jinja2": ("web/*", "services/writers/*"),
    # keyring's plugins log what goes wrong with them; there they are silenced.
    "logging": ("services/key_store.py",),
    # Nothing leaves the machine.
    "socket": ("web/server.py",),
    "ssl": (),
    "urllib.request": (),
    "http.client": (),
    "ftplib": (),
    "smtplib": (),
    # Nothing that was read is run, and nothing is unpacked to disk.
    "pickle": (),
    "marshal": (),
    "shelve": (),
    "tempfile": (),
}

# An importer gets bytes and gives records: no files, no clock, no chance, no machine.
NOT_IN_AN_IMPORTER = {"os", "pathlib", "shutil", "time", "random", "secrets", "locale", "glob"}

RUNS_CODE = {"eval", "exec", "compile", "__import__"}
UNPACKS = {"extract", "extractall", "unpack_archive"}
WRITING_FLAGS = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC"}
CLOCKS = {"now", "today", "utcnow"}

# The one place that makes, changes and removes files of a vault; everybody else calls its `ops`.
FILE_SEAM = "vault/files.py"
CHANGES_FILES = {
    "write_text", "write_bytes", "mkdir", "makedirs", "touch", "unlink", "rmdir",
    "rmtree", "removedirs", "rename", "renames", "symlink_to", "hardlink_to", "chmod", "truncate",
    "ftruncate", "fsync", "copyfile", "copytree",
}  # fmt: skip


parsed = lru_cache(maxsize=None)(ast.parse)  # several tests read every module


def files() -> list[tuple[str, str]]:
    """Every module of the package: its name below the package, and its text."""
    return [
        (path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
    ]


def layer_of(here: str) -> str:
    return here.split("/")[0].removesuffix(".py")


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Full names of what is imported; a relative import keeps its dots in front."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            yield from ((f"{start}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)


def import_complaints(here: str, text: str) -> Iterator[str]:
    """Imports that point upwards or sideways, and libraries outside their place."""
    layer = layer_of(here)
    allowed = {layer, *MAY_IMPORT[layer], "__version__"}
    for name, line in imported(parsed(text)):
        first, *rest = name.split(".")
        if not first:
            yield f"{here}:{line}: write the import in full"
        if first == "chatvault" and not set(rest[:1]) <= allowed:
            yield f"{here}:{line}: {layer} may not import {rest[0]}"
        helper = Path(here).name.startswith("_")
        if layer == "importers" and not helper and first in NOT_IN_AN_IMPORTER:
            yield f"{here}:{line}: an importer may not import {first}"
        for library, places in ONLY_IN.items():
            meant = f"{name}.".startswith(f"{library}.")
            if meant and not any(fnmatchcase(here, place) for place in places):
                wanted = ", ".join(places) or "no file"
                yield f"{here}:{line}: {library} belongs in {wanted}"


def call_complaints(here: str, text: str) -> Iterator[str]:
    """Calls that nobody may make, or only somebody else."""
    layer = layer_of(here)
    for node in ast.walk(parsed(text)):
        if not isinstance(node, ast.Call):
            continue
        bare = node.func.id if isinstance(node.func, ast.Name) else ""
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        owner = named(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        name, place = bare or method, f"{here}:{node.lineno}"
        if bare in RUNS_CODE:
            yield f"{place}: {bare} runs text as code"
        if name in UNPACKS:
            yield f"{place}: {name} unpacks to disk"
        if name == "Database" and not opens_a_connection(node):
            yield f"{place}: Database() takes an open connection, else it opens unencrypted"
        if method == "load" and owner == "json":
            yield f"{place}: json.load holds the whole file in memory"
        if layer == "importers" and method in CLOCKS:
            yield f"{place}: importers have no clock"
        if layer == "vault" and here != FILE_SEAM and owner.strip("_") != "ops":
            if name in CHANGES_FILES or (owner, method) == ("os", "remove"):
                yield f"{place}: {name} belongs in {FILE_SEAM}"
            if name == "open" and opens_for_writing(node):
                yield f"{place}: opening for writing belongs in {FILE_SEAM}"


def opens_a_connection(node: ast.Call) -> bool:
    """Whether `Database(...)` is given one thing, and it is named as a connection."""
    told = {keyword.arg for keyword in node.keywords}
    if len(node.args) != 1 or told & {"memory", "filename_or_conn"}:
        return False
    return named(node.args[0]).lower().strip("_") in {"conn", "connection"}


def named(node: ast.expr) -> str:
    """The last part of a name; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def opens_for_writing(node: ast.Call) -> bool:
    """Whether a call of `open` names a mode that writes, as a word or as flags of `os.open`."""
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    for one in given:
        word = one.value if isinstance(one, ast.Constant) else None
        if isinstance(word, str) and set(word) <= set("rwaxbt+") and set(word) & set("wax+"):
            return True
    parts = [part for one in given for part in ast.walk(one)]
    return bool({named(part) for part in parts if isinstance(part, ast.expr)} & WRITING_FLAGS)


def test_imports_point_downwards_and_libraries_stay_in_their_place() -> None:
    assert "" == "\n".join(text for one in files() for text in import_complaints(*one))


def test_the_table_names_no_place_where_a_library_is_not_used() -> None:
    """But for the viewer, whose places are kept for it: it is not there yet."""
    placed = [(one, place) for one, places in ONLY_IN.items() for place in places]
    used = {
        (one, place)
        for here, text in files()
        for name, _ in imported(parsed(text))
        for one, place in placed
        if f"{name}.".startswith(f"{one}.") and fnmatchcase(here, place)
    }
    wanted = {one for one in placed if not one[1].startswith("web/") and one[0] != "jinja2"}
    assert set() == wanted - used


def test_dur_11_in_1_nobody_makes_forbidden_calls() -> None:
    assert "" == "\n".join(text for one in files() for text in call_complaints(*one))


def test_every_module_belongs_to_a_layer() -> None:
    assert set() == {layer_of(here) for here, _ in files()} - set(MAY_IMPORT)


def test_files_stay_small_enough_to_read() -> None:
    """Past this a file has a second duty, and the two should part."""
    longest = 400
    assert [] == [here for here, text in files() if text.count("\n") > longest]


@pytest.mark.parametrize(
    ("here", "text", "complaint"),
    [
        ("importers/bad.py", "from chatvault.vault import age", "importers may not import vault"),
        ("vault/bad.py", "import chatvault.services.ingest", "vault may not import services"),
        (
            "vault/bad.py",
            "from chatvault.services.writers import csv",
            "vault may not import services",
        ),
        ("services/bad.py", "from chatvault.cli import main", "services may not import cli"),
        ("cli/bad.py", "from chatvault.vault.age import seal", "cli may not import vault"),
        ("importers/bad.py", "from ._fields import need", "write the import in full"),
        ("importers/bad.py", "from pathlib import Path", "an importer may not import pathlib"),
        (
            "vault/packs.py",
            "from cryptography.hazmat import x",
            "cryptography belongs in vault/age*.py",
        ),
        (
            "vault/bad.py",
            "def f():\n    import sqlcipher3",
            "sqlcipher3 belongs in vault/archive.py",
        ),
        ("vault/queries.py", "import sqlite_utils.db", "sqlite_utils belongs in"),
        ("services/bad.py", "import urllib.request", "urllib.request belongs in no file"),
        ("services/bad.py", "from urllib import request", "urllib.request belongs in no file"),
        ("services/bad.py", "import socket", "socket belongs in web/server.py"),
    ],
)
def test_a_wrong_import_is_found(here: str, text: str, complaint: str) -> None:
    assert [complaint] == [
        found.split(": ")[1][: len(complaint)] for found in import_complaints(here, text)
    ]


@pytest.mark.parametrize(
    ("here", "text", "complaint"),
    [
        ("vault/bad.py", "Database(path)", "Database() takes an open connection"),
        (
            "vault/bad.py",
            "sqlite_utils.Database('archive.db')",
            "Database() takes an open connection",
        ),
        ("vault/bad.py", "Database(memory=True)", "Database() takes an open connection"),
        ("services/bad.py", "eval(text)", "eval runs text as code"),
        ("importers/_zip.py", "archive.extractall(folder)", "extractall unpacks to disk"),
        ("importers/bad.py", "json.load(file)", "json.load holds the whole file in memory"),
        ("importers/bad.py", "datetime.now(UTC)", "importers have no clock"),
        ("vault/bad.py", "open(path, 'wb')", "opening for writing belongs in vault/files.py"),
        ("vault/bad.py", "path.open(mode='a')", "opening for writing belongs in vault/files.py"),
        ("vault/bad.py", "os.open(p, os.O_RDWR | os.O_CREAT)", "opening for writing belongs in"),
        ("vault/bad.py", "path.unlink()", "unlink belongs in vault/files.py"),
    ],
)
def test_a_forbidden_call_is_found(here: str, text: str, complaint: str) -> None:
    assert [complaint] == [
        found.split(": ", 1)[1][: len(complaint)] for found in call_complaints(here, text)
    ]


@pytest.mark.parametrize(
    ("here", "text"),
    [
        ("vault/schema.py", "import sqlite_utils\nsqlite_utils.Database(self._conn)"),
        ("vault/age_stream.py", "from cryptography.hazmat.primitives import hashes"),
        ("vault/files.py", "path.unlink()\nos.remove(path)\nopen(path, 'wb')"),
        ("vault/store.py", "self.index.remove(3)\nself.ops.unlink(path)"),
        ("vault/packs.py", "self.ops.open(path)\nopen(path, 'rb')\nre.compile('x')"),
        ("services/ingest.py", "from chatvault.vault.store import Merger\ndatetime.now(UTC)"),
        ("cli/search.py", "import rich.table\nfrom chatvault.services.search import search"),
        (
            "importers/registry.py",
            "from chatvault import __version__\nfrom urllib.parse import unquote",
        ),
    ],
)
def test_good_code_gets_no_complaint(here: str, text: str) -> None:
    assert [] == [*import_complaints(here, text), *call_complaints(here, text)]
