"""The tables of archive.db. Migrations are append-only: a released one is never edited."""

import sqlite_utils
import sqlite_utils.db
from sqlite_utils.migrations import Migrations

from chatvault.vault import archive, search_index, tokens
from chatvault.vault.archive import Connection
from chatvault.vault.time_keys import FIRST_TIMELESS, NO_TIME

# sqlite-utils compares against the exceptions of the standard library's sqlite3; ours are others.
sqlite_utils.db.sqlite3 = archive.driver  # type: ignore[attr-defined]

migrations = Migrations("chatvault")


def database(connection: Connection) -> sqlite_utils.Database:
    """sqlite-utils over an open archive (never over a path: that would open it unencrypted)."""
    return sqlite_utils.Database(connection)


def migrate(connection: Connection) -> None:
    """Bring the tables up to date; NewerFormat when a newer ChatVault made them."""
    archive.check_writable(connection)
    if archive.value(connection, "PRAGMA user_version") == archive.VERSION:
        return
    migrations.apply(database(connection))
    connection.execute(f"PRAGMA user_version={archive.VERSION}")


@migrations()
def m001_tables(db: sqlite_utils.Database) -> None:
    """The first tables."""
    for statement in FIRST.split(";\n"):
        if statement.strip():
            db.execute(statement)
    db.execute(search_index.CREATE)  # no other table is made anew when its rules change
    db.execute("INSERT INTO meta VALUES ('tokeniser', ?)", [tokens.VERSION])


@migrations()
def m002_decisions(db: sqlite_utils.Database) -> None:
    """What the owner decided."""
    for statement in DECISIONS.split(";\n"):
        db.execute(statement)


@migrations()
def m003_photos(db: sqlite_utils.Database) -> None:
    """What pictures say of themselves; no version filled the table that was there before."""
    db.execute("DROP TABLE photo")
    db.execute(PHOTO)


@migrations()
def m004_order(db: sqlite_utils.Database) -> None:
    """Conversations in the order of time; messages without one in the order in which they came.

    Before, each of those had a lower key than the one before it.
    """
    db.execute("CREATE INDEX message_in_time ON message(conversation, time_key)")
    turned = db.execute(
        "UPDATE message SET time_key = ?1 - 1 - time_key WHERE time_key < ?2",
        [FIRST_TIMELESS + NO_TIME, NO_TIME],
    )
    if turned.rowcount:
        db.execute("UPDATE meta SET value = 0 WHERE key = 'tokeniser'")  # it is by these keys


PHOTO = """CREATE TABLE photo (
    file INTEGER PRIMARY KEY REFERENCES stored_file(id),  -- the picture
    width INTEGER,                   -- pixels, as stored: cameras may turn them when they show it
    height INTEGER,                  -- pixels
    taken_at INTEGER,                -- UTC ms
    camera TEXT,                     -- as the picture says
    latitude REAL,                   -- degrees, south is negative
    longitude REAL,                  -- degrees, west is negative
    hash INTEGER,                    -- 64 bits, alike for copies of a picture; null if too plain
    likeness BLOB,                   -- 16 by 16 points of brightness, by which it is compared
    trouble TEXT NOT NULL,           -- why it could not be read whole, or empty
    reader INTEGER NOT NULL          -- version of what looked; what an older one saw is seen again
) STRICT"""

DECISIONS = """
CREATE TABLE decision (
    entry INTEGER NOT NULL,          -- its entry of the journal
    place INTEGER NOT NULL,          -- its line there, not counting the head
    line TEXT NOT NULL,              -- JSON, as in decisions.jsonl
    PRIMARY KEY (entry, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE message_other_id (
    id_scope INTEGER NOT NULL REFERENCES id_scope(id),  -- with platform_id one more platform key
    platform_id TEXT NOT NULL,       -- the id in another copy of a merged conversation
    message INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
    reply_to TEXT,                   -- what it answers there, an id of the same scope
    PRIMARY KEY (id_scope, platform_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_other_id_message ON message_other_id(message);
CREATE INDEX participant_person ON participant(person) WHERE person IS NOT NULL
"""

FIRST = """
CREATE TABLE meta (
    key TEXT PRIMARY KEY,            -- head_entry, head_sha256, tokeniser, largest_spill, unjoined
    value ANY                        -- newest journal entry in here; what the index needs
) STRICT, WITHOUT ROWID;

CREATE TABLE import (
    id INTEGER PRIMARY KEY,          -- the number of the import; never used again
    import_id TEXT NOT NULL UNIQUE,  -- random, 32 hex digits
    state TEXT NOT NULL,             -- running, complete, undone
    entry INTEGER,                   -- its place in the journal
    name TEXT NOT NULL,              -- what the user gave
    importer TEXT NOT NULL,          -- which importer read it, such as whatsapp-text
    importer_version INTEGER NOT NULL,  -- of the importer, counting from 1
    platform TEXT NOT NULL,          -- such as whatsapp
    told TEXT NOT NULL,              -- JSON: what the owner said about the export
    export_digest TEXT NOT NULL,     -- equal for equal files and equal answers
    touched_others INTEGER NOT NULL DEFAULT 0,  -- 1 if it changed what other imports told
    finished_by INTEGER,             -- the import that completed this unfinished one
    started_at INTEGER NOT NULL,     -- UTC ms
    receipt TEXT                     -- JSON, as in the manifest
) STRICT;

CREATE TABLE pack (
    name TEXT PRIMARY KEY,           -- file name in packs/
    import INTEGER REFERENCES import(id),  -- null for packs of decisions
    entry INTEGER,                   -- the journal entry it holds, if it holds one
    size INTEGER NOT NULL,           -- bytes of the encrypted file
    file_key BLOB NOT NULL,          -- opens the pack even when its header is damaged
    header_size INTEGER NOT NULL,    -- bytes of the age header, line end included
    nonce BLOB NOT NULL              -- the 16 bytes behind the header
) STRICT, WITHOUT ROWID;

CREATE TABLE stored_file (
    id INTEGER PRIMARY KEY,
    content_id TEXT NOT NULL UNIQUE,  -- 64 hex digits
    sha256 TEXT NOT NULL,            -- of the bytes of the file, hex
    size INTEGER NOT NULL,           -- bytes of the file
    pack TEXT NOT NULL REFERENCES pack(name),  -- where the bytes are
    member TEXT NOT NULL,            -- name of the tar member
    offset INTEGER NOT NULL,         -- of the stored bytes in the plain text of the pack
    stored INTEGER NOT NULL,         -- bytes as stored
    codec TEXT NOT NULL              -- '' or 'zst'
) STRICT;

CREATE TABLE source_file (
    id INTEGER PRIMARY KEY,
    import INTEGER NOT NULL REFERENCES import(id),  -- which export it was in
    path TEXT NOT NULL,              -- its name in the export
    raw_path BLOB,                   -- where the name is not UTF-8
    file INTEGER REFERENCES stored_file(id),  -- its bytes, null if not stored
    size INTEGER NOT NULL,           -- bytes
    modified_ms INTEGER,             -- UTC ms, null if not told
    UNIQUE (import, path)
) STRICT;
CREATE INDEX source_file_file ON source_file(file);

CREATE TABLE conversation (
    id INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,          -- such as whatsapp
    key TEXT NOT NULL,               -- the platform's id, or made from the title
    owner TEXT,                      -- whose account, where that tells conversations apart
    title TEXT NOT NULL,             -- one of those in conversation_title, or the owner's own
    kind TEXT NOT NULL,              -- direct, group or channel
    title_is_id INTEGER NOT NULL,    -- 1 if key was made from the title
    UNIQUE (platform, key, owner)
) STRICT;

CREATE TABLE conversation_title (
    conversation INTEGER NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,
    title TEXT NOT NULL,             -- every title that an export told
    kind TEXT NOT NULL,              -- what the same export called it
    PRIMARY KEY (conversation, title, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE person (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL               -- the human behind several participants
) STRICT;

CREATE TABLE participant (
    id INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,          -- such as whatsapp
    key TEXT NOT NULL,               -- the platform's id, or name:...
    conversation INTEGER REFERENCES conversation(id),  -- where a name counts only there
    name TEXT NOT NULL,              -- one of those in participant_name
    is_me INTEGER NOT NULL DEFAULT 0,  -- 1 if an export was made by this one
    person INTEGER REFERENCES person(id)  -- null until somebody says so
) STRICT;
CREATE UNIQUE INDEX participant_key ON participant(platform, key, coalesce(conversation, 0));

CREATE TABLE participant_name (
    participant INTEGER NOT NULL REFERENCES participant(id) ON DELETE CASCADE,
    what TEXT NOT NULL,              -- name, alias, handle, extra
    value TEXT NOT NULL,             -- extra is JSON
    PRIMARY KEY (participant, what, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversation_extra (
    conversation INTEGER NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,
    extra TEXT NOT NULL,             -- JSON
    PRIMARY KEY (conversation, extra)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversation_participant (
    conversation INTEGER NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,
    participant INTEGER NOT NULL REFERENCES participant(id) ON DELETE CASCADE,
    PRIMARY KEY (conversation, participant)
) STRICT, WITHOUT ROWID;

CREATE TABLE id_scope (
    id INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,
    scope TEXT NOT NULL,             -- where ids are unique; empty: on the platform
    UNIQUE (platform, scope)
) STRICT;

CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversation(id),
    minute INTEGER NOT NULL,         -- UTC minutes since 1970; with content_hash the content key
    content_hash INTEGER NOT NULL,   -- of sender, kind, text, files; not for readers
    copy INTEGER NOT NULL,           -- equal messages of one minute are told apart by a number
    time_key INTEGER NOT NULL UNIQUE,  -- sorts by time; message_search has its negative
    id_scope INTEGER REFERENCES id_scope(id),  -- with platform_id the platform key
    platform_id TEXT,                -- the platform's id, null if the export has none
    sender INTEGER REFERENCES participant(id),  -- null where nobody sent it, or nobody is named
    sent_at INTEGER,                 -- UTC ms, null if not told
    utc_offset_minutes INTEGER,      -- of its clock, null if not told
    time_precision TEXT,             -- day, minute, second or millisecond
    time_basis TEXT,                 -- unix, offset, or assumed:ZONE
    sent_as_exported TEXT,           -- the time as the export has it
    place INTEGER NOT NULL,          -- order in the export among messages of one minute
    kind TEXT NOT NULL,              -- text, image, video, ... (docs/records.md)
    text TEXT NOT NULL,              -- as sent, byte for byte
    more_text TEXT,                  -- JSON list: titles of links, quoted text, ...
    reply_to TEXT,                   -- the platform id of the message this answers
    edited_at INTEGER,               -- UTC ms of the last edit that is known
    marks TEXT,                      -- JSON list: edited, deleted, recalled, ...
    UNIQUE (conversation, minute, content_hash, copy)
) STRICT;
CREATE UNIQUE INDEX message_platform_key ON message(id_scope, platform_id)
    WHERE platform_id IS NOT NULL;

CREATE TABLE message_version (
    id INTEGER PRIMARY KEY,
    message INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
    conversation INTEGER NOT NULL,   -- with the two below the content key this text had
    minute INTEGER NOT NULL,
    content_hash INTEGER NOT NULL,
    text TEXT NOT NULL,              -- another text of the message, mostly an earlier one
    at INTEGER,                      -- UTC ms
    UNIQUE (message, minute, content_hash, text)
) STRICT;
CREATE INDEX message_version_key ON message_version(conversation, minute, content_hash);

CREATE TABLE message_import (
    message INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
    import INTEGER NOT NULL REFERENCES import(id),
    transcript INTEGER NOT NULL,     -- the last transcript of that import that told it
    PRIMARY KEY (message, import)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_import_import ON message_import(import, message);

CREATE TABLE extra_dictionary (
    id INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL              -- a zstd dictionary
) STRICT;

CREATE TABLE message_extra (
    message INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
    digest INTEGER NOT NULL,         -- of the plain bytes: equal ones are kept once
    dictionary INTEGER REFERENCES extra_dictionary(id),
    extra BLOB NOT NULL,             -- JSON, compressed with zstd
    PRIMARY KEY (message, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE attachment (
    id INTEGER PRIMARY KEY,
    message INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,        -- its place in the message
    file INTEGER REFERENCES stored_file(id),  -- its bytes, null while none has brought them
    state TEXT NOT NULL,             -- present, or why it is missing (docs/records.md)
    kind TEXT NOT NULL,              -- image, video, voice, audio, sticker, file, ...
    name TEXT NOT NULL,              -- file name, maybe empty
    as_exported TEXT NOT NULL,       -- the reference as the export has it
    type TEXT NOT NULL,              -- media type if the export says, else empty
    size INTEGER,                    -- bytes if the export says
    sha256 TEXT NOT NULL,            -- hex if the export says, else empty
    duration REAL,                   -- seconds
    stable_name INTEGER NOT NULL     -- 1 if the name is the same in every export
) STRICT;
CREATE INDEX attachment_message ON attachment(message, ordinal);
CREATE INDEX attachment_file ON attachment(file) WHERE file IS NOT NULL;
CREATE INDEX attachment_missing ON attachment(state) WHERE file IS NULL;

CREATE TABLE reaction (
    message INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
    emoji TEXT NOT NULL,             -- or the platform's own name for it
    sender TEXT NOT NULL,            -- key of the participant, or empty
    count INTEGER NOT NULL,          -- of people, where they are not named
    at INTEGER,                      -- UTC ms
    extra TEXT NOT NULL,             -- JSON, or empty
    PRIMARY KEY (message, emoji, sender)
) STRICT, WITHOUT ROWID;

CREATE TABLE problem (
    id INTEGER PRIMARY KEY,
    import INTEGER NOT NULL REFERENCES import(id),
    file TEXT NOT NULL,              -- where in the export
    part TEXT NOT NULL,              -- place in that file, or empty
    reason TEXT NOT NULL,            -- never quotes content
    raw TEXT NOT NULL                -- the whole item as exported
) STRICT;
CREATE INDEX problem_import ON problem(import);

CREATE TABLE photo (
    file INTEGER PRIMARY KEY REFERENCES stored_file(id),  -- the picture
    width INTEGER,                   -- pixels
    height INTEGER,                  -- pixels
    taken_at INTEGER,                -- UTC ms
    camera TEXT,                     -- as the picture says
    latitude REAL,                   -- degrees
    longitude REAL                   -- degrees
) STRICT;

CREATE TABLE thumbnail (
    file INTEGER PRIMARY KEY REFERENCES stored_file(id),  -- the picture
    type TEXT NOT NULL,              -- media type
    bytes BLOB NOT NULL              -- the small picture
) STRICT;
"""
