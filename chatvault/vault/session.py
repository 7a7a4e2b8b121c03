"""An open vault: its folder, its keys, its archive, and how that compares with the journal."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from chatvault.errors import Damaged, Where
from chatvault.vault import archive, codec, packs
from chatvault.vault.archive import Connection
from chatvault.vault.catalogue import head
from chatvault.vault.content_id import content_id
from chatvault.vault.file_rows import StoredFile
from chatvault.vault.keyring import KeyRing
from chatvault.vault.layout import PACK_NAME, Layout
from chatvault.vault.packs import PackInfo


@dataclass(frozen=True)
class Comparison:
    """What the archive does not know about `packs/`, and what `packs/` lacks of it."""

    unknown: tuple[str, ...] = ()  # not taken in yet
    missing: tuple[str, ...] = ()
    resized: tuple[str, ...] = ()
    torn: bool = False  # its packs and its place in the journal are not of one moment


@dataclass
class Vault:
    """An open vault; close it, so that what is in the write-ahead log moves into the archive."""

    layout: Layout
    ring: KeyRing
    db: Connection
    _readers: dict[str, packs.PackReader] = field(default_factory=dict, repr=False)
    _closed: bool = False

    def close(self) -> None:
        """Close the archive and any pack; closing again does nothing."""
        self.close_packs()
        if not self._closed:
            self._closed = True
            archive.close_archive(self.db)

    @property
    def closed(self) -> bool:
        """Whether the archive is closed."""
        return self._closed

    def close_packs(self) -> None:
        """Close the packs that were read."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def pack(self, name: str) -> packs.PackReader:
        """A pack for reading, opened with the file key that the archive keeps."""
        reader = self._readers.get(name)
        if reader is None:
            if len(self._readers) >= 8:  # open files are few; packs are read one after the other
                self._readers.pop(next(iter(self._readers))).close()
            reader = self._readers[name] = packs.PackReader(self.layout, name, self._pack_key(name))
        return reader

    def _pack_key(self, name: str) -> PackInfo:
        if not PACK_NAME.fullmatch(name):
            raise Damaged("the archive names a pack that cannot be", where=Where("archive.db"))
        row = self.db.execute(
            "SELECT name, size, file_key, header_size, nonce FROM pack WHERE name = ?", [name]
        ).fetchone()
        if row is None:
            raise Damaged("the archive does not know this pack", where=Where(f"packs/{name}"))
        return PackInfo(*row)

    def file_pieces(self, file: StoredFile) -> Iterator[bytes]:
        """The bytes of a stored file; Damaged at the end when they are not those that were stored,
        so whoever writes them somewhere does so under another name first."""
        where = Where(f"packs/{file.pack}")
        stored = self.pack(file.pack).pieces(file.offset, file.stored)
        total = hashlib.sha256()
        for piece in codec.plain(stored, file.codec, file.size, where):
            total.update(piece)
            yield piece
        if content_id(self.ring.content_id_key, total.digest()) != file.content_id:
            raise Damaged("the bytes of a file are not those that were stored", where=where)

    def compare(self) -> Comparison:
        """Names and sizes only: `packs/` may hold tens of thousands."""
        there = self.layout.pack_names()
        known = dict(self.db.execute("SELECT name, size FROM pack").fetchall())
        newest = archive.value(self.db, "SELECT max(entry) FROM pack")
        return Comparison(
            unknown=tuple(sorted(there.keys() - known.keys())),
            missing=tuple(sorted(known.keys() - there.keys())),
            resized=tuple(sorted(n for n in there.keys() & known.keys() if there[n] != known[n])),
            torn=newest != head(self.db)[0],
        )


@contextmanager
def reading(layout: Layout, ring: KeyRing) -> Iterator[Vault]:
    """The vault for reading."""
    suspicious = archive.has_leftovers(layout.archive) and not layout.is_locked()
    vault = Vault(layout, ring, archive.open_reading(layout.archive, ring.database_key))
    try:
        if suspicious and archive.quick_problem(vault.db):
            raise Damaged("the archive is damaged", where=archive.WHERE, remedy=archive.REMEDY)
        archive.check_readable(vault.db)
        with archive.trouble():
            yield vault
    finally:
        vault.close()


def check_keys(layout: Layout, ring: KeyRing) -> None:
    """What `check_ring` makes sure of, for commands that change keys and no archive."""
    if not archive.is_there(layout.archive):
        _check_packs(layout, ring, sorted(layout.pack_names()))
        return
    vault = Vault(layout, ring, archive.open_archive(layout.archive, ring.database_key))
    try:
        check_ring(vault)
    finally:
        vault.close()


def check_ring(vault: Vault) -> None:
    """Damaged unless the ring opens the oldest and the newest pack: nothing is ever written under
    keys that somebody else may have put into a slot. Whoever does that can put an archive there,
    too; so packs that it does not know count as well."""
    known = [
        row[0]
        for row in vault.db.execute(
            "SELECT name FROM pack ORDER BY coalesce(import, 0), coalesce(entry, 0)"
        )
    ]
    _check_packs(vault.layout, vault.ring, known)
    _check_packs(vault.layout, vault.ring, vault.compare().unknown)


def _check_packs(layout: Layout, ring: KeyRing, names: Sequence[str]) -> None:
    for name in dict.fromkeys([*names[:1], *names[-1:]]):
        with packs.opened(layout, name, ring.identity):
            pass
