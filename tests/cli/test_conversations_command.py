"""`chatvault conversations` as people run it."""

from pathlib import Path

import pytest
from program import Vault, environment, run

EXPORT = "WhatsApp Chat with Bakers Row.txt"
ZONE = ("--timezone", "Asia/Singapore")


@pytest.fixture
def two(vault: Vault) -> Vault:
    """The demo, with one of its conversations once more under another title."""
    again = vault.run("import", *ZONE, "--conversation", "Row of Bakers", vault.downloads / EXPORT)
    assert 0 == again.code
    assert (
        "1 pair of conversations may be one: chatvault conversations merge --suggest\n" in again.err
    )
    return vault


def test_a_conversation_is_merged_split_and_renamed(two: Vault) -> None:
    asked = two.run("conversations", "merge", "--suggest")
    assert "32 of 32 messages in 2024-03 are in both" in asked.out
    command = asked.out.splitlines()[-1].strip().split()
    assert ["chatvault", "conversations", "merge"] == command[:3]
    tried = two.run(*command[1:], "--dry-run")
    assert tried.out.startswith("dry run, nothing is changed: Row of Bakers would be part of")
    listed = two.run("list").out
    merged = two.run(*command[1:])
    assert (0, True) == (merged.code, "92 messages before, 60 now" in merged.out)
    assert "chatvault conversations split" in merged.err
    assert len(listed.splitlines()) == 1 + len(two.run("list").out.splitlines())
    assert 0 == two.run("conversations", "split", "Bakers Row").code
    assert sorted(line.split("\t")[1:] for line in listed.splitlines()) == sorted(
        line.split("\t")[1:] for line in two.run("list").out.splitlines()
    )
    renamed = two.run("conversations", "rename", "Bakers Row", "The bakery")
    assert "the title is The bakery now\n" == renamed.out
    for title in ("Bakers Row", "the bakery"):
        assert "The bakery" in two.run("list", "--in", title).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["merge"], "missing argument"),
        (["merge", "Bakers Row"], "merging needs two conversations"),
        (["merge", "Bakers Row", "Nobody"], "there is no such conversation"),
        (["merge", "Bakers Row", "1"], "cannot be merged with itself"),
        (["merge", "Bakers Row", "小满"], "only conversations of one platform"),
        (["split", "Bakers Row"], "nothing was merged into this conversation"),
        (["rename", "999", "x"], "there is no such conversation"),
    ],
)
def test_what_cannot_be_meant_is_told_with_a_remedy(
    sealed: Vault, words: list[str], said: str
) -> None:
    ended = sealed.run("conversations", *words, *(["--dry-run"] if words[0] == "merge" else []))
    assert (2, "") == (ended.code, ended.out)
    assert said in ended.err
    assert "hint: " in ended.err


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ("Bakers\\\\ Row", "chatvault conversations split Ba"),
        ("小满", "chatvault conversations merge 小"),
        ("Ottilie\\\\ Marsh", "chatvault people merge OTT"),
    ],
)
def test_the_shell_completes_what_is_merged(
    sealed: Vault, tmp_path: Path, expected: str, words: str
) -> None:
    key = tmp_path / "key"
    key.write_text(sealed.recovery)
    key.chmod(0o600)
    ended = run(
        env=environment(
            _CHATVAULT_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD="3",
            CHATVAULT_VAULT=str(sealed.folder), CHATVAULT_PASSPHRASE_FILE=str(key),
        )
    )  # fmt: skip
    assert (0, f"plain,{expected}\n", "") == (ended.code, ended.out, ended.err)
