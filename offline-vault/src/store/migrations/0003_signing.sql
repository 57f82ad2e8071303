-- The signing room. Spec: spec/store.md, "Tables", and spec/signing.md.

CREATE TABLE signing_key (
    -- Numbers are not given again: the signature journal names them.
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL UNIQUE,
    -- What identifies the public half, in the encoding of requests.
    reference   BLOB NOT NULL UNIQUE,
    -- The certificate, the line or the file that others get, so that showing a key touches no
    -- secret.
    public      BLOB NOT NULL,
    -- In the form of its kind, without a passphrase: the database is sealed.
    secret      BLOB NOT NULL,
    comment     TEXT NOT NULL,
    -- OpenPGP: the revocation certificate that was made at birth, or brought by an import.
    revocation  TEXT,
    added_at    INTEGER NOT NULL,
    -- Revoked, or no longer to be used: nothing is signed with it from then on.
    retired_at  INTEGER,
    policy      BLOB NOT NULL
) STRICT;

CREATE TABLE signing_request (
    -- Numbers are not given again: people write them down.
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id    BLOB NOT NULL UNIQUE CHECK (length(request_id) = 16),
    hash          BLOB NOT NULL CHECK (length(hash) = 32),
    -- The signed request and the approvals that came with it.
    parcel        BLOB NOT NULL,
    lane_id       BLOB REFERENCES lane (id) ON DELETE SET NULL,
    -- The sealed content beside the bundles, while it is needed.
    content_file  TEXT UNIQUE,
    taken_at      INTEGER NOT NULL,
    state         INTEGER NOT NULL,
    -- The hash of everything that was shown, once it was shown to its end.
    shown         BLOB CHECK (length(shown) = 32),
    decided_at    INTEGER,
    -- The sealed reply; due on the request's pairing until the other machine has it.
    reply         BLOB,
    delivered     INTEGER NOT NULL DEFAULT 0,
    CHECK ((reply IS NULL) = (decided_at IS NULL))
) STRICT;

-- Append-only; each entry holds the hash of the one before and the vault's signature.
CREATE TABLE signature_journal (
    number  INTEGER PRIMARY KEY,
    entry   BLOB NOT NULL
) STRICT;

CREATE TRIGGER signature_journal_is_append_only_update BEFORE UPDATE ON signature_journal
BEGIN SELECT RAISE(ABORT, 'the signature journal is append-only'); END;

CREATE TRIGGER signature_journal_is_append_only_delete BEFORE DELETE ON signature_journal
BEGIN SELECT RAISE(ABORT, 'the signature journal is append-only'); END;
