"""How long a search takes, beside a scan of the same archive and what others search with.

One vault and one plain database hold the same messages. Both are copied after they were made, so
that the same is in memory of both; questions of all kinds come in random order, and each is put to
everybody in turn, now to us first and now to others.
"""

from __future__ import annotations

import random
import shutil
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import make_export
from _bench_peers import Peers, have_ripgrep, versions
from _bench_questions import Question, Row, questions
from _bench_results import Asked, Pages, Paired, Peer, Searched, SearchSizes, Spread, Took
from _bench_tools import MeasuredVault, imported, run, timed
from _environment import say
from _make_history import WHOLE

from chatvault.services.pages import page
from chatvault.services.query import Query
from chatvault.services.search import search
from chatvault.services.select import select
from chatvault.vault import pages, queries
from chatvault.vault.archive import Connection

PAGE = 50
CONTEXT = 25  # messages before and after, on a page of a conversation
WARMING = 5  # questions of each kind before any is measured
SCANS = 5  # questions of each kind that are put to what has to read everything
# With fewer hits, ms for a million say more about a query than about its hits; and one is chance.
MANY, SOME = 10_000, 5


@dataclass(frozen=True)
class Made:
    """What is searched."""

    vault: MeasuredVault
    peers: Path
    built: Took
    sizes: SearchSizes


@dataclass
class _Found:
    """What was measured of one kind, so far."""

    took: defaultdict[str, list[Took]] = field(default_factory=lambda: defaultdict(list))
    hits: list[int] = field(default_factory=list)
    utils: int = 0
    trigram: int = 0


def make(work: Path, messages: int, *, seed: int) -> Made:
    """A vault with a Telegram export in it, and the plain database and text of the same."""
    export, first, second = work / "export", work / "first", work / "second"
    for folder in (export, first, second):
        folder.mkdir()
    make_export.MESSAGES["telegram"](export, messages, seed, WHOLE)
    vault = MeasuredVault.make(first / "bench.chatvault")
    ran, counts = imported(vault, export)
    if counts.new != messages:
        sys.exit(f"{messages:,} messages should be new, but {counts.new:,} were")
    shutil.rmtree(export)
    say("  making the plain database")
    sizes = Peers.make(first, messages, seed, archive=vault.archive_size)
    vault = vault.copy(second / "bench.chatvault")
    for name in ("messages.db", "messages.txt"):
        shutil.copy2(first / name, second / name)
    (first / "messages.db").unlink()  # only the key of the first vault is still needed
    return Made(vault, second, ran.took, sizes)


def measure(made: Made, *, seed: int, asked: int, often: int) -> Searched:
    """Every kind of query, many different ones each; pages of conversations; and the command."""
    rng = random.Random(f"{seed} questions")
    peers = Peers(made.peers)
    db, scanned = made.vault.open(), made.vault.open()
    try:
        texts = peers.texts()
        kinds = questions(texts, rng, asked)
        say("  asking")
        found = _ask_all(db, scanned, peers, kinds, rng)
        _open_all(made, found, kinds, rng, often)
        around = _pages(db, peers, texts, rng, asked)
    finally:
        scanned.close()
        db.close()
        peers.close()
    return Searched(
        made.built, versions(), made.sizes,
        tuple(_asked(what, kinds[what], one) for what, one in found.items()),
        around, _command(made, kinds["a very common word"], often),
    )  # fmt: skip


def _in_turn(
    kinds: dict[str, list[Question]], rng: random.Random, most: int
) -> list[tuple[str, Question]]:
    """So many questions of every kind, at most, in random order."""
    found = [(what, one) for what, asked in kinds.items() for one in asked[:most]]
    rng.shuffle(found)
    return found


def _ask_all(
    db: Connection,
    scanned: Connection,
    peers: Peers,
    kinds: dict[str, list[Question]],
    rng: random.Random,
) -> dict[str, _Found]:
    found = {what: _Found() for what in kinds}
    for _, question in _in_turn(kinds, rng, WARMING):
        _newest(db, question.tree())
        peers.utils(question)
        peers.trigram(question)
    for what, question in _in_turn(kinds, rng, sys.maxsize):
        one = found[what]
        _ask(db, peers, question, one, rng)
        one.hits.append(_total(db, question.tree()))
        utils, trigram = peers.hits(question)
        one.utils += utils
        one.trigram += trigram
        if len(one.took["like"]) < SCANS:
            one.took["like"].append(timed(_scan, scanned, question, "+m.conversation"))
            if question.within:
                one.took["by index"].append(timed(_scan, scanned, question, "m.conversation"))
            if have_ripgrep():
                one.took["ripgrep"].append(timed(peers.ripgrep, question))
    return found


def _ask(
    db: Connection, peers: Peers, question: Question, found: _Found, rng: random.Random
) -> None:
    """One question to everybody, in an order drawn anew."""
    tree = question.tree()

    def ours() -> None:
        found.took["newest"].append(timed(_newest, db, tree))
        found.took["total"].append(timed(_total, db, tree))
        found.took["newest again"].append(timed(_newest, db, tree))
        found.took["total again"].append(timed(_total, db, tree))
        found.took["search"].append(timed(search, db, tree, limit=PAGE))

    def theirs(name: str, ask: Callable[[Question], None]) -> Callable[[], None]:
        return lambda: found.took[name].append(timed(ask, question))

    turns = [ours, theirs("utils", peers.utils), theirs("trigram", peers.trigram)]
    rng.shuffle(turns)
    for turn in turns:
        turn()


def _open_all(
    made: Made,
    found: dict[str, _Found],
    kinds: dict[str, list[Question]],
    rng: random.Random,
    often: int,
) -> None:
    """The first query on an archive that was just opened, by its key."""

    def fresh(tree: Query) -> None:
        db = made.vault.open()
        _newest(db, tree)
        db.close()

    for what, question in _in_turn(kinds, rng, often):
        found[what].took["first"].append(timed(fresh, question.tree()))


def _pages(
    db: Connection, peers: Peers, texts: Sequence[Row], rng: random.Random, asked: int
) -> Pages:
    """Dates drawn from everywhere in conversations; ours with all that hangs on the messages."""
    spans: dict[str, list[int]] = defaultdict(list)
    for title, _, unix, _ in texts:
        spans[title].append(unix)
    places = {title: row for row, title in queries.conversation_titles(db)}
    ours: list[Took] = []
    theirs: list[Took] = []
    for _ in range(asked):
        title = rng.choice(texts)[0]
        unix = rng.randint(spans[title][0], spans[title][-1])
        mine = partial(_page, db, places[title], unix)
        other = partial(peers.page, title, unix, CONTEXT)
        turns = [(ours, mine), (theirs, other)]
        rng.shuffle(turns)
        for took, turn in turns:
            took.append(timed(turn))
    return Pages(asked, Spread.of(ours), Spread.of(theirs))


def _command(made: Made, common: Sequence[Question], often: int) -> Paired:
    """The whole command, from nothing to its end, in turn with a Python that does nothing."""
    ours, theirs = [], []
    vault = made.vault.remembered()
    for place in range(often + 1):
        ours.append(vault.run("search", common[place % len(common)].ours).took)
        theirs.append(run([sys.executable, "-c", "pass"]).took)
    what = "`chatvault search`, the whole command, on a remembered key"
    return Paired(what, "ms", 0, tuple(ours[1:]), "`python -c pass`", 0, tuple(theirs[1:]))


def _asked(what: str, asked: Sequence[Question], found: _Found) -> Asked:
    took = {name: Spread.of(rounds) for name, rounds in found.took.items()}
    many = [
        1e9 * total.seconds / hits
        for hits, total in zip(found.hits, found.took["total again"], strict=True)
        if hits >= MANY
    ]
    everything = max(1, sum(found.hits))
    return Asked(
        what=what, example=asked[0].ours, queries=len(asked), hits=statistics.median(found.hits),
        newest=took["newest"], total=took["total"], newest_again=took["newest again"],
        total_again=took["total again"], search=took["search"], first=took["first"],
        per_million=statistics.median(many) if len(many) >= SOME else 0,
        scans=len(found.took["like"]), like=took["like"],
        utils=Peer(took["utils"], found.utils / everything),
        trigram=Peer(took["trigram"], found.trigram / everything), ripgrep=took.get("ripgrep"),
        like_by_index=took.get("by index"),
    )  # fmt: skip


def _newest(db: Connection, tree: Query) -> None:
    keys = queries.hit_keys(db, select(db, tree), order="newest", limit=PAGE, after=None)
    queries.by_keys(db, keys)


def _total(db: Connection, tree: Query) -> int:
    return queries.count(db, select(db, tree))


def _page(db: Connection, conversation: int, unix: int) -> None:
    center = pages.at(db, conversation, unix * 1000)
    if center is not None:
        page(db, center, context=CONTEXT)


def _scan(db: Connection, question: Question, conversation: str) -> int:
    """LIKE; with a plus before the column of the conversation, SQLite leaves its index alone."""
    within, more = question.within, ""
    if within:
        more = (
            f" AND {conversation} IN (SELECT id FROM conversation WHERE title = ?)"
            " AND m.sent_at >= ? * 1000 AND m.sent_at < ? * 1000"
        )
    sql = f"SELECT count(*) FROM message m WHERE m.text LIKE ?{more}"
    return int(db.execute(sql, (f"%{question.like}%", *within.values())).fetchone()[0])
