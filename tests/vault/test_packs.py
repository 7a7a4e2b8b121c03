"""Packs: what is in them, that they are whole or not there, and reading them at any place."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatvault.errors import Damaged, DiskTrouble
from chatvault.vault import packs
from chatvault.vault.files import FileOps
from chatvault.vault.keyring import KeyRing
from chatvault.vault.layout import Layout
from chatvault.vault.packs import MiB, PackInfo, PackReader, PackSet, PackWriter


def a_pack(layout: Layout, ring: KeyRing, *files: tuple[str, bytes]) -> PackInfo:
    writer = PackWriter(layout, ring.identity.recipient)
    for name, data in files:
        writer.add(name, [data], size=len(data), modified_ms=1_700_000_000_123)
    return writer.finish("import-1/padding")


def pack_set(layout: Layout, ring: KeyRing, target: int) -> tuple[PackSet, list[PackInfo]]:
    sealed: list[PackInfo] = []
    made = PackSet(
        layout, ring.identity.recipient, prefix="import-1", head=lambda number: b"{}",
        sealed=sealed.append, target=target,
    )  # fmt: skip
    return made, sealed


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 65_535, 65_536, 65_537, MiB - 2048, 3 * MiB])
def test_what_goes_in_comes_out_and_the_size_tells_only_mebibytes(
    layout: Layout, ring: KeyRing, size: int
) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    info = a_pack(layout, ring, ("import-1/files/a.bin", data[:size]))
    assert (layout.packs / info.name).stat().st_size == info.size
    with PackReader(layout, info.name, ring.identity) as reader:
        assert 0 == reader.plain.size % MiB
        found = {name: b"".join(reader.pieces(o, n)) for name, o, n in reader.members()}
        assert [] == reader.plain.verify()
    assert data[:size] == found["import-1/files/a.bin"]
    assert set() == set(found["import-1/padding"]) - {0}


def test_A3_two_packs_of_different_content_have_one_size(layout: Layout, ring: KeyRing) -> None:
    sizes = {a_pack(layout, ring, ("f", bytes(n))).size for n in (0, 1, 5000, 700_000)}
    assert 1 == len(sizes)


def test_P02_any_tar_program_can_unpack_it_safely(layout: Layout, ring: KeyRing) -> None:
    """Ordinary files only, mode 0600, owner 0, no times from the future, a proper end."""
    name = "import-1/files/名前/" + "long" * 60 + ".txt"
    info = a_pack(layout, ring, (name, b"hello"))
    with PackReader(layout, info.name, ring.identity) as reader:
        plain = reader.plain.read_range(0, reader.plain.size)
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        members = tar.getmembers()
        file = tar.extractfile(name)
        assert file is not None
        assert b"hello" == file.read()
    assert [name, "import-1/padding"] == [member.name for member in members]
    for member in members:
        assert (True, 0o600, 0, 0, "", "") == (
            member.isreg(), member.mode, member.uid, member.gid, member.uname, member.gname,
        )  # fmt: skip
    assert 1_700_000_000 == members[0].mtime
    assert bytes(1024) == plain[-1024:]


def test_a_pack_opens_without_its_header(layout: Layout, ring: KeyRing) -> None:
    info = a_pack(layout, ring, ("import-1/files/a", b"kept"))
    path = layout.packs / info.name
    data = path.read_bytes()
    path.write_bytes(bytes(info.header_size) + data[info.header_size :])
    with pytest.raises(Damaged):
        PackReader(layout, info.name, ring.identity)
    with PackReader(layout, info.name, info) as reader:
        assert "import-1/files/a" == next(reader.members())[0]


def test_S4_an_unfinished_pack_lies_in_tmp_and_is_removed_when_abandoned(
    layout: Layout, ring: KeyRing
) -> None:
    writer = PackWriter(layout, ring.identity.recipient)
    writer.add("import-1/files/a", [b"x"], size=1, modified_ms=None)
    (part,) = layout.tmp.iterdir()
    assert (".part", 0o600) == (part.suffix, part.stat().st_mode & 0o777)
    assert [] == list(layout.packs.iterdir())
    writer.abandon()
    assert [] == list(layout.tmp.iterdir())


def test_S4_the_bytes_are_durable_before_the_name_and_the_name_before_it_counts(
    layout: Layout, ring: KeyRing
) -> None:
    steps: list[str] = []

    class Noting(FileOps):
        def sync(self, file: object) -> None:
            steps.append("sync")

        def rename_new(self, old: Path, new: Path) -> None:
            steps.append("rename")
            super().rename_new(old, new)

        def sync_folder(self, path: Path) -> None:
            steps.append(f"sync {path.name}")

    noted = Layout(layout.root, Noting())
    made, sealed = pack_set(noted, ring, MiB)
    made.add("import-1/files/a", [b"x"], size=1, modified_ms=None)
    assert ([], []) == (steps, sealed)
    made.seal()
    assert (["sync", "rename", "sync packs"], 1) == (steps, len(sealed))


def test_a_size_that_was_told_wrong_is_noticed(layout: Layout, ring: KeyRing) -> None:
    for size, data in ((3, b"ab"), (1, b"ab"), (0, b"a")):
        made, sealed = pack_set(layout, ring, MiB)
        with pytest.raises(Damaged):
            made.add("import-1/files/a", [data], size=size, modified_ms=None)
        made.seal()
        assert ([], []) == (sealed, list(layout.packs.iterdir()))
    assert [] == list(layout.tmp.iterdir())


def test_a_source_that_fails_leaves_no_pack(layout: Layout, ring: KeyRing) -> None:
    def failing() -> Iterator[bytes]:
        yield b"abc"
        raise OSError(5, "Input/output error")

    made, sealed = pack_set(layout, ring, MiB)
    with pytest.raises(DiskTrouble):
        made.add("import-1/files/a", failing(), size=6, modified_ms=None)
    assert ([], [], []) == (sealed, list(layout.packs.iterdir()), list(layout.tmp.iterdir()))


def test_packs_are_filled_to_their_target_and_a_larger_file_has_one_of_its_own(
    layout: Layout, ring: KeyRing
) -> None:
    made, sealed = pack_set(layout, ring, 10_000)
    where = [
        made.add(f"import-1/files/{n}", [bytes(size)], size=size, modified_ms=None).pack
        for n, size in enumerate([4000, 30_000, 100, 3000, 6000, 10_000])
    ]
    made.seal()
    assert [1, 1, 2, 1, 1] == [where.count(name) for name in dict.fromkeys(where)]
    assert list(dict.fromkeys(where)) == [info.name for info in sealed]
    for info in sealed:
        with PackReader(layout, info.name, ring.identity) as reader:
            assert "import-1/pack.json" == next(reader.members())[0]


def test_a_pack_that_holds_only_its_head_is_not_sealed_for_a_large_file(
    layout: Layout, ring: KeyRing
) -> None:
    """The manifest names its own pack before it is written into it."""
    made, sealed = pack_set(layout, ring, 10)
    name = made.current().name
    member = made.add("entry-1/manifest.jsonl", [bytes(999)], size=999, modified_ms=None)
    made.seal()
    assert ([name], name) == ([info.name for info in sealed], member.pack)


@pytest.mark.parametrize(
    ("offset", "length"),
    [(-1, 5), (0, -1), (2**62, 1), (0, 2**63), (MiB, 1), (MiB - 1, 2)],
)
def test_G20_Q09_a_place_outside_of_the_pack_is_damage(
    layout: Layout, ring: KeyRing, offset: int, length: int
) -> None:
    info = a_pack(layout, ring, ("import-1/files/a", b"x"))
    with PackReader(layout, info.name, ring.identity) as reader, pytest.raises(Damaged):
        list(reader.pieces(offset, length))


def test_a_missing_pack_is_damage_and_says_where_to_get_it(layout: Layout, ring: KeyRing) -> None:
    name = f"{'0' * 32}.tar.age"
    with pytest.raises(Damaged) as caught, packs.opened(layout, name, ring.identity):
        pass
    assert (f"packs/{name}", True) == (
        str(caught.value.where), "copy" in caught.value.remedy,
    )  # fmt: skip


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.binary(max_size=200_000), min_size=1, max_size=5), data=st.data())
def test_any_range_of_any_file_equals_the_slice(
    layout: Layout, ring: KeyRing, files: list[bytes], data: st.DataObject
) -> None:
    info = a_pack(layout, ring, *[(f"import-1/files/{n}", held) for n, held in enumerate(files)])
    with PackReader(layout, info.name, info) as reader:
        places = {name: (offset, size) for name, offset, size in reader.members()}
        for number, held in enumerate(files):
            offset, size = places[f"import-1/files/{number}"]
            start = data.draw(st.integers(0, size))
            length = data.draw(st.integers(0, size - start))
            assert held[start : start + length] == b"".join(reader.pieces(offset + start, length))
