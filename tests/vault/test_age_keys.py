"""Identities, recipients and passphrases: their text, their cost, and that they show nothing."""

import copy
import os
import pickle
import shutil
import subprocess
import sys

import pytest
from age_builder import IDENTITY, OTHER_IDENTITY, PRIVATE, RECIPIENT, file, scrypt
from hypothesis import given
from hypothesis import strategies as st

from chatvault.errors import Usage, WrongSecret
from chatvault.vault import age, age_keys
from chatvault.vault.age_header import ScryptStanza, parse_header

GiB = 1024**3
# The examples of the specification (c2sp.org/age).
SPEC_IDENTITY = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
SPEC_RECIPIENT = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"


def identity_kind(text: str) -> str:
    with pytest.raises(age.BadIdentity) as caught:
        age.Identity.parse_typed(text)
    assert 12 == caught.value.exit_code
    return caught.value.kind


def recipient_kind(text: str) -> str:
    with pytest.raises(age.BadRecipient) as caught:
        age.Recipient.parse(text)
    assert 2 == caught.value.exit_code
    return caught.value.kind


def other_bech32(prefix: str, raw: bytes) -> str:
    return age_keys._encode_bech32(prefix, raw)


def test_the_example_of_the_specification() -> None:
    identity = age.Identity.parse(SPEC_IDENTITY)
    assert SPEC_IDENTITY == identity.text()
    assert SPEC_RECIPIENT == identity.recipient.text()
    assert SPEC_RECIPIENT == age.Recipient.parse(SPEC_RECIPIENT).text()


@pytest.mark.skipif(not shutil.which("age-keygen"), reason="age-keygen is not installed")
def test_age_keygen_knows_the_same_recipients() -> None:
    made = subprocess.run(["age-keygen"], capture_output=True, check=True, text=True).stdout
    theirs = made.splitlines()[-1]
    for text in (theirs, age.Identity.generate().text(), IDENTITY):
        done = subprocess.run(
            ["age-keygen", "-y"], input=text, capture_output=True, check=True, text=True
        )
        assert done.stdout.strip() == age.Identity.parse(text).recipient.text()
    assert RECIPIENT == age.Identity.parse(IDENTITY).recipient.text()


@given(st.binary(min_size=32, max_size=32))
def test_text_and_back(private: bytes) -> None:
    identity = age.Identity(private)
    assert identity.text() == age.Identity.parse(identity.text()).text()
    assert 74 == len(identity.text())
    recipient = identity.recipient.text()
    assert recipient == age.Recipient.parse(recipient).text()


def test_generated_identities_differ() -> None:
    assert 50 == len({age.Identity.generate().text() for _ in range(50)})


@pytest.mark.parametrize(
    "text",
    [
        IDENTITY,
        IDENTITY.lower(),
        IDENTITY.capitalize(),
        f"  {IDENTITY}\n",
        " ".join(IDENTITY[at : at + 4] for at in range(0, 74, 4)),
        "\u3000".join([IDENTITY[:30], IDENTITY[30:]]),
        "\r\n".join([IDENTITY[:30], IDENTITY[30:]]),
    ],
)
def test_g27_typed_with_spaces_and_in_any_case_is_accepted(text: str) -> None:
    assert IDENTITY == age.Identity.parse_typed(text).text()


def test_g27_one_wrong_character_is_a_typing_error() -> None:
    for at in range(len(IDENTITY)):
        wrong = "Q" if IDENTITY[at] != "Q" else "P"
        assert "typing error" == identity_kind(IDENTITY[:at] + wrong + IDENTITY[at + 1 :])
    for wrong in BECH32.replace(IDENTITY[30], ""):
        assert "typing error" == identity_kind(IDENTITY[:30] + wrong + IDENTITY[31:])


def test_g27_two_exchanged_characters_are_a_typing_error() -> None:
    for at in range(len(IDENTITY) - 1):
        one, two = IDENTITY[at : at + 2]
        if one != two:
            assert "typing error" == identity_kind(IDENTITY[:at] + two + one + IDENTITY[at + 2 :])


@pytest.mark.parametrize(
    "text",
    [
        IDENTITY[:-1],
        IDENTITY + "Q",
        IDENTITY[:40] + IDENTITY[41:],
        IDENTITY[:40] + "B" + IDENTITY[41:],
        IDENTITY[:40] + "é" + IDENTITY[41:],
        "",
        "hello",
        "1" + "Q" * 20,
        "AGE-SECRET-KEY-1",
        "AGE-SECRET-KEY-1QQQQQ",
    ],
)
def test_g27_a_missing_or_foreign_character_is_a_typing_error(text: str) -> None:
    assert "typing error" == identity_kind(text)


@pytest.mark.parametrize(
    "text",
    [
        RECIPIENT,
        other_bech32("AGE-SECRET-KEY-PQ-", bytes(32)),
        other_bech32("AGE-PLUGIN-YUBIKEY-", bytes(8)),
        other_bech32("AGE-SECRET-KEY-", bytes(31)),
        other_bech32("AGE-SECRET-KEY-", bytes(33)),
    ],
)
def test_g27_another_kind_of_key_is_told_from_a_typing_error(text: str) -> None:
    assert "wrong kind" == identity_kind(text)


def test_g27_a_recipient_in_place_of_the_key_is_named() -> None:
    with pytest.raises(age.BadIdentity, match="this is a recipient"):
        age.Identity.parse_typed(RECIPIENT)


@pytest.mark.parametrize("text", [IDENTITY.lower(), IDENTITY[:50] + IDENTITY[50:].lower()])
def test_the_strict_form_of_an_identity_is_upper_case(text: str) -> None:
    with pytest.raises(age.BadIdentity):
        age.Identity.parse(text)


def test_left_over_bits_are_refused() -> None:
    values = [BECH32.index(character) for character in IDENTITY[16:-6]]
    values[-1] |= 1
    expanded = age_keys._expand("age-secret-key-")
    rest = age_keys._polymod([*expanded, *values, *[0] * 6]) ^ 1
    values += [rest >> 5 * (5 - place) & 31 for place in range(6)]
    assert "typing error" == identity_kind("AGE-SECRET-KEY-1" + "".join(BECH32[v] for v in values))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("typing error", RECIPIENT[:-1]),
        ("typing error", RECIPIENT.replace("x", "y", 1)),
        ("typing error", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"),
        ("wrong kind", IDENTITY),
        ("wrong kind", RECIPIENT.upper()),
        ("wrong kind", other_bech32("age", bytes(31))),
        ("wrong kind", other_bech32("age1pq", bytes(1216))),
        ("wrong kind", other_bech32("age", bytes(32))),
        ("wrong kind", other_bech32("age", b"\x01" + bytes(31))),
    ],
)
def test_a_bad_recipient_is_told(kind: str, text: str) -> None:
    assert kind == recipient_kind(text)


@pytest.mark.parametrize(
    "secret",
    [
        age.Identity(PRIVATE),
        age.Identity(PRIVATE).recipient,
        age.Passphrase("pretzel"),
    ],
    ids=["identity", "recipient", "passphrase"],
)
def test_a_secret_shows_nothing_and_is_not_copied(secret: object) -> None:
    assert "*** *** ***" == f"{secret} {secret!r} {secret!s}"
    assert not hasattr(secret, "__dict__")
    for way in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="neither pickled nor copied"):
            way(secret)


@pytest.mark.parametrize("text", ["", "half \ud83d", "\udc00"])
def test_a_passphrase_that_is_no_text_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(Usage) as caught:
        age.Passphrase(text)
    assert caught.value.__context__ is None
    assert "half" not in repr(caught.value)


def test_no_error_quotes_a_key() -> None:
    mistyped = "Q" + IDENTITY[1:-2] + "QQ"
    with pytest.raises(WrongSecret) as caught:
        age.Identity.parse_typed(mistyped)
    error: BaseException | None = caught.value
    while error:
        assert mistyped[20:30] not in str(error)
        error = error.__cause__ or error.__context__


def test_a_wrong_identity_or_passphrase_is_no_match() -> None:
    for secret in (age.Identity.parse(OTHER_IDENTITY), age.Passphrase("Pretzel")):
        for data in (file(), file(scrypt())):
            with pytest.raises(age.AgeError) as caught:
                age.decrypt(data, [secret])
            assert "no match" == caught.value.kind


def test_key_16_all_identities_are_tried() -> None:
    others = [age.Passphrase("Pretzel"), age.Identity.parse(OTHER_IDENTITY)]
    assert b"a pretzel a day" == age.decrypt(file(), [*others, age.Identity.parse(IDENTITY)])
    assert b"a pretzel a day" == age.decrypt(file(scrypt()), [*others, age.Passphrase("pretzel")])


def test_key_3_the_profile_is_what_is_written() -> None:
    assert (18, 10) == (age.NORMAL.log_n, age.TESTING.log_n)
    data = age.encrypt(b"", [age.Passphrase("pretzel", age.TESTING)])
    header = parse_header(data)
    assert header.scrypt is not None
    assert 10 == header.scrypt.factor


def test_key_3_the_real_cost_is_the_default() -> None:
    """One computation of 2^18, to write; opening costs the same and is tested elsewhere."""
    secret = age.Passphrase("correct horse battery staple")
    data = age.encrypt(b"ring", [secret])
    header = parse_header(data)
    assert header.scrypt is not None
    assert 18 == header.scrypt.factor
    assert b"ring" == age.decrypt(data, [secret])


@pytest.mark.parametrize("factor", [23, 64, 10**30, 10**4000])
def test_g11_a_factor_above_22_is_refused_before_computing(
    factor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(age_keys, "Scrypt", None)
    secret = age.Passphrase("pretzel")
    stanza = ScryptStanza(bytes(16), factor, bytes(32))
    with pytest.raises(age.AgeLimit, match=r"2\^") as caught:
        secret._unwrap_stanza(stanza)
    assert len(str(caught.value)) < 200


def test_g12_a_factor_is_refused_by_memory_and_the_message_names_both() -> None:
    with pytest.raises(age.AgeLimit, match=r"4,096 MiB.*4,096 MiB"):
        age_keys.refuse_costly(22, 4 * GiB)
    with pytest.raises(age.AgeLimit):
        age_keys.refuse_costly(18, GiB // 4)
    age_keys.refuse_costly(22, 16 * GiB // 3 + 1)
    with pytest.raises(age.AgeLimit):
        age_keys.refuse_costly(22, 16 * GiB // 3 - 4)


def test_g12_the_memory_of_this_machine_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 2**28 < age_keys.physical_memory() < 2**50
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 300}.__getitem__)
    monkeypatch.setattr(age_keys, "Scrypt", None)
    with pytest.raises(age.AgeLimit, match="1 MiB of this machine"):
        age.decrypt(file(scrypt()), [age.Passphrase("pretzel")])


def test_where_the_system_does_not_tell_its_memory_4_gib_are_assumed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sysconf", lambda name: -1 if name == "SC_PHYS_PAGES" else 4096)
    assert 4 * GiB == age_keys.physical_memory()
    monkeypatch.delattr(os, "sysconf")
    assert 4 * GiB == age_keys.physical_memory()


def test_too_little_free_memory_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoMemory:
        def __init__(self, *_: object, **__: object) -> None: ...

        def derive(self, _: bytes) -> bytes:
            raise MemoryError

    monkeypatch.setattr(age_keys, "Scrypt", NoMemory)
    with pytest.raises(age.AgeLimit, match="not enough free memory"):
        age.decrypt(file(scrypt()), [age.Passphrase("pretzel")])


def test_g28_without_randomness_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: int) -> bytes:
        raise NotImplementedError

    recipient = age.Identity(PRIVATE).recipient
    monkeypatch.setattr(os, "urandom", broken)
    for secret in (recipient, age.Passphrase("pretzel", age.TESTING)):
        with pytest.raises(NotImplementedError):
            secret.wrap(bytes(16))
        with pytest.raises(NotImplementedError):
            age.encrypt(b"x", [secret])
    with pytest.raises(NotImplementedError):
        age.Identity.generate()


def test_only_this_module_and_its_two_parts_know_cryptography() -> None:
    """A fresh interpreter: opening the header parser loads no cipher."""
    script = "import sys, chatvault.vault.age_header; print('cryptography' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    assert "False" == done.stdout.strip()
