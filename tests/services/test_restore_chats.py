"""Conversations as files: the records lose nothing, and no page does what a message says."""

import csv
import io
import json
import re
import tracemalloc
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
import vaults
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from vaults import Made, Said, Telegram, chat

import canonical
from chatvault.services import query as ask
from chatvault.services.demo import demo_exports
from chatvault.services.escape import for_terminal
from chatvault.services.restore_chats import FORMS, Options, restore_chats
from chatvault.services.restore_report import RestoredConversations
from chatvault.services.writers import markdown, text
from chatvault.services.writers.told import Frame, Item, Media
from chatvault.vault.restoring import About, Kept, Member, Place, Reacted, Variant, Whole

ALL = ask.And(())
FRAME = Frame(zone=ZoneInfo("Europe/Berlin"), now_ms=vaults.NOW)
HOSTILE = [
    "<script>alert(1)</script>", "]]>", "-->", "</title>", "a\u2028b\u2029c", "&lt;b&gt; &amp;",
    "<img src=x onerror=alert(1)>", "\x1b]52;c;aGk=\x07", "\x1b[2J", "x\u202egpj.exe", "\u2067rtl",
    "\x9b31m", "\x7f", "a\rb", "[23:59] Mallory: forged", "  ~ deleted", "> quoted", "# head",
    "![x](http://evil.example/x.png)", "[x](javascript:alert(1))", "`code`", "```\nfence\n```",
    "---", "===", "a\n===", "a\n---", "* list", "+ list", "- list", "1. list", "1) list", "***",
    "**bold** _it_ ~~no~~", "| a | b |\n|---|---|", "<https://evil.example>", "$x^2$", "\\*",
    "\t x", "    code",
    "a\n\n    code", "[ref]: http://evil.example", "&#x3c;script>", "a  \nb", "=cmd()",
    "שלום <b>", "a\u0085b", "{{x}}", ":smile:", "::: warn", "term\n: def", "<!-- no", "<?php",
]  # fmt: skip


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return vaults.make(tmp_path / "v")


def restore(
    made: Made, out: Path, form: str, query: ask.Query = ALL, *, media: bool = True
) -> RestoredConversations:
    options = Options(FORMS[form], FRAME, media=media)
    with made.reading() as vault:
        return restore_chats(vault, out, query, options=options)


def contents(made: Made) -> list[bytes]:
    """What the archive says, with files named by their hashes: ids of contents differ by vault."""
    with made.reading() as vault:
        names = dict(vault.db.execute("SELECT content_id, sha256 FROM stored_file").fetchall())
        found = b"\n".join(canonical.lines(vault.db))
    for content_id, sha256 in names.items():
        found = found.replace(content_id.encode(), sha256.encode())
    return sorted(found.split(b"\n"))


@pytest.mark.slow
def test_a_vault_restored_as_records_and_imported_is_the_same_vault(
    made: Made, tmp_path: Path
) -> None:
    downloads = vaults.write(tmp_path / "Downloads", demo_exports())
    made.bring(downloads)
    report = restore(made, tmp_path / "out", "json")
    fresh = vaults.make(tmp_path / "fresh")
    (receipt,) = fresh.bring(tmp_path / "out")
    assert contents(made) == contents(fresh)
    assert (report.messages, report.conversations) == (receipt.messages.new, receipt.conversations)
    assert receipt.is_complete()
    # Whoever finds the old exports again loses and doubles nothing by importing them, too.
    for again in fresh.bring(downloads):
        assert (0, 0) == (again.messages.new, again.messages.unread)
    assert contents(made) == contents(fresh)
    (into_itself,) = made.bring(tmp_path / "out")
    assert (0, 0) == (into_itself.messages.new, into_itself.messages.updated)
    assert contents(made) == contents(fresh)


def test_records_restored_twice_are_the_same_files(made: Made, tmp_path: Path) -> None:
    made.bring(Telegram(chat(1, 30, photos=[3, 5])).folder(tmp_path / "e"))
    restore(made, tmp_path / "a", "json")
    restore(made, tmp_path / "b", "json")
    assert vaults.snapshot(tmp_path / "a") == vaults.snapshot(tmp_path / "b")


@pytest.mark.slow
def test_an_edited_message_keeps_its_texts_through_records(made: Made, tmp_path: Path) -> None:
    made.bring(Telegram([Said(1, "before", "p.jpg"), Said(2, "x")]).folder(tmp_path / "a"))
    made.bring(Telegram([Said(1, "after"), Said(2, "x")]).folder(tmp_path / "b"))
    restore(made, tmp_path / "out", "json")
    fresh = vaults.make(tmp_path / "fresh")
    fresh.bring(tmp_path / "out")
    assert contents(made) == contents(fresh)
    assert 2 == fresh.count("message_version")


@pytest.mark.parametrize("form", sorted(FORMS))
def test_each_file_of_a_conversation_is_there_once_beside_its_page(
    made: Made, tmp_path: Path, form: str
) -> None:
    said = [Said(1, "one", "p.jpg"), Said(2, "two", "q.jpg"), Said(3, "", "p.jpg")]
    made.bring(Telegram(said).folder(tmp_path / "e"))
    report = restore(made, tmp_path / "out", form)
    media = [path for path in (tmp_path / "out" / "media").rglob("*") if path.is_file()]
    assert {vaults.picture("p.jpg"), vaults.picture("q.jpg")} == {p.read_bytes() for p in media}
    (page,) = report.pages
    shown = (tmp_path / "out" / page).read_text(encoding="utf-8")
    named = set(re.findall(r"media/[0-9a-f]{2}/[0-9a-f]{64}\.jpg", shown))
    at_least = 1 if form == "chatlab" else 2  # a message with text has no place for its file there
    assert at_least <= len(named)
    assert named <= {path.relative_to(tmp_path / "out").as_posix() for path in media}
    assert (2, 3, 1) == (report.files, report.messages, report.conversations)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_without_media_only_pages_are_written(made: Made, tmp_path: Path, form: str) -> None:
    made.bring(Telegram(chat(1, 9, photos=[3])).folder(tmp_path / "e"))
    report = restore(made, tmp_path / "out", form, media=False)
    assert list(report.pages) == [path.name for path in (tmp_path / "out").iterdir()]
    assert (0, 0) == (report.files, report.exit_code)


def test_records_without_media_find_their_files_when_these_come(made: Made, tmp_path: Path) -> None:
    export = Telegram(chat(1, 9, photos=[3])).folder(tmp_path / "e")
    made.bring(export)
    restore(made, tmp_path / "out", "json", media=False)
    fresh = vaults.make(tmp_path / "fresh")
    fresh.bring(tmp_path / "out")
    (receipt,) = fresh.bring(export)
    assert (0, 1) == (receipt.messages.new, fresh.count("attachment WHERE file IS NOT NULL"))


def test_a_filter_gives_its_messages_and_the_files_of_these(made: Made, tmp_path: Path) -> None:
    made.bring(Telegram(chat(1, 30, photos=[3, 4])).folder(tmp_path / "a"))
    made.bring(Telegram(chat(50, 60), chat=9, title="Cosima").folder(tmp_path / "b"))
    found = ask.And(
        (ask.Filter(ask.Field.FROM, ("Bohumil",)), ask.Filter(ask.Field.IN, ("Ada Lind",)))
    )
    report = restore(made, tmp_path / "out", "json", found)
    assert (("Ada Lind.jsonl",), 9, 1) == (report.pages, report.messages, report.files)
    lines = (tmp_path / "out" / "Ada Lind.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    assert list(range(9)) == [r["seq"] for r in records if r.get("record") == "Message"]
    nothing = restore(made, tmp_path / "none", "json", ask.Word("nowhere"))
    assert ((), 0) == (nothing.pages, nothing.exit_code)
    assert not (tmp_path / "none").exists()


def test_a_time_filter_gives_the_messages_of_that_time(made: Made, tmp_path: Path) -> None:
    made.bring(Telegram(chat(1, 30)).folder(tmp_path / "a"))
    start = 1_700_000_000_000
    sent = ask.Sent(start + 5 * 60_000, start + 8 * 60_000)
    assert 3 == restore(made, tmp_path / "out", "txt", sent).messages


def test_VER_4_a_damaged_file_is_a_visible_gap_and_the_code_is_13(
    made: Made, tmp_path: Path
) -> None:
    made.bring(Telegram(chat(1, 9, photos=[3, 5])).folder(tmp_path / "e"), pack_size=1)
    with made.reading() as vault:
        (bad,) = vault.db.execute(
            "SELECT pack FROM stored_file WHERE member LIKE '%photo_3%'"
        ).fetchone()
    (made.layout.packs / bad).unlink()
    for form in FORMS:
        report = restore(made, tmp_path / form, form)
        assert (13, 1, 1, 8) == (
            report.exit_code, len(report.damaged), report.files, report.messages,
        )  # fmt: skip
        (page,) = report.pages
        shown = (tmp_path / form / page).read_text(encoding="utf-8")
        if form in ("txt", "md", "csv"):
            assert "damaged in the vault" in shown
        elif form == "json":
            assert '"state":"unavailable"' in shown
            assert '"sha256":"' in shown


@pytest.mark.parametrize("message", HOSTILE)
def test_R10_R12_a_text_page_shows_every_sign_and_obeys_none(message: str) -> None:
    shown = page(text.write, message)
    _, _, body = shown.partition("\n\n")
    assert [] == re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", shown)
    starts = [line for line in body.splitlines() if line.startswith("[")]
    assert ["[2023-11-14 23:13:20] Ada:"] == [start[:26] for start in starts]
    assert {"[", " "} >= {line[0] for line in body.splitlines() if line}
    if message.startswith("  ~"):
        assert f"Ada: {message}" in body


@pytest.mark.parametrize("message", HOSTILE)
def test_R10_R12_markdown_shows_every_sign_and_obeys_none(message: str) -> None:
    shown = page(markdown.write, message)
    assert [] == re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", shown)
    assert said_in(shown) == expected_in(message)


@given(st.text(max_size=40) | st.text("\\`*_{}[]<>()#+-.!|~&=:$ \n1", max_size=30))
def test_OUT_3_no_text_is_markup(message: str) -> None:
    assert said_in(page(markdown.write, message)) == expected_in(message)


def test_a_name_or_title_is_no_markup_either() -> None:
    for name in HOSTILE:
        shown = page(markdown.write, "hello", name=name)
        tokens = MarkdownIt().enable("table").enable("strikethrough").parse(shown)
        kinds = {t.type for one in tokens for t in (one, *(one.children or ()))}
        assert set() == kinds & {"html_block", "html_inline", "link_open", "image", "code_block"}
        assert 1 == len([t for t in tokens if t.type == "heading_open"])


def expected_in(message: str) -> str:
    """What the page should show, without regard to spaces."""
    return "".join(for_terminal(message).split())


def said_in(shown: str) -> str:
    """The text of the one quotation of a page, when everything around it is as it should be."""
    tokens = MarkdownIt().enable("table").enable("strikethrough").parse(shown)
    inline = [child for token in tokens for child in token.children or ()]
    assert {"text", "softbreak", "hardbreak", "strong_open", "strong_close"} >= {
        token.type for token in inline
    } - {"text_special"}
    blocks = [token.type for token in tokens]
    assert {
        "heading_open", "heading_close", "inline", "paragraph_open", "paragraph_close",
        "blockquote_open", "blockquote_close",
    } >= set(blocks)  # fmt: skip
    assert blocks.count("blockquote_open") <= 1 == blocks.count("heading_open")
    if "blockquote_open" not in blocks:
        return ""
    first, last = blocks.index("blockquote_open"), blocks.index("blockquote_close")
    quoted = [child.content for token in tokens[first:last] for child in token.children or ()]
    found = "".join("".join(quoted).split())
    return found.replace("\u2068", "").replace("\u2069", "")


def page(write: object, message: str, *, name: str = "Ada") -> str:
    """A page with one message."""
    place = Place(1, "telegram", "c", None, name, "direct", title_is_id=False)
    about = About((), (), (Member("ada", name, False, ()),))
    return "".join(write(place, about, [item(message, name)], frame=FRAME))


def item(message: str, name: str = "Ada", **more: object) -> Item:
    whole = Whole(
        id=1, time_key=1, minute=0, content_hash=0, id_scope=None, scope=None, platform_id=None,
        sender="ada", sender_name=name, sent_at=1_700_000_000_000, utc_offset_minutes=None,
        time_precision="second", time_basis="unix", sent_as_exported="", kind="text", text=message,
        more_text=(), reply_to=None, edited_at=None, marks=(),
    )  # fmt: skip
    media = more.pop("media", ())
    return Item(msgspec.structs.replace(whole, **more), media)


def test_pages_tell_what_happened_to_a_message() -> None:
    kept = Kept(
        0, 1, "present", "image", "hill](x).jpg", "", "", None, "", None, True, 9, "ab"
    )  # fmt: skip
    gone = msgspec.structs.replace(kept, ordinal=1, file=None, state="missing_file", name="")
    told = item(
        "after", edited_at=1_700_000_060_000, marks=("edited", "view_once"),
        variants=(Variant(0, 0, "before", None), Variant(0, 1, "after", None)),
        reactions=(Reacted("👍", "ada", 1, None, ""), Reacted("🎉", "", 3, None, "")),
        attachments=(kept, gone), media=(Media("media/ab/ab.jpg"), Media()),
        more_text=("a title",),
    )  # fmt: skip
    place = Place(1, "telegram", "c", None, "Ada", "direct", title_is_id=False)
    about = About((), (), (Member("ada", "Ada", False, ()),))
    shown = "".join(text.write(place, about, [told], frame=FRAME)).partition("\n\n")[2]
    assert (
        "[2023-11-14 23:13:20] Ada: after\n"
        "  ~ image: hill](x).jpg (media/ab/ab.jpg)\n"
        "  ~ image (missing in the export)\n"
        "  ~ also: a title\n"
        "  ~ reactions: 👍 Ada, 🎉 ×3\n"
        "  ~ view once, edited 2023-11-14 23:14:20\n"
        "  ~ before: before\n"
    ) == shown
    marked = "".join(markdown.write(place, about, [told], frame=FRAME))
    assert "![image: hill\\](x).jpg](media/ab/ab.jpg)" in marked


def test_R11_OUT_2_no_cell_of_a_table_is_a_formula(made: Made, tmp_path: Path) -> None:
    texts = ["=1+1", "+1", "-1", "@x", "＝1", '"=1', " =1", "\t=1", "a\n=1", 'say "hi"', "ok"]
    made.bring(Telegram([Said(n, t) for n, t in enumerate(texts, 1)]).folder(tmp_path / "e"))
    restore(made, tmp_path / "out", "csv")
    raw = (tmp_path / "out" / "Ada Lind.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(raw, newline="")))
    assert texts == [row["text"].removeprefix("'") for row in rows]
    assert ["a\n=1", 'say "hi"', "ok"] == [row["text"] for row in rows if row["text"][0] != "'"]
    assert '"sentence"' not in raw
    assert raw.startswith('"time_utc","time",')
    assert {"2023-11-14T22:14:20Z"} == {row["time_utc"] for row in rows[:1]}
    assert "2023-11-14 23:14:20" == rows[0]["time"]


def test_a_file_of_chatlab_is_read_back(made: Made, tmp_path: Path) -> None:
    said = [Said(1, "=hill\n[x]", "", "Ada"), Said(2, "", "p.jpg", "Bohumil"), Said(3, "three")]
    made.bring(Telegram(said).folder(tmp_path / "e"))
    restore(made, tmp_path / "out", "chatlab")
    found = json.loads((tmp_path / "out" / "Ada Lind.json").read_text(encoding="utf-8"))
    assert {"chatlab", "meta", "members", "messages"} == set(found)
    fresh = vaults.make(tmp_path / "fresh")
    (receipt,) = fresh.bring(tmp_path / "out")
    assert ("chatlab", 3, 0) == (
        receipt.importer, receipt.messages.new, receipt.attachments.missing,
    )  # fmt: skip
    assert made.texts() == fresh.texts()
    shown = "SELECT sent_at / 1000, name, platform_id FROM message m JOIN participant p ON"
    with made.reading() as one, fresh.reading() as other:
        sql = f"{shown} p.id = m.sender ORDER BY 1"
        assert one.db.execute(sql).fetchall() == other.db.execute(sql).fetchall()


def test_a_conversation_that_begins_again_with_pages_there_overwrites_nothing(
    made: Made, tmp_path: Path
) -> None:
    made.bring(Telegram(chat(1, 9, photos=[3])).folder(tmp_path / "e"))
    restore(made, tmp_path / "out", "json")
    before = vaults.snapshot(tmp_path / "out")
    report = restore(made, tmp_path / "out", "json")
    assert ("Ada Lind~2.jsonl",) == report.pages
    after = vaults.snapshot(tmp_path / "out")
    assert before == {name: data for name, data in after.items() if name in before}
    shown = (tmp_path / "out" / "Ada Lind~2.jsonl").read_text(encoding="utf-8")
    assert '"path":"media~2/' in shown


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_messages(made: Made, tmp_path: Path) -> None:
    """Ten times the messages, and hardly more memory: eight bytes for each are allowed."""

    def peak(folder: str) -> int:
        tracemalloc.start()
        try:
            restore(made, tmp_path / folder, "json")
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    made.bring(Telegram(chat(1, 1500)).folder(tmp_path / "a"))
    peak("warm")
    small = peak("small")
    made.bring(Telegram(chat(1, 15000)).folder(tmp_path / "b"))
    assert peak("large") < small + 1_000_000
