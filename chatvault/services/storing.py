"""The files of an export into packs."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import msgspec

from chatvault.services.given import GivenPaths
from chatvault.services.worker import Progress, Worker, WorkerDied
from chatvault.vault import catalogue, codec, file_rows
from chatvault.vault.archive import Connection
from chatvault.vault.file_rows import Incoming
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
    export_digest: str
    transaction: Callable[[], AbstractContextManager[object]]
    pack_size: int = TARGET
    sealed: list[PackInfo] = field(default_factory=list)
    pack_names: list[str] = field(default_factory=list)
    # paths whose bytes were others at the second reading, or could not be read again
    changed: list[str] = field(default_factory=list)
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
            PackJson(
                import_id=self.import_id,
                number=self.number,
                pack=number,
                export_digest=self.export_digest,
            )
        )

    def _sealed(self, info: PackInfo) -> None:
        self.sealed.append(info)
        self.pack_names.append(info.name)

    def store(self, worker: Worker, export: int, given: GivenPaths, progress: Progress) -> None:
        """Store every incoming file that no pack holds yet."""
        db = self.vault.db
        _, total = file_rows.incoming_size(db)
        done = last = 0
        seen: set[str] = set()
        while (file := file_rows.next_incoming(db, last)) is not None:
            last = file.id
            if file.content_id in seen:
                continue
            if file.served is not None:
                pieces = given.pieces(file.served)
            else:
                pieces = worker.fetch(export, file.path)
            if self._store_one(file, _as_far_as_possible(pieces)):
                seen.add(file.content_id)
            else:
                self.changed.append(file.path)
            if self.sealed:
                self._commit(db)
                # What the archive knows by now, it finds itself.
                seen = {waiting.content_id for waiting, _, _ in self._waiting}
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
            if kind:
                data = b"".join(codec.compressed([data]))
                size = len(data)
            stored = _Exactly([data], size)
        else:
            stored = _Exactly(codec.compressed(check) if kind else check, size)
        member = self.packs.add(name, stored, size=size, modified_ms=file.modified_ms)
        if not check.same or not stored.fits:
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
                    file_rows.add_stored(db, file, member, kind)
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


class _Exactly:
    """As many bytes as the tar was told: what turns out shorter or longer is filled up or cut, and
    known not to fit."""

    def __init__(self, pieces: Iterable[bytes], size: int) -> None:
        self._pieces = pieces
        self._size = size
        self.fits = False

    def __iter__(self) -> Iterator[bytes]:
        count = 0
        for piece in self._pieces:
            part = piece[: max(0, self._size - count)]
            count += len(piece)
            if part:
                yield part
        self.fits = count == self._size
        while count < self._size:
            part = bytes(min(self._size - count, codec.PIECE))
            count += len(part)
            yield part


def _as_far_as_possible(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What breaks off has not the bytes read before, and is told like any file that changed."""
    try:
        yield from pieces
    except (WorkerDied, OSError):
        return
