"""Filters for files: what people type means what it says, and nonsense is told by its option."""

from datetime import UTC, datetime
from pathlib import Path

import pictures
import pytest
import vaults
from pictures import encoded, scene
from vaults import Made, Said, Telegram

from chatvault.errors import Usage
from chatvault.services import lists
from chatvault.services import query as ask
from chatvault.services.media_filters import file_choice
from chatvault.services.photos import look_at_all
from chatvault.services.restore_media import Options, restore_media
from chatvault.vault.photo_rows import ANY_FILE, FileChoice, distance

NOW = datetime(2024, 5, 17, 12, tzinfo=UTC)
DAY = 86_400_000
MARCH_9 = 1_709_942_400_000


def choice(**options: str) -> FileChoice:
    given = {name.replace("_", "-"): text for name, text in options.items()}
    return file_choice({**dict.fromkeys(("larger", "near")), **given}, now=NOW, zone=UTC)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0), ("1500", 1500), ("1500b", 1500), ("1500 B", 1500), ("1k", 1000), ("1KB", 1000),
        ("1KiB", 1024), ("1.5MB", 1_500_000), ("1.5 MB", 1_500_000), ("2G", 2_000_000_000),
        ("1 GiB", 2**30), ("0.1TB", 100_000_000_000),
    ],
)  # fmt: skip
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert FileChoice(larger=size) == choice(larger=text)
    assert FileChoice(smaller=size) == choice(smaller=text)


@pytest.mark.parametrize("text", ["", "big", "-1", "1,5MB", "1e9", "1 bb", "1XB", "i", "9" * 40])
def test_what_is_no_size_names_its_option(text: str) -> None:
    with pytest.raises(Usage) as wrong:
        choice(larger=text)
    assert ("--larger", True) == (str(wrong.value.where), "500KB" in wrong.value.remedy)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1.5,103.75", (1.5, 103.75, 1.0)), ("-54.8, -68.3 ,5", (-54.8, -68.3, 5.0)),
        ("90,-180,20000", (90.0, -180.0, 20_000.0)), ("0,0,0.1", (0.0, 0.0, 0.1)),
    ],
)  # fmt: skip
def test_places_are_latitude_longitude_and_kilometres(
    text: str, place: tuple[float, float, float]
) -> None:
    assert FileChoice(near=place) == choice(near=text)


@pytest.mark.parametrize(
    "text",
    [
        "", "1", "here", "1,2,3,4", "1;2", "91,0", "-91,0", "0,181", "nan,0", "0,inf", "0,0,0",
        "0,0,-1", "0,0,nan", "0,0,30000", "103.75,1.5",
    ],
)  # fmt: skip
def test_what_is_no_place_names_its_option(text: str) -> None:
    with pytest.raises(Usage) as wrong:
        choice(near=text)
    assert "--near" == str(wrong.value.where)


def test_times_taken_are_spans_and_limits_that_all_hold() -> None:
    whole = FileChoice(taken_start=MARCH_9, taken_end=MARCH_9 + DAY)
    assert whole == choice(taken="2024-03-09")
    assert FileChoice(taken_start=MARCH_9) == choice(taken_after="2024-03-09")
    assert FileChoice(taken_end=MARCH_9) == choice(taken_before="2024-03-09")
    assert whole == choice(taken="2024-03-09", taken_after="2024", taken_before="2025")
    assert choice(taken="7d").taken_end is None
    with pytest.raises(Usage) as wrong:
        choice(taken_before="soon")
    assert "--taken-before" == str(wrong.value.where)


def test_nothing_asked_is_every_file() -> None:
    assert ANY_FILE == choice()


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        ((48.8584, 2.2945), (51.5007, -0.1246), 341), ((0.0, 179.9), (0.0, -179.9), 22),
        ((90.0, 0.0), (-90.0, 77.0), 20_015), ((1.0, 1.0), (1.0, 1.0), 0),
    ],
)  # fmt: skip
def test_distances_are_those_of_the_globe(
    one: tuple[float, float], other: tuple[float, float], km: float
) -> None:
    assert km == pytest.approx(distance(*one, *other), rel=0.005, abs=0.5)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Photos on both sides of the line where days begin, and one without facts."""
    made = vaults.make(tmp_path / "v")
    files = {
        "east.jpg": encoded(scene(1, 320, 240), exif=pictures.exif(place=(-17.0, 179.99))),
        "west.jpg": encoded(
            scene(2), exif=pictures.exif("2023:01:01 12:00:00", place=(-17.0, -179.99))
        ),
        "none.jpg": encoded(scene(3, 160, 120)),
    }
    said = [Said(number, "look", name) for number, name in enumerate(files, start=1)]
    export = Telegram(said).files() | {f"photos/{name}": data for name, data in files.items()}
    made.bring(vaults.write(tmp_path / "export", export | {"photos/extra.jpg": b"\xff\xd8\xffx"}))
    with made.writing() as vault:
        look_at_all(vault)
    return made


CASES = [
    ({}, {"east.jpg", "west.jpg", "none.jpg"}),
    ({"near": "-17,180,3"}, {"east.jpg", "west.jpg"}),
    ({"near": "-17,179.99"}, {"east.jpg"}),
    ({"near": "17,179.99"}, set()),
    ({"taken": "2024-03-09"}, {"east.jpg"}),
    ({"taken_before": "2024"}, {"west.jpg"}),
    ({"taken_after": "2000"}, {"east.jpg", "west.jpg"}),
    ({"taken_after": "2000", "near": "-17,179.99"}, {"east.jpg"}),
    ({"smaller": "1"}, set()),
    ({"larger": "1GB"}, set()),
    ({"larger": "1", "smaller": "1GB"}, {"east.jpg", "west.jpg", "none.jpg"}),
]


@pytest.mark.parametrize(("options", "wanted"), CASES)
def test_filters_mean_the_same_in_lists_and_in_what_is_restored(
    made: Made, tmp_path: Path, options: dict[str, str], wanted: set[str]
) -> None:
    asked = choice(**options)
    with made.reading() as vault:
        listed = lists.listing(vault.db, "media", ask.EVERYTHING, asked)
        report = restore_media(
            vault, tmp_path / "out", ask.EVERYTHING, options=Options(choice=asked)
        )
    assert wanted == {item.name for item in listed if isinstance(item, lists.ListedMedia)}
    restored = {path.name.rpartition(" ")[2] for path in (tmp_path / "out").rglob("*.jpg")}
    # Without any filter, what no message refers to comes too.
    assert wanted | ({"extra.jpg"} if not options else set()) == restored
    assert (len(restored), bool(wanted)) == (report.files, bool(report.conversations))


def test_filters_of_messages_and_of_files_both_hold(made: Made, tmp_path: Path) -> None:
    asked = choice(near="-17,180,3")
    with made.reading() as vault:
        nobody = ask.Filter(ask.Field.FROM, ("Bohumil",))
        with pytest.raises(Usage):
            lists.listing(vault.db, "media", nobody, asked)
        early = ask.Sent(end=1_700_000_000_000 + 90_000)
        (found,) = lists.listing(vault.db, "media", early, asked)
    assert isinstance(found, lists.ListedMedia)
    assert ("east.jpg", -17.0, 179.99) == (found.name, found.latitude, found.longitude)


def test_a_restored_photo_keeps_the_time_it_was_sent(made: Made, tmp_path: Path) -> None:
    with made.reading() as vault:
        restore_media(vault, tmp_path / "out", ask.EVERYTHING, options=Options(choice=choice()))
    (east,) = (tmp_path / "out").rglob("*east.jpg")
    assert 1_700_000_060 == east.stat().st_mtime
