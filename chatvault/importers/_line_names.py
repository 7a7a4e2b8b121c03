"""Where a name ends on the lines of a LINE export of a computer: only spaces separate it from text.

    10:21 Sora Minami Good morning

A name is what stands at the beginning of many lines and is followed by ever different words.
"""

from collections import Counter

from chatvault.importers._line_bodies import event_of, is_call_or_medium

LONGEST = 4  # words of a name that are looked at
MOST = 50_000
OFTEN = 3


class Names:
    """The names of one file; `known` are those that the export or its owner tells."""

    def __init__(self, *known: str | None) -> None:
        self._known = {name for name in known if name and " " in name}
        self._starts: Counter[str] = Counter()
        self._before_words: Counter[str] = Counter()
        self._longer: dict[str, set[str]] | None = None
        self.group = False

    def add(self, line: str) -> None:
        """Count one line behind its clock."""
        self._longer = None
        first = line.partition("\n")[0]
        if found := event_of(first.strip()):
            self.group |= found[0] in {"joined", "left", "added", "removed"}
            self._count(self._before_words, found[1])
            return
        words = first.split(" ")
        for count in range(1, min(LONGEST, len(words) - 1) + 1):
            self._count(self._starts, " ".join(words[:count]))
            if is_call_or_medium(" ".join(words[count:])):
                self._count(self._before_words, " ".join(words[:count]))
                break

    def split(self, line: str) -> tuple[str, str]:
        """The name at the beginning of a line, and the text behind it."""
        first, newline, below = line.partition("\n")
        for name in self._known:
            if first.startswith(name + " "):
                return name, first[len(name) + 1 :] + newline + below
        longer = self._settled()
        words = first.split(" ")
        name = words[0]
        for count in range(2, min(LONGEST, len(words) - 1) + 1):
            start = " ".join(words[:count])
            if start not in longer.get(name, ()):
                break
            name = start
        return name, first[len(name) :].removeprefix(" ") + newline + below

    def names(self) -> Counter[str]:
        """The names found, and on how many lines each."""
        longer = self._settled()
        found: Counter[str] = Counter()
        for start, count in self._starts.items():
            if self.split(start + " x")[0] == start:
                found[start] = count - sum(self._starts[one] for one in longer.get(start, ()))
        return +found

    def is_name(self, text: str) -> bool:
        """Whether this is a name that occurs, or begins none."""
        return text in self._known or self.split(text + " x")[0] == text

    def _count(self, counter: Counter[str], key: str) -> None:
        if len(key) <= 64 and (key in counter or len(counter) < MOST):
            counter[key] += 1

    def _settled(self) -> dict[str, set[str]]:
        """For each beginning the longer ones that are names."""
        if self._longer is None:
            # A photo or a notice shows where a name ends, and so that its beginnings are none.
            ended = {
                " ".join(words[:count])
                for words in (name.split(" ") for name in self._before_words)
                for count in range(2, min(LONGEST, len(words)) + 1)
            }
            below: dict[str, list[str]] = {}
            for start in self._starts:
                shorter = start.rpartition(" ")[0]
                if shorter:
                    below.setdefault(shorter, []).append(start)
            self._longer = {
                shorter: names
                for shorter, starts in below.items()
                if (names := self._names_among(shorter, starts, ended))
            }
        return self._longer

    def _names_among(self, shorter: str, starts: list[str], ended: set[str]) -> set[str]:
        """Those that together stand on nearly all lines that begin so: people of one first name."""
        count = self._starts[shorter]
        often = [
            start for start in starts
            if self._starts[start] >= max(OFTEN, count // 10)
            or (start in ended and self._starts[start] * 4 >= count)
        ]  # fmt: skip
        together = sum(self._starts[start] for start in often)
        return set(often) if together * 10 >= count * 9 else set()
