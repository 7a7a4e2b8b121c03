"""Lists of what the vault holds."""

import msgspec

from chatvault.services.query import Query
from chatvault.services.receipt import Receipt, decoded, iso
from chatvault.services.select import select
from chatvault.vault import catalogue, people, photo_rows, queries
from chatvault.vault.archive import Connection
from chatvault.vault.photo_rows import ANY_FILE, FileChoice
from chatvault.vault.selection import Selection


class ListedConversation(msgspec.Struct, frozen=True):
    """One conversation in a list."""

    id: int
    title: str
    kind: str
    platform: str
    participants: tuple[str, ...]
    messages: int
    first: str | None
    last: str | None


class ListedIdentity(msgspec.Struct, frozen=True):
    """A participant of a listed person."""

    id: int
    platform: str
    name: str


class ListedPerson(msgspec.Struct, frozen=True):
    """One person in a list; until people are merged, one participant each. The number is that of
    one of the participants."""

    id: int
    name: str
    participants: tuple[ListedIdentity, ...]
    messages: int


class ListedImport(msgspec.Struct, frozen=True):
    """One import in a list."""

    number: int = msgspec.field(name="import")
    state: str
    name: str
    importer: str
    started_at: str | None
    receipt: Receipt | None


class ListedMedia(msgspec.Struct, frozen=True):
    """One attachment in a list."""

    id: int
    message: int
    name: str
    kind: str
    type: str
    bytes: int | None
    state: str
    sent_at: str | None
    conversation: str
    width: int | None = None
    height: int | None = None
    taken_at: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None


Listed = ListedConversation | ListedPerson | ListedImport | ListedMedia


def listing(db: Connection, what: str, query: Query, choice: FileChoice = ANY_FILE) -> list[Listed]:
    """Conversations, people, imports, media or missing: those that a query leaves, and of media
    those of the chosen files."""
    selection = select(db, query)
    if what == "conversations":
        return list(_conversations(db, selection))
    if what == "people":
        return list(_people(db, selection))
    if what == "imports":
        return list(_imports(db, selection))
    return _media(db, selection, choice, missing=what == "missing")


def _conversations(db: Connection, selection: Selection) -> list[Listed]:
    return [
        ListedConversation(
            row.id, row.title, row.kind, row.platform, tuple(queries.members_of(db, row.id)),
            row.messages, iso(row.first), iso(row.last),
        )
        for row in queries.conversations(db, selection)
    ]  # fmt: skip


def _people(db: Connection, selection: Selection) -> list[Listed]:
    counts = {row.id: row.messages for row in queries.participants(db, selection)}
    return [*listed_people(db, counts)]


def listed_people(db: Connection, messages: dict[int, int]) -> list[ListedPerson]:
    """The persons of these participants, who wrote most first."""
    found: dict[int, ListedPerson] = {}
    for row, members in people.of(db, messages).items():
        first = min(member.participant for member in members)
        known = found.get(first)
        count = messages[row] + (0 if known is None else known.messages)
        found[first] = ListedPerson(
            first, members[0].person_name or members[0].name,
            tuple(ListedIdentity(m.participant, m.platform, m.name) for m in members), count,
        )  # fmt: skip
    return sorted(found.values(), key=lambda person: (-person.messages, person.id))


def _imports(db: Connection, selection: Selection) -> list[Listed]:
    chosen = None if selection.is_everything else catalogue.imports_of(db, selection)
    found: list[Listed] = []
    for row in catalogue.imports(db):
        if row.finished_by is not None or not (chosen is None or row.id in chosen):
            continue
        state = "unfinished" if row.state == catalogue.RUNNING else row.state
        receipt = decoded(row.receipt) if row.receipt else None
        found.append(
            ListedImport(row.id, state, row.name, row.importer, iso(row.started_at), receipt)
        )
    return found


def _media(
    db: Connection, selection: Selection, choice: FileChoice, *, missing: bool
) -> list[Listed]:
    chosen = photo_rows.chosen(db, choice)
    found: list[Listed] = []
    for a, m in queries.media(db, selection, missing=missing):
        if chosen is not None and a.file not in chosen:
            continue
        photo = photo_rows.facts_of(db, a.file)
        found.append(
            ListedMedia(
                a.id, a.message, a.name, a.kind, a.media_type, a.size, a.state, iso(m.sent_at),
                m.conversation_title, photo.width, photo.height, iso(photo.taken_at), photo.camera,
                photo.latitude, photo.longitude,
            )
        )  # fmt: skip
    return found
