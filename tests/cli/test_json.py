"""What `--json` prints is what docs/json.md says: every key, its type, and none besides.

The page is the schema: its tables are read and compared with what the commands print.
"""

import errno
import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from chatvault.cli import main
from chatvault.cli._options import local_zone_name
from chatvault.services import create, destination, ingest, undo, unlock
from chatvault.services.demo_pictures import Mosaic, jpeg
from chatvault.services.ingest import Options, Told
from chatvault.vault import age
from chatvault.vault.keyring import KeyRing
from chatvault.vault.layout import Layout

PAGE = Path(__file__).resolve().parent.parent.parent / "docs/json.md"
SIGNAL = Path(__file__).parent.parent / "importers/fixtures/signal_plaintext/ordinary/input"
PASSPHRASE = "seven grey herons wade slowly"
NOW = 1_717_000_000_250
ROW = re.compile(r"\| `(\S+)` \| (.+?) \| .+ \|")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{3})?Z")


def is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_list(value: object, fits: type | None = None) -> bool:
    return isinstance(value, list) and all(fits is None or isinstance(v, fits) for v in value)


TYPES = {
    "number": lambda value: isinstance(value, float) or is_integer(value),
    "text": lambda value: isinstance(value, str),
    "integer": is_integer,
    "true or false": lambda value: isinstance(value, bool),
    "time": lambda value: isinstance(value, str) and TIME.fullmatch(value) is not None,
    "object": lambda value: isinstance(value, dict),
    "list": lambda value: is_list(value, dict),
    "list of text": lambda value: is_list(value, str),
    "list of integers": lambda value: isinstance(value, list) and all(map(is_integer, value)),
    "list of pairs": lambda value: (
        is_list(value, list)
        and all(len(pair) == 2 and all(map(is_integer, pair)) for pair in value)
    ),
}


def schemas() -> dict[str, dict[str, str]]:
    """Key to type, for each heading of the page."""
    found: dict[str, dict[str, str]] = {}
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        heading, _, text = part.partition("\n")
        found[heading] = dict(ROW.findall(text))
    return found


def wrong(value: object, kind: str) -> bool:
    plain = kind.removesuffix(" or null")
    return not (plain != kind and value is None) and not TYPES[plain](value)


def complaints(value: object, schema: dict[str, str], place: str = "") -> Iterator[str]:
    """Where a value differs from the page."""
    if isinstance(value, list):
        for item in value:
            yield from complaints(item, schema, f"{place}[]")
        return
    if not isinstance(value, dict):
        return
    start = f"{place}." if place else ""
    told = {key for key in schema if re.fullmatch(re.escape(start) + r"[^.\[]+", key)}
    for key in sorted({f"{start}{key}" for key in value} ^ told):
        yield f"{key} is {'missing' if key in told else 'not on the page'}"
    for name, inner in value.items():
        kind = schema.get(start + name, "")
        if kind and wrong(inner, kind):
            yield f"{start}{name} is not {kind}"
        if kind.startswith(("list", "object")) and "receipt" not in name:
            yield from complaints(inner, schema, start + name)


def walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """A command with all commands below it."""
    yield path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            yield from walk(command.commands[name], f"{path} {name}")


def shown(value: object, place: str = "") -> Iterator[str]:
    """The keys that have a value: neither null nor empty."""
    if isinstance(value, list):
        for item in value:
            yield from shown(item, f"{place}[]")
    elif isinstance(value, dict):
        for name, inner in value.items():
            key = f"{place}.{name}" if place else name
            if inner not in (None, [], ""):
                yield key
            yield from shown(inner, key)


RECORDS = [
    {"chatvault": "records", "version": 1},
    {
        "record": "Conversation", "id": "g1", "platform": "wechat", "title": "周末爬山",
        "kind": "group",
    },
    {"record": "Participant", "id": "w1", "name": "小满", "conversation_id": "g1", "is_me": True},
    {"record": "Participant", "id": "w2", "name": "阿哲", "conversation_id": "g1"},
    {
        "record": "Message", "id": "1", "conversation_id": "g1", "sender_id": "w1", "scope": "g1",
        "sent_at": {"utc_ms": 1_700_000_000_000, "as_exported": "1700000000"}, "seq": 0,
        "kind": "image", "text": "山顶", "more_text": ["北京郊外"],
        "attachments": [
            {"name": "hill.jpg", "path": "hill.jpg", "kind": "image", "type": "image/jpeg"},
            {"name": "small.jpg", "path": "small.jpg", "kind": "image", "type": "image/jpeg"},
            {"name": "sea.jpg", "state": "missing_file", "kind": "image", "size": 77,
             "type": "image/jpeg"},
        ],
    },
    {"record": "Reaction", "emoji": "👍", "sender_id": "w2"},
    {
        "record": "Message", "id": "2", "conversation_id": "g1", "sender_id": "w2", "scope": "g1",
        "sent_at": {"utc_ms": 1_700_000_060_250, "as_exported": "1700000060.25"}, "seq": 1,
        "kind": "text", "text": "北京真冷\u0085\u202e", "reply_to_id": "1", "marks": ["edited"],
        "edited_at": {"utc_ms": 1_700_000_090_000, "as_exported": "1700000090"},
        "versions": [
            {"text": "真冷", "at": {"utc_ms": 1_700_000_070_000, "as_exported": "1700000070"}}
        ],
    },
]  # fmt: skip
WHATSAPP = """\
05/13/24, 10:00 - Ottilie Marsh: Only ovens?
05/13/24, 10:01 - Noor Hallam: And chairs, 北京
05/13/24, 10:02 - Noor Hallam: IMG-20240513-WA0001.jpg (file attached)
05/14/24, 10:02 - Noor Hallam: And the duck
"""


@dataclass(frozen=True)
class Made:
    """A vault, and the exports beside it that are in it or may come."""

    layout: Layout
    ring: KeyRing
    records: Path
    whatsapp: Path

    def run(self, *words: str | Path, code: int = 0) -> Any:
        """What a command prints with --json, which is all that it prints on standard output."""
        environment = {"CHATVAULT_PASSPHRASE": PASSPHRASE, "CHATVAULT_VAULT": str(self.layout.root)}
        ran = CliRunner().invoke(main, [*map(str, words), "--json"], env=environment)
        assert code == ran.exit_code, ran.stderr
        return json.loads(ran.stdout)

    def damage_the_photo(self) -> None:
        """Change one bit of the pack that holds the photo, in its first chunk."""
        with unlock.reading(self.layout, self.ring) as vault:
            [(pack,)] = vault.db.execute(
                "SELECT pack FROM stored_file WHERE member LIKE '%hill.jpg'"
            )
        path = self.layout.packs / pack
        data = bytearray(path.read_bytes())
        data[2000] ^= 1
        path.write_bytes(data)


class Stop(Exception):
    """An import is broken off here."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A new vault, and two exports."""
    home = tmp_path_factory.mktemp("json")
    records, whatsapp = home / "records", home / "WhatsApp Chat with Bakers Row.txt"
    records.mkdir()
    lines = [*(json.dumps(record) for record in RECORDS), '{"record": "Message", "id": 3}', ""]
    (records / "hiking.jsonl").write_text("\n".join(lines), encoding="utf-8")
    hill = Mosaic.of("hill")
    taken, place = datetime.fromisoformat("2023-11-12T09:15:30"), (-54.8, -68.3)
    photo = jpeg(hill, taken=taken, offset="+08:00", place=place, scale=3)
    (records / "hill.jpg").write_bytes(photo)
    (records / "small.jpg").write_bytes(jpeg(hill))
    (records / "unknown.jpg").write_bytes(b"\xff\xd8\xff\xe0 nor this one \xff\xd9")
    whatsapp.write_text(WHATSAPP, encoding="utf-8")
    layout, ring = create.create(
        home / "family.chatvault", PASSPHRASE, recovery=None, profile=age.TESTING
    )
    (layout.root / "stranger.txt").write_text("not ours")
    return Made(layout, ring, records, whatsapp)


def break_off(made: Made, export: Path) -> None:
    """Begin to import, and stop while the second file is stored; one pack is durable then."""
    stored = []

    def stop(what: str, _done: int, _total: int) -> None:
        stored.append(what)
        if stored.count("storing files") == 2:
            raise Stop

    options = Options(told=Told(local_zone=local_zone_name()), pack_size=1)
    with unlock.writing(made.layout, made.ring) as vault, pytest.raises(Stop):
        ingest.ingest(vault, [export], now_ms=NOW, options=options, progress=stop)


def decide(made: Made, run: Callable[..., Any]) -> None:
    """One conversation once more, as another phone has it: once with a wrong zone, once without."""
    again = ["import", made.whatsapp, "--conversation"]
    made.run(*again, "Wrong clock", "--timezone", "Asia/Tokyo")
    (wrong,) = run("chatvault conversations merge", "--suggest")
    with unlock.writing(made.layout, made.ring) as vault:
        undo.undo(vault, wrong["import"], now_ms=NOW)
    other = made.whatsapp.with_name("WhatsApp Chat with The Row.txt")
    other.write_text(WHATSAPP.replace("Noor Hallam", "Noor"), encoding="utf-8")
    made.run("import", other)
    names = ["Bakers Row", "The Row"]
    run("chatvault conversations merge", *names, "--dry-run")
    merged = run("chatvault conversations merge", *names)
    once_more = made.whatsapp.with_name("WhatsApp Chat with The Street.txt")
    once_more.write_text(WHATSAPP.replace("the duck", "the goose"), encoding="utf-8")
    made.run("import", once_more)
    (ottilie, noor) = run("chatvault people merge", "--suggest")
    assert {"Ottilie Marsh"} == {one["name"] for one in ottilie["people"]}
    numbers = [str(one["id"]) for one in noor["people"]]
    person = run("chatvault people merge", *numbers)
    assert ("Noor Hallam", 6) == (person["name"], person["messages"])
    assert person in run("chatvault people list")
    assert (8, 4) == (merged["messages_before"], merged["messages"])


def with_a_gap(home: Path) -> Made:
    """A vault with two exports of one conversation, and two months between them."""
    layout, ring = create.create(
        home / "gap.chatvault", PASSPHRASE, recovery=None, profile=age.TESTING
    )
    made = Made(layout, ring, home / "unused", home / "WhatsApp Chat with Bakers Row.txt")
    start = date(2024, 1, 1)
    for days in (range(60), range(130, 190)):
        made.whatsapp.unlink(missing_ok=True)
        lines = [
            f"{start + timedelta(days=n):%m/%d/%y}, 10:00 - Ottilie Marsh: Day {n}\n" for n in days
        ]
        made.whatsapp.write_text("".join(lines), encoding="utf-8")
        made.run("import", made.whatsapp, "--date-order", "mdy")
    return made


def fill_the_disk(_file: object, _data: bytes) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture(scope="module")
def printed(made: Made) -> dict[str, list[Any]]:
    """What each command prints, under its heading on the page."""
    out: dict[str, list[Any]] = {heading: [] for heading in schemas()}

    def run(heading: str, *more: str | Path, code: int = 0) -> Any:
        out[heading].append(made.run(*heading.split()[1:], *more, code=code))
        return out[heading][-1]

    run("chatvault identify", made.records, made.whatsapp)
    run("chatvault platforms")
    break_off(made, made.records)
    run("chatvault verify", code=3)
    run("chatvault list imports")
    for flags in (["--dry-run"], [], []):
        run("chatvault import", made.records, *flags, code=3)
    run("chatvault import", made.whatsapp)
    run("chatvault import", SIGNAL, "--dry-run")
    first = run("chatvault search", "北京", "--limit", "1")
    run("chatvault search", "北京", "--cursor", first["next"])
    run("chatvault show", str(made.run("search", "山顶")["hits"][0]["id"]))
    for what in ("conversations", "people", "media", "imports", "similar"):
        run(f"chatvault list {what}")
    out["chatvault list media"].append(made.run("list", "missing"))
    decide(made, run)
    run("chatvault verify", "--full")
    out_of = made.records.parent
    restored = {
        "chatvault restore media": (),
        "chatvault restore originals": (),
        "chatvault restore chats": ("--format", "txt"),
    }
    for heading, options in restored.items():
        run(heading, out_of / f"whole {heading}", *options)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(destination, "write_all", fill_the_disk)
            run(heading, out_of / f"full {heading}", *options, code=17)
    run("chatvault stats")
    (made.records.parent / "gap").mkdir()
    out["chatvault stats"].append(with_a_gap(made.records.parent / "gap").run("stats"))
    run("chatvault info")
    run("chatvault keys list")
    for name in ("new-1.jpg", "new-2.jpg"):
        (made.records / name).write_bytes(b"\xff\xd8\xff\xe0" + name.encode())
    break_off(made, made.records)
    run("chatvault rebuild")
    made.damage_the_photo()
    for heading, options in restored.items():
        run(heading, out_of / f"damaged {heading}", *options, code=13)
    run("chatvault verify", "--full", code=13)
    run("chatvault rebuild", code=13)
    return out


HEADINGS = sorted(schemas())


@pytest.mark.slow
@pytest.mark.parametrize("heading", HEADINGS)
def test_a_command_prints_the_keys_and_types_of_its_page(
    printed: dict[str, list[Any]], heading: str
) -> None:
    schema = schemas()[heading]
    assert [] == [text for value in printed[heading] for text in complaints(value, schema)]


@pytest.mark.slow
@pytest.mark.parametrize("heading", HEADINGS)
def test_every_key_of_the_page_was_seen_with_a_value(
    printed: dict[str, list[Any]], heading: str
) -> None:
    """Otherwise the test above would say nothing of it."""
    seen = {key for value in printed[heading] for key in shown(value)}
    assert set() == set(schemas()[heading]) - seen


@pytest.mark.slow
def test_a_listed_receipt_has_the_form_of_an_import(printed: dict[str, list[Any]]) -> None:
    receipts = [
        item["receipt"]
        for value in printed["chatvault list imports"]
        for item in value
        if item["receipt"] is not None
    ]
    assert [] == list(complaints({"imports": receipts}, schemas()["chatvault import"]))
    assert 2 == len(receipts)


@pytest.mark.slow
def test_values_mean_what_the_page_says(printed: dict[str, list[Any]]) -> None:
    tried, done, again = (value["imports"][0] for value in printed["chatvault import"][:3])
    assert (0, 2, 2) == (tried["import"], done["import"], again["import"])
    assert ([1], False, True) == (done["finishes"], done["again"], again["again"])
    assert {"items": 3, "new": 2, "known": 0, "updated": 0, "unread": 1} == done["messages"]
    assert "2023-11-14T22:13:20Z" == done["first"]
    assert "2023-11-14T22:14:20.250Z" == done["last"]
    [page] = printed["chatvault show"]
    asked, answer = page["messages"]
    assert asked["id"] == answer["reply_to"]
    assert "北京真冷\u0085\u202e" == answer["text"]
    first, second = printed["chatvault search"]
    assert (3, 1, 2) == (first["total"], len(first["hits"]), len(second["hits"]))
    assert second["next"] is None
    for hit in (*first["hits"], *second["hits"]):
        assert ["北京"] == [hit["text"][start:end] for start, end in hit["marks"]]


@pytest.mark.slow
def test_nothing_that_could_steer_a_terminal_is_printed(made: Made) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "chatvault", "search", "--json", "北京"],
        env={
            **os.environ, "CHATVAULT_PASSPHRASE": PASSPHRASE,
            "CHATVAULT_VAULT": str(made.layout.root),
        },
        capture_output=True, check=True,
    )  # fmt: skip
    text = ran.stdout.decode()
    assert [] == [c for c in text if c != "\n" and unicodedata.category(c) in {"Cc", "Zl", "Zp"}]
    assert "北京真冷\u0085\u202e" in [hit["text"] for hit in json.loads(text)["hits"]]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["search", "from:Nobody"], 2),
        (["search", '"open'], 2),
        (["show", "4000"], 2),
        (["import", "nowhere"], 2),
        (["identify", "nowhere"], 2),
    ],
)
@pytest.mark.slow
def test_after_an_error_standard_output_is_empty(made: Made, words: list[str], code: int) -> None:
    environment = {
        "CHATVAULT_PASSPHRASE": PASSPHRASE, "CHATVAULT_VAULT": str(made.layout.root)
    }  # fmt: skip
    ran = CliRunner().invoke(main, [*words, "--json"], env=environment)
    assert (code, "") == (ran.exit_code, ran.stdout)
    assert "chatvault: " in ran.stderr


@pytest.mark.slow
def test_a_wrong_passphrase_prints_nothing_on_standard_output(made: Made) -> None:
    environment = {"CHATVAULT_PASSPHRASE": "wrong", "CHATVAULT_VAULT": str(made.layout.root)}
    ran = CliRunner().invoke(main, ["list", "--json"], env=environment)
    assert (12, "") == (ran.exit_code, ran.stdout)


def test_the_page_has_every_command_that_prints_json() -> None:
    found = set()
    for name in main.list_commands(click.Context(main)):
        try:
            command = main.get_command(click.Context(main), name)
        except ModuleNotFoundError:
            continue
        for path, one in walk(command, f"chatvault {name}"):
            if any("--json" in option.opts for option in one.params):
                found.add(path)
    told = {
        re.sub(r"(?<= list) (conversations|people|media|imports|similar)$", "", h) for h in HEADINGS
    }
    assert told == found


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"a": 1, "b": []}, []),
        ({"a": 1}, ["b is missing"]),
        ({"a": True, "b": []}, ["a is not integer"]),
        ({"a": 1, "b": [{"at": "2024-05-17T08:00:05+00:00"}]}, ["b[].at is not time or null"]),
        ({"a": 1, "b": [{"at": None}]}, []),
        ({"a": 1, "b": [{}]}, ["b[].at is missing"]),
        ({"a": 1, "b": [], "c": 1}, ["c is not on the page"]),
    ],
)
def test_a_difference_is_found(value: object, wanted: list[str]) -> None:
    schema = {"a": "integer", "b": "list", "b[].at": "time or null"}
    assert wanted == list(complaints(value, schema))
