"""Photos become messages with the time they were taken, whatever is wrong with them."""

import hashlib
import io
import struct
import time
import zlib
from collections.abc import Mapping
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatvault.importers import photo_folder
from chatvault.importers._exif import exif
from chatvault.importers._image_dates import read_header
from chatvault.importers._media_scan import Scan
from chatvault.importers._media_types import media_type
from chatvault.importers._photo_dates import by_name
from chatvault.importers._source import Entry, Source, Told
from chatvault.model import (
    Assumption,
    AttachmentState,
    Conversation,
    Message,
    MessageKind,
    Participant,
    Precision,
    Problem,
    Record,
)

Tags = Mapping[int, object]


def tiff(main: Tags, more: Tags | None = None, gps: Tags | None = None) -> bytes:
    """A TIFF structure: texts, whole numbers, and rationals as lists of pairs."""
    blocks = [(main, {0x8769: 1, 0x8825: 2}), (more or {}, {}), (gps or {}, {})]
    starts, at = [], 8
    for tags, links in blocks:
        starts.append(at)
        at += 2 + 12 * (len(tags) + len(links)) + 4
    data = b""
    out = b"II*\0" + struct.pack("<I", 8)
    for tags, links in blocks:
        entries = {**tags, **{tag: starts[number] for tag, number in links.items()}}
        out += struct.pack("<H", len(entries))
        for tag, value in sorted(entries.items()):
            if isinstance(value, str):
                raw, kind, count = value.encode() + b"\0", 2, len(value) + 1
            elif isinstance(value, int):
                raw, kind, count = struct.pack("<I", value), 4, 1
            else:
                raw = b"".join(struct.pack("<II", *pair) for pair in value)  # type: ignore[union-attr]
                kind, count = 5, len(value)  # type: ignore[arg-type]
            if len(raw) > 4:
                pointer = at + len(data)
                data += raw
                raw = struct.pack("<I", pointer)
            out += struct.pack("<HHI", tag, kind, count) + raw.ljust(4, b"\0")
        out += bytes(4)
    return out + data


def jpeg(
    exif: bytes = b"", *, width: int = 1, end: bytes = b"\xff\xd9", pixels: bytes = b""
) -> bytes:
    """Enough of a JPEG for everybody who does not decode it."""
    app1 = b"Exif\0\0" + exif
    segment = b"\xff\xe1" + struct.pack(">H", len(app1) + 2) + app1 if exif else b""
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 2, width, 1) + b"\x01\x11\0"
    scan = b"\xff\xda" + struct.pack(">H", 8) + b"\x01\x01\0\0\x3f\0"
    return b"\xff\xd8" + segment + frame + scan + (pixels or b"\x12\xff\x00\x34") + end


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG header and whatever chunks."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)), *chunks]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in [*parts, (b"IEND", b"")]
    )
    return b"\x89PNG\r\n\x1a\n" + body


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + name + body


def movie(created: int, *, seconds: int = 7, more: bytes = b"", mark: bytes = b"x") -> bytes:
    """A QuickTime film with its header at the end; `created` in seconds since 1904."""
    header = box(
        b"mvhd", bytes(4) + struct.pack(">IIII", created, 0, 600, seconds * 600) + bytes(80)
    )
    track = box(b"tkhd", bytes(76) + struct.pack(">II", 1920 << 16, 1080 << 16))
    moov = box(b"moov", header + box(b"trak", track) + more)
    return box(b"ftyp", b"qt  " + bytes(8)) + box(b"mdat", mark * 64) + moov


def keys(**values: str) -> bytes:
    """QuickTime's metadata."""
    names = [b"com.apple.quicktime." + key.replace("_", ".").encode() for key in values]
    listed = bytes(4) + struct.pack(">I", len(names))
    listed += b"".join(struct.pack(">I", len(name) + 8) + b"mdta" + name for name in names)
    items = b"".join(
        box(struct.pack(">I", number), box(b"data", struct.pack(">II", 1, 0) + value.encode()))
        for number, value in enumerate(values.values(), 1)
    )
    return box(b"meta", box(b"keys", listed) + box(b"ilst", items))


def heic(exif: bytes, mark: bytes = b"x") -> bytes:
    """A HEIC file whose EXIF item lies behind the picture."""
    item = struct.pack(">I", 6) + b"Exif\0\0" + exif
    infe = box(b"infe", b"\x02\0\0\0" + struct.pack(">HH", 9, 0) + b"Exif\0")
    iinf = box(b"iinf", bytes(4) + struct.pack(">H", 1) + infe)
    ispe = box(b"ispe", bytes(4) + struct.pack(">II", 4032, 3024))
    iprp = box(b"iprp", box(b"ipco", ispe))
    ftyp = box(b"ftyp", b"heic" + bytes(4) + b"mif1")

    def meta(offset: int) -> bytes:
        where = struct.pack(">HHHII", 9, 0, 1, offset, len(item))
        iloc = box(b"iloc", bytes(4) + b"\x44\0" + struct.pack(">H", 1) + where)
        return box(b"meta", bytes(4) + iinf + iprp + iloc)

    mdat = mark * 300_000
    start = len(ftyp) + len(meta(0)) + 8 + len(mdat)
    return ftyp + meta(start) + box(b"mdat", mdat + item)


TAKEN = {0x9003: "2024:03:09 18:05:30"}
ZONED = {**TAKEN, 0x9011: "+01:00"}


def source(files: Mapping[str, bytes], modified_ms: int | None = None, **told: str) -> Source:
    made = Source.of(files, name="Sardinia", told=Told(local_zone="Europe/Rome", **told))
    entries = {name: replace(one, modified_ms=modified_ms) for name, one in made.entries.items()}
    return replace(made, entries=entries)


def read(files: Mapping[str, bytes], modified_ms: int | None = None, **told: str) -> list[Record]:
    records = list(photo_folder.read(source(files, modified_ms, **told)))
    assert records == msgspec.msgpack.decode(msgspec.msgpack.encode(records), type=list[Record])
    return records


def only(files: Mapping[str, bytes], modified_ms: int | None = None, **told: str) -> Message:
    [found] = [x for x in read(files, modified_ms, **told) if isinstance(x, Message)]
    return found


def when(message: Message) -> tuple[str, object]:
    assert message.sent_at is not None
    return message.sent_at.as_exported, message.extra["date_source"]


# Dates


def test_exif_with_its_offset_is_the_best_date() -> None:
    message = only({"IMG_20200101_000000.jpg": jpeg(tiff({}, ZONED))}, 1_800_000_000_000)
    assert ("2024-03-09T18:05:30+01:00", "exif") == when(message)
    assert message.sent_at is not None
    assert (1_710_003_930_000, 60) == (message.sent_at.utc_ms, message.sent_at.offset_minutes)


def test_a_camera_without_zone_is_taken_for_local_and_that_is_told_once() -> None:
    found = read({"a.jpg": jpeg(tiff({}, TAKEN)), "b.jpg": jpeg(tiff({}, TAKEN), width=2)})
    assert [Conversation, Assumption, Message, Message] == [type(x) for x in found]
    assert "assumed:Europe/Rome" == found[2].sent_at.basis  # type: ignore[union-attr]


def test_satellites_tell_the_zone_of_a_camera_that_has_none() -> None:
    gps = {29: "2024:03:09", 7: [(12, 1), (35, 1), (21, 1)]}
    message = only({"a.jpg": jpeg(tiff({}, TAKEN, gps))})
    assert message.sent_at is not None
    assert 330 == message.sent_at.offset_minutes


def test_the_name_in_utc_tells_the_zone_of_a_camera_that_has_none() -> None:
    message = only({"PXL_20240309_170530000.jpg": jpeg(tiff({}, TAKEN))})
    assert message.sent_at is not None
    assert (60, 1_710_003_930_000) == (message.sent_at.offset_minutes, message.sent_at.utc_ms)


@pytest.mark.parametrize(
    "clock", ["0000:00:00 00:00:00", "1970:01:01 00:00:00", "1980:01:01 00:00:01",
              "2000:01:01 00:00:00", "2002:12:08 12:00:00", "1985:05:05 10:00:00",
              "2024:03:20 00:00:00", "2024:13:45 99:00:00"],
)  # fmt: skip
def test_an_implausible_date_gives_way_to_the_next_source(clock: str) -> None:
    photo = jpeg(tiff({}, {0x9003: clock}))
    message = only({"IMG_20240308_070809.jpg": photo}, 1_710_000_000_000)
    assert ("2024-03-08T07:08:09", "name") == when(message)


def test_the_time_of_the_last_edit_comes_after_the_name_and_before_that_of_the_file() -> None:
    photo = jpeg(tiff({0x0132: "2024:03:01 10:00:00"}))
    assert "exif-modified" == when(only({"a.jpg": photo}, 1_710_000_000_000))[1]
    assert "name" == when(only({"IMG-20240308-WA0001.jpg": photo}, 1_710_000_000_000))[1]
    assert "mtime" == when(only({"a.jpg": jpeg()}, 1_710_000_000_000))[1]


def test_a_photo_that_nothing_dates_has_no_time() -> None:
    assert only({"DSC01234.JPG": jpeg()}).sent_at is None


@pytest.mark.parametrize(
    ("name", "shown", "precision"),
    [
        ("IMG_20240309_180530.jpg", "2024-03-09T18:05:30", Precision.SECOND),
        ("20240309_180530.jpg", "2024-03-09T18:05:30", Precision.SECOND),
        ("Screenshot_20240309-180530.png", "2024-03-09T18:05:30", Precision.SECOND),
        ("PXL_20240309_180530123.jpg", "2024-03-09T18:05:30.123Z", Precision.MILLISECOND),
        ("IMG-20240309-WA0003.jpg", "2024-03-09", Precision.DAY),
        ("PTT-20240309-WA0002.opus", "2024-03-09", Precision.DAY),
        ("00000042-PHOTO-2024-03-09-18-05-30.jpg", "2024-03-09T18:05:30", Precision.SECOND),
        ("WhatsApp Image 2024-03-09 at 18.05.30.jpeg", "2024-03-09T18:05:30", Precision.SECOND),
        ("Screen Shot 2024-03-09 at 6.05.30 PM.png", "2024-03-09T18:05:30", Precision.SECOND),
        ("photo_1@09-03-2024_18-05-30.jpg", "2024-03-09T18:05:30", Precision.SECOND),
        ("photo_2024-03-09_18-05-30.jpg", "2024-03-09T18:05:30", Precision.SECOND),
        ("mmexport1710007530123.jpg", "1710007530123", Precision.MILLISECOND),
        ("FB_IMG_1710007530123.jpg", "1710007530123", Precision.MILLISECOND),
        ("signal-2024-03-09-180530.jpg", "2024-03-09T18:05:30", Precision.SECOND),
        ("20250201_200000_730000_0.jpg", "2025-02-01T20:00:00", Precision.SECOND),
        ("2025-02-01_b~demo.jpg", "2025-02-01", Precision.DAY),
        ("1710007530.jpg", "1710007530", Precision.SECOND),
    ],
)
def test_names_of_apps_tell_the_time(name: str, shown: str, precision: Precision) -> None:
    at = by_name(name, "Europe/Rome")
    assert at is not None
    assert (shown, precision) == (at.as_exported, at.precision)


@pytest.mark.parametrize(
    "name",
    ["IMG_1234.HEIC", "DSC01234.JPG", "received_1234567890123456.jpeg", "IMG_20249999_999999.jpg",
     "0123456789abcdef0123456789abcdef.jpg", "9999999999999.jpg", "²0240309_180530.jpg"],
)  # fmt: skip
def test_other_names_tell_none(name: str) -> None:
    assert by_name(name, "Europe/Rome") is None


@settings(max_examples=200)
@given(st.text(alphabet="IMGVIDPXL0123456789_-@. ~at", max_size=40))
def test_any_name_is_a_time_or_none(name: str) -> None:
    by_name(name, "Europe/Rome")


def test_a_film_tells_its_time_length_size_and_place() -> None:
    place = "+51.5007-000.1246/"
    clock = "2024-03-09T18:05:30+0100"
    more = keys(creationdate=clock, location_ISO6709=place, model="Phone 9")
    film = movie(3_792_848_730, more=more)
    message = only({"a.mov": film})
    assert ("2024-03-09T18:05:30+0100", "quicktime") == when(message)
    photo = {
        "width": 1920, "height": 1080, "taken_at": "2024-03-09T18:05:30+0100",
        "camera": "Phone 9", "latitude": 51.5007, "longitude": -0.1246,
    }  # fmt: skip
    assert photo == message.extra["photo"]
    assert (MessageKind.VIDEO, 7.0) == (message.kind, message.attachments[0].duration)


def test_a_film_without_more_has_the_time_of_its_header_in_utc() -> None:
    assert ("2024-03-09T17:05:30Z", "video") == when(only({"a.mp4": movie(3_792_848_730)}))


def test_a_film_whose_header_was_never_set_has_no_time() -> None:
    assert only({"a.mp4": movie(0)}).sent_at is None


def test_heic_tells_its_exif_from_behind_the_picture() -> None:
    message = only({"a.heic": heic(tiff({0x010F: "Demo", 0x0110: "Demo One"}, ZONED))})
    assert ("2024-03-09T18:05:30+01:00", "exif") == when(message)
    photo = message.extra["photo"]
    assert {"width": 4032, "height": 3024, "camera": "Demo One"}.items() <= photo.items()  # type: ignore[attr-defined]


def test_png_tells_its_time_and_xmp_is_read_only_where_it_is_plain() -> None:
    stamp = (b"tIME", struct.pack(">HBBBBB", 2024, 3, 9, 17, 5, 30))
    assert ("2024-03-09T17:05:30Z", "png") == when(only({"a.png": png(3, 2, stamp)}))
    xmp = b"XML:com.adobe.xmp\0\0\0\0\0<x xmp:CreateDate='2024-03-09T18:05:30+01:00'/>"
    assert "xmp" == when(only({"a.png": png(3, 2, (b"iTXt", xmp))}))[1]
    bomb = (b"zTXt", b"XML:com.adobe.xmp\0\0" + zlib.compress(bytes(10_000_000)))
    assert only({"a.png": png(3, 2, bomb)}).sent_at is None, "M03"


def test_places_of_the_south_and_west_are_negative_and_broken_ones_absent() -> None:
    gps = {1: "S", 2: [(33, 1), (30, 1), (0, 1)], 3: "W", 4: [(70, 1), (39, 1), (36, 1)]}
    photo = only({"a.jpg": jpeg(tiff({}, {}, gps))}).extra["photo"]
    assert {"latitude": -33.5, "longitude": -70.66}.items() <= photo.items()  # type: ignore[attr-defined]
    broken = {1: "N", 2: [(0, 0), (0, 0), (0, 0)], 3: "E", 4: [(8, 1), (0, 1), (0, 1)]}
    photo = only({"a.jpg": jpeg(tiff({}, {}, broken))}).extra["photo"]
    assert not {"latitude", "longitude"} & set(photo)  # type: ignore[call-overload]


# What belongs together


def test_a_live_photo_is_one_message_with_two_files() -> None:
    still = heic(tiff({}, ZONED))
    film = movie(3_792_848_731)
    message = only({"IMG_0042.HEIC": still, "IMG_0042.MOV": film})
    assert ["IMG_0042.HEIC", "IMG_0042.MOV"] == [one.name for one in message.attachments]
    assert hashlib.sha256(still).hexdigest() == message.id


def test_a_film_of_another_time_is_a_message_of_its_own() -> None:
    files = {"IMG_0042.HEIC": heic(tiff({}, ZONED)), "IMG_0042.MOV": movie(3_792_948_731)}
    assert 2 == sum(isinstance(x, Message) for x in read(files))


def test_edits_and_raw_forms_go_with_their_picture() -> None:
    files = {"IMG_1.JPG": jpeg(), "img_1.dng": tiff({}, TAKEN), "IMG_1.AAE": b"<plist/>"}
    names = ["IMG_1.JPG", "img_1.dng", "IMG_1.AAE"]
    assert names == [one.name for one in only(files).attachments]


@pytest.mark.parametrize(
    "name", ["a.jpg.json", "a.jpg.supplemental-metadata.json", "a.jpg.supplemental-me.json"]
)
def test_the_note_of_google_photos_is_used_and_is_no_message(name: str) -> None:
    note = {
        "title": "a.jpg", "description": "the north side",
        "photoTakenTime": {"timestamp": "1710003930"},
        "geoData": {"latitude": 39.2, "longitude": 9.1},
    }  # fmt: skip
    message = only({"a.jpg": jpeg(), name: msgspec.json.encode(note)})
    assert ("1710003930", "sidecar") == when(message)
    assert ("the north side",) == message.more_text
    assert 39.2 == message.extra["photo"]["latitude"]  # type: ignore[index]
    assert note == message.extra["sidecar"]


def test_a_json_file_that_is_no_note_is_a_file() -> None:
    found = read({"a.jpg": jpeg(), "a.jpg.json": b'{"other": 1}'})
    assert ["image", "file"] == [x.kind for x in found if isinstance(x, Message)]


def test_files_of_systems_are_passed_over() -> None:
    files = {"a.jpg": jpeg(), ".DS_Store": b"x", "Thumbs.db": b"x", "._a.jpg": b"x",
             "__MACOSX/._a.jpg": b"x", "x.thumbnails/1.jpg": jpeg(), "desktop.ini": b"x",
             ".nomedia": b"x"}  # fmt: skip
    assert [Conversation, Message] == [type(x) for x in read(files)]


# Identity


def test_every_folder_is_a_conversation_and_known_by_its_path() -> None:
    found = read({"a.jpg": jpeg(), "day 1/b.jpg": jpeg(), "day 1/deep/c.jpg": jpeg()})
    places = [(x.id, x.title) for x in found if isinstance(x, Conversation)]
    expected = [("Sardinia", "Sardinia"), ("Sardinia/day 1", "day 1"),
                ("Sardinia/day 1/deep", "deep")]  # fmt: skip
    assert expected == places
    keys = {(x.scope, x.id) for x in found if isinstance(x, Message)}
    assert 3 == len(keys), "equal bytes in three folders are three messages"


def test_a_renamed_copy_in_one_folder_adds_a_name_and_no_message() -> None:
    found = read(
        {"a.jpg": jpeg(), "a copy.jpg": jpeg(), "z.jpg": jpeg(), "other.jpg": jpeg(width=2)}
    )
    first, *others = [x for x in found if isinstance(x, Message)]
    copies = [x for x in others if x.id == first.id]
    assert [Conversation, Message, Message, Conversation, Message] == [type(x) for x in found]
    assert [["a copy.jpg", "z.jpg"]] == [[one.name for one in x.attachments] for x in copies]
    assert [0, 1, 0] == [x.seq for x in found if isinstance(x, Message)]


def test_m13_the_same_bytes_a_thousand_times_are_one_message_of_a_thousand_names() -> None:
    found = read({f"{number}.jpg": jpeg() for number in range(1000)})
    messages = [x for x in found if isinstance(x, Message)]
    assert [1, 999] == [len(x.attachments) for x in messages]
    assert 1 == len({x.id for x in messages})


def test_the_owner_is_the_sender_only_where_somebody_said_so() -> None:
    assert only({"a.jpg": jpeg()}).sender_id is None
    found = read({"a.jpg": jpeg()}, me="Ulla")
    assert Participant(id="name:ulla", name="Ulla", conversation_id="Sardinia", is_me=True) in found
    assert "name:ulla" == found[-1].sender_id  # type: ignore[union-attr]


# Damage


def test_m01_a_png_that_claims_60000_by_60000_is_no_problem() -> None:
    message = only({"a.png": png(60_000, 60_000)})
    assert {"width": 60_000, "height": 60_000} == message.extra["photo"]


def test_m05_a_truncated_jpeg_is_kept_and_told() -> None:
    found = read({"a.jpg": jpeg(end=b"")})
    assert [Conversation, Message, Problem] == [type(x) for x in found]
    assert found[2].reason.startswith("cut off")  # type: ignore[union-attr]


def test_a_jpeg_with_a_film_behind_its_end_is_whole() -> None:
    assert [Conversation, Message] == [
        type(x) for x in read({"a.jpg": jpeg(pixels=b"\x01" * 3_000_000) + movie(0)})
    ]


@pytest.mark.parametrize(
    "data", [png(3, 2), movie(5), heic(tiff({}, TAKEN))], ids=["png", "film", "heic"]
)
def test_other_forms_that_are_cut_off_are_kept_and_told(data: bytes) -> None:
    found = read({"a": data[:-5]})
    assert [Conversation, Message, Problem] == [type(x) for x in found]


@pytest.mark.parametrize(
    "data",
    [b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", b"<html><script>x</script>", b"B",
     b"\xff\xfea\0b\0c\0", b"BM is how this text begins, and it is no picture", b"%PDF-1.4"],
)  # fmt: skip
def test_m07_a_name_does_not_make_a_picture(data: bytes) -> None:
    message = only({"a.png": data})
    assert (MessageKind.FILE, "") == (message.kind, message.attachments[0].type)
    assert AttachmentState.PRESENT is message.attachments[0].state


def test_m10_one_byte_is_a_file_and_none_is_a_problem() -> None:
    found = read({"a.jpg": b"x", "b.jpg": b""})
    assert [Conversation, Message, Problem] == [type(x) for x in found]


def test_a_photo_that_is_still_in_the_cloud_is_a_problem() -> None:
    found = read({".IMG_1.HEIC.icloud": b"bplist00"})
    assert ["not downloaded: the photo itself is in iCloud"] == [
        x.reason for x in found if isinstance(x, Problem)
    ]


def test_a_file_that_cannot_be_read_is_a_problem_and_the_next_is_read() -> None:
    def broken() -> io.BytesIO:
        raise OSError("bad CRC")

    whole = source({"a.jpg": jpeg(), "b.jpg": jpeg(width=2)})
    entries = {**whole.entries, "a.jpg": Entry(9, broken)}
    found = list(photo_folder.read(replace(whole, entries=entries)))
    assert [Conversation, Message, Problem] == sorted(map(type, found), key=lambda x: x.__name__)


def test_directories_that_point_at_each_other_are_read_once() -> None:
    main = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 2)
    main += struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<HHII", 0x8825, 4, 1, 8)
    assert exif(main + bytes(4)) is not None


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_are_exif_or_none(data: bytes) -> None:
    exif(b"II*\0\x08\0\0\0" + data)


@settings(max_examples=200)
@given(
    st.sampled_from([jpeg(tiff({}, ZONED)), png(3, 2), movie(9, more=keys(model="x")),
                     heic(tiff({}, TAKEN))[:600], b"RIFF\x20\0\0\0WEBPVP8X" + bytes(20)]),
    st.data(),
)  # fmt: skip
def test_any_damage_of_a_header_is_survived(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    other = draw.draw(st.binary(min_size=1, max_size=6))
    damaged = data[:at] + other + data[at + len(other) :]
    if media := media_type(damaged):
        read_header(Scan(io.BytesIO(damaged)), media)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff\xe1\0\x02" * 300_000,
        b"\xff\xd8" + b"\xff" * 1_000_000,
        b"\x89PNG\r\n\x1a\n" + (b"\0\0\0\0abcd" + bytes(4)) * 90_000,
        box(b"ftyp", b"isom") + box(b"moov", (b"\0\0\0\x08trak") * 120_000),
        box(b"ftyp", b"heic") + box(b"meta", bytes(4) + (b"\0\0\0\x08iprp") * 120_000),
        b"II*\0\x08\0\0\0" + b"\xff\xff" + struct.pack("<HHII", 0x8769, 4, 1, 8) * 80_000,
    ],
    ids=["segments", "fill bytes", "chunks", "boxes", "properties", "entries"],
)
def test_a_megabyte_of_the_worst_header_takes_no_time(data: bytes) -> None:
    start = time.perf_counter()
    media = media_type(data)
    assert media is not None
    read_header(Scan(io.BytesIO(data)), media)
    assert time.perf_counter() - start < 0.5


# Recognising


def test_a_folder_is_photos_when_half_of_its_files_are() -> None:
    assert photo_folder.recognise(source({"a.jpg": jpeg(), "b.txt": b"notes"}))
    assert not photo_folder.recognise(source({"a.jpg": jpeg(), "b.txt": b"x", "c.txt": b"y"}))
    assert not photo_folder.recognise(source({"a.jpg": b"<svg/>"}))
    assert not photo_folder.recognise(source({"a.jpg": b""}))
    assert not photo_folder.recognise(source({}))


def test_only_the_files_of_this_folder_count() -> None:
    assert not photo_folder.recognise(source({"export/a.jpg": jpeg(), "notes.txt": b"x"}))


def test_pictures_without_an_ending_are_found_by_their_bytes() -> None:
    assert photo_folder.recognise(source({"0f0f0f": jpeg(), "1e1e1e": jpeg()}))
