"""What is printed: data that programs can read, text that no terminal obeys, numbers for people."""

import itertools
import json
import os
import re
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from program import PROGRAM, TIMEOUT, Vault

from chatvault.cli import _hits, _output
from chatvault.cli._receipt import message_parts, show_receipt
from chatvault.services import cells
from chatvault.services.receipt import (
    AssumptionLine,
    Attachments,
    Messages,
    ProblemLine,
    Receipt,
)

HOSTILE = "x\x1b[2J\x9b1mgpj\u202eexe\x07"
PIECES = [*"ab ,.(（）。，我们京한ا", "e\u0301", "👍🏽", "👨‍👩‍👧", "🇩🇪", "\u200b"]
TEXTS = st.lists(st.sampled_from(PIECES)).map("".join)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 KB"),
        (999_949, "999.9 KB"),
        (999_950, "1.0 MB"),
        (14_700_000, "14.7 MB"),
        (3_210_000_000_000, "3,210.0 GB"),
    ],
)
def test_sizes_are_as_people_say_them(number: int, said: str) -> None:
    assert said == _output.size(number)


def test_one_is_singular_and_thousands_are_set_apart() -> None:
    assert "1 message" == _output.count(1, "message")
    assert "0 messages" == _output.count(0, "message")
    assert "1,200,300 people" == _output.count(1_200_300, "person", "people")


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3),
        ("我们", 4),
        ("ｈｉ", 4),
        ("e\u0301", 1),
        ("한국어", 6),
        ("สวัสดี", 4),
        ("👍🏽", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("🇩🇪", 2),
        ("❤\ufe0f", 2),
        ("مرحبا", 5),
        ("a\u200bb", 2),
    ],
)
def test_a_text_is_as_wide_as_a_terminal_shows_it(text: str, width: int) -> None:
    assert width == cells.width(text)
    assert width + 3 == cells.width(cells.padded(text, width + 3))


@given(TEXTS, st.integers(2, 12))
@example("a（（", 3)  # what hangs together is wider than a line
def test_lines_fit_and_lose_nothing_but_spaces(text: str, room: int) -> None:
    parts = list(cells.lines(text, room))
    assert text.replace(" ", "") == "".join(text[a:b] for a, b in parts).replace(" ", "")
    assert [] == [text[a:b] for a, b in parts if cells.width(text[a:b]) > room]
    between = [text[b:c] for (_, b), (c, _) in itertools.pairwise(parts)]
    assert {"", " "} >= set(between)


@given(TEXTS, st.integers(1, 12))
def test_a_text_that_is_cut_fits_and_says_so(text: str, room: int) -> None:
    short = cells.cut(text, room)
    assert cells.width(short) <= room
    assert short == text or short.endswith("…")


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("one two three", 8, ["one two", "three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("我们去北京。好的", 10, ["我们去北", "京。好的"]),
        ("去（北京）吧", 4, ["去", "（北", "京）", "吧"]),
        ("see 北京 now", 6, ["see 北", "京 now"]),
        ("", 5, [""]),
    ],
)
def test_lines_break_where_a_reader_expects_it(text: str, room: int, lines: list[str]) -> None:
    assert lines == [text[a:b] for a, b in cells.lines(text, room)]


def shown(capsys: pytest.CaptureFixture[str], text: str, *marks: tuple[int, int]) -> str:
    _hits.show_text(text, marks, indent="  ")
    return capsys.readouterr().out


def test_words_found_stand_in_brackets_where_there_is_no_colour(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "  我们去[北京]吧\n" == shown(capsys, "我们去北京吧", (3, 5))
    assert "  [ab] c [de]\n" == shown(capsys, "ab c de", (0, 2), (5, 7))
    assert "  nothing\n" == shown(capsys, "nothing")


def test_marks_stand_right_beside_what_had_to_be_written_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "  \\x1b[2J[w\\x07] \\u202ex\n" == shown(capsys, "\x1b[2Jw\x07 \u202ex", (4, 6))


def test_a_message_of_many_lines_is_found_on_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert "  one two [three]\n" == shown(capsys, "one\r\ntwo\nthree", (9, 14))


def test_a_tab_in_a_message_is_a_space_and_no_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert "  one two [three]\n" == shown(capsys, "one\ttwo\tthree", (8, 13))
    assert "one    two\n\\x1b" == _output.block("one\ttwo\n\x1b")


def test_of_a_long_message_the_part_with_the_word_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = f"{'before ' * 200}kettle{' after' * 200}"
    found = shown(capsys, text, (1400, 1406))
    assert re.fullmatch(r"  …before (before )*\[kettle\]( after)+.{0,6}…\n", found)
    assert 230 < len(found) < 260


def test_of_a_long_message_without_spaces_too(capsys: pytest.CaptureFixture[str]) -> None:
    found = shown(capsys, f"{'前' * 1000}北京{'后' * 1000}", (1000, 1002))
    assert re.fullmatch(r"  …前{60}\[北京\]后+…\n", found)


def test_the_end_of_a_long_message_has_no_dots_behind_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = shown(capsys, f"{'前' * 1000}北京", (1000, 1002))
    assert re.fullmatch(r"  …前+\[北京\]\n", found)


def test_a_table_for_programs_has_tabs_and_no_head(capsys: pytest.CaptureFixture[str]) -> None:
    _output.table(["id", "title"], [["1", "老吴"], ["20", "Bakers Row"]])
    assert "1\t老吴\n20\tBakers Row\n" == capsys.readouterr().out


RECEIPT = Receipt(
    number=7, platform="whatsapp", importer="whatsapp-text", name=HOSTILE, conversations=1,
    participants=5, files=38, first="2024-03-04T23:30:00Z", last="2024-05-18T16:30:00Z",
    messages=Messages(items=12_345, new=12_000, known=300, updated=44, unread=1),
    attachments=Attachments(stored=30, known=8, missing=1, filled=2, unlinked=3),
    assumptions=(AssumptionLine("timezone", "Asia/Shanghai", "the export has no time zone"),),
    problems=(ProblemLine(HOSTILE, "line 3", "not a message"),), more_problems=1, finishes=(4, 6),
)  # fmt: skip


def test_a_receipt_adds_up_on_the_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    show_receipt(RECEIPT)
    text = capsys.readouterr().out
    for what in ("messages", "files"):
        block = re.search(rf"  {what} +([\d,]+) in the export\n((?: +[=+] .*\n)+)", text)
        assert block, what
        total, *parts = (int(n.replace(",", "")) for n in re.findall(r" ([\d,]+) \w", block[0]))
        assert total == sum(parts)
    assert RECEIPT.messages.items == sum(message_parts(RECEIPT.messages).values())


def test_a_receipt_tells_everything_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    show_receipt(RECEIPT)
    text = capsys.readouterr().out
    for said in (
        "import 7: x\\x1b[2J",
        "1 conversation, 5 people, ",
        " 12,345 in the export\n",
        " 1 kept unread\n",
        "this finishes import 4, 6, which",
        "2 missing photos and files found",
        "1 photo or file not in this export",
        "3 files that no message refers to",
        "assumed time zone Asia/Shanghai: the export has no time zone",
        "line 3: not a message\n",
        "and 1 more (see --json)",
    ):
        assert said in text
    assert set() == set("\x1b\x9b\u202e\x07") & set(text)


def test_a_receipt_of_what_is_known_or_only_tried_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_receipt(RECEIPT, dry_run=True)
    assert capsys.readouterr().out.startswith("dry run, nothing is changed: ")
    again = Receipt(
        **{**{n: getattr(RECEIPT, n) for n in RECEIPT.__struct_fields__}, "again": True}
    )
    show_receipt(again)
    assert capsys.readouterr().out.startswith("nothing to do, import 7 has this export already: ")


def encoded(vault: Vault, *arguments: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run the program where stdout knows other characters than ours."""
    return subprocess.run(
        [PROGRAM, *arguments],
        env={**vault.env(), **env},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=TIMEOUT,
    )


OLD_TERMINALS = [
    {"LC_ALL": "C"},
    {"LC_ALL": "POSIX", "TERM": "dumb"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "cp1252"},
    {"PYTHONIOENCODING": "gbk"},
]


@pytest.mark.parametrize("env", OLD_TERMINALS, ids=str)
def test_L14_what_a_terminal_cannot_show_is_written_out(sealed: Vault, env: dict[str, str]) -> None:
    for arguments in (["search", "in:Jory has:photo"], ["list", "people"], ["platforms"]):
        done = encoded(sealed, *arguments, **env)
        assert (0, False) == (done.returncode, b"Traceback" in done.stderr)
    number = sealed.number_of("太好了 北京", "--in", "小满")
    shown = encoded(sealed, "show", number, "--context", "0", **env).stdout
    assert any(text in shown for text in ("北京".encode(), "北京".encode("gbk"), b"\\u5317\\u4eac"))


@pytest.mark.parametrize("env", OLD_TERMINALS, ids=str)
def test_L14_json_is_the_same_in_every_encoding(sealed: Vault, env: dict[str, str]) -> None:
    wanted = json.loads(sealed.run("list", "--json").out)
    done = encoded(sealed, "list", "--json", **env)
    assert wanted == json.loads(done.stdout.decode(env.get("PYTHONIOENCODING", "utf-8")))


@given(st.text())
def test_L01_json_holds_no_character_that_acts_and_says_the_same(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    read, write = os.pipe()
    with os.fdopen(read, encoding="utf-8", newline="") as back:
        with os.fdopen(write, "w", encoding="ascii") as out, pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdout", out)
            _output.print_json([text, "\x7f\x9b\u2028"])
        printed = back.read()
    assert printed.isascii()
    assert "\x7f" not in printed
    assert [text, "\x7f\x9b\u2028"] == json.loads(printed)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["list", "media"], 0),
        (["search", "--json", "a OR b"], 0),
        (["platforms"], 0),
        (["-h"], 1),  # here it is click that writes
    ],
)
def test_L18_a_reader_that_has_seen_enough_is_no_error(
    sealed: Vault, arguments: list[str], code: int
) -> None:
    """`| head` closes the pipe, as here, before anything was written."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [PROGRAM, *arguments], env=sealed.env(), stdout=write, stderr=subprocess.PIPE
    )
    os.close(write)
    assert b"Traceback" not in done.stderr
    assert b"chatvault:" not in done.stderr
    assert code == done.returncode


def test_L18_the_exit_code_is_told_although_nobody_reads(vault: Vault) -> None:
    pack = max((vault.folder / "packs").iterdir(), key=lambda path: path.stat().st_size)
    pack.write_bytes(pack.read_bytes()[:-1])
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([PROGRAM, "verify"], env=vault.env(), stdout=write, stderr=write)
    os.close(write)
    assert 13 == done.returncode


@pytest.mark.parametrize("closed", ["0", "1", "2", "0 1 2"])
def test_L18_closed_streams_neither_stop_an_import_nor_end_up_in_the_archive(
    empty: Vault, closed: str
) -> None:
    """A file opened while stdout is closed would be stdout: then what is printed goes into it."""
    redirections = " ".join(f"{number}>&-" for number in closed.split())
    export = empty.downloads / "周末爬山.jsonl"
    shell = subprocess.run(
        ["/bin/sh", "-c", f'"$0" import "$1" {redirections}', PROGRAM, export],
        env=empty.env(),
        capture_output=True,
        timeout=TIMEOUT,
    )
    assert 0 == shell.returncode
    assert "all good\n" == empty.run("verify", "--full").out.splitlines(keepends=True)[-1]


def test_L18_no_file_takes_the_place_of_a_stream_that_is_closed() -> None:
    code = (
        "import os; [os.close(n) for n in range(3)];"
        "from chatvault.cli._stream import prepare_streams; prepare_streams();"
        "os._exit(os.open('/', os.O_RDONLY))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode > 2


def test_data_and_talk_are_kept_apart(sealed: Vault) -> None:
    found = sealed.run("search", "北京")
    assert 4 == len(found.out.splitlines())
    assert "2 messages\n" == found.err.splitlines(keepends=True)[0]
    nothing = sealed.run("search", "nosuchthing")
    assert (0, "", "0 messages\n") == (nothing.code, nothing.out, nothing.err)
    assert "" == sealed.run("list", "--json").err


def test_times_are_those_of_the_persons_own_clock(sealed: Vault) -> None:
    number = sealed.number_of("太好了 北京", "--in", "小满")
    in_shanghai = sealed.run("show", number, "--context", "0").out
    in_lisbon = sealed.run("show", number, "--context", "0", TZ="Europe/Lisbon").out
    assert "times in Asia/Shanghai" in in_shanghai
    assert " 2024-03-29 18:48  " in in_shanghai
    assert "times in Europe/Lisbon" in in_lisbon
    assert " 2024-03-29 10:48  " in in_lisbon
    day = sealed.run("list", "conversations", "--in", "老吴", TZ="Pacific/Kiritimati").out
    assert "\t2023-11-12\t2024-06-17\t" in day or "\t2023-11-13\t" in day


def test_a_program_reads_what_a_person_reads(sealed: Vault) -> None:
    rows = sealed.run("list").out.splitlines()
    told = json.loads(sealed.run("list", "--json").out)
    assert [[str(c["id"]), c["title"]] for c in told] == [row.split("\t")[:2] for row in rows]
