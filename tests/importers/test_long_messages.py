"""A message longer than any text may be: what is over the limit is told as the rest of it, where it
stands, and no line of it is lost. For every importer of texts, with a small limit."""

from collections.abc import Iterator

import msgspec
import pytest

from cases import CASES, Case, module_of
from chatvault.errors import ChatVaultError
from chatvault.importers._text_lines import TOO_LONG, blocks
from chatvault.model import Problem

LIMIT = 600  # characters
MODULES = {
    "imessage_exporter", "kakaotalk_text", "line_text", "qq_text", "signal_export", "threema",
    "tiktok", "wechat_chatlog", "wechat_dump_text", "wechat_memotrace", "wechat_wda",
    "wechat_weflow_text", "wechat_wxe", "whatsapp_text",
}  # fmt: skip
# Lines that some forms take for their own heads, where they stand at the start of a file.
TAIL = [
    f"{begin}tail number {number} of a very long message"
    for number in range(40)
    for begin in ("", "- ", "会话: ", "导出时间: ")
]


def _texts() -> Iterator[tuple[Case, str]]:
    for case in CASES:
        if module_of(case.importer) in MODULES:
            for name, data in case.files.items():
                if name.endswith((".txt", ".md", ".log")) and _is_utf8(data):
                    yield case, name


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


TEXTS = list(_texts())


def read(case: Case, name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[Problem]]:
    """Everything that the records hold, and the problems, with a long last message."""
    monkeypatch.setitem(blocks.__kwdefaults__ or {}, "limit", LIMIT)
    ends = b"\r\n" if b"\r\n" in case.files[name] else b"\n"
    long = case.files[name].rstrip() + ends + ends.join(line.encode() for line in TAIL) + ends
    records = list(case.importer.read(case.source_of({**case.files, name: long})))
    problems = [record for record in records if isinstance(record, Problem)]
    return msgspec.json.encode(records).decode(), problems


@pytest.mark.parametrize(("case", "name"), TEXTS, ids=str)
def test_no_line_of_a_message_over_the_limit_is_lost(
    case: Case, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        found, _ = read(case, name, monkeypatch)
    except ChatVaultError:
        return  # then it is told as a whole
    if TAIL[0] in found:  # else it is a file beside the messages
        assert [] == [line for line in TAIL if line not in found]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_what_is_over_the_limit_is_told_as_that_and_where(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    for case, name in TEXTS:
        if module_of(case.importer) == module:
            try:
                _, problems = read(case, name, monkeypatch)
            except ChatVaultError:
                continue
            told += [one for one in problems if one.reason == TOO_LONG]
            assert not any("tail number 39" in one.raw for one in problems if one not in told)
    assert told
    assert all(one.part.startswith("line") and one.file for one in told)


def test_the_reason_says_what_the_limit_is() -> None:
    assert "the rest of a message longer than 4 MiB" == TOO_LONG
