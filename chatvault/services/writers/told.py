"""What every writer of conversations is given, and what it gives."""

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Protocol

import msgspec

from chatvault.vault.restoring import About, Place, Whole


class Media(msgspec.Struct, frozen=True):
    """Where the file of an attachment was put, relative to the written page; `path` is None when it
    is not there, `damaged` when the vault could not give it back."""

    path: str | None = None
    damaged: bool = False


class Answered(msgspec.Struct, frozen=True):
    """The message that another one answers."""

    sender: str
    text: str


class Item(msgspec.Struct, frozen=True):
    """A message, its files in the order of its attachments, and what it answers."""

    message: Whole
    media: tuple[Media, ...] = ()
    answered: Answered | None = None


class Frame(msgspec.Struct, frozen=True):
    """What is the same for all pages: the zone of people's times, and when this is written."""

    zone: tzinfo
    now_ms: int


class Writer(Protocol):
    """The text of one conversation, in pieces; reading `items` writes their media."""

    def __call__(
        self, place: Place, about: About, items: Iterable[Item], *, frame: Frame
    ) -> Iterator[str]: ...
