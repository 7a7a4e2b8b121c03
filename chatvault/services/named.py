"""What people type for a thing in the vault: its number, or its name."""

import difflib
import unicodedata
from collections.abc import Iterable, Mapping

from chatvault.errors import Usage
from chatvault.services.escape import short_name

MOST = 10  # that a remedy tells


def one_named(
    given: str,
    shown: Mapping[int, str],
    named: Iterable[tuple[int, str]],
    *,
    what: str,
    listed: str,
    parts: bool = False,
) -> int:
    """The row with this number or name; Usage when there is none, or more than one. `shown` are
    the rows with the names that lists show, `named` with all their names; `listed` says where the
    numbers stand. With `parts` a name that contains what was given will do, if none equals it."""
    if given.isascii() and given.isdigit() and int(given) in shown:
        return int(given)
    asked = folded(given)
    first = [row for row, name in shown.items() if folded(name) == asked]
    if len(first) == 1:
        return first[0]
    names = [(row, folded(name)) for row, name in named]
    found = sorted({row for row, name in names if name == asked})
    if len(found) == 1:
        return found[0]
    if found:
        numbers = ", ".join(map(str, found[:MOST]))
        raise Usage(
            f"this is the name of more than one {what}",
            remedy=f"give a number: {numbers}; {listed}",
        )
    inside = sorted({row for row, name in names if parts and asked and asked in name})
    if len(inside) == 1:
        return inside[0]
    if inside:
        told = ", ".join(f"{row} ({short_name(shown[row])})" for row in inside[:MOST])
        raise Usage(
            f"more than one {what} has this in its name",
            remedy=f"give one of these numbers: {told}{', ...' if len(inside) > MOST else ''}",
        )
    near = difflib.get_close_matches(asked, {name for _, name in names}, 3, 0.6)
    rows = sorted({row for row, name in names if asked and (name in near or asked in name)})
    told = " or ".join(f"{row} ({short_name(shown[row])})" for row in rows[:3])
    raise Usage(
        f"there is no such {what}", remedy=f"did you mean {told}? {listed}" if told else listed
    )


def folded(name: str) -> str:
    """A name as it is compared: width, capitals and spaces around it make no difference."""
    return unicodedata.normalize("NFKC", name).casefold().strip()
