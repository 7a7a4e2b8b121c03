"""What people type for a thing in the vault: its number, or its name."""

import difflib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from chatvault.errors import Usage
from chatvault.services.escape import short_name

MOST = 10  # that a remedy tells


def one_named(
    given: str,
    shown: Mapping[int, str],
    named: Iterable[tuple[int, str]],
    *,
    platforms: Mapping[int, str],
    what: str,
    listed: str,
    parts: bool = False,
) -> int:
    """The row with this number or name; Usage when there is none, or more than one. `shown` are
    the rows with the names that lists show, `named` with all their names, `platforms` where each is
    at home; `listed` says where the numbers stand. With `parts` a name that contains what was
    given will do, if none equals it."""
    if given.isascii() and given.isdigit() and len(given) < 19 and int(given) in shown:
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
        raise Usage(
            f"this is the name of more than one {what}",
            remedy=f"give one of these numbers: {_told(found, shown, platforms)}",
        )
    inside = sorted({row for row, name in names if parts and asked and asked in name})
    if len(inside) == 1:
        return inside[0]
    if inside:
        raise Usage(
            f"more than one {what} has this in its name",
            remedy=f"give one of these numbers: {_told(inside, shown, platforms)}",
        )
    near = difflib.get_close_matches(asked, {name for _, name in names}, 3, 0.6)
    rows = sorted({row for row, name in names if asked and (name in near or asked in name)})
    told = _told(rows, shown, platforms)
    raise Usage(
        f"there is no such {what}", remedy=f"did you mean {told}? {listed}" if told else listed
    )


def _told(rows: Sequence[int], shown: Mapping[int, str], platforms: Mapping[int, str]) -> str:
    """Numbers with what tells them apart: `3 (Family, whatsapp), 9 (Family trip, telegram)`."""
    told = [f"{row} ({short_name(shown[row])}, {platforms[row]})" for row in rows[:MOST]]
    return ", ".join(told) + (", ..." if len(rows) > MOST else "")


def folded(name: str) -> str:
    """A name as it is compared: width, capitals and spaces around it make no difference."""
    return unicodedata.normalize("NFKC", name).casefold().strip()
