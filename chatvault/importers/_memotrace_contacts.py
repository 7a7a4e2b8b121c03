"""The list of contacts of MemoTrace: names for people and groups, and no messages.

UserName,Alias,Type,Remark,NickName,PYInitial,RemarkPYInitial,smallHeadImgUrl,bigHeadImgUrl,label,…
wxid_lin0demo,linxiaoman,3,小满,林小满,LXM,XM,https://…,https://…,同学
"""

from collections.abc import Iterator

import msgspec

from chatvault.importers._csv import Row, Text, rows
from chatvault.importers._wechat import is_room
from chatvault.importers._wechat_rows import conversation
from chatvault.model import ConversationKind, Participant, Problem, Record

CONTACTS = (
    "UserName", "Alias", "Type", "Remark", "NickName", "PYInitial", "RemarkPYInitial",
    "smallHeadImgUrl", "bigHeadImgUrl",
)  # fmt: skip
_NAMES = ("UserName", "Alias", "Remark", "NickName")


def contacts(text: Text) -> Iterator[Record]:
    """A conversation for each contact, without messages, and the person it is with.

    An archive shows no conversation without messages; one of the same id gets the names.
    """
    full = text.source.full(text.name)
    header: list[str] = []
    try:
        with text.lines() as found:
            for row in rows(found):
                if not header and not row.reason:
                    header = [cell.strip() for cell in row.cells]
                    continue
                yield from _contact(row, header, full)
    except (OSError, ValueError) as cause:
        reason = f"the file breaks off: {type(cause).__name__}"
        yield Problem(file=full, part="end", reason=reason, raw="")


def _contact(row: Row, header: list[str], full: str) -> Iterator[Record]:
    cells = dict(zip(header, row.cells, strict=False))
    wxid = cells.get("UserName", "").strip()
    reason = row.reason
    if not reason and (len(row.cells) > len(header) or not wxid):
        reason = f"{len(row.cells)} cells, expected {len(header)}" if wxid else "no UserName"
    if reason:
        raw = row.raw.rstrip("\r\n")
        yield Problem(file=full, part=f"line {row.line}", reason=reason, raw=raw)
        return
    names = [cells.get(key, "") for key in ("Remark", "NickName")]
    known = [name for name in names if name]
    title = known[0] if known else wxid
    extra: dict[str, object] = {
        key: value for key, value in cells.items() if value and key not in _NAMES
    }
    kind = ConversationKind.CHANNEL if wxid.startswith("gh_") else ConversationKind.DIRECT
    place = conversation(wxid, title, kind)
    if is_room(wxid):
        if known[1:]:
            extra["NickName"] = known[1]
        yield msgspec.structs.replace(place, extra=extra)
        return
    yield place
    alias = cells.get("Alias", "")
    yield Participant(
        id=wxid,
        name=title,
        conversation_id=wxid,
        handles=(alias,) if alias else (),
        aliases=tuple(known[1:]),
        extra=extra,
    )
