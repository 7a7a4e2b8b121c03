"""What all exports of Discord share: ids that hold a time, kinds of channels, names, addresses."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from chatvault.importers._fields import EARLIEST_MS, LATEST_MS, Malformed
from chatvault.importers._media_types import kind_by_name
from chatvault.importers._source import Source
from chatvault.model import (
    Attachment,
    AttachmentState,
    ConversationKind,
    MessageKind,
    Precision,
    Timestamp,
)

PLATFORM = "discord"
EPOCH_MS = 1_420_070_400_000  # 2015-01-01, where the times in Discord's ids begin
VOICE_MESSAGE = "voice-message.ogg"

# The type of a channel as DiscordChatExporter, Discord's programming interface and its numbers
# have it.
_DIRECT = frozenset({"DirectTextChat", "DM", "1"})
_BROADCAST = frozenset({"GuildNews", "GUILD_NEWS", "GUILD_ANNOUNCEMENT", "5"})

_ASSET = re.compile(r"(.*)-([0-9a-f]{16}|[0-9a-f]{5})(?:\.[^./]*)?", re.IGNORECASE | re.DOTALL)
_STEM = 42  # characters of a name that DiscordChatExporter keeps before the hash
_SIGNATURE = frozenset({"ex", "is", "hm"})


def snowflake_time(identifier: str) -> Timestamp:
    """The moment that an id holds, to the millisecond; Malformed if it holds none."""
    if not (identifier.isascii() and identifier.isdigit() and 7 <= len(identifier) <= 20):
        raise Malformed("an id that holds no time")
    utc_ms = (int(identifier) >> 22) + EPOCH_MS
    if not EPOCH_MS < utc_ms < LATEST_MS:
        raise Malformed("an id that holds no time")
    return Timestamp(
        utc_ms=max(utc_ms, EARLIEST_MS),
        as_exported=identifier,
        precision=Precision.MILLISECOND,
    )


def kind_of_channel(form: object) -> ConversationKind:
    """How many people a channel of this type is between."""
    if str(form) in _DIRECT:
        return ConversationKind.DIRECT
    return ConversationKind.CHANNEL if str(form) in _BROADCAST else ConversationKind.GROUP


def title_of(name: str, server: str, kind: ConversationKind) -> str:
    """The title of a conversation: every server has a channel called `general`.

    Discord's own package has the same words, so both agree.
    """
    return name if not server or kind is ConversationKind.DIRECT else f"{name} in {server}"


def handle_of(name: str, discriminator: str) -> str:
    """What people type to find somebody: `mira`, or `mira#1234` as it was until 2023."""
    return name if discriminator in {"", "0", "0000"} else f"{name}#{discriminator}"


def emoji_text(name: str, identifier: str) -> str:
    """How an emoji is shown: itself, or its name if somebody made it for a server."""
    return f":{name}:" if identifier and name else name or identifier


def filled(value: Any) -> Any:
    """The same value without fields that hold nothing, of which these exports write many."""
    if isinstance(value, dict):
        found = {key: filled(one) for key, one in value.items()}
        return {key: one for key, one in found.items() if one not in (None, "", [], {})}
    return [filled(one) for one in value] if isinstance(value, list) else value


def is_address(reference: str) -> bool:
    """Whether it is an address on the network, which is never fetched."""
    return reference[:8].lower().startswith(("http://", "https://"))


def kind_of_file(name: str, *, alone: bool = False) -> MessageKind:
    """What an attachment of this name is; `alone` says that nothing was written beside it."""
    return MessageKind.VOICE if alone and name == VOICE_MESSAGE else kind_by_name(name)


def name_in(reference: str) -> str:
    """The name of the file that an address or a path ends with."""
    if is_address(reference):
        try:
            reference = unquote(urlsplit(reference).path)
        except ValueError:
            return ""
    return reference.replace("\\", "/").rpartition("/")[2]


class Files:
    """The files that an exporter loaded down, by path or by the hash of their address."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._hashes: Mapping[str, str | None] | None = None

    def attachment(
        self,
        reference: str,
        name: str,
        *,
        kind: MessageKind,
        size: int | None = None,
        stable_name: bool = True,
    ) -> Attachment:
        """The file that a path or an address means, or the place where it should be."""
        path = self.find(reference)
        absent = AttachmentState.MISSING_FILE
        if is_address(reference):
            absent = AttachmentState.REMOTE_ONLY
        return Attachment(
            name=name or name_in(reference),
            path=path,
            state=absent if path is None else AttachmentState.PRESENT,
            kind=kind,
            as_exported=reference,
            size=size,
            stable_name=stable_name,
        )

    def find(self, reference: str) -> str | None:
        """The name within the whole export of a file; None if it is not there."""
        if not is_address(reference):
            found = self._source.resolve(reference)
            if found is None and "%" in reference:
                found = self._source.resolve(unquote(reference))
            return found
        if len(self._source.entries) < 2:
            return None
        name = self._by_hash(reference)
        return None if name is None else self._source.full(name)

    def _by_hash(self, address: str) -> str | None:
        """A file that was loaded down for another export: its name ends with a hash of the
        address (16 digits, and 5 before 2024; ExportAssetDownloader of DiscordChatExporter)."""
        if self._hashes is None:
            hashes: dict[str, str | None] = {}
            for name in self._source.entries:
                if found := _ASSET.fullmatch(name.rpartition("/")[2]):
                    key = found[2].lower()
                    hashes[key] = None if key in hashes else name
            self._hashes = hashes
        if not self._hashes:
            return None
        digest = hashlib.sha256(_normal(address).encode("utf-8", "replace")).hexdigest()
        if (certain := self._hashes.get(digest[:16])) is not None:
            return certain
        likely = self._hashes.get(digest[:5])
        # Five digits are few: there the name has to agree as well.
        asset = _ASSET.fullmatch(likely.rpartition("/")[2]) if likely else None
        stem = name_in(address).rpartition(".")[0] or name_in(address)
        return likely if asset and asset[1] == stem[:_STEM] else None


def _normal(address: str) -> str:
    """An address of Discord's without the signature that changes every day."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    if (parts.hostname or "") != "cdn.discordapp.com":
        return address
    left = [pair for pair in parse_qsl(parts.query) if pair[0] not in _SIGNATURE]
    return f"{parts.scheme}://{parts.netloc}{parts.path}{urlencode(left)}"
