"""A conversation of Slack, and its transcript: the messages of its files, one after the other."""

import json
from collections.abc import Iterator

from chatvault.importers._fields import Malformed, maybe, need, rest
from chatvault.importers._people import folded
from chatvault.importers._slack_files import Files
from chatvault.importers._slack_item import REPLIES, Told, told, with_older
from chatvault.importers._slack_people import Present, Workspace
from chatvault.importers._source import Source
from chatvault.model import Conversation, ConversationKind, Problem, Record

PLATFORM = "slack"
LISTS = {
    "channels.json": ConversationKind.CHANNEL,
    "groups.json": ConversationKind.GROUP,
    "mpims.json": ConversationKind.GROUP,
    "dms.json": ConversationKind.DIRECT,
}
_FLAGS = {
    "is_im": ConversationKind.DIRECT,
    "is_mpim": ConversationKind.GROUP,
    "is_private": ConversationKind.GROUP,
    "is_group": ConversationKind.GROUP,
}
_BY_ID = {"D": ConversationKind.DIRECT, "G": ConversationKind.GROUP}
_NAMED = 8  # people in the title of a conversation without one
_BROADCAST = "thread_broadcast"


def conversation(
    item: object, workspace: Workspace, *, kind: ConversationKind | None = None, me: str | None
) -> tuple[Conversation, list[str]]:
    """A conversation of one of the lists, and who is to be told with it; Malformed if it is none.

    `kind` is that of the list, None where one list holds all kinds.
    """
    identifier = need(item, "id", str)
    if not identifier:
        raise Malformed("an id without a character")
    fields = {str(key): value for key, value in rest(item, ()).items() if value is not None}
    for flag, of_flag in _FLAGS.items():
        if fields.get(flag) is True and kind in {None, ConversationKind.CHANNEL}:
            kind = of_flag
            break
    kind = kind or _BY_ID.get(identifier[0], ConversationKind.CHANNEL)
    name = maybe(item, "name", str) or ""
    members = [one for one in maybe(item, "members", list) or () if isinstance(one, str)]
    if not members and (other := maybe(item, "user", str)):
        members = [other]
    unnamed = kind is ConversationKind.DIRECT or name.startswith("mpdm-") or not name
    people = _title_of(members, workspace, me) if unnamed else ""
    title = people or name or identifier
    return Conversation(
        id=identifier,
        platform=PLATFORM,
        title=title,
        kind=kind,
        owner=workspace.owner,
        extra={key: value for key, value in fields.items() if key != "id" and value != title},
    ), list(dict.fromkeys(members)) if unnamed else []


def _title_of(members: list[str], workspace: Workspace, me: str | None) -> str:
    names = {one: workspace.person(one) or one for one in members}
    own = {workspace.owner, me}
    others = [name for one, name in names.items() if not own & {one, name}]
    return ", ".join((others or list(names.values()))[:_NAMED])


def unlisted(folder: str, workspace: Workspace) -> Conversation:
    """The conversation of a folder that no list names."""
    known = folder[:1] in "CDG" and folder.isalnum() and folder.upper() == folder
    if known and len(folder) > 7:
        return Conversation(
            id=folder,
            platform=PLATFORM,
            title=folder,
            kind=_BY_ID.get(folder[0], ConversationKind.CHANNEL),
            owner=workspace.owner,
        )
    return Conversation(
        id=f"title:{folded(folder)}",
        platform=PLATFORM,
        title=folder,
        kind=ConversationKind.CHANNEL,
        owner=workspace.owner,
        title_is_id=True,
    )


class Transcript:
    """The messages of one conversation."""

    def __init__(
        self, place: Conversation, workspace: Workspace, files: Files, source: Source
    ) -> None:
        self._place = place.id
        self._workspace = workspace
        self._files = files
        self._present = Present(place.id, workspace, source.told.me)
        self._seq = 0
        self._twice: dict[str, int] = {}
        self._before: list[object] = []

    def members(self, identifiers: list[str]) -> Iterator[Record]:
        """The people of a conversation that has no other name than theirs."""
        for one in identifiers:
            yield from self._present.tell_id(one)

    def older(self, item: object) -> None:
        """The next item as it was fetched before: its text is one of the versions."""
        self._before.append(item)

    def item(self, item: object, file: str, part: str) -> Iterator[Record]:
        """The records of an item, and of the answers inside it."""
        try:
            answers = maybe(item, REPLIES, list) or []
            found = told(item, self._workspace, self._files, place=self._place, seq=self._seq)
        except Malformed as cause:
            raw = json.dumps(item, ensure_ascii=False)
            yield Problem(file=file, part=part, reason=str(cause), raw=raw)
            return
        if self._before:
            before, self._before = self._before, []
            found = with_older(found, before, self._workspace, self._files)
        if not self._is_copy(item, found):
            yield from self._told(found)
        for position, answer in enumerate(answers):
            if isinstance(answer, dict) and answer.get("ts") == found.message.id:
                continue  # the message itself, once more at the head of its answers
            yield from self.item(answer, file, f"{part}.{REPLIES}[{position}]")

    def _told(self, found: Told) -> Iterator[Record]:
        self._seq += 1
        if found.sender is not None:
            yield from self._present.tell(found.sender)
        for reaction in found.reactions:
            if reaction.sender_id is not None:
                yield from self._present.tell_id(reaction.sender_id)
        yield found.message
        yield from found.reactions

    def _is_copy(self, item: object, found: Told) -> bool:
        """Whether it was told before: an answer shown to everybody also stands among the answers,
        and the first message of a conversation below it too."""
        form = maybe(item, "subtype", str)
        if form != _BROADCAST:
            return False
        identifier = str(found.message.id)
        content = hash((found.message.text, str(found.message.edited_at), len(found.reactions)))
        if self._twice.get(identifier) == content:
            return True
        self._twice[identifier] = content
        return False
