"""Names from exports become names that are safe and different on three systems."""

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatvault.services.safe_names import dangerous, safe_name
from chatvault.vault.graphemes import graphemes
from chatvault.vault.member_names import pack_path, safe_part

NASTY = st.sampled_from(
    [
        *(
            "CON",
            "con",
            "nul",
            "COM1",
            "COM¹",
            "ＣＯＮ",
            ".",
            "..",
            " ",
            "\t",
            "\u3000",
            "-",
            "~",
            "/",
        ),
        *("\\", ":", "*", "\0", "\x1b", "\u202e", "\u200e", "\u2028", "\ud83d", "a", "A", "é"),
        *(
            "e\u0301",
            "ß",
            "ss",
            "ı",
            "i",
            "İ",
            "ﬁ",
            "👩‍💻",
            "👍🏽",
            "🇩🇪",
            "北京",
            ".jpg",
            ".tar.gz",
            "~2",
        ),
        *(".exe", "x" * 180, "北" * 90, ".zst"),
    ]
)
NAMES = st.text(max_size=40) | st.lists(NASTY, max_size=8).map("".join)
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"
}


def problems_of(name):
    """What Linux, macOS or Windows, a shell or `tar` would mind about a name."""
    if not name or len(name.encode()) > 180:
        yield "size"
    if re.search(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f]', name):
        yield "forbidden character"
    if any(unicodedata.bidirectional(c) in BIDI or c in "\u200e\u200f\u061c" for c in name):
        yield "bidi control"
    if name[0] in ".-~ " or name[-1] in ". ":
        yield "first or last character"
    if name.split(".")[0].rstrip(" ").lower() in DEVICES:
        yield "device"


BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def same_for_some_system(name):
    """Three rough views of a name: by Windows, by macOS, by a careful reader."""
    return {
        name.upper(),
        unicodedata.normalize("NFD", name.casefold()),
        unicodedata.normalize("NFKC", name).casefold(),
    }


@settings(max_examples=200)
@given(NAMES)
@example("CON" + " " * 200 + "x.txt")
@example("con." + "x" * 177)
@example("." * 300)
@example("\u202e" * 300)
def test_every_name_is_safe_on_three_systems(name):
    assert [] == list(problems_of(safe_name(name, set())))


@settings(max_examples=200)
@given(st.lists(NAMES, max_size=12))
def test_no_two_files_of_a_folder_get_one_name(names):
    taken = set()
    made = [safe_name(name, taken) for name in names]
    for number, one in enumerate(made):
        for other in made[:number]:
            assert not same_for_some_system(one) & same_for_some_system(other)
    assert [] == [problem for name in made for problem in problems_of(name)]


@settings(max_examples=100)
@given(NAMES)
def test_a_safe_name_stays_as_it_is(name):
    once = safe_name(name, set())
    assert once == safe_name(once, set())


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        ("_CON", "CON"),
        ("_con.txt", "con.txt"),
        ("_con.tar.gz", "con.tar.gz"),
        ("_COM¹", "COM¹"),
        ("_LPT9.jpg", "LPT9.jpg"),
        ("_CONIN$", "CONIN$"),
        ("_aux .h", "aux .h"),
        ("a_", "a."),
        ("a_", "a "),
        ("a__", "a. "),
        ("x_ads", "x:ads"),
        ("a_b", "a\0b"),
        ("_$x", "~$x"),
        ("console.txt", "console.txt"),
        ("_", ""),
        ("_", "."),
        ("__", ".."),
    ],
)
def test_r01_names_that_windows_reserves_or_shortens(expected, name):
    assert expected == safe_name(name, set())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("A.jpg", "a.jpg"), ("é.jpg", "e\u0301.jpg"), ("ﬁ.txt", "fi.txt"), ("ß", "SS")),
        *(("ＣＯＮ", "CON"), ("ı", "I"), ("a\u200cb", "ab"), ("x:y", "x?y"), ("K", "\u212a")),
    ],
)
def test_r02_names_that_some_system_takes_for_one_are_both_kept(one, other):
    taken = set()
    first, second = safe_name(one, taken), safe_name(other, taken)
    assert not same_for_some_system(first) & same_for_some_system(second)
    assert "~2" in second


def test_r02_the_third_of_a_name_and_a_name_that_looks_numbered():
    taken = set()
    names = ["photo.jpg", "photo.jpg", "PHOTO.JPG", "photo~2.jpg", "photo.jpg"]
    made = [safe_name(name, taken) for name in names]
    expected = ["photo.jpg", "photo~2.jpg", "PHOTO~3.JPG", "photo~2~2.jpg", "photo~4.jpg"]
    assert expected == made


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("x" * 300 + ".jpeg", "x.jpeg"),
        ("👩‍💻" * 250 + ".png", "👩‍💻.png"),
        ("北" * 300 + ".docx", "北.docx"),
        ("e\u0301" * 300 + ".txt", "é.txt"),
        ("a/" * 2500 + "b.jpg", "a_.jpg"),
        ("x" * 300, "x"),
        ("x." + "y" * 300, "y"),
    ],
)
def test_r03_long_names_are_cut_between_characters_and_keep_their_extension(name, ending):
    made = safe_name(name, set())
    assert made.endswith(ending)
    assert 150 <= len(made.encode()) <= 180
    assert (
        list(graphemes(made))[-3:] == list(graphemes(name))[-3:] or "/" in name or "\u0301" in name
    )


def test_r03_the_mark_of_a_reserved_name_fits_in():
    assert 180 == len(safe_part("con." + "x" * 176))


def test_r03_a_name_of_180_bytes_is_not_cut():
    assert "x" * 176 + ".jpg" == safe_name("x" * 176 + ".jpg", set())
    taken = set()
    assert "x" * 176 + ".jpg" == safe_name("x" * 176 + ".jpg", taken)
    assert "x" * 174 + "~2.jpg" == safe_name("x" * 176 + ".jpg", taken)


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        *(("_rf", "-rf"), ("_bashrc", ".bashrc"), ("_htaccess", ".htaccess")),
        *(("_desktop.ini", "desktop.ini"), ("_Desktop.INI", "Desktop.INI")),
        ("_autorun.inf", "autorun.inf"),
    ],
)
def test_r04_names_that_hide_start_options_or_are_obeyed(expected, name):
    assert expected == safe_name(name, set())


def test_l02_direction_marks_cannot_hide_an_extension():
    assert "photo_gpj.exe" == safe_name("photo\u202egpj.exe", set())
    assert dangerous("photo\u202egpj.exe")


@pytest.mark.parametrize(
    "expected", ["家庭 2019.jpg", "Ça va.txt", "שלום.pdf", "👩‍💻.png", "a~b-c.x"]
)
def test_ordinary_names_stay_as_they_are(expected):
    assert expected == safe_name(expected, set())


class CountingSet(set):
    """A set that knows how often it was asked."""

    asked = 0

    def __contains__(self, key):
        self.asked += 1
        return super().__contains__(key)


def test_a_folder_full_of_one_name_is_not_searched_name_by_name():
    taken = CountingSet()
    made = {safe_name("image.jpg", taken) for _ in range(3_000)}
    assert 3_000 == len(made)
    assert taken.asked < 3_000 * 60
    assert {"image.jpg", "image~2.jpg", "image~3000.jpg"} <= made


@pytest.mark.parametrize(
    "name",
    [
        *("x.url", "x.lnk", "x.desktop", "x.EXE", "x.scr", "x.js", "x.html", "x.svg", "a.pdf.bat"),
        *("x.exe.", "x.exe ", "x.exe:y", "16:20.exe", "x.ＥＸＥ", "x.docm", "x.command", "x.sh"),
        "x.settingcontent-ms",
    ],
)
def test_r13_what_a_system_would_run_or_follow_is_dangerous(name):
    assert dangerous(name)


@pytest.mark.parametrize(
    "name", ["x.jpg", "exe", "x.pdf", "x.mp4", "html", "x.exe.jpg", "", ".", "x.docx", "x.txt"]
)
def test_r13_what_is_shown_is_not(name):
    assert not dangerous(name)


@settings(max_examples=200)
@given(st.lists(st.lists(NAMES, max_size=5).map("/".join), max_size=10))
@example(["../../evil", "/etc/passwd", "C:\\x", "a//b", "", "/", "a/b", "a/b/"])
def test_p02_paths_in_packs_are_relative_and_safe(raw_paths):
    taken = set()
    made = [pack_path(raw, taken) for raw in raw_paths]
    for path in made:
        assert len(path.encode()) <= 1000
        assert [] == [problem for part in path.split("/") for problem in problems_of(part)]
        assert path.encode().decode() == path


@settings(max_examples=200)
@given(
    st.lists(
        st.lists(
            st.sampled_from(["a", "A", "b", "é", "e\u0301", "a~2"]), min_size=1, max_size=3
        ).map("/".join),
        max_size=10,
    )
)
def test_p03_paths_that_collide_on_some_system_get_different_members(raw_paths):
    taken = set()
    files, folders = set(), set()
    for raw in raw_paths:
        path = unicodedata.normalize("NFKC", pack_path(raw, taken)).casefold()
        above = {path[:at] for at, char in enumerate(path) if char == "/"}
        assert path not in files | folders
        assert not above & files
        files.add(path)
        folders |= above


@pytest.mark.parametrize(
    ("expected", "raw"),
    [
        ("__/__/evil", "../../evil"),
        ("etc/passwd", "/etc/passwd"),
        ("C__x_y", "C:\\x\\y"),
        ("a/b", "a//./b".replace("./", "")),
        ("_nomedia", ".nomedia"),
        ("_", ""),
        ("_", "/"),
        ("微信/图片 1.jpg", "微信/图片 1.jpg"),
    ],
)
def test_z01_p02_member_names(expected, raw):
    assert expected == pack_path(raw, set())


def test_p03_a_file_and_a_folder_of_one_name():
    taken = set()
    raw_paths = ["a", "a/x", "a/y", "B/x", "b", "b/x", "b"]
    made = [pack_path(raw, taken) for raw in raw_paths]
    assert ["a", "a~2/x", "a~2/y", "B/x", "b~2", "b/x~2", "b~3"] == made


def test_p03_the_ending_of_compressed_members_counts():
    taken = set()
    assert "a.json.zst" == pack_path("a.json", taken, suffix=".zst")
    assert "a.json~2.zst" == pack_path("a.json.zst", taken)
    assert "a~2.json.zst" == pack_path("a.json", taken, suffix=".zst")
    assert 180 == len(pack_path("x" * 300 + ".json", taken, suffix=".zst"))


def test_r03_a_path_of_5000_bytes_keeps_its_name():
    made = pack_path("/".join(["folder" * 10] * 80) + "/photo.jpg", set())
    assert len(made.encode()) <= 1000
    assert made.endswith("/photo.jpg")
