"""CR-1: killed at any moment, a vault is as it was before, as it is after, or can go on.

`strace` kills the process at its N-th writing system call, for every N there is (a sample of them,
unless CHATVAULT_ALL_POINTS is set). Afterwards the vault is verified in full, and the same command
run again must end where an undisturbed run ends.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import vaults
from vaults import Made, Telegram, chat

from chatvault.errors import NoVault, Usage, WrongSecret
from chatvault.services import unlock
from chatvault.vault import age, keyring

HERE = Path(__file__).parent
CALLS = (
    "write", "pwrite64", "writev", "fsync", "fdatasync", "rename", "renameat", "renameat2",
    "ftruncate", "unlink", "unlinkat", "mkdir", "mkdirat", "openat",
)  # fmt: skip
SAMPLE = 5  # points of each scenario in an ordinary run
OTHER = "eight brown otters swim slowly"


def strace() -> str:
    """The program, or the reason why these tests are skipped."""
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not installed (apt-get install strace)")
    tried = subprocess.run([found, "-o", os.devnull, "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("strace may not trace here (in a container: --cap-add=SYS_PTRACE)")
    return found


@dataclass(frozen=True)
class Point:
    """The `number`-th call of one system call."""

    call: str
    number: int


@dataclass(frozen=True)
class Scenario:
    """A command, the vault it runs on, and what must be true after it was killed.

    `before` makes the folder `v` below the given one; `after` gets the folder `v` of a killed run
    and the one of an undisturbed run.
    """

    name: str
    arguments: tuple[str, ...]
    before: Callable[[Path], None]
    after: Callable[[Path, Path], None]


def run(
    scenario: Scenario, folder: Path, *tracing: str, expected: int | None = 0
) -> "subprocess.CompletedProcess[str]":
    """Run the command of a scenario in a folder that holds `v` and the exports."""
    ran = subprocess.run(
        [*tracing, sys.executable, str(HERE / "drive.py"), *scenario.arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert expected in (None, ran.returncode), ran.stderr
    return ran


def points(trace: str) -> list[Point]:
    """The calls that change something on a disk; what goes into pipes does not."""
    seen: Counter[str] = Counter()
    found = []
    for line in trace.splitlines():
        call = re.match(r"([a-z0-9]+)\(", line)
        if call is None:
            continue
        name = call[1]
        seen[name] += 1
        if name == "openat" and "O_CREAT" not in line:
            continue
        if name in {"write", "writev"} and not re.match(r"[a-z]+\(\d+</", line):
            continue
        found.append(Point(name, seen[name]))
    return found


def chosen(found: list[Point]) -> list[Point]:
    """All of them, or a sample that reaches from the first to the last."""
    if os.environ.get("CHATVAULT_ALL_POINTS") or len(found) <= SAMPLE:
        return found
    step = (len(found) - 1) / (SAMPLE - 1)
    return [found[round(number * step)] for number in range(SAMPLE)]


def exports(folder: Path) -> None:
    """Two exports of one chat that overlap, three files each."""
    Telegram(chat(1, 30, photos=[3, 25])).folder(folder / "first")
    Telegram(chat(20, 50, photos=[25, 40])).folder(folder / "second")
    other = [vaults.Said(n, f"about the garden, part {n}", who="Cosima") for n in range(5)]
    Telegram(other, title="Cosima Hart", chat=4503).folder(folder / "other")


def nothing(folder: Path) -> None:
    exports(folder)


def empty(folder: Path) -> None:
    exports(folder)
    vaults.make(folder / "v")


def one_import(folder: Path) -> None:
    empty(folder)
    vaults.found(folder / "v").bring(folder / "first")


def two_imports(folder: Path) -> None:
    one_import(folder)
    vaults.found(folder / "v").bring(folder / "second")


def two_strangers(folder: Path) -> None:
    one_import(folder)
    vaults.found(folder / "v").bring(folder / "other")


def undamaged(made: Made, *, unfinished: int = 0) -> None:
    report = made.verify()
    assert () == report.damage
    assert len(report.unfinished) <= unfinished, report.unfinished


def imported(name: str) -> Callable[[Path, Path], None]:
    """After an import: no damage; the same import again completes it, and its receipt adds up."""

    def check(killed: Path, undisturbed: Path) -> None:
        made = vaults.found(killed)
        undamaged(made, unfinished=1)
        (receipt,) = made.bring(killed.parent / name)
        assert receipt.adds_up()
        assert receipt.is_complete()
        untouched = vaults.found(undisturbed)
        (expected,) = untouched.bring(undisturbed.parent / name)
        assert expected.again
        assert (expected.messages, expected.attachments) == (receipt.messages, receipt.attachments)
        ends_like(made, untouched)

    return check


def ends_like(made: Made, untouched: Made) -> None:
    undamaged(made)
    assert untouched.digest() == made.digest()
    assert [] == list(made.layout.tmp.iterdir())
    assert ["archive.db"] == [path.name for path in made.folder.glob("archive.db*")]


def after_init(killed: Path, undisturbed: Path) -> None:
    """No vault, or one that works; making it again works, or says what to do, and that works."""
    try:
        undamaged(vaults.found(killed))
    except NoVault:
        try:
            vaults.make(killed)
        except Usage as refused:
            assert "remove" in refused.remedy
            shutil.rmtree(killed)
            vaults.make(killed)
        undamaged(vaults.found(killed))


def after_undo(killed: Path, undisturbed: Path) -> None:
    made = vaults.found(killed)
    undamaged(made)
    try:
        made.undo(1)
    except Usage:
        undamaged(made)  # it was done: the decision was durable
    ends_like(made, vaults.found(undisturbed))


def after_rebuild(killed: Path, undisturbed: Path) -> None:
    made = vaults.found(killed)
    undamaged(made)
    assert made.rebuild().replaced
    ends_like(made, vaults.found(undisturbed))


def after_passphrase(killed: Path, undisturbed: Path) -> None:
    """Either the old passphrase opens the vault or the new one; never none, never both."""
    layout = unlock.layout_at(killed)
    opened = []
    for text in (vaults.PASSPHRASE, OTHER):
        try:
            secret = age.Passphrase(text, age.TESTING)
            opened.append(keyring.open_ring(layout, secret))
        except WrongSecret:
            continue
    assert 1 == len(opened)
    made = Made(killed, layout, opened[0].ring, age.Identity.generate())
    with made.writing():
        pass
    ends_like(made, Made(undisturbed, unlock.layout_at(undisturbed), opened[0].ring, made.recovery))


SCENARIOS = (
    Scenario("init", ("init", "v"), nothing, after_init),
    Scenario("first import", ("import", "v", "first"), empty, imported("first")),
    Scenario("overlapping import", ("import", "v", "second"), one_import, imported("second")),
    Scenario("many packs", ("import", "v", "first", "1000"), empty, imported("first")),
    Scenario("undo that deletes rows", ("undo", "v", "1"), two_strangers, after_undo),
    Scenario("undo that rebuilds", ("undo", "v", "1"), two_imports, after_undo),
    Scenario("rebuild", ("rebuild", "v"), two_imports, after_rebuild),
    Scenario("another passphrase", ("passphrase", "v", OTHER), one_import, after_passphrase),
)


@pytest.mark.slow
@pytest.mark.guarantee
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_CR_1_killed_at_any_write_a_vault_can_go_on(scenario: Scenario, tmp_path: Path) -> None:
    program = strace()
    start = tmp_path / "start"
    start.mkdir()
    scenario.before(start)
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(start, undisturbed)
    trace = tmp_path / "trace"
    run(scenario, undisturbed, program, "-y", "-o", str(trace), "-e", f"trace={','.join(CALLS)}")
    found = points(trace.read_text(errors="replace"))
    assert len(found) > 5
    unkilled = []
    for point in chosen(found):
        folder = tmp_path / f"{point.call}-{point.number}"
        shutil.copytree(start, folder)
        inject = f"inject={point.call}:signal=KILL:when={point.number}"
        ran = run(
            scenario, folder, program, "-o", os.devnull, "-e", f"trace={point.call}", "-e", inject,
            expected=None,
        )  # fmt: skip
        if ran.returncode == 0:
            unkilled.append(point)  # the last calls are not always the same
        try:
            scenario.after(folder / "v", undisturbed / "v")
        except BaseException as failure:
            failure.add_note(f"killed at {point} of {len(found)}: {folder}")
            raise
        shutil.rmtree(folder)
    assert len(unkilled) <= len(found) // 20, unkilled
