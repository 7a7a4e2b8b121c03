"""The first way through a KakaoTalk text: everything that only the whole file can tell.

Which grammar it is written in, who writes, what stands in its first lines, and which dates on lines
of their own were pasted. Only counters are kept, each with a bound.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from chatvault.importers._day_trail import DayTrail
from chatvault.importers._kakao_lines import DATED, Day, Head, Style, head_of, notice_of
from chatvault.importers._kakao_words import event_of
from chatvault.importers._source import Source
from chatvault.importers._text_lines import (
    Block,
    BrokenText,
    Encoding,
    Line,
    blocks,
    encoding_of,
    lines,
)

LEGACY = "cp949"
MOST_SENDERS = 10_000
LONGEST_START = 4096  # of the lines before the first message
GROUP_ONLY = frozenset({"removed", "invited", "joined", "left", "manager"})

_SAVED = re.compile(r"(?:저장한 ?날짜|Date Saved|Saved Date) ?:.{1,60}")
_END = r"(?:-\d{1,3})?(?:\.txt)?"
_TITLES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(.+?)(?: (\d{{1,4}}))? ?님과(?:의)? 카카오톡 대화{_END}",
        rf"(.+?) ?\((\d{{1,4}})명\)과(?:의)? 카카오톡 대화{_END}",
        rf"KakaoTalk Chats with (.+?)(?: \((\d{{1,4}})(?: people)?\))?{_END}",
        rf"(.+?)(?: \((\d{{1,4}})(?: people)?\))? with KakaoTalk Chats{_END}",
        rf"(.+?)(?: \((\d{{1,4}})명?\))? 카카오톡 대화{_END}",
        rf"(.+?)()(?: Kakao)? ?Talk Chats{_END}",
    )
)


@dataclass
class Survey:
    """What is known about one text."""

    file: str
    encoding: Encoding
    styles: Counter[Style] = field(default_factory=Counter)
    senders: Counter[str] = field(default_factory=Counter)
    trail: DayTrail = field(default_factory=DayTrail)
    days: int = 0
    lines: int = 0
    group: bool = False
    start: str = ""
    whole_start: bool = True

    @classmethod
    def of(cls, source: Source, file: str) -> "Survey":
        """The survey of a text, as far as it can be read."""
        survey = cls(file, encoding_of(source, file, LEGACY))
        heads = Heads(lines(source, file, survey.encoding))
        found: Iterator[Block[Head]] = blocks(heads.lines(), heads)
        try:
            for block in found:
                survey._add(block)
        except BrokenText:
            pass  # told when the messages are read
        return survey

    def _add(self, block: Block[Head]) -> None:
        self.lines += sum(map(bool, map(str.strip, block.text.split("\n"))))
        head = block.head
        if head is None:
            if block.first == 1:
                self.start = block.text[:LONGEST_START]
                self.whole_start = len(block.text) <= LONGEST_START
        elif isinstance(head, Day):
            self.days += 1
            self.trail.add(block.first, head.day.toordinal())
        else:
            if head.style != "notice":
                self.styles[head.style] += 1
            if head.sender is None:
                found = event_of(block.text[head.at :].strip())
                self.group |= found is not None and found[0] in GROUP_ONLY
            elif head.sender in self.senders or len(self.senders) < MOST_SENDERS:
                self.senders[head.sender.strip()] += 1

    def accepted(self) -> frozenset[Style]:
        """The grammars in which this text is written; other lines are text that was pasted."""
        if not self.styles:
            return frozenset()
        [(main, count)] = self.styles.most_common(1)
        enough = max(50, count // 4)
        return frozenset({main}) | {one for one, n in self.styles.items() if n >= enough}

    def title(self) -> tuple[str, int]:
        """The title in the first lines and how many people are said to be in it; else empty, 0."""
        for line in self._first_lines():
            for pattern in _TITLES:
                if found := pattern.fullmatch(line):
                    return self._counted(found, pattern)
        return "", 0

    def is_saved(self) -> bool:
        """Whether the first lines say when the text was saved."""
        return any(_SAVED.fullmatch(line) for line in self._first_lines())

    def _counted(self, found: re.Match[str], pattern: re.Pattern[str]) -> tuple[str, int]:
        title, count = found[1].strip(), int(found[2] or 0)
        if pattern is _TITLES[0] and count and (count < 3 or not self.accepted() <= DATED):
            # Only phones count people here; a number may belong to a name.
            return f"{title} {count}", 0
        return title, count

    def _first_lines(self) -> list[str]:
        found = [line.strip("\ufeff \t\r") for line in self.start.split("\n")]
        return [line for line in found if line][:5]


class Heads:
    """Which lines begin a day or a message, told to `blocks` line by line.

    Without a survey all that look so. With it only those in the grammar of the text; a date stands
    on a line of its own where a new day begins, elsewhere it is what somebody wrote.
    """

    def __init__(self, found: Iterator[Line], survey: Survey | None = None) -> None:
        self._found = found
        self._survey = survey
        self._accepted = survey.accepted() if survey else frozenset()
        self._dated = bool(self._accepted) and self._accepted <= DATED
        self._number = 0
        self._latest = 0

    def lines(self) -> Iterator[Line]:
        """The lines, for `blocks`."""
        for line in self._found:
            self._number = line.number
            yield line

    def __call__(self, text: str) -> Head | None:
        """What a line begins, if anything."""
        head = head_of(text)
        if head is None and not self._dated:
            head = notice_of(text)
        if head is None or self._survey is None:
            return head
        if isinstance(head, Day):
            return head if self._begins(head) else None
        if head.style == "notice":
            return head if self._is_notice(text) else None
        if head.style not in self._accepted:
            return None
        if head.day is not None:
            self._latest = max(self._latest, head.day.toordinal())
        return head

    def _begins(self, day: Day) -> bool:
        if self._dated:
            return day.day.toordinal() > self._latest
        return self._survey is not None and self._number not in self._survey.trail.pasted

    def _is_notice(self, text: str) -> bool:
        """In English people write such sentences, too: somebody of that name must write here."""
        found = event_of(text.strip())
        known = self._survey.senders if self._survey else Counter[str]()
        return found is not None and ("습니다" in text or found[1] in known)
