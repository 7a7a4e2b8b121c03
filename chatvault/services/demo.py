"""Invented people and their exports, by seed, as they might lie in somebody's Downloads folder.

Noor lives in Singapore, bakes with Ottilie and Jory, and grew up with 小满 and 老吴 next door. The
exports are small (some 300 messages) and hold what real ones hold: two exports of one conversation
that overlap, the earlier without its media; pictures that an export lacks, and one that lies in two
places; replies, a reaction, an edited message, and people who say "ok" twice in a minute.
"""

import io
import random
import zipfile
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from chatvault.services import demo_stories as stories
from chatvault.services.demo_pictures import Mosaic, jpeg, png
from chatvault.services.demo_stories import Line, Sort, timeline
from chatvault.services.demo_wechat import chatlab_jsonl, memotrace_csv, weflow_folder

NOOR = "Noor Hallam"
TELEGRAM_IDS = {NOOR: 700100300, "Jory Penn": 700100200}
LEFT_OUT = "(File not included. Change data exporting settings to download.)"
LRM = "\u200e"  # WhatsApp on iPhones puts it before what the app itself wrote
ISLAND = (1.4096, 103.9573)
CAKE = (
    "IMG_20240309_175512.jpg",
    "2024-03-09T17:55:12",
    "lemon cake, slightly dented by the stairs",
)
PHOTOS = (
    ("IMG_20240406_091530.jpg", "2024-04-06T09:15:30"),
    ("IMG_20240406_112204.jpg", "2024-04-06T11:22:04"),
    ("IMG_20240406_112209.jpg", "2024-04-06T11:22:09"),
    ("IMG_20240406_154417.jpg", "2024-04-06T15:44:17"),
)


def demo_exports(seed: int = 1) -> dict[str, bytes]:
    """Path in the Downloads folder to bytes; the same for the same seed, on every machine."""
    return {
        **_below("ChatExport_2024-05-01", telegram_folder(seed)),
        "WhatsApp Chat - Ottilie Marsh.zip": whatsapp_zip_of_iphone(seed),
        "WhatsApp Chat with Bakers Row.txt": whatsapp_text_of_android(seed),
        "WhatsApp Chat with Bakers Row.zip": whatsapp_zip_of_android(seed),
        **_below("WeFlow", weflow_folder(seed)),
        "聊天记录/老吴(wxid_wu0demo)/老吴.csv": memotrace_csv(seed),
        "周末爬山.jsonl": chatlab_jsonl(seed),
        **_below("Photos from my phone", photo_folder(seed)),
    }


def _below(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}": data for name, data in files.items()}


def telegram_folder(seed: int) -> dict[str, bytes]:
    """One conversation as Telegram Desktop exports it; its last picture is not included."""
    people = {"N": NOOR, "J": "Jory Penn"}
    lines = _lines(seed, "telegram", stories.JORY, stories.SMALL_TALK_ENGLISH, people)
    missing = max(index for index, line in enumerate(lines) if line.sort is Sort.PICTURE)
    files: dict[str, bytes] = {}
    messages = []
    for index, line in enumerate(lines):
        message: dict[str, object] = {
            "id": 101 + index,
            "type": "message",
            "date": line.wall.isoformat(),
            "date_unixtime": str(line.unix),
            "from": line.who,
            "from_id": f"user{TELEGRAM_IDS[line.who]}",
        }
        if "Gerald" in line.text:
            edited = line.wall + timedelta(seconds=31)
            message |= {"edited": edited.isoformat(), "edited_unixtime": str(line.unix + 31)}
        if line.sort is Sort.REPLY:
            message["reply_to_message_id"] = 100 + index
        if line.sort is Sort.PICTURE:
            clock = line.wall.strftime("%d-%m-%Y_%H-%M-%S")
            name = f"photos/photo_{len(files) + 1}@{clock}.jpg"
            picture = jpeg(Mosaic.of(f"{seed} {line.text}"))
            message |= {"photo": LEFT_OUT if index == missing else name}
            message |= {"photo_file_size": len(picture), "width": 96, "height": 96}
            if index != missing:
                files[name] = picture
        message |= _telegram_text(line.text)
        if "until 2029" in line.text:
            recent = {"from": NOOR, "from_id": f"user{TELEGRAM_IDS[NOOR]}"}
            recent["date"] = (line.wall + timedelta(seconds=50)).isoformat()
            message["reactions"] = [
                {"type": "emoji", "count": 1, "emoji": "🎉", "recent": [recent]}
            ]
        messages.append(message)
    chat = {"name": "Jory Penn", "type": "personal_chat", "id": TELEGRAM_IDS["Jory Penn"]}
    encoded = msgspec.json.encode({**chat, "messages": messages})
    return {"result.json": msgspec.json.format(encoded, indent=1), **files}


def _telegram_text(text: str) -> dict[str, object]:
    """The two fields of the text: words, and links as entities of their own."""
    start = text.find("https://")
    if start < 0:
        return {"text": text, "text_entities": [{"type": "plain", "text": text}] if text else []}
    end = len(text) if (space := text.find(" ", start)) < 0 else space
    link = {"type": "link", "text": text[start:end]}
    parts = [part for part in (text[:start], link, text[end:]) if part]
    entities = [{"type": "plain", "text": one} if isinstance(one, str) else one for one in parts]
    return {"text": parts, "text_entities": entities}


def whatsapp_zip_of_iphone(seed: int) -> bytes:
    """A conversation of two with its media, as an iPhone exports it; one picture is left out."""
    people = {"N": NOOR, "O": "Ottilie Marsh"}
    lines = _lines(seed, "iphone", stories.OTTILIE, stories.SMALL_TALK_ENGLISH, people)
    rows = []
    files: dict[str, bytes] = {}
    for index, line in enumerate(lines, start=1):
        head = f"[{line.wall:%d/%m/%Y, %H:%M:%S}] "
        if line.sort is Sort.APP:
            rows.append(f"{LRM}{head}Ottilie Marsh: {LRM}{line.text}")
        elif line.sort is Sort.PICTURE and "tape measure" in line.text:
            rows.append(f"{LRM}{head}{line.who}: {LRM}image omitted")
        elif line.sort is Sort.PICTURE:
            name = f"{index:08}-PHOTO-{line.wall:%Y-%m-%d-%H-%M-%S}.jpg"
            files[name] = jpeg(Mosaic.of(f"{seed} {line.text}"))
            rows.append(f"{LRM}{head}{line.who}: {LRM}<attached: {name}>")
            # These versions export no captions, so it is said a moment later.
            moment = line.wall + timedelta(seconds=1)
            rows.append(f"[{moment:%d/%m/%Y, %H:%M:%S}] {line.who}: {line.text}")
        else:
            rows.append(f"{head}{line.who}: {line.text}")
    text = "".join(row.replace("\n", "\r\n") + "\r\n" for row in rows)
    return _zip({"_chat.txt": text.encode(), **files}, lines[-1].wall + timedelta(days=1))


def whatsapp_text_of_android(seed: int) -> bytes:
    """The group as it was exported in April, without media."""
    return _android(_bakers(seed, stories.BAKERS), seed, media=None)


def whatsapp_zip_of_android(seed: int) -> bytes:
    """The same group exported again in May: everything so far, this time with media."""
    lines = _bakers(seed, stories.BAKERS)
    lines += _bakers(seed + 1, stories.BAKERS_LATER)
    media: dict[str, bytes] = {}
    text = _android(lines, seed, media=media)
    files = {"WhatsApp Chat with Bakers Row.txt": text, **media}
    return _zip(files, lines[-1].wall + timedelta(days=2))


def _bakers(seed: int, story: str) -> list[Line]:
    people = {"N": NOOR, "O": "Ottilie Marsh", "J": "Jory Penn"}
    return _lines(seed, "android", story, stories.SMALL_TALK_ENGLISH, people)


def _android(lines: list[Line], seed: int, *, media: dict[str, bytes] | None) -> bytes:
    """The text of an Android export; pictures go into `media`, or are left out where it is None."""
    rows = []
    for number, line in enumerate(lines):
        head = f"{line.wall:%d/%m/%Y, %H:%M} - "
        body = line.text
        if line.sort is Sort.PICTURE and media is None:
            body = f"<Media omitted>\n{line.text}"
        elif line.sort is Sort.PICTURE and media is not None:
            name = f"IMG-{line.wall:%Y%m%d}-WA{number:04}.jpg"
            media[name] = jpeg(Mosaic.of(f"{seed} {line.text}"))
            body = f"{name} (file attached)\n{line.text}"
        rows.append(f"{head}{body}" if line.sort is Sort.APP else f"{head}{line.who}: {body}")
    return ("\n".join(rows) + "\n").encode()


def photo_folder(seed: int) -> dict[str, bytes]:
    """A day on an island by camera, a cake as it was before Telegram made it smaller, a picture
    saved from the group of bakers, a screenshot."""
    files = {}
    for name, clock in PHOTOS:
        taken = datetime.fromisoformat(clock)
        mosaic = Mosaic.of(f"{seed} {name}")
        files[name] = jpeg(mosaic, taken=taken, offset="+08:00", place=ISLAND)
    name, clock, text = CAKE
    taken = datetime.fromisoformat(clock)
    files[name] = jpeg(Mosaic.of(f"{seed} {text}"), taken=taken, offset="+08:00", scale=3)
    sent: dict[str, bytes] = {}
    _android(_bakers(seed, stories.BAKERS), seed, media=sent)
    name, saved = sent.popitem()
    files[name] = saved
    files["Screenshot_20240405-221500.png"] = png(Mosaic.of(f"{seed} ferry times", side=8))
    return files


def _lines(
    seed: int, name: str, story: str, small_talk: str, people: Mapping[str, str]
) -> list[Line]:
    # Not for secrets: the same seed must give the same people and times on every machine.
    rng = random.Random(f"{seed} {name}")  # noqa: S311
    return timeline(story, small_talk, people, rng)


def _zip(files: Mapping[str, bytes], when: datetime) -> bytes:
    """A zip whose bytes depend on nothing but its files and one time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, date_time=when.timetuple()[:6])
            entry.create_system = 3
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()
