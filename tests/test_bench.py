"""The measurements still run, and their page says what they found."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

if TYPE_CHECKING:
    from _bench_results import Run

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "scripts/bench.py"
PAGE = ROOT / "docs/benchmarks.md"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripts' own modules can be imported."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))


def bench(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def measured(folder: Path, *arguments: str) -> "Run":
    """What the script found of the groups, and that it left nothing behind."""
    from _bench_page import tables
    from _bench_results import Run

    path = folder / "run.json"
    ran = bench("--quick", "--messages", "300", "--work", folder, "--json", path, *arguments)
    assert (0, ["run.json"]) == (ran.returncode, [one.name for one in folder.iterdir()]), ran.stderr
    run = msgspec.json.decode(path.read_bytes(), type=Run)
    assert tables(run) + "\n" == ran.stdout
    return run


@pytest.mark.slow
def test_imports_photos_and_starting_can_be_measured(tmp_path: Path, scripts: None) -> None:
    run = measured(tmp_path, "--media-mb", "1", "--only", "import", "media", "start")
    assert run.imports is not None and run.media is not None and run.start is not None
    imports, media, start = run.imports.found.results, run.media.found, run.start.found
    assert [300, 300, 300, 150] == [pytest.approx(one.amount, abs=24) for one in imports]
    assert all(one.ratio > 0 for one in (*imports, *media, *start))
    assert [3, 3] == [len(media), len(start)]
    assert run.imports.taken.machine.versions["Python"] == ".".join(map(str, sys.version_info[:3]))
    if sys.platform.startswith("linux"):
        assert all(10 < one.peak_mb < 250 for one in (*imports, *media))


@pytest.mark.slow
def test_every_form_that_streams_can_be_measured(tmp_path: Path, scripts: None) -> None:
    run = measured(tmp_path, "--only", "forms")
    assert run.forms is not None
    assert 7 == len(run.forms.found)
    assert all(300 == one.messages and 30_000 < one.export for one in run.forms.found)
    if sys.platform.startswith("linux"):
        assert all(50 < one.peak_mb < 250 for one in run.forms.found)


@pytest.mark.slow
def test_searching_can_be_measured(tmp_path: Path, scripts: None) -> None:
    run = measured(tmp_path, "--only", "search")
    assert run.search is not None
    kinds = {one.what: one for one in run.search.found.kinds}
    assert 8 == len(kinds)
    assert all(one.hits >= 1 and one.search.median > one.total.median for one in kinds.values())
    assert all(0 < one.like.median and 0 < one.first.median for one in kinds.values())
    common, character = kinds["a very common word"], kinds["one Chinese character"]
    assert (1, 0) == (common.utils.finds, character.trigram.finds)
    assert 0.5 > character.utils.finds
    assert (shutil.which("rg") is None) == (common.ripgrep is None)
    by_index = {what for what, one in kinds.items() if one.like_by_index is not None}
    assert {"word, conversation and year"} == by_index
    assert 0 < run.search.found.pages.plain.median


def test_a_ratio_is_the_median_of_the_rounds_own_ratios(scripts: None) -> None:
    from _bench_results import Paired, Took

    # 100 a second against 50; then 100 against 100; then, when all is slow, 10 against 5.
    ours = (Took(1.0, 2.0, 90), Took(1.0, 2.5, 70), Took(10.0, 3.0, 80))
    theirs = (Took(1.0, 1.0), Took(0.5, 0.5), Took(10.0, 1.0))
    one = Paired("this", "MB/s", 100, ours, "that", 50, theirs)
    assert (100, 50, 2) == (one.figure, one.peer_figure, one.ratio)
    assert (2.5, 1, 90) == (one.processor, one.peer_processor, one.peak_mb)
    start = Paired("this", "ms", 0, (Took(0.3, 0.2),), "that", 0, (Took(0.1, 0.1),))
    assert (pytest.approx(300), pytest.approx(1 / 3)) == (start.figure, start.ratio)


def test_the_page_says_what_its_json_says(scripts: None) -> None:
    from _bench_page import page
    from _bench_results import Run
    from _pages import between

    runs = msgspec.json.decode((ROOT / "docs/benchmarks.json").read_bytes(), type=list[Run])
    text = PAGE.read_text(encoding="utf-8")
    assert between(text, "benchmarks", page(runs)) == text


def test_the_page_is_not_written_from_quick_runs() -> None:
    assert 2 == bench("--write-docs", "--quick").returncode


def test_an_import_that_lost_a_message_ends_the_measuring(
    tmp_path: Path, scripts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import _bench_forms
    from _bench_results import Took
    from _bench_tools import Counts, Ran

    def lossy(*_: object) -> tuple[Ran, Counts]:
        return Ran(Took(1, 1), b""), Counts(24, 23, 1)

    monkeypatch.setattr(_bench_forms, "imported", lossy)
    with pytest.raises(SystemExit, match="telegram: 24 messages should be new"):
        _bench_forms.measure(tmp_path, 24, seed=1, rounds=1)


def searched(messages: int, newest: float, **others: float) -> "Run":
    """A run in which the newest 50 of all queries take so many milliseconds."""
    from _bench_results import (
        Asked,
        Group,
        Machine,
        Pages,
        Paired,
        Peer,
        Run,
        Searched,
        SearchSizes,
        Spread,
        Taken,
        Took,
    )

    def ms(name: str, usual: float) -> Spread:
        return Spread(others.get(name, usual), 2 * others.get(name, usual))

    fast, peer = Spread(0.1, 0.2), Peer(Spread(1, 2), 0.5)
    kind = Asked(
        what="a rare word", example="word", queries=9, hits=7, newest=Spread(newest, 2 * newest),
        newest_again=Spread(newest, 2 * newest), total_again=fast, total=fast,
        search=ms("search", 1), first=ms("first", 10), per_million=0, scans=2,
        like=ms("like", 100), utils=peer, trigram=peer, ripgrep=None,
    )  # fmt: skip
    command = Paired("search", "ms", 0, (Took(0.2, 0.2),), "python", 0, (Took(0.01, 0.01),))
    found = Searched(
        Took(10, 10, 200), {"SQLite": "3"}, SearchSizes(1, 1, 1, 1, 1), (kind,),
        Pages(3, ms("page", 1), fast), command,
    )  # fmt: skip
    machine = Machine("cpu", 2, 4, "Linux", "ext4", 0.1, 0.2, {"Python": "3"})
    return Run(messages, search=Group(Taken("2026-01-01", 1, 1, machine), found))


def test_whether_a_target_is_met_is_computed(scripts: None) -> None:
    from _bench_page import page
    from _bench_targets import targets

    assert {True} == {one.met for one in targets(searched(1000, 1.0), None)}
    slow = searched(5000, 2.5, first=16, like=40, page=2, search=2.4)
    assert [False, True, False, True, True, False, False, False, True, False] == [
        one.met for one in targets(slow, searched(1000, 1.0))
    ]
    lines = page([searched(1000, 1.0), slow]).splitlines()
    assert (
        "| newest 50 from one list, again, median, beside 1,000 messages"
        " | the same (up to 1.5 times) | 2.50 times | a rare word | not met |"
    ) in lines
    assert lines.index("## 5,000 messages") < lines.index("## 1,000 messages")


def test_a_newer_group_takes_the_place_of_the_older_one(scripts: None) -> None:
    from _bench_results import Form, Group, Run, Took

    old = searched(1000, 1.0)
    assert old.search is not None
    forms = (Form("Telegram", 1000, 10, 1, (Took(2, 3, 150), Took(1, 2, 160))),)
    both = old.renewed(Run(1000, forms=Group(old.search.taken, forms)))
    assert (old.search, forms) == (both.search, both.forms and both.forms.found)
    again = both.renewed(searched(1000, 2.0))
    assert (searched(1000, 2.0).search, both.forms) == (again.search, again.forms)


def test_runs_are_kept_by_their_number_of_messages(
    tmp_path: Path, scripts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import bench as script

    monkeypatch.setattr(script, "KEPT", tmp_path / "kept.json")
    small, large = searched(1000, 1.0), searched(5000, 2.0)
    for run in (large, small, searched(5000, 3.0)):
        script.keep(run)
    assert [small, searched(5000, 3.0)] == script.kept()


def test_the_memory_of_a_form_is_the_most_of_all_rounds(scripts: None) -> None:
    from _bench_page import tables
    from _bench_results import Form, Group, Run, Took

    old = searched(1000, 1.0).search
    assert old is not None
    forms = (Form("Telegram", 1_000_000, 25_000_000, 1, (Took(50, 30, 150), Took(40, 20, 160))),)
    lines = tables(Run(1_000_000, forms=Group(old.taken, forms))).splitlines()
    assert "### Memory while importing a million messages" in lines
    assert "| Telegram | 22,222 | 25.0 s | 160 MB | 25 MB | 1 |" in lines
