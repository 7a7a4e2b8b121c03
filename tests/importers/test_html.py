"""Reading HTML pages: as browsers do, within limits, and whatever somebody put into them."""

import io
import socket
import time
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archives import peak
from chatvault.importers._html import BrokenHtml, Node, elements, unescaped
from chatvault.importers._limits import Limits, MiB


def page(text: str | bytes, *, tag: str = "body", chunk: int = 7, limits: Limits | None = None):
    data = text.encode() if isinstance(text, str) else text
    wanted = lambda node: node.tag == tag  # noqa: E731
    return list(elements(io.BytesIO(data), wanted, limits=limits or Limits(), chunk=chunk))


def shape(node: Node) -> list:
    inner = [shape(one) if isinstance(one, Node) else one for one in joined(node)]
    return [node.tag, node.attributes, *inner]


def joined(node: Node) -> list:
    """The children; text that came in pieces is one."""
    found: list = []
    for child in node.children:
        if isinstance(child, str) and found and isinstance(found[-1], str):
            found[-1] += child
        else:
            found.append(child)
    return found


MESSAGE = """<!DOCTYPE html><html><head><meta charset=utf-8><title>Ida &amp; Bo</title></head>
<BODY><div class="message  from-me" id=m1><a HREF='tel:+1202'>Ida</a>:
<q>on my way<br>now &#8239;&lt;3</q>
<img src="a b.jpg" alt="x > y"/><p>one<p>two</div><!-- <div> --><hr></BODY></html>"""


def test_tags_attributes_and_text_are_read_as_browsers_read_them() -> None:
    [body] = page(MESSAGE)
    assert [
        "body",
        {},
        [
            "div",
            {"class": "message  from-me", "id": "m1"},
            ["a", {"href": "tel:+1202"}, "Ida"],
            ":\n",
            ["q", {}, "on my way", ["br", {}], "now \u202f<3"],
            "\n",
            ["img", {"src": "a b.jpg", "alt": "x > y"}],
            ["p", {}, "one"],
            ["p", {}, "two"],
        ],
        ["hr", {}],
    ] == shape(body)


def test_what_is_inside_is_found_by_tag_and_class() -> None:
    [body] = page(MESSAGE)
    div = body.find("div", "message")
    assert div is not None
    assert (True, False) == (div.has("from-me"), div.has("from"))
    assert ["one", "two"] == [node.text() for node in div.all("p")]
    assert None is body.find("table")
    assert "on my way\nnow \u202f<3" == body.find("q").text()
    assert "on my way now <3" == body.find("q").words()


def test_an_element_can_be_written_as_html_again() -> None:
    text = '<body><p class="a&quot;">1 &lt; 2<br>x</p><img src="b.png"></body>'
    assert text == page(text)[0].markup()


def test_a_title_is_text_with_references_and_no_tags() -> None:
    [title] = page("<title>a <b> &amp; b</title>", tag="title")
    assert "a <b> & b" == title.text()


def test_each_wanted_element_comes_when_it_is_complete_and_none_inside_another() -> None:
    found = page("<p>1</p><div><p>2<b>x</b></div><p>3", tag="p")
    assert ["1", "2x", "3"] == [node.text() for node in found]
    assert [False, False, True] == [node.cut for node in found]
    assert ["12"] == [one.text() for one in page("<i>1<i>2</i></i>", tag="i")]


@given(chunk=st.integers(1, 400))
def test_it_does_not_matter_where_the_pieces_of_the_file_end(chunk: int) -> None:
    text = MESSAGE + "<body><script>if (a</b) '&amp;'</script ><title>&lt;i&gt;</title>&am;&amp;"
    expected = [shape(one) for one in page(text, chunk=10_000)]
    assert expected == [shape(one) for one in page(text, chunk=chunk)]


FORGIVEN = [
    ("<body>a<b>c</body>", "ac"),
    ("<body>a</i>b", "ab"),
    ("<body>1 < 2 <3 <", "1 < 2 <3 <"),
    ("<body>a<b", "a<b"),
    ("<body><b title='never closed>x</b>y", "xy"),
    ("<body a=b c>x", "x"),
    ("<body>x<!-- never closed", "x"),
    ("<body>x<![CDATA[ y ]]>z", "xz"),
    ("<body>x<?php echo ?>z", "xz"),
    ("<body>a\0b", "a\ufffdb"),
    ("<body>&#0;&#xD83D;&#1114112;&bogus;&amp", "\ufffd\ufffd\ufffd&bogus;&"),
]


@pytest.mark.parametrize(("text", "expected"), FORGIVEN)
def test_nothing_in_a_page_is_an_error(text: str, expected: str) -> None:
    assert expected == page(text)[0].text()


@pytest.mark.parametrize(
    "flood",
    [
        *("<!--", "<![CDATA[", "<?", "<!", "<", "</", "<a", "<a ", '<a b="', "<a b='", "<a/", "&#"),
        *(
            "<script>",
            "<script ",
            "<title>",
            "<p>",
            "</p>",
            "<div>",
            '"',
            "&amp",
            "<a b=c ",
            "<p><b>",
        ),
    ],
)
def test_H01_H02_floods_take_linear_time(flood: str) -> None:
    text = "<body>" + flood * (100_000 // len(flood))
    start = time.monotonic()
    page(text, chunk=65536)
    assert time.monotonic() - start < 1.5


def test_H01_80_kilobytes_of_open_comments_take_less_than_half_a_second() -> None:
    start = time.monotonic()
    page("<body>" + "<!--" * 20_000, chunk=65536)
    assert time.monotonic() - start < 0.5


HOSTILE = """<body><script>alert('ran')</script><p onerror="steal()">hello</p>
<a href="javascript:steal()">click</a><svg onload=steal()><style>p{}</style>
<base href="http://evil.example"><meta http-equiv=refresh content="0;url=http://evil.example">
<link rel=stylesheet href="http://evil.example/a.css"><iframe src="http://evil.example">inner</iframe>
<img src="http://evil.example/x.png"></body>"""


def test_H03_H05_scripts_are_no_text_and_no_address_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "socket", None)
    [body] = page(HOSTILE)
    assert "hello click inner" == body.words()
    assert "http://evil.example/x.png" == body.find("img").attributes["src"]


def test_a_page_that_is_too_long_ends_with_what_was_before() -> None:
    found = []
    data, limits = io.BytesIO(b"<p>one</p>" * 500), Limits(html_page=3000)
    with pytest.raises(BrokenHtml, match="longer than 3,000 bytes"):
        for node in elements(data, lambda node: node.tag == "p", limits=limits, chunk=100):
            found.append(node.text())  # noqa: PERF401
    assert 250 < len(found) <= 300


def test_deep_elements_lie_flat_and_their_ends_close_nothing_else() -> None:
    text = f"<body>{'<b>' * 300}x<script>no</script>{'</b>' * 300}<i>y</i></body><p>z"
    [body] = page(text)
    assert "xy" == body.text()
    assert ["i"] == [child.tag for child in body.children if isinstance(child, Node)][1:]


def test_the_end_of_an_element_that_lies_too_deep_leaves_the_others_open() -> None:
    [body] = page("<body><i><b><b>x</b>y</b>z</i>w</body>", limits=Limits(html_depth=3))
    assert ["xyz", "xy"] == [one.text() for one in (body.find("i"), body.find("b")) if one]


def test_an_element_with_too_much_in_it_is_cut_and_says_so() -> None:
    small = Limits(html_element=200)
    [long, short] = page(f"<p>{'x' * 500}</p><p>short</p>", tag="p", limits=small)
    assert (True, 200, False, "short") == (long.cut, len(long.text()), short.cut, short.text())
    [many] = page(f"<div>{'<br>' * 500}</div>", tag="div", limits=small)
    assert many.cut
    assert len(many.children) < 20


def test_memory_does_not_grow_with_the_page() -> None:
    class Page(io.RawIOBase):
        left = 120

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            self.left -= 1
            return b"<div><p>some words</p></div>" * 50 if self.left > 0 else b""

    count = 0

    def walk() -> None:
        nonlocal count
        count = sum(1 for _ in elements(Page(), lambda node: node.tag == "p"))

    assert peak(walk) < 2 * MiB
    assert 50 * 119 == count


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("<body>Zoë".encode("utf-8-sig"), "Zoë"),
        ("<body>Zoë".encode("utf-16"), "Zoë"),
        ('<meta charset="windows-1252"><body>Zoë'.encode("cp1252"), "Zoë"),
        ("<meta content='text/html; charset=gb2312'><body>你好".encode("gb2312"), "你好"),
        (b"<meta charset=utf-16><body>Zo\xc3\xab", "Zoë"),
        (b"<meta charset=punycode><body>Zo\xc3\xab", "Zoë"),
        (b"<body>Zo\xeb", "Zo\ufffd"),
    ],
)
def test_the_encoding_is_that_of_the_mark_or_the_declaration(data: bytes, expected: str) -> None:
    assert expected == page(data)[0].text()


@pytest.mark.parametrize("text", ["&#" + "9" * 6000 + ";", "&" + "a" * 10_000 + ";", "&&&&;"])
def test_references_that_are_none_stay_as_they_are(text: str) -> None:
    assert text[:50] in unescaped(text) or "\ufffd" in unescaped(text)


@given(st.text(alphabet="<>/!-ab=\"'& ;#x1\n", max_size=60), st.integers(1, 20))
@example("<a b='", 1)
@example("<b><a", 3)
def test_any_text_is_read_the_same_in_any_pieces(text: str, chunk: int) -> None:
    text = "<body>" + text
    expected = [shape(one) for one in page(text, chunk=10_000)]
    assert expected == [shape(one) for one in page(text, chunk=chunk)]


@given(st.binary(max_size=120), st.integers(1, 50))
def test_any_bytes_are_read(data: bytes, chunk: int) -> None:
    for node in page(b"<body>" + data, chunk=chunk):
        node.text().encode()


class Strict(HTMLParser):
    """What the standard library finds as text."""

    def __init__(self) -> None:
        super().__init__()
        self.found = ""

    def handle_data(self, data: str) -> None:
        self.found += data


def test_well_formed_pages_give_the_text_that_others_find() -> None:
    strict = Strict()
    strict.feed(MESSAGE.replace("<br>", "\n"))
    [body] = page(MESSAGE)
    assert body.words() == " ".join(strict.found.split()).removeprefix("Ida & Bo ")
