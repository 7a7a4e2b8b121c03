"""The invented exports are what they claim to be, and the same every time."""

import io
import json
import re
import struct
import zipfile
import zlib
from datetime import datetime

import pytest

from chatvault.importers._source import Source, Told
from chatvault.model import AttachmentState, Message, Problem
from chatvault.services.demo import demo_exports
from chatvault.services.demo_pictures import Mosaic, jpeg, png
from chatvault.services.demo_stories import ZONE
from recognised import importer_for

# Which importer reads what: a file, or the part of a path before its files.
EXPORTS = {
    "ChatExport_2024-05-01": "telegram-desktop",
    "WhatsApp Chat - Ottilie Marsh.zip": "whatsapp-text",
    "WhatsApp Chat with Bakers Row.txt": "whatsapp-text",
    "WhatsApp Chat with Bakers Row.zip": "whatsapp-text",
    "WeFlow/私聊_小满": "wechat-weflow",
    "聊天记录/老吴(wxid_wu0demo)": "wechat-memotrace",
    "周末爬山.jsonl": "chatlab",
    "Photos from my phone": "photo-folder",
}


def source_of(path: str, seed: int = 1) -> Source:
    """One export of the demo as the program would see it."""
    files = demo_exports(seed)
    told = Told(zone=ZONE)
    name = path.rpartition("/")[2]
    if path.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(files[path])) as archive:
            members = {member: archive.read(member) for member in archive.namelist()}
        return Source.of(members, name, told)
    if path in files:
        return Source.of({name: files[path]}, name, told)
    start = f"{path}/"
    inside = {key.removeprefix(start): files[key] for key in files if key.startswith(start)}
    return Source.of(inside, name, told)


def messages_of(path: str, seed: int = 1) -> list[Message]:
    source = source_of(path, seed)
    return [one for one in importer_for(source).read(source) if isinstance(one, Message)]


def test_every_file_belongs_to_an_export_of_the_list() -> None:
    strays = [path for path in demo_exports() if not path.startswith(tuple(EXPORTS))]
    assert [] == strays


@pytest.mark.parametrize(("path", "key"), EXPORTS.items())
def test_every_export_is_recognised_by_its_importer_alone(path: str, key: str) -> None:
    assert key == importer_for(source_of(path)).INFO.key


@pytest.mark.parametrize("path", EXPORTS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_in_an_export_is_unreadable(path: str, seed: int) -> None:
    source = source_of(path, seed)
    records = list(importer_for(source).read(source))
    assert [] == [record for record in records if isinstance(record, Problem)]
    assert any(isinstance(record, Message) for record in records)


def test_there_is_enough_to_play_with_and_not_more() -> None:
    assert 200 <= sum(len(messages_of(path)) for path in EXPORTS) <= 400


def test_pictures_are_there_and_some_are_missing() -> None:
    states = [
        attachment.state
        for path in EXPORTS
        for message in messages_of(path)
        for attachment in message.attachments
    ]
    assert states.count(AttachmentState.PRESENT) >= 15
    assert len(states) - states.count(AttachmentState.PRESENT) >= 5


def test_the_later_export_of_a_group_holds_the_earlier_one() -> None:
    before = [(one.sent_at, one.sender_id, one.text) for one in messages_of(zip_or_text("txt"))]
    after = [(one.sent_at, one.sender_id, one.text) for one in messages_of(zip_or_text("zip"))]
    assert before == after[: len(before)]
    assert len(after) > len(before) + 10


def zip_or_text(suffix: str) -> str:
    return f"WhatsApp Chat with Bakers Row.{suffix}"


def test_english_and_chinese_can_be_searched_for() -> None:
    texts = "\n".join(message.text for path in EXPORTS for message in messages_of(path))
    assert [True] * 4 == [word in texts for word in ("lemon cake", "我们去北京看你", "猫", "🎂")]


def test_one_picture_lies_in_two_exports() -> None:
    files = demo_exports()
    saved = next(data for path, data in files.items() if "Photos" in path and "-WA" in path)
    with zipfile.ZipFile(io.BytesIO(files[zip_or_text("zip")])) as archive:
        assert saved in [archive.read(name) for name in archive.namelist()]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert demo_exports(7) == demo_exports(7)
    changed = {path for path, data in demo_exports(8).items() if demo_exports(7).get(path) != data}
    assert changed.issuperset(path for path in EXPORTS if path in demo_exports())


def test_no_two_pictures_look_alike_but_the_saved_one() -> None:
    pictures = [
        data for data in demo_exports().values() if data.startswith((b"\xff\xd8", b"\x89PNG"))
    ]
    assert len(pictures) == len(set(pictures))


def test_telegram_dates_agree_with_their_clocks() -> None:
    export = json.loads(demo_exports()["ChatExport_2024-05-01/result.json"])
    wrong = [
        message["id"]
        for message in export["messages"]
        if datetime.fromisoformat(message["date"] + "+08:00").timestamp()
        != int(message["date_unixtime"])
    ]
    assert [] == wrong


def test_a_png_is_whole() -> None:
    data = png(Mosaic.of("a", side=8))
    kinds, position = [], 8
    while position < len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        body = data[position + 8 : position + 8 + size]
        assert zlib.crc32(kind + body) == struct.unpack_from(">I", data, position + 8 + size)[0]
        kinds.append((kind, len(zlib.decompress(body)) if kind == b"IDAT" else None))
        position += 12 + size
    assert [(b"IHDR", None), (b"IDAT", 64 * (1 + 64 * 3)), (b"IEND", None)] == kinds


def test_a_jpeg_has_every_block_and_its_camera_clock() -> None:
    """Reads the coded means back, by the tables that stand in the file."""
    mosaic = Mosaic.of("a")
    data = jpeg(mosaic, taken=datetime.fromisoformat("2024-04-06T09:15:30"), offset="+08:00")
    assert re.search(rb"Exif.*2024:04:06 09:15:30\0.*\+08:00\0", data, re.DOTALL)
    segments, position = {}, 2
    while data[position + 1] != 0xDA:
        marker, size = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        segments.setdefault(marker, data[position + 4 : position + 2 + size])
        position += 2 + size
    position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    scan = data[position:-2].replace(b"\xff\0", b"\xff")
    assert data.endswith(b"\xff\xd9")
    assert 3 * 12 * 12 == blocks_in(scan, counts=segments[0xC4][1:17])


def blocks_in(scan: bytes, counts: bytes) -> int:
    """How many coded means there are: a size by Huffman, so many bits, the end of the block."""
    codes, code, size = {}, 0, 0
    for length, count in enumerate(counts, start=1):
        for _ in range(count):
            codes[f"{code:0{length}b}"] = size
            code, size = code + 1, size + 1
        code <<= 1
    bits = "".join(f"{byte:08b}" for byte in scan)
    blocks = 0
    while bits.strip("1"):
        length = next(n for n in range(1, 17) if bits[:n] in codes)
        ended = length + codes[bits[:length]]
        assert "0" == bits[ended]
        bits, blocks = bits[ended + 1 :], blocks + 1
    return blocks
