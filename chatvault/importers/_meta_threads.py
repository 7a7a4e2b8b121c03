"""Messenger's and Instagram's downloads, read in one way."""

import re
from collections.abc import Iterator

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import maybe
from chatvault.importers._json_stream import BrokenJson
from chatvault.importers._meta_account import Owner, names_in, owner_by_presence, owner_by_profile
from chatvault.importers._meta_files import Files
from chatvault.importers._meta_item import message, person, reactions
from chatvault.importers._meta_layout import BOXES, Folder, folders
from chatvault.importers._meta_transcript import Told, Transcript, about
from chatvault.importers._meta_words import all_repaired
from chatvault.importers._protocol import Carried
from chatvault.importers._source import Source
from chatvault.model import Assumption, Conversation, ConversationKind, Problem, Record

# Behind the name of the conversation: ten letters and digits, or the number it has in the app.
_IDENTIFIER = re.compile(r"_(\d{5,}|[\w-]{10})\Z", re.ASCII)
_DROPPED = frozenset({"participants", "title", "thread_path"})
CUT = "e2ee_cutover"
# What both importers say of themselves.
CARRIED: frozenset[Carried] = frozenset({
    "reactions", "deletions", "calls", "locations", "stickers", "polls", "system", "media",
    "links", "payments",
})  # fmt: skip
NOT_KEPT = {
    "ip": "the address of the sender's computer in old messages; the export that is kept has it",
    "Generic": "the type of an ordinary message",
    "Share": "the type of a message with a share, told by the kind",
    "Call": "the type of a call, told by the kind",
    "type_INTERNAL": "a leftover of the app without any meaning",
}
REMEDY = "choose JSON when you ask for the download, and give all .zip files of it together"


def read_threads(source: Source, app: str) -> Iterator[Record]:
    """Each folder of messages as a conversation."""
    found = folders(source, app)
    if not found:
        raise BadExport(
            "there is no message_1.json in a folder of a conversation",
            where=Where(source.name),
            remedy=REMEDY,
        )
    owner = owner_by_profile(source, app)
    if not owner.names and not source.told.me:
        owner = owner_by_presence(source, (folder.files[0] for folder in found))
    if owner.assumption:
        yield owner.assumption
    if any(f"/{CUT}/" in f"/{folder.name}" for folder in found):
        yield Assumption(
            what="complete",
            value="without end-to-end encrypted messages",
            why=f"the folder {CUT} holds conversations only up to the day on which they became"
            " encrypted; the rest is another download, from messenger.com/secure_storage/dyi",
        )
    files = Files(source)
    for folder in found:
        yield from _conversation(source, folder, files, app=app, owner=owner, only=len(found) == 1)


def _conversation(
    source: Source, folder: Folder, files: Files, *, app: str, owner: Owner, only: bool
) -> Iterator[Record]:
    try:
        fields, items = about(source, folder.files, all_repaired)
    except BrokenJson as cause:
        if only:
            where = Where(source.full(folder.files[0]))
            raise BadExport(f"no messages in it: {cause}", where=where, remedy=REMEDY) from cause
        for name in folder.files:
            yield Problem(file=source.full(name), part="end", reason=str(cause), raw="")
        return
    if not (items or {"participants", "thread_path"} & fields.keys()):
        return  # something else of this name
    place = _place(fields, folder, source, app=app, owner=owner)

    def item(value: object, seq: int) -> Told:
        told = message(value, files, folder.name, place=place.id, seq=seq)
        return Told(maybe(value, "sender_name", str) or "", told, reactions(value))

    transcript = Transcript(
        source, place, time="timestamp_ms", newest_first=True, repair=all_repaired, item=item
    )
    yield from transcript.records(fields.get("participants"), folder.files)


def _place(
    fields: dict[str, object], folder: Folder, source: Source, *, app: str, owner: Owner
) -> Conversation:
    path = fields.get("thread_path")
    box, _, label = path.rpartition("/") if isinstance(path, str) else ("", "", "")
    label = label or folder.label or source.name
    box = box or next((one for one in folder.name.split("/") if one in BOXES), "")
    identifier = _IDENTIFIER.search(label)
    names = list(dict.fromkeys(names_in(fields.get("participants"))))
    me = owner.among(names)
    named = fields.get("title")
    others = [name for name in names if person(name) != me]
    title = named if isinstance(named, str) and named.strip() else ", ".join(others[:20])
    extra = {name: value for name, value in fields.items() if name not in _DROPPED and value != []}
    joinable = extra.get("joinable_mode")
    if isinstance(joinable, dict):
        # Whoever has this link can join the group.
        extra["joinable_mode"] = {k: v for k, v in joinable.items() if k != "link"}
    return Conversation(
        id=identifier[1] if identifier else label,
        platform=app,
        title=title or label,
        kind=_kind(fields, names),
        owner=me,
        extra={"box": box, **extra} if box else extra,
    )


def _kind(fields: dict[str, object], names: list[str]) -> ConversationKind:
    told = fields.get("thread_type")
    if isinstance(told, str) and told in {"Regular", "Pending"}:
        return ConversationKind.DIRECT
    is_group = isinstance(told, str) and told.endswith("Group")
    several = len(names) > 2 or "joinable_mode" in fields
    return ConversationKind.GROUP if is_group or several else ConversationKind.DIRECT
