"""The law of round trips: what is restored as records and imported again is the same archive."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import canonical
from chatvault.importers import chatvault_json
from chatvault.importers._source import Source
from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Participant,
    Precision,
    Reaction,
    Timestamp,
    Version,
)
from chatvault.services.writers import json as writer
from chatvault.services.writers.told import Item, Media
from chatvault.vault import archive, restoring, schema
from chatvault.vault.selection import EVERYTHING
from chatvault.vault.store import Merger

START = 1_700_000_040_000  # the first millisecond of a minute
FILES = {f"{name}.jpg": f"{number:064x}" for number, name in enumerate("abc", 1)}


def empty():
    """An archive that holds the bytes of three files."""
    connection = archive.open_in_memory()
    schema.migrate(connection)
    connection.execute(
        "INSERT INTO pack (name, size, file_key, header_size, nonce) VALUES ('p', 0, x'', 0, x'')"
    )
    connection.executemany(
        "INSERT INTO stored_file (content_id, sha256, size, pack, member, offset, stored, codec)"
        " VALUES (?, ?, 10, 'p', '', 0, 10, '')",
        [(f"id of {sha256}", sha256) for sha256 in FILES.values()],
    )
    return connection


def tell(connection, number, records, *, batch=7):
    connection.execute(
        "INSERT INTO import (id, import_id, state, name, importer, importer_version, platform,"
        " told, export_digest, started_at) VALUES (?, ?, 'complete', '', 'x', 1, 'x', '{}', ?, 0)",
        [number, str(number), str(number)],
    )

    def file_of(path):
        sha256 = FILES.get(path, path.rpartition("/")[2])
        row = connection.execute("SELECT id FROM stored_file WHERE sha256 = ?", [sha256]).fetchone()
        return row and row[0]

    merger = Merger(connection, number, file_of=file_of, batch=batch)
    merger.add(records)
    merger.flush()
    return merger.tally


def restored(connection, *, page=3):
    """The files that restoring as records writes, with the media beside them."""
    files = {}
    for number, place in enumerate(restoring.places(connection, EVERYTHING)):
        about = restoring.about(connection, place.id)
        keys = restoring.time_keys(connection, EVERYTHING, place.id)
        items = (
            Item(
                m, tuple(Media(a.bytes_sha256 and f"media/{a.bytes_sha256}") for a in m.attachments)
            )
            for m in restoring.messages(connection, keys, page=page)
        )
        files[f"{number}.jsonl"] = "".join(writer.write(place, about, items, frame=None)).encode()
    for sha256 in FILES.values():
        files[f"media/{sha256}"] = b"ten bytes."
    return files


def lines(connection):
    return list(canonical.lines(connection))


def keys_of(connection):
    """By what messages are recognised; no archive shows it, but the next import asks for it."""
    return {
        (place.key, place.owner, row.minute, row.content_hash)
        for place in restoring.places(connection, EVERYTHING)
        for whole in restoring.messages(
            connection, restoring.time_keys(connection, EVERYTHING, place.id)
        )
        for row in (whole, *whole.variants)
    }


def told(files):
    """The records in files, whatever the order of messages of one moment is."""
    found = Counter()
    for name, data in files.items():
        for line in data.splitlines():
            record = line.strip() if name.startswith("media/") else msgspec.json.decode(line)
            if isinstance(record, dict):
                record.pop("seq", None)
            found[(name, msgspec.json.encode(record))] += 1
    return found


def times():
    """Few moments, so that many messages share a minute; told as exactly as exports tell them."""
    return st.one_of(
        st.none(),
        st.builds(
            lambda minute, ms, offset, how: Timestamp(
                START + minute * 60_000 + (ms if how[0] in {"second", "millisecond"} else 0),
                f"{minute}:{ms}", offset, Precision(how[0]), how[1],
            ),
            st.integers(0, 2), st.sampled_from([0, 0, 1000, 30_250]),
            st.sampled_from([None, None, 480]),
            st.sampled_from([
                ("second", "unix"), ("millisecond", "unix"), ("minute", "assumed:Asia/Shanghai"),
                ("day", "offset"), ("second", "offset"),
            ]),
        ),
    )  # fmt: skip


def moments():
    return st.one_of(st.none(), st.integers(0, 3).map(lambda n: Timestamp(START + n * 999, "m")))


TEXTS = ["ok", "\u200fok", "好", "", "a\r\nb", "nul\0", "\u2028\U0001f469\u200d\U0001f467", " ok "]
EXTRAS = [{}, {}, {"a": 1}, {"b": [None, {"c": 2**53}]}, {"z": 1.5, "a": "\u2028"}]


def attachments():
    return st.builds(
        lambda path, name, kind, more: Attachment(
            name=name, path=path,
            state=AttachmentState.PRESENT if path else AttachmentState.MISSING_FILE, kind=kind,
            as_exported=more[0], type=more[1], size=more[2], sha256=more[3], duration=more[4],
            stable_name=more[5],
        ),
        st.sampled_from([None, *FILES]), st.sampled_from(["", "x.jpg", "y.jpg"]),
        st.sampled_from([MessageKind.IMAGE, MessageKind.FILE]),
        st.sampled_from([
            ("", "", None, "", None, False), ("ref", "image/jpeg", 7, "ff", 1.5, True),
            ("", "", None, "", None, True),
        ]),
    )  # fmt: skip


def versions():
    return st.builds(Version, text=st.sampled_from(TEXTS), at=moments())


@st.composite
def messages(draw, place, ids):
    sender = draw(st.sampled_from([None, "u1", "u2", "name:Jory"]))
    told = Message(
        id=draw(st.sampled_from(ids)), conversation_id=place, sender_id=sender,
        sent_at=draw(times()), seq=0, text=draw(st.sampled_from(TEXTS)),
        kind=draw(st.sampled_from([MessageKind.TEXT, MessageKind.IMAGE, MessageKind.CALL])),
        scope=draw(st.sampled_from(["", place])),
        reply_to_id=draw(st.sampled_from([None, None, "1", "2"])),
        more_text=tuple(draw(st.lists(st.sampled_from(["b", "a"]), max_size=2))),
        attachments=tuple(draw(st.lists(attachments(), max_size=2))),
        edited_at=draw(moments()),
        versions=tuple(draw(st.lists(versions(), max_size=2))),
        marks=tuple(draw(st.lists(st.sampled_from([Mark.EDITED, Mark.DELETED]), max_size=2))),
        extra=draw(st.sampled_from(EXTRAS)),
    )  # fmt: skip
    reactions = draw(
        st.lists(
            st.builds(
                Reaction, emoji=st.sampled_from(["👍", "❤️"]), at=moments(),
                sender_id=st.sampled_from([None, "u1", "name:Jory"]), count=st.integers(1, 3),
                extra=st.sampled_from(EXTRAS),
            ),
            max_size=2,
        )
    )  # fmt: skip
    return [told, *reactions]


@st.composite
def transcripts(draw):
    place = draw(st.sampled_from(["c1", "c1", "c2"]))
    records = [
        Conversation(
            id=place, platform="somewhere", title=draw(st.sampled_from(["Bakers", "Row", ""])),
            kind=draw(st.sampled_from(list(ConversationKind))),
            owner=draw(st.sampled_from([None, None, "u1"])), extra=draw(st.sampled_from(EXTRAS)),
        )
    ]  # fmt: skip
    records += [
        Participant(
            id=person, name=draw(st.sampled_from(["Ottilie", "小满", ""])),
            conversation_id=place, is_me=draw(st.booleans()),
            handles=draw(st.sampled_from([(), ("+49",), ("@o",)])),
            aliases=draw(st.sampled_from([(), ("Otti",)])), extra=draw(st.sampled_from(EXTRAS)),
        )
        for person in ("u1", "u2", "name:Jory")
    ]  # fmt: skip
    taken = set()
    for _ in range(draw(st.integers(0, 5))):
        told, *reactions = draw(messages(place, [None, f"{place} 1", f"{place} 2", f"{place} 3"]))
        if told.id is not None and (told.scope, told.id) in taken:
            told = msgspec.structs.replace(told, id=None)
        taken.add((told.scope, told.id))
        records += [told, *reactions]
    return records


def archive_of(exports):
    connection = empty()
    for number, export in enumerate(exports, 1):
        tell(connection, number, export)
    return connection


@pytest.mark.slow
@given(st.lists(transcripts(), min_size=1, max_size=4), st.integers(1, 9))
def test_what_is_restored_as_records_comes_back_as_the_same_archive(exports, batch):
    first, second = archive_of(exports), empty()
    files = restored(first)
    tally = tell(second, 1, chatvault_json.read(Source.of(files)), batch=batch)
    expected, found = lines(first), lines(second)
    again = restored(second)
    known, restored_known = keys_of(first), keys_of(second)
    first.close()
    second.close()
    assert expected == found
    assert 0 == tally.problems
    assert told(files) == told(again)
    assert known <= restored_known
