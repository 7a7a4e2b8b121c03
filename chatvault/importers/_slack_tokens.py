"""Slack's exports without the tokens in their addresses.

Each address of a file in the app's own export ends with `?t=xoxe-...`, in newer ones with
`?token=xoxe-...`, which opens all files of the workspace to whoever has it, until somebody revokes
the export. It gets no further than this file.
"""

import re
from collections.abc import Iterable

from chatvault.importers._leaving_out import source_with
from chatvault.importers._source import Source

WHAT = "tokens in the addresses of files, which open a Slack workspace"
_LONGEST = 1100
# Slack's own JSON has `&` as it is, that of programs written in Go as \u0026.
_TOKEN = re.compile(rb"(\?|&|\\u0026)t(?:oken)?=xox[a-z]-[A-Za-z0-9-]{1,1000}(&|\\u0026)?")


def _without(found: re.Match[bytes]) -> bytes:
    before, behind = found.groups()
    return bytes(before) if behind else b""


def without_tokens(source: Source, names: Iterable[str]) -> Source:
    """The same export, but these files are read without tokens."""
    return source_with(source, list(names), _TOKEN, _without, longest=_LONGEST)


def text_without_tokens(data: bytes) -> bytes:
    """Some JSON without tokens."""
    return _TOKEN.sub(_without, data) if b"=xox" in data else data
