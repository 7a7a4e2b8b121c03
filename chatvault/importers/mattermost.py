"""Mattermost: the bulk export of a server, one JSON object per line, with its files below `data/`.

{"type":"version","version":1}
{"type":"team","team":{"name":"demo","display_name":"Demo","type":"O"}}
{"type":"channel","channel":{"team":"demo","name":"lunch","display_name":"Lunch","type":"O"}}
{"type":"post","post":{"team":"demo","channel":"lunch","user":"ada","message":"Lunch?",
 "create_at":1700000000000,"reactions":[{"user":"bo","emoji_name":"pizza",
 "create_at":1700000030000}],"replies":[{"user":"bo","message":"yes",
 "create_at":1700000060000}],"attachments":[{"path":"20231114/menu.pdf"}]}}
{"type":"direct_post","direct_post":{"channel_members":["ada","bo"],"user":"ada",
 "message":"hi","create_at":1700000100000}}
"""

import json
import re
from collections.abc import Iterator

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed, need
from chatvault.importers._json_lines import NoValue, Value, notes, values
from chatvault.importers._json_value import decoded
from chatvault.importers._leaving_out import source_with
from chatvault.importers._mattermost import SETTINGS, Server, members_of
from chatvault.importers._mattermost_item import (
    Files,
    Post,
    message,
    reactions,
    replies,
    sender_of,
    shown_name,
)
from chatvault.importers._people import People
from chatvault.importers._protocol import ImporterInfo, Redaction
from chatvault.importers._source import Source
from chatvault.model import Conversation, Participant, Problem, Record

HEAD = 4096
# Posts come in no order of channels; so many are sorted into theirs at a time, so that a
# conversation is told in few transcripts and memory stays bounded.
WINDOW = 1000
ABOUT = frozenset({"team", "channel", "direct_channel", "user", "bot"})
# Of the server, not of what was said on it.
OTHERS = frozenset({"version", "scheme", "role", "emoji"})
WHAT = "passwords of accounts"
REMEDY = "make the export again (mmctl export create) and give the .zip, or the folder out of it"
_PASSWORD = re.compile(rb'(?<!\\)("password"\s{0,8}:\s{0,8}")(?:[^"\\]|\\.){1,512}"')
_LONGEST = 2 * 600


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the first line of a file at the top is the object of the version, alone."""
    return tuple(
        f"{name} begins with the version line of Mattermost"
        for name in _candidates(source)[:3]
        if _ours(source, name)
    )


def _candidates(source: Source) -> list[str]:
    names = [name for name in source.files() if name.lower().endswith((".jsonl", ".json"))]
    return sorted(names, key=lambda name: (not name.lower().endswith(".jsonl"), name))


def _ours(source: Source, name: str) -> bool:
    line = source.head(name, HEAD).decode("utf-8-sig", "replace").lstrip().partition("\n")[0]
    try:
        value = decoded(line.strip())
    except (ValueError, RecursionError):
        return False
    return (
        isinstance(value, dict)
        and value.get("type") == "version"
        and isinstance(value.get("version"), int)
        and value.keys() <= {"type", "version", "info"}
    )


def _names(source: Source) -> list[str]:
    return [name for name in _candidates(source) if _ours(source, name)]


def without_passwords(source: Source) -> Source:
    """The export without passwords, which files made for loading into a server may hold."""
    names = _names(source)
    return source_with(source, names, _PASSWORD, lambda found: found[1] + b'"', longest=_LONGEST)


INFO = ImporterInfo(
    key="mattermost",
    platform="mattermost",
    title="Mattermost, bulk export",
    expects="the .zip of an export, or its .jsonl with the folder data/",
    carries=frozenset({"replies", "reactions", "edits", "calls", "system", "media", "links"}),
    derived={
        **dict.fromkeys(SETTINGS, "a setting of somebody's app, or how they log in"),
        **dict.fromkeys(
            (*sorted(OTHERS), "info"), "how the server is set up, which is nothing that was said"
        ),
        "type": "what a line is, told by the kind of record; types of posts are kept",
    },
    leaves_out="ids, texts before an edit, deleted messages, who read what",
    seen="Mattermost 5 to 10 (2018 to 2025), mmetl 1",
    redaction=Redaction(WHAT, without_passwords),
)  # fmt: skip


def read(source: Source) -> Iterator[Record]:
    """The records of the export, each conversation in one transcript or a few."""
    names = _names(source)
    if not names:
        raise BadExport(
            "no file here begins with the version line of Mattermost",
            where=Where(source.name),
            remedy=REMEDY,
        )
    plain = without_passwords(source)
    for name in names:
        yield from _File(plain, name).records()


class _File:
    """One file of lines."""

    def __init__(self, source: Source, name: str) -> None:
        self._source = source
        self._name = name
        self._server = Server()
        self._files = Files(source)
        self._waiting: dict[str, tuple[Conversation, list[Post]]] = {}
        self._count = 0

    def records(self) -> Iterator[Record]:
        """All that is in it."""
        yield from notes(self._source, self._name)
        for line in values(self._source, self._name):
            if isinstance(line, NoValue):
                yield self._problem(line.part, line.reason, line.raw)
                continue
            try:
                self._line(line)
            except Malformed as cause:
                yield self._problem(line.part, str(cause), line.raw)
            if self._count >= WINDOW:
                yield from self._flush()
        yield from self._flush()

    def _line(self, line: Value) -> None:
        form = need(line.value, "type", str)
        if form in ABOUT:
            self._server.add(form, need(line.value, form, dict))
        elif form in {"post", "direct_post"}:
            post = need(line.value, form, dict)
            place = self._place(form, post)
            waiting = self._waiting.setdefault(place.id, (place, []))[1]
            waiting.append(Post(line.part, post, line.raw))
            self._count += 1 + len(replies(post))
        elif form not in OTHERS:
            raise Malformed("a type of line that is not known")

    def _place(self, form: str, post: object) -> Conversation:
        if form == "post":
            return self._server.channel(need(post, "team", str), need(post, "channel", str))
        members = members_of(post, "channel_members", "participants")
        return self._server.direct(members, self._source.told.me)

    def _flush(self) -> Iterator[Record]:
        """The posts read so far, conversation by conversation."""
        waiting, self._waiting, self._count = self._waiting, {}, 0
        for place, posts in waiting.values():
            people = People(place.id, self._source.told.me)
            yield place
            seq = 0
            for post in posts:
                try:
                    found = self._post(post.value, people, place.id, seq=seq)
                except Malformed as cause:
                    yield self._problem(post.part, str(cause), post.raw)
                    continue
                root, records = found
                yield from records
                seq += 1
                for number, reply in enumerate(replies(post.value)):
                    try:
                        _, records = self._post(reply, people, place.id, seq=seq, reply_to=root)
                    except Malformed as cause:
                        part = f"{post.part}, replies[{number}]"
                        raw = json.dumps(reply, ensure_ascii=False)
                        yield self._problem(part, str(cause), raw)
                        continue
                    yield from records
                    seq += 1

    def _post(
        self, item: object, people: People, chat: str, *, seq: int, reply_to: str | None = None
    ) -> tuple[str | None, list[Record]]:
        """The id of a post or reply, and its records."""
        told = message(item, self._files, chat=chat, seq=seq, reply_to=reply_to)
        answers = list(reactions(item))
        named: list[Participant] = []
        named += self._server.told(people, sender_of(item), name=shown_name(item))
        for one in answers:
            if one.sender_id:
                named += self._server.told(people, one.sender_id)
        return told.id, [*named, told, *answers]

    def _problem(self, part: str, reason: str, raw: str) -> Problem:
        return Problem(file=self._source.full(self._name), part=part, reason=reason, raw=raw)
