"""The cases of all importers: exports in `fixtures/<module>/<case>/input`, told by `case.toml`.

Cases are found here and importers in the registry, so a new importer is tested by adding it there.
`case.toml` says:
    app, seen     which app wrote this format, and the versions or dates that are known
    shows         what the case shows, as a list
    items         how many items the input has; each gives a message or a problem
    neither       how many of them give neither (default 0)
    arrays        file -> path of its array of items, or a list of paths, as `stream` takes them
    foreign       files of the input that are no part of the export
    name, [told]  name of the source; answers of its owner (zone, local_zone, me, date_order, ...)
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import settings

from chatvault.importers._protocol import Importer
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import IMPORTERS
from chatvault.model import Conversation, Message, Participant, Reaction, Record

FIXTURES = Path(__file__).parent / "fixtures"
DECODER = msgspec.msgpack.Decoder(list[Record])


@dataclass(frozen=True)
class Case:
    """One invented export and what is said about it."""

    importer: Importer
    path: Path

    def __str__(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}"

    @cached_property
    def told(self) -> dict[str, Any]:
        return tomllib.loads((self.path / "case.toml").read_text(encoding="utf-8"))

    @cached_property
    def files(self) -> dict[str, bytes]:
        root = self.path / "input"
        return {
            file.relative_to(root).as_posix(): file.read_bytes()
            for file in sorted(root.rglob("*"))
            if file.is_file()
        }

    def source_of(self, files: Mapping[str, bytes]) -> Source:
        """These files, under the name and with the answers of the case."""
        name = self.told.get("name", "export")
        return Source.of(files, name=name, told=Told(**self.told.get("told", {})))

    @property
    def source(self) -> Source:
        return self.source_of(self.files)

    def records(self) -> list[Record]:
        return list(self.importer.read(self.source))


def module_of(importer: Importer) -> str:
    """The last part of the name of the module that an importer is."""
    return str(getattr(importer, "__name__", "")).rpartition(".")[2]


def _cases() -> Iterator[Case]:
    for importer in IMPORTERS:
        for toml in sorted((FIXTURES / module_of(importer)).glob("*/case.toml")):
            yield Case(importer, toml.parent)


CASES = tuple(_cases())
CASE_FILES = tuple((case, name) for case in CASES for name in case.files)


def share(parts: int) -> int:
    """Examples for one of so many parts: all together about 300, and 3,000 with the profile `ci`.

    A budget per part would grow with every importer until nobody runs the tests.
    """
    return max(2, 6 * settings().max_examples // max(1, parts))


def complaints(records: list[Record]) -> list[str]:
    """What is wrong with the references of records: each is only to what came before it."""
    found = []
    conversation = ""
    declared: set[tuple[str, str]] = set()
    message: Message | None = None
    for number, record in enumerate(records):
        if isinstance(record, Conversation):
            conversation, message = record.id, None
        elif isinstance(record, Participant):
            if record.conversation_id != conversation:
                found.append(f"record {number}: a participant of another conversation")
            declared.add((record.conversation_id, record.id))
        elif isinstance(record, Message):
            message = record
            if record.conversation_id != conversation:
                found.append(f"record {number}: a message of another conversation")
            if record.sender_id is not None and (conversation, record.sender_id) not in declared:
                found.append(f"record {number}: a sender not told before")
        elif isinstance(record, Reaction):
            if message is None:
                found.append(f"record {number}: a reaction without a message before it")
            if record.sender_id is not None and (conversation, record.sender_id) not in declared:
                found.append(f"record {number}: somebody reacted who was not told before")
    return found
