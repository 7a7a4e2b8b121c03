"""Facebook Messenger, "Download your information" as JSON.

A folder for each conversation, in which each file begins with the newest message:
    your_facebook_activity/messages/inbox/omarfahd_10158/{message_1.json, photos/...}

One message; the letters are wrong in the export itself (`_meta_words`):
    {"sender_name": "Ren\\u00c3\\u00a9e Vos", "timestamp_ms": 1712000200123,
     "photos": [{"uri": "your_facebook_activity/messages/inbox/omarfahd_10158/photos/7.jpg",
                 "creation_timestamp": 1712000199}],
     "reactions": [{"reaction": "\\u00f0\\u009f\\u0098\\u008d", "actor": "Omar Fahd"}]}
"""

from collections.abc import Iterator

from chatvault.importers._meta_layout import MESSENGER, evidence
from chatvault.importers._meta_threads import CARRIED, NOT_KEPT, read_threads
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.model import Record

INFO = ImporterInfo(
    key="messenger",
    platform=MESSENGER,
    title="Facebook Messenger",
    version=2,
    expects="the .zip files of a download as JSON, or the folder your_facebook_activity",
    carries=CARRIED,
    derived=NOT_KEPT,
    leaves_out="ids, replies, edits, texts of unsent messages, and end-to-end encrypted"
    " conversations, which are a download of their own",
    seen="downloads of 2018 to 2025",
)


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: files of conversations at their places, and a sign that they are Facebook's."""
    return evidence(source, MESSENGER)


def read(source: Source) -> Iterator[Record]:
    """Each folder of messages as a conversation, of all parts of the download."""
    return read_threads(source, MESSENGER)
