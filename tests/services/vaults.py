"""Vaults and exports for the tests of the services: small, invented, made within milliseconds.

Slots cost 2^10 here, which protects nothing; everything else is as for users.
"""

import hashlib
import io
import shutil
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from chatvault.services import create, ingest, rebuild, undo, unlock
from chatvault.services.ingest import Options, Outcome, Told
from chatvault.services.receipt import Receipt
from chatvault.services.verify import Report, verify
from chatvault.vault import age, archive, keyring
from chatvault.vault.files import FileOps
from chatvault.vault.keyring import KeyRing
from chatvault.vault.layout import Layout
from chatvault.vault.session import Vault

sys.path.append(str(Path(__file__).parent.parent))  # where programs are that tests start
import canonical

PASSPHRASE = "seven grey herons wade slowly"
NOW = 1_717_000_000_000  # no test needs a clock
TOLD = Told(zone="Europe/Berlin", local_zone="Europe/Berlin")


@dataclass
class Made:
    """A vault on the disk, its ring, and a recovery key that opens it."""

    folder: Path
    layout: Layout
    ring: KeyRing
    recovery: age.Identity

    @contextmanager
    def reading(self) -> Iterator[Vault]:
        with unlock.reading(self.layout, self.ring) as vault:
            yield vault

    @contextmanager
    def writing(self) -> Iterator[Vault]:
        with unlock.writing(self.layout, self.ring) as vault:
            yield vault

    def bring(self, *paths: Path, **options: object) -> list[Receipt]:
        """Import; the receipts."""
        return self.outcome(*paths, **options).receipts

    def outcome(self, *paths: Path, **options: object) -> Outcome:
        """Import; all that it tells."""
        given = Options(**{"told": TOLD, **options})  # type: ignore[arg-type]
        with self.writing() as vault:
            return ingest.ingest(vault, paths, now_ms=NOW, options=given)

    def try_out(self, *paths: Path, **options: object) -> Outcome:
        given = Options(**{"told": TOLD, **options})  # type: ignore[arg-type]
        with self.writing() as vault:
            return ingest.try_out(vault, paths, now_ms=NOW, options=given)

    def undo(self, number: int) -> None:
        with self.writing() as vault:
            undo.undo(vault, number, now_ms=NOW)

    def rebuild(self, *, fewer: str = "refuse") -> rebuild.Rebuilt:
        with self.layout.locked():
            self.layout.empty_tmp()
            return rebuild.rebuild(self.layout, self.ring, fewer=fewer)  # type: ignore[arg-type]

    def verify(self, *, full: bool = True) -> Report:
        with self.reading() as vault:
            return verify(vault, full=full)

    def digest(self) -> str:
        """The content of the archive, whatever its row numbers are."""
        with self.reading() as vault:
            return canonical.digest(vault.db)

    def texts(self) -> list[str]:
        """The texts of all messages, sorted."""
        with self.reading() as vault:
            return sorted(row[0] for row in vault.db.execute("SELECT text FROM message"))

    def count(self, table: str) -> int:
        with self.reading() as vault:
            return int(vault.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def packs(self) -> list[Path]:
        return sorted(self.layout.packs.iterdir())

    def change(self, sql: str, *values: object) -> None:
        """Change the archive behind ChatVault's back, with the key."""
        connection = archive.open_archive(self.layout.archive, self.ring.database_key)
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(sql, values)
        archive.close_archive(connection)

    def secret(self) -> age.Passphrase:
        return age.Passphrase(PASSPHRASE, age.TESTING)


def make(folder: Path, ops: FileOps | None = None) -> Made:
    """A new, empty vault."""
    recovery = age.Identity.generate()
    layout, ring = create.create(
        folder, PASSPHRASE, recovery=recovery, profile=age.TESTING, ops=ops
    )
    return Made(folder, layout, ring, recovery)


def found(folder: Path, ops: FileOps | None = None) -> Made:
    """A vault that is already there."""
    layout = unlock.layout_at(folder, ops)
    opened = keyring.open_ring(layout, age.Passphrase(PASSPHRASE, age.TESTING))
    return Made(folder, layout, opened.ring, age.Identity.generate())


def copied(made: Made, folder: Path) -> Made:
    """The same vault in another place."""
    shutil.copytree(made.folder, folder)
    return Made(folder, unlock.layout_at(folder), made.ring, made.recovery)


def snapshot(folder: Path) -> dict[str, str]:
    """Every name below a folder with the hash of its bytes; the lock, always empty, is left out."""
    return {
        path.relative_to(folder).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        )
        for path in sorted(folder.rglob("*"))
        if path.name != "lock"
    }


def picture(seed: str, size: int = 2000) -> bytes:
    """Bytes that begin like a JPEG and do not compress."""
    data = b"".join(
        hashlib.sha256(f"{seed} {number}".encode()).digest() for number in range(size // 32 + 1)
    )
    return b"\xff\xd8\xff\xe0" + data[: size - 6] + b"\xff\xd9"


@dataclass(frozen=True)
class Said:
    """One message of an invented chat: its id, its minute, its text, its photo."""

    number: int
    text: str
    photo: str = ""
    who: str = "Ada"
    minute: int | None = None


PEOPLE = {"Ada": "user4501", "Bohumil": "user4502", "Cosima": "user4503"}


@dataclass
class Telegram:
    """A chat as Telegram Desktop exports it."""

    said: Sequence[Said]
    title: str = "Ada Lind"
    chat: int = 4501
    media: bool = True  # whether the photos are in the export
    more: dict[str, bytes] = field(default_factory=dict)

    def result(self) -> bytes:
        messages = [self._message(said) for said in self.said]
        chat = {"name": self.title, "type": "personal_chat", "id": self.chat, "messages": messages}
        return msgspec.json.format(msgspec.json.encode(chat), indent=1)

    def _message(self, said: Said) -> dict[str, object]:
        at = 1_700_000_000 + 60 * (said.number if said.minute is None else said.minute)
        message: dict[str, object] = {
            "id": said.number, "type": "message", "date": "2023-11-14T22:13:20",
            "date_unixtime": str(at), "from": said.who, "from_id": PEOPLE[said.who],
            "text": said.text, "text_entities": [{"type": "plain", "text": said.text}],
        }  # fmt: skip
        if said.photo:
            message |= {
                "photo": f"photos/{said.photo}" if self.media else
                "(File not included. Change data exporting settings to download.)",
                "photo_file_size": len(picture(said.photo)), "width": 10, "height": 10,
            }  # fmt: skip
        return message

    def files(self) -> dict[str, bytes]:
        photos = {s.photo for s in self.said if s.photo and self.media}
        return {
            "result.json": self.result(),
            **{f"photos/{name}": picture(name) for name in sorted(photos)},
            **self.more,
        }

    def folder(self, path: Path) -> Path:
        return write(path, self.files())

    def zip(self, path: Path) -> Path:
        return zipped(path, self.files())


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive_file:
        for name, data in files.items():
            archive_file.writestr(zipfile.ZipInfo(name, (2024, 5, 1, 10, 0, 0)), data)
    path.write_bytes(held.getvalue())
    return path


def whatsapp(lines: Sequence[tuple[int, str, str]]) -> bytes:
    """A chat as WhatsApp exports it on Android: (minute, who, text)."""
    rows = [
        f"17/05/2024, {9 + minute // 60:02}:{minute % 60:02} - {who}: {text}\n"
        for minute, who, text in lines
    ]
    return "".join(rows).encode()


def records(**attachment: object) -> bytes:
    """An export in our own form with one message whose picture is not in it."""
    lines = [
        {"chatvault": "records", "version": 1},
        {"record": "Conversation", "id": "c1", "platform": "qq", "title": "Sea", "kind": "group"},
        {"record": "Participant", "id": "p1", "name": "Ada Lind", "conversation_id": "c1"},
        {
            "record": "Message", "id": "m1", "conversation_id": "c1", "sender_id": "p1",
            "sent_at": {"utc_ms": 1_700_000_000_000, "as_exported": "1700000000"}, "seq": 0,
            "kind": "media", "text": "",
            "attachments": [{
                "name": "sunset.jpg", "path": None, "kind": "image", "state": "missing_file",
                **attachment,
            }],
        },
    ]  # fmt: skip
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def chat(first: int, last: int, *, photos: Sequence[int] = ()) -> list[Said]:
    """The messages of one history with the numbers from `first` up to, not including, `last`."""
    return [
        Said(
            number, f"sentence number {number} of the long talk",
            f"photo_{number}@14-11-2023.jpg" if number in photos else "",
            "Ada" if number % 3 else "Bohumil",
        )
        for number in range(first, last)
    ]  # fmt: skip
