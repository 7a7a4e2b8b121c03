"""Whom a plaintext export of Signal names: recipients, conversations, and whose account it is.

Its own numbers count in one file only. What holds in every export is the account id (`aci`) of a
person and the hash of a group's key.
"""

import base64
import binascii
from collections.abc import Iterator
from uuid import UUID

import msgspec
from msgspec.structs import replace

from chatvault.importers._fields import Malformed, maybe, need, rest
from chatvault.importers._people import People, folded
from chatvault.importers._signal_secrets import GROUP, SECRETS
from chatvault.importers._source import Told
from chatvault.model import Conversation, ConversationKind, Participant, Record

ME = "self"
PLATFORM = "signal"
DIRECT, KIND_GROUP, CHANNEL = (
    ConversationKind.DIRECT,
    ConversationKind.GROUP,
    ConversationKind.CHANNEL,
)
_CONTACT = frozenset({
    "aci", "pni", "username", "e164", "profileGivenName", "profileFamilyName", "nickname",
    "systemGivenName", "systemFamilyName", "systemNickname",
    *SECRETS,
})  # fmt: skip
# Settings of the app for a conversation, and numbers that count in this file only.
_CHAT = frozenset({"id", "recipientId", "style"})
# Fields that hold the number of a recipient, wherever they are.
REFERENCES = frozenset({
    "recipientId", "authorId", "voterId", "adminId", "ringerRecipientId", "startedCallRecipientId",
})  # fmt: skip


class Recipient(msgspec.Struct, frozen=True):
    """Somebody or something that messages go to; `participant` says that it can send some."""

    id: str
    name: str
    kind: ConversationKind = DIRECT
    handles: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    participant: bool = True
    stable: bool = True  # False: the id counts in this export only
    mine: bool = False
    members: tuple[str, ...] = ()  # account ids
    extra: dict[str, object] = {}


def identifier(value: object) -> str:
    """A number in the file, which comes as text or as a number."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise Malformed("a reference that is no number")
    return str(value)


def uuid_of(value: str | None) -> str | None:
    """An account id from its 16 bytes in base64."""
    if not value:
        return None
    try:
        return str(UUID(bytes=base64.b64decode(value, validate=True)))
    except (ValueError, binascii.Error) as cause:
        raise Malformed("an account id that is none") from cause


class Book:
    """What the frames before the messages said about people and conversations."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._recipients: dict[str, Recipient] = {}
        self._chats: dict[str, dict[str, object]] = {}
        self._account: dict[str, str] = {}
        self._members: list[frozenset[str]] = []  # of each group
        self._talks: dict[str, Talk] = {}
        self._me = ""
        self._numbers: dict[str, str] = {}  # of account ids

    def account(self, value: object) -> None:
        """Take in whose account it is."""
        names = [maybe(value, name, str) or "" for name in ("givenName", "familyName")]
        self._account = {
            "name": " ".join(name for name in names if name),
            "username": maybe(value, "username", str) or "",
        }

    def recipient(self, value: object) -> None:
        """Take in one recipient."""
        number = identifier(need(value, "id", str, int))
        for form, make in _FORMS.items():
            if isinstance(value, dict) and form in value:
                self._recipients[number] = made = make(need(value, form, dict))
                if form == "contact":
                    self._numbers[made.id] = number
                elif form == "group":
                    self._members.append(frozenset(made.members))
                return

    def chat(self, value: object) -> None:
        """Take in one conversation."""
        need(value, "recipientId", str, int)
        self._chats[identifier(need(value, "id", str, int))] = rest(value, ())

    def me(self) -> str:
        """The owner's id. The export does not say it, but everybody else in a group is a contact,
        so the one who is none is the owner. Asked once the messages begin; it stays what it is."""
        if not self._me:
            strangers = [members.difference(self._numbers) for members in self._members]
            strangers = [found for found in strangers if found]
            common = frozenset.intersection(*strangers) if strangers else frozenset()
            self._me = next(iter(common)) if len(common) == 1 else ME
        return self._me

    def of(self, number: str) -> Recipient:
        """The recipient of this number in the file, as far as it is known."""
        known = self._recipients.get(number)
        if known is None:
            return Recipient(f"name:recipient {number}", f"recipient {number}", stable=False)
        if known.id == ME:
            username = self._account.get("username")
            name = self._account.get("name") or self._told.me or "Me"
            handles = (username,) if username else ()
            known = replace(known, id=self.me(), name=name, handles=handles, mine=True)
            self._recipients[number] = known
        return known

    def by_account_id(self, account_id: str) -> Recipient | None:
        """Somebody by account id; None for a stranger."""
        number = self._numbers.get(account_id)
        return None if number is None else self.of(number)

    def talk(self, number: str) -> "Talk":
        """The conversation of this number in the file; Malformed if it was not told."""
        if number not in self._talks:
            chat = self._chats.get(number)
            if chat is None:
                raise Malformed("a message of a conversation that is not in the export")
            self._talks[number] = Talk(self, chat, self._told)
        return self._talks[number]

    def referring(self, value: object) -> object:
        """The same value with ids that hold everywhere in place of the numbers of this file."""
        if isinstance(value, list):
            return [self.referring(item) for item in value]
        if not isinstance(value, dict):
            return value
        found: dict[str, object] = {}
        for name, item in value.items():
            plain = isinstance(item, str | int) and not isinstance(item, bool)
            if name in REFERENCES and plain:
                found[name] = self.of(str(item)).id
            elif name not in SECRETS:
                found[name] = self.referring(item)
        return found


class Talk:
    """One conversation, and who in it was told already."""

    def __init__(self, book: Book, chat: dict[str, object], told: Told) -> None:
        peer = book.of(identifier(chat["recipientId"]))
        me = book.me()
        settings = {name: value for name, value in chat.items() if name not in _CHAT}
        self._conversation = Conversation(
            id=ME if peer.mine else peer.id,
            platform=PLATFORM,
            title="Note to Self" if peer.mine else peer.name,
            kind=peer.kind,
            owner=None if me == ME else me,
            title_is_id=not peer.stable,
            extra=settings if peer.participant else {**settings, **peer.extra},
        )
        self.id = self._conversation.id
        self.seq = 0
        self._members = [one for aci in peer.members if (one := book.by_account_id(aci))]
        self._people = People(self.id, told.me)

    def begin(self) -> Iterator[Record]:
        """A new transcript."""
        self.seq = 0
        yield self._conversation
        self._conversation = replace(self._conversation, extra={})  # told once is enough
        for member in self._members:
            yield from self.tell(member)
        self._members = []

    def tell(self, one: Recipient) -> Iterator[Participant]:
        """Somebody, if that was not told yet."""
        told = self._people.tell(
            one.id, one.name, aliases=one.aliases, is_me=one.mine, extra=one.extra
        )
        for participant in told:
            yield replace(participant, handles=one.handles)


def _contact(value: dict[str, object]) -> Recipient:
    aci, pni = uuid_of(maybe(value, "aci", str)), uuid_of(maybe(value, "pni", str))
    phone = maybe(value, "e164", str, int)
    phone = f"+{phone}" if phone else ""
    username = maybe(value, "username", str) or ""
    names = [
        _joined(maybe(value, "nickname", dict), "given", "family"),
        maybe(value, "systemNickname", str) or "",
        _joined(value, "systemGivenName", "systemFamilyName"),
        _joined(value, "profileGivenName", "profileFamilyName"),
    ]
    known = [name for name in names if name]
    name = next(iter(known), "") or username or phone or "Unknown"
    stable = aci or phone or (f"pni:{pni}" if pni else "")
    extra = rest(value, _CONTACT)
    if pni and pni != stable:
        extra["pni"] = pni
    return Recipient(
        id=stable or f"name:{folded(name)}",
        name=name,
        handles=tuple(handle for handle in (phone, username) if handle),
        aliases=tuple(dict.fromkeys(other for other in known if other != name)),
        stable=bool(stable),
        extra=extra,
    )


def _group(value: dict[str, object]) -> Recipient:
    snapshot = maybe(value, "snapshot", dict) or {}
    title = maybe(maybe(snapshot, "title", dict) or {}, "title", str) or "Unnamed group"
    key = maybe(value, "masterKey", str) or ""
    stable = key.startswith(GROUP)
    extra = {**rest(value, {*SECRETS, "snapshot"}), **_kept(snapshot)}
    return Recipient(
        id=f"group:{key.removeprefix(GROUP)}" if stable else f"title:{folded(title)}",
        name=title,
        kind=KIND_GROUP,
        participant=False,
        stable=stable,
        members=tuple(_members(snapshot)),
        extra=extra,
    )


def _kept(snapshot: dict[str, object]) -> dict[str, object]:
    found = {**rest(snapshot, {*SECRETS, "title"})}
    title = rest(maybe(snapshot, "title", dict) or {}, {"title"})
    return {**found, **({"title": title} if title else {})}


def _members(snapshot: dict[str, object]) -> Iterator[str]:
    """The account ids of the members of a group."""
    for member in maybe(snapshot, "members", list) or ():
        if found := uuid_of(maybe(member, "userId", str)):
            yield found


def _self(value: dict[str, object]) -> Recipient:
    return Recipient(id=ME, name=ME, extra=rest(value, ()))


def _release_notes(value: dict[str, object]) -> Recipient:
    return Recipient(id="release-notes", name="Signal", kind=CHANNEL, extra=rest(value, ()))


def _list(value: dict[str, object]) -> Recipient:
    name = maybe(maybe(value, "distributionList", dict) or {}, "name", str) or "Story"
    return _named(name, rest(value, SECRETS))


def _call_link(value: dict[str, object]) -> Recipient:
    return _named(maybe(value, "name", str) or "Call link", rest(value, SECRETS))


def _named(name: str, extra: dict[str, object]) -> Recipient:
    return Recipient(
        id=f"title:{folded(name)}", name=name, kind=KIND_GROUP, participant=False, stable=False,
        extra=extra,
    )  # fmt: skip


_FORMS = {
    "contact": _contact,
    "group": _group,
    "self": _self,
    "releaseNotes": _release_notes,
    "distributionList": _list,
    "callLink": _call_link,
}


def _joined(value: dict[str, object] | None, *names: str) -> str:
    parts = (maybe(value, name, str) or "" for name in names) if value else ()
    return " ".join(part for part in parts if part)
