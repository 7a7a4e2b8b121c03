"""The key ring, and the slots in `keys/` that hold it encrypted.

The ring's text is itself a valid age identity file, so the `age` program opens packs with a slot.
"""

import itertools
import os
import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from chatvault.errors import Damaged, NewerFormat, Usage, Where, WrongSecret
from chatvault.vault import age
from chatvault.vault.files import disk_trouble, write_all
from chatvault.vault.layout import SLOT_NAME, Layout

RING_LIMIT = 1024
SLOT_LIMIT = 64 * 1024
PASSPHRASE_LIMIT = 1024
RING = re.compile(
    r"# ChatVault key ring, format (?P<format>[0-9]{1,6})\n"
    r"# vault: (?P<vault>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\n"
    r"# database-key: (?P<database>[0-9a-f]{64})\n"
    r"# content-id-key: (?P<content>[0-9a-f]{64})\n"
    r"(?P<identity>AGE-SECRET-KEY-1[0-9A-Z]+)\n"
)


class KeyRing:
    """The three secrets of a vault, independent of each other; shows and copies nothing of them."""

    __slots__ = ("content_id_key", "database_key", "identity", "vault")

    def __init__(
        self, *, vault: str, database_key: bytes, content_id_key: bytes, identity: age.Identity
    ) -> None:
        self.vault = vault
        self.database_key = database_key
        self.content_id_key = content_id_key
        self.identity = identity

    @classmethod
    def generate(cls, vault: str) -> "KeyRing":
        """Fresh secrets for a new vault."""
        return cls(
            vault=vault,
            database_key=secrets.token_bytes(32),
            content_id_key=secrets.token_bytes(32),
            identity=age.Identity.generate(),
        )

    def __repr__(self) -> str:
        return "KeyRing(***)"

    def __reduce__(self) -> str:
        raise TypeError("a key ring is never copied or pickled")

    def same_as(self, other: "KeyRing") -> bool:
        """Whether two rings hold the same secrets; takes the same time whatever they hold."""
        return secrets.compare_digest(ring_text(self), ring_text(other))


def ring_text(ring: KeyRing) -> bytes:
    """The five lines of the ring, as they are encrypted into every slot."""
    return (
        "# ChatVault key ring, format 1\n"
        f"# vault: {ring.vault}\n"
        f"# database-key: {ring.database_key.hex()}\n"
        f"# content-id-key: {ring.content_id_key.hex()}\n"
        f"{ring.identity.text()}\n"
    ).encode("ascii")


def parse_ring(data: bytes, slot: str) -> KeyRing:
    """The ring in the plain text of a slot; exactly the five lines, else Damaged or NewerFormat."""
    where = Where(f"keys/{slot}")
    broken = Damaged(
        "what this slot holds is no key ring", where=where, remedy="use another slot, or a copy"
    )
    if len(data) > RING_LIMIT:
        raise broken
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise broken from None  # the cause would quote the ring
    first = re.match(r"# ChatVault key ring, format ([0-9]{1,6})\n", text)
    if first and int(first[1]) > 1:
        raise NewerFormat(
            f"key ring of format {int(first[1])}", where=where, remedy="install a newer ChatVault"
        )
    match = RING.fullmatch(text)
    if match is None or match["format"] != "1":
        raise broken
    try:
        identity = age.Identity.parse(match["identity"])
    except age.BadIdentity:
        raise broken from None
    return KeyRing(
        vault=match["vault"],
        database_key=bytes.fromhex(match["database"]),
        content_id_key=bytes.fromhex(match["content"]),
        identity=identity,
    )


def new_passphrase(text: str) -> str:
    """A passphrase as it is stored, NFC; Usage when `age` could not be given it at its prompt."""
    text = unicodedata.normalize("NFC", text)
    if not text:
        raise Usage("the passphrase is empty", remedy="choose six words that nobody would guess")
    for character in text:
        category = unicodedata.category(character)
        if category in {"Cc", "Cs"} or (category.startswith("Z") and character != " "):
            raise Usage(
                "the passphrase has a character that cannot be typed everywhere",
                remedy="use letters, digits, signs and plain spaces",
            )
    if len(text.encode()) > PASSPHRASE_LIMIT:
        raise Usage(f"the passphrase is longer than {PASSPHRASE_LIMIT:,} bytes")
    return text


def typed_passphrase(text: str) -> str:
    """A passphrase as somebody gives it to open a vault: NFC, and any space is a plain one."""
    text = unicodedata.normalize("NFC", text)
    return "".join(" " if unicodedata.category(c) == "Zs" else c for c in text)


def is_weak(passphrase: str) -> bool:
    """Whether a warning is due: under 12 characters and under 4 words."""
    return len(passphrase) < 12 and len(passphrase.split()) < 4


def write_slot(
    layout: Layout,
    name: str,
    ring: KeyRing,
    recipient: age.Passphrase | age.Recipient,
    *,
    proof: age.Passphrase | age.Identity,
) -> None:
    """Put the ring into a slot, replacing an older one; the new file is opened with the new secret
    before it counts, and the ring is never on the disk in clear."""
    data = age.encrypt(ring_text(ring), [recipient])
    part = layout.tmp / f"{os.urandom(16).hex()}.part"
    with disk_trouble("the key slot cannot be written", safe="the old slot is as it was"):
        with layout.ops.create(part) as file:
            write_all(file, data)
            layout.ops.sync(file)
        again = layout.ops.read(part, SLOT_LIMIT)
        if not parse_ring(age.decrypt(again, [proof]), name).same_as(ring):
            raise Damaged(
                "the disk gave back other bytes than it was given", where=Where(f"keys/{name}")
            )
        layout.ops.replace(part, layout.keys / name)
        layout.ops.sync_folder(layout.keys)


@dataclass(frozen=True)
class SlotTrouble:
    """A slot that could not be used although its secret might fit."""

    slot: str
    reason: str


@dataclass(frozen=True)
class Opened:
    """The ring, the slot that gave it, and what was wrong with others."""

    ring: KeyRing
    slot: str
    trouble: tuple[SlotTrouble, ...]


def slot_names(layout: Layout) -> list[str]:
    """The slots of a vault, passphrase first; names that are not ours are left out."""
    if not layout.keys.is_dir():
        return []
    names = [path.name for path in layout.keys.iterdir() if SLOT_NAME.fullmatch(path.name)]
    return sorted(names, key=lambda name: (name != "passphrase.age", name))


def extra_slots(layout: Layout) -> list[str]:
    """The slots beside those of the passphrase and the recovery key."""
    return [name for name in slot_names(layout) if name.startswith("slot-")]


def free_slot(layout: Layout) -> str:
    """A name for one more slot."""
    there = set(extra_slots(layout))
    return next(name for n in itertools.count(1) if (name := f"slot-{n}.age") not in there)


def remove_slot(layout: Layout, name: str) -> None:
    """Remove a slot for good; Usage when there is none of this name, or it is the last."""
    names = slot_names(layout)
    if name not in names:
        raise Usage("there is no such slot", remedy="`chatvault keys list` shows them")
    if names == [name]:
        raise Usage("this is the last slot: without it nothing opens the vault any more")
    with disk_trouble("the key slot cannot be removed", safe="it may still be there"):
        layout.ops.remove(layout.keys / name)
        layout.ops.sync_folder(layout.keys)


def open_ring(
    layout: Layout, secret: age.Passphrase | age.Identity, *, only: Sequence[str] | None = None
) -> Opened:
    """The ring from the first slot that the secret opens.

    WrongSecret when no slot is for it, Damaged when slots are damaged and none opened.
    """
    vault = layout.info().vault
    trouble: list[SlotTrouble] = []
    refused: Damaged | NewerFormat | None = None
    tried = False
    for name in only if only is not None else slot_names(layout):
        try:
            data = layout.ops.read(layout.keys / name, SLOT_LIMIT)
            plain = age.decrypt(data, [secret])
        except age.AgeError as error:
            if error.kind == "no match":
                tried = True
            else:
                trouble.append(SlotTrouble(name, str(error)))
                if isinstance(error, age.AgeLimit | age.AgeNewer):
                    refused = error
            continue
        except (OSError, Damaged) as error:
            trouble.append(SlotTrouble(name, str(error)))
            continue
        try:
            return Opened(_ring_of(plain, name, vault), name, tuple(trouble))
        except (Damaged, NewerFormat) as error:
            # The secret was right: if no other slot opens, this is what is wrong.
            trouble.append(SlotTrouble(name, error.message))
            refused = error
    if refused is not None:
        raise refused
    if not trouble:
        if not slot_names(layout):
            raise Damaged(
                "no key slot is left in keys/",
                remedy="look for a copy of the vault, or for the printed recovery kit",
            )
        raise WrongSecret(
            "this passphrase or key does not open the vault",
            remedy="check the keyboard layout and capitals, or use the recovery key",
        )
    damaged = ", ".join(item.slot for item in trouble)
    if tried:
        raise Damaged(
            f"this opens none of the sound key slots; damaged are: {damaged}",
            remedy="if it should open one of those: bring back the folder keys/ from a copy of the"
            " vault",
        )
    raise Damaged(
        f"every key slot that could fit is damaged: {damaged}",
        remedy="bring back the folder keys/ from a copy of the vault",
    )


def _ring_of(plain: bytes, slot: str, vault: str) -> KeyRing:
    ring = parse_ring(plain, slot)
    if vault and ring.vault != vault:  # without vault.json only the ring tells
        raise Damaged(
            "this slot belongs to another vault",
            where=Where(f"keys/{slot}"),
            remedy="bring back the folder keys/ from a copy of this vault",
        )
    return ring
