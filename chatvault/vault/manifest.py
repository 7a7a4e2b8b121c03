"""The journal: typed lines of `pack.json`, `manifest.jsonl` and `decisions.jsonl`, and their chain.

Each entry names the SHA-256 of the plain bytes of the one before, so the journal is one chain with
one head. Unknown fields are allowed, for newer writers; unknown kinds of line are not.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from chatvault.errors import Damaged, NewerFormat, Where

FORMAT = 1
LINE_LIMIT = 64 * 1024
READ_LIMIT = 16 * 1024 * 1024  # a receipt may list a thousand problems
# What archive and paths can hold; a line that says something else is not ours.
Number = Annotated[int, msgspec.Meta(ge=1, le=999_999_999)]
Bytes = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
Moment = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]
PackName = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\.tar\.age$")]
Hex = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2})*$")]
Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class PackJson(msgspec.Struct, frozen=True, kw_only=True):
    """The first member of every pack: which import or entry it belongs to, and its place there."""

    format: int = FORMAT
    import_id: str
    number: Number | None = msgspec.field(name="import", default=None)
    entry: Number | None = None  # for packs that hold only decisions
    pack: int
    export_digest: str = ""  # by which the next run of a broken off import knows that it is one


class Line(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """One line of the journal."""


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """A zip or tar that was imported as its members."""

    name: str
    sha256: Hash
    size: Bytes


class ImportHead(Line, frozen=True, kw_only=True, tag="import"):
    """First line of a manifest: what was imported, and all that a rebuild needs to read it."""

    format: int
    entry: Number
    number: Number = msgspec.field(name="import")
    import_id: str
    previous: str | None  # SHA-256 of the entry before, hex
    name: str
    importer: str
    importer_version: int
    platform: str
    chatvault: str
    started_at: str  # ISO 8601, UTC
    started_ms: Moment
    told: dict[str, str | None]
    export_digest: str
    finishes: tuple[Number, ...] = ()
    containers: tuple[Container, ...] = ()  # the zips and tars that the export was in


class PackLine(Line, frozen=True, kw_only=True, tag="pack"):
    """A pack of this import."""

    pack: str
    number: int


class FileLine(Line, frozen=True, kw_only=True, tag="file"):
    """A file of the export and where its bytes are, be it in a pack of an earlier import."""

    path: str
    raw_path: Hex | None = None  # hex, where the name is not UTF-8
    member: str
    pack: PackName
    offset: Bytes
    stored: Bytes
    size: Bytes
    modified_ms: Moment | None = None
    sha256: Hash
    content_id: Hash
    codec: str = ""


class ReceiptLine(Line, frozen=True, kw_only=True, tag="receipt"):
    """Last line of a manifest: what the import said it did."""

    receipt: dict[str, object]


class DecisionsHead(Line, frozen=True, kw_only=True, tag="decisions"):
    """First line of an entry of decisions."""

    format: int
    entry: Number
    entry_id: str
    previous: str | None
    at_ms: int
    chatvault: str


class UndoImport(Line, frozen=True, kw_only=True, tag="undo-import"):
    """The owner wants the vault as if this import had never been."""

    number: Number = msgspec.field(name="import")
    import_id: str


class ConversationRef(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, order=True):
    """A conversation by what exports call it; `owner` null fits whichever account tells it."""

    platform: str
    key: str
    owner: str | None = None


class ParticipantRef(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A participant by what exports call it; `conversation` where its key counts only there."""

    platform: str
    key: str
    conversation: ConversationRef | None = None


class MergeConversation(Line, frozen=True, kw_only=True, tag="merge-conversation"):
    """Whatever any export tells of `conversation` belongs into `into`.

    `ids`: whether message ids mean the same in both ("shared"), or each numbers them for itself.
    """

    conversation: ConversationRef
    into: ConversationRef
    ids: Literal["own", "shared"] = "own"


class SameParticipant(Line, frozen=True, kw_only=True, tag="same-participant"):
    """Within one conversation two keys are one participant, who is known under the second."""

    conversation: ConversationRef
    participant: str
    same_as: str = msgspec.field(name="is")


class SplitConversation(Line, frozen=True, kw_only=True, tag="split-conversation"):
    """What was merged into this conversation is taken back, and all their pairs of participants."""

    conversation: ConversationRef


class RenameConversation(Line, frozen=True, kw_only=True, tag="rename-conversation"):
    """The title that the owner wants; empty: the one of the exports again."""

    conversation: ConversationRef
    title: str


class SamePerson(Line, frozen=True, kw_only=True, tag="same-person"):
    """Two participants, and all who are one person with them, are one person."""

    participant: ParticipantRef
    same_as: ParticipantRef = msgspec.field(name="is")


class SplitPerson(Line, frozen=True, kw_only=True, tag="split-person"):
    """This participant is a person of its own again."""

    participant: ParticipantRef


class RenamePerson(Line, frozen=True, kw_only=True, tag="rename-person"):
    """The name that the owner wants for the person of this participant; empty: none."""

    participant: ParticipantRef
    name: str


Decision = (
    MergeConversation | SameParticipant | SplitConversation | RenameConversation
    | SamePerson | SplitPerson | RenamePerson
)  # fmt: skip
AnyLine = ImportHead | PackLine | FileLine | ReceiptLine | DecisionsHead | UndoImport | Decision
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
    for number, line in enumerate(_lines(pieces, where), 1):
        try:
            yield DECODER.decode(line)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as cause:
            place = Where(where.file, f"line {number}")
            if str(cause).startswith("Invalid value") and "`$.type`" in str(cause):
                raise NewerFormat(
                    "a kind of line that this ChatVault does not know",
                    where=place,
                    remedy="install a newer ChatVault",
                ) from cause
            raise Damaged("not a line of a journal", where=place) from cause


def _lines(pieces: Iterable[bytes], where: Where) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        first, *more = piece.split(b"\n")
        held.append(first)
        size += len(first)
        for start in more:
            yield b"".join(held)
            held, size = [start], len(start)
        if size > READ_LIMIT:
            raise Damaged("a line that is too long for a journal", where=where)
    if size:
        yield b"".join(held)


def digest(pieces: Iterable[bytes]) -> str:
    """SHA-256 of an entry's plain bytes, in hex."""
    total = hashlib.sha256()
    for piece in pieces:
        total.update(piece)
    return total.hexdigest()
