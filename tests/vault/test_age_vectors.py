"""Every vector gives what it says, here and in two other implementations."""

import shutil
import subprocess
from pathlib import Path

import pyrage
import pytest
from age_vectors import FOLDER, Vector, parsed, table

from chatvault.errors import Damaged, NewerFormat, RefusedByLimit
from chatvault.vault import age
from chatvault.vault.age_header import parse_header, render_end, render_stanzas

VECTORS = [
    parsed(path.stem, path.read_text(encoding="ascii")) for path in sorted(FOLDER.glob("*.txt"))
]
CLASSES = {"limit": RefusedByLimit, "version": NewerFormat}
EXIT_CODES = {"limit": 16, "version": 15}

# What other implementations take although the specification forbids it (pyrage 1.4.0, age 1.1.1).
PYRAGE_TAKES = {"G03_no_body", "G03_no_empty_line", "G03_no_short_line"}  # bodies as before v1
PYRAGE_TAKES |= {"G07_second_stanza"}  # never looked at, behind the one that fits
PYRAGE_TAKES |= {"G11_garbage", "G11_point"}
AGE_TAKES = {"G07_second_stanza", "G10_x25519_after_identity", "G10_x25519_before_identity"}
PYRAGE_COMPUTES = {"G11_refused_23"}  # 8 GiB, for a minute


def identities(vector: Vector) -> list[age.Identity | age.Passphrase]:
    found: list[age.Identity | age.Passphrase] = []
    if vector.identity:
        found.append(age.Identity.parse(vector.identity))
    if vector.passphrase:
        found.append(age.Passphrase(vector.passphrase))
    return found


def test_age_t1_the_text_files_are_the_table() -> None:
    expected = {vector.name: vector.text() for vector in table()}
    found = {path.stem: path.read_text(encoding="ascii") for path in FOLDER.glob("*.txt")}
    assert expected == found


def test_age_t1_there_are_sixty_header_faults_and_no_two_are_the_same_file() -> None:
    assert 60 < sum(vector.expect == "header" for vector in VECTORS)
    assert len(VECTORS) == len({(one.data, one.identity, one.passphrase) for one in VECTORS})


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_age_t1_vector(vector: Vector) -> None:
    if vector.expect == "success":
        assert vector.plain == age.decrypt(vector.data, identities(vector))
        return
    with pytest.raises(age.AgeError) as caught:
        age.decrypt(vector.data, identities(vector))
    assert vector.expect == caught.value.kind
    assert EXIT_CODES.get(vector.expect, 13) == caught.value.exit_code
    assert isinstance(caught.value, CLASSES.get(vector.expect, Damaged))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_age_14_what_parses_is_written_back_the_same(vector: Vector) -> None:
    try:
        header = parse_header(vector.data)
    except age.AgeError as error:
        assert error.kind in {"header", "version", "limit"}
        return
    assert vector.data[: header.size] == render_stanzas(header.stanzas) + render_end(header.mac)


@pytest.mark.parametrize(
    "vector", [one for one in VECTORS if one.name not in PYRAGE_COMPUTES], ids=lambda one: one.name
)
def test_age_t1_pyrage_agrees(vector: Vector) -> None:
    try:
        if vector.passphrase:
            plain = pyrage.passphrase.decrypt(vector.data, vector.passphrase)
        else:
            key = pyrage.x25519.Identity.from_str(vector.identity)
            plain = pyrage.decrypt(vector.data, [key])
    except pyrage.DecryptError:
        assert vector.expect != "success"
    else:
        assert vector.plain == plain
        assert vector.expect == "success" or vector.name in PYRAGE_TAKES


@pytest.mark.skipif(not shutil.which("age"), reason="the age program is not installed")
@pytest.mark.slow
def test_age_t1_the_age_program_agrees(tmp_path: Path) -> None:
    key, taken = tmp_path / "key.txt", set()
    for vector in VECTORS:
        if vector.passphrase:
            continue
        key.write_text(vector.identity)
        command = ["age", "-d", "-i", str(key)]
        done = subprocess.run(command, input=vector.data, capture_output=True, check=False)
        if done.returncode == 0:
            taken.add(vector.name)
            assert vector.plain == done.stdout
    good = {each.name for each in VECTORS if each.expect == "success" and not each.passphrase}
    assert good <= taken <= good | AGE_TAKES
