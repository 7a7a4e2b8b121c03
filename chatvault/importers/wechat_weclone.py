"""WeClone's CSV, as WeFlow writes it: PyWxDump's header without `room_name`, and names as senders.

A file of one conversation, named after it. One row:
    1,7300000000000000033,text,0,小满,到家了吗,,2025-12-31T00:00:00.000Z
"""

from collections.abc import Iterator

from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._pywxdump_pages import candidates, tool_of, transcripts
from chatvault.importers._source import Source
from chatvault.model import Record

INFO = ImporterInfo(
    key="wechat-weclone",
    platform="wechat",
    title="WeChat, CSV for WeClone",
    expects="a .csv file of one conversation",
    carries=frozenset({"ids", "locations", "stickers"}),
    derived={
        "id": "the number of the row, told by the place in the transcript",
        "is_sender": "tells the sender, who is kept",
        "text": "the name of the plainest kind, which is kept",
    },
    leaves_out="ids of people and of the conversation; replies; most media",
    seen="WeFlow 5.0, 2026",
)

# WeClone itself reads PyWxDump's rows, with Chinese kinds and clocks without a zone: those files
# are PyWxDump's, wherever they lie.


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the header, and English kinds or clocks of UTC in the first rows."""
    names = candidates(source)[:3]
    found = [name for name in names if tool_of(source, name) == "weclone"]
    return tuple(f"{name} has the columns and kinds of WeClone" for name in found)


def read(source: Source) -> Iterator[Record]:
    """One transcript for each file."""
    names = [name for name in candidates(source) if tool_of(source, name) == "weclone"]
    yield from transcripts(source, names, by_name=True)
