"""The lines of Signal's plaintext export without the keys in them.

The export of the app holds keys that open more than the messages: of the owner's profile and media
in Signal's cloud, the PIN, of every group, of every file. Nobody needs them to read the messages,
so they get no further than this file: what is parsed, stored and shown are the lines as they come
out of here. Two keys leave a trace that cannot be turned back into them: a group is recognised by
the hash of its key, and the key of a file is part of the file's name.
"""

import base64
import binascii
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import BinaryIO

from chatvault.importers._leaving_out import Pieces
from chatvault.importers._limits import DEFAULT
from chatvault.importers._source import Entry, Source

SECRETS = (
    "mediaRootBackupKey", "profileKey", "svrPin", "masterKey", "key", "localKey", "packKey",
    "rootKey", "adminKey", "entropy", "subscriberId", "purchaseToken", "inviteLinkPassword",
    "receiptCredentialPresentation",
)  # fmt: skip
WHAT = "Signal's secret keys (of the profile, the PIN, of groups and files)"

MARK = "chatvault:"  # no base64 has a colon
LEFT_OUT = f"{MARK}left out"
GROUP = f"{MARK}group:"
FILE = f"{MARK}file:"

_NAMES = "|".join(SECRETS).encode()
_MAYBE = re.compile(rb'"(?:%s)' % _NAMES)
# A text and, if it is the name of a field, the plain value behind it.
_FIELD = re.compile(rb'("(?:[^"\\]|\\.)*+")(?:(\s*:\s*)("(?:[^"\\]|\\.)*+"|[-+.\w]++))?', re.DOTALL)
# In a line that is no JSON nobody knows where texts begin, so whatever looks like a key is one.
_ANYWHERE = re.compile(
    rb'("(?:%s)\\*+"\s*+:\s*+\\*+"?+)(?!%s)[^"\\,}\]\s]*+' % (_NAMES, MARK.encode())
)
_QUOTED = frozenset(f'"{name}"'.encode() for name in SECRETS)


def lines_without_secrets(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a `main.jsonl`, with their ends. What has no key in it is as it was."""
    while line := file.readline(DEFAULT.line + 1):
        if len(line) <= DEFAULT.line or line.endswith(b"\n"):
            yield line_without_secrets(line)
            continue
        # Longer than any message of the app: it cannot be looked through, so it is not kept.
        size = len(line)
        while (piece := file.readline(DEFAULT.line)) and not piece.endswith(b"\n"):
            size += len(piece)
        yield json.dumps(f"{LEFT_OUT}: a line of {size + len(piece):,} bytes").encode() + b"\n"


def line_without_secrets(line: bytes) -> bytes:
    """One line without the keys in it; equal when it comes through here again."""
    if not _MAYBE.search(line):
        return line
    try:
        tree = json.loads(line.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError):
        return _ANYWHERE.sub(rb"\1" + LEFT_OUT.encode(), line)
    traces = dict(_traces(tree))

    def field(found: re.Match[bytes]) -> bytes:
        name, colon, value = found.groups()
        if name not in _QUOTED or value is None:
            return found[0]
        text = value[1:-1].decode("utf-8", "replace")
        if text.startswith(MARK):
            return found[0]
        trace = traces.get((name[1:-1].decode(), text.replace("\\/", "/")), LEFT_OUT)
        return bytes(name + colon + json.dumps(trace).encode())

    return _FIELD.sub(field, line)


def _traces(tree: object) -> Iterator[tuple[tuple[str, str], str]]:
    """What stands for a key from now on, by its name and value."""
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(one)
        if not isinstance(one, dict):
            continue
        waiting.extend(one.values())
        for name, trace in (("masterKey", _group), ("localKey", _file)):
            value = one.get(name)
            if isinstance(value, str):
                with suppress(ValueError, binascii.Error):
                    yield (name, value), trace(base64.b64decode(value, validate=True), one)


def _group(key: bytes, _: dict[str, object]) -> str:
    return GROUP + hashlib.sha256(b"chatvault signal group\0" + key).hexdigest()


def _file(key: bytes, locator: dict[str, object]) -> str:
    """The name that the app gives the file, for which it mixes the key with the file's hash."""
    plain = locator.get("plaintextHash")
    if not isinstance(plain, str) or not key:
        return LEFT_OUT
    return FILE + hashlib.sha256(base64.b64decode(plain, validate=True) + key).hexdigest()


def source_without_secrets(source: Source, names: list[str]) -> Source:
    """The same export, but these files are read without the keys in them."""
    changed = {name: _entry(source.entries[name]) for name in names}
    return replace(source, entries={**source.entries, **changed})


def _entry(entry: Entry) -> Entry:
    return replace(entry, open=_opener(entry.open), in_place=False)


def _opener(inner: Callable[[], BinaryIO]) -> Callable[[], BinaryIO]:
    def open_() -> BinaryIO:
        file = inner()
        return io.BufferedReader(Pieces(lines_without_secrets(file), file.close), 256 * 1024)

    return open_
