"""Before anything is written: is this the conversation it seems to be, and at these hours?"""

import pytest

import canonical
from chatvault.errors import DiskTrouble, NeedsAnswer
from chatvault.services import create, ingest, precheck, unlock
from chatvault.vault import age

HEAD = "03/05/2024, 18:05 - Messages and calls are end-to-end encrypted.\n"


def lines(*, hour, people=("Ottilie", "Jory"), count=60, first=0):
    return HEAD + "".join(
        f"{13 + n // 40:02}/05/2024, {hour + (n // 20) % 2:02}:{n % 60:02}"
        f" - {people[n % 2]}: loaf {n}\n"
        for n in range(first, first + count)
    )


@pytest.fixture
def vault(tmp_path):
    layout, ring = create.create(tmp_path / "v", "x", recovery=None, profile=age.TESTING)
    with unlock.writing(layout, ring) as opened:
        yield opened


def bring(vault, tmp_path, text, name="WhatsApp Chat with Bakers Row.txt", **told):
    path = tmp_path / str(len(list(tmp_path.iterdir()))) / name
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    options = ingest.Options(told=ingest.Told(local_zone="Europe/Berlin", **told))
    return ingest.ingest(vault, [path], now_ms=1, options=options).receipts[0]


def test_a_known_conversation_with_all_clocks_shifted_is_asked_about(vault, tmp_path):
    bring(vault, tmp_path, lines(hour=10))
    before = canonical.digest(vault.db)
    with pytest.raises(NeedsAnswer, match="clocks") as caught:
        bring(vault, tmp_path, lines(hour=16))
    assert "--timezone" in caught.value.remedy
    assert before == canonical.digest(vault.db)


def test_the_zone_that_answers_the_question_makes_them_meet(vault, tmp_path):
    bring(vault, tmp_path, lines(hour=10))
    receipt = bring(vault, tmp_path, lines(hour=16), zone="Asia/Shanghai")
    # The notice of encryption stands hours away from its twin; all that people wrote meets.
    told = receipt.messages
    assert (1, 60, 61) == (told.new, told.known + told.updated, told.items)


def test_a_later_part_of_the_same_conversation_is_not_asked_about(vault, tmp_path):
    bring(vault, tmp_path, lines(hour=10))
    receipt = bring(vault, tmp_path, lines(hour=10, first=30))
    assert 30 == receipt.messages.new


def test_the_same_title_with_nobody_in_common_is_asked_about(vault, tmp_path):
    bring(vault, tmp_path, lines(hour=10))
    with pytest.raises(NeedsAnswer, match="other people") as caught:
        bring(vault, tmp_path, lines(hour=10, people=("Ada", "Bo")))
    assert "--conversation" in caught.value.remedy


def test_naming_the_conversation_answers_that(vault, tmp_path):
    bring(vault, tmp_path, lines(hour=10))
    bring(vault, tmp_path, lines(hour=10, people=("Ada", "Bo")), conversation="The other bakers")
    titles = vault.db.execute("SELECT title FROM conversation ORDER BY title").fetchall()
    assert ["Bakers Row", "The other bakers"] == [title for (title,) in titles]


def test_what_would_not_fit_is_refused_before_anything_is_written(vault, tmp_path, monkeypatch):
    monkeypatch.setattr(precheck.shutil, "disk_usage", lambda _: type("U", (), {"free": 10}))
    with pytest.raises(DiskTrouble, match="free"):
        bring(vault, tmp_path, lines(hour=10))
    assert {} == vault.layout.pack_names()
