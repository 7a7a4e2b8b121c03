"""The journal: typed lines, one chain with one head, and packs that tell whose they are."""

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatvault.errors import Damaged, NewerFormat, Where
from chatvault.vault import journal, manifest
from chatvault.vault.keyring import KeyRing
from chatvault.vault.layout import Layout
from chatvault.vault.manifest import DecisionsHead, EntryRef, UndoImport
from chatvault.vault.packs import PackWriter

WHERE = Where("packs/x")


def head(entry: int, previous: str | None) -> DecisionsHead:
    return DecisionsHead(
        format=1, entry=entry, entry_id=f"{entry:032x}", previous=previous, at_ms=0, chatvault="x"
    )


def entries(count: int) -> list[EntryRef]:
    """A whole chain."""
    found: list[EntryRef] = []
    for number in range(1, count + 1):
        previous = found[-1].sha256 if found else None
        found.append(
            EntryRef(number, f"{number:064x}", f"pack {number}", 0, 0, head(number, previous))
        )
    return found  # fmt: skip


@given(st.permutations(entries(6)))
def test_a_chain_has_one_order_whatever_the_order_of_its_packs(found: list[EntryRef]) -> None:
    assert entries(6) == journal.chain(found)


def test_an_empty_journal_is_whole() -> None:
    assert [] == journal.chain([])


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_P13_a_gap_is_told_with_its_number(gone: int) -> None:
    with pytest.raises(Damaged, match=f"entry {gone} of the journal is missing"):
        journal.chain([ref for ref in entries(4) if ref.entry != gone])


def test_a_missing_newest_entry_cannot_be_told_by_the_chain_alone() -> None:
    """The archive, which knows the head, tells it."""
    assert entries(3) == journal.chain(entries(4)[:3])


def test_P13_an_entry_that_is_there_twice() -> None:
    whole = entries(3)
    with pytest.raises(Damaged, match="entry 2 of the journal is there twice"):
        journal.chain([*whole, whole[1]])


@pytest.mark.parametrize("number", [1, 2, 3])
def test_P13_a_wrong_hash_of_the_entry_before(number: int) -> None:
    whole = entries(3)
    ref = whole[number - 1]
    wrong = EntryRef(ref.entry, ref.sha256, ref.pack, 0, 0, head(number, "f" * 64))
    whole[number - 1] = wrong
    with pytest.raises(Damaged, match="does not follow"):
        journal.chain(whole)


def test_P13_a_cycle_is_no_chain() -> None:
    whole = entries(3)
    first = whole[0]
    whole[0] = EntryRef(1, first.sha256, first.pack, 0, 0, head(1, whole[2].sha256))
    with pytest.raises(Damaged):
        journal.chain(whole)


def test_decisions_are_written_and_read_again(layout: Layout, ring: KeyRing) -> None:
    lines = [UndoImport(number=n, import_id="ab" * 16) for n in (1, 7)]
    info, sha256 = journal.write_decisions(layout, ring.identity.recipient, head(1, None), lines)
    read = journal.read_pack(layout, info.name, ring.identity)
    assert info == read.info
    assert read.entry is not None
    assert (1, sha256, info.name) == (read.entry.entry, read.entry.sha256, read.entry.pack)
    found = list(journal.entry_lines(layout, read.entry, ring.identity))
    assert [head(1, None), *lines] == found
    assert (None, 1, 1) == (read.head.number, read.head.entry, read.head.pack)


def pack_of(layout: Layout, ring: KeyRing, *members: tuple[str, bytes]) -> str:
    writer = PackWriter(layout, ring.identity.recipient)
    for name, data in members:
        writer.add(name, [data], size=len(data), modified_ms=None)
    return writer.finish("import-1/padding").name


GOOD = b'{"import_id":"x","import":1,"pack":1}'


@pytest.mark.parametrize(
    "head_bytes",
    [b"", b"[]", b"{}", b'{"import_id":1,"pack":1}', b'{"import_id":"x","pack":1.5}', b"\xff" * 9,
     b'{"import_id":"x","import":0,"pack":1}', b'{"import_id":"x","import":-4,"pack":1}',
     b'{"import_id":"x","import":' + b"9" * 40 + b',"pack":1}', b" " * 5000 + GOOD, b"[" * 4000],
)  # fmt: skip
def test_a_pack_json_that_is_not_ours_is_damage(
    layout: Layout, ring: KeyRing, head_bytes: bytes
) -> None:
    name = pack_of(layout, ring, ("import-1/pack.json", head_bytes))
    with pytest.raises(Damaged):
        journal.read_pack(layout, name, ring.identity)


@pytest.mark.parametrize(
    "name",
    ["pack.json", "import-1/files/pack.json", "import-0/pack.json", "import-01/pack.json",
     "x/import-1/pack.json", "import-1/pack.json/x", "IMPORT-1/pack.json"],
)  # fmt: skip
def test_P01_only_our_own_place_is_the_head_of_a_pack(
    layout: Layout, ring: KeyRing, name: str
) -> None:
    pack = pack_of(layout, ring, (name, GOOD))
    with pytest.raises(Damaged, match=r"begin with its pack\.json"):
        journal.read_pack(layout, pack, ring.identity)


@pytest.mark.parametrize(
    "name",
    ["import-1/files/entry-1/manifest.jsonl", "import-1/files/manifest.jsonl", "manifest.jsonl",
     "entry-1/files/manifest.jsonl", "entry-0/decisions.jsonl", "entry-1/other.jsonl"],
)  # fmt: skip
def test_P01_what_lies_elsewhere_is_no_entry(layout: Layout, ring: KeyRing, name: str) -> None:
    pack = pack_of(layout, ring, ("import-1/pack.json", GOOD), (name, b"{}\n"))
    assert journal.read_pack(layout, pack, ring.identity).entry is None


def test_a_newer_pack_and_a_newer_entry_need_a_newer_version(layout: Layout, ring: KeyRing) -> None:
    newer = pack_of(layout, ring, ("import-1/pack.json", b'{"format":2,' + GOOD[1:]))
    with pytest.raises(NewerFormat):
        journal.read_pack(layout, newer, ring.identity)
    line = manifest.encode(head(1, None)).replace(b'"format":1', b'"format":2')
    entry = pack_of(layout, ring, ("import-1/pack.json", GOOD), ("entry-1/decisions.jsonl", line))
    with pytest.raises(NewerFormat):
        journal.read_pack(layout, entry, ring.identity)


def test_an_entry_under_another_number_is_damage(layout: Layout, ring: KeyRing) -> None:
    line = manifest.encode(head(1, None))
    pack = pack_of(layout, ring, ("import-1/pack.json", GOOD), ("entry-2/decisions.jsonl", line))
    with pytest.raises(Damaged, match="another number"):
        journal.read_pack(layout, pack, ring.identity)


def test_an_empty_pack_is_damage(layout: Layout, ring: KeyRing) -> None:
    writer = PackWriter(layout, ring.identity.recipient)
    name = writer.finish("import-1/padding").name
    with pytest.raises(Damaged):
        journal.read_pack(layout, name, ring.identity)


# Lines


@given(st.integers(1, 40), st.binary(max_size=300))
def test_lines_are_found_wherever_the_pieces_end(size: int, noise: bytes) -> None:
    lines = [UndoImport(number=n, import_id=noise.hex()) for n in (1, 2, 3)]
    data = b"".join(map(manifest.encode, lines))
    pieces = [data[n : n + size] for n in range(0, len(data), size)]
    assert lines == list(manifest.decode_lines(pieces, WHERE))


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"hello", Damaged), (b"{}", Damaged), (b"[]", Damaged), (b"null", Damaged),
        (b'{"type":7}', Damaged), (b'{"type":"undo-import"}', Damaged),
        (b'{"type":"undo-import","import":0,"import_id":"x"}', Damaged),
        (b'{"type":"undo-import","import":1e99,"import_id":"x"}', Damaged),
        (b"\xff\xfe", Damaged), (b"[" * 100_000, Damaged), (b'{"a":' * 100_000, Damaged),
        (b'{"type":"fold-time","at":1}', NewerFormat),
    ],
)  # fmt: skip
def test_P10_P14_a_line_that_is_not_ours_is_told_with_its_number(
    line: bytes, kind: type[Exception]
) -> None:
    good = manifest.encode(UndoImport(number=1, import_id="x"))
    lines = manifest.decode_lines([good, line + b"\n"], WHERE)
    assert UndoImport(number=1, import_id="x") == next(lines)
    with pytest.raises(kind) as caught:
        next(lines)
    assert "packs/x, line 2" == str(getattr(caught.value, "where", ""))


def test_P10_unknown_fields_are_left_to_newer_versions() -> None:
    line = b'{"type":"undo-import","import":1,"import_id":"x","why":["later"]}\n'
    assert [UndoImport(number=1, import_id="x")] == list(manifest.decode_lines([line], WHERE))


def test_a_line_longer_than_the_limit_is_never_written() -> None:
    with pytest.raises(Damaged):
        manifest.encode(UndoImport(number=1, import_id="x" * 70_000))


def test_a_line_longer_than_any_of_ours_is_not_read_to_its_end() -> None:
    """Else a pack of a foreign hand could make us hold all of it."""
    given = 0

    def endless() -> object:
        nonlocal given
        while True:
            given += 1
            yield b"x" * 2**20

    with pytest.raises(Damaged):
        next(manifest.decode_lines(endless(), WHERE))  # type: ignore[arg-type]
    assert given < 80


def test_the_digest_is_over_the_plain_bytes() -> None:
    assert hashlib.sha256(b"one\ntwo\n").hexdigest() == manifest.digest([b"one\n", b"two", b"\n"])
    assert msgspec.json.decode(manifest.encode(head(3, None)))["entry"] == 3
