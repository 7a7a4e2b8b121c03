"""A vault with the demo in it, sealed once and copied for each test that wants to change it."""

import shutil
from pathlib import Path

import pytest
from program import PASSPHRASE, Vault

from chatvault.services import create, ingest, unlock
from chatvault.services.demo import demo_exports
from chatvault.services.ingest import Options, Told
from chatvault.vault import age

NOW = 1_717_000_000_000


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    """The vault that tests only read."""
    folder = tmp_path_factory.mktemp("sealed")
    downloads = folder / "Downloads"
    for name, data in demo_exports().items():
        path = downloads / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    key = age.Identity.generate()
    layout, ring = create.create(folder / "vault", PASSPHRASE, recovery=key, profile=age.TESTING)
    told = Told(zone="Asia/Singapore", local_zone="Asia/Singapore")
    with unlock.writing(layout, ring) as opened:
        ingest.ingest(opened, [downloads], now_ms=NOW, options=Options(told=told))
    return Vault(folder / "vault", key.text(), downloads)


@pytest.fixture
def vault(sealed: Vault, tmp_path: Path) -> Vault:
    """A copy that a test may change."""
    shutil.copytree(sealed.folder, tmp_path / "vault")
    return Vault(tmp_path / "vault", sealed.recovery, sealed.downloads)


@pytest.fixture
def empty(tmp_path: Path, sealed: Vault) -> Vault:
    """A vault in which nothing is yet."""
    key = age.Identity.generate()
    create.create(tmp_path / "empty", PASSPHRASE, recovery=key, profile=age.TESTING)
    return Vault(tmp_path / "empty", key.text(), sealed.downloads)
