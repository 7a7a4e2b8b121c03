"""Big invented exports for measuring, by seed, written straight to disk.

    python3 scripts/make_export.py telegram --messages 1000000 DEST   a whole account, 270 MB
    python3 scripts/make_export.py weflow --messages 1000000 DEST     the same messages, from WeChat
    python3 scripts/make_export.py media --files 20000 --bytes 3000000000 DEST

`--part 0.5:1` exports the second half of every conversation only, as a later export does that
overlaps an earlier one.

Both kinds of messages tell the same texts, times and people for the same seed and number. Half of
them are Chinese. Words follow Zipf's law and lengths are lognormal, so that an index gets long and
short lists to keep. Standard library only.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import math
import random
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from json.encoder import encode_basestring as quoted  # the fast one, where there is one
from pathlib import Path

ZONE = timezone(timedelta(hours=8))
BEGINS = 1_451_606_400  # 2016-01-01 UTC
SPAN = 8 * 365 * 86_400
CONVERSATIONS = 24
COMMON_ENGLISH = """
the i you to a and it is that of in we so for me not this on have be do just are no but what with he
can my was she they at if yes ok now all go out get will know like good one there time see when home
here come today tomorrow tonight think want need really haha thanks sorry please maybe train dinner
coffee photo weekend ticket house work school mum dad cat birthday
"""
COMMON_CHINESE = (
    "的我是不了你一在有好这就去来说人也都要到会没吗他吃看么那们个上她想什今天很啊吧回家得走明时"
    "可以能过下还后给自大小多少点年月日中出对开钱工作事怎真知道谁儿子女妈爸哥妹老师朋友喜欢爱谢"
    "请问早晚饭茶酒车路雨雪花山水火手机照片电影学校北京上海生快乐新年周末猫狗鱼米面菜肉"
)


@dataclass(frozen=True)
class Conversation:
    """Who talks where, how much and in which language."""

    number: int
    title: str
    people: tuple[str, ...]
    chinese: bool
    messages: int

    @property
    def group(self) -> bool:
        """Whether more than two talk."""
        return len(self.people) > 2


@dataclass(frozen=True)
class Said:
    """One message; `reply_to` is the place of another in the conversation."""

    unix: int
    person: int
    text: str
    reply_to: int | None


ME = "Noor Hallam"
Words = tuple[list[str], list[float]]
Part = tuple[float, float]
WHOLE: Part = (0.0, 1.0)


def conversations(messages: int, seed: int) -> list[Conversation]:
    """So many messages shared out: few long conversations, many short ones, half Chinese."""
    rng = random.Random(f"{seed} conversations")
    weights = [1 / (rank // 2 + 1) for rank in range(CONVERSATIONS)]
    shares = [max(1, int(messages * weight / sum(weights))) for weight in weights]
    shares[0] += messages - sum(shares)
    found = []
    for number, share in enumerate(shares):
        chinese = number % 2 == 1
        people = [ME, *(_person(rng, chinese=chinese) for _ in range(rng.choice((1, 1, 3, 8))))]
        title = people[1] if len(people) == 2 else f"{people[1]} +{len(people) - 2}"
        found.append(Conversation(number, title, tuple(people), chinese, share))
    return [one for one in found if one.messages > 0]


def _person(rng: random.Random, *, chinese: bool) -> str:
    if chinese:
        return rng.choice("林吴陈王赵周徐孙马朱") + "".join(rng.choices(COMMON_CHINESE[-60:], k=2))
    return f"{_invented_word(rng).capitalize()} {_invented_word(rng).capitalize()}"


def _invented_word(rng: random.Random) -> str:
    parts = rng.choices(("ba", "ren", "to", "li", "ma", "sor", "vi", "ke", "dun", "al", "nes"), k=3)
    return "".join(parts[: rng.choice((2, 2, 3))])


def said(conversation: Conversation, seed: int) -> Iterator[Said]:
    """The messages of a conversation, in order of time; several may share a second."""
    rng = random.Random(f"{seed} {conversation.number} said")
    words = _chinese_words(seed) if conversation.chinese else _english_words(seed)
    short = (
        ("嗯", "好", "好的", "哈哈", "👍") if conversation.chinese else ("ok", "yes", "haha", "👍")
    )
    between = "" if conversation.chinese else " "
    ends = ("", "", "", "。", "！", "？", "哈哈", "😂") if conversation.chinese else (
        "", "", "", ".", "!", "?", " haha", " 😂")  # fmt: skip
    mean = SPAN / conversation.messages
    pause = max(60.0, (mean - 0.85 * 20) / 0.15)  # most messages answer at once, some after days
    now = float(BEGINS + conversation.number * 3600)
    people = len(conversation.people)
    for place in range(conversation.messages):
        now += rng.expovariate(1 / 20 if rng.random() < 0.85 else 1 / pause)
        count = min(150, max(1, int(rng.lognormvariate(1.6, 0.8))))
        text = between.join(rng.choices(words[0], cum_weights=words[1], k=count)) + rng.choice(ends)
        if rng.random() < 0.1:  # people do write "ok" twice in a minute
            text = rng.choice(short)
        reply = place - rng.randrange(1, 6) if place > 5 and rng.random() < 0.05 else None
        yield Said(int(now), rng.randrange(people), text, reply)


def exported(conversation: Conversation, seed: int, part: Part) -> Iterator[tuple[int, Said]]:
    """The messages of a part of the history, with their places in the whole of it."""
    return itertools.islice(enumerate(said(conversation, seed)), *_places(conversation, part))


def _places(conversation: Conversation, part: Part) -> tuple[int, int]:
    start, end = (round(conversation.messages * share) for share in part)
    return start, end


@functools.cache
def _english_words(seed: int) -> Words:
    rng = random.Random(f"{seed} english")
    rare = {"".join(_invented_word(rng) for _ in range(2)) for _ in range(12_000)}
    return _zipf([*COMMON_ENGLISH.split(), *sorted(rare)], rng)


@functools.cache
def _chinese_words(seed: int) -> Words:
    rng = random.Random(f"{seed} chinese")
    pairs = {"".join(rng.choices(COMMON_CHINESE, k=2)) for _ in range(6000)}
    rare = {chr(rng.randrange(0x4E00, 0x9FA6)) for _ in range(3000)}
    return _zipf([*COMMON_CHINESE, *sorted(pairs), *sorted(rare)], rng)


def _zipf(words: list[str], rng: random.Random) -> Words:
    """The words and the running sum of their weights; the rare half in random order."""
    common, rare = words[:100], words[100:]
    rng.shuffle(rare)
    weights = [1 / (rank + 2.7) for rank in range(len(words))]
    return [*common, *rare], list(itertools.accumulate(weights))


def _clock(unix: int) -> str:
    return datetime.fromtimestamp(unix, ZONE).isoformat()[:19]


def write_telegram(folder: Path, messages: int, seed: int, part: Part = WHOLE) -> None:
    """A whole account as Telegram Desktop 4 exported it in summer 2022: one result.json."""
    with (folder / "result.json").open("w", encoding="utf-8", newline="\n") as file:
        file.write('{\n "about": "Here is the data you requested.",\n')
        file.write(' "personal_information": {\n  "user_id": 700100300,\n  "first_name": "Noor",\n')
        file.write('  "last_name": "Hallam",\n  "phone_number": "+65 0000 0000"\n },\n')
        file.write(' "chats": {\n  "about": "This page lists all chats.",\n  "list": [')
        for conversation in conversations(messages, seed):
            file.write(",\n" if conversation.number else "\n")
            kind = "private_supergroup" if conversation.group else "personal_chat"
            file.write(f'   {{\n    "name": {quoted(conversation.title)},\n    "type": "{kind}",\n')
            file.write(f'    "id": {700_200_000 + conversation.number},\n    "messages": [')
            ids = _telegram_ids(conversation)
            names = [quoted(name) for name in conversation.people]
            comma = ""
            for place, one in exported(conversation, seed, part):
                reply = "" if one.reply_to is None else (
                    f'      "reply_to_message_id": {one.reply_to + 1},\n')  # fmt: skip
                file.write(
                    f"{comma}\n     {{\n"
                    f'      "id": {place + 1},\n      "type": "message",\n'
                    f'      "date": "{_clock(one.unix)}",\n      "date_unixtime": "{one.unix}",\n'
                    f'      "from": {names[one.person]},\n      "from_id": "{ids[one.person]}",\n'
                    f'{reply}      "text": {quoted(one.text)}\n     }}'
                )
                comma = ","
            file.write("\n    ]\n   }")
        file.write("\n  ]\n }\n}\n")


def _telegram_ids(conversation: Conversation) -> list[str]:
    if not conversation.group:  # a conversation of two has the other's number
        return ["user700100300", f"user{700_200_000 + conversation.number}"]
    first = 710_000_000 + conversation.number * 100
    return ["user700100300", *(f"user{first + k}" for k in range(1, len(conversation.people)))]


def write_weflow(folder: Path, messages: int, seed: int, part: Part = WHOLE) -> None:
    """The same messages as WeFlow exports them: one JSON file for each conversation."""
    for conversation in conversations(messages, seed):
        number = conversation.number
        first = f"wxid_c{number:02}"
        ids = ["wxid_noor0demo", *(f"{first}p{k}demo" for k in range(1, len(conversation.people)))]
        here = f"{10_000_000_000 + number}@chatroom" if conversation.group else ids[1]
        kind = "群聊" if conversation.group else "私聊"
        title = quoted(conversation.title)
        names = [quoted(name) for name in conversation.people]
        path = folder / f"{kind}_{number:02}.json"
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write('{\n  "weflow": {\n    "version": "1.0.3",\n    "exportedAt": 1735689600,\n')
            file.write('    "generator": "WeFlow"\n  },\n  "session": {\n')
            file.write(f'    "wxid": "{here}",\n    "nickname": {title},\n    "remark": "",\n')
            file.write(f'    "displayName": {title},\n    "type": "{kind}",\n')
            start, end = _places(conversation, part)
            file.write(f'    "messageCount": {end - start}\n  }},\n  "messages": [')
            comma = ""
            for place, one in exported(conversation, seed, part):
                sender, name = ids[one.person], names[one.person]
                file.write(comma + _weflow_message(number, place, one, sender, name))
                comma = ","
            file.write("\n  ]\n}\n")


def _weflow_message(number: int, place: int, one: Said, sender: str, name: str) -> str:
    first = 7_300_000_000_000_000_000 + number * 1_000_000_000
    kind, reply = '"type": "文本消息",\n      "localType": 1', ""
    if one.reply_to is not None:
        kind = '"type": "引用消息",\n      "localType": 244813135921'
        reply = f',\n      "replyToMessageId": "{first + one.reply_to}"'
    return (
        "\n    {\n"
        f'      "localId": {place + 1},\n      "createTime": {one.unix},\n'
        f'      "formattedTime": "{_clock(one.unix).replace("T", " ")}",\n      {kind},\n'
        f'      "content": {quoted(one.text)},\n      "isSend": {int(one.person == 0)},\n'
        f'      "senderUsername": "{sender}",\n      "senderDisplayName": {name},\n'
        f'      "source": "",\n      "senderAvatarKey": "{sender}",\n'
        f'      "platformMessageId": "{first + place}"{reply}\n    }}'
    )


# What stands before the points of a JPEG: a JFIF mark, a frame of 4000 by 3000, a scan's start.
JPEG_HEAD = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 3000, 4000) + b"\x01\x01\x11\x00"
    b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
)


def write_media(folder: Path, files: int, total: int, seed: int) -> None:
    """Pictures as a camera names them, with random points: no program can make them smaller."""
    rng = random.Random(f"{seed} media")
    sizes = [rng.lognormvariate(math.log(150_000), 0.8) for _ in range(files)]
    scale = total / sum(sizes) if total else 1
    for number, size in enumerate(sizes):
        taken = datetime.fromtimestamp(BEGINS + number * 7919, ZONE)
        points = rng.randbytes(max(1, int(size * scale) - len(JPEG_HEAD) - 2))
        picture = JPEG_HEAD + points + b"\xff\xd9"
        (folder / f"IMG_{taken:%Y%m%d_%H%M%S}.jpg").write_bytes(picture)


def share_of_history(text: str) -> Part:
    """`0.5:1` as two numbers in order."""
    start, end = (float(share) for share in text.split(":"))
    if not 0 <= start <= end <= 1:
        raise ValueError(text)
    return start, end


MESSAGES: dict[str, Callable[[Path, int, int, Part], None]] = {
    "telegram": write_telegram,
    "weflow": write_weflow,
}


def main(arguments: list[str]) -> int:
    """Exit code of the script."""
    parser = argparse.ArgumentParser(description="big invented exports, by seed")
    parser.add_argument("kind", choices=[*MESSAGES, "media"])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--bytes", type=int, default=0, help="of all files; 0: as it comes")
    parser.add_argument(
        "--part", type=share_of_history, default=WHOLE, help="of the history, such as 0.5:1"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("dest", type=Path, help="a folder that does not exist yet, or is empty")
    given = parser.parse_args(arguments)
    if given.messages < CONVERSATIONS:
        parser.error(f"at least {CONVERSATIONS} messages, one for each conversation")
    given.dest.mkdir(parents=True, exist_ok=True)
    if any(given.dest.iterdir()):
        parser.error(f"{given.dest} is not empty")
    if given.kind == "media":
        write_media(given.dest, given.files, given.bytes, given.seed)
    else:
        MESSAGES[given.kind](given.dest, given.messages, given.seed, given.part)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
