"""Each command once, as the installed program, from its arguments to what it prints."""

import json
import re
import shutil
import stat
from pathlib import Path

import pytest
from program import PASSPHRASE, Vault, environment, run

from chatvault.cli import COMMANDS


@pytest.mark.slow
def test_init_makes_a_vault_that_only_its_owner_can_enter(tmp_path: Path) -> None:
    place = tmp_path / "deep/new"
    env = environment(CHATVAULT_VAULT=str(place), CHATVAULT_PASSPHRASE=PASSPHRASE)
    ended = run("init", "--recovery-kit", tmp_path / "kit.txt", env=env)
    assert (0, f"made the vault {place}\n") == (ended.code, ended.out)
    assert "If both are lost, nobody can open the vault any more." in ended.err
    assert "next: chatvault import" in ended.err
    modes = {stat.S_IMODE(path.lstat().st_mode) for path in [place, *place.rglob("*")]}
    assert {0o700, 0o600} == modes
    again = run("init", "--no-recovery", env=env)
    assert (2, True) == (again.code, "exists and is not empty" in again.err)


def test_import_prints_receipts_that_add_up_over_all_exports(empty: Vault) -> None:
    ended = empty.run("import", empty.downloads, "--timezone", "Asia/Singapore")
    assert 0 == ended.code
    assert 8 == len(re.findall(r"^import \d: ", ended.out, re.MULTILINE))
    total = re.search(
        r"8 exports: (\d+) messages = (\d+) new \+ (\d+) already known \+ (\d+) updated"
        r" \+ 0 kept unread\n",
        ended.out,
    )
    assert total
    items, *parts = map(int, total.groups())
    assert items == sum(parts)
    assert "before you delete an export: chatvault verify --full\n" == ended.err


def test_import_of_what_is_known_does_nothing_and_says_so(vault: Vault) -> None:
    packs = sorted((vault.folder / "packs").iterdir())
    export = vault.downloads / "ChatExport_2024-05-01"
    zone = "Asia/Singapore"  # as when it was imported: what was told is a part of it
    ended = vault.run("import", export, "--timezone", zone, "--json", TZ=zone)
    told = json.loads(ended.out)["imports"]
    assert (0, [True]) == (ended.code, [receipt["again"] for receipt in told])
    assert packs == sorted((vault.folder / "packs").iterdir())


def test_a_dry_run_tells_the_same_numbers_and_changes_nothing(empty: Vault) -> None:
    export = empty.downloads / "周末爬山.jsonl"
    tried = empty.run("import", "--dry-run", export)
    assert tried.out.startswith("dry run, nothing is changed: 周末爬山.jsonl (chatlab)\n")
    assert [] == list((empty.folder / "packs").iterdir())
    assert "" == empty.run("list").out
    done = empty.run("import", export)
    assert tried.out.partition("\n")[2] == done.out.partition("\n")[2]


def test_strict_counts_media_that_the_export_lacks_as_incomplete(empty: Vault) -> None:
    export = empty.downloads / "ChatExport_2024-05-01"
    assert 3 == empty.run("import", "--dry-run", "--strict", export).code
    assert 0 == empty.run("import", "--dry-run", export).code


def test_a_broken_export_among_others_stops_none_of_them(empty: Vault, tmp_path: Path) -> None:
    downloads = tmp_path / "Downloads"
    shutil.copytree(empty.downloads / "WeFlow", downloads / "WeFlow")
    shutil.copy(empty.downloads / "周末爬山.jsonl", downloads)
    (downloads / "ChatExport").mkdir()
    (downloads / "ChatExport/result.json").write_text(
        '{"name": "Half", "type": "personal_chat", "id": 5, "messages": ['
    )
    (downloads / "notes.txt").write_text("eggs")
    ended = empty.run("import", downloads)
    assert 3 == ended.code
    assert 2 == len(re.findall(r"^import \d: ", ended.out, re.MULTILINE))
    assert "not an export: notes.txt\n" in ended.err
    assert "not imported: ChatExport/result.json: not a Telegram export" in ended.err
    assert 1 == ended.err.count("hint: ")


def test_a_vault_within_what_is_imported_is_left_aside(empty: Vault, tmp_path: Path) -> None:
    """`import ~` finds the very vault that it writes to."""
    shutil.copy(empty.downloads / "周末爬山.jsonl", tmp_path)
    shutil.copytree(empty.downloads / "WeFlow", tmp_path / "WeFlow")
    ended = empty.run("import", tmp_path)
    assert 3 == ended.code
    assert "left aside: empty: a vault of ChatVault\n" in ended.err
    assert "not an export" not in ended.err
    assert "archive.db" not in ended.out
    assert 2 == len(re.findall(r"^import \d: ", ended.out, re.MULTILINE))


def test_platforms_lists_what_can_be_read() -> None:
    assert "whatsapp-text\t" in run("platforms").out
    told = json.loads(run("platforms", "--json").out)
    assert {"importer", "platform", "title", "expects", "carries"} <= told[0].keys()


def test_identify_says_what_exports_are_and_how_it_knows(sealed: Vault) -> None:
    ended = run("identify", sealed.downloads)  # needs no vault
    assert (0, "") == (ended.code, ended.err)
    assert "ChatExport_2024-05-01: telegram-desktop (telegram)\n    result.json" in ended.out
    told = json.loads(run("identify", "--json", sealed.downloads).out)
    assert 8 == len(told)
    assert {"path", "importer", "platform", "evidence"} <= told[0].keys()


def test_search_finds_in_any_script_and_goes_on_page_by_page(sealed: Vault) -> None:
    first = json.loads(sealed.run("search", "has:photo", "--limit", "4", "--json").out)
    pages = [first]
    while pages[-1]["next"]:
        more = sealed.run(
            "search", "has:photo", "--limit", "4", "--json", "--cursor", pages[-1]["next"]
        )
        pages.append(json.loads(more.out))
    found = [hit["id"] for page in pages for hit in page["hits"]]
    assert first["total"] == len(found) == len(set(found))
    hint = sealed.run("search", "has:photo", "--limit", "4").err
    assert f"{first['total']} messages, 4 of them shown\n" in hint
    assert f"--cursor {first['next']}" in hint


def test_search_takes_filters_as_words_and_as_options(sealed: Vault) -> None:
    words = sealed.run("search", "in:小满", "from:小诺", "after:2024-03", "北京", "--json")
    options = sealed.run(
        "search", "北京", "--in", "小满", "--from", "小诺", "--after", "2024-03", "--json"
    )
    assert (0, words.out) == (words.code, options.out)
    assert 1 == json.loads(words.out)["total"]


def test_search_looks_at_every_message_when_asked_to(sealed: Vault) -> None:
    ended = sealed.run("search", "--substring", "！！！", "--json")
    told = json.loads(ended.out)
    assert (0, "太好了！！！我们去北京看你") == (ended.code, told["hits"][0]["text"])
    assert [[3, 6]] == told["hits"][0]["marks"]
    assert "reading every message" in ended.err
    pattern = sealed.run("search", "--regex", "^北京！", "--in", "小满", "--json")
    assert 1 == json.loads(pattern.out)["total"]
    assert (2, "") == (sealed.run("search", "--regex", "[").code, pattern.err[:0])
    assert 2 == sealed.run("search", "--regex", "--substring", "a").code


def test_who_finds_nothing_is_told_what_to_try(sealed: Vault) -> None:
    ended = sealed.run("search", "birthda")
    assert (0, "") == (ended.code, ended.out)
    assert ended.err.startswith("0 messages\nhint: words are found whole")
    assert "" == sealed.run("search", "birthda", "--json").err


def test_search_prints_a_line_of_json_for_each_message(sealed: Vault) -> None:
    told = json.loads(sealed.run("search", "北", "--json", "--limit", "1").out)
    ended = sealed.run("search", "北", "--jsonl", "--limit", "1")
    assert told["hits"] == [json.loads(line) for line in ended.out.splitlines()]
    assert f"more: --cursor {told['next']}\n" == ended.err


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ("Bakers\\\\ Row", "chatvault search --in Ba"),
        ("小满", "chatvault list --in 小"),
        ("Ottilie\\\\ Marsh", "chatvault search --from OTT"),
        ("voice", "chatvault search --has vo"),
        ("whatsapp", "chatvault search --on wh"),
        ("sticker", "chatvault list --kind st"),
    ],
)
def test_the_shell_completes_names(
    sealed: Vault, tmp_path: Path, expected: str, words: str
) -> None:
    key = tmp_path / "key"
    key.write_text(sealed.recovery)
    key.chmod(0o600)
    asked = {
        "_CHATVAULT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "3",
        "CHATVAULT_VAULT": str(sealed.folder),
    }  # fmt: skip
    ended = run(env=environment(**asked, CHATVAULT_PASSPHRASE_FILE=str(key)))
    assert (0, f"plain,{expected}\n", "") == (ended.code, ended.out, ended.err)
    locked = run(env=environment(**asked))
    names = "--in" in words or "--from" in words
    assert (0, "" if names else ended.out, "") == (locked.code, locked.out.lstrip("\n"), locked.err)


def test_show_tells_a_message_in_its_place(sealed: Vault) -> None:
    number = sealed.number_of("太好了 北京", "--in", "小满")
    ended = sealed.run("show", number, "--context", "1")
    assert (0, "") == (ended.code, ended.err)
    assert ended.out.startswith("小满 (wechat), times in Asia/Shanghai\n")
    assert 1 == len(re.findall(r"^> 2024-03-29 18:48  小诺$", ended.out, re.MULTILINE))
    assert 2 == len(re.findall(r"^  2024-", ended.out, re.MULTILINE))
    told = json.loads(sealed.run("show", number, "--context", "1", "--json").out)
    assert [False, True, False] == [m["id"] == int(number) for m in told["messages"]]
    assert int(number) == told["here"]


def test_show_opens_a_conversation_at_a_date(sealed: Vault) -> None:
    """A day is one of this computer's time zone; the first message of it is marked."""
    ended = sealed.run("show", "--in", "小满", "--at", "2024-03-29", "--context", "2")
    assert 0 == ended.code
    assert ended.out.startswith("小满 (wechat), times in Asia/Shanghai\n")
    assert 1 == len(re.findall(r"^> 2024-03-29 ", ended.out, re.MULTILINE))
    shown = re.findall(r"^[> ] (2024-\d\d-\d\d)", ended.out, re.MULTILINE)
    assert (5, "2024-03-29") == (len(shown), shown[2])
    assert all(day < "2024-03-29" for day in shown[:2])
    last = re.search(r"what came after: chatvault (show \d+ --context 2)$", ended.err, re.MULTILINE)
    assert last is not None
    further = json.loads(sealed.run(*last[1].split(), "--json").out)
    told = json.loads(
        sealed.run("show", "--in", "小满", "--at", "2024-03-29", "--context", "2", "--json").out
    )
    assert [m["id"] for m in told["messages"]][2:] == [m["id"] for m in further["messages"]][:3]
    assert told["here"] == told["messages"][2]["id"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("", ["--at", "2024"]),
        ("", []),
        ("note: nothing was sent then; the next message is of 2024-", ["--at", "2001"]),
        ("note: the conversation ends before that, on 2024-", ["--at", "2031-05-17T08:00"]),
    ],
)
def test_show_says_so_when_nothing_was_sent_at_a_date(
    sealed: Vault, said: str, words: list[str]
) -> None:
    ended = sealed.run("show", "--in", "小满", *words, "--json")
    assert 0 == ended.code
    assert ended.err.startswith(said) if said else ended.err == ""
    assert json.loads(ended.out)["messages"]


@pytest.mark.parametrize(
    ("what", "rows", "says"),
    [
        ("conversations", 7, "Bakers Row\tgroup\twhatsapp\t60\t"),
        ("people", 12, "Ottilie Marsh\twhatsapp\t"),
        ("media", 19, "\timage\t"),
        ("missing", 7, "\tnot in the export"),
    ],
)
def test_list_tells_what_the_vault_holds(sealed: Vault, what: str, rows: int, says: str) -> None:
    ended = sealed.run("list", what)
    assert (0, rows, "") == (ended.code, len(ended.out.splitlines()), ended.err)
    assert says in ended.out
    assert rows == len(json.loads(sealed.run("list", what, "--json").out))


def test_list_imports_takes_filters_of_messages(sealed: Vault) -> None:
    """Where a conversation came from."""
    every = json.loads(sealed.run("list", "imports", "--json").out)
    told = json.loads(sealed.run("list", "imports", "--in", "Bakers Row", "--json").out)
    assert 2 == len(told) < len(every)
    assert all("Bakers Row" in one["name"] for one in told)
    assert "no import told" in sealed.run("list", "imports", "--during", "2001").err


def test_list_imports_shows_the_receipts_again(sealed: Vault) -> None:
    ended = sealed.run("list", "imports")
    assert (0, 8) == (ended.code, len(re.findall(r"^import \d: ", ended.out, re.MULTILINE)))
    assert 8 == len(re.findall(r" in the export\n +=", ended.out)) // 2


def test_list_says_so_when_there_is_nothing(empty: Vault) -> None:
    said = {what: empty.run("list", what) for what in ("people", "imports", "missing")}
    assert {"people": "no people\n", "imports": "nothing was imported yet\n",
            "missing": "nothing is missing\n"} == {w: e.err for w, e in said.items()}  # fmt: skip
    assert {(0, "")} == {(ended.code, ended.out) for ended in said.values()}


def test_verify_says_that_all_is_good(sealed: Vault) -> None:
    quick = sealed.run("verify")
    assert (0, True) == (quick.code, quick.out.startswith("quick check: 16 packs, "))
    full = json.loads(sealed.run("verify", "--full", "--json").out)
    assert ("full", True, []) == (full["level"], full["ok"], full["damage"])


def without_ids(rows: str) -> list[str]:
    """Rows of a list without their numbers, which a rebuild may give anew."""
    return sorted(row.partition("\t")[2] for row in rows.splitlines())


@pytest.mark.slow
def test_rebuild_makes_the_archive_anew(vault: Vault) -> None:
    before = vault.run("list").out
    (vault.folder / "archive.db").unlink()
    ended = vault.run("rebuild")
    assert (0, "8 imports replayed, 290 messages\n") == (ended.code, ended.out)
    columns = [row.split("\t")[1:] for row in before.splitlines()]
    assert sorted(columns) == sorted(
        row.split("\t")[1:] for row in vault.run("list").out.splitlines()
    )


@pytest.mark.slow
def test_imports_undo_takes_one_back(vault: Vault) -> None:
    ended = vault.run("imports", "undo", "2")
    assert (0, "import 2 is undone\n") == (ended.code, ended.out)
    assert "周末爬山" not in vault.run("list").out
    assert 0 == vault.run("verify", "--full").code
    again = vault.run("imports", "undo", "2")
    assert again.code in (1, 2)


def test_keys_lists_and_tests_the_slots(sealed: Vault) -> None:
    listed = run("keys", "list", env=sealed.locked())  # needs no passphrase
    assert (0, "passphrase.age\tpassphrase\nrecovery.age\trecovery key\n") == (
        listed.code, listed.out
    )  # fmt: skip
    tested = sealed.run("keys", "test")
    assert (0, "it opens the vault (keys/passphrase.age)\n") == (tested.code, tested.out)
    assert 12 == sealed.run("keys", "test", CHATVAULT_PASSPHRASE="x").code


def test_info_needs_no_passphrase_and_tells_nothing_of_the_content(sealed: Vault) -> None:
    ended = run("info", env=sealed.locked())
    assert (0, "") == (ended.code, ended.err)
    for said in (str(sealed.folder), "format     1", "packs      16, ", "no keys"):
        assert said in ended.out
    for hidden in ("Ottilie", "小满", "whatsapp", "2024"):
        assert hidden not in ended.out.replace(str(sealed.folder), "")
    assert 16 == json.loads(run("info", "--json", env=sealed.locked()).out)["packs"]


def test_what_is_not_ours_in_the_vault_is_told(vault: Vault) -> None:
    (vault.folder / "archive (conflicted copy).db").write_bytes(b"")
    ended = run("info", env=vault.locked())
    assert "not a file of ChatVault: archive (conflicted copy).db\n" in ended.out


def test_where_a_vault_lies_when_nobody_says_so(tmp_path: Path) -> None:
    env = environment(HOME=str(tmp_path), XDG_DATA_HOME=str(tmp_path / "data"))
    ended = run("info", env=env)
    assert 10 == ended.code
    assert str(tmp_path) in ended.err


def test_every_command_is_tried_somewhere() -> None:
    """`restore` has its tests beside its services; completion is in test_help.py."""
    here = Path(__file__).parent
    text = "".join(path.read_text(encoding="utf-8") for path in here.glob("test_*.py"))
    assert [] == [name for name in COMMANDS if f'run("{name}"' not in text]
