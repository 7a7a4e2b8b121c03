"""Key slots: which there are, other secrets for them, and the proof that one opens the vault."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chatvault.errors import Usage
from chatvault.vault import age, keyring, session
from chatvault.vault.keyring import KeyRing, Opened
from chatvault.vault.layout import Layout


@dataclass(frozen=True)
class Slot:
    """One slot: its file, what opens it, and whether that is in this computer's key store."""

    name: str
    kind: str
    remembered: bool = False


# Short, common, easily told apart when read aloud. Six of these 256 are 48 bits: with 0.8 s and
# 256 MiB for every guess, more than anybody tries.
WORDS = [
    "acid",
    "acorn",
    "actor",
    "adobe",
    "agent",
    "alarm",
    "album",
    "alley",
    "amber",
    "angle",
    "apple",
    "apron",
    "arena",
    "armor",
    "arrow",
    "atlas",
    "attic",
    "audio",
    "autumn",
    "award",
    "bacon",
    "badge",
    "baker",
    "bamboo",
    "banjo",
    "barn",
    "basil",
    "basin",
    "beach",
    "beacon",
    "beard",
    "bench",
    "berry",
    "bison",
    "blade",
    "blanket",
    "block",
    "bloom",
    "board",
    "bonus",
    "border",
    "bottle",
    "branch",
    "brave",
    "bread",
    "brick",
    "bridge",
    "broom",
    "bucket",
    "buffalo",
    "bugle",
    "bundle",
    "butter",
    "button",
    "cabin",
    "cactus",
    "camel",
    "candle",
    "canoe",
    "canvas",
    "carbon",
    "carpet",
    "castle",
    "cedar",
    "cello",
    "cement",
    "chalk",
    "cherry",
    "chess",
    "chimney",
    "cinema",
    "circus",
    "citrus",
    "clay",
    "cliff",
    "clock",
    "cloud",
    "clover",
    "coal",
    "cobalt",
    "coconut",
    "comet",
    "copper",
    "coral",
    "cotton",
    "couch",
    "cousin",
    "crane",
    "crater",
    "crayon",
    "cricket",
    "crown",
    "crystal",
    "cup",
    "curtain",
    "daisy",
    "dance",
    "denim",
    "desert",
    "diamond",
    "dinner",
    "dolphin",
    "donkey",
    "dragon",
    "drum",
    "eagle",
    "easel",
    "echo",
    "elbow",
    "ember",
    "engine",
    "fabric",
    "falcon",
    "feather",
    "fence",
    "ferry",
    "fiddle",
    "flame",
    "flask",
    "flute",
    "forest",
    "fossil",
    "fox",
    "frost",
    "galaxy",
    "garden",
    "garlic",
    "gentle",
    "ginger",
    "glacier",
    "glove",
    "goose",
    "granite",
    "grape",
    "gravel",
    "guitar",
    "hammer",
    "harbor",
    "harvest",
    "hazel",
    "helmet",
    "hermit",
    "honey",
    "hotel",
    "humble",
    "iceberg",
    "igloo",
    "island",
    "ivory",
    "ivy",
    "jacket",
    "jaguar",
    "jasmine",
    "jelly",
    "jersey",
    "jewel",
    "jigsaw",
    "jungle",
    "juniper",
    "kayak",
    "kernel",
    "kettle",
    "kitten",
    "kiwi",
    "koala",
    "ladder",
    "lagoon",
    "lantern",
    "larch",
    "lemon",
    "lentil",
    "lever",
    "lily",
    "linen",
    "lion",
    "lizard",
    "lobster",
    "locket",
    "lotion",
    "lotus",
    "lynx",
    "magnet",
    "magpie",
    "mallet",
    "mango",
    "maple",
    "marble",
    "marmot",
    "meadow",
    "melon",
    "meteor",
    "mirror",
    "mitten",
    "moose",
    "mosaic",
    "moss",
    "motor",
    "muffin",
    "mural",
    "napkin",
    "nectar",
    "needle",
    "nest",
    "nickel",
    "nutmeg",
    "nutshell",
    "oak",
    "oasis",
    "ocean",
    "olive",
    "onion",
    "onyx",
    "opal",
    "orbit",
    "orchid",
    "origami",
    "otter",
    "oyster",
    "paddle",
    "panda",
    "paper",
    "parade",
    "parrot",
    "pasta",
    "peach",
    "pebble",
    "pencil",
    "pepper",
    "piano",
    "pickle",
    "pigeon",
    "pillow",
    "planet",
    "plum",
    "pocket",
    "polar",
    "pony",
    "potato",
    "prism",
    "puddle",
    "pumpkin",
    "puzzle",
    "quartz",
    "quilt",
    "rabbit",
    "radio",
    "raven",
    "ribbon",
    "river",
    "robin",
    "rocket",
    "saddle",
    "salmon",
    "scarf",
    "shadow",
    "silver",
]


def suggestion() -> str:
    """Six random words for a passphrase."""
    return " ".join(secrets.choice(WORDS) for _ in range(6))


def is_weak(passphrase: str) -> bool:
    """Whether a warning is due."""
    return keyring.is_weak(passphrase)


def recovery_key() -> age.Identity:
    """A fresh recovery key; nothing opens with it yet."""
    return age.Identity.generate()


def slots(layout: Layout, *, remembered: str = "") -> list[Slot]:
    """The slots of a vault; nothing secret is needed to see them. `remembered` names the one whose
    key this computer has."""
    found = []
    for name in keyring.slot_names(layout):
        kind = {"passphrase.age": "passphrase", "recovery.age": "recovery key"}.get(name, "other")
        found.append(Slot(name, kind, name == remembered))
    return found


def change_passphrase(
    layout: Layout, ring: KeyRing, passphrase: str, profile: age.ScryptProfile = age.NORMAL
) -> None:
    """Another passphrase. Copies of the old slot, wherever they are, open with the old one."""
    secret = age.Passphrase(keyring.new_passphrase(passphrase), profile)
    with _to_change(layout, ring):
        keyring.write_slot(layout, "passphrase.age", ring, secret, proof=secret)


def set_recovery_key(layout: Layout, ring: KeyRing, recovery: age.Identity) -> None:
    """Let this recovery key open the vault, and the one before no longer."""
    with _to_change(layout, ring):
        keyring.write_slot(layout, "recovery.age", ring, recovery.recipient, proof=recovery)


def add_slot(layout: Layout, ring: KeyRing, identity: age.Identity) -> str:
    """Let one more key open the vault; the new slot's name."""
    with _to_change(layout, ring):
        name = keyring.free_slot(layout)
        keyring.write_slot(layout, name, ring, identity.recipient, proof=identity)
    return name


def remove_slot(layout: Layout, ring: KeyRing, name: str) -> None:
    """Let what opens this slot no longer open the vault. Copies of the slot still open with it."""
    with _to_change(layout, ring):
        keyring.remove_slot(layout, name)


@contextmanager
def _to_change(layout: Layout, ring: KeyRing) -> Iterator[None]:
    """The vault locked, after making sure that this ring is really the vault's: a slot that
    somebody else put there must not be written over the others."""
    layout.check_owner()
    with layout.locked():
        session.check_keys(layout, ring)
        layout.empty_tmp()
        yield


def prove(layout: Layout, secret: age.Passphrase | age.Identity) -> Opened:
    """Proof that a secret opens the vault: the slot that it opened."""
    return keyring.open_ring(layout, secret)


def prove_without(layout: Layout, secret: age.Passphrase | age.Identity, *slots: str) -> Opened:
    """Proof that a secret opens the vault by another slot than these: so that nobody removes the
    only ones whose secret is still known."""
    others = [name for name in keyring.slot_names(layout) if name not in slots]
    if not others:
        raise Usage("this is the last slot: without it nothing opens the vault any more")
    return keyring.open_ring(layout, secret, only=others)
