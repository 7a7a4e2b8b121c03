"""A folder of photos, videos and recordings without any conversation around them.

Every folder becomes a conversation and every file a message, with the time it was taken:
    Sardinia/IMG_20240309_180530.jpg    EXIF 2024:03:09 18:05:30 +01:00
    Sardinia/IMG-20240309-WA0003.jpg    the name tells the day
    Sardinia/IMG_0042.HEIC  IMG_0042.MOV    one live photo
A photo is known by its content, so importing a folder again, or a fuller copy, adds what is new.
"""

import re
from collections.abc import Iterator
from itertools import groupby

import msgspec

from chatvault.importers._clock import zone_for
from chatvault.importers._image_dates import read_header
from chatvault.importers._media_facts import Facts
from chatvault.importers._media_scan import Scan
from chatvault.importers._media_types import ENDINGS, HEAD, RAW_ENDINGS, media_type
from chatvault.importers._people import folded
from chatvault.importers._photo_dates import by_header, near, taken
from chatvault.importers._photo_sidecars import (
    BESIDE,
    Bases,
    Note,
    is_promise,
    is_system,
    note,
    noted,
)
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.model import (
    Assumption,
    Attachment,
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Participant,
    Problem,
    Record,
)

INFO = ImporterInfo(
    key="photo-folder",
    platform="photo-folder",
    title="Photos and videos in a folder",
    expects="a folder (or zip or tar) of pictures, videos and recordings",
    rank="fallback",
    carries=frozenset({"media", "locations"}),
    leaves_out="who took a photo and what was said about it",
    seen="EXIF 2.32, QuickTime, PNG, HEIF; names of apps as of 2024",
)

# A zip of a folder is that folder.
_ARCHIVE = re.compile(r"\.(?:zip|tar|tgz|tar\.gz|tar\.xz|tar\.zst)$", re.IGNORECASE)
_PICTURES = frozenset({MessageKind.IMAGE, MessageKind.STICKER})


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: at least half of the files at the top are media by name, one by its bytes."""
    names = [name for name in source.files() if not is_system(name) and source.size(name)]
    bases = Bases(names)
    files = [name for name in names if _ending(name) not in BESIDE and not noted(name, bases)]
    likely = [name for name in files if _ending(name) in ENDINGS]
    unnamed = [name for name in files if "." not in name]
    if 2 * len(likely or unnamed) < len(files) or not files:
        return ()
    for name in (likely or unnamed)[:3]:
        if found := media_type(source.head(name, HEAD)):
            return (f"{name} is {found.type}", f"{len(likely or unnamed)} of {len(files)} files")
    return ()


def read(source: Source) -> Iterator[Record]:
    """A conversation for every folder that holds files, folder by folder, file by file."""
    zone, assumed = zone_for(source.told)
    export = _Export(source, zone, assumed)
    names = sorted((name.rpartition("/")[0], name) for name in source.names())
    for folder, group in groupby(names, key=lambda pair: pair[0]):
        files = [name for _, name in group if not is_system(name)]
        if files:
            yield from export.folder(folder, files)


class _File(msgspec.Struct):
    """A file that has been read: what it is, what it says, and its place in the export."""

    name: str
    sha256: str
    size: int
    kind: MessageKind
    type: str
    facts: Facts
    note: Note | None = None


class _Export:
    """What all folders of one export share; the assumed zone is told before it first matters."""

    def __init__(self, source: Source, zone: str, assumed: Assumption | None) -> None:
        self._source = source
        self._zone = zone
        self._assumed = assumed

    def folder(self, folder: str, names: list[str]) -> Iterator[Record]:
        """The conversation of one folder. Copies of a photo follow as a transcript of their own:
        they add their names to a message that is already there.
        """
        place = self._conversation(folder)
        yield place
        sender = None
        if self._source.told.me:
            sender = f"name:{folded(self._source.told.me)}"
            me = self._source.told.me
            yield Participant(id=sender, name=me, conversation_id=place.id, is_me=True)
        talk = _Talk(place.id, sender, self._zone)
        bases = Bases(name.rpartition("/")[2] for name in names)
        notes: dict[str, tuple[str, Note]] = {}
        for name in names:
            base = name.rpartition("/")[2]
            if (target := noted(base, bases)) is not None:
                found = self._note(name)
                if found is not None:
                    notes[target] = (name, found)
        about = {name for name, _ in notes.values()}
        stems = sorted((_stem(name), name) for name in names if name not in about)
        for _, group in groupby(stems, key=lambda pair: pair[0]):
            yield from self._shot([name for _, name in group], notes, talk)
        if talk.copies:
            yield place
            yield from talk.told_again()

    def _conversation(self, folder: str) -> Conversation:
        root = _ARCHIVE.sub("", self._source.name)
        return Conversation(
            id="/".join(part for part in (root, folder) if part),
            platform=INFO.platform,
            title=folder.rpartition("/")[2] or root,
            kind=ConversationKind.DIRECT,
        )

    def _note(self, name: str) -> Note | None:
        try:
            return note(self._source, name)
        except (OSError, ValueError):
            return None  # told when it is read as a file

    def _shot(
        self, names: list[str], notes: dict[str, tuple[str, Note]], talk: "_Talk"
    ) -> Iterator[Record]:
        """The files of one stem: a picture with its video and edits, or files of their own."""
        files: list[_File] = []
        problems: list[Problem] = []
        for name in names:
            found = self._file(name)
            if isinstance(found, Problem):
                problems.append(found)
                continue
            found.note = notes.get(name.rpartition("/")[2], ("", None))[1]
            files.append(found)
            if found.facts.cut_off:
                reason = "cut off: the file ends before its picture or video does"
                problems.append(self._problem(name, reason))
        for main, others in _together(files, self._zone):
            message = talk.message(main, others, self._source)
            if message is None:
                continue
            at = message.sent_at
            if self._assumed and at is not None and at.basis.startswith("assumed"):
                yield self._assumed
                self._assumed = None
            yield message
        yield from problems

    def _file(self, name: str) -> _File | Problem:
        base = name.rpartition("/")[2]
        if is_promise(base):
            return self._problem(name, "not downloaded: the photo itself is in iCloud")
        if self._source.size(name) == 0:
            return self._problem(name, "an empty file")
        try:
            with self._source.open(name) as file:
                scan = Scan(file)
                media = media_type(scan.head[:HEAD])
                facts = read_header(scan, media) if media else Facts()
                sha256, size = scan.finish()
        except (OSError, ValueError) as cause:
            return self._problem(name, f"cannot be read: {type(cause).__name__}")
        kind = _kind(base, media.kind if media else MessageKind.FILE)
        return _File(name, sha256, size, kind, media.type if media else "", facts)

    def _problem(self, name: str, reason: str) -> Problem:
        return Problem(file=self._source.full(name), part="", reason=reason, raw=name)


class _Talk:
    """The messages of one folder: each content is one, however many names it has."""

    def __init__(self, conversation_id: str, sender_id: str | None, zone: str) -> None:
        self._conversation_id = conversation_id
        self._sender_id = sender_id
        self._zone = zone
        self._seen: set[bytes] = set()
        self._seq = 0
        self.copies: dict[str, Message] = {}

    def message(self, main: _File, others: list[_File], source: Source) -> Message | None:
        """The message of a shot; None if its content had a message before and waits as a copy."""
        files = tuple(_attachment(file, source) for file in (main, *others))
        made = self._made(main, files, source)
        digest = bytes.fromhex(main.sha256)
        if digest not in self._seen:
            self._seen.add(digest)
            return msgspec.structs.replace(made, seq=self._next())
        known = self.copies.get(main.sha256)
        if known is not None:
            made = msgspec.structs.replace(known, attachments=known.attachments + files)
        self.copies[main.sha256] = made
        return None

    def told_again(self) -> Iterator[Message]:
        """The copies, one message for each content."""
        self._seq = 0
        for message in self.copies.values():
            yield msgspec.structs.replace(message, seq=self._next())

    def _next(self) -> int:
        self._seq += 1
        return self._seq - 1

    def _made(self, main: _File, files: tuple[Attachment, ...], source: Source) -> Message:
        base = main.name.rpartition("/")[2]
        found = taken(
            main.facts,
            base,
            sidecar_ms=main.note.taken_ms if main.note else None,
            modified_ms=source.modified(main.name),
            zone=self._zone,
        )
        extra: dict[str, object] = {}
        if photo := _photo(main, found.at.as_exported if found else "", found and found.source):
            extra["photo"] = photo
        if found is not None:
            extra["date_source"] = found.source
        words: tuple[str, ...] = ()
        if main.note is not None:
            extra["sidecar"] = main.note.whole
            words = (main.note.description,) if main.note.description else ()
        return Message(
            id=main.sha256,
            conversation_id=self._conversation_id,
            sender_id=self._sender_id,
            sent_at=found.at if found else None,
            seq=0,
            kind=main.kind,
            text="",
            scope=self._conversation_id,
            more_text=words,
            attachments=files,
            extra=extra,
        )


def _photo(file: _File, shown: str, source: str | None) -> dict[str, object]:
    """Size, camera and place, as far as the header or the note beside it says."""
    facts = file.facts
    latitude, longitude = facts.latitude, facts.longitude
    if latitude is None and file.note is not None:
        latitude, longitude = file.note.latitude, file.note.longitude
    told = {
        "width": facts.width,
        "height": facts.height,
        "orientation": facts.orientation,
        "taken_at": shown if source not in {None, "name", "mtime", "exif-modified"} else None,
        "camera": facts.camera or None,
        "latitude": latitude if longitude is not None else None,
        "longitude": longitude if latitude is not None else None,
    }
    return {key: value for key, value in told.items() if value is not None}


def _attachment(file: _File, source: Source) -> Attachment:
    return Attachment(
        name=file.name.rpartition("/")[2],
        path=source.full(file.name),
        kind=file.kind,
        type=file.type,
        size=file.size,
        sha256=file.sha256,
        duration=file.facts.duration,
    )


def _together(files: list[_File], zone: str) -> Iterator[tuple[_File, list[_File]]]:
    """Which files of one stem are one shot: a picture, its video, its raw form, its edits."""
    beside = [file for file in files if _ending(file.name) in BESIDE]
    pictures = [file for file in files if file.kind in _PICTURES and file not in beside]
    developed = [file for file in pictures if _ending(file.name) not in RAW_ENDINGS]
    raw = [file for file in files if _ending(file.name) in RAW_ENDINGS and file not in beside]
    videos = [file for file in files if file.kind is MessageKind.VIDEO and file not in raw]
    used: list[_File] = []
    if len(developed) == 1 or (raw and not developed):
        main = developed[0] if developed else raw[0]
        own = by_header(main.facts, zone)
        live = [file for file in videos if near(own, by_header(file.facts, zone))]
        used = [file for file in raw if file is not main]
        used += live if len(live) == 1 else []
        used += beside
        yield main, used
        used.append(main)
    elif beside and videos:
        yield videos[0], beside
        used = [videos[0], *beside]
    for file in files:
        if file not in used:
            yield file, []


def _kind(base: str, kind: MessageKind) -> MessageKind:
    """WhatsApp's names tell voices and stickers from music and pictures."""
    start = base[:4].upper()
    if start == "PTT-" and kind in {MessageKind.AUDIO, MessageKind.VOICE}:
        return MessageKind.VOICE
    if start == "STK-" and kind is MessageKind.IMAGE:
        return MessageKind.STICKER
    return kind


def _ending(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[2].lower()


def _stem(name: str) -> str:
    base = name.rpartition("/")[2]
    return (base.rpartition(".")[0] or base).casefold()
