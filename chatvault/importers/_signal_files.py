"""The media of a plaintext export of Signal: which file in `files/` a pointer means.

The app names a file after its hash and a key (see `_signal_secrets`), with an ending that differs
between phones and computers, so it is found by the name without the ending.
"""

import base64
import binascii
import hashlib
import re

from chatvault.importers._fields import Malformed, maybe, rest
from chatvault.importers._limits import DEFAULT
from chatvault.importers._media_types import HEAD, media_type
from chatvault.importers._signal_secrets import FILE, SECRETS
from chatvault.importers._source import Source
from chatvault.model import Attachment, AttachmentState, MessageKind

_NAMED = re.compile(r"files/[0-9a-f]{2}/([0-9a-f]{64})(?:\.[^/]*)?")
_TRACE = re.compile(re.escape(FILE) + r"([0-9a-f]{64})")
_PIECE = 1024 * 1024
# Where Signal's servers keep the encrypted file, and how to check that one.
SERVERS = frozenset({
    "encryptedDigest", "transitCdnKey", "transitCdnNumber", "transitTierUploadTimestamp",
    "mediaTierCdnNumber", "incrementalMac", "incrementalMacChunkSize", "clientUuid",
})  # fmt: skip
_FLAGS = {"VOICE_MESSAGE": MessageKind.VOICE, "GIF": MessageKind.ANIMATION}
_TOLD = frozenset({"contentType", "fileName", "locatorInfo", "caption"})


class Files:
    """The files beside one `main.jsonl`."""

    def __init__(self, source: Source, base: str) -> None:
        """`base` is the folder of the `main.jsonl`; the files lie in it or beside it."""
        self._source = source
        around = base.rpartition("/")[0]
        self._roots = tuple(dict.fromkeys(f"{folder}/".lstrip("/") for folder in (base, around)))
        self._names: dict[bytes, str] | None = None
        self._sizes: dict[int, list[str]] = {}
        self._hashes: dict[str, bytes] = {}

    def attachment(
        self, value: object, *, kind: MessageKind | None = None
    ) -> tuple[Attachment, dict[str, object]]:
        """The attachment of a message or of a sticker, and what else is said about it."""
        pointer = maybe(value, "pointer", dict)
        told = {"pointer", "flag", "wasDownloaded", *SERVERS}
        outer = {} if pointer is None else rest(value, told)
        flag = None if pointer is None else maybe(value, "flag", str, int)
        file = value if pointer is None else pointer
        locator = maybe(file, "locatorInfo", dict) or {}
        sha256 = _sha256(maybe(locator, "plaintextHash", str))
        size = maybe(locator, "size", int, str)
        if isinstance(size, str):
            size = int(size) if size.isascii() and size.isdigit() and len(size) < 19 else None
        trace = maybe(locator, "localKey", str) or ""
        in_export = found[1] if (found := _TRACE.fullmatch(trace)) else ""
        path = self._find(in_export, sha256, size or 0)
        mime = maybe(file, "contentType", str) or ""
        name = maybe(file, "fileName", str) or ""
        extra = {
            **rest(locator, {*SECRETS, *SERVERS, "plaintextHash", "size"}),
            **rest(file, {*_TOLD, *SECRETS, *SERVERS}),
            **outer,
        }
        if isinstance(flag, str) and flag not in {*_FLAGS, "NONE"}:
            extra["flag"] = flag
        return (
            Attachment(
                name=name or (path or "").rpartition("/")[2],
                path=None if path is None else self._source.full(path),
                state=AttachmentState.MISSING_FILE if path is None else AttachmentState.PRESENT,
                kind=kind or _FLAGS.get(str(flag)) or self._kind(mime, path),
                as_exported=in_export or sha256 or mime or "file",
                type=mime,
                size=size,
                sha256=sha256,
                stable_name=bool(name),
            ),
            extra,
        )

    def text(self, value: object) -> str | None:
        """The whole of a long text, of which a message has only the beginning."""
        attachment, _ = self.attachment(value)
        if attachment.path is None:
            return None
        try:
            with self._source.open(attachment.path.removeprefix(self._source.prefix)) as file:
                data = file.read(DEFAULT.text + 1)
        except (OSError, ValueError):
            return None
        return None if len(data) > DEFAULT.text else data.decode("utf-8", "replace")

    def _kind(self, mime: str, found: str | None) -> MessageKind:
        form, _, _ = mime.partition("/")
        if form in {"image", "video", "audio"}:
            return MessageKind(form)
        if not mime and found is not None and (seen := media_type(self._source.head(found, HEAD))):
            return seen.kind
        return MessageKind.FILE

    def _find(self, in_export: str, sha256: str, size: int) -> str | None:
        if self._names is None:
            self._names = {}
            for name in self._source.names():
                for root in self._roots:
                    inside = name.removeprefix(root) if name.startswith(root) else ""
                    if found := _NAMED.fullmatch(inside):
                        self._names.setdefault(bytes.fromhex(found[1]), name)
                    if inside.startswith("files/"):
                        self._sizes.setdefault(self._source.size(name), []).append(name)
        if in_export and (named := self._names.get(bytes.fromhex(in_export))) is not None:
            return named
        # Renamed, or its key is not known: the export also says the hash. Few have its size.
        wanted = bytes.fromhex(sha256)
        return next(
            (name for name in self._sizes.get(size, ()) if wanted and self._hash(name) == wanted),
            None,
        )

    def _hash(self, name: str) -> bytes:
        if name not in self._hashes:
            total = hashlib.sha256()
            try:
                with self._source.open(name) as file:
                    while piece := file.read(_PIECE):
                        total.update(piece)
                self._hashes[name] = total.digest()
            except (OSError, ValueError):
                self._hashes[name] = b""
        return self._hashes[name]


def _sha256(value: str | None) -> str:
    if not value:
        return ""
    try:
        return base64.b64decode(value, validate=True).hex()
    except (ValueError, binascii.Error) as cause:
        raise Malformed("a hash that is none") from cause
