-- The whole index. Mailboxes are numbered here so that no key is repeated in another table.

CREATE TABLE relay_schema (
    version     INTEGER NOT NULL,
    readable_by INTEGER NOT NULL
) STRICT;
INSERT INTO relay_schema (version, readable_by) VALUES (1, 1);

-- What `serve` was last started with, for `invite` and `status`.
CREATE TABLE settings (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    url         TEXT,
    quota_bytes INTEGER
) STRICT;
INSERT INTO settings (only_row) VALUES (1);

CREATE TABLE mailboxes (
    number        INTEGER PRIMARY KEY,
    send_key      BLOB NOT NULL UNIQUE,
    fetch_id      BLOB NOT NULL UNIQUE,
    ack_key       BLOB NOT NULL UNIQUE,
    next_sequence INTEGER NOT NULL DEFAULT 1
) STRICT;

-- `mailbox` is NULL until the code is used.
CREATE TABLE invitations (
    code_hash BLOB PRIMARY KEY,
    mailbox   INTEGER REFERENCES mailboxes (number)
) STRICT, WITHOUT ROWID;

-- `file` is NULL once the owner has acknowledged the bundle; an upload of it after that takes the
-- row over under the next sequence number.
CREATE TABLE bundles (
    mailbox    INTEGER NOT NULL REFERENCES mailboxes (number),
    sequence   INTEGER NOT NULL,
    content_id BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    file       TEXT UNIQUE,
    PRIMARY KEY (mailbox, sequence),
    UNIQUE (mailbox, content_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX bundles_waiting ON bundles (mailbox, sequence) WHERE file IS NOT NULL;

-- Uploads that are not complete. At least `durable_bytes` of `file` survive a power cut.
CREATE TABLE uploads (
    mailbox       INTEGER NOT NULL REFERENCES mailboxes (number),
    content_id    BLOB NOT NULL,
    size_bytes    INTEGER NOT NULL,
    durable_bytes INTEGER NOT NULL,
    file          TEXT NOT NULL UNIQUE,
    PRIMARY KEY (mailbox, content_id)
) STRICT, WITHOUT ROWID;

-- Files that nothing refers to any more. A file leaves the disk only after its name is in here,
-- so that a file the index does not know is never ours to delete.
CREATE TABLE removals (
    file TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
