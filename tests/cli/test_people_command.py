"""`chatvault people` as people run it."""

import json

import pytest
from program import Vault


def everybody(vault: Vault) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(vault.run("people", "list", "--json").out)
    return found


def test_a_person_is_merged_searched_named_and_split(vault: Vault) -> None:
    before = everybody(vault)
    asked = vault.run("people", "merge", "--suggest").out
    (command,) = [
        line.split()[1:]
        for names, line in zip(asked.splitlines(), asked.splitlines()[2:], strict=False)
        if "Jory Penn (telegram)" in names
    ]
    assert ["people", "merge"] == command[:2]
    assert before == everybody(vault), "asking changes nothing"
    merged = vault.run(*command)
    assert (0, 2) == (merged.code, merged.out.count("Jory Penn ("))
    assert "to take it back: chatvault people split" in merged.err
    (jory,) = [one for one in everybody(vault) if one["name"] == "Jory Penn"]
    hits = vault.run("search", 'from:"Jory Penn"', "--limit", "1000", "--json")
    found = json.loads(hits.out)
    assert jory["messages"] == found["total"]
    assert {"telegram", "whatsapp"} == {hit["platform"] for hit in found["hits"]}
    times = [hit["sent_at"] for hit in found["hits"]]
    assert sorted(times, reverse=True) == times
    listed = json.loads(vault.run("list", "people", "--from", "Jory Penn", "--json").out)
    assert [jory] == listed
    assert 0 == vault.run("people", "rename", "Jory Penn", "J").code
    assert {"J"} == {
        hit["sender"] for hit in json.loads(vault.run("search", "from:J", "--json").out)["hits"]
    }
    assert 0 == vault.run("people", "split", "J").code
    assert before == everybody(vault)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["merge"], "missing argument"),
        (["merge", "Jory Penn"], "merging needs two people"),
        (["merge", "1", "Nobody"], "there is no such person"),
        (["merge", "Ottilie", "1"], "(Ottilie Marsh, whatsapp), "),
        (["merge", "Jory Penn", "1"], "this is the name of more than one person"),
        (["merge", "1", "1"], "these are one person already"),
        (["split", "1"], "this person has one name only"),
        (["rename", "999", "x"], "there is no such person"),
    ],
)
def test_what_cannot_be_meant_is_told_with_a_remedy(
    sealed: Vault, words: list[str], said: str
) -> None:
    ended = sealed.run("people", *words)
    assert (2, "") == (ended.code, ended.out)
    assert said in ended.err
    assert "hint: " in ended.err
