"""SMS and MMS of Android as XML: SMS Backup & Restore, Silence, signalbackup-tools and others.

`sms-20240310.xml` and `calls-20240310.xml`, one file or many, also each in a zip. One message:
    <sms protocol="0" address="+48500000001" date="1710007530000" type="1" subject="null"
         body="Train is late &#55357;&#56900;&#10;start without me" read="1" status="-1"
         date_sent="1710007528000" readable_date="9 Mar 2024 19:05:30" contact_name="Ola Wrona" />

The pictures of an MMS lie in base64 in the file; they come as files beside it (`_xml_parts.py`).
"""

from collections.abc import Iterator

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._sms import Threads
from chatvault.importers._sms_xml import Item, call, grouped, multimedia_message, text_message
from chatvault.importers._source import Source
from chatvault.importers._xml_events import Bad, BrokenXml, Element
from chatvault.importers._xml_parts import HEAD, HELD, NAMES, ROOTS, root_of
from chatvault.importers._xml_stream import stream
from chatvault.model import Problem, Record

INFO = ImporterInfo(
    key="sms-backup-restore",
    platform="sms",
    title="SMS and MMS, by SMS Backup & Restore",
    expects="sms-....xml and calls-....xml, or the .zip of them",
    carries=frozenset({"calls", "contacts", "media"}),
    derived={
        "readable_date": "the date in the words of the phone; the date itself is kept",
        "null": "how these files write that there is no value",
        "(Unknown)": "how these files write that there is no name",
        "contact_name": "the names of people and conversations, which are kept",
        "count": "how many messages the file should have; the receipt counts them",
        "backup_set": "names the chain of backups that a file belongs to",
        "backup_date": "when the backup was made",
        "full": "whether the backup has everything",
        "incremental": "whether the backup has everything",
        "data": "the bytes of a file, which is kept",
    },
    leaves_out="who is in a group if the app wrote one number for everybody; when a message was "
    "read; reactions of RCS chats",
    seen="SMS Backup & Restore 10 to 11, files from 2010 to 2024",
)  # fmt: skip

REMEDY = "make the backup again, and copy the .xml file when the app says that it is done"


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the first tag of an XML file at the top, and what follows it."""
    found = ((name, root_of(source.head(name, HEAD))) for name in _candidates(source)[:3])
    return tuple(f"{name} begins with <{root}>" for name, root in found if root)


def read(source: Source) -> Iterator[Record]:
    """The messages and calls of all files at the top that are ours."""
    names = [name for name in _candidates(source) if root_of(source.head(name, HEAD))]
    names = names or _candidates(source)[:1]
    if not names:
        raise BadExport("there is no XML file", where=Where(source.name), remedy=REMEDY)
    for name in names:
        began = False
        threads = Threads(source.told)
        try:
            for record in _records(source, name, threads):
                began = True
                yield record
        except BrokenXml as cause:
            rest = list(threads.flush())
            yield from rest
            if len(names) == 1 and not began and not rest:
                where = Where(source.full(name))
                reason = f"not a backup of messages: {cause}"
                raise BadExport(reason, where=where, remedy=REMEDY) from cause
            yield Problem(file=source.full(name), part="end", reason=str(cause), raw="")


def _candidates(source: Source) -> list[str]:
    names = source.files()
    if len(names) > 1:
        names = [name for name in names if name.lower().endswith(".xml")]
    ours = ("sms", "calls")
    return sorted(names, key=lambda name: (not name.lower().startswith(ours), name))


def _records(source: Source, name: str, threads: Threads) -> Iterator[Record]:
    """The records of one file; BrokenXml where it breaks off."""
    full = source.full(name)
    position = 0
    with source.open(name) as file:
        for found in grouped(stream(file, names=NAMES, held=HELD)):
            if isinstance(found, Element) and found.name in ROOTS:
                continue
            if isinstance(found, Item):
                part = f"{found.head.name}[{position}]"
                position += 1
                yield from _item(found, source, name, threads, part=part)
                for bad in found.broken:
                    yield Problem(file=full, part=part, reason=bad.reason, raw=bad.raw)
                continue
            reason = found.reason if isinstance(found, Bad) else "an element that nobody knows"
            part = (
                f"{found.name}[{position}]" if found.name else "text" if found.raw else "encoding"
            )
            position += bool(found.name)
            yield Problem(file=full, part=part, reason=reason, raw=found.raw)
    yield from threads.flush()


def _item(
    item: Item, source: Source, name: str, threads: Threads, *, part: str
) -> Iterator[Record]:
    unsure = False
    try:
        if item.head.name == "sms":
            told = text_message(item)
        elif item.head.name == "call":
            told = call(item)
        else:
            told, unsure = multimedia_message(item, source, name)
    except Malformed as cause:
        yield Problem(file=source.full(name), part=part, reason=str(cause), raw=item.raw())
        return
    if unsure:
        yield from threads.assume_owner()
    yield from threads.add(told)
