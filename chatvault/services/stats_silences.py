"""Silences that are no pauses: where a conversation went on, and the vault has nothing of it.

Pure: days on which something was written go in, suspicious stretches between them come out. The
question is always the same: would this conversation, the way it pauses, ever have paused so long?
"""

from collections.abc import Sequence
from itertools import pairwise
from math import log

import msgspec

SHORTEST = 28  # days from one message to the next; people are on holiday for shorter
SHORTEST_BETWEEN = 14  # the same where one export ends and another begins
NEIGHBOURS = 250  # pauses before and after that a silence is compared with
LONGEST_OTHERS = 20  # of them, from which the length of rare pauses is told
FEWEST = 12  # pauses on each side; with fewer nobody knows how a conversation pauses
AROUND = 60  # days before and after in which a conversation must be lively,
LIVELY = 8  # which is: so many days of them with a message
# By chance so long a pause would come up in one such conversation of so many.
RARE = 1 / 20
RARE_BETWEEN = 1 / 4
# Other pauses half as long; where there are more, it is the way of this conversation.
MOST_ALIKE = 1
ORDINARY = 3  # days: shorter pauses tell nothing of long ones
USUAL_PAUSES, USUAL_POWER = 6, 3.0


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Days without a message between two with some (numbers of days, whatever they count from).

    `chance` is how likely a pause so long is in a conversation that pauses like this one.
    """

    before: int  # the last day with a message
    after: int  # the next one
    chance: float
    longest: int  # days of the longest other pause nearby
    lively_before: int  # days with a message among the `AROUND` before
    lively_after: int

    @property
    def days(self) -> int:
        """How many days have no message."""
        return self.after - self.before - 1

    def is_suspicious(self, *, between_exports: bool) -> bool:
        """Whether to tell somebody. Between two exports a gap is likely to begin with, so less is
        asked of the silence itself."""
        if between_exports:
            return self.chance <= RARE_BETWEEN
        return self.chance <= RARE and self.days + 1 >= SHORTEST


def silences(days: Sequence[int]) -> list[Silence]:
    """Silences that may be gaps, of a conversation with messages on these days (ascending)."""
    pauses = [after - before for before, after in pairwise(days)]
    found = []
    for place, pause in enumerate(pauses):
        if pause < SHORTEST_BETWEEN or not FEWEST <= place < len(pauses) - FEWEST:
            continue
        if sum(2 * other >= pause for other in pauses) > MOST_ALIKE + 1:
            continue
        lively = _lively(days, place)
        if min(lively) < LIVELY:
            continue
        near = [
            *pauses[max(0, place - NEIGHBOURS) : place],
            *pauses[place + 1 : place + 1 + NEIGHBOURS],
        ]
        # Each stretch of so many pauses is another chance for a long one.
        chance = _chance(pause, near) * max(1.0, len(pauses) / (2 * NEIGHBOURS))
        if chance <= RARE_BETWEEN:
            found.append(
                Silence(
                    before=days[place], after=days[place + 1], chance=chance, longest=max(near),
                    lively_before=lively[0], lively_after=lively[1],
                )
            )  # fmt: skip
    return found


def _lively(days: Sequence[int], place: int) -> tuple[int, int]:
    first, last = days[place] - AROUND, days[place + 1] + AROUND
    before = after = 0
    while before <= place and days[place - before] > first:
        before += 1
    while place + 1 + after < len(days) and days[place + 1 + after] < last:
        after += 1
    return before, after


def _chance(pause: int, others: Sequence[int]) -> float:
    """How likely the longest of these pauses would be so long.

    Beyond the k longest, lengths are taken to thin out as a power: of all usual laws the one with
    the longest pauses, so people who write in bursts raise no alarm. With logarithms of what lies
    over the border summed up to S, one more lies over it by y with probability (1 + y/S) ** -k,
    exactly; one of k + 1 does with k + 1 times that, at most. What is known of other conversations
    counts as a few pauses more: one that never paused has no law of its own.
    """
    longest = sorted(others, reverse=True)[: LONGEST_OTHERS + 1]
    border = max(ORDINARY, longest[-1])
    over = [log(one / border) for one in longest if one > border]
    count, total = len(over) + USUAL_PAUSES, sum(over) + USUAL_PAUSES / USUAL_POWER
    return min(1.0, (len(over) + 1) * (1 + log(pause / border) / total) ** -count)
