"""What a message of qq-chat-exporter says, from its elements.

    {"type": "reply", "data": {"referencedMessageId": "74...1", "senderName": "小满", ...}}
    {"type": "text", "data": {"text": "摆好了"}}

The type of the message is not trusted (it says `text` for pictures), and its own text is only a
rendering of the elements, with words such as `[图片: board.png]` in it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from chatvault.importers._json_value import decoded
from chatvault.importers._qce_media import KINDS, Files, Place, text
from chatvault.importers._qce_rendered import is_rendered, only_words, with_duration, written
from chatvault.importers._wechat import notice_marks
from chatvault.model import Attachment, AttachmentState, Mark, MessageKind

Data = dict[str, Any]

# The first of these that a message has says what it is.
_SPECIAL = {
    "system": MessageKind.SYSTEM,
    "forward": MessageKind.FORWARD,
    "long_message": MessageKind.FORWARD,
    "json": MessageKind.LINK,
    "location": MessageKind.LOCATION,
    "wallet": MessageKind.RED_PACKET,
    "av_record": MessageKind.CALL,
    "giphy": MessageKind.ANIMATION,
    "face_bubble": MessageKind.STICKER,
    **dict.fromkeys(
        ("live_gift", "calendar", "yolo_game_result", "tofu_record", "task_top_msg",
         "recommended_msg"),
        MessageKind.OTHER,
    ),
}  # fmt: skip
# Cards that are something else than a link, by the app that shows them.
_APPS = {
    "com.tencent.map": MessageKind.LOCATION,
    "com.tencent.contact.lua": MessageKind.CONTACT,
    "com.tencent.troopsharecard": MessageKind.CONTACT,
    "com.tencent.multimsg": MessageKind.FORWARD,
}
# What the tool writes where QQ has no words.
_EMPTY_WORDS = frozenset({
    "", "JSON消息", "位置消息", "分享了位置", "原消息", "长消息", "Markdown消息", "Giphy动图",
    "内联键盘", "操作栏", "推荐消息", "查看转发消息",
})  # fmt: skip
_PLACEHOLDER = re.compile(r"(?:\[(?:图片|视频|语音|文件|表情)[^\[\]]{0,80}\])+")
_DEEPEST = 8  # bundles in bundles; the tool itself stops at three


class Body(msgspec.Struct):
    """A message without its sender and time."""

    text: str = ""
    kind: MessageKind = MessageKind.TEXT
    words: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    marks: tuple[Mark, ...] = ()
    reply_to: str | None = None
    extra: dict[str, object] = {}


def body_of(content: Data, place: Place, *, system: bool, kind: str = "") -> Body:
    """The body of a message's `content`; `kind` is the type of the message."""
    found = _Reading(place, content.get("resources"))
    elements = content.get("elements")
    elements = elements if isinstance(elements, list) else []
    whole = text(content.get("text"))
    if is_rendered(elements, whole):
        found.rendered(elements, whole)
        elements = []
    for element in elements:
        found.element(element)
    if len(elements) == 1 and (told := only_words(kind, whole)):
        found.only_words(*told)
    if isinstance(reply := content.get("reply"), dict):  # so in 4.1 and before
        found.reply(reply)
    return found.body(content, system=system)


class _Reading:
    """One message while its elements are read."""

    def __init__(self, place: Place, resources: object) -> None:
        self._place = place
        self._files = Files(place, resources)
        self._said: list[str] = []
        self._words: list[str] = []
        self._attachments: list[Attachment] = []
        self._kinds: list[MessageKind] = []
        self._reply_to: str | None = None
        self._more: list[object] = []
        self._known = False
        self._elements = 0
        self._by_type: dict[str, Callable[[Data], Data]] = {
            "text": self._text,
            "at": self._at,
            "face": self._face,
            "market_face": self._market_face,
            "markdown": self._markdown,
            "json": self._card,
            "forward": self._forward,
            "reply": self._reply,
            "av_record": self._call,
        }

    def element(self, element: object) -> None:
        """Take in the next element."""
        data = element.get("data") if isinstance(element, dict) else None
        kind = text(element.get("type")) if isinstance(element, dict) else ""
        self._elements += 1
        if not isinstance(data, dict):
            if element:
                self._more.append(element)
            return
        if kind in KINDS:
            attachment, more = self._files.attachment(kind, data)
            self._attachments.append(attachment)
        else:
            if kind in _SPECIAL:
                self._kinds.append(_SPECIAL[kind])
            more = self._by_type.get(kind, self._plain)(data)
        known = kind in KINDS or kind in _SPECIAL or kind in self._by_type
        self._known = self._known or known
        more = {key: value for key, value in more.items() if value not in (None, "", [], {})}
        if more or not known:
            self._more.append({"type": kind, "data": more})

    def rendered(self, elements: list[Any], whole: str) -> None:
        """Take in elements whose first one has the words of all others."""
        for element in elements[1:]:
            self.element(with_duration(element, whole))
        self._said = [written(elements, whole)]
        self._elements += 1

    def only_words(self, kind: MessageKind, said: str) -> None:
        """What the message is, if its words alone say it."""
        self._kinds.append(kind)
        self._said = [said]

    def reply(self, data: Data) -> None:
        """Take in a reply that is no element."""
        if more := self._reply(data):
            self._more.append({"type": "reply", "data": more})

    def body(self, content: Data, *, system: bool) -> Body:
        """What was taken in."""
        self._attachments += self._files.others()
        said = "".join(self._said)
        rendered = text(content.get("text"))
        extra: dict[str, object] = {}
        # Exports of 4.1 and before have the text only.
        if not self._elements and not (self._attachments and _PLACEHOLDER.fullmatch(rendered)):
            said = rendered
        elif rendered.strip() != said.strip() and rendered:
            extra["text"] = rendered
        if self._more:
            extra["elements"] = self._more
        if self._files.odd:
            extra["resources"] = self._files.odd
        kind = MessageKind.SYSTEM if system else self._kind(said)
        if kind is MessageKind.SYSTEM and MessageKind.CALL in self._kinds:
            kind = MessageKind.CALL
        return Body(
            text=said,
            kind=kind,
            words=tuple(one for one in dict.fromkeys(self._words) if one != said),
            attachments=tuple(self._attachments),
            marks=notice_marks(said) if kind is MessageKind.SYSTEM else (),
            reply_to=self._reply_to,
            extra=extra,
        )

    def _kind(self, said: str) -> MessageKind:
        if self._kinds:
            return self._kinds[0]
        if not self._attachments:
            return MessageKind.TEXT if self._known or not self._more else MessageKind.OTHER
        kinds = [one.kind for one in self._attachments]
        # A face from the shop inside of a text is part of the text.
        return MessageKind.TEXT if said and set(kinds) == {MessageKind.STICKER} else kinds[0]

    def _text(self, data: Data) -> Data:
        self._said.append(text(data.get("text")))
        return _without(data, "text")

    def _at(self, data: Data) -> Data:
        name = text(data.get("name"))
        self._said.append(name if name.startswith("@") else f"@{name}")
        return _without(data, "name")

    def _face(self, data: Data) -> Data:
        name = text(data.get("name"))
        # 6 has QQ's own `/微笑`, older versions the bare word.
        self._said.append(name if not name or name[0] in "/[" else f"[{name}]")
        return _without(data, "name")

    def _market_face(self, data: Data) -> Data:
        url, name = text(data.get("url")), text(data.get("name"))
        local = text(data.get("localPath"))
        path = self._place.find(local, "image") if local else None
        state = AttachmentState.REMOTE_ONLY if url else AttachmentState.PLACEHOLDER_ONLY
        if local:
            state = AttachmentState.MISSING_FILE
        if path is not None:
            state = AttachmentState.PRESENT
        self._attachments.append(
            Attachment(
                name=name,
                path=path,
                state=state,
                kind=MessageKind.STICKER,
                as_exported=local or url or f"[{name}]",
                stable_name=False,
            )
        )
        return _without(data, "name", "localPath", *(() if local else ("url",)))

    def _markdown(self, data: Data) -> Data:
        return self._spoken(data, "content")

    def _call(self, data: Data) -> Data:
        return self._spoken(data, "summary") if text(data.get("summary")) else self._plain(data)

    def _plain(self, data: Data) -> Data:
        for key in ("text", "summary", "title", "content"):
            if text(data.get(key)):
                return self._spoken(data, key)
        return data

    def _spoken(self, data: Data, key: str) -> Data:
        said = text(data.get(key))
        if said in _EMPTY_WORDS:
            return data
        self._said.append(said)
        return {name: value for name, value in data.items() if value != said}

    def _card(self, data: Data) -> Data:
        try:
            app = decoded(text(data.get("content")))
        except (ValueError, RecursionError):
            app = None
        if isinstance(app, dict) and (kind := _APPS.get(text(app.get("app")))):
            self._kinds[-1] = kind
        told = [text(data.get(key)) for key in ("title", "description", "url", "appName")]
        self._words += [one for one in told[1:] if one not in _EMPTY_WORDS]
        if told[0] not in _EMPTY_WORDS:
            self._said.append(told[0])
        return {key: value for key, value in data.items() if value not in told}

    def _forward(self, data: Data) -> Data:
        title = text(data.get("title"))
        self._said.append(title)
        self._words.append(text(data.get("summary")))
        preview = data.get("preview")
        if isinstance(preview, list):
            self._words += [text(one) for one in preview]
        self._inner(data.get("messages"), depth=0)
        self._words = [one for one in self._words if one not in _EMPTY_WORDS]
        return _without(data, "title", "summary")

    def _inner(self, messages: object, *, depth: int) -> None:
        """What can be searched of forwarded messages, and their files."""
        for one in messages if isinstance(messages, list) and depth < _DEEPEST else []:
            content = one.get("content") if isinstance(one, dict) else None
            if not isinstance(content, dict):
                continue
            sender = one.get("sender")
            name = text(sender.get("name")) if isinstance(sender, dict) else ""
            said = text(content.get("text"))
            self._words.append(f"{name}: {said}" if name and said else said)
            files = Files(self._place, content.get("resources"))
            for kind, data in _elements(content):
                if kind in KINDS:
                    self._attachments.append(files.attachment(kind, data)[0])
                elif kind == "forward":
                    self._inner(data.get("messages"), depth=depth + 1)
            self._attachments += files.others()

    def _reply(self, data: Data) -> Data:
        for key in ("referencedMessageId", "messageId"):
            answered = text(data.get(key))
            if answered not in {"", "0"}:
                self._reply_to = self._reply_to or answered
        quoted = text(data.get("content"))
        searchable = quoted not in _EMPTY_WORDS and not _PLACEHOLDER.fullmatch(quoted)
        if searchable:
            self._words.append(quoted)
        told = {self._reply_to, *([quoted] if searchable else [])}
        used = [key for key, value in data.items() if text(value) in told]
        return _without(data, *used)


def _elements(content: Data) -> Iterator[tuple[str, Data]]:
    elements = content.get("elements")
    for one in elements if isinstance(elements, list) else []:
        if isinstance(one, dict) and isinstance(one.get("data"), dict):
            yield text(one.get("type")), one["data"]


def _without(data: Data, *names: str) -> Data:
    """What a text did not take up; a name that is no text is not taken up."""
    return {
        key: value for key, value in data.items() if key not in names or (value and not text(value))
    }
