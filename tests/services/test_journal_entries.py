"""What the journal tells of an import besides its files."""

import hashlib

import pytest

from chatvault.services import create, ingest, rebuild, unlock
from chatvault.services.demo import demo_exports
from chatvault.vault import age, catalogue, journal

ZIP = "WhatsApp Chat - Ottilie Marsh.zip"
TOLD = ingest.Told(local_zone="Asia/Singapore")


@pytest.fixture
def made(tmp_path):
    return create.create(tmp_path / "v", "x", recovery=None, profile=age.TESTING)


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "Downloads" / ZIP
    path.parent.mkdir()
    path.write_bytes(demo_exports()[ZIP])
    return path


def heads(layout, ring):
    for name in layout.pack_names():
        yield journal.read_pack(layout, name, ring.identity)


@pytest.mark.parametrize("given", ["file", "folder"])
def test_the_zip_that_an_export_came_in_is_told_by_its_hash(made, export, given):
    layout, ring = made
    path = export if given == "file" else export.parent
    with unlock.writing(layout, ring) as vault:
        ingest.ingest(vault, [path], now_ms=1, options=ingest.Options(told=TOLD))
    (entry,) = [pack.entry for pack in heads(layout, ring) if pack.entry is not None]
    (container,) = entry.head.containers
    expected = hashlib.sha256(export.read_bytes()).hexdigest()
    assert (ZIP, expected, export.stat().st_size) == (
        container.name, container.sha256, container.size
    )  # fmt: skip


def test_an_import_that_was_broken_off_is_finished_even_after_a_rebuild(made, export, monkeypatch):
    layout, ring = made
    options = ingest.Options(told=TOLD)

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ingest._Import, "_commit", killed)
        with pytest.raises(KeyboardInterrupt), unlock.writing(layout, ring) as vault:
            ingest.ingest(vault, [export], now_ms=1, options=options)
    with layout.locked():
        assert [1] == rebuild.rebuild(layout, ring).unfinished
    with unlock.writing(layout, ring) as vault:
        receipt = ingest.ingest(vault, [export], now_ms=2, options=options).receipts[0]
        assert (2, (1,)) == (receipt.number, receipt.finishes)
        assert [] == catalogue.unfinished(vault.db)
