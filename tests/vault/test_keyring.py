"""The key ring and its slots: what opens them, what is refused, and what never shows."""

import copy
import os
import pickle
import random
import unicodedata

import pytest

from chatvault.errors import ChatVaultError, Damaged, NewerFormat, Usage, WrongSecret
from chatvault.vault import age, keyring
from chatvault.vault.files import FileOps
from chatvault.vault.keyring import KeyRing, parse_ring, ring_text
from chatvault.vault.layout import Layout


def test_the_text_of_a_ring_is_the_ring(ring: KeyRing) -> None:
    text = ring_text(ring)
    assert 5 == text.count(b"\n")
    again = parse_ring(text, "passphrase.age")
    assert again.same_as(ring)
    assert text == ring_text(again)


def test_KEY_1_the_three_secrets_are_independent(ring: KeyRing) -> None:
    other = KeyRing.generate(ring.vault)
    secrets = [ring.database_key, ring.content_id_key, other.database_key, other.content_id_key]
    assert 4 == len(set(secrets))
    assert ring.identity.text() != other.identity.text()
    assert not ring.same_as(other)


def test_KEY_1_without_randomness_nothing_is_made(
    monkeypatch: pytest.MonkeyPatch, layout: Layout
) -> None:
    def fail(size: int) -> bytes:
        raise NotImplementedError("no source of randomness")

    monkeypatch.setattr(os, "urandom", fail)
    monkeypatch.setattr("secrets.token_bytes", fail)
    with pytest.raises(NotImplementedError):
        KeyRing.generate(layout.info().vault)


def test_the_ring_is_an_identity_file_of_age(ring: KeyRing) -> None:
    lines = ring_text(ring).decode().splitlines()
    assert all(line.startswith("# ") for line in lines[:4])
    assert age.Identity.parse(lines[4]).text() == ring.identity.text()


def bad_rings(ring: KeyRing) -> dict[str, bytes]:
    text = ring_text(ring)
    lines = text.splitlines(keepends=True)
    database = ring.database_key.hex().encode()
    return {
        "nothing": b"",
        "no ring": b"hello\n",
        "10 MiB": b"#" * 10 * 2**20,
        "one byte too long": text + b"#" * (1025 - len(text)),
        "an extra line": text + b"# more\n",
        "an extra line before": b"# more\n" + text,
        "an empty line": text + b"\n",
        "a line missing": b"".join(lines[:2] + lines[3:]),
        "another order": b"".join([lines[0], lines[2], lines[1], *lines[3:]]),
        "upper-case hex": text.replace(database, database.upper()),
        "a short key": text.replace(database, database[:-2]),
        "a long key": text.replace(database, database + b"00"),
        "no hex": text.replace(database, b"g" * 64),
        "two identities": text + lines[4],
        "CRLF": text.replace(b"\n", b"\r\n"),
        "no newline at the end": text[:-1],
        "white space": text.replace(b"# vault: ", b"# vault:  "),
        "a wrong checksum": text[:-2] + (b"Q" if text[-2:-1] != b"Q" else b"P") + b"\n",
        "a recipient": b"".join(lines[:4]) + ring.identity.recipient.text().encode() + b"\n",
        "lower-case identity": b"".join(lines[:4]) + lines[4].lower(),
        "format 0": text.replace(b"format 1\n", b"format 0\n"),
        "format 01": text.replace(b"format 1\n", b"format 01\n"),
        "a vault that is none": text.replace(ring.vault.encode(), b"not-a-uuid"),
        "an upper-case vault": text.replace(ring.vault.encode(), ring.vault.upper().encode()),
        "not ASCII": text.replace(b"ring", "r\u00edng".encode()),
        "not UTF-8": text + b"\xff",
        "full-width digits": text.replace(b"format 1", "format １".encode()),
    }


BAD = list(bad_rings(KeyRing.generate("00000000-0000-4000-8000-000000000000")))


@pytest.mark.parametrize("what", BAD)
def test_G23_KEY_8_what_is_not_exactly_a_ring_is_damage(ring: KeyRing, what: str) -> None:
    with pytest.raises(Damaged) as caught:
        parse_ring(bad_rings(ring)[what], "passphrase.age")
    assert 13 == caught.value.exit_code
    shown = f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"
    assert ring.database_key.hex() not in shown
    assert ring.identity.text() not in shown


@pytest.mark.parametrize("number", ["2", "77", "999999"])
def test_KEY_8_a_newer_ring_needs_a_newer_version(ring: KeyRing, number: str) -> None:
    text = ring_text(ring).replace(b"format 1\n", f"format {number}\n".encode())
    with pytest.raises(NewerFormat) as caught:
        parse_ring(text + b"# something new\n", "passphrase.age")
    assert 15 == caught.value.exit_code


@pytest.mark.parametrize("what", ["10 MiB", "an extra line", "CRLF", "two identities"])
def test_G23_a_slot_that_holds_no_ring_is_damage(
    slotted: Layout, ring: KeyRing, secret: age.Passphrase, what: str
) -> None:
    slot = slotted.keys / "passphrase.age"
    slot.write_bytes(age.encrypt(bad_rings(ring)[what], [secret]))
    with pytest.raises(Damaged):
        keyring.open_ring(slotted, secret)


def test_KEY_9_a_ring_shows_nothing_and_is_never_copied(
    ring: KeyRing, secret: age.Passphrase
) -> None:
    hidden = [ring.database_key.hex(), ring.content_id_key.hex(), ring.identity.text()]
    for thing in (ring, ring.identity, secret, ring.identity.recipient):
        shown = f"{thing!r} {thing} {thing:}"
        assert [] == [text for text in [*hidden, "herons"] if text in shown]
        for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError):
                duplicate(thing)
    assert not hasattr(ring, "__dict__")


# KEY-2: passphrases


@pytest.mark.parametrize(
    "text",
    ["", "tab\there", "line\nbreak", "nul\0", "half \ud800", "wide\u3000space", "no\u00a0break",
     "end\u2028", "x" * 1025, "é" * 513, "bell\x07", "del\x7f", "c1\x9b"],
)  # fmt: skip
def test_L11_KEY_2_a_new_passphrase_can_be_typed_everywhere(text: str) -> None:
    with pytest.raises(Usage):
        keyring.new_passphrase(text)


@pytest.mark.parametrize(
    "text", ["x", "x" * 1024, " spaces at both ends ", "ПАРОЛЬ", "合言葉", "🔑🗝️", "a  b", "A a"]
)
def test_KEY_2_nothing_is_trimmed_folded_or_lost(text: str) -> None:
    assert text == keyring.new_passphrase(text)
    assert text == keyring.typed_passphrase(text)


def test_KEY_2_both_forms_of_an_accent_are_one() -> None:
    for text in ("café à noisette", "ｶﾞ", "각"):
        for form in ("NFC", "NFD"):
            there = unicodedata.normalize(form, text)
            assert unicodedata.normalize("NFC", text) == keyring.new_passphrase(there)
            assert unicodedata.normalize("NFC", text) == keyring.typed_passphrase(there)


def test_L11_KEY_2_any_space_opens_what_a_plain_one_made() -> None:
    for space in " \u00a0\u3000\u2003\u202f\u1680":
        assert "grey heron" == keyring.typed_passphrase(f"grey{space}heron")


@pytest.mark.parametrize(
    ("text", "weak"),
    [("short", True), ("two words", True), ("a b c d", False), ("x" * 12, False), ("x" * 11, True)],
)
def test_KEY_2_a_warning_is_due_under_12_characters_and_4_words(text: str, weak: bool) -> None:
    assert weak == keyring.is_weak(text)


# KEY-7: writing a slot


def test_KEY_7_a_slot_opens_with_its_secret_and_with_no_other(
    slotted: Layout, ring: KeyRing, secret: age.Passphrase
) -> None:
    opened = keyring.open_ring(slotted, secret)
    assert (True, "passphrase.age", ()) == (
        opened.ring.same_as(ring), opened.slot, opened.trouble,
    )  # fmt: skip
    for wrong in ("seven grey herons wade slowl", "Seven grey herons wade slowly", " "):
        with pytest.raises(WrongSecret):
            keyring.open_ring(slotted, age.Passphrase(wrong, age.TESTING))
    with pytest.raises(WrongSecret):
        keyring.open_ring(slotted, age.Identity.generate())


def test_KEY_7_a_slot_that_does_not_open_again_never_counts(
    slotted: Layout, ring: KeyRing, secret: age.Passphrase
) -> None:
    before = (slotted.keys / "passphrase.age").read_bytes()
    with pytest.raises(ChatVaultError):
        keyring.write_slot(
            slotted, "passphrase.age", ring, secret, proof=age.Passphrase("x", age.TESTING)
        )
    assert before == (slotted.keys / "passphrase.age").read_bytes()


def test_KEY_7_a_disk_that_gives_back_other_bytes_is_noticed(
    slotted: Layout, ring: KeyRing, secret: age.Passphrase, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (slotted.keys / "passphrase.age").read_bytes()
    read = FileOps.read

    def flipped(self: FileOps, path: object, limit: int) -> bytes:
        data = bytearray(read(self, path, limit))  # type: ignore[arg-type]
        data[-1] ^= 1
        return bytes(data)

    monkeypatch.setattr(FileOps, "read", flipped)
    with pytest.raises(Damaged):
        keyring.write_slot(slotted, "passphrase.age", ring, secret, proof=secret)
    assert before == (slotted.keys / "passphrase.age").read_bytes()


def test_KEY_7_the_ring_is_never_on_the_disk_in_clear(
    layout: Layout, ring: KeyRing, secret: age.Passphrase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even for a moment: whatever is flushed or renamed is looked at."""
    seen: list[bytes] = []

    def looking(name: str) -> None:
        real = getattr(FileOps, name)

        def look(self: FileOps, *arguments: object) -> object:
            seen.extend(p.read_bytes() for p in layout.root.rglob("*") if p.is_file())
            return real(self, *arguments)

        monkeypatch.setattr(FileOps, name, look)

    for name in ("sync", "replace", "sync_folder", "open"):
        looking(name)
    keyring.write_slot(layout, "passphrase.age", ring, secret, proof=secret)
    assert len(seen) > 5
    hidden = [ring.database_key, ring.identity.text().encode(), ring.database_key.hex().encode()]
    assert not any(secret_bytes in data for secret_bytes in hidden for data in seen)


def test_KEY_3_a_new_slot_has_todays_cost_whatever_the_old_one_had(
    slotted: Layout, ring: KeyRing
) -> None:
    assert b" 10\n" in (slotted.keys / "passphrase.age").read_bytes()[:200]
    again = age.Passphrase("another", age.ScryptProfile(11))
    keyring.write_slot(slotted, "passphrase.age", ring, again, proof=again)
    assert b" 11\n" in (slotted.keys / "passphrase.age").read_bytes()[:200]
    assert 18 == age.NORMAL.log_n


@pytest.mark.slow
def test_KEY_3_the_real_cost_opens_too(layout: Layout, ring: KeyRing) -> None:
    """The one test with 2^18."""
    secret = age.Passphrase("seven grey herons wade slowly")
    keyring.write_slot(layout, "passphrase.age", ring, secret, proof=secret)
    assert b" 18\n" in (layout.keys / "passphrase.age").read_bytes()[:200]
    assert keyring.open_ring(layout, secret).ring.same_as(ring)


def test_A7_slots_are_private_whatever_the_umask(
    layout: Layout, ring: KeyRing, secret: age.Passphrase
) -> None:
    old = os.umask(0)
    try:
        keyring.write_slot(layout, "passphrase.age", ring, secret, proof=secret)
    finally:
        os.umask(old)
    assert 0o600 == (layout.keys / "passphrase.age").stat().st_mode & 0o777


# KEY-16: several slots


@pytest.fixture
def recovery(slotted: Layout, ring: KeyRing) -> age.Identity:
    key = age.Identity.generate()
    keyring.write_slot(slotted, "recovery.age", ring, key.recipient, proof=key)
    return key


def test_KEY_16_each_secret_finds_its_slot(
    slotted: Layout, ring: KeyRing, secret: age.Passphrase, recovery: age.Identity
) -> None:
    another = age.Passphrase("a second passphrase", age.TESTING)
    keyring.write_slot(slotted, "slot-7.age", ring, another, proof=another)
    for given, slot in ((secret, "passphrase"), (recovery, "recovery"), (another, "slot-7")):
        opened = keyring.open_ring(slotted, given)
        assert (f"{slot}.age", True) == (opened.slot, opened.ring.same_as(ring))


def test_G14_KEY_16_a_damaged_slot_never_opens_is_named_and_stops_no_other(
    slotted: Layout, ring: KeyRing, secret: age.Passphrase, recovery: age.Identity
) -> None:
    """Flipped bits all over the file; the age tests flip every one."""
    path = slotted.keys / "passphrase.age"
    data = path.read_bytes()
    chance = random.Random(3)
    for place in chance.sample(range(len(data)), 60):
        changed = bytearray(data)
        changed[place] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        with pytest.raises((Damaged, WrongSecret)) as caught:
            keyring.open_ring(slotted, secret)
        if isinstance(caught.value, Damaged):
            assert "passphrase.age" in str(caught.value)
        opened = keyring.open_ring(slotted, recovery)
        assert "recovery.age" == opened.slot
        assert opened.ring.same_as(ring)


@pytest.mark.parametrize("what", ["no ring", "another vault", "a newer ring"])
def test_KEY_16_a_slot_that_opens_and_holds_something_else_stops_no_other(
    slotted: Layout, ring: KeyRing, secret: age.Passphrase, what: str
) -> None:
    plain = {
        "no ring": b"hello",
        "another vault": ring_text(KeyRing.generate("11111111-2222-4333-8444-555555555555")),
        "a newer ring": ring_text(ring).replace(b"format 1", b"format 2"),
    }[what]
    keyring.write_slot(slotted, "slot-1.age", ring, secret, proof=secret)
    (slotted.keys / "passphrase.age").write_bytes(age.encrypt(plain, [secret]))
    opened = keyring.open_ring(slotted, secret)
    assert ("slot-1.age", ["passphrase.age"]) == (
        opened.slot, [item.slot for item in opened.trouble],
    )  # fmt: skip
    (slotted.keys / "slot-1.age").unlink()
    with pytest.raises((Damaged, NewerFormat)):
        keyring.open_ring(slotted, secret)


def test_KEY_16_a_slot_that_cannot_be_read_stops_no_other(
    slotted: Layout, recovery: age.Identity
) -> None:
    path = slotted.keys / "passphrase.age"
    path.unlink()
    path.mkdir()
    opened = keyring.open_ring(slotted, recovery)
    assert ("recovery.age", ["passphrase.age"]) == (
        opened.slot, [item.slot for item in opened.trouble],
    )  # fmt: skip


def test_L16_a_wrong_secret_is_the_same_answer_each_time(slotted: Layout) -> None:
    """No counter, no lockout, nothing of the secret in it."""
    before = {path: path.read_bytes() for path in slotted.root.rglob("*") if path.is_file()}
    answers = set()
    for number in range(30):
        with pytest.raises(WrongSecret) as caught:
            keyring.open_ring(slotted, age.Passphrase(f"guess {number}", age.TESTING))
        answers.add((str(caught.value), caught.value.remedy, caught.value.exit_code))
    assert 1 == len(answers)
    assert 12 == answers.pop()[2]
    assert before == {p: p.read_bytes() for p in slotted.root.rglob("*") if p.is_file()}


def test_G24_a_slot_of_another_vault_with_the_same_passphrase_is_damage(
    slotted: Layout, secret: age.Passphrase
) -> None:
    other = KeyRing.generate("11111111-2222-4333-8444-555555555555")
    (slotted.keys / "passphrase.age").write_bytes(age.encrypt(ring_text(other), [secret]))
    with pytest.raises(Damaged, match="another vault"):
        keyring.open_ring(slotted, secret)


def test_G26_an_old_slot_put_back_opens_with_the_old_secret_only(
    slotted: Layout, ring: KeyRing, secret: age.Passphrase
) -> None:
    old = (slotted.keys / "passphrase.age").read_bytes()
    new = age.Passphrase("eight brown otters", age.TESTING)
    keyring.write_slot(slotted, "passphrase.age", ring, new, proof=new)
    with pytest.raises(WrongSecret):
        keyring.open_ring(slotted, secret)
    (slotted.keys / "passphrase.age").write_bytes(old)
    assert keyring.open_ring(slotted, secret).ring.same_as(ring)
    with pytest.raises(WrongSecret):
        keyring.open_ring(slotted, new)


@pytest.mark.parametrize(
    "name",
    ["con.age", ".hidden.age", "slot-0.age", "slot-01.age", "Passphrase.age",
     "x" * 250 + ".age", "passphrase.age.bak"],
)  # fmt: skip
def test_F09_other_names_in_keys_are_no_slots(slotted: Layout, ring: KeyRing, name: str) -> None:
    other = age.Passphrase("other", age.TESTING)
    (slotted.keys / name).write_bytes(age.encrypt(ring_text(ring), [other]))
    assert ["passphrase.age"] == keyring.slot_names(slotted)
    with pytest.raises(WrongSecret):
        keyring.open_ring(slotted, other)
    assert f"keys/{name}" in slotted.strangers()


def test_F10_without_any_slot_the_message_says_where_to_look(
    slotted: Layout, secret: age.Passphrase
) -> None:
    (slotted.keys / "passphrase.age").unlink()
    with pytest.raises(Damaged) as caught:
        keyring.open_ring(slotted, secret)
    assert "copy of the vault" in caught.value.remedy
    assert "kit" in caught.value.remedy


def test_F10_when_all_slots_are_damaged_they_are_named(
    slotted: Layout, secret: age.Passphrase, recovery: age.Identity
) -> None:
    for name in ("passphrase.age", "recovery.age"):
        (slotted.keys / name).write_bytes(b"age-encryption.org/v1\nnothing")
    for given in (secret, recovery):
        with pytest.raises(Damaged) as caught:
            keyring.open_ring(slotted, given)
        assert "passphrase.age, recovery.age" in str(caught.value)
        assert "copy" in caught.value.remedy


# G27: a recovery key as people type it


def test_G27_KEY_4_case_spaces_and_line_breaks_do_not_matter(recovery: age.Identity) -> None:
    text = recovery.text()
    groups = " ".join(text[n : n + 8] for n in range(0, len(text), 8))
    for typed in (text, text.lower(), groups, groups.replace(" ", "\n"), f"  {groups}\r\n",
                  "\u00a0".join(groups.split())):  # fmt: skip
        assert text == age.Identity.parse_typed(typed).text()


def test_G27_KEY_4_a_typing_error_is_told_as_such(recovery: age.Identity) -> None:
    text = recovery.text()
    letter = "Q" if text[30] != "Q" else "P"
    place = next(n for n in range(20, 70) if text[n] != text[n + 1])
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    for typed in (text[:30] + letter + text[31:], swapped, text[:-1], text + "Q", text[:73] + "1"):
        with pytest.raises(age.BadIdentity) as caught:
            age.Identity.parse_typed(typed)
        assert ("typing error", 12) == (caught.value.kind, caught.value.exit_code)
        assert typed not in str(caught.value)


def test_G27_a_recipient_is_no_key(recovery: age.Identity) -> None:
    with pytest.raises(age.BadIdentity) as caught:
        age.Identity.parse_typed(recovery.recipient.text())
    assert ("wrong kind", 12) == (caught.value.kind, caught.value.exit_code)
