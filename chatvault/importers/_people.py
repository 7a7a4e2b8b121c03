"""Who was told already: each participant once, and again when something about it is new."""

import unicodedata
from collections.abc import Iterator

import msgspec

from chatvault.model import Participant

PICTURE = 64 * 1024  # characters of the picture of a person that a record carries


def folded(name: str) -> str:
    """A name or title in the form in which ids are made of it: NFC, case-folded, single spaces."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


class People:
    """The participants of one conversation, as they become known."""

    def __init__(self, conversation_id: str, me: str | None = None) -> None:
        self._conversation_id = conversation_id
        self._me = me
        self._told: dict[str, Participant] = {}
        self._pictures: dict[str, int] = {}

    def name(self, identifier: str) -> str:
        """The name last told; empty for somebody not told yet."""
        known = self._told.get(identifier)
        return known.name if known else ""

    def tell(
        self,
        identifier: str,
        name: str = "",
        *,
        aliases: tuple[str, ...] = (),
        is_me: bool = False,
        extra: dict[str, object] | None = None,
        picture: str = "",
    ) -> Iterator[Participant]:
        """Yield the participant if it is new or anything about it is.

        A picture is an address or a data URL. Of pictures only a hash is kept here, and large ones
        are left in the export.
        """
        known = self._told.get(identifier)
        name = name or (known.name if known else identifier)
        is_me = is_me or (known is not None and known.is_me) or self._me in (identifier, name)
        before = (*known.aliases, known.name) if known else ()
        names = dict.fromkeys(alias for alias in (*before, *aliases) if alias)
        participant = Participant(
            id=identifier,
            name=name,
            conversation_id=self._conversation_id,
            aliases=tuple(alias for alias in names if alias not in (name, identifier)),
            is_me=is_me,
            extra={**(known.extra if known else {}), **(extra or {})},
        )
        self._told[identifier] = participant
        if 0 < len(picture) <= PICTURE and self._pictures.get(identifier) != hash(picture):
            self._pictures[identifier] = hash(picture)
            extra = {**participant.extra, "avatar": picture}
            yield msgspec.structs.replace(participant, extra=extra)
        elif participant != known:
            yield participant
