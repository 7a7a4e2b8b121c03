"""The measurements still run, and their page says what they found."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

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


@pytest.mark.slow
def test_everything_can_be_measured(tmp_path: Path, scripts: None) -> None:
    from _bench_page import tables
    from _bench_results import Run

    path = tmp_path / "run.json"
    ran = bench(
        "--quick", "--messages", "300", "--media-mb", "1", "--work", tmp_path, "--json", path
    )
    assert (0, ["run.json"]) == (ran.returncode, [one.name for one in tmp_path.iterdir()])
    run = msgspec.json.decode(path.read_bytes(), type=Run)
    assert tables(run) + "\n" == ran.stdout
    assert [300, 300, 300, 150] == [pytest.approx(one.amount, abs=24) for one in run.imports]
    assert all(one.ratio > 0 for one in (*run.imports, *run.media, *run.start, *run.whole_queries))
    assert all(one.hits >= 1 and one.search.median > one.total.median for one in run.searches)
    by_what = {one.what: one for one in run.searches}
    assert 1 == by_what["a very common word"].plain_finds
    assert 0.5 > by_what["one Chinese character"].plain_finds
    assert [3, 3] == [len(run.media), len(run.start)]
    assert run.sizes is not None
    assert run.machine.versions["Python"] == ".".join(map(str, sys.version_info[:3]))
    if sys.platform.startswith("linux"):
        assert all(10 < one.peak_mb < 250 for one in (*run.imports, *run.media))


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


def test_the_page_is_written_from_complete_runs_only() -> None:
    assert 2 == bench("--write-docs", "--quick").returncode
    assert 2 == bench("--write-docs", "--only", "start").returncode
