"""What an item of Signal's plaintext export says: text, files, kind, by the form that it has."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from chatvault.importers._fields import maybe, need, rest
from chatvault.importers._signal_files import SERVERS, Files
from chatvault.importers._signal_people import Book, identifier, uuid_of
from chatvault.importers._signal_secrets import SECRETS
from chatvault.model import Attachment, AttachmentState, Mark, MessageKind


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """The content of an item. `quoted` is author and time of the message that it answers; `notice`
    tells what the app noted from what people sent."""

    kind: MessageKind
    text: str = ""
    more_text: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    marks: tuple[Mark, ...] = ()
    quoted: tuple[str, str | int | None] | None = None
    reactions: tuple[object, ...] = ()
    extra: dict[str, object] = {}
    notice: str = ""


class Export(NamedTuple):
    """What contents refer to."""

    book: Book
    files: Files


Reader = Callable[[dict[str, object], Export], Body]


def body_of(item: dict[str, object], export: Export) -> Body:
    """The content of an item; one of a form not known yet is kept as it is."""
    for form, read in FORMS.items():
        if form in item:
            value = need(item, form, dict)
            body = read(value, export)
            return replace(body, reactions=tuple(maybe(value, "reactions", list) or ()))
    return Body(kind=MessageKind.OTHER, notice="other")


_STANDARD = {"text", "attachments", "quote", "linkPreview", "longText"}


def _standard(value: dict[str, object], export: Export) -> Body:
    text, more, extra = _text(maybe(value, "text", dict), export.book)
    sent, details = _attachments(maybe(value, "attachments", list) or (), export.files)
    previews, others = _previews(maybe(value, "linkPreview", list) or (), export.files)
    if (long := maybe(value, "longText", dict)) is not None:
        whole = export.files.text(long)
        # What is there is the beginning; a file that begins otherwise is only kept beside it.
        if whole is not None and whole.startswith(text):
            text = whole
        else:
            others.append(export.files.attachment(long)[0])
    for preview in previews:
        more += [str(preview[name]) for name in ("title", "description") if name in preview]
    quote = maybe(value, "quote", dict)
    quoted = None
    if quote is not None:
        quoted, quote_more, quote_extra = _quote(quote, export.book)
        more += quote_more
        extra.update(quote_extra)
    extra.update(_present(attachments=details, linkPreview=previews))
    extra.update(_rest(value, _STANDARD, export.book))
    return Body(
        kind=sent[0].kind if sent else MessageKind.TEXT,
        text=text,
        more_text=(*more, *_captions(value)),
        attachments=(*sent, *others),
        quoted=quoted,
        extra=extra,
    )


def _text(value: dict[str, object] | None, book: Book) -> tuple[str, list[str], dict[str, object]]:
    """The text as sent, in which a mention is one U+FFFC; the names that stand for it on a screen;
    and where formats and mentions are, in UTF-16 units."""
    if value is None:
        return "", [], {}
    names = []
    ranges = []
    for one in maybe(value, "bodyRanges", list) or ():
        found = rest(one, {"mentionAci"})
        if (mentioned := maybe(one, "mentionAci", str)) is not None:
            account = uuid_of(mentioned) or ""
            found["mention"] = account
            person = book.by_account_id(account)
            names.append(f"@{person.name}" if person else "")
        ranges.append(found)
    extra: dict[str, object] = rest(value, {"body", "bodyRanges"})
    return maybe(value, "body", str) or "", names, {**_present(bodyRanges=ranges), **extra}


def _attachments(
    values: Iterable[object], files: Files
) -> tuple[tuple[Attachment, ...], list[dict[str, object]]]:
    """The files of a message; and what else is said of each, if of any."""
    found = [files.attachment(value) for value in values]
    details = [extra for _, extra in found]
    return tuple(one for one, _ in found), details if any(details) else []


def _captions(value: dict[str, object]) -> list[str]:
    pointers = (maybe(one, "pointer", dict) for one in maybe(value, "attachments", list) or ())
    return [maybe(pointer, "caption", str) or "" for pointer in pointers if pointer is not None]


def _previews(
    values: Iterable[object], files: Files
) -> tuple[list[dict[str, object]], list[Attachment]]:
    """The previews of links, and their pictures."""
    previews, pictures = [], []
    for value in values:
        previews.append(rest(value, {"image"}))
        if (image := maybe(value, "image", dict)) is not None:
            pictures.append(files.attachment(image)[0])
    return previews, pictures


def _quote(
    value: dict[str, object], book: Book
) -> tuple[tuple[str, str | int | None], list[str], dict[str, object]]:
    text, names, extra = _text(maybe(value, "text", dict), book)
    known = {"targetSentTimestamp", "authorId", "text", "attachments"}
    kept = {**extra, **rest(value, known)}
    if kept.get("type") == "NORMAL":
        del kept["type"]
    shown = [rest(one, {"thumbnail"}) for one in maybe(value, "attachments", list) or ()]
    kept.update(_present(text=text, attachments=shown))
    author = identifier(need(value, "authorId", str, int))
    kept["author"] = book.of(author).id
    time = maybe(value, "targetSentTimestamp", str, int)
    return (author, time), [text, *names], {"quote": kept}


def _contact(value: dict[str, object], export: Export) -> Body:
    card = maybe(value, "contact", dict) or {}
    name = maybe(card, "name", dict) or {}
    words = [part for part in name.values() if isinstance(part, str)]
    for field in ("number", "email"):
        words += [maybe(one, "value", str) or "" for one in maybe(card, field, list) or ()]
    avatar = maybe(card, "avatar", dict)
    return Body(
        kind=MessageKind.CONTACT,
        more_text=tuple(words),
        attachments=() if avatar is None else (export.files.attachment(avatar)[0],),
        extra={"contact": rest(card, {"avatar"}), **_rest(value, {"contact"}, export.book)},
    )


def _sticker(value: dict[str, object], export: Export) -> Body:
    sticker = maybe(value, "sticker", dict) or {}
    data = maybe(sticker, "data", dict)
    extra: dict[str, object] = rest(sticker, {"data", *SECRETS})
    attachments: tuple[Attachment, ...] = ()
    if data is not None:
        attachment, details = export.files.attachment(data, kind=MessageKind.STICKER)
        attachments = (attachment,)
        extra.update(details)
    return Body(
        kind=MessageKind.STICKER,
        more_text=(maybe(sticker, "emoji", str) or "",),
        attachments=attachments,
        extra={"sticker": extra, **_rest(value, {"sticker"}, export.book)},
    )


def _deleted(value: dict[str, object], export: Export) -> Body:
    return Body(
        kind=MessageKind.TEXT, marks=(Mark.DELETED,), extra=_rest(value, set(), export.book)
    )


def _view_once(value: dict[str, object], export: Export) -> Body:
    given = maybe(value, "attachment", dict)
    details: dict[str, object] = {}
    # The app does not export what was meant to be seen once.
    attachment = Attachment(
        name="viewOnceMessage",
        state=AttachmentState.ABSENT_NOT_EXPORTED,
        kind=MessageKind.MEDIA,
        stable_name=False,
    )
    if given is not None:
        attachment, details = export.files.attachment(given)
    return Body(
        kind=attachment.kind,
        attachments=(attachment,),
        marks=(Mark.VIEW_ONCE,),
        extra={
            **_present(attachments=[details] if details else []),
            **_rest(value, {"attachment"}, export.book),
        },
    )


def _story_reply(value: dict[str, object], export: Export) -> Body:
    reply = maybe(value, "textReply", dict)
    told: dict[str, object] = {"directStoryReply": True}
    if reply is None:
        text, names = maybe(value, "emoji", str) or "", []
    else:
        body = _standard(reply, export)
        text, names = body.text, list(body.more_text)
        told.update(body.extra)
    extra = {**told, **_rest(value, {"textReply", "emoji"}, export.book)}
    return Body(kind=MessageKind.TEXT, text=text, more_text=tuple(names), extra=extra)


def _payment(value: dict[str, object], export: Export) -> Body:
    return Body(
        kind=MessageKind.TRANSFER,
        text=maybe(value, "note", str) or "",
        more_text=(maybe(value, "amountMob", str) or "",),
        extra={"payment": _rest(value, {"note"}, export.book)},
    )


def _gift(value: dict[str, object], export: Export) -> Body:
    return Body(kind=MessageKind.OTHER, extra={"giftBadge": _rest(value, set(), export.book)})


def _poll(value: dict[str, object], export: Export) -> Body:
    options = maybe(value, "options", list) or ()
    return Body(
        kind=MessageKind.POLL,
        text=maybe(value, "question", str) or "",
        more_text=tuple(maybe(option, "option", str) or "" for option in options),
        extra={"poll": _rest(value, {"question"}, export.book)},
    )


def _update(value: dict[str, object], export: Export) -> Body:
    form = next(iter(value), "")
    words = list(_words(value))
    call = form in {"individualCall", "groupCall"}
    notice = form
    if form == "simpleUpdate" and isinstance(simple := value[form], dict):
        notice = f"{form} {simple.get('type', '')}"
    return Body(
        kind=MessageKind.CALL if call else MessageKind.SYSTEM,
        more_text=tuple(words),
        extra=_rest(value, set(), export.book),
        notice=notice or "update",
    )


# What people look for in what the app noted: names of people and groups, questions of polls.
_WORDS = frozenset({"newGroupName", "newDescription", "previousName", "newName", "question"})


def _words(value: object) -> list[str]:
    if isinstance(value, list):
        return [word for item in value for word in _words(item)]
    if not isinstance(value, dict):
        return []
    own = [item for name, item in value.items() if name in _WORDS and isinstance(item, str)]
    return [*own, *(word for item in value.values() for word in _words(item))]


def _present(**fields: object) -> dict[str, object]:
    """These fields, as far as they are not empty."""
    return {name: value for name, value in fields.items() if value}


def _rest(value: dict[str, object], known: set[str], book: Book) -> dict[str, object]:
    """The fields that are not known, with ids that hold everywhere."""
    referring = book.referring(rest(value, {*known, "reactions", *SECRETS, *SERVERS}))
    return referring if isinstance(referring, dict) else {}


FORMS: dict[str, Reader] = {
    "standardMessage": _standard,
    "contactMessage": _contact,
    "stickerMessage": _sticker,
    "remoteDeletedMessage": _deleted,
    "adminDeletedMessage": _deleted,
    "updateMessage": _update,
    "poll": _poll,
    "viewOnceMessage": _view_once,
    "directStoryReplyMessage": _story_reply,
    "paymentNotification": _payment,
    "giftBadge": _gift,
}
