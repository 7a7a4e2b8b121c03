"""Dates that stand alone on a line: which of them begin a day, and which are text somebody pasted.

Days follow each other in an export. A date that goes back before one that goes on where we were was
pasted; where the days go on from the earlier date, the clock of the phone was set back.
"""

# So many dates behind each other are no pasted text, and so many lines are remembered.
NEAR = 31
MOST = 10_000


class DayTrail:
    """The dates of one file in their order; `pasted` are the numbers of lines that begin no day."""

    def __init__(self) -> None:
        self.pasted: set[int] = set()
        self._latest: int | None = None
        self._behind: list[int] = []

    def add(self, line: int, day: int) -> None:
        """Count the next date: the number of its line, and of its day."""
        if self._latest is not None and day < self._latest:
            self._behind.append(line)
            if len(self._behind) <= NEAR:
                return
        elif len(self.pasted) < MOST:
            self.pasted.update(self._behind)
        self._behind = []
        self._latest = day
