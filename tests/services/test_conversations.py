"""Merging, splitting and renaming conversations in a vault that is rebuilt, undone, caught up."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
import vaults
from vaults import Made, Said, Telegram, chat

from chatvault.errors import Damaged, Usage
from chatvault.services import conversations, decide, rebuild, replay, suggest
from chatvault.vault import catalogue
from chatvault.vault.manifest import MergeConversation

NOW = vaults.NOW
OLD = {"Ada": "user77", "Bohumil": "user78", "Cosima": "user79"}


class OtherTelegram(Telegram):
    """The same talk as another account has it: its own numbers for messages and people."""

    def result(self) -> bytes:
        data = super().result()
        for name, key in vaults.PEOPLE.items():
            data = data.replace(key.encode(), OLD[name].encode())
        return data


def renumbered(said: Sequence[Said], by: int = 1000) -> list[Said]:
    """The same messages, at the same minutes, under other ids."""
    return [Said(s.number + by, s.text, s.photo, s.who, s.number) for s in said]


def one(folder: Path) -> Path:
    return Telegram(chat(1, 40, photos=[3, 25])).folder(folder / "one")


def other(folder: Path) -> Path:
    said = renumbered(chat(20, 60, photos=[25]))
    return OtherTelegram(said, title="Ada from before", chat=9901).folder(folder / "other")


def more(folder: Path) -> Path:
    return Telegram(chat(30, 70)).folder(folder / "more")


EXPORTS: dict[str, Callable[[Path], Path]] = {"one": one, "other": other, "more": more}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return vaults.make(tmp_path_factory.mktemp("empty") / "v")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, empty: Made) -> Made:
    """A vault with two conversations that are one."""
    return after(tmp_path_factory.mktemp("two"), empty, "one", "other")


def after(folder: Path, made: Made, *names: str) -> Made:
    found = vaults.copied(made, folder / ("v-" + "-".join(names)))
    for name in names:
        found.bring(EXPORTS[name](folder / "exports"))
    return found


@pytest.fixture
def made(two: Made, tmp_path: Path) -> Made:
    return vaults.copied(two, tmp_path / "v")


def merge(made: Made, into: str, *others: str) -> conversations.Merged:
    with made.writing() as vault:
        return conversations.merge(vault, conversations.plan(vault.db, into, others), now_ms=NOW)


def split(made: Made, given: str) -> None:
    with made.writing() as vault:
        conversations.split(vault, given, now_ms=NOW)


def test_a_merge_finds_equal_messages_and_who_is_who(made: Made) -> None:
    told = merge(made, "Ada Lind", "Ada from before")
    assert (59, 79, "Ada Lind") == (told.messages, told.messages_before, told.title)
    assert {("Ada", "Ada"), ("Bohumil", "Bohumil")} == {(s.name, s.same_as) for s in told.same}
    assert ("Ada from before",) == told.merged
    assert (1, 59, 2) == tuple(map(made.count, ("conversation", "message", "participant")))
    report = made.verify()
    assert ((), ()) == (report.damage, report.unfinished)
    digest = made.digest()
    assert made.rebuild().replaced
    assert digest == made.digest()


def decided_first(made: Made, folder: Path, empty: Made, *names: str) -> Made:
    """A vault that knew the decisions of another before its first import."""
    found = vaults.copied(empty, folder / ("first-" + "-".join(names)))
    with made.reading() as vault:
        rows = vault.db.execute("SELECT line FROM decision ORDER BY entry, place").fetchall()
    lines = [decide.manifest.DECODER.decode(row[0]) for row in rows]
    with found.writing() as vault:
        decide.decide_values(vault, lines, now_ms=NOW)
    for name in names:
        found.bring(EXPORTS[name](folder / "first"))
    return found


@pytest.mark.parametrize("names", [("one", "other"), ("other", "one")], ids="-".join)
def test_a_merge_equals_the_decision_before_both_imports(
    made: Made, tmp_path: Path, empty: Made, names: tuple[str, ...]
) -> None:
    merge(made, "Ada Lind", "Ada from before")
    first = decided_first(made, tmp_path, empty, *names)
    assert first.digest() == made.digest()


def test_later_imports_of_a_merged_conversation_follow_the_decision(
    made: Made, tmp_path: Path
) -> None:
    merge(made, "Ada Lind", "Ada from before")
    said = renumbered(chat(10, 90))
    (receipt,) = made.bring(
        OtherTelegram(said, title="Ada from before", chat=9901).folder(tmp_path / "later")
    )
    assert (30, 0) == (receipt.messages.new, receipt.messages.unread)
    assert (1, 89) == (made.count("conversation"), made.count("message"))
    digest = made.digest()
    assert made.rebuild().replaced
    assert digest == made.digest()


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2, 3])
def test_undoing_and_merging_commute(empty: Made, tmp_path: Path, number: int) -> None:
    made = after(tmp_path, empty, "one", "other", "more")
    merged = vaults.copied(made, tmp_path / "merged")
    merge(merged, "Ada Lind", "Ada from before")
    kept = vaults.copied(merged, tmp_path / "kept")
    merged.undo(number)
    with kept.reading() as vault:
        rows = vault.db.execute("SELECT line FROM decision ORDER BY entry, place").fetchall()
    lines = [decide.manifest.DECODER.decode(row[0]) for row in rows]
    made.undo(number)
    with made.writing() as vault:
        decide.decide_places(vault, lines, now_ms=NOW)
    assert merged.digest() == made.digest()


def test_a_split_gives_back_what_was_there(two: Made, made: Made) -> None:
    merge(made, "Ada Lind", "Ada from before")
    split(made, "Ada Lind")
    assert two.digest() == made.digest()
    with pytest.raises(Usage):
        split(made, "Ada Lind")


@pytest.mark.parametrize(
    ("into", "others"),
    [
        ("77", ["Ada Lind"]), ("Ada Lind", ["77"]), ("Nobody", ["Ada Lind"]),
        ("Ada Lind", ["Ada Lind"]), ("ada lind ", ["1"]), ("Ada Lind", []),
    ],
)  # fmt: skip
def test_a_merge_that_cannot_be_meant_changes_nothing(
    two: Made, into: str, others: list[str]
) -> None:
    before = vaults.snapshot(two.layout.packs)
    with two.reading() as vault, pytest.raises(Usage) as caught:
        conversations.plan(vault.db, into, others)
    assert caught.value.remedy
    assert before == vaults.snapshot(two.layout.packs)


def test_the_old_title_leads_to_the_merged_conversation(made: Made) -> None:
    merge(made, "Ada Lind", "Ada from before")
    with made.reading() as vault:
        assert "Ada Lind" == conversations.find(vault.db, "ADA FROM BEFORE").title
        with pytest.raises(Usage, match="with itself"):
            conversations.plan(vault.db, "Ada Lind", ["Ada from before"])


def test_conversations_of_two_platforms_are_not_merged(made: Made, tmp_path: Path) -> None:
    name = "WhatsApp Chat with Ada Berg.txt"
    files = {name: vaults.whatsapp([(1, "Ada Berg", "hi")])}
    made.bring(vaults.write(tmp_path / "w", files) / name)
    with made.reading() as vault, pytest.raises(Usage) as caught:
        conversations.plan(vault.db, "Ada Lind", ["Ada Berg"])
    assert "people merge" in caught.value.remedy


def title(made: Made, row: int = 1) -> str:
    with made.reading() as vault:
        return str(
            vault.db.execute("SELECT title FROM conversation WHERE id = ?", [row]).fetchone()[0]
        )


def test_a_renamed_conversation_keeps_its_title_and_gets_the_old_one_back(made: Made) -> None:
    before = made.digest()
    with made.writing() as vault:
        assert "Grandma" == conversations.rename(vault, "Ada Lind", " Grandma ", now_ms=NOW)
    digest = made.digest()
    assert before != digest
    assert made.rebuild().replaced
    assert (digest, "Grandma") == (made.digest(), title(made))
    with made.writing() as vault:
        assert "Ada Lind" == conversations.rename(vault, "Grandma", "", now_ms=NOW)
    assert before == made.digest()


def test_a_decision_in_the_packs_is_caught_up_with(two: Made, made: Made) -> None:
    """The archive of an older copy, with the packs of today."""
    merge(made, "Ada Lind", "Ada from before")
    digest = made.digest()
    shutil.copyfile(two.layout.archive, made.layout.archive)
    with made.writing():
        pass
    assert digest == made.digest()


@pytest.mark.parametrize(
    ("broken", "conversations_left"), [("_decided", 2), ("_replay_import", 2), ("_put_in_place", 1)]
)
def test_a_merge_that_was_broken_off_is_done_or_was_never_begun(
    made: Made, monkeypatch: pytest.MonkeyPatch, broken: str, conversations_left: int
) -> None:
    """From the moment on that the decision is durable the next writer finishes it."""

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    owner = rebuild if broken == "_put_in_place" else replay.Replay
    monkeypatch.setattr(owner, broken, stop)
    with pytest.raises(KeyboardInterrupt):
        merge(made, "Ada Lind", "Ada from before")
    monkeypatch.undo()
    with made.writing() as vault:
        assert 4 - conversations_left == catalogue.head(vault.db)[0]
    assert conversations_left == made.count("conversation")
    assert made.verify().ok


def test_a_merge_that_the_archive_could_not_follow_is_not_written(
    two: Made, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fewer(self: replay.Replay, *_: object) -> None:
        self.fewer.append("import 1: 0 messages instead of 39")

    monkeypatch.setattr(replay.Replay, "_compare", fewer)
    before = vaults.snapshot(made.layout.packs)
    with pytest.raises(Damaged, match="nothing was changed"):
        merge(made, "Ada Lind", "Ada from before")
    monkeypatch.undo()
    assert before == vaults.snapshot(made.layout.packs)
    with made.writing():
        pass
    assert two.digest() == made.digest()


def suggested(made: Made) -> list[suggest.Suggestion]:
    with made.reading() as vault:
        return suggest.suggestions(vault.db)


def test_equal_messages_are_a_reason_to_suggest_a_merge(two: Made) -> None:
    (found,) = suggested(two)
    assert ("20 of 20 messages in 2023-11 are in both",) == found.evidence
    assert {"Ada Lind", "Ada from before"} == {one.title for one in found.conversations}
    assert found.command.startswith("chatvault conversations merge ")
    assert (None, 0) == (found.number, found.clock_minutes)


def test_what_is_merged_is_not_suggested_again(made: Made) -> None:
    merge(made, "Ada Lind", "Ada from before")
    assert [] == suggested(made)


def test_one_greeting_to_many_is_no_reason(empty: Made, tmp_path: Path) -> None:
    made = vaults.copied(empty, tmp_path / "v")
    for number in range(4):
        said = [Said(n, f"only here, {number} and {n}") for n in range(1, 30)]
        said.append(Said(30, "a happy new year to all of you!"))
        made.bring(Telegram(said, title=f"Friend {number}", chat=number + 1).folder(
            tmp_path / str(number)
        ))  # fmt: skip
    assert [] == suggested(made)


def test_a_few_equal_messages_among_many_others_are_no_reason(empty: Made, tmp_path: Path) -> None:
    made = vaults.copied(empty, tmp_path / "v")
    for number in range(2):
        said = [Said(n, f"only here, {number} and {n}") for n in range(1, 60)]
        for shared in range(5, 55, 9):
            said[shared] = Said(shared + 1, f"read this everybody, part {shared}")
        made.bring(Telegram(said, title=f"Group {number}", chat=number + 1).folder(
            tmp_path / str(number)
        ))  # fmt: skip
    assert [] == suggested(made)


def test_who_is_who_is_not_told_by_a_text_that_two_people_wrote(
    empty: Made, tmp_path: Path
) -> None:
    """Both said it in the same minute, and only one of them is in the other export."""
    made = vaults.copied(empty, tmp_path / "v")
    said = [Said(n, f"good night, all of you {n // 2}", who="Ada" if n % 2 else "Bohumil",
                 minute=n // 2) for n in range(2, 40)]  # fmt: skip
    made.bring(Telegram(said).folder(tmp_path / "one"))
    only = [Said(s.number + 1000, s.text, who="Cosima", minute=s.minute) for s in said[::2]]
    made.bring(OtherTelegram(only, title="Other", chat=9901).folder(tmp_path / "other"))
    with made.reading() as vault:
        assert () == conversations.plan(vault.db, "Ada Lind", ["Other"]).told.same


def test_the_two_sides_of_a_direct_conversation_are_a_reason(empty: Made, tmp_path: Path) -> None:
    made = vaults.copied(empty, tmp_path / "v")
    for number, (me, you) in enumerate((("a", "b"), ("b", "a"))):
        told = [
            {"chatvault": "records", "version": 1},
            {"record": "Conversation", "id": f"wxid_{you}", "platform": "wechat", "title": you,
             "kind": "direct", "owner": f"wxid_{me}"},
            {"record": "Participant", "id": f"wxid_{me}", "name": me, "is_me": True,
             "conversation_id": f"wxid_{you}"},
            {"record": "Message", "id": "1", "scope": f"wxid_{you}", "seq": 0, "kind": "text",
             "conversation_id": f"wxid_{you}", "sender_id": f"wxid_{me}", "text": f"from {me}",
             "sent_at": {"utc_ms": 1_700_000_000_000 + number, "as_exported": "1"}},
        ]  # fmt: skip
        data = b"".join(msgspec.json.encode(line) + b"\n" for line in told)
        made.bring(vaults.write(tmp_path / me, {"x.jsonl": data}))
    (found,) = suggested(made)
    assert (
        "they are the two sides of one conversation, each exported by one of the two people",
    ) == found.evidence
    told = merge(made, "a", "b")
    assert (2, 2) == (told.messages_before, told.messages)


def test_ids_that_are_the_same_in_both_are_found_to_be(
    two: Made, empty: Made, tmp_path: Path
) -> None:
    """Another generation of the app gave the conversation another id, and the messages the same."""
    made = vaults.copied(empty, tmp_path / "v")
    made.bring(Telegram(chat(1, 40)).folder(tmp_path / "old"))
    made.bring(Telegram(chat(20, 60), chat=9901).folder(tmp_path / "new"))
    for vault_made, others, expected in ((made, "2", "shared"), (two, "Ada from before", "own")):
        with vault_made.reading() as vault:
            planned = conversations.plan(vault.db, "1", [others])
        assert [expected] == [
            line.ids for line in planned.lines if isinstance(line, MergeConversation)
        ]
    assert 59 == merge(made, "1", "2").messages
    assert 0 == made.count("message_other_id")


def test_the_same_title_is_a_reason_unless_the_talk_is_another(empty: Made, tmp_path: Path) -> None:
    for start, expected in ((100, ["both have the same title"]), (1, [])):
        made = vaults.copied(empty, tmp_path / f"v{start}")
        made.bring(Telegram(chat(1, 40)).folder(tmp_path / f"a{start}"))
        said = [Said(n, f"something else, number {n}") for n in range(start, start + 40)]
        made.bring(Telegram(said, chat=7).folder(tmp_path / f"b{start}"))
        assert expected == [text for item in suggested(made) for text in item.evidence]


def test_a_clock_that_is_off_is_told_with_its_import(empty: Made, tmp_path: Path) -> None:
    made = vaults.copied(empty, tmp_path / "v")
    made.bring(Telegram(chat(1, 40)).folder(tmp_path / "one"))
    said = [Said(s.number + 500, s.text, s.photo, s.who, s.number + 8 * 60) for s in chat(1, 40)]
    made.bring(Telegram(said, title="Late", chat=7).folder(tmp_path / "late"))
    (found,) = suggested(made)
    assert 480 == abs(found.clock_minutes)
    assert "8 hours" in found.evidence[-1]
    assert "--timezone" in found.command


def test_only_what_an_import_touched_is_looked_at(two: Made) -> None:
    with two.reading() as vault:
        assert [] == suggest.suggestions(vault.db, touched=[99])
        assert 1 == len(suggest.suggestions(vault.db, touched=[2]))


def test_a_decision_that_somebody_changed_in_the_archive_is_told(made: Made) -> None:
    merge(made, "Ada Lind", "Ada from before")
    assert made.verify().ok
    made.change("UPDATE decision SET line = replace(line, '9901', '9902') WHERE place = 1")
    (damage,) = made.verify().damage
    assert "2 decisions of entry 3 are not those that it holds" == damage.what
