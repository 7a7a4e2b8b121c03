"""The journal: typed lines of `pack.json`, `manifest.jsonl` and `decisions.jsonl`, and their chain.

Each entry names the SHA-256 of the plain bytes of the one before, so the journal is one chain with
one head. Unknown fields are allowed, for newer writers; unknown kinds of line are not.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from chatvault.errors import Damaged, NewerFormat, Where

FORMAT = 1
LINE_LIMIT = 64 * 1024


class PackJson(msgspec.Struct, frozen=True, kw_only=True):
    """The first member of every pack: which import or entry it belongs to, and its place there."""

    format: int = FORMAT
    import_id: str
    number: int | None = msgspec.field(name="import", default=None)
    entry: int | None = None  # for packs that hold only decisions
    pack: int


class Line(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """One line of the journal."""


class ImportHead(Line, frozen=True, kw_only=True, tag="import"):
    """First line of a manifest: what was imported, and all that a rebuild needs to read it."""

    format: int
    entry: int
    number: int = msgspec.field(name="import")
    import_id: str
    previous: str | None  # SHA-256 of the entry before, hex
    name: str
    importer: str
    importer_version: int
    platform: str
    chatvault: str
    started_at: str  # ISO 8601, UTC
    started_ms: int
    told: dict[str, str | None]
    export_digest: str
    finishes: tuple[int, ...] = ()
    containers: tuple[dict[str, str | int], ...] = ()  # zip and tar files: name, sha256, size


class PackLine(Line, frozen=True, kw_only=True, tag="pack"):
    """A pack of this import."""

    pack: str
    number: int


class FileLine(Line, frozen=True, kw_only=True, tag="file"):
    """A file of the export and where its bytes are, be it in a pack of an earlier import."""

    path: str
    raw_path: str | None = None  # hex, where the name is not UTF-8
    member: str
    pack: str
    offset: int
    stored: int
    size: int
    modified_ms: int | None = None
    sha256: str
    content_id: str
    codec: str = ""


class ReceiptLine(Line, frozen=True, kw_only=True, tag="receipt"):
    """Last line of a manifest: what the import said it did."""

    receipt: dict[str, object]


class DecisionsHead(Line, frozen=True, kw_only=True, tag="decisions"):
    """First line of an entry of decisions."""

    format: int
    entry: int
    entry_id: str
    previous: str | None
    at_ms: int
    chatvault: str


class UndoImport(Line, frozen=True, kw_only=True, tag="undo-import"):
    """The owner wants the vault as if this import had never been."""

    number: int = msgspec.field(name="import")
    import_id: str


AnyLine = ImportHead | PackLine | FileLine | ReceiptLine | DecisionsHead | UndoImport
DECODER = msgspec.json.Decoder(AnyLine)
ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True)
class EntryRef:
    """Where an entry of the journal lies, and its place in the chain."""

    entry: int
    sha256: str
    pack: str
    offset: int
    size: int
    head: ImportHead | DecisionsHead


def encode(line: Line) -> bytes:
    """One line with its end; a line longer than the limit is a mistake of ours."""
    data = ENCODER.encode(line) + b"\n"
    if len(data) > LINE_LIMIT and not isinstance(line, ReceiptLine):
        raise Damaged("a line of the journal would be too long")
    return data


def decode_lines(pieces: Iterable[bytes], where: Where) -> Iterator[AnyLine]:
    """The lines of an entry; Damaged (with the line) or NewerFormat when one cannot be read."""
    for number, line in enumerate(_lines(pieces), 1):
        try:
            yield DECODER.decode(line)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as cause:
            place = Where(where.file, f"line {number}")
            if isinstance(cause, msgspec.ValidationError) and "`$.type`" in str(cause):
                raise NewerFormat(
                    "a kind of line that this ChatVault does not know",
                    where=place,
                    remedy="install a newer ChatVault",
                ) from cause
            raise Damaged("not a line of a journal", where=place) from cause


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for piece in pieces:
        *whole, held = (held + piece).split(b"\n")
        yield from whole
    if held:
        yield held


def digest(pieces: Iterable[bytes]) -> str:
    """SHA-256 of an entry's plain bytes, in hex."""
    total = hashlib.sha256()
    for piece in pieces:
        total.update(piece)
    return total.hexdigest()
