"""Whatever an export holds, it cannot act on a terminal, a spreadsheet or the text around it."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatvault.services.escape import (
    Lines,
    for_csv,
    for_error,
    for_terminal,
    isolate,
    short_name,
)
from chatvault.vault.graphemes import cut_to_bytes, graphemes

ACTIVE = st.sampled_from(
    [
        *(
            "\x1b]52;c;aGk=\x07",
            "\x1b[2J",
            "\x1b]0;title\x07",
            "\x9b2J",
            "\x7f",
            "\r",
            "\n",
            "\r\n",
        ),
        *("\u202e", "\u2066", "\u2069", "\u200f", "\u061c", "\u2028", "\u2029", "\x85", "\t", "\0"),
        *(
            "\ud83d",
            "a",
            "שלום",
            "١٢",
            "👩‍💻",
            "👍🏽",
            "🇩🇪",
            "e\u0301",
            "한",
            "\u0301" * 40,
            "\\x1b",
        ),
    ]
)
TEXTS = st.text(max_size=60) | st.lists(ACTIVE, max_size=30).map("".join)
BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def active(text, allowed=""):
    return [
        char
        for char in text
        if char not in allowed
        and (
            unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")
            or unicodedata.bidirectional(char) in BIDI
            or char in "\u061c\u200e\u200f"
        )
    ]


@settings(max_examples=200)
@given(TEXTS)
@example("\x1b]8;;http://example.com\x07click\x1b]8;;\x07")
@example("\x1bP1$r\x1b\\")
@example("paid 1000\rpaid 1   ")
@example("\x07" * 500)
def test_l01_nothing_that_acts_on_a_terminal_gets_through(text):
    assert [] == active(for_terminal(text), allowed="\n")
    assert [] == active(for_terminal(text, Lines.SHOWN))
    assert for_terminal(text) == for_terminal(text).encode().decode()


@settings(max_examples=100)
@given(TEXTS)
def test_what_is_harmless_stays_as_it_is(text):
    quiet = "".join(char for char in text if not active(char, allowed="\n"))
    assert quiet == for_terminal(quiet)
    assert for_terminal(text) == for_terminal(for_terminal(text))


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("\\x1b[2J", "\x1b[2J"),
        ("\\x9b2J", "\x9b2J"),
        ("a\\x7f", "a\x7f"),
        ("a\\x0db", "a\rb"),
        ("a\nb\nc", "a\r\nb\nc"),
        ("a\\x09b", "a\tb"),
        ("\\u2028", "\u2028"),
        ("\\ud83d", "\ud83d"),
        ("北京 👩‍💻", "北京 👩‍💻"),
    ],
)
def test_l01_what_acts_is_written_out(expected, text):
    assert expected == for_terminal(text)


def test_l02_a_reversed_name_is_seen_as_one():
    assert "x\\u202egpj.exe" == for_terminal("x\u202egpj.exe")
    assert "x\\u202egpj.exe" == short_name("x\u202egpj.exe")


def test_line_ends_can_be_shown():
    assert "a\\x0d\\x0ab\\x0a" == for_terminal("a\r\nb\n", Lines.SHOWN)


@settings(max_examples=200)
@given(TEXTS)
@example("x" * 500)
@example("a" + "\u0301" * 5000)
def test_names_and_errors_are_one_short_line(text):
    name, error = short_name(text), for_error(text)
    assert [] == active(name) == active(error)
    assert len(list(graphemes(name))) <= 64
    assert len(name) <= 64 * 32
    assert len(error) <= 200


def test_a_cut_name_says_so_and_keeps_whole_characters():
    assert "👩‍💻" * 63 + "…" == short_name("👩‍💻" * 65)
    assert "👩‍💻" * 64 == short_name("👩‍💻" * 64)


def test_l03_a_cut_error_says_so():
    assert "x" * 199 + "…" == for_error("x" * 201)
    assert "x" * 200 == for_error("x" * 200)
    assert "🇩🇪" * 99 + "…" == for_error("🇩🇪" * 150)
    assert "/tmp/\\x1b[2J\\x0aok" == for_error("/tmp/\x1b[2J\nok")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n"])
@pytest.mark.parametrize("before", ["", " ", '"', "' ", "\u00a0", "\u3000", "\ufeff", "“", "\0"])
def test_r11_no_cell_is_a_formula(sign, before):
    assert f"'{before}{sign}1+1" == for_csv(f"{before}{sign}1+1")


@pytest.mark.parametrize("cell", ["", "a=1", "1-2", "北京", " ", '"', "hello\n=1", "'tis", "(=1)"])
def test_r11_other_cells_stay_as_they_are(cell):
    assert cell == for_csv(cell)


@settings(max_examples=100)
@given(st.text(st.sampled_from(" \t\"'=+a\u00a0“＝"), max_size=6))
def test_r11_two_cells_never_become_one_formula(cell):
    shown = for_csv(cell)
    assert shown in (cell, "'" + cell)
    bare = shown.lstrip(' \u00a0"“')
    assert not bare or bare[0] not in "=+-@＝＋－＠\t\r\n"


@settings(max_examples=200)
@given(TEXTS)
@example("\u2069\u202e שלום")
def test_r12_text_cannot_reorder_what_stands_around_it(text):
    for line in isolate(text).split("\n"):
        marks = [char for char in line if unicodedata.bidirectional(char) in BIDI]
        assert marks in ([], ["\u2068", "\u2069"])
        if marks:
            assert (line[0], line[-1]) == ("\u2068", "\u2069")
        else:
            assert not any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in line)
    assert [] == active(isolate(text), allowed="\n\u2068\u2069")
    assert for_terminal(text) == isolate(text).replace("\u2068", "").replace("\u2069", "")


def test_r12_escapes_and_directions_in_a_text_file():
    assert "\\x1b[2J\n\u2068שלום 1\u2069\nhello" == isolate("\x1b[2J\nשלום 1\nhello")


@settings(max_examples=200)
@given(TEXTS)
def test_graphemes_put_together_are_the_text(text):
    pieces = list(graphemes(text))
    assert text == "".join(pieces)
    assert all(1 <= len(piece) <= 32 for piece in pieces)


@pytest.mark.parametrize(
    "grapheme",
    [
        *(
            "a",
            "e\u0301",
            "👩‍💻",
            "👍🏽",
            "❤️",
            "🇩🇪",
            "1️⃣",
            "각",
            "\u1100\u1161\u11a8",
            "हि",
            "ก่",
            "\r\n",
        ),
        "🏴\U000e0075\U000e0073\U000e0031\U000e007f",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)
def test_what_people_see_as_one_character_stays_whole(grapheme):
    assert [grapheme, grapheme, "x"] == list(graphemes(grapheme * 2 + "x"))


@settings(max_examples=100)
@given(TEXTS, st.integers(0, 60))
@example("abce\u0301", 4)
def test_cutting_to_bytes_keeps_all_that_fits(text, limit):
    kept = cut_to_bytes(text, limit)
    assert text.startswith(kept)
    assert list(graphemes(kept)) == list(graphemes(text))[: len(list(graphemes(kept)))]
    assert len(kept.encode("utf-8", "surrogatepass")) <= limit
    rest = list(graphemes(text))[len(list(graphemes(kept))) :]
    if rest:
        assert len((kept + rest[0]).encode("utf-8", "surrogatepass")) > limit
