"""Measure ChatVault on invented exports, each figure beside a peer or a limit of the same run.

    python3 scripts/bench.py                        10,000 messages and a small folder of photos
    python3 scripts/bench.py --messages 1000000     what docs/benchmarks.md says
    python3 scripts/bench.py --messages 5000000 --only search
    python3 scripts/bench.py --quick                do the measurements still work?
    python3 scripts/bench.py --page                 only write docs/benchmarks.md from its JSON

Groups for --only: import, forms (memory, for every form of export that streams), search, media,
start. Prints tables and writes the same as JSON. `--write-docs` also keeps the groups that were
measured in docs/benchmarks.json, in place of older ones with as many messages, and writes
docs/benchmarks.md from it. Needs room for about two kilobytes per message and for the photos four
times.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import _environment
from _pages import ROOT, between

_environment.enter("dev")

import msgspec  # noqa: E402  (only in there)
from _bench_forms import measure as measure_forms  # noqa: E402
from _bench_import import measure as measure_imports  # noqa: E402
from _bench_media import measure as measure_media  # noqa: E402
from _bench_page import page, tables  # noqa: E402
from _bench_results import Group, Run, Taken  # noqa: E402
from _bench_search import make as make_searched  # noqa: E402
from _bench_search import measure as measure_searches  # noqa: E402
from _bench_start import measure as measure_start  # noqa: E402
from _bench_tools import load, machine  # noqa: E402
from msgspec.structs import replace  # noqa: E402

PAGE = ROOT / "docs/benchmarks.md"
KEPT = ROOT / "docs/benchmarks.json"
GROUPS = ("import", "forms", "search", "media", "start")


def kept() -> list[Run]:
    """The runs that docs/benchmarks.md tells about."""
    return msgspec.json.decode(KEPT.read_bytes(), type=list[Run]) if KEPT.exists() else []


def pages(runs: list[Run]) -> dict[Path, str]:
    """docs/benchmarks.md with these runs in it."""
    return {PAGE: between(PAGE.read_text(encoding="utf-8"), "benchmarks", page(runs))}


def keep(run: Run) -> None:
    """Put the groups of a run into docs/benchmarks.json."""
    runs = {one.messages: one for one in kept()}
    runs[run.messages] = runs.get(run.messages, run).renewed(run)
    ordered = [runs[messages] for messages in sorted(runs)]
    KEPT.write_bytes(msgspec.json.format(msgspec.json.encode(ordered)) + b"\n")


def write_page() -> None:
    """Bring docs/benchmarks.md up to date."""
    for path, text in pages(kept()).items():
        path.write_text(text, encoding="utf-8", newline="\n")
        _environment.say(f"wrote {path.relative_to(ROOT)}")


def measure(given: argparse.Namespace, work: Path) -> Run:
    """Everything that is asked for, each group in a folder of its own."""
    run = Run(given.messages)
    for name in GROUPS:
        if name in given.only:
            _environment.say(f"measuring: {name}")
            folder = work / name
            folder.mkdir()
            run = _measure_group(name, run, given, folder)
            shutil.rmtree(folder)
    return run


def _measure_group(name: str, run: Run, given: argparse.Namespace, work: Path) -> Run:
    rounds, seed, messages = given.rounds, given.seed, given.messages
    asked, often = (5, 2) if given.quick else (given.asked, 30)
    before = load()

    def taken(times: int) -> Taken:
        today = datetime.now().astimezone().date().isoformat()
        return Taken(today, times, seed, machine(work, before))  # with the load there is now

    if name == "import":
        imports = measure_imports(work, messages, seed=seed, rounds=rounds)
        return replace(run, imports=Group(taken(rounds), imports))
    if name == "forms":
        forms = measure_forms(work, messages, seed=seed, rounds=rounds)
        return replace(run, forms=Group(taken(rounds), forms))
    if name == "search":
        made = make_searched(work, messages, seed=seed)
        searched = measure_searches(made, seed=seed, asked=asked, often=often)
        return replace(run, search=Group(taken(1), searched))
    if name == "media":
        photos = measure_media(work, given.media_mb, seed=seed, rounds=rounds)
        return replace(run, media=Group(taken(rounds), photos))
    return replace(run, start=Group(taken(often), measure_start(often)))


def main(arguments: list[str]) -> int:
    """Exit code of the script."""
    parser = argparse.ArgumentParser(description="measure ChatVault on invented exports")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--media-mb", type=int, help="size of all photos (2000; quick: 5)")
    parser.add_argument("--rounds", type=int, help="how often each is measured (3; quick: 1)")
    parser.add_argument("--asked", type=int, default=100, help="queries of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=GROUPS)
    parser.add_argument("--quick", action="store_true", help="once each, a few queries, few photos")
    parser.add_argument("--work", type=Path, help="folder for exports and vaults, on a real disk")
    parser.add_argument("--json", type=Path, help="where the JSON goes (build/bench-MESSAGES.json)")
    parser.add_argument("--write-docs", action="store_true", help="keep the run in docs/")
    parser.add_argument("--page", action="store_true", help="measure nothing; write the page")
    given = parser.parse_args(arguments)
    if given.page:
        write_page()
        return 0
    if given.write_docs and given.quick:
        parser.error("docs/benchmarks.md is not written from quick runs")
    given.media_mb = given.media_mb or (5 if given.quick else 2000)
    given.rounds = given.rounds or (1 if given.quick else 3)
    with tempfile.TemporaryDirectory(prefix="chatvault-bench-", dir=given.work) as folder:
        run = measure(given, Path(folder))
    path = given.json or ROOT / f"build/bench-{given.messages}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(run)) + b"\n")
    print(tables(run, [*kept(), run]))
    _environment.say(f"wrote {path}")
    if given.write_docs:
        keep(run)
        write_page()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
