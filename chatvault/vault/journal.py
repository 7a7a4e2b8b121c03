"""The journal in the packs: finding its entries, checking its chain, writing the next one."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from chatvault.errors import Damaged, NewerFormat, Where
from chatvault.vault import age, manifest, packs
from chatvault.vault.archive import Connection
from chatvault.vault.file_rows import files_of
from chatvault.vault.layout import Layout
from chatvault.vault.manifest import AnyLine, DecisionsHead, EntryRef, ImportHead, PackJson
from chatvault.vault.packs import PackInfo, PackReader

# Ours lie beside `import-<n>/files/`, where everything of an export is: a file of an export called
# manifest.jsonl can never be taken for one of these.
ENTRY = re.compile(r"entry-([1-9][0-9]{0,8})/(manifest|decisions)\.jsonl")
PACK_JSON = re.compile(r"(?:import|entry)-[1-9][0-9]{0,8}/pack\.json")
PACK_JSON_LIMIT = 4096


@dataclass(frozen=True)
class ReadPack:
    """What a pack says of itself: what opens it, whose it is, and the entry in it, if any."""

    info: PackInfo
    head: PackJson
    entry: EntryRef | None


def read_pack(layout: Layout, name: str, key: age.Identity | PackInfo) -> ReadPack:
    """Walk through a pack; Damaged when it is not as ChatVault writes them."""
    with packs.opened(layout, name, key) as reader:
        where = Where(f"packs/{name}")
        head: PackJson | None = None
        entry: EntryRef | None = None
        for member, offset, size in reader.members():
            if head is None:
                if not PACK_JSON.fullmatch(member) or size > PACK_JSON_LIMIT:
                    raise Damaged("the pack does not begin with its pack.json", where=where)
                head = _pack_json(reader.plain.read_range(offset, size), where)
            match = ENTRY.fullmatch(member)
            if match:
                entry = _entry(reader, name, offset, size)
                if entry.entry != int(match[1]):
                    raise Damaged("the entry has another number than its name", where=where)
        if head is None:
            raise Damaged("the pack is empty", where=where)
        info = PackInfo(
            name,
            (layout.packs / name).stat().st_size,
            reader.plain.file_key,
            reader.plain.header_size,
            reader.plain.nonce,
        )
        return ReadPack(info, head, entry)


def _pack_json(data: bytes, where: Where) -> PackJson:
    try:
        head = msgspec.json.decode(data, type=PackJson)
    except (msgspec.MsgspecError, UnicodeDecodeError) as cause:
        raise Damaged("pack.json cannot be read", where=where) from cause
    if head.format > manifest.FORMAT:
        raise NewerFormat("made by a newer ChatVault", where=where, remedy="install a newer one")
    return head


def _entry(reader: PackReader, pack: str, offset: int, size: int) -> EntryRef:
    where = Where(f"packs/{pack}")
    first = next(manifest.decode_lines(reader.pieces(offset, size), where), None)
    if not isinstance(first, (ImportHead, DecisionsHead)):
        raise Damaged("the entry does not begin with its head", where=where)
    if first.format > manifest.FORMAT:
        raise NewerFormat("made by a newer ChatVault", where=where, remedy="install a newer one")
    sha256 = manifest.digest(reader.pieces(offset, size))
    return EntryRef(first.entry, sha256, pack, offset, size, first)


def entry_lines(layout: Layout, ref: EntryRef, key: age.Identity | PackInfo) -> Iterator[AnyLine]:
    """The lines of an entry, its head first."""
    with packs.opened(layout, ref.pack, key) as reader:
        where = Where(f"packs/{ref.pack}")
        lines = manifest.decode_lines(reader.pieces(ref.offset, ref.size), where)
        for number, line in enumerate(lines, 1):
            if isinstance(line, (ImportHead, DecisionsHead)) != (number == 1):
                raise Damaged(
                    "a head in the wrong place", where=Where(where.file, f"line {number}")
                )
            yield line


def chain(entries: Iterable[EntryRef]) -> list[EntryRef]:
    """The entries in order; Damaged when one is missing, doubled or names another before it."""
    ordered = sorted(entries, key=lambda ref: ref.entry)
    previous: EntryRef | None = None
    for number, ref in enumerate(ordered, 1):
        if ref.entry != number:
            what = "there twice" if previous and ref.entry == previous.entry else "missing"
            raise Damaged(
                f"entry {min(number, ref.entry)} of the journal is {what}",
                where=Where(f"packs/{ref.pack}"),
                remedy="bring back the missing pack from a copy of the vault",
            )
        if ref.head.previous != (previous.sha256 if previous else None):
            raise Damaged(
                f"entry {number} of the journal does not follow the one before it",
                where=Where(f"packs/{ref.pack}"),
            )
        previous = ref
    return ordered


def manifest_lines(
    db: Connection, head: ImportHead, pack_names: Sequence[str], receipt: dict[str, object]
) -> Iterator[bytes]:
    """The lines of the manifest of an import; the same bytes every time it is asked."""
    yield manifest.encode(head)
    for number, name in enumerate(pack_names, 1):
        yield manifest.encode(manifest.PackLine(pack=name, number=number))
    for file in files_of(db, head.number):
        yield manifest.encode(
            manifest.FileLine(
                path=file.path,
                raw_path=None if file.raw_path is None else file.raw_path.hex(),
                member=file.member,
                pack=file.pack,
                offset=file.offset,
                stored=file.stored,
                size=file.size,
                modified_ms=file.modified_ms,
                sha256=file.sha256,
                content_id=file.content_id,
                codec=file.codec,
            )
        )
    yield manifest.encode(manifest.ReceiptLine(receipt=receipt))


def write_decisions(
    layout: Layout, recipient: age.Recipient, head: DecisionsHead, lines: Sequence[manifest.Line]
) -> tuple[PackInfo, str]:
    """An entry of decisions in a pack of its own, durable when this returns; with its SHA-256."""
    data = b"".join(manifest.encode(line) for line in (head, *lines))
    sealed: list[PackInfo] = []
    prefix = f"entry-{head.entry}"
    written = packs.PackSet(
        layout,
        recipient,
        prefix=prefix,
        head=lambda number: msgspec.json.encode(
            PackJson(import_id=head.entry_id, entry=head.entry, pack=number)
        ),
        sealed=sealed.append,
    )
    written.add(f"{prefix}/decisions.jsonl", [data], size=len(data), modified_ms=head.at_ms)
    written.seal()
    return sealed[0], manifest.digest([data])
