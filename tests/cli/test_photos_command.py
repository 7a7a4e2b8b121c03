"""Photos on the command line: looked at after an import, listed, filtered, broken off."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from program import PASSPHRASE, Vault, run

from chatvault.cli import main
from chatvault.services import photos
from chatvault.services.photos import Looked

PHONE = "Photos from my phone"


def invoke(vault: Vault, *words: str) -> tuple[int, str, str]:
    environment = {"CHATVAULT_PASSPHRASE": PASSPHRASE, "CHATVAULT_VAULT": str(vault.folder)}
    ran = CliRunner().invoke(main, words, env=environment)
    return ran.exit_code, ran.stdout, ran.stderr


def names(vault: Vault, *words: str) -> list[str]:
    code, out, _ = invoke(vault, "list", "media", "--json", *words)
    assert 0 == code
    return [item["name"] for item in json.loads(out)]


@pytest.mark.slow
def test_an_import_looks_at_pictures_and_lists_and_filters_know_them(empty: Vault) -> None:
    for name in ("ChatExport_2024-05-01", PHONE):
        assert 0 == invoke(empty, "import", str(empty.downloads / name))[0]
    assert 4 == len(names(empty, "--taken", "2024-04-06", "--near", "1.41,103.96"))
    assert [] == names(empty, "--near", "1.41,-103.96")
    code, out, err = invoke(empty, "list", "similar")
    rows = [line.split("\t") for line in out.splitlines()]
    assert (0, "", ["288 x 288", "96 x 96"]) == (code, err, [row[1] for row in rows])
    assert ["Photos from my phone", "Jory Penn"] == [row[5] for row in rows]
    assert 0 == invoke(empty, "rebuild")[0]
    assert out == invoke(empty, "list", "similar")[1]
    assert 0 == invoke(empty, "imports", "undo", "1")[0]
    assert "no two pictures are alike" in invoke(empty, "list", "similar")[2]


def test_filters_of_files_are_not_for_other_lists(sealed: Vault) -> None:
    for what in ("people", "conversations", "imports", "missing"):
        code, out, err = invoke(sealed, "list", what, "--larger", "1MB")
        assert (2, "", True) == (code, out, "--larger" in err)
    code, _, err = invoke(sealed, "list", "media", "--near", "here")
    assert (2, True, True) == (code, "--near" in err, "1.2345,103.8765" in err)


def test_pictures_that_nobody_looked_at_are_told(sealed: Vault) -> None:
    code, _, err = invoke(sealed, "list", "similar")
    assert (0, True) == (code, "pictures not looked at yet; the next import does that" in err)


@pytest.mark.parametrize("words", [["import"], ["rebuild"]])
def test_broken_off_the_receipt_is_printed_and_the_next_one_goes_on(
    empty: Vault, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    def stop(*_: object, **__: object) -> Looked:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(photos, "look_at_all", stop)
        path = str(empty.downloads / PHONE)
        code, out, err = invoke(empty, "import", path)
        assert (130, True) == (code, "7 in the export" in out)
        assert "the next import or rebuild goes on" in err
        if words == ["rebuild"]:
            code, out, _ = invoke(empty, "rebuild", "--json")
            assert (130, True) == (code, json.loads(out)["replaced"])
    assert [] == names(empty, "--taken", "2024")
    again = [*words, path] if words == ["import"] else words
    assert 0 == invoke(empty, *again)[0]
    assert 5 == len(names(empty, "--taken", "2024"))


def test_only_what_went_wrong_is_said(empty: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Looked(pictures=9, troubled=1, damaged=2, stopped=True)
    monkeypatch.setattr(photos, "look_at_all", lambda *_, **__: answer)
    code, _, err = invoke(empty, "import", str(empty.downloads / PHONE))
    assert (0, True, True) == (code, "pictures ended" in err, "2 pictures cannot be read" in err)


def test_a_trial_looks_at_nothing(empty: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "look_at_all", None)
    assert 0 == invoke(empty, "import", "--dry-run", str(empty.downloads / PHONE))[0]


@pytest.mark.slow
def test_the_installed_program_loads_pillow_in_the_child_alone(empty: Vault) -> None:
    code = (
        "import sys\nfrom chatvault.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print('PIL' in sys.modules, 'chatvault.services.photos' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "import", str(empty.downloads / PHONE)],
        env=empty.env(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "False True" == done.stdout.splitlines()[-1], done.stderr
    assert 0 == run("list", "similar", env=empty.env()).code
