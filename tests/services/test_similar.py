"""Copies of one picture are found, pictures of different things are not mixed up: with numbers.

Every copy is made as apps make them: compressed again at qualities from 30 to 95, made smaller down
to a quarter. Different pictures are of one kind, so they have much in common: scenes, pages of one
type, screens of one app, and pictures of nearly nothing.
"""

import itertools
import random
import time
from collections.abc import Callable
from pathlib import Path

import pictures
import pytest
import vaults
from pictures import encoded
from PIL import Image
from vaults import Made, Said, Telegram

from chatvault.services import photo_child, similar
from chatvault.services import query as ask
from chatvault.services.photo_messages import Look, Seen
from chatvault.services.photos import look_at_all
from chatvault.services.picture_hash import alike, difference
from chatvault.services.similar import Group, groups
from chatvault.vault.photo_rows import Comparable as Picture
from chatvault.vault.photo_rows import FileChoice

KINDS: dict[str, Callable[[object], Image.Image]] = {
    "scene": pictures.scene, "page": pictures.page, "screen": pictures.screen,
}  # fmt: skip
SCALES = (1, 0.75, 0.5, 0.33, 0.25)
QUALITIES = (30, 60, 95)
FILTERS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)


def look(drawn: Image.Image, quality: int = 95) -> Seen:
    return photo_child.look(encoded(drawn, quality), Look("a.jpg", None, "UTC"))


def picture(file: int, seen: Seen) -> Picture:
    assert seen.hash is not None
    assert seen.likeness is not None
    width, height = seen.width or 0, seen.height or 0
    return Picture(file, width, height, width * height // 9, seen.hash, seen.likeness)


def by_size(found: list[Picture]) -> list[Picture]:
    return sorted(found, key=lambda one: (-one.width * one.height, -one.size, one.file))


def copies(drawn: Image.Image, rng: random.Random) -> list[Image.Image]:
    return [
        drawn.resize((round(drawn.width * s), round(drawn.height * s)), rng.choice(FILTERS))
        for s in SCALES
    ]


@pytest.mark.slow
def test_every_copy_is_found_and_no_two_pictures_are_taken_for_one() -> None:
    """Recall 1.0 of 270 copies, precision 1.0 among 54 pictures that have much in common, all in
    one heap; and the distance between the two, which says how sure that is."""
    rng = random.Random(5)
    heap: list[Picture] = []
    of: dict[int, tuple[str, int]] = {}
    for kind, draw in KINDS.items():
        for number in range(18):
            drawn = draw(number)
            for one in copies(drawn, rng):
                heap.append(picture(len(heap), look(one, rng.choice(QUALITIES))))
                of[len(heap) - 1] = (kind, number)
    found = groups(by_size(heap))
    assert [] == [group for group in found if len({of[file] for file in group}) > 1]
    assert len(heap) == sum(map(len, found)), "a copy was not found"
    best = {of[one.file]: one for one in reversed(by_size(heap))}
    near = [difference(one.likeness, best[of[one.file]].likeness) for one in heap]
    assert max(average for average, _ in near) < 0.17
    assert max(most for _, most in near) < 0.5
    far = [
        difference(one.likeness, other.likeness)
        for one, other in itertools.combinations(best.values(), 2)
    ]
    assert min(average for average, _ in far) > 0.9
    assert min(most for _, most in far) > 3


@pytest.mark.parametrize("quality", range(30, 96, 13))
@pytest.mark.parametrize("scale", [1, 0.25])
def test_a_copy_by_any_app_is_found(quality: int, scale: float) -> None:
    drawn = pictures.scene(quality, 320, 240)
    small = drawn.resize((round(320 * scale), round(240 * scale)), Image.Resampling.BICUBIC)
    heap = [picture(1, look(drawn)), picture(2, look(small, quality))]
    assert [[1, 2]] == groups(heap)


@pytest.mark.parametrize(
    "draw",
    [
        lambda seed: pictures.page(seed, lines=1, width=240, height=320),
        lambda seed: pictures.slope(seed, 96, 72),
        lambda seed: pictures.horizon(seed, 96, 72),
        lambda seed: Image.new("RGB", (96, 72), tuple(random.Random(seed).randbytes(3))),
        lambda seed: corners(seed, 96, 72),
    ],
    ids=["one line", "sky", "sea and sky", "one colour", "four corners"],
)
def test_pictures_of_nearly_nothing_are_never_taken_for_one(
    draw: Callable[[int], Image.Image],
) -> None:
    seen = [look(draw(number)) for number in range(40)]
    heap = [picture(n, one) for n, one in enumerate(seen) if one.hash is not None]
    assert [] == groups(heap)


def corners(seed: int, width: int, height: int) -> Image.Image:
    ends = Image.frombytes("RGB", (2, 2), random.Random(seed).randbytes(12))
    return ends.resize((width, height), Image.Resampling.BILINEAR)


def test_mirrored_pictures_are_found_too() -> None:
    """Half of their frequencies are nothing but noise."""
    half = pictures.scene("mirrored", 160, 240)
    drawn = Image.new("RGB", (320, 240))
    drawn.paste(half, (0, 0))
    drawn.paste(half.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (160, 0))
    heap = [picture(1, look(drawn)), picture(2, look(drawn.resize((140, 105)), 40))]
    assert [[1, 2]] == groups(heap)


def test_another_shape_is_another_picture() -> None:
    drawn = pictures.scene("s", 320, 240)
    heap = [picture(1, look(drawn)), picture(2, look(drawn.resize((240, 240))))]
    assert alike(heap[0].likeness, heap[1].likeness)
    assert [] == groups(heap)
    assert [[1, 2]] == groups([heap[0], picture(2, look(drawn.resize((161, 120))))])


def test_a_part_of_a_picture_is_another_picture() -> None:
    drawn = pictures.scene("p", 320, 240)
    part = drawn.crop((60, 45, 300, 225))
    assert [] == groups([picture(1, look(drawn)), picture(2, look(part))])


def test_each_copy_is_compared_with_the_best_and_a_chain_does_not_grow() -> None:
    grids = [bytes(100 + (n * 7 + step) % 40 for n in range(256)) for step in (0, 2, 4)]
    chain = [
        Picture(n, 100 - n, 100, 1, 0, grid) for n, grid in enumerate(grids)
    ]  # fmt: skip
    assert alike(grids[0], grids[1]) == alike(grids[1], grids[2])
    for group in groups(chain):
        assert all(alike(grids[group[0]], grids[other]) for other in group)


@pytest.mark.slow
def test_a_hundred_thousand_pictures_take_seconds() -> None:
    """2.5 s where this was written; every pair would be five thousand million comparisons."""
    rng = random.Random(1)
    heap = [
        Picture(n, 4000, 3000, 1, rng.getrandbits(64) - 2**63, rng.randbytes(256))
        for n in range(100_000)
    ]
    start = time.process_time()
    assert [] == groups(heap)
    assert time.process_time() - start < 15


def test_exactly_as_many_as_a_comparison_of_all_pairs_finds() -> None:
    """Bands only find candidates faster: up to four bits, every one."""
    rng = random.Random(2)
    grid = bytes(rng.randrange(256) for _ in range(256))
    for bits in range(5):
        hashed = rng.getrandbits(64)
        changed = hashed
        for bit in rng.sample(range(64), bits):
            changed ^= 1 << bit
        heap = [Picture(n, 9, 9, 1, h - 2**63, grid) for n, h in enumerate((hashed, changed))]
        assert [[0, 1]] == groups(heap)


# What is shown


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A photo from the camera, what an app made of it sent twice, and another photo."""
    made = vaults.make(tmp_path / "v")
    photo = pictures.scene("cat", 320, 240)
    big = encoded(photo, exif=pictures.exif(offset="+01:00", place=(-54.8, -68.3)))
    small = encoded(photo.resize((160, 120)), 50)
    other = encoded(pictures.scene("dog", 320, 240))
    for chat, photos in (
        (4501, {"small.jpg": small, "other.jpg": other}),
        (4777, {"big.jpg": big, "again.jpg": small}),
    ):  # fmt: skip
        said = [Said(n, f"{chat} {n}", name) for n, name in enumerate(photos, start=1)]
        files = Telegram(said, title=f"Chat {chat}", chat=chat).files()
        files |= {f"photos/{name}": data for name, data in photos.items()}
        made.bring(vaults.write(tmp_path / str(chat), files))
    with made.writing() as vault:
        look_at_all(vault)
    return made


def shown(
    made: Made, query: ask.Query = ask.EVERYTHING, choice: FileChoice | None = None
) -> list[Group]:
    with made.reading() as vault:
        return similar.similar(vault.db, query, choice or FileChoice())


def only(field: ask.Field, value: str) -> ask.Query:
    return ask.Filter(field, (value,))


def test_a_group_has_the_best_copy_first_and_says_who_sent_each_where(made: Made) -> None:
    (group,) = shown(made)
    best, small = group.copies
    assert (320, 240, "2024-03-09T17:05:30Z", "Invented Two") == (
        best.width, best.height, best.taken_at, best.camera,
    )  # fmt: skip
    assert (-54.8, -68.3) == (best.latitude, best.longitude)
    assert ["big.jpg"] == [sent.name for sent in best.sent]
    assert {("small.jpg", "Chat 4501"), ("again.jpg", "Chat 4777")} == {
        (sent.name, sent.conversation) for sent in small.sent
    }
    assert {"Ada"} == {sent.sender for copy in group.copies for sent in copy.sent}
    assert best.bytes > small.bytes


@pytest.mark.parametrize(
    ("query", "choice", "wanted"),
    [
        (only(ask.Field.IN, "Chat 4501"), None, 1),  # the group is shown whole all the same
        (only(ask.Field.FROM, "Ada"), None, 1),
        (ask.Sent(end=1_600_000_000_000), None, 0),
        (ask.EVERYTHING, FileChoice(larger=1_000_000), 0),
        (ask.EVERYTHING, FileChoice(taken_start=1_700_000_000_000), 1),
        (only(ask.Field.IN, "Chat 4501"), FileChoice(taken_start=1_700_000_000_000), 0),
    ],
)
def test_filters_leave_groups_of_which_a_copy_fits(
    made: Made, query: ask.Query, choice: FileChoice | None, wanted: int
) -> None:
    found = shown(made, query, choice)
    assert wanted == len(found)
    assert all(len(group.copies) == 2 for group in found)


def test_nothing_is_merged(made: Made) -> None:
    before = made.digest()
    shown(made)
    assert before == made.digest()
    assert 3 == made.count("stored_file WHERE member LIKE '%.jpg'")


def test_pictures_that_nobody_looked_at_are_counted(made: Made) -> None:
    with made.reading() as vault:
        assert 0 == similar.not_looked_at(vault.db)
    made.change("DELETE FROM photo")
    with made.reading() as vault:
        assert 3 == similar.not_looked_at(vault.db)
        assert [] == similar.similar(vault.db, ask.EVERYTHING)
