"""The items of large JSON files: as `json.load` would give them, whatever else is in the file."""

import io
import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatvault.importers._json_stream import Bad, BrokenJson, Field, Item, Part, Start, stream
from chatvault.importers._limits import Limits

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(['"', "\\", "]}", '\\"', "\u2028", "😀", "\x7f", "{[", ","]),
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)


def parts(data: bytes | str, *arrays: str, chunk: int = 64, **options: Any) -> list[Part]:
    raw = data.encode() if isinstance(data, str) else data
    return list(stream(io.BytesIO(raw), *arrays, chunk=chunk, **options))


def until_broken(data: bytes | str, *arrays: str) -> tuple[list[Part], str]:
    """What came out before the file broke off, and how the error put it."""
    raw = data.encode() if isinstance(data, str) else data
    found: list[Part] = []
    with pytest.raises(BrokenJson) as caught:
        found.extend(stream(io.BytesIO(raw), *arrays, chunk=64))
    return _again(raw, *arrays), str(caught.value)


def _again(raw: bytes, *arrays: str) -> list[Part]:
    found = []
    try:
        for part in stream(io.BytesIO(raw), *arrays, chunk=64):
            found.append(part)  # noqa: PERF402 - what came before the error is wanted
    except BrokenJson:
        pass
    return found


# The law


@given(
    before=st.dictionaries(KEYS, TREES, max_size=2),
    items=st.lists(TREES, max_size=5),
    after=st.dictionaries(KEYS, TREES, max_size=2),
    indent=st.sampled_from([None, 1]),
    ascii_=st.booleans(),
    chunk=st.sampled_from([1, 3, 16, 1000]),
)
@example({}, [0.1, 12, True], {}, None, True, 1)
@example({}, [], {"": {}}, None, True, 1)
@example({"a": '\\"'}, ["\\", "\\\\", '"'], {}, None, True, 1)
def test_it_equals_json_load_item_by_item(
    before: dict[str, Any],
    items: list[Any],
    after: dict[str, Any],
    indent: int | None,
    ascii_: bool,
    chunk: int,
) -> None:
    tree = {**before, "messages": items, **{k: v for k, v in after.items() if k not in before}}
    tree["messages"] = items
    text = json.dumps(tree, indent=indent, ensure_ascii=ascii_)
    expected: list[Part] = []
    for key, value in json.loads(text).items():
        if key == "messages":
            expected += [Item(position, one, key) for position, one in enumerate(value)]
        else:
            expected.append(Field(key, value))
    assert expected == parts(text, "messages", chunk=chunk)


@given(items=st.lists(TREES, max_size=5), chunk=st.sampled_from([1, 3, 1000]))
def test_the_file_itself_may_be_the_array(items: list[Any], chunk: int) -> None:
    expected = [Item(position, one) for position, one in enumerate(items)]
    assert expected == parts(json.dumps(items), "", chunk=chunk)


def test_arrays_may_lie_in_elements_of_other_arrays() -> None:
    text = """{"about": "x", "chats": {"note": 1, "list": [
        {"name": "A", "messages": [1, 2], "end": 0}, {"name": "B", "messages": []}]},
        "left": [[3], [4]]}"""
    at = "chats.list[]"
    assert [
        Field("about", "x"),
        Field("note", 1, "chats"),
        Start(at, 0),
        Field("name", "A", at),
        Item(0, 1, f"{at}.messages"),
        Item(1, 2, f"{at}.messages"),
        Field("end", 0, at),
        Start(at, 1),
        Field("name", "B", at),
        Start("left[]", 0),
        Item(0, 3, "left[]"),
        Start("left[]", 1),
        Item(0, 4, "left[]"),
    ] == parts(text, f"{at}.messages", "left[]")


@pytest.mark.parametrize("value", [None, 7, "x", {"0": 1}])
def test_what_is_no_array_where_one_is_wanted_is_a_field(value: Any) -> None:
    assert [Field("messages", value)] == parts(json.dumps({"messages": value}), "messages")
    inner = json.dumps({"a": {"messages": value}})
    assert [Field("messages", value, "a")] == parts(inner, "a.messages")
    assert [Field("a", value)] == parts(json.dumps({"a": value}), "a.messages")[:1] or value


def test_a_key_with_a_dot_is_not_the_path_of_an_array() -> None:
    text = '{"": {"m": [1]}, "a.m": [2], "a": {"m": [3]}}'
    assert [Field("", {"m": [1]}), Field("a.m", [2]), Item(0, 3, "a.m")] == parts(text, "a.m")


def test_a_star_stands_for_any_key_and_tells_which() -> None:
    data = '{"a.b": [1, 2], "*": [3], "n": 7, "o": {"x": [4]}, "": []}'
    assert [
        Start("*", 0, "a.b"), Item(0, 1, "*"), Item(1, 2, "*"),
        Start("*", 1, "*"), Item(0, 3, "*"),
        Start("*", 2, "n"), Field("*", 7),
        Start("*", 3, "o"), Field("*", {"x": [4]}),
        Start("*", 4, ""),
    ] == parts(data, "*")  # fmt: skip
    inner = [Start("*", 0, "p"), Item(0, 1, "*.m"), Field("k", 2, "*"), Item(0, 3, "m")]
    assert inner == parts('{"p": {"m": [1], "k": 2}, "m": [3]}', "*.m", "m")


def test_a_picture_of_5_mb_before_the_array_is_a_field() -> None:
    picture = "data:image/png;base64," + "A" * 5_000_000
    text = json.dumps({"avatar": picture, "messages": [1]})
    assert [Field("avatar", picture), Item(0, 1, "messages")] == parts(text, "messages", chunk=4096)


def test_whole_numbers_are_int_and_others_float() -> None:
    [item] = parts('[[7, 7.0, -0.5, 1e3, 9223372036854775807, "7"]]', "")
    assert isinstance(item, Item)
    assert [int, float, float, float, int, str] == [type(value) for value in item.value]


# Traps


def test_j01_a_hundred_thousand_brackets_break_off_without_harm() -> None:
    assert ([], "the file breaks off, at character 100,000") == until_broken("[" * 100_000, "")
    deep = "[" * 100_000 + "]" * 100_000
    [bad, item] = parts(f"[{deep}, 7]", "", limits=Limits(text=10))
    assert [Bad("[0]", "nested too deep", "[" * 10), Item(1, 7)] == [bad, item]


@pytest.mark.parametrize(("depth", "kept"), [(64, True), (65, False)])
def test_j01_an_item_may_be_64_levels_deep(depth: int, kept: bool) -> None:
    [part] = parts("[" + "[" * depth + "]" * depth + "]", "")
    assert kept == isinstance(part, Item)


@pytest.mark.parametrize("digits", ["9" * 5000, "123456789012345678901", "-9223372036854775809"])
def test_j02_an_integer_beyond_64_bits_becomes_text(digits: str) -> None:
    assert [Item(0, {"n": digits}), Item(1, 7)] == parts(f'[{{"n": {digits}}}, 7]', "")


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999", "-1E+999"])
def test_j03_what_is_no_number_becomes_text(word: str) -> None:
    assert [Item(0, [word]), Item(1, 7)] == parts(f"[[{word}], 7]", "")


def test_j04_of_a_key_that_comes_twice_the_last_value_has_its_name() -> None:
    text = '[{"a": 1, "a": 2, "b": 3, "a": 4}]'
    assert [Item(0, {"a": 4, "a (1)": 1, "a (2)": 2, "b": 3})] == parts(text, "")
    assert 4 == json.loads(text)[0]["a"]


@pytest.mark.parametrize("half", [r"\ud83d", r"\uDE00", r"\ude00\ud83d"])
def test_j05_half_an_emoji_becomes_a_replacement_character(half: str) -> None:
    [first, second] = parts(f'[{{"a{half}": ["x{half}"]}}, "\\ud83d\\ude00"]', "", chunk=7)
    mended = "\ufffd" * half.count("\\u")
    assert Item(0, {f"a{mended}": [f"x{mended}"]}) == first
    assert Item(1, "😀") == second


@pytest.mark.parametrize("chunk", [1, 2, 5, 1000])
def test_j06_bytes_that_are_no_utf_8_are_replaced_and_told(chunk: int) -> None:
    [first, second, told] = parts(b'["a\xff\xfeb", "\xe4\xbd"]', "", chunk=chunk)
    assert [Item(0, "a\ufffd\ufffdb"), Item(1, "\ufffd")] == [first, second]
    assert Bad("encoding", "text that is no utf-8, in 3 places, became U+FFFD", "") == told


@pytest.mark.parametrize("chunk", [1, 2, 5, 1000])
def test_j06_a_replacement_character_of_the_file_itself_is_no_damage(chunk: int) -> None:
    assert [Item(0, "\ufffd你")] == parts('["\ufffd你"]', "", chunk=chunk)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("chunk", [1, 1000])
def test_j06_other_encodings_of_unicode_are_recognised(encoding: str, chunk: int) -> None:
    data = '{"messages": ["日本😀"]}'.encode(encoding)
    assert [Item(0, "日本😀", "messages")] == parts(data, "messages", chunk=chunk)


@given(cut=st.integers(0, 200))
def test_j07_a_cut_file_gives_what_was_complete(cut: int) -> None:
    whole = json.dumps({"name": "x", "messages": [{"id": n, "text": "secret"} for n in range(9)]})
    if cut >= len(whole):
        return
    complete = whole[:cut].count("}")
    found, told = until_broken(whole[:cut], "messages")
    assert list(range(complete)) == [part.position for part in found if isinstance(part, Item)]
    assert "secret" not in told
    assert f"at character {cut:,}" in told


def test_an_error_of_the_file_says_where_and_nothing_of_its_content() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            if not data:
                raise OSError("secret")
            return data

    with pytest.raises(BrokenJson) as caught:
        list(stream(Failing(b'["secret", '), ""))
    assert "cannot be read further, at character 11" == str(caught.value)


# One bad item


@pytest.mark.parametrize(
    "bad",
    ['{"a": nope}', "nope", '{"a" 1}', "{'a': 1}", '{"a": [1}', '{"a": 01}', '"\\x01"'],
)
def test_a_bad_item_costs_only_itself(bad: str) -> None:
    before, *found, after, field = parts(f'{{"m": [1, {bad}, 2], "z": 3}}', "m", chunk=5)
    assert Item(0, 1, "m") == before
    assert bad in {part.raw for part in found if isinstance(part, Bad)}
    assert any(isinstance(part, Bad) for part in found)
    assert 2 == after.value if isinstance(after, Item) else None
    assert Field("z", 3) == field


def test_a_bad_item_after_a_bad_item_is_found_too() -> None:
    text = ",".join(["{x}", '{"a": 1}', "{y}"] * 700)
    found = parts(f"[{text}]", "")
    assert 1400 == sum(isinstance(part, Bad) for part in found)
    assert 700 == sum(isinstance(part, Item) for part in found)


def test_a_bad_field_costs_only_itself() -> None:
    found = parts('{"a": nope, "m": [1]}', "m")
    assert [Bad("a", "not valid JSON", "nope"), Item(0, 1, "m")] == found


def test_a_field_without_a_value_is_told() -> None:
    assert [Bad("a", "not valid JSON", ""), Field("b", 1)] == parts('{"a": , "b": 1}', "m")


def test_an_item_that_was_never_closed_leaves_the_fields_behind_it() -> None:
    text = '{"m": [{"a": 1}, {"b": 2], "z": 3}'
    assert [
        Item(0, {"a": 1}, "m"),
        Bad("m[1]", "not valid JSON", '{"b": 2'),
        Field("z", 3),
    ] == parts(text, "m")


def test_a_repair_is_tried_on_bad_items_only() -> None:
    seen = []

    def repair(text: str) -> str:
        seen.append(text)
        return text.replace(r"\x", r"\u00")

    found = parts(r'["fine \\x01", "bad \x01", nope]', "", repair=repair)
    assert [Item(0, r"fine \x01"), Item(1, "bad \x01"), Bad("[2]", "not valid JSON", "nope")] == (
        found
    )
    assert [r'"bad \x01"', "nope"] == seen


def test_a_bad_item_becomes_a_problem() -> None:
    [bad] = parts("[nope]", "")
    assert isinstance(bad, Bad)
    problem = bad.problem("folder/file.json")
    assert ("folder/file.json", "[0]", "not valid JSON", "nope") == (
        problem.file,
        problem.part,
        problem.reason,
        problem.raw,
    )


def test_something_behind_the_end_is_told() -> None:
    [item, bad] = parts("[1] [2]", "")
    assert [Item(0, 1), Bad("end", "something follows where the JSON is over", "[2]")] == [
        item,
        bad,
    ]


# Limits


def test_a_text_longer_than_the_limit_costs_only_its_item() -> None:
    limits = Limits(json_string=100, text=10)
    [bad, item] = parts(f'[["{"x" * 101}"], "{"y" * 100}"]', "", limits=limits)
    assert Bad("[0]", "a text that is too long", '["xxxxxxxx') == bad
    assert Item(1, "y" * 100) == item


def test_a_value_larger_than_the_limit_is_passed_over() -> None:
    limits = Limits(json_string=100, text=10)
    huge = json.dumps(["z" * 50] * 100)
    [bad, item] = parts(f'{{"m": {huge}, "n": [7]}}', "n", limits=limits)
    assert Bad("m", "a value that is too large", '["zzzzzzzz') == bad
    assert Item(0, 7, "n") == item


class Endless(io.RawIOBase):
    """A file of one line with so many items, made while it is read."""

    def __init__(self, items: int) -> None:
        self.left = items

    def read(self, size: int = -1) -> bytes:
        count = min(self.left, 4000)
        self.left -= count
        return b'{"id": 1000, "text": "%s"},' % (b"x" * 100) * count


@pytest.mark.slow
def test_j08_memory_does_not_grow_with_the_file() -> None:
    file = Endless(200_000)
    tracemalloc.start()
    try:
        count = 0
        with pytest.raises(BrokenJson):
            for _ in stream(_headed(file), ""):  # type: ignore[arg-type]
                count += 1
        assert 200_000 == count
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def _headed(file: Endless) -> Endless:
    rest, head = file.read, [b"["]
    file.read = lambda size=-1: head.pop() if head else rest(size)  # type: ignore[method-assign]
    return file


@pytest.mark.parametrize(
    "pattern",
    [
        "nope,",
        "{x},",
        '"',
        '{"',
        '{"a":',
        "[",
        "{",
        "{[}",
        "[{]",
        "\\",
        '"\\',
        "1",
        "}",
        '["\\"',
        "\xff",
    ],
)
def test_in5_the_worst_input_of_1_mib_takes_no_more_than_a_linear_time(pattern: str) -> None:
    text = "[" + pattern * (2**20 // len(pattern))
    start = time.perf_counter()
    until = iter(stream(io.BytesIO(text.encode("latin-1")), "", chunk=256 * 1024))
    try:
        for _ in until:
            pass
    except BrokenJson:
        pass
    # 0.3 s and for a quarter of a million bad items 1.2 s; what is not linear takes minutes.
    assert time.perf_counter() - start < 5


@pytest.mark.slow
def test_small_items_come_at_30_000_a_second_at_least() -> None:
    """About 110,000 where this was written; a tenth of it would mean a decoder not in C."""
    item = {"id": 1000, "from": "Ottilie Marsh", "text": ["see ", {"type": "link", "text": "x"}]}
    data = json.dumps({"messages": [item] * 60_000}).encode()
    start = time.perf_counter()
    assert 60_000 == sum(1 for _ in stream(io.BytesIO(data), "messages"))
    assert time.perf_counter() - start < 2
