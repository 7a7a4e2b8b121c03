"""Instagram, "Download your information" as JSON: the same form as Messenger's.

    your_instagram_activity/messages/inbox/omar.f_17840000000000001/{message_1.json, photos/...}

One message:
    {"sender_name": "omar.f", "timestamp_ms": 1712000300000,
     "share": {"link": "https://www.instagram.com/p/demo/", "share_text": "look",
               "original_content_owner": "garden_demo"}}
"""

from collections.abc import Iterator

from chatvault.importers._meta_layout import INSTAGRAM, evidence
from chatvault.importers._meta_threads import CARRIED, NOT_KEPT, read_threads
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.model import Record

INFO = ImporterInfo(
    key="instagram",
    platform=INSTAGRAM,
    title="Instagram",
    version=2,
    expects="the .zip files of a download as JSON, or the folder your_instagram_activity",
    carries=CARRIED,
    derived=NOT_KEPT,
    leaves_out="ids, replies, edits, texts of unsent messages, what disappeared after it was seen",
    seen="downloads of 2020 to 2025",
)


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: files of conversations at their places, and a sign that they are Instagram's."""
    return evidence(source, INSTAGRAM)


def read(source: Source) -> Iterator[Record]:
    """Each folder of messages as a conversation, of all parts of the download."""
    return read_threads(source, INSTAGRAM)
