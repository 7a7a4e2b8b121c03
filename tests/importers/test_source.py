"""The source: names, parts of it, and references that may lead anywhere."""

import io

import pytest

from chatvault.importers._source import Entry, Source, Told

SOURCE = Source.of(
    {"chat/a.txt": b"hello", "chat/Media/Pic.JPG": b"1", "chat/é.png": b"2", "top.txt": b"3"}
)


def test_names_files_and_folders():
    assert ["chat/Media/Pic.JPG", "chat/a.txt", "chat/é.png", "top.txt"] == list(SOURCE.names())
    assert (["chat"], ["top.txt"]) == (SOURCE.folders(), SOURCE.files())


def test_a_part_knows_where_it_lies():
    part = SOURCE.below("chat")
    assert (["Media"], ["a.txt", "é.png"]) == (part.folders(), part.files())
    assert ("chat", "chat/a.txt") == (part.name, part.full("a.txt"))
    assert "chat/Media/Pic.JPG" == part.below("Media").full("Pic.JPG")
    assert part is part.below("")


def test_answers_of_the_owner_go_down_with_the_parts():
    told = Told(zone="Asia/Seoul")
    assert told == SOURCE.with_told(told).below("chat").below("Media").told


@pytest.mark.parametrize(
    ("reference", "base", "name"),
    [
        ("chat/a.txt", "", "chat/a.txt"),
        ("./Media\\Pic.JPG", "chat", "chat/Media/Pic.JPG"),
        ("../top.txt", "chat", "top.txt"),
        ("chat/media/pic.jpg", "", "chat/Media/Pic.JPG"),
        ("e\u0301.png", "chat", "chat/é.png"),
        ("elsewhere/Pic.JPG", "", "chat/Media/Pic.JPG"),
        ("nothing.jpg", "", None),
        ("http://x/nothing.txt", "", None),
    ],
)
def test_a_reference_finds_its_file(reference, base, name):
    assert name == SOURCE.resolve(reference, base)


@pytest.mark.parametrize(
    "reference", ["../../../etc/passwd", "/etc/passwd", "a\0b", "C:\\x", "..", "", "file:///x"]
)
def test_a_reference_never_leaves_the_source(reference):
    assert SOURCE.below("chat").resolve(reference) is None


def test_a_base_name_that_two_files_have_finds_neither():
    assert Source.of({"a/x.jpg": b"1", "b/x.jpg": b"2"}).resolve("c/x.jpg") is None


def test_the_head_of_a_file_that_cannot_be_read_is_empty():
    def fails():
        raise OSError

    assert b"" == Source("x", {"a": Entry(9, fails)}).head("a")
    assert b"he" == SOURCE.head("chat/a.txt", 2)


def test_every_opening_is_its_own():
    first, second = SOURCE.open("chat/a.txt"), SOURCE.open("chat/a.txt")
    assert (b"hel", b"hello") == (first.read(3), second.read())
    assert isinstance(first, io.BytesIO)
