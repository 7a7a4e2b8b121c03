"""Small WhatsApp exports for tests, and what importing them gives."""

from chatvault.importers import whatsapp_text
from chatvault.importers._source import Source, Told
from chatvault.model import Conversation, Message, Record

LRM = "\u200e"
NOTICE = "Messages and calls are end-to-end encrypted."
TOLD = Told(zone="UTC")


def source_of(text: str, told: Told = TOLD, files: dict[str, bytes] | None = None) -> Source:
    everything = {"_chat.txt": text.encode(), **(files or {})}
    return Source.of(everything, "WhatsApp Chat - Ada.zip", told)


def records(text: str, told: Told = TOLD, files: dict[str, bytes] | None = None) -> list[Record]:
    return list(whatsapp_text.read(source_of(text, told, files)))


def messages(text: str, told: Told = TOLD, files: dict[str, bytes] | None = None) -> list[Message]:
    return [one for one in records(text, told, files) if isinstance(one, Message)]


def android(*bodies: str) -> str:
    return "".join(f"{day + 13}/06/2018, 21:25 - {body}\n" for day, body in enumerate(bodies))


def iphone(*bodies: str) -> str:
    return "".join(f"[{day + 13}/06/2018, 21:25:07] {body}\n" for day, body in enumerate(bodies))


def one(body: str, form: str = "android", files: dict[str, bytes] | None = None) -> Message:
    """The message that a body becomes, as Ada's, behind another."""
    lines = iphone if form == "iphone" else android
    return messages(lines("Ada: first", f"Ada: {body}"), files=files)[-1]


def conversation(found: list[Record]) -> Conversation:
    return next(record for record in found if isinstance(record, Conversation))


def phrases(text: str) -> list[str]:
    return [part.strip("\n ") for part in text.replace("\n", " · ").split(" · ") if part.strip()]
