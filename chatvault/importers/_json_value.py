"""One JSON value to Python values that a record can hold.

NaN, 1e999 and integers beyond 64 bits become text; half an emoji becomes U+FFFD. Where a key comes
twice the last value has its name, as in `json.load`, and earlier ones are `key (1)`, `key (2)`.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

_HALF = re.compile("[\ud800-\udfff]")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    found = {}
    for key, value in pairs:
        if key in found:
            again = 1
            while f"{key} ({again})" in found:
                again += 1
            found[f"{key} ({again})"] = found[key]
        found[key] = value
    return found


def _whole_number(digits: str) -> int | str:
    # 20 characters hold every number of 64 bits; the rest would not fit into a record.
    if len(digits) <= 20 and -(2**63) <= (number := int(digits)) < 2**63:
        return number
    return digits


def _fraction(digits: str) -> float | str:
    number = float(digits)
    return digits if number in {float("inf"), float("-inf")} else number


# The hooks cost a third of the speed; without them one bad number would spoil a record.
DECODER = json.JSONDecoder(
    strict=False,
    object_pairs_hook=_object,
    parse_int=_whole_number,
    parse_float=_fraction,
    parse_constant=str,
)


def decoded(text: str) -> Any:
    """The value of a text that holds one and nothing else; ValueError if it does not."""
    try:
        value, end = DECODER.raw_decode(text)
    except json.JSONDecodeError:
        # Its message is harmless, but the error carries the whole text with it.
        raise ValueError("not valid JSON") from None
    if end < len(text):
        raise ValueError("not valid JSON")
    return without_halves(value) if may_have_halves(text) else value


def may_have_halves(text: str) -> bool:
    """Whether half an emoji can be in a JSON text: it comes as an escape, or not at all."""
    return "\\ud" in text or "\\uD" in text


def without_halves(value: Any) -> Any:
    """The same value with U+FFFD in place of each half of an emoji."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [without_halves(item) for item in value]
    if isinstance(value, dict):
        return {_HALF.sub("\ufffd", key): without_halves(item) for key, item in value.items()}
    return value


def depth(value: Any) -> int:
    """How many arrays and objects lie in one another."""
    depth = 0
    level = [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [item for one in level for item in (one.values() if isinstance(one, dict) else one)]
    return depth


def strings(value: Any) -> Iterator[str]:
    """All texts in a value, also the keys."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            yield from one
            waiting.extend(one.values())
