"""The tables of archive.db. Migrations are append-only: a released one is never edited."""

import sqlite_utils
import sqlite_utils.db
from sqlite_utils.migrations import Migrations

from chatvault.vault import archive, tokens
from chatvault.vault.archive import Connection

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
    db.execute("INSERT INTO meta VALUES ('tokeniser', ?)", [tokens.VERSION])


FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;

CREATE TABLE import (
    id INTEGER PRIMARY KEY,          -- the number of the import; never used again
    import_id TEXT NOT NULL UNIQUE,  -- random, 32 hex digits
    state TEXT NOT NULL,             -- running, complete, undone
    entry INTEGER,                   -- its place in the journal
    name TEXT NOT NULL,              -- what the user gave
    importer TEXT NOT NULL,
    importer_version INTEGER NOT NULL,
    platform TEXT NOT NULL,
    told TEXT NOT NULL,              -- JSON: what the owner said about the export
    export_digest TEXT NOT NULL,     -- equal for equal files and equal answers
    touched_others INTEGER NOT NULL DEFAULT 0,
    finished_by INTEGER,             -- the import that completed this unfinished one
    started_at INTEGER NOT NULL,     -- UTC ms
    receipt TEXT                     -- JSON
) STRICT;

CREATE TABLE pack (
    name TEXT PRIMARY KEY,           -- file name in packs/
    import INTEGER REFERENCES import(id),
    entry INTEGER,                   -- the journal entry it holds, if it holds one
    size INTEGER NOT NULL,           -- bytes of the encrypted file
    file_key BLOB NOT NULL,          -- opens the pack even when its header is damaged
    header_size INTEGER NOT NULL,
    nonce BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE stored_file (
    id INTEGER PRIMARY KEY,
    content_id TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,           -- bytes of the file
    pack TEXT NOT NULL REFERENCES pack(name),
    member TEXT NOT NULL,
    offset INTEGER NOT NULL,         -- of the stored bytes in the plain text of the pack
    stored INTEGER NOT NULL,         -- bytes as stored
    codec TEXT NOT NULL              -- '' or 'zst'
) STRICT;

CREATE TABLE source_file (
    id INTEGER PRIMARY KEY,
    import INTEGER NOT NULL REFERENCES import(id),
    path TEXT NOT NULL,              -- its name in the export
    raw_path BLOB,                   -- where the name is not UTF-8
    file INTEGER REFERENCES stored_file(id),
    size INTEGER NOT NULL,
    modified_ms INTEGER,
    UNIQUE (import, path)
) STRICT;
CREATE INDEX source_file_file ON source_file(file);

CREATE TABLE conversation (
    id INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,
    key TEXT NOT NULL,               -- the platform's id, or made from the title
    owner TEXT,                      -- whose account, where that tells conversations apart
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    title_is_id INTEGER NOT NULL,
    UNIQUE (platform, key, owner)
) STRICT;

CREATE TABLE conversation_title (
    conversation INTEGER NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (conversation, title, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;

CREATE TABLE participant (
    id INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,
    key TEXT NOT NULL,               -- the platform's id, or name:...
    conversation INTEGER REFERENCES conversation(id),  -- where a name counts only there
    name TEXT NOT NULL,
    is_me INTEGER NOT NULL DEFAULT 0,
    person INTEGER REFERENCES person(id)
) STRICT;
CREATE UNIQUE INDEX participant_key ON participant(platform, key, coalesce(conversation, 0));

CREATE TABLE participant_name (
    participant INTEGER NOT NULL REFERENCES participant(id) ON DELETE CASCADE,
    what TEXT NOT NULL,              -- name, alias, handle, extra
    value TEXT NOT NULL,
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
    scope TEXT NOT NULL,
    UNIQUE (platform, scope)
) STRICT;

CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversation(id),
    minute INTEGER NOT NULL,         -- UTC minutes since 1970; with content_hash the content key
    content_hash INTEGER NOT NULL,
    copy INTEGER NOT NULL,           -- equal messages of one minute are told apart by a number
    time_key INTEGER NOT NULL UNIQUE,  -- the row id in message_search: sorts by time
    id_scope INTEGER REFERENCES id_scope(id),  -- with platform_id the platform key
    platform_id TEXT,
    sender INTEGER REFERENCES participant(id),
    sent_at INTEGER,                 -- UTC ms
    utc_offset_minutes INTEGER,
    time_precision TEXT,
    time_basis TEXT,
    sent_as_exported TEXT,
    place INTEGER NOT NULL,          -- order in the export among messages of one minute
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    more_text TEXT,                  -- JSON list
    reply_to TEXT,                   -- the platform id of the message this answers
    edited_at INTEGER,
    marks TEXT,                      -- JSON list
    UNIQUE (conversation, minute, content_hash, copy)
) STRICT;
CREATE UNIQUE INDEX message_platform_key ON message(id_scope, platform_id)
    WHERE platform_id IS NOT NULL;

CREATE TABLE message_version (
    id INTEGER PRIMARY KEY,
    message INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
    conversation INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    content_hash INTEGER NOT NULL,
    text TEXT NOT NULL,
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

CREATE TABLE extra_dictionary (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

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
    file INTEGER REFERENCES stored_file(id),
    state TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    as_exported TEXT NOT NULL,
    type TEXT NOT NULL,
    size INTEGER,
    sha256 TEXT NOT NULL,
    duration REAL,
    stable_name INTEGER NOT NULL
) STRICT;
CREATE INDEX attachment_message ON attachment(message, ordinal);
CREATE INDEX attachment_file ON attachment(file) WHERE file IS NOT NULL;
CREATE INDEX attachment_missing ON attachment(state) WHERE file IS NULL;

CREATE TABLE reaction (
    message INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
    emoji TEXT NOT NULL,
    sender TEXT NOT NULL,            -- key of the participant, or empty
    count INTEGER NOT NULL,
    at INTEGER,
    extra TEXT NOT NULL,
    PRIMARY KEY (message, emoji, sender)
) STRICT, WITHOUT ROWID;

CREATE TABLE problem (
    id INTEGER PRIMARY KEY,
    import INTEGER NOT NULL REFERENCES import(id),
    file TEXT NOT NULL,
    part TEXT NOT NULL,
    reason TEXT NOT NULL,
    raw TEXT NOT NULL
) STRICT;
CREATE INDEX problem_import ON problem(import);

CREATE TABLE photo (
    file INTEGER PRIMARY KEY REFERENCES stored_file(id),
    width INTEGER,
    height INTEGER,
    taken_at INTEGER,
    camera TEXT,
    latitude REAL,
    longitude REAL
) STRICT;

CREATE TABLE thumbnail (
    file INTEGER PRIMARY KEY REFERENCES stored_file(id),
    type TEXT NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

CREATE VIRTUAL TABLE message_search USING fts5(
    text, scope, content='', contentless_delete=1, detail=full, tokenize='ascii', prefix='1'
)
"""
