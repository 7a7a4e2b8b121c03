"""Google Voice, as Google Takeout gives it: a page for each burst of texts, and for each call.

    Voice/Calls/Ida Noor - Text - 2021-07-17T18_16_16Z.html
    Voice/Calls/Group Conversation - 2023-10-01T15_30_41Z.html, ...Z-2-1.jpg
    Voice/Calls/Ida Noor - Voicemail - 2021-07-17T18_20_00Z.html, ...Z.mp3
    Voice/Phones.vcf

One message of a page:
    <div class="message"><abbr class="dt" title="2021-07-17T12:16:16.451-06:00">Jul 17</abbr>:
    <cite class="sender vcard"><a class="tel" href="tel:+12025550147"><span class="fn">Ida Noor
    </span></a></cite>: <q>on my way<br></q></div>

Pages of one person are one conversation, known by the number and never by the name of a file.
"""

import re
from collections.abc import Iterator

import msgspec

from chatvault.errors import BadExport, Where
from chatvault.importers._google_files import Files
from chatvault.importers._google_voice_page import (
    GROUP,
    ME,
    NAME,
    Page,
    Person,
    Said,
    Unread,
    parse,
)
from chatvault.importers._people import People, folded
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._sms import normal
from chatvault.importers._source import Source
from chatvault.model import Conversation, ConversationKind, Mark, Message, Problem, Record

INFO = ImporterInfo(
    key="google-voice",
    platform="google-voice",
    title="Google Voice",
    expects="the folder Voice of a Takeout, or the .zip files of it",
    carries=frozenset({"calls", "contacts", "deletions", "media"}),
    derived={
        **dict.fromkeys(
            (
                *("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"),
                *("Dec", "AM", "PM", "Pacific", "Mountain", "Central", "Eastern", "Time"),
            ),
            "the time in words; the time itself is kept",
        ),
        **dict.fromkeys(
            ("Labels", "User", "Deleted", "False", "True", "Call", "Log", "for", "Group"),
            "the frame of a page, the same on all of them",
        ),
        **dict.fromkeys(
            ("conversation", "with", "from", "to", "call", "Transcript", "Audio"),
            "the frame of a page, the same on all of them",
        ),
        **dict.fromkeys(
            ("Contact", "card", "Video", "attachment"), "the words of a link to a file that is kept"
        ),
        "Me": "how a page names its owner, who is kept",
    },
    leaves_out="who read a message, reactions, numbers of callers who hide them",
    seen="Takeouts of 2013 to 2024",
)  # fmt: skip

HEAD = 64 * 1024
KNOWN = 20_000  # names whose number is remembered
REMEDY = "ask Google Takeout for Voice again, and give all .zip files of it together"
_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]{2,30}")
_PHONE = re.compile(rb"^(?:item\d+\.)?TEL[^:\r\n]{0,80}:([^\r\n]{1,60})", re.MULTILINE)


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: what is in the first pages whose names end with a time."""
    found = ((name, _evidence(source.head(name, HEAD))) for name in _pages(source)[:3])
    return tuple(f"{name} has {what}" for name, what in found if what)


def read(source: Source) -> Iterator[Record]:
    """Each page as a transcript of the conversation that it belongs to."""
    names = _pages(source)
    if not names:
        raise BadExport(
            "there is no page of texts or calls", where=Where(source.name), remedy=REMEDY
        )
    export = _Export(source, names)
    for name in names:
        yield from export.page(name)


def _pages(source: Source) -> list[str]:
    """The pages here and in the folders here; `Bills.html` and others have no time in the name."""
    return [
        name
        for name in source.names()
        if name.count("/") <= 1
        and name.lower().endswith((".html", ".htm"))
        and NAME.fullmatch(name.rpartition("/")[2])
    ]


def _evidence(head: bytes) -> str:
    if b"hChatLog" in head:
        return "texts of Google Voice"
    if b"haudio" in head and (b'"published"' in head or b"contributor" in head):
        return "a call of Google Voice"
    return ""


class _Export:
    """What the pages have in common: whose they are, and which number a name has."""

    def __init__(self, source: Source, names: list[str]) -> None:
        self._source = source
        self._names = names
        self._files = Files(source)
        self._mine = _own_numbers(source)
        self._numbers: dict[str, str] | None = None

    def page(self, name: str) -> Iterator[Record]:
        """The records of one page."""
        full = self._source.full(name)
        page = parse(self._source, name, self._files)
        if not page.items:
            reason = page.cut or "neither a message nor a call"
            raw = self._source.head(name, HEAD).decode("utf-8", "replace")
            yield Problem(file=full, part="", reason=reason, raw=raw)
            return
        others = self._others(page, name)
        place = _conversation(others, page)
        yield place
        people = People(place.id)
        for other in others:
            yield from _tell(people, other)
        seq = 0
        for item in page.items:
            if isinstance(item, Unread):
                yield Problem(file=full, part=item.part, reason=item.reason, raw=item.raw)
                continue
            yield from self._said(people, place.id, item, page, others=others, seq=seq)
            seq += 1
        if page.cut:
            yield Problem(file=full, part="end", reason=page.cut, raw="")
        if page.left_out:
            reason = f"{page.left_out:,} messages more than are read of one page"
            yield Problem(file=full, part="end", reason=reason, raw="")
        yield from page.replaced.problems(full)

    def _said(
        self, people: People, place: str, item: Said, page: Page, *, others: list[Person], seq: int
    ) -> Iterator[Record]:
        who = item.sender
        sender = None
        if who is not None and self._is_me(who):
            sender = ME
            name = who.name if who.name not in {"", "Me"} else self._source.told.me or "Me"
            for me in people.tell(ME, name, is_me=True):
                handles = (who.number,) if who.number else ()
                yield msgspec.structs.replace(me, handles=handles)
        elif who is not None:
            if not who.number and len(others) == 1 and folded(others[0].name) == folded(who.name):
                who = others[0]
            sender = _id(who) or None
            yield from _tell(people, who)
        extra = dict(item.extra)
        if page.labels:
            extra["labels"] = page.labels
        yield Message(
            id=None,
            conversation_id=place,
            sender_id=sender,
            sent_at=item.sent_at,
            seq=seq,
            kind=item.kind,
            text=item.text,
            more_text=item.more_text,
            attachments=item.attachments,
            marks=(Mark.DELETED,) if page.deleted else (),
            extra=extra,
        )

    def _is_me(self, who: Person) -> bool:
        return who.is_me or (bool(who.number) and normal(who.number) in self._mine)

    def _others(self, page: Page, name: str) -> list[Person]:
        """Who a page is with: the people of the group or of the call, else who wrote, else whom
        the file is named after."""
        found: dict[str, Person] = {}
        for one in page.people or _senders(page):
            if not self._is_me(one) and (key := _id(one)):
                found.setdefault(key, one)
        if found and (page.people or page.title == GROUP):
            return list(found.values())
        if found:
            return list(found.values())[:1]
        named = NAME.fullmatch(name.rpartition("/")[2])
        label = (named["who"] or "").strip() if named else ""
        if not page.people:  # the title of a call begins with what kind of call it was
            label = label or page.title.removeprefix("Me to").strip()
        if not label or label == GROUP:
            return []
        if _NUMBER.fullmatch(label):
            return [Person(label, "")]
        return [Person(self._number_of(label), label)]

    def _number_of(self, name: str) -> str:
        """The number of somebody who is only named here, from the other pages."""
        if self._numbers is None:
            self._numbers = {}
            for other in self._names:
                page = parse(self._source, other, self._files)
                for one in (*page.people, *_senders(page)):
                    if one.number and one.name and not self._is_me(one):
                        if len(self._numbers) >= KNOWN:
                            break
                        self._numbers.setdefault(folded(one.name), one.number)
        return self._numbers.get(folded(name), "")


def _senders(page: Page) -> list[Person]:
    return [item.sender for item in page.items if isinstance(item, Said) and item.sender]


def _own_numbers(source: Source) -> frozenset[str]:
    """The owner's numbers, in the card beside the pages."""
    found: set[str] = set()
    for name in source.names():
        if name.count("/") <= 1 and name.rpartition("/")[2].lower() == "phones.vcf":
            for number in _PHONE.findall(source.head(name, HEAD)):
                found.add(normal(number.decode("utf-8", "replace")))
    if source.told.me and _NUMBER.fullmatch(source.told.me):
        found.add(normal(source.told.me))
    return frozenset(found)


def _id(who: Person) -> str:
    if who.number:
        return normal(who.number)
    return f"name:{folded(who.name)}" if who.name else ""


def _conversation(others: list[Person], page: Page) -> Conversation:
    group = len(others) > 1 or page.title == GROUP
    title = ", ".join(one.name or one.number for one in others)
    title = title or (GROUP if group else "(Unknown)")
    numbers = sorted(normal(one.number) for one in others if one.number)
    # A hidden number is one conversation, whoever it was; other names stand for themselves.
    by_name = len(numbers) < len(others) or (group and not others)
    return Conversation(
        id=f"title:{folded(title)}" if by_name else ",".join(numbers) or "unknown",
        platform=INFO.platform,
        title=title,
        kind=ConversationKind.GROUP if group else ConversationKind.DIRECT,
        owner=ME,
        title_is_id=by_name,
    )


def _tell(people: People, who: Person) -> Iterator[Record]:
    identifier = _id(who)
    if not identifier:
        return
    for told in people.tell(identifier, who.name or people.name(identifier) or who.number):
        yield msgspec.structs.replace(told, handles=(who.number,) if who.number else ())
