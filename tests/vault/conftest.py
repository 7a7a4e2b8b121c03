"""A vault's folder and key ring without anything in it, for the tests of single modules."""

import sys
from pathlib import Path

import pytest

from chatvault.vault import age, keyring
from chatvault.vault.files import FileOps
from chatvault.vault.keyring import KeyRing
from chatvault.vault.layout import Layout, create_layout, seal_layout

# The small vaults of tests/services serve here too.
sys.path.append(str(Path(__file__).parent.parent / "services"))

PASSPHRASE = "seven grey herons wade slowly"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """The folders and texts of a new vault, without slots and archive."""
    made, info = create_layout(tmp_path / "v", FileOps(), "test")
    seal_layout(made, info)
    return made


@pytest.fixture
def ring(layout: Layout) -> KeyRing:
    return KeyRing.generate(layout.info().vault)


@pytest.fixture
def secret() -> age.Passphrase:
    return age.Passphrase(PASSPHRASE, age.TESTING)


@pytest.fixture
def slotted(layout: Layout, ring: KeyRing, secret: age.Passphrase) -> Layout:
    """The same with a passphrase slot."""
    keyring.write_slot(layout, "passphrase.age", ring, secret, proof=secret)
    return layout
