"""The invented history that every big export tells: who talks where, when and what, by seed.

Half of the messages are Chinese. Words follow Zipf's law and lengths are lognormal, so that an
index gets long and short lists to keep.
"""

from __future__ import annotations

import functools
import heapq
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

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
    return itertools.islice(enumerate(said(conversation, seed)), *places(conversation, part))


def answering(
    conversation: Conversation, seed: int, part: Part
) -> Iterator[tuple[int, Said, Said | None]]:
    """As `exported`, and with each message the one that it answers."""
    before: list[Said] = []
    start, end = places(conversation, part)
    for place, one in enumerate(itertools.islice(said(conversation, seed), end)):
        if place >= start:
            yield place, one, None if one.reply_to is None else before[one.reply_to - place]
        before = [*before[-4:], one]  # nobody answers what is longer ago


def in_order_of_time(
    messages: int, seed: int, part: Part
) -> Iterator[tuple[Conversation, int, Said]]:
    """The messages of all conversations as they were said: with their conversation and place."""

    def of(conversation: Conversation) -> Iterator[tuple[int, int, int, Conversation, Said]]:
        for place, one in exported(conversation, seed, part):
            yield one.unix, conversation.number, place, conversation, one

    for _, _, place, conversation, one in heapq.merge(*map(of, conversations(messages, seed))):
        yield conversation, place, one


def places(conversation: Conversation, part: Part) -> tuple[int, int]:
    """Where a part of a conversation begins and ends."""
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


def clock(unix: int) -> str:
    """A time on the clocks of Singapore and China, such as 2016-01-01T08:00:00."""
    return datetime.fromtimestamp(unix, ZONE).isoformat()[:19]
