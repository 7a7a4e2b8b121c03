"""Persons in a vault: merged, split, named, suggested, searched for, and kept."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import vaults
from vaults import Made, Said, Telegram

from chatvault.errors import Usage
from chatvault.services import lists, people, suggest_people
from chatvault.services.query import parse
from chatvault.services.search import search

NOW = vaults.NOW


def lines(chat: str, platform: str, *who: dict[str, object], kind: str = "direct") -> bytes:
    """An export in our own form in which each says one thing."""
    told: list[dict[str, object]] = [
        {"chatvault": "records", "version": 1},
        {
            "record": "Conversation", "id": chat, "platform": platform, "title": f"with {chat}",
            "kind": kind,
        },
        *({"record": "Participant", "conversation_id": chat, **one} for one in who),
        *(
            {
                "record": "Message", "id": f"{chat} {number}", "conversation_id": chat,
                "sender_id": one["id"], "seq": number, "kind": "text", "scope": chat,
                "text": f"{one['name']} speaks",
                "sent_at": {"utc_ms": 1_700_000_000_000 + number * 60_000, "as_exported": "x"},
            }
            for number, one in enumerate(who)
        ),
    ]  # fmt: skip
    return b"".join(msgspec.json.encode(line) + b"\n" for line in told)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Ada in Telegram; an Ada in WhatsApp, who is in two conversations; a number in an SMS."""
    folder = tmp_path_factory.mktemp("three")
    made = vaults.make(folder / "v")
    said = [Said(1, "a lighthouse"), Said(2, "far away", who="Bohumil")]
    made.bring(Telegram(said).folder(folder / "telegram"))
    for number, title in enumerate(("Ada", "Two of us")):
        name = f"WhatsApp Chat with {title}.txt"
        files = {
            name: vaults.whatsapp([(number, "Ada", f"lighthouse {title}"), (3, "Cosima", "hm")])
        }
        made.bring(vaults.write(folder / title, files) / name)
    files = {"sms.jsonl": lines("s1", "sms", {"id": "+49 170 1234567", "name": "+49 170 1234567"})}
    made.bring(vaults.write(folder / "sms", files))
    return made


@pytest.fixture
def made(three: Made, tmp_path: Path) -> Made:
    return vaults.copied(three, tmp_path / "v")


def numbers(made: Made, name: str) -> list[str]:
    with made.reading() as vault:
        rows = vault.db.execute("SELECT id FROM participant WHERE name = ? ORDER BY id", [name])
        return [str(row[0]) for row in rows]


def merge(made: Made, *who: str) -> lists.ListedPerson:
    with made.writing() as vault:
        return people.merge(vault, who[0], who[1:], now_ms=NOW)


def found(made: Made, query: str) -> list[str]:
    with made.reading() as vault:
        asked = parse(query, now=datetime(2024, 6, 1, tzinfo=UTC), zone=UTC)
        return [f"{hit.sender}: {hit.text}" for hit in search(vault.db, asked).hits]


def listed(made: Made) -> list[lists.ListedPerson]:
    with made.reading() as vault:
        return people.everybody(vault.db)


def test_a_person_is_one_timeline_over_platforms_newest_first(made: Made) -> None:
    """Each is found under every name that one of them has."""
    first, *others = numbers(made, "Ada")
    person = merge(made, first, *others, *numbers(made, "+49 170 1234567"))
    assert ("Ada", 4, 4) == (person.name, person.messages, len(person.participants))
    whole = [
        "Ada: lighthouse Two of us", "Ada: lighthouse Ada", "Ada: a lighthouse",
        "Ada: +49 170 1234567 speaks",
    ]  # fmt: skip
    assert whole == found(made, "from:Ada") == found(made, 'from:"+49 170 1234567"')
    assert whole[:3] == found(made, "lighthouse from:Ada")
    assert [] == [text for text in found(made, "-from:Ada") if text in whole]


def test_a_person_survives_a_rebuild_and_an_older_archive(three: Made, made: Made) -> None:
    before = made.digest()
    merge(made, *numbers(made, "Ada"))
    digest, persons = made.digest(), listed(made)
    assert before != digest
    assert made.rebuild().replaced
    assert (digest, [p.name for p in persons]) == (made.digest(), [p.name for p in listed(made)])
    shutil.copyfile(three.layout.archive, made.layout.archive)
    with made.writing():
        pass
    assert digest == made.digest()
    assert made.verify().ok


def test_a_person_is_split_and_everything_is_as_before(made: Made) -> None:
    before = made.digest()
    merge(made, *numbers(made, "Ada"))
    with made.writing() as vault:
        assert 3 == len(people.split(vault, "Ada", [], now_ms=NOW))
    assert before == made.digest()


def test_one_name_is_taken_out_of_a_person(made: Made) -> None:
    rows = numbers(made, "Ada")
    merge(made, *rows)
    with made.writing() as vault:
        stayed, left = people.split(vault, "Ada", [int(rows[1])], now_ms=NOW)
    assert ([int(rows[0]), int(rows[2])], [int(rows[1])]) == (
        sorted(p.id for p in stayed.participants), [p.id for p in left.participants]
    )  # fmt: skip


def test_undoing_an_import_takes_its_names_out_of_a_person(made: Made) -> None:
    merge(made, *numbers(made, "Ada"))
    made.undo(2)
    (ada,) = [person for person in listed(made) if person.name == "Ada"]
    assert ["telegram", "whatsapp"] == sorted(p.platform for p in ada.participants)
    digest = made.digest()
    assert made.rebuild().replaced
    assert digest == made.digest()


def test_a_person_whom_no_import_tells_any_more_is_gone(made: Made) -> None:
    merge(made, *numbers(made, "Cosima"))
    assert 1 == made.count("person")
    for number in (2, 3):
        made.undo(number)
    digest = made.digest()
    assert 0 == made.count("person")
    assert made.rebuild().replaced
    assert digest == made.digest()


def test_somebody_who_comes_later_is_the_person_that_was_decided(
    three: Made, tmp_path: Path
) -> None:
    made = vaults.copied(three, tmp_path / "v")
    merge(made, *numbers(made, "Ada"))
    digest = made.digest()
    made.undo(1)
    assert 2 == len(next(p for p in listed(made) if p.name == "Ada").participants)
    made.bring(Telegram([Said(1, "a lighthouse"), Said(2, "far away", who="Bohumil")]).folder(
        tmp_path / "again"
    ))  # fmt: skip
    assert digest == made.digest()


def test_a_new_name_is_shown_and_found_and_taken_back(made: Made) -> None:
    before = made.digest()
    (cosima, *_) = numbers(made, "Cosima")
    with made.writing() as vault:
        assert "Aunt" == people.rename(vault, cosima, " Aunt ", now_ms=NOW).name
    assert ["Aunt: hm"] == found(made, "from:Aunt")
    assert made.rebuild().replaced
    assert ["Aunt: hm"] == found(made, "from:Aunt")
    with made.writing() as vault:
        assert "Cosima" == people.rename(vault, "Aunt", "", now_ms=NOW).name
    assert before == made.digest()


@pytest.mark.parametrize(
    "who", [["Nobody", "Bohumil"], ["Bohumil", "999"], ["Bohumil"], ["Bohumil", "Bohumil"],
            ["Ada", "Bohumil"]],
)  # fmt: skip
def test_a_merge_that_cannot_be_meant_changes_nothing(three: Made, who: list[str]) -> None:
    before = vaults.snapshot(three.layout.packs)
    with three.writing() as vault, pytest.raises(Usage) as caught:
        people.merge(vault, who[0], who[1:], now_ms=NOW)
    assert caught.value.remedy
    assert before == vaults.snapshot(three.layout.packs)


@pytest.mark.parametrize(("person", "only"), [("Bohumil", []), ("Ada", [999]), ("Nobody", [])])
def test_a_split_that_cannot_be_meant_changes_nothing(
    made: Made, person: str, only: list[int]
) -> None:
    merge(made, *numbers(made, "Ada"))
    before = vaults.snapshot(made.layout.packs)
    with made.writing() as vault, pytest.raises(Usage):
        people.split(vault, person, only, now_ms=NOW)
    assert before == vaults.snapshot(made.layout.packs)


def suggested(folder: Path, *exports: bytes) -> list[tuple[list[str], tuple[str, ...]]]:
    made = vaults.make(folder / "v")
    for number, data in enumerate(exports):
        made.bring(vaults.write(folder / str(number), {"x.jsonl": data}))
    with made.reading() as vault:
        return [
            ([f"{one.platform} {one.name}" for one in item.people], item.evidence)
            for item in suggest_people.suggestions(vault.db)
        ]


def person(key: str, name: str, **more: object) -> dict[str, object]:
    return {"id": key, "name": name, **more}


def test_the_same_phone_number_or_address_is_a_reason(tmp_path: Path) -> None:
    found = suggested(
        tmp_path,
        lines("a", "sms", person("+49 170 1234567", "Ada"), person("b@example.org", "Bo")),
        lines("b", "signal", person("x1", "A.", handles=["0170 / 1234567"])),
        lines("c", "matrix", person("x2", "Bohumil", handles=["B@Example.org"])),
        lines("d", "qq", person("1701234567", "a bare number is an account")),
        kind_of_nothing(),
    )
    assert [
        (["sms Ada", "signal A."], ("the same phone number",)),
        (["sms Bo", "matrix Bohumil"], ("the same e-mail address",)),
    ] == found


def kind_of_nothing() -> bytes:
    return lines("e", "line", person("x3", "Zdenka"), kind="group")


def test_the_same_name_is_a_reason_among_the_same_people(tmp_path: Path) -> None:
    crew = ["Ada", "Bo", "Cy"]
    found = suggested(
        tmp_path,
        lines("a", "qq", *(person(f"q{n}", n) for n in crew), kind="group"),
        lines("b", "line", *(person(f"l{n}", n) for n in crew), kind="group"),
        lines("c", "vk", person("v", "Ada"), person("w", "Stranger"), kind="group"),
    )
    why = ("the same name among the same people",)
    assert [([f"qq {name}", f"line {name}"], why) for name in crew] == found


def test_the_same_name_is_a_reason_in_two_direct_conversations(tmp_path: Path) -> None:
    found = suggested(
        tmp_path, lines("a", "qq", person("q", "Ada")), lines("b", "line", person("l", " ADA"))
    )
    assert [(["qq Ada", "line  ADA"], ("the same name in direct conversations",))] == found


def test_a_name_that_many_have_is_no_reason(tmp_path: Path) -> None:
    many = [lines(f"c{n}", "qq", person(f"q{n}", "Anna")) for n in range(14)]
    joined = many[0] + b"".join(one.partition(b"\n")[2] for one in many[1:])
    assert [] == suggested(tmp_path, joined)


def test_whoever_the_exports_are_of_is_one(tmp_path: Path) -> None:
    found = suggested(
        tmp_path,
        lines("a", "qq", person("q", "me", is_me=True), kind="group"),
        lines("b", "line", person("l", "I", is_me=True), kind="group"),
    )
    assert [(["qq me", "line I"], ("exports say that this is you",))] == found


def test_those_who_are_one_already_are_not_suggested(made: Made) -> None:
    merge(made, *numbers(made, "Ada"))
    merge(made, *numbers(made, "Cosima"))
    with made.reading() as vault:
        assert [] == suggest_people.suggestions(vault.db)
