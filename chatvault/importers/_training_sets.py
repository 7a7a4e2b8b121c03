"""Sets to train language models with, which tools write beside their exports: no backups."""

import re

from chatvault.importers._apps import pointer
from chatvault.importers._known_files import Kind
from chatvault.importers._source import Source

TRAINING_SET = Kind(
    "set to train language models with",
    "this is a set to train language models with, not a backup: texts only, merged and shuffled",
    "import the CSV, HTML or .html.json files that MemoTrace or another tool wrote of the chats."
    f" {pointer(('wechat-memotrace', 'wechat-weclone'))}",
)
# MemoTrace writes these next to its real exports: chats to train a model with, merged and shuffled.
_CHATS = re.compile(
    r'\A\s*\[?\s*\{\s*(?:"[^"]{0,40}"\s*:\s*"[^"]{0,2000}"\s*,\s*)?'
    r'"(?:conversations|messages)"\s*:\s*\[\s*\{\s*"(?:role|from|content)"\s*:'
)
_ALPACA_START = re.compile(r'\A\s*\[?\s*\{\s*"(?:system|instruction|input|output|history)"\s*:')
_ALPACA_FIELDS = ('"instruction"', '"input"', '"output"')
_PROMPTS = re.compile(r'\A\s*\[?\s*\{\s*"(?:prompt|question)"\s*:')
_ANSWERS = re.compile(r'"(?:completion|response|chosen|answer)"\s*:')
_MOST = 50  # files looked into


def training_set(source: Source) -> str:
    """The first file that is such a set; empty if there is none."""
    names = (name for name in source.names() if name.lower().endswith((".json", ".jsonl")))
    for name, _ in zip(names, range(_MOST), strict=False):
        if _is_one(source.head(name, 4096).decode("utf-8-sig", "replace")):
            return name
    return ""


def _is_one(text: str) -> bool:
    if _CHATS.match(text):
        return True
    if _ALPACA_START.match(text):
        return all(field in text for field in _ALPACA_FIELDS)
    return bool(_PROMPTS.match(text) and _ANSWERS.search(text))
