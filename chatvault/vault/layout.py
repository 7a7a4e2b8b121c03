"""What lies where in a vault's folder, and what stands in its two texts."""

import os
import re
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import filelock
import msgspec

from chatvault.errors import Damaged, DiskTrouble, NewerFormat, NoVault, Usage, VaultInUse, Where
from chatvault.vault.files import FileOps, disk_trouble

FORMAT = 1
PACK_NAME = re.compile(r"[0-9a-f]{32}\.tar\.age")
# SQLite puts its own two files beside a new archive that is still being made.
PART_NAME = re.compile(r"[0-9a-f]{32}\.part(?:-wal|-shm|-journal)?")
SLOT_NAME = re.compile(r"(?:passphrase|recovery|slot-[1-9][0-9]{0,5})\.age")
UUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
VAULT_JSON_LIMIT = 4096
EMPTY_ARCHIVE = 512 * 1024  # larger than one without a message, smaller than one that matters

# Constant text: it must tell nothing about its owner. docs/recover-without-chatvault.md says more.
README = """\
This folder is a ChatVault: chat histories and photos, encrypted.

With ChatVault:

    chatvault search --vault THIS-FOLDER WORD
    chatvault restore originals --vault THIS-FOLDER DESTINATION

Without ChatVault, in this folder, with the programs age (https://age-encryption.org), tar and
zstd. DESTINATION is a new folder somewhere else; what gets there is not encrypted.

  1. The key ring, with the passphrase (age asks for it):

         mkdir -m 700 DESTINATION
         age -d -o DESTINATION/ring.txt keys/passphrase.age

     or with the recovery key, in a file recovery-key.txt that holds the line AGE-SECRET-KEY-1...:

         mkdir -m 700 DESTINATION
         age -d -i recovery-key.txt -o DESTINATION/ring.txt keys/recovery.age

     Remove ring.txt at the end: it opens everything.

  2. The files of every export:

         for pack in packs/*.tar.age; do
             age -d -i DESTINATION/ring.txt "$pack" | tar -x -C DESTINATION || echo "damaged: $pack"
         done

     The files entry-*/manifest.jsonl hold one JSON object per line, which tells a file's own name
     (path), where it lies now (member), its time and SHA-256. Where it says "codec":"zst", the file
     is compressed:

         unzstd FILE.zst

  3. Messages, names and dates are in archive.db, an SQLCipher 4 database. Its key is the
     database-key line of ring.txt. With the program sqlcipher, version 4.5 or newer:

         sqlcipher archive.db
         PRAGMA key = "x'DATABASE-KEY'";
         SELECT datetime(sent_at / 1000, 'unixepoch'), text FROM message ORDER BY sent_at;

The packs are the truth. If archive.db is lost or damaged, `chatvault rebuild` makes it anew.
ChatVault's pages recover-without-chatvault.md and format.md say more; from the second alone
anybody can write a program that reads this vault.
"""


class VaultInfo(msgspec.Struct, frozen=True):
    """vault.json: the number of the format, and which vault this is. No secrets."""

    format: int
    vault: Annotated[str, msgspec.Meta(pattern=UUID)]
    created_with: str = ""


@dataclass(frozen=True)
class Layout:
    """The names in one vault's folder."""

    root: Path
    ops: FileOps

    @property
    def info_file(self) -> Path:
        """The number of the format and the vault's id."""
        return self.root / "vault.json"

    @property
    def readme(self) -> Path:
        """How to open the vault without ChatVault."""
        return self.root / "README.txt"

    @property
    def keys(self) -> Path:
        """The folder of the key slots."""
        return self.root / "keys"

    @property
    def packs(self) -> Path:
        """The folder of the packs."""
        return self.root / "packs"

    @property
    def tmp(self) -> Path:
        """Unfinished files, ciphertext all of them."""
        return self.root / "tmp"

    @property
    def archive(self) -> Path:
        """The SQLCipher database."""
        return self.root / "archive.db"

    @property
    def lock_file(self) -> Path:
        """Held by the one writer."""
        return self.root / "lock"

    def info(self) -> VaultInfo:
        """What vault.json says; NoVault, NewerFormat or Damaged when it is not as it should be.

        Without it, packs and slots are a vault all the same: one whose id only the ring tells (an
        empty `vault` here). The next writer puts the file back.
        """
        if not self.root.is_dir():
            raise NoVault(
                f"there is no vault at {self.root}",
                remedy="make one with `chatvault init`, or name yours with --vault PATH",
            )
        try:
            data = self.ops.read(self.info_file, VAULT_JSON_LIMIT)
        except FileNotFoundError as cause:
            if self._has_packs() and self.keys.is_dir():
                self._check_folders()
                return VaultInfo(format=FORMAT, vault="")
            raise NoVault(
                f"there is no vault at {self.root}",
                remedy="make one with `chatvault init`, or name yours with --vault PATH",
            ) from cause
        try:
            info = msgspec.json.decode(data, type=VaultInfo)
        except (msgspec.MsgspecError, ValueError, RecursionError) as cause:
            raise Damaged(
                "not what ChatVault wrote",
                where=Where("vault.json"),
                remedy="bring back vault.json from a copy of the vault",
            ) from cause
        if info.format > FORMAT:
            raise NewerFormat(
                f"this vault has format {info.format}, this ChatVault knows format {FORMAT}",
                remedy="install a newer ChatVault",
            )
        if info.format < 1:
            raise Damaged("no such format", where=Where("vault.json"))
        self._check_folders()
        return info

    def restore_info(self, vault: str, created_with: str) -> bool:
        """Put vault.json back if it is missing; whether it was."""
        if os.path.lexists(self.info_file):
            return False
        info = VaultInfo(format=FORMAT, vault=vault, created_with=created_with)
        self.ops.write_whole(self.info_file, msgspec.json.encode(info) + b"\n", self.tmp)
        return True

    def _has_packs(self) -> bool:
        return self.packs.is_dir() and bool(self.pack_names())

    def _check_folders(self) -> None:
        for folder in (self.keys, self.packs, self.tmp):
            if folder.is_symlink():
                raise Damaged(
                    "a link where a folder should be", where=Where(folder.name),
                    remedy="put the folder itself there; the whole vault may lie behind a link",
                )  # fmt: skip

    def pack_names(self) -> dict[str, int]:
        """The packs by name, each with its size in bytes; other names are left out."""
        found = {}
        try:
            for path in self.packs.iterdir():
                if PACK_NAME.fullmatch(path.name):
                    found[path.name] = path.lstat().st_size
        except FileNotFoundError as cause:
            raise Damaged("the folder is missing", where=Where("packs")) from cause
        return found

    def strangers(self) -> list[str]:
        """Names in the vault that are not ours; they are reported, never touched."""
        ours = {
            "README.txt", "vault.json", "keys", "archive.db", "archive.db-wal", "archive.db-shm",
            "packs", "tmp", "lock",
        }  # fmt: skip
        found = [path.name for path in self.root.iterdir() if path.name not in ours]
        for folder, pattern in (
            (self.keys, SLOT_NAME),
            (self.packs, PACK_NAME),
            (self.tmp, PART_NAME),
        ):
            if folder.is_dir():
                found += [
                    f"{folder.name}/{path.name}"
                    for path in folder.iterdir()
                    if not pattern.fullmatch(path.name)
                ]
        return sorted(found)

    def empty_tmp(self) -> None:
        """Remove what a killed writer left unfinished; nothing that is not ours."""
        if not self.tmp.exists():
            self.ops.make_folder(self.tmp)  # empty folders get lost when a vault is copied
        for path in self.tmp.iterdir():
            if PART_NAME.fullmatch(path.name) and not path.is_symlink():
                self.ops.remove(path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the vault for writing; VaultInUse when somebody else does.

        The system releases the lock with the process, so nothing stale can stay behind.
        """
        if self.lock_file.is_symlink() or (
            self.lock_file.exists() and not self.lock_file.is_file()
        ):
            raise Damaged("not an ordinary file", where=Where("lock"), remedy="remove it")
        lock = filelock.FileLock(self.lock_file, timeout=0, mode=0o600)
        try:
            with disk_trouble("the vault cannot be locked"):
                lock.acquire()
        except filelock.Timeout as cause:
            raise VaultInUse(
                "another ChatVault is writing to this vault",
                remedy="wait until it is done, then run this again",
            ) from cause
        try:
            yield
        finally:
            lock.release()

    def is_locked(self) -> bool:
        """Whether somebody is writing to the vault at this moment."""
        try:
            with self.locked():
                return False
        except VaultInUse:
            return True
        except DiskTrouble:
            return False  # where nothing can be written, nobody writes

    def check_owner(self) -> None:
        """Usage when others could change what is about to be written here."""
        if not hasattr(os, "geteuid"):
            return
        for path in (self.root, self.keys, self.packs, self.archive):
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue
            if stat.S_ISLNK(status.st_mode) and path != self.root:
                continue  # refused where it is opened
            status = path.stat()
            if status.st_uid != os.geteuid():
                raise Usage(
                    "the vault belongs to somebody else", where=Where(path.name),
                    remedy="run this as its owner, or make it yours (chown)",
                )  # fmt: skip
            if stat.S_IMODE(status.st_mode) & 0o022:
                raise Usage(
                    "others on this computer can change it", where=Where(path.name),
                    remedy=f"chmod -R go-rwx {self.root}",
                )  # fmt: skip


def check_new_place(root: Path) -> None:
    """Usage when no vault can be made here."""
    if _is_broken_off(root):
        raise Usage(
            f"making a vault was broken off in {root}",
            remedy="nothing was kept in it yet: remove this folder, then run the same again",
        )
    if os.path.lexists(root) and (not root.is_dir() or any(root.iterdir())):
        raise Usage(
            f"{root} exists and is not empty", remedy="choose a folder that does not exist yet"
        )
    for parent in root.resolve().parents:
        if (parent / "vault.json").exists() and (parent / "packs").is_dir():
            raise Usage(f"{root} lies inside another vault", remedy="choose a place outside of it")


def create_layout(root: Path, ops: FileOps, created_with: str) -> tuple[Layout, VaultInfo]:
    """The folders and texts of a new vault; `vault.json` comes last and makes it one."""
    check_new_place(root)
    layout = Layout(root, ops)
    with disk_trouble("the vault cannot be made"):
        ops.make_folder(root)
        for folder in (layout.keys, layout.packs, layout.tmp):
            ops.make_folder(folder)
        ops.write_whole(layout.readme, README.encode(), layout.tmp)
    return layout, VaultInfo(format=FORMAT, vault=str(uuid.uuid4()), created_with=created_with)


def _is_broken_off(root: Path) -> bool:
    """Whether a folder is what a killed `init` leaves: names of ours, no vault.json, no pack, and
    an archive without messages."""
    names = {"README.txt", "keys", "packs", "tmp", "lock", "archive.db", "archive.db-wal"}
    names |= {"archive.db-shm", "archive.db-journal"}
    if not root.is_dir() or not (found := {path.name for path in root.iterdir()}):
        return False
    packs, archive = root / "packs", root / "archive.db"
    return (
        found <= names
        and not (packs.is_dir() and any(packs.iterdir()))
        and not (archive.is_file() and archive.stat().st_size > EMPTY_ARCHIVE)
    )


def seal_layout(layout: Layout, info: VaultInfo) -> None:
    """Write vault.json: from here on the folder is a vault."""
    with disk_trouble("the vault cannot be made"):
        layout.ops.write_whole(layout.info_file, msgspec.json.encode(info) + b"\n", layout.tmp)
        layout.ops.sync_folder(layout.root.parent)
