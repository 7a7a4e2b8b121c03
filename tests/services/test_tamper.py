"""Whatever is changed in a vault, `verify --full` finds it, and the rest can still be read.

Some changes need the key ring (forging.py); those are mistakes that our code might make one day.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

import forging
import pytest
import vaults
from forging import Members
from vaults import Made, Telegram, chat

from chatvault.errors import ChatVaultError, Damaged, NewerFormat
from chatvault.vault import file_rows


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two overlapping imports and a decision: five packs."""
    folder = tmp_path_factory.mktemp("original")
    made = vaults.make(folder / "v")
    made.bring(Telegram(chat(1, 30, photos=[3, 25])).folder(folder / "first"))
    made.bring(Telegram(chat(20, 50, photos=[25, 40])).folder(folder / "second"))
    made.bring(Telegram(chat(1, 5), title="Bohumil", chat=9).folder(folder / "third"))
    made.undo(3)
    return made


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One import."""
    folder = tmp_path_factory.mktemp("single")
    made = vaults.make(folder / "v")
    made.bring(Telegram(chat(1, 30, photos=[3, 25])).folder(folder / "first"))
    return made


@pytest.fixture
def made(original: Made, tmp_path: Path) -> Made:
    return vaults.copied(original, tmp_path / "v")


def damage(made: Made) -> set[str]:
    return {item.file.partition("/")[0] for item in made.verify().damage}


def whole_files(made: Made) -> int:
    """How many stored files can still be given back."""
    count = 0
    with made.reading() as vault:
        for _, file in file_rows.stored_files(vault.db):
            try:
                count += file.size == sum(map(len, vault.file_pieces(file)))
            except (ChatVaultError, OSError):
                continue
    return count


def test_the_vault_that_is_changed_below_is_sound(made: Made) -> None:
    assert made.verify().ok
    assert (5, 49) == (whole_files(made), made.count("message"))


def test_P05_a_pack_under_another_name(made: Made) -> None:
    name = forging.names_of(made).data[0]
    (made.layout.packs / name).rename(made.layout.packs / forging.new_name())
    assert {"packs"} == damage(made)
    assert 2 == whole_files(made)
    assert 49 == made.count("message")
    with pytest.raises(Damaged), made.writing():
        pass


@pytest.mark.parametrize("kind", ["data", "entries"])
def test_P05_two_packs_with_swapped_names(made: Made, kind: str) -> None:
    """They have equal sizes, as most packs have."""
    one, other = [made.layout.packs / n for n in getattr(forging.names_of(made), kind)[:2]]
    assert one.stat().st_size == other.stat().st_size
    swapped = one.with_name("x")
    one.rename(swapped)
    other.rename(one)
    swapped.rename(other)
    assert {"packs"} == damage(made)
    assert not made.verify(full=False).ok


def test_P05_a_pack_of_another_vault(made: Made, tmp_path: Path) -> None:
    other = vaults.make(tmp_path / "other")
    other.bring(Telegram(chat(1, 4)).folder(tmp_path / "e"))
    foreign = other.packs()[0]
    forging.copy_to(made.layout.packs / foreign.name, foreign.read_bytes())
    assert {"packs"} == damage(made)
    assert 5 == whole_files(made)
    with pytest.raises(Damaged), made.writing():
        pass


@pytest.mark.parametrize("kind", ["data", "entries"])
def test_P05_a_pack_that_is_there_twice(made: Made, kind: str) -> None:
    name = getattr(forging.names_of(made), kind)[0]
    twin = made.layout.packs / forging.new_name()
    forging.copy_to(twin, (made.layout.packs / name).read_bytes())
    assert {"packs"} == damage(made)
    with pytest.raises(Damaged), made.writing():
        pass
    twin.unlink()
    with made.writing():
        pass
    assert made.verify().ok


def test_P05_a_pack_in_place_of_another(made: Made) -> None:
    names = forging.names_of(made)
    path = made.layout.packs / names.data[0]
    forging.copy_to(path, (made.layout.packs / names.data[1]).read_bytes())
    assert {"packs"} == damage(made)


def padded(members: Members) -> Members:
    return [(n, b"\1" + d[1:] if n.endswith("/padding") else d) for n, d in members]


def test_P06_padding_that_is_not_zero(made: Made) -> None:
    forging.change_pack(made, forging.names_of(made).data[0], padded)
    (found,) = made.verify().damage
    assert "the padding is not empty" == found.what
    assert 5 == whole_files(made)


def test_P06_bytes_behind_the_end_of_the_tar(made: Made) -> None:
    name = forging.names_of(made).data[0]
    plain = forging.tar_of(forging.members_of(made, name)) + b"more" * 128
    forging.know(made, forging.write_pack(made, name, plain))
    assert {"packs"} == damage(made)
    assert 5 == whole_files(made)


@pytest.mark.parametrize("what", ["cut", "no end", "zeros", "one zero block in the middle"])
def test_P06_TRAP_14_a_tar_that_ends_too_early(made: Made, what: str) -> None:
    """tarfile stops at these without an error."""
    name = forging.names_of(made).data[0]
    tar = forging.tar_of(forging.members_of(made, name))
    plain = {
        "cut": tar[: 512 * 6], "no end": tar[:-1024], "zeros": bytes(len(tar)),
        "one zero block in the middle": tar[:2048] + bytes(512) + tar[2560:],
    }[what]  # fmt: skip
    forging.know(made, forging.write_pack(made, name, plain))
    assert "packs" in damage(made)
    assert 49 == made.count("message")


def test_P06_a_damaged_header_in_the_tar_hides_no_other_member(made: Made) -> None:
    name = forging.names_of(made).data[0]
    tar = bytearray(forging.tar_of(forging.members_of(made, name)))
    second = tar.index(b"ustar", 2000) - 257
    tar[second + 148] ^= 1  # in the checksum of the header
    forging.know(made, forging.write_pack(made, name, bytes(tar)))
    assert {"packs"} == damage(made)
    assert 5 == whole_files(made)


ODD_TYPES = {"a link": b"2", "a folder": b"5", "a device": b"3"}


@pytest.mark.parametrize("kind", ODD_TYPES)
def test_P06_a_member_that_is_no_ordinary_file(made: Made, kind: str) -> None:
    import tarfile

    name = forging.names_of(made).data[0]
    info = tarfile.TarInfo("import-1/files/odd")
    info.type, info.linkname = ODD_TYPES[kind], "/etc/passwd"
    tar = forging.tar_of(forging.members_of(made, name))[:-1024]
    plain = tar + info.tobuf(tarfile.PAX_FORMAT) + bytes(1024)
    forging.know(made, forging.write_pack(made, name, plain))
    assert {"packs"} == damage(made)


def test_P06_a_pack_that_does_not_begin_with_its_head(made: Made) -> None:
    forging.change_pack(made, forging.names_of(made).data[0], lambda members: members[1:])
    assert "packs" in damage(made)


def test_P09_a_file_with_other_bytes(made: Made) -> None:
    """Same length, valid everywhere else: only the content id tells."""

    def change(members: Members) -> Members:
        return [(n, d[:-1] + b"?" if n.endswith(".jpg") else d) for n, d in members]

    forging.change_pack(made, forging.names_of(made).data[0], change)
    (found,) = made.verify().damage
    assert ("files in it are not those that were stored", 2, 2) == (
        found.what, found.files, found.messages,
    )  # fmt: skip
    assert 3 == whole_files(made)


def bomb() -> bytes:
    from chatvault.vault import codec

    return b"".join(codec.compressed([bytes(1 << 20)] * 64))


@pytest.mark.parametrize("what", ["bomb", "cut", "two frames", "skippable", "nothing", "wide"])
def test_P07_P08_compressed_bytes_that_are_not_as_stored(made: Made, what: str) -> None:
    from chatvault.vault.codec import zstd

    def frame(data: bytes) -> bytes:
        parameter = zstd.CompressionParameter
        level = {
            "two frames": zstd.compress(data) + zstd.compress(b"more"),
            "skippable": b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstd.compress(data),
            "nothing": b"", "bomb": bomb(), "cut": zstd.compress(data)[:-3],
        }  # fmt: skip
        if what != "wide":
            return level[what]
        wide = {int(parameter.window_log): 31, int(parameter.enable_long_distance_matching): 1}
        maker = zstd.ZstdCompressor(options=wide)
        return maker.compress(data) + maker.compress(bytes(1000)) + maker.flush()

    def change(members: Members) -> Members:
        return [(n, frame(d) if n.endswith(".zst") else d) for n, d in members]

    name = forging.names_of(made).data[0]
    forging.change_pack(made, name, change)
    with made.reading() as vault:
        pass
    offsets = dict(positions(made, name))
    for member, (offset, size) in offsets.items():
        made.change(
            "UPDATE stored_file SET offset = ?, stored = ? WHERE member = ?", offset, size, member
        )
    assert "packs" in damage(made)
    assert 4 == whole_files(made)
    assert vault is not None


def positions(made: Made, name: str) -> list[tuple[str, tuple[int, int]]]:
    from chatvault.vault import packs

    with packs.opened(made.layout, name, made.ring.identity) as reader:
        return [(m, (offset, size)) for m, offset, size in reader.members()]


TOO_LARGE = 2**63
LINES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "missing": lambda lines: [line for line in lines if b'"photo_3' not in line][:-2] + lines[-1:],
    "double": lambda lines: [*lines[:3], lines[3], lines[3], *lines[4:]],
    "no receipt": lambda lines: lines[:-1],
    "no head": lambda lines: lines[1:],
    "two heads": lambda lines: [lines[0], *lines],
    "garbage": lambda lines: [*lines[:2], b"\xff\xfe{", *lines[2:]],
    "an empty line": lambda lines: [*lines[:2], b"", *lines[2:]],
    "wrong type": forging.edited(path=7),
    "float size": forging.edited(size=1.5),
    "size 2^63": forging.edited(size=TOO_LARGE),
    "negative offset": forging.edited(offset=-1),
    "time 2^80": forging.edited(modified_ms=2**80),
    "no such pack": forging.edited(pack=f"{'0' * 32}.tar.age"),
    "a pack outside": forging.edited(pack="../../../etc/passwd"),
    "no such place": forging.edited(offset=2**40),
    "no pack": forging.edited(pack=None),
    "odd hex": forging.edited(raw_path="zz"),
    "short hash": forging.edited(sha256="ab"),
    "other content id": forging.edited(content_id="0" * 64),
}


@pytest.mark.parametrize("what", LINES)
def test_P10_a_manifest_that_says_something_wrong(single: Made, tmp_path: Path, what: str) -> None:
    """The only entry there is, so that no chain gives it away."""
    made = vaults.copied(single, tmp_path / "v")
    forging.change_entry(made, forging.names_of(made).entries[0], LINES[what])
    assert not made.verify().ok
    try:
        found = made.rebuild()
    except Damaged as trouble:
        assert trouble.where
    else:
        assert found.damaged or found.fewer or made.verify().damage
    assert 29 == made.count("message")


def test_P10_an_unknown_field_is_left_to_newer_versions(made: Made) -> None:
    """It changes the hash of the entry, of course: as a newer writer would have written it."""
    from chatvault.vault import manifest

    line = b'{"type":"pack","pack":"x","number":1,"new":{"deep":[1]}}\n'
    (told,) = manifest.decode_lines([line], forging.WHERE)
    assert manifest.PackLine(pack="x", number=1) == told


def test_P13_a_missing_entry(made: Made) -> None:
    for name in forging.names_of(made).entries:
        path = made.layout.packs / name
        data = path.read_bytes()
        path.unlink()
        assert {"packs"} == damage(made)
        assert 49 == made.count("message")
        forging.copy_to(path, data)
    assert made.verify().ok


def renumbered(old: bytes, new: bytes) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        return [
            (
                name.replace(old.decode(), new.decode()),
                data.replace(b'"entry":2', b'"entry":' + new[6:]),
            )
            for name, data in members
        ]  # fmt: skip

    return change


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("gap", renumbered(b"entry-2", b"entry-7")),
        ("fork", renumbered(b"entry-2", b"entry-1")),
        ("another number than its name", renumbered(b"entry-2/", b"entry-9/")),
    ],
)
def test_P13_entries_that_are_no_chain(
    made: Made, what: str, change: Callable[[Members], Members]
) -> None:
    forging.change_pack(made, forging.names_of(made).entries[1], change)
    assert not made.verify().ok
    assert 49 == made.count("message")
    assert not made.rebuild().replaced


def test_P13_a_wrong_hash_in_the_chain(made: Made) -> None:
    def change(lines: list[bytes]) -> list[bytes]:
        return [line.replace(b'"previous":"', b'"previous":"0')[:-1] + b"}" for line in lines]

    forging.change_entry(made, forging.names_of(made).entries[1], change)
    assert not made.verify().ok
    assert not made.rebuild().replaced


def test_P14_an_unknown_decision_needs_a_newer_version(made: Made) -> None:
    decisions = forging.names_of(made).entries[-1]

    def change(lines: list[bytes]) -> list[bytes]:
        return [*lines, b'{"type":"fold-time"}']

    forging.change_entry(made, decisions, change)
    with pytest.raises(NewerFormat):
        made.rebuild()
    assert 49 == made.count("message")


def test_P14_decisions_about_nothing_and_twice_the_same_do_nothing(made: Made) -> None:
    digest = made.digest()
    decisions = forging.names_of(made).entries[-1]

    def change(lines: list[bytes]) -> list[bytes]:
        return [*lines, lines[-1], b'{"type":"undo-import","import":77,"import_id":"x"}']

    forging.change_entry(made, decisions, change)
    assert made.rebuild().replaced
    assert digest == made.digest()


SHAPES: dict[str, Callable[[Path], None]] = {
    "no bytes": lambda path: path.write_bytes(b"") and None,
    "a folder": lambda path: path.mkdir(),
    "a link": lambda path: path.symlink_to("/etc/passwd"),
    "a link to nowhere": lambda path: path.symlink_to("/nowhere"),
    "a pipe": os.mkfifo,
    "a link to itself": lambda path: path.symlink_to(path),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_P15_a_pack_that_is_no_file(made: Made, shape: str) -> None:
    path = made.layout.packs / forging.names_of(made).data[0]
    path.unlink()
    SHAPES[shape](path)
    assert {"packs"} == damage(made)
    assert not made.verify(full=False).ok
    assert 49 == made.count("message")
    assert 2 == whole_files(made)
    with pytest.raises(Damaged), made.writing():
        pass


def test_every_cut_and_every_flipped_bit_of_a_pack_is_found(made: Made) -> None:
    """A sample over header, nonce, chunks and tags; the age tests do all of a small file."""
    chance = random.Random(5)
    path = made.layout.packs / forging.names_of(made).data[0]
    data = path.read_bytes()
    places = [*range(0, 200, 7), *chance.sample(range(200, len(data)), 25), len(data) - 1]
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << chance.randrange(8)
        forging.copy_to(path, changed)
        assert {"packs"} == damage(made), place
    for size in (0, 1, 100, 200, 70_000, len(data) - 65_552, len(data) - 1):
        forging.copy_to(path, data[:size])
        assert {"packs"} == damage(made), size
    forging.copy_to(path, data)
    assert made.verify().ok


def test_A10_a_damaged_header_of_a_pack_loses_nothing_while_the_archive_is_whole(
    made: Made,
) -> None:
    """VER-6: the archive keeps the key of each pack."""
    path = made.layout.packs / forging.names_of(made).data[0]
    data = bytearray(path.read_bytes())
    data[40] ^= 4
    path.write_bytes(data)
    assert 5 == whole_files(made)
    assert {"packs"} == damage(made)


@pytest.mark.slow
def test_Q01_every_change_of_the_archive_is_found_and_the_packs_bring_it_back(made: Made) -> None:
    chance = random.Random(7)
    path = made.layout.archive
    data = path.read_bytes()
    digest = made.digest()
    for number in range(60):
        changed = bytearray(data)
        if number % 6 == 5:
            page = chance.randrange(len(data) // 4096) * 4096
            changed[page : page + 4096] = bytes(4096)
        else:
            changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        assert found_in_archive(made), number
    for size in (1, 100, 4096, 4096 * 3, len(data) - 4096, len(data) - 1):
        path.write_bytes(data[:size])
        assert found_in_archive(made), size
    assert made.rebuild().replaced
    assert made.verify().ok
    assert digest == made.digest()


def found_in_archive(made: Made) -> bool:
    try:
        return "archive.db" in damage(made)
    except Damaged:
        return True
