"""QQ as qq-chat-exporter exports it in chunks: a folder for each conversation, JSONL in it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from json.encoder import encode_basestring as quoted  # the fast one, where there is one
from pathlib import Path

from _make_history import WHOLE, Conversation, Part, Said, answering, clock, conversations

CHUNK = 10_000
Told = tuple[int, Said, Said | None]


def number_of(conversation: Conversation, person: int) -> int:
    """The QQ number of somebody."""
    return 20_000 + conversation.number * 100 + person if person else 10_001


def write_qq_jsonl(folder: Path, messages: int, seed: int, part: Part = WHOLE) -> None:
    """A manifest and chunks for each conversation, as version 6 writes them."""
    for conversation in conversations(messages, seed):
        kind = "group" if conversation.group else "friend"
        here = _peer(conversation)
        name = f"{kind}_{conversation.title}_{here}_20260101_080000_chunked_jsonl"
        (folder / name / "chunks").mkdir(parents=True)
        told = answering(conversation, seed, part)
        chunks = list(_chunks(folder / name, conversation, told))
        manifest = {
            "metadata": {
                "name": "QQChatExporter",
                "copyright": "https://github.com/shuakami/qq-chat-exporter",
                "version": "6.2.7",
            },
            "chatInfo": {
                "name": conversation.title, "type": "group" if conversation.group else "private",
                "selfUid": _uid(conversation, 0), "selfUin": str(number_of(conversation, 0)),
                "selfName": conversation.people[0], "peerUin": str(here),
            },
            "statistics": {"totalMessages": sum(int(str(one["count"])) for one in chunks)},
            "chunked": {"format": "jsonl", "chunksDir": "chunks", "chunks": chunks},
        }  # fmt: skip
        text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
        (folder / name / "manifest.json").write_text(text, encoding="utf-8", newline="\n")


def _chunks(
    folder: Path, conversation: Conversation, told: Iterator[Told]
) -> Iterator[dict[str, object]]:
    """Write them; yield what the manifest says of each."""
    start = 0
    for index in itertools.count(1):
        first = next(told, None)
        if first is None:
            return
        name = f"c{index:06}.jsonl"
        count = 0
        with (folder / "chunks" / name).open("w", encoding="utf-8", newline="\n") as file:
            for found in itertools.chain([first], itertools.islice(told, CHUNK - 1)):
                file.write(_message(conversation, *found))
                count += 1
        yield {
            "index": index, "fileName": name, "relativePath": f"chunks/{name}", "start": start,
            "end": start + count, "count": count,
        }  # fmt: skip
        start += count


def _message(conversation: Conversation, place: int, one: Said, answered: Said | None) -> str:
    kind, shown, quote = "text", one.text, ""
    if answered is not None and one.reply_to is not None:
        kind = "reply"
        sender, target = conversation.people[answered.person], _id(conversation, one.reply_to)
        shown = f"[回复 {sender}: {answered.text}]\n{one.text}"
        quote = (
            f'{{"type":"reply","data":{{"messageId":"{target}","referencedMessageId":"{target}",'
            f'"senderName":{quoted(sender)},"content":{quoted(answered.text)}}}}},'
        )
    name = quoted(conversation.people[one.person])
    return (
        f'{{"id":"{_id(conversation, place)}","seq":"{place + 1}","timestamp":{one.unix}000,'
        f'"time":"{clock(one.unix).replace("T", " ")}","sender":{{'
        f'"uid":"{_uid(conversation, one.person)}","uin":"{number_of(conversation, one.person)}",'
        f'"name":{name},"nickname":{name}}},"type":"{kind}","content":{{"text":{quoted(shown)},'
        f'"html":"","elements":[{quote}{{"type":"text","data":{{"text":{quoted(one.text)}}}}}],'
        '"resources":[],"mentions":[]},"recalled":false,"system":false}\n'
    )


def _peer(conversation: Conversation) -> int:
    return 600_000 + conversation.number if conversation.group else number_of(conversation, 1)


def _uid(conversation: Conversation, person: int) -> str:
    return f"u_Bench-Demo_{number_of(conversation, person):011}"


def _id(conversation: Conversation, place: int) -> int:
    return 7_400_000_000_000_000_000 + conversation.number * 1_000_000_000 + place
