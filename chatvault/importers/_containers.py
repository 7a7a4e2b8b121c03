"""Archives as sources: which files are one, and their members as entries.

Decided by the first bytes, never by the name. Nothing is unpacked to disk: a member is read where
it lies. Only an archive inside a compressed archive is read through memory, up to a limit. A file
that holds others stays a file, with those beside it (`_inner_files.py`).
"""

import re
from dataclasses import replace
from typing import BinaryIO

from chatvault.errors import RefusedByLimit, Where
from chatvault.importers._inflate import Broken
from chatvault.importers._inner_files import with_parts
from chatvault.importers._limits import Budget, MiB
from chatvault.importers._source import Entry, Source
from chatvault.importers._streams import Compressed, in_memory, magic_of
from chatvault.importers._tar import BLOCK, is_tar, list_tar
from chatvault.importers._zip import list_zip

ZIP_STARTS = (b"PK\3\4", b"PK\5\6", b"PK00PK")
SPLIT_START = b"PK\7\x08"
# A zip may stand behind a program that unpacks it. Behind a picture or a text it is an attachment's
# own business: such a file is what its first bytes say.
# `chat.zip.001`, as 7-Zip and others cut; the bytes of all pieces in a row are the archive.
PIECE = re.compile(r".*\.(?:zip|tar|tgz|gz|7z|rar)\.[0-9]{3}", re.IGNORECASE)
JOIN_PIECES = (
    "put all pieces into one folder and open the first with 7-Zip or Keka, which join them; or join"
    " them by hand (cat chat.zip.* > chat.zip; on Windows: copy /b chat.zip.* chat.zip)"
)
PROGRAM_STARTS = (b"MZ", b"\x7fELF", b"#!")
# Documents and programs are zips, too; whoever reads one wants the file and not its parts.
DOCUMENT_MEMBERS = (
    b"[Content_Types].xml",
    b"_rels/.rels",
    b"mimetype",
    b"META-INF/",
    b"AndroidManifest.xml",
    b"classes.dex",
)
SUFFIXES = (
    ".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2", ".tgz", ".txz", ".tzst", ".tbz2", ".tbz", ".tar",
    ".zip",
)  # fmt: skip


def is_archive(entry: Entry) -> bool:
    """Whether the first bytes are those of an archive, or of a compressed file."""
    try:
        with entry.open() as file:
            return _kind(file.read(BLOCK), file, entry) is not None
    except (OSError, ValueError):
        return False


def expand(name: str, entry: Entry, budget: Budget, *, zone: str = "UTC") -> Source | None:
    """The members of an archive as a source, None if the file is none.

    `name` is what messages call it. `zone` is where the clocks of zips without a zone stand.
    Raises RefusedByLimit for an archive that is half, or dangerous.
    """
    try:
        with entry.open() as file:
            head = file.read(BLOCK)
            kind = _kind(head, file, entry)
    except (OSError, ValueError):
        return None  # unreadable here is told by whoever reads it
    if kind is None:
        return None
    magic = magic_of(head) if kind == "tar" else None
    if magic is not None and not _is_compressed_tar(name, entry, magic, budget):
        return None
    budget.add_archive(0 if entry.nested else entry.size, name)
    if kind == "split":
        raise _split(name)
    if PIECE.fullmatch(name):
        raise RefusedByLimit(
            "this is one piece of an archive that was cut into several",
            where=Where(name),
            remedy=JOIN_PIECES,
        )
    if not entry.in_place:
        entry = _through_memory(name, entry, budget)
    try:
        if kind == "zip":
            entries, problems = list_zip(name, entry, budget, zone=zone)
        else:
            entries, problems = list_tar(name, entry, budget, magic)
    except (OSError, ValueError) as cause:
        raise RefusedByLimit(
            "the archive is damaged or cannot be read",
            where=Where(name),
            remedy="download it again and wait until it is complete",
        ) from cause
    inside, more = with_parts(entries, budget, path=f"{name}/")
    return Source(name=stem(name.rpartition("/")[2]), entries=inside, problems=(*problems, *more))


def stem(name: str) -> str:
    """The name of an archive without its suffix."""
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def _kind(head: bytes, file: BinaryIO, entry: Entry) -> str | None:
    if head.startswith(ZIP_STARTS):
        return None if head[30:].startswith(DOCUMENT_MEMBERS) else "zip"
    if head.startswith(SPLIT_START):
        return "split"
    if is_tar(head) or magic_of(head) is not None:
        return "tar"
    if head.startswith(PROGRAM_STARTS) and entry.in_place and entry.size > BLOCK:
        file.seek(entry.size - 22)
        if file.read(4) == b"PK\5\6":
            return "zip"
    return None


def _is_compressed_tar(name: str, entry: Entry, magic: bytes, budget: Budget) -> bool:
    """Whether a tar is inside; any other compressed file is a file like others."""
    chain = Compressed(entry, magic, limits=budget.limits, where=name).start()
    head = b""
    try:
        while len(head) < BLOCK and (more := chain.more(BLOCK - len(head))):
            head += more
    except Broken:
        return False
    finally:
        chain.close()
    return is_tar(head)


def _through_memory(name: str, entry: Entry, budget: Budget) -> Entry:
    limit = budget.limits.nested_in_memory
    if entry.size > limit:
        raise RefusedByLimit(
            f"an archive inside another is larger than {limit // MiB} MiB",
            where=Where(name),
            remedy="unpack the outer one and import this one by itself",
        )

    def load() -> bytes:
        with entry.open() as file:
            return file.read()

    return replace(in_memory(load, entry.size, budget.memory), modified_ms=entry.modified_ms)


def _split(name: str) -> RefusedByLimit:
    whole = stem(name.rpartition("/")[2])
    whole = whole[:-4] if whole.lower().endswith(".z01") else whole
    return RefusedByLimit(
        f"this is the first part of a split zip; the others, up to {whole}.zip, are missing",
        where=Where(name),
        remedy="join the parts (zip -s 0 SPLIT.zip --out WHOLE.zip) and import the whole",
    )
