"""Safety limits for exports, and the budget that one export shares over all its levels.

The figures are those of SECURITY.md; each can be raised by an option, and the receipt records it.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace

from chatvault.errors import RefusedByLimit, Usage, Where

MiB = 1024 * 1024
GiB = 1024 * MiB


@dataclass(frozen=True)
class Limits:
    """What an export may ask of us; sizes in bytes."""

    archive: int = 200 * GiB
    members: int = 500_000
    member_name: int = 1024
    name_parts: int = 64
    member_plain: int = 16 * GiB
    member_ratio: int = 300
    member_ratio_from: int = 16 * MiB
    export_ratio: int = 100
    export_ratio_from: int = GiB
    depth: int = 4
    archives: int = 1_000  # opened while looking for exports
    restream: int = 64  # how often the plain bytes of a compressed tar may be passed over
    window: int = 128 * MiB  # memory that one decompressor may ask for
    nested_in_memory: int = 256 * MiB
    central_directory: int = 256 * MiB
    line: int = 8 * MiB
    text: int = 4 * MiB
    json_depth: int = 64
    json_string: int = 16 * MiB
    xml_depth: int = 64
    xml_attributes: int = 256  # messages of some phones have close to a hundred
    xml_text: int = 16 * MiB
    html_page: int = 64 * MiB
    html_depth: int = 256
    html_tag: int = 16 * MiB  # pictures stand in addresses of `data:`
    html_element: int = 24 * MiB
    csv_field: int = 16 * MiB
    sqlite: int = 2 * GiB  # a database is read into memory


DEFAULT = Limits()


def raised(text: str | None) -> Limits:
    """The limits with some of them raised: `members=600000 depth=6`; Usage for anything else."""
    changes = {}
    known = {field.name: getattr(DEFAULT, field.name) for field in fields(Limits)}
    for part in (text or "").split():
        name, _, number = part.partition("=")
        digits = number.isascii() and number.isdigit() and len(number) < 16
        if name not in known or not digits or int(number) < known[name]:
            raise Usage(
                "a limit is raised by its name and a larger number",
                remedy="; ".join(f"{name}={number}" for name, number in known.items()),
            )
        changes[name] = int(number)
    return replace(DEFAULT, **changes)


@dataclass
class Budget:
    """What is left of the limits while one export is walked; shared by nested archives."""

    limits: Limits = DEFAULT
    members: int = 0
    stored: int = 0
    plain: int = 0
    depth: int = field(default=0)
    archives: int = 0
    memory: "Memory" = field(default_factory=lambda: Memory(DEFAULT.nested_in_memory))

    def add_archive(self, size: int, where: str) -> None:
        """Count one more archive; `size` is 0 for one that lies inside another."""
        self.archives += 1
        self.stored += size
        if size > self.limits.archive:
            raise RefusedByLimit(
                f"larger than {self.limits.archive // GiB:,} GiB",
                where=Where(where),
                remedy="import its parts one by one",
            )
        if self.archives > self.limits.archives:
            raise RefusedByLimit(
                f"more than {self.limits.archives:,} archives in one export",
                where=Where(where),
                remedy="import its parts one by one",
            )

    def add_plain(self, size: int, where: str) -> None:
        """Count the plain bytes of a member, before any of them is made."""
        self.plain += size
        if size > self.limits.member_plain:
            raise RefusedByLimit(
                f"a file in it would be larger than {self.limits.member_plain // GiB:,} GiB",
                where=Where(where),
            )
        if self.plain > max(self.limits.export_ratio_from, self.limits.export_ratio * self.stored):
            raise RefusedByLimit(
                f"it would grow to more than {self.limits.export_ratio} times its size",
                where=Where(where),
                remedy="if you trust it, unpack it and import the folder",
            )

    def add_member(self, where: str) -> None:
        """Count one more file of the export."""
        self.members += 1
        if self.members > self.limits.members:
            self.check_members(0, where)

    def check_members(self, more: int, where: str) -> None:
        """Refuse an archive whose files are too many, before any of them is looked at."""
        if self.members + more > self.limits.members:
            raise RefusedByLimit(
                f"more than {self.limits.members:,} files in one export",
                where=Where(where),
                remedy="import its parts one by one",
            )


class Memory:
    """Archives that lie in memory because they come out of others; the oldest makes room."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._used = 0
        self._held: OrderedDict[object, bytes] = OrderedDict()

    def get(self, key: object, load: Callable[[], bytes]) -> bytes:
        """The bytes of `key`, loaded again if they had to make room."""
        data = self._held.get(key)
        if data is None:
            data = load()
            self._used += len(data)
            while self._held and self._used > self._room:
                self._used -= len(self._held.popitem(last=False)[1])
            self._held[key] = data
        self._held.move_to_end(key)
        return data
