"""The pages say what the program does: tables, codes, links, commands and words are checked."""

import ast
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from chatvault import errors
from chatvault.importers._protocol import Importer
from chatvault.importers.registry import IMPORTERS

ROOT = Path(__file__).resolve().parent.parent
TEST_COMMAND = "python3 scripts/test.py"

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SOURCES = sorted(
    [*ROOT.glob("chatvault/**/*.py"), *ROOT.glob("scripts/*.py"), ROOT / "pyproject.toml"]
)

# Any way of naming us to an installer, quotes and extras included; `.` and `'.[heic]'` are fine.
FROM_INDEX = re.compile(
    r"\b(?:pipx?|uv|uvx|conda|poetry|brew)\b[^\n`]*?\b(?:install|add|run|tool)\b[^\n`]*?\s['\"]?chatvault\b"
)
# Where the author's files lie is nobody's business. A list of such places would name them itself,
# so this is a list of all that an absolute path may begin with; the rest is somebody's machine.
FIRST_PARTS = {
    "api", "me", "tmp",  # addresses and commands of apps on pages, and the folder of every machine
    "proc",  # where Linux tells what a process takes
    # Pieces of addresses and of names in an export, in the code that looks for them.
    "b", "contacts", "dm", "dm_gif", "download", "index.html", "main", "maps", "message_",
    "messages", "objects", "p", "pack", "padding", "tr", "tweet_video", "user_uploads", "video",
    "微笑",
}  # fmt: skip
# A slash in these begins no path: addresses, ends of elements and marks, and what goes on behind a
# placeholder (`import-<n>/files`, `entry-*/x`, `"$vault"/keys`).
NO_PATH = re.compile(
    r"(?:\bhttps?|\")://[^\s)>\"'`]*|</\w+>|<!-- /\w+ -->|(?<=[\w/-])(?:<\w+>|\*)/|\"\$\w+\"/"
)
ABSOLUTE = re.compile(r"(?<![\w.~)\]}-])/((?:[^\W\d]|\.\w)[\w.-]*)")
PROMISES = ("military", "unbreakable", "zero-knowledge", "zero knowledge", "plausible deniab")

# "chat" as a noun for a conversation. The words of the apps themselves stand on docs/platforms/.
CHAT = re.compile(
    r"\b(?:(?<!chatvault restore )chats|chat ?rooms?|chat threads?"
    r"|(?:an?|the|this|that|each|every|one|another|any) chat"
    r"(?!\w| (?:app|histor|tool|export|partner|platform)))\b",
    re.IGNORECASE,
)
OLD_NAMES = {"chat", "chats", "chatroom", "room", "usr"}
NAMED_ON_PURPOSE = {"restore_chats"}  # the command is called so, because users say so


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def machine_paths(text: str) -> list[str]:
    """The beginnings of absolute paths that name a place on somebody's machine."""
    found = ABSOLUTE.finditer(NO_PATH.sub("·", text))
    return [one.group() for one in found if one[1].rstrip(".") not in FIRST_PARTS]


def prose(text: str) -> str:
    """A page without code, links' addresses, comments and what stands in quotation marks."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"<!--.*?-->|`[^`\n]*`|\]\([^)]*\)", " ", text, flags=re.DOTALL)
    return re.sub(r'"[^"\n]{1,80}"|“[^”\n]{1,80}”', " ", text)


def anchors(text: str) -> set[str]:
    """The anchors that a page's headings get, as on GitHub."""
    found: list[str] = []
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", text, flags=re.MULTILINE):
        plain = re.sub(r"\]\([^)]*\)|[`*\[\]]", "", heading).strip().lower()
        kept = [c for c in plain if c in " -_" or unicodedata.category(c)[0] in "LN"]
        slug = "".join(kept).replace(" ", "-")
        found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
    return set(found)


def links(text: str) -> Iterator[str]:
    """The relative addresses a page points to."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`\n]*`", "", text)
    for address in re.findall(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)", text):
        if not re.match(r"[a-z][a-z0-9+.-]*:", address):
            yield address


def broken(page: Path, address: str) -> bool:
    """Whether a link's file or anchor is not there."""
    name, _, anchor = unquote(address).partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return True
    return bool(anchor) and target.suffix == ".md" and anchor not in anchors(text_of(target))


@pytest.mark.parametrize(
    "script",
    [
        "commands_table.py",
        "errors_table.py",
        "platforms_table.py",
        "schema_table.py",
        "changelog.py",
    ],
)
def test_generated_pages_are_up_to_date(script: str) -> None:
    ran = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), "--check"], capture_output=True, text=True
    )
    assert (0, "") == (ran.returncode, ran.stderr)


def test_every_page_but_those_of_platforms_is_on_the_index() -> None:
    listed = {
        unquote(address).partition("#")[0] for address in links(text_of(ROOT / "docs/index.md"))
    }
    pages = [path for path in PAGES if relative(path).startswith("docs/")]
    assert [] == [
        relative(page)
        for page in pages
        if page.parent.name != "platforms"
        and page.name != "index.md"
        and page.relative_to(ROOT / "docs").as_posix() not in listed
    ]


def test_every_importer_has_a_page_and_every_page_an_importer() -> None:
    pages = {path.stem for path in (ROOT / "docs/platforms").glob("*.md")}
    assert {importer.INFO.key for importer in IMPORTERS} == pages


# So that somebody who is in a hurry finds the same thing at the same place on every page.
HEADINGS = [
    "Getting the export",
    "What is carried",
    "What is not in it",
    "When something is wrong",
]


@pytest.mark.parametrize("importer", IMPORTERS, ids=lambda importer: importer.INFO.key)
def test_pages_of_platforms_have_one_form(importer: Importer) -> None:
    info = importer.INFO
    page = text_of(ROOT / f"docs/platforms/{info.key}.md")
    assert f"# {info.title} (`{info.key}`)" == page.splitlines()[0]
    headings = re.findall(r"^## (.+)$", page, flags=re.MULTILINE)
    assert HEADINGS == [one for one in headings if one in HEADINGS]
    assert HEADINGS[0] == headings[0]
    getting = page.split(f"## {HEADINGS[0]}\n", 1)[1].split("\n## ", 1)[0]
    assert re.search(r"^ {0,3}chatvault import ", getting, flags=re.MULTILINE)


def test_every_importer_is_in_the_table_of_platforms() -> None:
    table = text_of(ROOT / "docs/platforms.md")
    keys = sorted(importer.INFO.key for importer in IMPORTERS)
    assert keys == [
        key for key in keys if f"](platforms/{key}.md)" in table and f"`{key}`" in table
    ]


def test_every_error_is_on_its_page_with_its_code() -> None:
    page = text_of(ROOT / "docs/errors.md")
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", page, flags=re.MULTILINE))
    codes = {
        name: str(thing.exit_code)
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, errors.ChatVaultError)
    }
    assert codes == rows


def test_links_lead_somewhere() -> None:
    assert [] == [
        f"{relative(page)}: {address}"
        for page in PAGES
        for address in links(text_of(page))
        if broken(page, address)
    ]


def test_readme_contributing_and_ci_hold_the_same_test_command() -> None:
    assert TEST_COMMAND == text_of(ROOT / ".ci/run").splitlines()[-1]
    for name in ("README.md", "CONTRIBUTING.md"):
        assert TEST_COMMAND in re.findall(
            r"^(?:\$ )?(python3? \S+test\.py)\b", text_of(ROOT / name), re.M
        )


def test_the_readme_holds_the_generated_table_and_says_what_is_final() -> None:
    readme = text_of(ROOT / "README.md")
    assert "<!-- platforms -->" in readme
    assert "<!-- /platforms -->" in readme
    assert re.search(r"lose .*passphrase.*recovery key", readme, re.IGNORECASE | re.DOTALL)


def test_nobody_is_told_to_install_us_from_a_package_index() -> None:
    """The name there belongs to somebody else: it would put a stranger's code beside messages."""
    assert [] == [
        f"{relative(path)}: {found.group()}"
        for path in [*PAGES, *SOURCES]
        if (found := FROM_INDEX.search(text_of(path)))
    ]


def test_no_page_and_no_source_names_a_path_of_somebodys_machine() -> None:
    assert [] == [
        f"{relative(path)}: {found}"
        for path in [*PAGES, *SOURCES]
        for found in machine_paths(text_of(path))
    ]


def test_no_page_promises_what_nobody_can_keep() -> None:
    assert [] == [
        f"{relative(page)}: {promise}"
        for page in PAGES
        for promise in PROMISES
        if promise in text_of(page).lower()
    ]


# The words of the importers, who may speak as their platform does.
OF_IMPORTERS = re.compile("<!-- platforms -->.*<!-- /platforms -->", re.DOTALL)


def test_pages_call_a_conversation_a_conversation() -> None:
    checked = [
        page for page in PAGES if not relative(page).startswith(("docs/platforms", "docs/glossary"))
    ]
    assert [] == [
        f"{relative(page)}: {found.group()}"
        for page in checked
        if (found := CHAT.search(prose(OF_IMPORTERS.sub("", text_of(page)))))
    ]


def test_code_calls_a_conversation_a_conversation() -> None:
    """Functions, classes and parameters; an importer may use the words of its platform."""
    wrong = []
    for path in sorted(ROOT.glob("chatvault/**/*.py")):
        if path.parent.name == "importers":
            continue
        for node in ast.walk(ast.parse(text_of(path))):
            name = node.arg if isinstance(node, ast.arg) else getattr(node, "name", "")
            plain = re.sub("ChatVault|ChatLab", "", name) if isinstance(name, str) else ""
            words = re.findall(r"[A-Z]?[a-z]+", plain)
            if name not in NAMED_ON_PURPOSE and OLD_NAMES & {word.lower() for word in words}:
                wrong.append(f"{relative(path)}: {name}")
    assert [] == wrong


def test_decisions_are_numbered_without_gaps_or_doubles() -> None:
    names = sorted(path.name for path in (ROOT / "docs/decisions").glob("*.md"))
    assert [f"{number:04d}" for number in range(1, len(names) + 1)] == [name[:4] for name in names]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("pip install chatvault", True),
        ("python -m pip install --user 'chatvault[keyring]'", True),
        ("uv tool install chatvault", True),
        ("pip install .", False),
        ("pip install '.[keyring]'", False),
        ("cd chatvault && pip install .", False),
        ("`pip install .`, then run `chatvault init`", False),
    ],
)
def test_the_forbidden_line_is_found(text: str, wrong: bool) -> None:
    assert wrong == bool(FROM_INDEX.search(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("it lies in /srv/build7/chatvault/docs", ["/srv"]),
        ("see `/root/x` and (/home/anna/x)", ["/root", "/home"]),
        ('Path("/Users/anna/x"), f"--out=/mnt/{name}"', ["/Users", "/mnt"]),
        ("[here](/data/x.md) or file:///var/x, not **/export/x**", ["/data", "/var", "/export"]),
        (
            "<code>/build/x</code> >/dev/pts/3 PATH=/a1/bin:/c2/bin",
            ["/build", "/dev", "/a1", "/c2"],
        ),
        ("/root", ["/root"]),
        ("/.cache/x /tmpfiles/x /apiary", ["/.cache", "/tmpfiles", "/apiary"]),
        ('`/tmp/zulip-export`, `/api/v1/chatlog`, `/me`, "$vault"/keys/passphrase.age', []),
        ("~/exports/x, ../x, docs/x, and/or, 1 / 2, </td> <!-- /tables -->", []),
        ("`import-<n>/files/...`, entry-*/pack.json, https://example.org/home/anna", []),
    ],
)
def test_a_path_of_a_machine_is_found(text: str, found: list[str]) -> None:
    assert found == machine_paths(text)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Open the chat.", True),
        ("Your chats are safe", True),
        ("a chat room", True),
        ("your chat histories, in the chat app", False),
        ("`chatvault restore chats DEST`", False),
        ("## chatvault restore chats", False),
        ('choose "Export this chat" there', False),
        ("[why](chats.md)", False),
    ],
)
def test_the_wrong_word_is_found(text: str, wrong: bool) -> None:
    assert wrong == bool(CHAT.search(prose(text)))


def test_a_broken_link_is_found() -> None:
    page = ROOT / "CONTRIBUTING.md"
    assert [False, False, True, True, True] == [
        broken(page, address)
        for address in (
            "SECURITY.md",
            "SECURITY.md#reporting",
            "NO.md",
            "SECURITY.md#no",
            "../x.md",
        )
    ]
