"""The lists of a Slack export: one JSON array in a file, of users, conversations or messages."""

import io
import json
from collections.abc import Iterator
from contextlib import suppress

from chatvault.importers._fields import Malformed
from chatvault.importers._json_stream import Bad, BrokenJson, Field, Item, Part, stream
from chatvault.importers._slack_people import Workspace
from chatvault.importers._source import Source
from chatvault.model import Problem

ACCOUNT = "workspace.json"
SMALL = 1024 * 1024


def items(source: Source, name: str) -> Iterator[Item | Problem]:
    """The items of a list, and what is wrong with the file; nothing if there is none."""
    if not source.has(name):
        return
    full = source.full(name)
    try:
        with source.open(name) as file:
            for part in stream(file, ""):
                yield part if isinstance(part, Item) else no_item(part, full)
    except (BrokenJson, OSError) as cause:
        yield Problem(file=full, part="end", reason=str(cause), raw="")


def no_item(part: Part, full: str) -> Problem:
    """The problem for something that stands where items should."""
    if isinstance(part, Bad):
        return part.problem(full)
    raw = json.dumps(getattr(part, "value", None), ensure_ascii=False)
    return Problem(file=full, part=getattr(part, "name", ""), reason="no list of items", raw=raw)


def problem(file: str, part: str, value: object, cause: Malformed) -> Problem:
    """The problem for an item; `file` is the full name."""
    raw = json.dumps(value, ensure_ascii=False)
    return Problem(file=file, part=part, reason=str(cause), raw=raw)


def add_users(source: Source, name: str, workspace: Workspace) -> Iterator[Problem]:
    """Take in the people of a list; yields what is wrong with it."""
    for part in items(source, name):
        if isinstance(part, Problem):
            yield part
            continue
        try:
            workspace.add_user(part.value)
        except Malformed as cause:
            yield problem(source.full(name), f"[{part.position}]", part.value, cause)


def add_conversations(source: Source, name: str, workspace: Workspace) -> None:
    """Take in the names of a list; what is wrong with it is told when it is read for its items."""
    for part in items(source, name):
        if isinstance(part, Item):
            with suppress(Malformed):
                workspace.add_conversation(part.value)


def add_account(source: Source, workspace: Workspace) -> None:
    """Take in whose account it is; slackdump writes it down beside the lists."""
    if not source.has(ACCOUNT):
        return
    with suppress(OSError, ValueError), source.open(ACCOUNT) as file:
        for part in stream(io.BytesIO(file.read(SMALL))):
            if isinstance(part, Field) and part.name == "user_id":
                workspace.owner = part.value if isinstance(part.value, str) else None
