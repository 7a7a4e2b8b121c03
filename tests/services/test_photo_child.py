"""What is seen of one picture, and what hostile ones can do: nothing but get a reason."""

import io
import random
import struct
import time
import zlib

import msgspec
import pictures
import pytest
from pictures import encoded, scene
from PIL import Image

from chatvault.services import photo_child
from chatvault.services.photo_messages import ENCODER, SEEN, Look, Seen, Trouble
from chatvault.services.picture_hash import alike

SCENE = scene("a", 320, 240)


def look(
    data: bytes, name: str = "a.jpg", zone: str = "Asia/Tokyo", modified: int | None = None
) -> Seen:
    seen = photo_child.look(data, Look(name, modified, zone))
    assert seen == SEEN.decode(ENCODER.encode(seen)), "the parent would not believe it"
    return seen


def same(one: Seen, other: Seen) -> bool:
    assert one.likeness is not None
    assert other.likeness is not None
    return alike(one.likeness, other.likeness)


def test_a_photo_tells_size_time_camera_and_place() -> None:
    data = encoded(SCENE, exif=pictures.exif(offset="+01:00", place=(48.8583, -2.2945)))
    seen = look(data)
    assert (320, 240, 1_710_003_930_000, "Invented Two") == (
        seen.width, seen.height, seen.taken_at, seen.camera,
    )  # fmt: skip
    assert (48.8583, -2.2945) == (seen.latitude, seen.longitude)
    assert (Trouble.NONE, 256) == (seen.trouble, len(seen.likeness or b""))


@pytest.mark.parametrize("place", [(-33.8568, 151.2153), (-54.8, -68.3), (89.9, 179.9)])
def test_south_and_west_are_negative(place: tuple[float, float]) -> None:
    seen = look(encoded(SCENE, exif=pictures.exif(place=place)))
    assert place == (round(seen.latitude or 0, 5), round(seen.longitude or 0, 5))


def test_a_clock_without_a_zone_is_read_in_the_zone_of_the_export() -> None:
    data = encoded(SCENE, exif=pictures.exif())
    assert 1_709_975_130_000 == look(data, zone="Asia/Tokyo").taken_at
    assert 1_710_007_530_000 == look(data, zone="UTC").taken_at


def test_the_name_is_no_time_of_the_picture_but_tells_the_zone_of_its_clock() -> None:
    assert look(encoded(SCENE), "IMG_20240309_180530.jpg").taken_at is None
    data = encoded(SCENE, exif=pictures.exif())
    # Google's camera names pictures by UTC: so its wall was an hour ahead.
    assert 1_710_003_930_000 == look(data, "PXL_20240309_170530123.jpg").taken_at


@pytest.mark.parametrize(
    "taken",
    [
        "0000:00:00 00:00:00", "1970:01:01 00:00:00", "1980:01:01 00:00:00", "1985:05:05 00:00:00",
        "2000:01:01 00:00:00", "2002:12:08 12:00:00", "9999:99:99 99:99:99", "2024:02:30 10:00:00",
        "    :  :     :  :  ", "soon",
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_is_none(taken: str) -> None:
    assert look(encoded(SCENE, exif=pictures.exif(taken))).taken_at is None


def test_a_photo_taken_long_after_its_file_was_written_has_no_time() -> None:
    data = encoded(SCENE, exif=pictures.exif(offset="+00:00"))
    assert look(data, modified=1_700_000_000_000).taken_at is None
    assert 1_710_007_530_000 == look(data, modified=1_710_007_530_000).taken_at


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.00001, 0.0), (95.0, 10.0), (10.0, 200.0)])
def test_a_place_that_cannot_be_is_none(place: tuple[float, float]) -> None:
    seen = look(encoded(SCENE, exif=pictures.exif(place=place)))
    assert (None, None) == (seen.latitude, seen.longitude)


def test_fractions_by_zero_are_no_place() -> None:
    made = pictures.exif(place=(11.0, 11.0)).tobytes()
    broken = made.replace(struct.pack("<II", 11, 1), struct.pack("<II", 11, 0))
    broken = broken.replace(struct.pack(">II", 11, 1), struct.pack(">II", 11, 0))
    assert made != broken
    seen = look(encoded(SCENE, exif=broken))
    assert (None, None) == (seen.latitude, seen.longitude)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_held_otherwise_looks_like_the_copy_that_an_app_turned(orientation: int) -> None:
    upright = look(encoded(SCENE, exif=pictures.exif(orientation=1)))
    turns = photo_child._TURNS
    back = {6: 8, 8: 6}.get(orientation, orientation)
    held = SCENE.transpose(turns[back]) if back in turns else SCENE
    assert same(upright, look(encoded(held, exif=pictures.exif(orientation=orientation))))


FORMS = {
    "png": lambda: encoded(SCENE, form="PNG"),
    "webp": lambda: encoded(SCENE, form="WEBP"),
    "gif": lambda: encoded(SCENE, form="GIF"),
    "progressive": lambda: encoded(SCENE, progressive=True),
    "grey": lambda: encoded(SCENE.convert("L")),
    "cmyk": lambda: encoded(SCENE.convert("CMYK")),
    "palette": lambda: encoded(SCENE.quantize(64), form="PNG"),
    "transparent": lambda: encoded(SCENE.convert("RGBA"), form="PNG"),
    "16 bits": lambda: encoded(sixteen_bits(), form="PNG"),
    "animated webp": lambda: encoded(
        SCENE, form="WEBP", save_all=True, append_images=[scene(n, 320, 240) for n in range(3)]
    ),
    "animated gif": lambda: encoded(
        SCENE, form="GIF", save_all=True, append_images=[scene(n, 320, 240) for n in range(3)]
    ),
}


def sixteen_bits() -> Image.Image:
    grey = SCENE.convert("L")
    wide = b"".join(struct.pack("<H", value << 8 | 77) for value in grey.tobytes())
    return Image.frombytes("I;16", grey.size, wide)


@pytest.mark.parametrize("form", FORMS)
def test_the_same_picture_in_any_form_looks_the_same(form: str) -> None:
    seen = look(FORMS[form]())
    assert (Trouble.NONE, 320, 240) == (seen.trouble, seen.width, seen.height)
    assert same(look(encoded(SCENE)), seen)


def test_what_is_transparent_is_white() -> None:
    half = SCENE.convert("RGBA")
    half.paste((0, 0, 0, 0), (0, 0, 160, 240))
    white = SCENE.copy()
    white.paste("white", (0, 0, 160, 240))
    assert same(look(encoded(white)), look(encoded(half, form="PNG")))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="M10-empty"),
        pytest.param(b"\xff", id="M10-one-byte"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="M07-svg"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n", id="M04-eps"),
        pytest.param(b"8BPS\0\1" + bytes(40), id="M04-psd"),
        pytest.param(b"%PDF-1.7 \xff\xd8\xff", id="M08-polyglot"),
        pytest.param(b"OggS" + bytes(60), id="sound"),
    ],
)
def test_what_is_no_picture_says_so(data: bytes) -> None:
    assert Seen(trouble=Trouble.NO_PICTURE) == look(data)


@pytest.mark.parametrize("brand", [b"heic", b"avif", b"mif1"])
def test_a_picture_of_an_iphone_is_not_decoded_and_says_why(brand: bytes) -> None:
    seen = look(b"\0\0\0\x18ftyp" + brand + bytes(12) + b"\0\0\0\x08free")
    assert (Trouble.FORM, None) == (seen.trouble, seen.hash)


@pytest.mark.parametrize("sides", [(60_000, 60_000), (9_500, 9_500), (2**31 - 1, 1)])
def test_M01_M02_a_huge_picture_is_refused_before_it_is_decoded(sides: tuple[int, int]) -> None:
    start = time.perf_counter()
    seen = look(pictures.png(*sides))
    assert (Trouble.PIXELS, None, *sides) == (seen.trouble, seen.hash, seen.width, seen.height)
    assert time.perf_counter() - start < 0.5


def test_M03_bombs_in_compressed_chunks_are_caught() -> None:
    bomb = zlib.compress(bytes(8_000_000), 6)
    for chunk in (
        (b"zTXt", b"Comment\0\0" + bomb),
        (b"iTXt", b"Comment\0\1\0\0\0" + bomb),
        (b"iCCP", b"icc\0\0" + bomb),
    ):
        assert Trouble.BROKEN == look(pictures.png(100, 100, chunk)).trouble


def test_M05_a_photo_that_is_cut_off_keeps_its_facts_and_says_so() -> None:
    data = encoded(SCENE, exif=pictures.exif(offset="+01:00"))
    seen = look(data[: len(data) // 2])
    assert (Trouble.BROKEN, 320, 1_710_003_930_000) == (seen.trouble, seen.width, seen.taken_at)
    assert (None, None) == (seen.hash, seen.likeness)


def test_M06_of_many_frames_only_the_first_is_decoded() -> None:
    frames = [Image.new("L", (64, 64), n % 250) for n in range(200)]
    data = encoded(SCENE, form="GIF", save_all=True, append_images=frames)
    start = time.perf_counter()
    assert same(look(encoded(SCENE)), look(data))
    assert time.perf_counter() - start < 1


def test_M09_directories_of_exif_that_name_each_other_end() -> None:
    tiff = bytearray(b"MM\0*\0\0\0\x08" + struct.pack(">H", 3))
    for tag in (0x8769, 0x8825, 0x014A):
        tiff += struct.pack(">HHII", tag, 4, 1, 8)
    tiff += struct.pack(">I", 8)
    data = encoded(SCENE, exif=bytes(b"Exif\0\0" + tiff))
    start = time.perf_counter()
    assert Trouble.NONE == look(data).trouble
    assert time.perf_counter() - start < 0.5


def test_M09_long_and_strange_names_of_cameras_are_cut() -> None:
    made = pictures.exif(camera=("\x1b[31mRed" + "x" * 120, "y" * 240))
    seen = look(encoded(SCENE, exif=made))
    assert 200 == len(seen.camera or "")


def test_a_decoder_without_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def starve(*_: object) -> Seen:
        raise MemoryError

    monkeypatch.setattr(photo_child, "_compared", starve)
    assert Trouble.MEMORY == look(encoded(SCENE)).trouble


def test_any_bytes_give_an_answer() -> None:
    rng = random.Random(7)
    for whole in (encoded(SCENE.resize((96, 72)), form=form) for form in ("JPEG", "PNG", "WEBP")):
        for _ in range(60):
            data = bytearray(whole)
            for _ in range(rng.randrange(1, 12)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            look(bytes(data[: rng.randrange(20, len(data) + 1)]))


@pytest.mark.parametrize(
    "drawn",
    [
        Image.new("RGB", (300, 200), "teal"), Image.new("L", (300, 200), 0),
        pictures.slope(1), pictures.horizon(1), SCENE.resize((31, 24)), Image.new("1", (64, 64), 1),
    ],
)  # fmt: skip
def test_pictures_of_nearly_nothing_are_not_compared(drawn: Image.Image) -> None:
    seen = look(encoded(drawn, form="PNG"))
    assert (Trouble.NONE, None, None) == (seen.trouble, seen.hash, seen.likeness)


def test_the_parent_believes_no_more_than_can_be() -> None:
    for wrong in (
        {"latitude": 91.0}, {"latitude": float("nan")}, {"width": -1}, {"trouble": "a secret"},
        {"likeness": b"short"}, {"camera": "x" * 201}, {"taken_at": -5}, {"hash": 2**70 - 1},
    ):  # fmt: skip
        with pytest.raises((msgspec.MsgspecError, OverflowError)):
            SEEN.decode(msgspec.msgpack.encode(wrong))


def test_what_it_says_first_and_last() -> None:
    requests = io.BytesIO()
    asked = ENCODER.encode(Look("a.jpg", None, "UTC"))
    for letter, body in ((b"m", asked), (b"b", encoded(SCENE)), (b"b", b"nonsense")):
        photo_child.pipe.send(requests, letter, body)
    requests.seek(0)
    answers = io.BytesIO()
    photo_child.run(requests, answers)
    answers.seek(0)
    assert 2 == sum(1 for _ in iter(lambda: answers.read(1) == b"m" and _skip(answers), False))


def _skip(answers: io.BytesIO) -> bool:
    (length,) = struct.unpack(">I", answers.read(4))
    return len(answers.read(length)) == length
