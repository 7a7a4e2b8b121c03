"""Big invented exports for measuring, by seed, written straight to disk.

    python3 scripts/make_export.py telegram --messages 1000000 DEST   a whole account, 270 MB
    python3 scripts/make_export.py weflow --messages 1000000 DEST     the same messages, from WeChat
    python3 scripts/make_export.py media --files 20000 --bytes 3000000000 DEST

All kinds of messages: telegram, weflow, qq-jsonl, qq-mht, sms, discord, slack. For the same seed
and number they tell the same texts, times and people (`_make_history.py`), as far as the form can
say them. `--part 0.5:1` exports the second half of every conversation only, as a later export does
that overlaps an earlier one. Standard library only; a million messages take about 30 MB of memory.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from _make_discord import write_discord
from _make_history import CONVERSATIONS, WHOLE, Part
from _make_media import write_media
from _make_qq import write_qq_jsonl
from _make_qq_mht import write_qq_mht
from _make_slack import write_slack
from _make_sms import write_sms
from _make_telegram import write_telegram
from _make_weflow import write_weflow


def share_of_history(text: str) -> Part:
    """`0.5:1` as two numbers in order."""
    start, end = (float(share) for share in text.split(":"))
    if not 0 <= start <= end <= 1:
        raise ValueError(text)
    return start, end


MESSAGES: dict[str, Callable[[Path, int, int, Part], None]] = {
    "telegram": write_telegram,
    "weflow": write_weflow,
    "qq-jsonl": write_qq_jsonl,
    "qq-mht": write_qq_mht,
    "sms": write_sms,
    "discord": write_discord,
    "slack": write_slack,
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
