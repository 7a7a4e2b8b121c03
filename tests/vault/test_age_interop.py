"""Both ways against two other implementations: pyrage and the age program."""

import os
import pty
import select
import shutil
import subprocess
from pathlib import Path

import pyrage
import pytest

from chatvault.vault import age

SIZES = [0, 1, 65_535, 65_536, 65_537, 131_072, 2**20 - 1, 2**20, 2**20 + 1]
PLAIN = os.urandom(2**20 + 1)
PASSPHRASE = "pretzel und Bier, 麻花"

needs_age = pytest.mark.skipif(not shutil.which("age"), reason="the age program is not installed")


@pytest.fixture(scope="module")
def identity() -> age.Identity:
    return age.Identity.generate()


def run_age(*arguments: str, data: bytes) -> bytes:
    return subprocess.run(["age", *arguments], input=data, capture_output=True, check=True).stdout


def run_age_on_a_terminal(*arguments: str, answers: list[str]) -> None:
    """Run age and type an answer whenever it asks for a passphrase, which it does only there."""
    process, terminal = pty.fork()
    if process == 0:
        os.execvp("age", ["age", *arguments])
    output = b""
    try:
        for answer in answers:
            while b"passphrase" not in output.lower():
                assert select.select([terminal], [], [], 15)[0], "age does not ask"
                output += os.read(terminal, 1024)
            output = b""
            os.write(terminal, answer.encode() + b"\n")
        while True:
            output += os.read(terminal, 1024)
    except OSError:  # Linux tells the end of a terminal like this
        pass
    finally:
        os.close(terminal)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    assert 0 == status, output


@pytest.mark.parametrize("size", SIZES)
def test_age_t2_pyrage_both_ways(identity: age.Identity, size: int) -> None:
    theirs = pyrage.x25519.Identity.from_str(identity.text())
    plain = PLAIN[:size]
    other = age.Identity.generate().recipient
    ours = age.encrypt(plain, [other, identity.recipient, other])
    assert plain == pyrage.decrypt(ours, [theirs])
    assert plain == age.decrypt(pyrage.encrypt(plain, [theirs.to_public()]), [identity])


def test_age_t2_pyrage_keys_are_ours(identity: age.Identity) -> None:
    theirs = pyrage.x25519.Identity.generate()
    ours = age.Identity.parse(str(theirs))
    assert str(theirs.to_public()) == ours.recipient.text()
    assert str(pyrage.x25519.Recipient.from_str(identity.recipient.text())) == (
        identity.recipient.text()
    )


@pytest.mark.slow
def test_age_t2_pyrage_passphrase_both_ways() -> None:
    secret = age.Passphrase(PASSPHRASE, age.TESTING)
    ours = age.encrypt(PLAIN[:70_000], [secret])
    assert PLAIN[:70_000] == pyrage.passphrase.decrypt(ours, PASSPHRASE)
    theirs = pyrage.passphrase.encrypt(PLAIN[:70_000], PASSPHRASE)
    assert PLAIN[:70_000] == age.decrypt(theirs, [secret])


@needs_age
@pytest.mark.parametrize("size", SIZES)
def test_age_t2_the_age_program_both_ways(
    identity: age.Identity, size: int, tmp_path: Path
) -> None:
    key = tmp_path / "key.txt"
    key.write_text(identity.text())
    plain = PLAIN[:size]
    other = age.Identity.generate().recipient
    ours = age.encrypt(plain, [other, identity.recipient])
    assert plain == run_age("-d", "-i", str(key), data=ours)
    arguments = ["-r", other.text(), "-r", identity.recipient.text()]
    assert plain == age.decrypt(run_age(*arguments, data=plain), [identity])


@needs_age
@pytest.mark.slow
def test_age_t2_a_passphrase_slot_through_the_age_program(tmp_path: Path) -> None:
    """With the cost that vaults have: it is the age program that computes 2^18 here."""
    slot, plain, back = (tmp_path / name for name in ("slot.age", "plain", "back.age"))
    slot.write_bytes(age.encrypt(PLAIN[:500], [age.Passphrase(PASSPHRASE)]))
    run_age_on_a_terminal("-d", "-o", str(plain), str(slot), answers=[PASSPHRASE])
    assert PLAIN[:500] == plain.read_bytes()
    answers = [PASSPHRASE, PASSPHRASE]
    run_age_on_a_terminal("-p", "-o", str(back), str(plain), answers=answers)
    assert PLAIN[:500] == age.decrypt(back.read_bytes(), [age.Passphrase(PASSPHRASE)])


@needs_age
def test_a_slot_is_an_identity_file_for_the_age_program(
    identity: age.Identity, tmp_path: Path
) -> None:
    """`age -d -i keys/passphrase.age pack` asks for the passphrase once (and not for the key)."""
    slot, pack, plain = (tmp_path / name for name in ("slot.age", "pack.age", "plain"))
    ring = f"# a comment\n{identity.text()}\n".encode()
    slot.write_bytes(age.encrypt(ring, [age.Passphrase(PASSPHRASE, age.TESTING)]))
    pack.write_bytes(age.encrypt(PLAIN[:70_000], [identity.recipient]))
    arguments = ["-d", "-i", str(slot), "-o", str(plain), str(pack)]
    run_age_on_a_terminal(*arguments, answers=[PASSPHRASE])
    assert PLAIN[:70_000] == plain.read_bytes()
