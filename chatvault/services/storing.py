"""The files of an export into packs."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import msgspec

from chatvault.services.given import GivenPaths
from chatvault.services.worker import Progress, Worker
from chatvault.vault import catalogue, codec
from chatvault.vault.archive import Connection
from chatvault.vault.catalogue import Incoming
from chatvault.vault.manifest import PackJson
from chatvault.vault.member_names import pack_path
from chatvault.vault.packs import TARGET, Member, PackInfo, PackSet
from chatvault.vault.session import Vault

IN_MEMORY = (
    8 * 1024 * 1024
)  # smaller files are read once more into memory and checked before storing


@dataclass
class Storing:
    """Writes the new files of one import; a file counts once the pack it lies in is durable."""

    vault: Vault
    number: int
    import_id: str
    transaction: Callable[[], AbstractContextManager[object]]
    pack_size: int = TARGET
    sealed: list[PackInfo] = field(default_factory=list)
    pack_names: list[str] = field(default_factory=list)
    changed: list[str] = field(
        default_factory=list
    )  # paths whose bytes were others at second reading
    _waiting: list[tuple[Incoming, Member, str]] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.prefix = f"import-{self.number}"
        self.packs = PackSet(
            self.vault.layout,
            self.vault.ring.identity.recipient,
            prefix=self.prefix,
            head=self._head,
            sealed=self._sealed,
            target=self.pack_size,
        )

    def _head(self, number: int) -> bytes:
        return msgspec.json.encode(
            PackJson(import_id=self.import_id, number=self.number, pack=number)
        )

    def _sealed(self, info: PackInfo) -> None:
        self.sealed.append(info)
        self.pack_names.append(info.name)

    def store(self, worker: Worker, export: int, given: GivenPaths, progress: Progress) -> None:
        """Store every incoming file that no pack holds yet."""
        db = self.vault.db
        _, total = catalogue.incoming_size(db)
        done = last = 0
        seen: set[str] = set()
        while (file := catalogue.next_incoming(db, last)) is not None:
            last = file.id
            if file.content_id in seen:
                continue
            if file.served is not None:
                pieces: Iterable[bytes] = given.pieces(file.served)
            else:
                pieces = worker.fetch(export, file.path)
            if self._store_one(file, pieces):
                seen.add(file.content_id)
            else:
                self.changed.append(file.path)
            if self.sealed:
                self._commit(db)
                seen.clear()
            done += file.size
            progress("storing files", done, total)
        self.packs.seal()
        self._commit(db)

    def _store_one(self, file: Incoming, pieces: Iterable[bytes]) -> bool:
        kind = codec.ZSTD if file.compressed is not None else ""
        size = file.size if file.compressed is None else file.compressed
        name = f"{self.prefix}/files/" + pack_path(
            file.path, self._taken, suffix=".zst" if kind else ""
        )
        check = _Checked(pieces, file)
        if file.size <= IN_MEMORY:
            data = b"".join(check)
            if not check.same:
                return False
            pieces = [data]
        else:
            pieces = check
        stored = codec.compressed(pieces) if kind else pieces
        member = self.packs.add(
            name, _exactly(stored, size), size=size, modified_ms=file.modified_ms
        )
        if not check.same:
            return False  # the member stays in the pack, but no line of the manifest names it
        self._waiting.append((file, member, kind))
        return True

    def _commit(self, db: Connection) -> None:
        """Note the packs that became durable, and the files in them."""
        durable = {info.name for info in self.sealed}
        with self.transaction():
            for info in self.sealed:
                catalogue.add_pack(db, info, number=self.number, entry=None)
            for file, member, kind in self._waiting:
                if member.pack in durable:
                    catalogue.add_stored(db, file, member, kind)
        self._waiting = [item for item in self._waiting if item[1].pack not in durable]
        self.sealed.clear()


class _Checked:
    """Passes on the bytes of a file, and knows at the end whether they were the same as before."""

    def __init__(self, pieces: Iterable[bytes], file: Incoming) -> None:
        self._pieces = pieces
        self._file = file
        self.same = False

    def __iter__(self) -> Iterator[bytes]:
        total = hashlib.sha256()
        size = 0
        for piece in self._pieces:
            total.update(piece)
            size += len(piece)
            if size > self._file.size:
                break
            yield piece
        self.same = size == self._file.size and total.digest() == self._file.sha256


def _exactly(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """As many bytes as the tar was told: a file that changed meanwhile is cut or filled up, and not
    counted as stored."""
    left = size
    for piece in pieces:
        if left:
            part = piece[:left]
            left -= len(part)
            yield part
    while left:
        part = bytes(min(left, codec.PIECE))
        left -= len(part)
        yield part
