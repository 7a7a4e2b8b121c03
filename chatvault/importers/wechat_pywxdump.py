"""PyWxDump: pages of one conversation as CSV or JSON.

A folder `export/<wxid>/` with `<wxid>_0_5000.csv`, `<wxid>_5000_10000.csv` … or one
`<wxid>_0_<n>.json`, and `users.json`. One row:
    1,7300000000000000031,文本,0,wxid_lin0demo,wxid_lin0demo,到家了吗,,2024-05-01 21:10:05
"""

from collections.abc import Iterator

from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._pywxdump_pages import candidates, tool_of, transcripts
from chatvault.importers._source import Source
from chatvault.model import Record

INFO = ImporterInfo(
    key="wechat-pywxdump",
    platform="wechat",
    title="WeChat, exported by PyWxDump",
    expects="folder of one conversation, with pages <wxid>_0_5000.csv or .json",
    carries=frozenset({
        "ids", "replies", "forwards", "calls", "locations", "contacts", "stickers", "system",
        "links", "payments",
    }),
    derived={
        "id": "the number of the row, told by the place in the transcript",
        "is_sender": "tells the sender, who is kept",
        "CreateTime": "the clock, kept in its ISO form",
        "文本": "the name of the plainest kind, which is kept",
    },
    leaves_out="media: the files named are in WeChat's own cache; ids of quoted messages",
    seen="PyWxDump 2.4 to 3.1, 2023 to 2025",
)  # fmt: skip


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the header of a CSV page, or the keys of the first item of a JSON page."""
    names = candidates(source)[:3]
    found = [name for name in names if tool_of(source, name) == "pywxdump"]
    return tuple(f"{name} has the columns of PyWxDump" for name in found)


def read(source: Source) -> Iterator[Record]:
    """One transcript for the pages that follow each other."""
    names = [name for name in candidates(source) if tool_of(source, name) == "pywxdump"]
    yield from transcripts(source, names, by_name=False)
