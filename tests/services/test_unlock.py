"""Opening a vault: whose keys these are, before anything is read and before anything is written."""

import shutil
from pathlib import Path

import pytest
import vaults
from vaults import Made, Telegram, chat

from chatvault.errors import ChatVaultError, Damaged, WrongSecret
from chatvault.services import keys, unlock
from chatvault.vault import age, archive, keyring, packs, schema
from chatvault.vault.keyring import KeyRing


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = vaults.make(tmp_path / "v")
    made.bring(Telegram(chat(1, 9, photos=[2])).folder(tmp_path / "e"))
    return made


def planted(made: Made) -> Made:
    """G25: a slot for a recipient that its owner has published, with an attacker's ring in it,
    which has the right vault id. The owner opens the vault with that key and is given those
    keys."""
    ring = KeyRing.generate(made.layout.info().vault)
    published = made.recovery
    (made.layout.keys / "recovery.age").write_bytes(
        age.encrypt(keyring.ring_text(ring), [published.recipient])
    )
    opened = unlock.unlock(made.layout, published)
    assert opened.ring.same_as(ring)
    return Made(made.folder, made.layout, opened.ring, published)


@pytest.mark.parametrize("database", ["there", "missing", "empty", "theirs"])
def test_G25_KEY_13_nothing_is_written_under_keys_that_somebody_planted(
    made: Made, tmp_path: Path, database: str
) -> None:
    owner = made
    stranger = planted(made)
    if database == "theirs":
        # An archive of the attacker's own fits the ring; the packs do not.
        helper = vaults.make(tmp_path / "helper")
        helper.ring = stranger.ring
        made.layout.archive.unlink()
        with pytest.raises(Damaged):
            stranger.rebuild(fewer="accept")
        shutil.copy(archive_of(stranger.ring, tmp_path), made.layout.archive)
    elif database != "there":
        made.layout.archive.unlink()
        if database == "empty":
            made.layout.archive.write_bytes(b"")
            made.layout.archive.chmod(0o600)
    before = vaults.snapshot(made.folder)
    with pytest.raises(ChatVaultError):
        stranger.bring(Telegram(chat(20, 30)).folder(tmp_path / "more"))
    for change in (
        lambda: stranger.undo(1),
        lambda: stranger.rebuild(),
        lambda: stranger.rebuild(fewer="accept"),
        lambda: keys.change_passphrase(made.layout, stranger.ring, "mine now", age.TESTING),
        lambda: keys.set_recovery_key(made.layout, stranger.ring, age.Identity.generate()),
    ):
        with pytest.raises(Damaged):
            change()
    assert before == vaults.snapshot(made.folder)
    opened = unlock.unlock(made.layout, owner.secret())
    assert opened.ring.same_as(owner.ring)


def archive_of(ring: KeyRing, folder: Path) -> Path:
    path = folder / "planted.db"
    connection = archive.open_archive(path, ring.database_key)
    schema.migrate(connection)
    archive.close_archive(connection)
    return path


def test_G25_reading_under_planted_keys_opens_nothing(made: Made) -> None:
    stranger = planted(made)
    with pytest.raises(Damaged), stranger.reading():
        pass
    for pack in made.packs():
        with (
            pytest.raises(Damaged),
            packs.opened(made.layout, pack.name, stranger.ring.identity),
        ):
            pass


def test_a_wrong_secret_changes_nothing(made: Made) -> None:
    before = vaults.snapshot(made.folder)
    for secret in (age.Passphrase("wrong", age.TESTING), age.Identity.generate()):
        with pytest.raises(WrongSecret):
            unlock.unlock(made.layout, secret)
    assert before == vaults.snapshot(made.folder)


def test_the_recovery_key_opens_it_in_any_form_it_may_have(made: Made) -> None:
    text = made.recovery.text()
    kit = f"ChatVault recovery key\n===\n\nThis key opens\n\n    {text}\n\nKeep it.\n"
    groups = " ".join(text[n : n + 8] for n in range(0, len(text), 8))
    for given in (text, text.lower(), f"  {text}\r\n", groups, groups.lower(), kit, f"{groups}\n"):
        opened = unlock.unlock(made.layout, unlock.parse_secret(given))
        assert ("recovery.age", True) == (opened.slot, opened.ring.same_as(made.ring))


def test_a_passphrase_may_look_like_anything_else() -> None:
    for text in ("AGE-SECRET", "age1qqq", "secret key", "line AGE-SECRET-KEY-1QQQ"):
        assert isinstance(unlock.parse_secret(text), age.Passphrase)


@pytest.mark.parametrize(
    "text", ["AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1QQQQ", "age-secret-key-1 typed wrong"]
)
def test_G27_a_key_with_a_typing_error_is_told_as_such(text: str) -> None:
    with pytest.raises(age.BadIdentity) as caught:
        unlock.parse_secret(text)
    assert 12 == caught.value.exit_code


def test_KEY_16_a_damaged_slot_is_told_when_another_opens(made: Made) -> None:
    (made.layout.keys / "passphrase.age").write_bytes(b"age-encryption.org/v1\nbroken")
    opened = unlock.unlock(made.layout, made.recovery)
    assert ["passphrase.age"] == [item.slot for item in opened.trouble]


def test_S2_a_writer_hears_what_had_to_be_caught_up(made: Made) -> None:
    made.layout.archive.unlink()
    heard: list[str] = []
    with unlock.writing(made.layout, made.ring, tell=heard.append):
        pass
    assert ["the archive is missing or behind the packs; bringing it up to date"] == heard


def test_nothing_is_removed_before_the_keys_fit(made: Made) -> None:
    stranger = planted(made)
    part = made.layout.tmp / f"{'0' * 32}.part"
    part.write_bytes(b"?")
    with pytest.raises(Damaged), stranger.writing():
        pass
    assert part.exists()
    with made.writing():
        pass
    assert not part.exists()
