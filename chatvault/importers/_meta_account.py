"""Whose account a download of Meta is: what its profile says, or who is in every conversation."""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from chatvault.importers._json_stream import BrokenJson, Field, stream
from chatvault.importers._json_value import decoded
from chatvault.importers._meta_item import person
from chatvault.importers._meta_layout import HEAD, INSTAGRAM
from chatvault.importers._meta_words import all_repaired
from chatvault.importers._source import Source
from chatvault.model import Assumption

LARGEST = 4 * 1024 * 1024  # of the file with the profile
LONGEST = 100  # characters of a name
_MESSENGER = re.compile(r"(?:.*/)?profile_information/profile_information\.json")
_INSTAGRAM = re.compile(r"(?:.*/)?(?:personal|account)_information/personal_information\.json")
_SURE = ("Name", "Username")

Names = Iterable[str]


@dataclass(frozen=True)
class Owner:
    """The names that may be the owner's, and the assumption behind them where there is one.

    `sure` says that the first is one of them, also where no participant has it.
    """

    names: tuple[str, ...] = ()
    sure: bool = False
    assumption: Assumption | None = None

    def among(self, names: Names) -> str | None:
        """The id of the owner in a conversation of these people."""
        there = {person(name) for name in names}
        ids = [person(name) for name in self.names]
        return next((one for one in ids if one in there), ids[0] if self.sure and ids else None)


def owner_by_profile(source: Source, app: str) -> Owner:
    """The owner as the profile in the download names them."""
    wanted = _INSTAGRAM if app == INSTAGRAM else _MESSENGER
    told = _of_instagram if app == INSTAGRAM else _of_messenger
    for name in source.names():
        if wanted.fullmatch(name) and (owner := _profile(source, name, told)).names:
            return owner
    return Owner()


def _profile(source: Source, name: str, told: Callable[[object], Owner]) -> Owner:
    try:
        with source.open(name) as file:
            value = decoded(file.read(LARGEST).decode("utf-8-sig").strip())
    except (OSError, ValueError, RecursionError):
        return Owner()
    return told(all_repaired(value))


def _of_messenger(value: object) -> Owner:
    for key, profile in value.items() if isinstance(value, dict) else ():
        name = profile.get("name") if key.startswith("profile") and isinstance(profile, dict) else 0
        full = name.get("full_name") if isinstance(name, dict) else name
        if isinstance(full, str) and 0 < len(full) <= LONGEST:
            return Owner((full,), sure=True)
    return Owner()


def _of_instagram(value: object) -> Owner:
    """The labels of the profile are in the language of the account, so any value may be the name;
    it counts if a participant is called so."""
    users = value.get("profile_user") if isinstance(value, dict) else None
    user = users[0] if isinstance(users, list) and users else None
    found = user.get("string_map_data") if isinstance(user, dict) else None
    fields = found if isinstance(found, dict) else {}
    labels = [*(one for one in _SURE if one in fields), *fields]
    values = (one.get("value") for one in map(fields.get, labels) if isinstance(one, dict))
    names = dict.fromkeys(one for one in values if isinstance(one, str) and 0 < len(one) <= LONGEST)
    return Owner(tuple(names), sure=bool(names) and "Name" in fields)


def owner_by_presence(source: Source, files: Iterable[str]) -> Owner:
    """The one person that all conversations have in common, if there are two or more."""
    common: dict[str, str] = {}
    seen = 0
    for name in files:
        people = {person(one): one for one in _participants(source.head(name, HEAD)) if person(one)}
        if len(people) < 2:  # the other one is gone, and with them perhaps the owner
            continue
        seen += 1
        common = people if seen == 1 else {k: v for k, v in common.items() if k in people}
        if not common:
            return Owner()
    if len(common) != 1:
        return Owner()
    [name] = common.values()
    why = f"the only participant of all {seen} conversations; --me NAME says another"
    return Owner((name,), sure=True, assumption=Assumption(what="owner", value=name, why=why))


def _participants(head: bytes) -> list[str]:
    try:
        for part in stream(io.BytesIO(head), "messages"):
            if isinstance(part, Field) and part.name == "participants":
                return list(names_in(all_repaired(part.value)))
    except BrokenJson:
        pass  # a head ends in the middle
    return []


def names_in(participants: object) -> Iterator[str]:
    """The names in a list of participants, of either form."""
    for one in participants if isinstance(participants, list) else ():
        name = one.get("name") if isinstance(one, dict) else one
        if isinstance(name, str) and name.strip():
            yield name
