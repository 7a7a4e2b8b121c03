"""Safety limits for exports, and the budget that one export shares over all its levels.

The figures are those of SECURITY.md; each can be raised by an option, and the receipt records it.
"""

from dataclasses import dataclass, field

from chatvault.errors import RefusedByLimit, Where

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
    nested_in_memory: int = 256 * MiB
    central_directory: int = 256 * MiB
    line: int = 8 * MiB
    text: int = 4 * MiB
    json_depth: int = 64
    json_string: int = 16 * MiB
    csv_field: int = 16 * MiB


DEFAULT = Limits()


@dataclass
class Budget:
    """What is left of the limits while one export is walked; shared by nested archives."""

    limits: Limits = DEFAULT
    members: int = 0
    stored: int = 0
    plain: int = 0
    depth: int = field(default=0)

    def add_member(self, where: str) -> None:
        """Count one more file of the export."""
        self.members += 1
        if self.members > self.limits.members:
            raise RefusedByLimit(
                f"more than {self.limits.members:,} files in one export",
                where=Where(where),
                remedy="import its parts one by one",
            )
