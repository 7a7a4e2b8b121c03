"""`message_search`: adding and removing. Its row ids are time keys with the sign changed, so the
newest hits and a stretch of time are range scans, and the newest come first in the order that FTS5
reads twice as fast as the other. Its `scope` column holds a token for each thing people filter by.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Protocol

from chatvault.vault import archive, tokens
from chatvault.vault.archive import Connection
from chatvault.vault.tokens import heads

# Stands between texts of one message, so that no phrase is found across two of them.
BORDER = f" {tokens.BORDER} "

# A list for each first character: one Chinese character is found as the beginning of pairs, and
# FTS5 would have to merge the lists of all that begin so. Words have `tokens.heads` for that.
CREATE = """
CREATE VIRTUAL TABLE message_search USING fts5(
    text, scope, content='', contentless_delete=1, detail=full, tokenize='ascii', prefix='1'
)
"""
# No text and no query holds it, so what is asked of texts never finds these, and nobody has to say
# in which column to look, which FTS5 answers by going through the places of every hit.
SIGN = tokens.BORDER
PENDING = "unjoined"  # in `meta`: messages put into the index since it was last joined


class Attached(Protocol):
    """What is searched of an attachment."""

    @property
    def kind(self) -> str:
        """As in docs/records.md."""

    @property
    def name(self) -> str:
        """Its file name, maybe empty."""


class Searched(Protocol):
    """What is searched of a message."""

    @property
    def time_key(self) -> int | None:
        """Its place in time; the row id in the index is this with the sign changed."""

    @property
    def indexed_key(self) -> int | None:
        """The time key that it has in the index until now."""

    @property
    def conversation(self) -> int:
        """The row of its conversation."""

    @property
    def sender(self) -> int | None:
        """The row of its sender."""

    @property
    def kind(self) -> str:
        """As in docs/records.md."""

    @property
    def text(self) -> str:
        """As sent."""

    @property
    def more_text(self) -> Sequence[str]:
        """Titles of links, quoted text and the like."""

    @property
    def attachments(self) -> Sequence[Attached]:
        """What came with it."""


def is_current(connection: Connection) -> bool:
    """Whether the index was made by today's rules; else some words may not be found."""
    found = archive.value(connection, "SELECT value FROM meta WHERE key = 'tokeniser'")
    return found == tokens.VERSION


def index(connection: Connection, rows: Sequence[Searched], platforms: Mapping[int, str]) -> None:
    """Put messages into the index, replacing what was there of them.

    They go in sorted: FTS5 writes out its buffer whenever row ids go backwards.
    """
    remove(connection, [row.indexed_key for row in rows])
    connection.executemany(
        "INSERT INTO message_search (rowid, text, scope) VALUES (?, ?, ?)",
        [
            (-(row.time_key or 0), text, f"{scope(row, platforms[row.conversation])} {heads(text)}")
            for row in sorted(rows, key=lambda row: -(row.time_key or 0))
            for text in (searchable(row),)
        ],
    )
    connection.execute(
        "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = value + ?2",
        [PENDING, len(rows)],
    )


def remove(connection: Connection, keys: Iterable[int | None]) -> None:
    """Take messages out of the index, by their time keys."""
    connection.executemany(
        "DELETE FROM message_search WHERE rowid = ?", [(-key,) for key in keys if key is not None]
    )


def searchable(row: Searched) -> str:
    """The tokens of everything in a message that people search for."""
    if not row.more_text and not row.attachments:
        return tokens.index_text(row.text)
    texts = [row.text] if row.text else []
    texts += row.more_text
    texts += [item.name for item in row.attachments if item.name]
    if len(texts) == 1:
        return tokens.index_text(texts[0])
    return BORDER.join(tokens.index_text(text) for text in texts)


def scope(row: Searched, platform: str) -> str:
    """The tokens of what a message can be filtered by: letters and digits, because the `ascii`
    tokeniser would split at other ASCII, behind a sign that no token of a text has."""
    found = _fixed_scope(row.conversation, platform, row.kind, row.sender)
    if row.attachments:
        found = " ".join([found, *{has_token(item.kind) for item in row.attachments}])
    if row.kind == "link" or "http://" in row.text or "https://" in row.text:
        found += f" {has_token('link')}"
    return found


@lru_cache(10_000)
def _fixed_scope(conversation: int, platform: str, kind: str, sender: int | None) -> str:
    found = [conversation_token(conversation), platform_token(platform), kind_token(kind)]
    if sender is not None:
        found.append(sender_token(sender))
    return " ".join(found)


def conversation_token(conversation: int) -> str:
    """The scope token of a conversation."""
    return f"{SIGN}c{conversation}"


def sender_token(participant: int) -> str:
    """The scope token of a sender."""
    return f"{SIGN}s{participant}"


def platform_token(platform: str) -> str:
    """The scope token of a platform."""
    return f"{SIGN}p{letters(platform)}"


def kind_token(kind: str) -> str:
    """The scope token of a kind of message."""
    return f"{SIGN}k{letters(kind)}"


def has_token(kind: str) -> str:
    """The scope token of messages that carry something."""
    return f"{SIGN}has{letters(kind)}"


@cache
def letters(name: str) -> str:
    """A name reduced to what one token may hold."""
    return "".join(c for c in name.lower() if c.isascii() and c.isalnum())
