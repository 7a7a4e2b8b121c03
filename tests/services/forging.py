"""Packs that somebody with the key ring made wrong: what only code of ours could have written."""

import io
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from vaults import Made

from chatvault.errors import Where
from chatvault.vault import age, catalogue, packs

WHERE = Where("packs/forged")
Members = list[tuple[str, bytes]]


def members_of(made: Made, name: str) -> Members:
    """Names and bytes of all members of a pack."""
    with packs.opened(made.layout, name, made.ring.identity) as reader:
        return [
            (member, reader.plain.read_range(offset, size))
            for member, offset, size in reader.members()
        ]


def tar_of(members: Members) -> bytes:
    """A PAX tar as ours: no times, mode 0600, two blocks at its end."""
    parts = []
    for name, data in members:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(data), 0o600
        parts += [info.tobuf(tarfile.PAX_FORMAT), data, bytes(-len(data) % 512)]
    return b"".join(parts) + bytes(1024)


def write_pack(made: Made, name: str, plain: bytes) -> packs.PackInfo:
    """Encrypt bytes as the pack of this name, whatever they are."""
    file = io.BytesIO()
    writer = age.Writer(file, [made.ring.identity.recipient])
    writer.write(plain)
    writer.finish()
    path = made.layout.packs / name
    path.unlink(missing_ok=True)
    path.write_bytes(file.getvalue())
    path.chmod(0o600)
    return packs.PackInfo(
        name, len(file.getvalue()), writer.file_key, writer.header_size, writer.nonce
    )


def know(made: Made, info: packs.PackInfo) -> None:
    """Make the archive take a pack for the one that it knew under this name."""
    made.change(
        "UPDATE pack SET size = ?, file_key = ?, header_size = ?, nonce = ? WHERE name = ?",
        info.size, info.file_key, info.header_size, info.nonce, info.name,
    )  # fmt: skip


def change_pack(made: Made, name: str, change: Callable[[Members], Members]) -> None:
    """Write a pack anew with other members, and make the archive believe in it."""
    know(made, write_pack(made, name, tar_of(change(members_of(made, name)))))


def change_entry(made: Made, name: str, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Change the lines of the journal entry in a pack."""

    def changed(members: Members) -> Members:
        return [
            (member, b"\n".join([*change(data.splitlines()), b""]))
            if member.endswith(".jsonl")
            else (member, data)
            for member, data in members
        ]

    change_pack(made, name, changed)


def edited(**values: object) -> Callable[[list[bytes]], list[bytes]]:
    """A change of the first file line of a manifest; None takes the field out."""

    def change(lines: list[bytes]) -> list[bytes]:
        done = []
        for line in lines:
            told = msgspec.json.decode(line)
            if told["type"] == "file" and len(done) < len(lines) and values:
                told.update(values)
                told = {key: value for key, value in told.items() if value is not None}
                values.clear()
            done.append(msgspec.json.encode(told))
        return done

    return change


@dataclass(frozen=True)
class Names:
    """The packs of a vault by what is in them."""

    data: list[str]
    entries: list[str]


def names_of(made: Made) -> Names:
    with made.reading() as vault:
        rows = catalogue.packs(vault.db)
    return Names(
        [row.name for row in rows if row.entry is None],
        [row.name for row in sorted(rows, key=lambda row: row.entry or 0) if row.entry],
    )


def new_name() -> str:
    return f"{os.urandom(16).hex()}.tar.age"


def copy_to(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0o600)
