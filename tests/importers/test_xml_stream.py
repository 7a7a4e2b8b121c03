"""Reading XML piece by piece: whole, in little memory, and unharmed by hostile files."""

import io
import socket
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archives import peak
from chatvault.errors import RefusedByLimit
from chatvault.importers._limits import Limits, MiB
from chatvault.importers._xml_events import Bad, BrokenXml, Element, End, Place, Text
from chatvault.importers._xml_stream import stream

NAMES = ("box", "item", "part")


def parts(text: str | bytes, *, limits: Limits | None = None, chunk: int = 7) -> list:
    data = text.encode() if isinstance(text, str) else text
    file = io.BytesIO(data)
    return list(stream(file, names=NAMES, held=("data",), limits=limits or Limits(), chunk=chunk))


def value(written: str, chunk: int = 7) -> str:
    [item] = [p for p in parts(f'<item a="{written}"/>', chunk=chunk) if isinstance(p, Element)]
    return item.attributes["a"]


def test_elements_come_in_order_with_their_attributes_and_what_closes_them() -> None:
    found = parts(
        "\ufeff<?xml version='1.0'?><!-- a <b> --><?x y?>\r\n<box n = 'says \"no\"'>"
        '<item a="1"  b="two"/>\n text <![CDATA[<raw>]]></box>'
    )
    assert [
        ("box", {"n": 'says "no"'}, False),
        ("item", {"a": "1", "b": "two"}, True),
        Text("\n text "),
        Text("<raw>"),
        End("box"),
    ] == [(p.name, p.attributes, p.closed) if isinstance(p, Element) else p for p in found]


MARKUP = '<box a="&lt;1&gt; &amp; I <3 \'it\'"><item data="QUJD&#10;RA==" b="&#128512;"/>t</box>'


@given(chunk=st.integers(1, len(MARKUP)))
def test_it_does_not_matter_where_the_pieces_of_the_file_end(chunk: int) -> None:
    assert parts(MARKUP, chunk=10_000) == parts(MARKUP, chunk=chunk)


def test_a_held_value_is_told_by_its_place_and_not_read() -> None:
    [item] = parts('<item a="x" data="QUJD&#10;RA==" b="y"/>')
    assert {"data": Place(at=18, length=13, size=4)} == item.places
    assert {"a": "x", "b": "y"} == item.attributes
    assert "QUJD" not in item.raw


@given(chunk=st.integers(1, 200))
def test_places_are_found_without_reading_what_has_none(chunk: int) -> None:
    text = MARKUP + "<part data='QUJD'/><part c='data'/><item data='' data='QQ=='/></box>"
    file = io.BytesIO(text.encode())
    found = list(stream(file, names=NAMES, held=("data",), chunk=chunk, places_only=True))
    placed = [p.places for p in found if isinstance(p, Element)]
    assert [p.places for p in parts(text, chunk=chunk) if isinstance(p, Element)] == placed
    assert 3 == sum(map(bool, placed))


def test_elements_that_are_written_alike_do_not_share_their_attributes() -> None:
    one, two, three = parts("<item a='1'/><item a='1'/><item a='1'/>")
    one.attributes["a"] = two.attributes["b"] = "changed"
    assert ({"a": "1"}, 3 * ["<item a='1'/>"]) == (
        three.attributes, [p.raw for p in (one, two, three)],
    )  # fmt: skip


def test_tags_are_remembered_within_bounds() -> None:
    tags = "".join(f"<item a='{n}'/>" for n in range(3000))
    assert [str(n) for n in range(3000)] == [p.attributes["a"] for p in parts(tags + tags)[:3000]]
    many = io.BytesIO("".join(f"<item a='{n:050}'/>" for n in range(20_000)).encode())
    assert 2 * MiB > peak(lambda: sum(1 for _ in stream(many, names=NAMES)))


@pytest.mark.parametrize("written", ["not base64!", "A", "QUJD=QUJD", "QU====", ""])
def test_a_held_value_that_is_no_base64_has_no_size(written: str) -> None:
    [item] = parts(f'<item data="{written}"/>')
    assert item.places["data"].size is None


LAUGHS = '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'


@pytest.mark.parametrize("kind", [LAUGHS, f'<!ENTITY a "{"ha" * 50_000}">'])
def test_X01_X02_entities_are_refused_before_any_is_expanded(kind: str) -> None:
    start = time.monotonic()
    with pytest.raises(RefusedByLimit, match="document type"):
        parts(f'<!DOCTYPE box [{kind}]><box a="{"&b;" * 10_000}"/>')
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE box SYSTEM "http://example.org/x.dtd"><box/>',
        '<!DOCTYPE box [<!ENTITY x SYSTEM "file:///etc/passwd">]><box a="&x;"/>',
        '<!doctype box><box/>',
        '<box><!ENTITY x SYSTEM "file:///etc/passwd"></box>',
    ],
)  # fmt: skip
def test_X03_a_document_type_is_refused_and_nothing_is_opened(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "socket", None)
    monkeypatch.setattr(Path, "open", None)
    monkeypatch.setattr("builtins.open", None)
    with pytest.raises(RefusedByLimit):
        parts(text)


def test_X03_an_inclusion_is_an_element_like_others() -> None:
    [_box, found, _] = parts('<box><xi:include href="file:///etc/passwd" parse="text"/></box>')
    assert ("xi:include", {"href": "file:///etc/passwd", "parse": "text"}) == (
        found.name,
        found.attributes,
    )


@pytest.mark.parametrize("chunk", [1, 2, 5, 11, 4096])
@pytest.mark.parametrize("written", ["&#55357;&#56832;", "&#xD83D;&#xDE00;", "&#xd83d;&#56832;"])
def test_X04_surrogate_pairs_in_references_are_joined(written: str, chunk: int) -> None:
    assert "a😀b" == value(f"a{written}b", chunk)


def test_X04_half_a_pair_becomes_a_replacement_and_is_counted() -> None:
    found = parts('<item a="&#55357;x&#56832;"/>')
    assert "\ufffdx\ufffd" == found[0].attributes["a"]
    assert [Bad("2 characters that XML does not allow became U+FFFD", "")] == found[1:]


def test_X04_halves_written_as_bytes_are_joined() -> None:
    [item] = parts(b'<item a="\xed\xa0\xbd\xed\xb8\x80"/>')
    assert "😀" == item.attributes["a"]


@pytest.mark.parametrize("written", ["&#0;", "&#x0;", "\x0b", "&#11;", "\x00", "&#xFFFFF000;"])
def test_X05_control_characters_never_reach_the_text(written: str) -> None:
    found = parts(f'<item pad="____" a="x{written}y\t&#10;&#13;"/>')
    forbidden = found[0].attributes["a"]
    assert forbidden in {"x\ufffdy\t\n\r", "x&#xFFFFF000;y\t\n\r"}
    assert isinstance(found[-1], Bad) == ("\ufffd" in forbidden)


def test_X06_deep_nesting_is_refused() -> None:
    start = time.monotonic()
    with pytest.raises(RefusedByLimit, match="64 deep"):
        parts("<box>" * 200_000, chunk=65536)
    assert time.monotonic() - start < 1


class Endless(io.RawIOBase):
    """A tag whose one value has so many megabytes, made on the way."""

    def __init__(self, name: bytes, megabytes: int) -> None:
        self._left = [
            b"<box><item " + name + b'="',
            *[b"QUJD" * (MiB // 4)] * megabytes,
            b'"/></box>',
        ]

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._left.pop(0) if self._left else b""


@pytest.mark.slow
def test_X07_base64_of_300_megabytes_in_an_attribute_takes_no_memory() -> None:
    found: list = []
    used = peak(lambda: found.extend(stream(Endless(b"data", 300), names=NAMES, held=("data",))))
    assert 225 * MiB == found[1].places["data"].size
    assert used < 16 * MiB


def test_X07_a_long_value_of_another_attribute_is_told_and_left_out() -> None:
    found: list = []
    used = peak(lambda: found.extend(stream(Endless(b"body", 40), names=NAMES, held=("data",))))
    assert ["a value that is too long"] == [p.reason for p in found if isinstance(p, Bad)]
    assert used < 100 * MiB


def test_a_broken_tag_costs_itself_and_no_other() -> None:
    found = parts('<box><item a="never ends\n<item a="ok"/><item b=c/><item a="fine"/></box>')
    assert ["ok", "fine"] == [
        p.attributes["a"] for p in found if isinstance(p, Element) and "a" in p.attributes
    ]
    assert ["a value without an end", "a tag that is none"] == [
        p.reason for p in found if isinstance(p, Bad)
    ]
    assert "never ends" in found[1].raw


def test_a_smaller_than_in_a_value_is_only_that() -> None:
    assert "I <3 you, <b>really</b>" == value("I <3 you, <b>really</b>")


def test_of_two_attributes_with_one_name_both_are_kept() -> None:
    [item] = parts("<item a='1' a='2' a='3'/>")
    assert {"a": "3", "a (1)": "1", "a (2)": "2"} == item.attributes


def test_too_many_attributes_are_one_bad_element() -> None:
    many = " ".join(f'a{n}="{n}"' for n in range(300))
    assert ["too many attributes"] == [p.reason for p in parts(f"<item {many}/>")]


@pytest.mark.parametrize("chunk", [1, 3, 7, 4096])
@pytest.mark.parametrize(("begin", "end"), [("<![CDATA[", "]]>"), ("", "<")])
def test_a_text_over_the_limit_is_told_with_its_place_and_never_without_its_middle(
    begin: str, end: str, chunk: int
) -> None:
    text = "".join(chr(ord("a") + n % 26) for n in range(50))
    written = f"<box>{begin}{text}{end}".removesuffix("<") + "</box>"
    limits = Limits(text=20)
    [_, bad, _] = parts(written, limits=limits, chunk=chunk)
    assert Bad("a text that is too long, at byte 5; its beginning is kept", text[:20]) == bad
    [_, whole, _] = parts(written, limits=Limits(text=50), chunk=chunk)
    assert Text(text) == whole


def test_CDATA_is_text_to_the_letter() -> None:
    [_, text, _] = parts("<box><![CDATA[a &amp; b &#65; ]] ]> <i>]]></box>")
    assert Text("a &amp; b &#65; ]] ]> <i>") == text


@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_CDATA_without_an_end_is_told_and_kept(chunk: int) -> None:
    assert [Bad("a text without an end, at byte 0", "to the end]]")] == parts(
        "<![CDATA[to the end]]", chunk=chunk
    )


def test_a_long_tag_is_kept_whole() -> None:
    long = "x" * (MiB + MiB // 2)
    [item] = parts(f'<item a="{long}" b="end"/>', chunk=MiB // 4)
    assert f'<item a="{long}" b="end"/>' == item.raw


def test_a_file_that_breaks_off_gives_what_was_complete() -> None:
    found = []
    with pytest.raises(BrokenXml, match="breaks off, at byte 41"):
        for part in stream(io.BytesIO(b'<box><item a="1"/><item a="2"/><item a="3'), names=NAMES):
            found.append(part)  # noqa: PERF402
    assert ["1", "2"] == [p.attributes["a"] for p in found[1:] if isinstance(p, Element)]


def test_UTF_16_is_told_and_not_misread() -> None:
    with pytest.raises(BrokenXml, match="UTF-16"):
        parts('<box a="ä"/>'.encode("utf-16"))


def test_an_encoding_that_is_declared_is_used() -> None:
    [item] = parts(b'<?xml version="1.0" encoding="ISO-8859-1"?><item a="caf\xe9 &#8364;"/>')
    assert "café €" == item.attributes["a"]


def test_bytes_that_are_no_text_are_replaced_and_counted() -> None:
    found = parts(b'<item a="caf\xe9 \xef\xbf\xbd"/>')
    assert "caf\ufffd \ufffd" == found[0].attributes["a"]
    assert [Bad("1 character that XML does not allow became U+FFFD", "")] == found[1:]


@pytest.mark.parametrize(
    "flood", ["<", "<!", "<!--", "<?", "<a ", '<a b="', "</", "<item ", "&#5;"]
)
def test_floods_take_linear_time(flood: str) -> None:
    start = time.monotonic()
    try:
        count = len(parts(flood * (100_000 // len(flood)), chunk=65536))
    except BrokenXml:
        count = 0
    assert time.monotonic() - start < 2, count


@given(st.binary(max_size=200), st.integers(1, 50))
@example(b"<a b=", 3)
@example(b"<![CDATA[", 3)
@example(b"<\x80 \xff='", 3)
def test_any_bytes_give_parts_or_our_own_errors(data: bytes, chunk: int) -> None:
    try:
        found = parts(data, chunk=chunk)
    except (BrokenXml, RefusedByLimit):
        return
    for part in found:
        if isinstance(part, Text):
            part.text.encode()
