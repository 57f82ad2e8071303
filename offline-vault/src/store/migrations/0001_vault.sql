-- Spec: spec/store.md, "Tables". Times are seconds since 1970 as this machine's clock had them.

CREATE TABLE meta (
    id                  INTEGER PRIMARY KEY CHECK (id = 1),
    vault_seed          BLOB NOT NULL CHECK (length(vault_seed) = 32),
    -- Raised and committed before a number is used, so that none is ever used twice.
    rng_counter         INTEGER NOT NULL,
    identity_seed       BLOB NOT NULL CHECK (length(identity_seed) = 32),
    own_name            TEXT NOT NULL,
    incarnation         INTEGER NOT NULL,
    decapsulation_seed  BLOB NOT NULL CHECK (length(decapsulation_seed) = 32),
    card_serial         INTEGER NOT NULL,
    clock_floor         INTEGER NOT NULL
) STRICT;

CREATE TABLE contact (
    id             INTEGER PRIMARY KEY,
    nickname       TEXT NOT NULL UNIQUE,
    identity       BLOB NOT NULL UNIQUE CHECK (length(identity) = 32),
    card           BLOB NOT NULL,
    added_at       INTEGER NOT NULL,
    verified_at    INTEGER,
    verified_how   TEXT,
    next_sequence  INTEGER NOT NULL DEFAULT 1,
    -- The serial of this vault's own card that the contact was last given in a bundle.
    card_given     INTEGER NOT NULL DEFAULT 0,
    CHECK ((verified_at IS NULL) = (verified_how IS NULL))
) STRICT;

CREATE TABLE contact_chain (
    id          INTEGER PRIMARY KEY,
    contact_id  INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
    direction   INTEGER NOT NULL,
    -- The bundle whose slot brought the chain into being.
    born_of     BLOB NOT NULL CHECK (length(born_of) = 32),
    state       BLOB NOT NULL,
    confirmed   INTEGER NOT NULL DEFAULT 0,
    UNIQUE (contact_id, direction, born_of)
) STRICT;

-- What must outlive the removal of a contact: numbers are never used twice for one person, and
-- what they seal on a chain that they know can still be opened when they are added again.
CREATE TABLE removed_contact (
    identity       BLOB PRIMARY KEY CHECK (length(identity) = 32),
    next_sequence  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE removed_chain (
    identity  BLOB NOT NULL CHECK (length(identity) = 32),
    born_of   BLOB NOT NULL CHECK (length(born_of) = 32),
    state     BLOB NOT NULL,
    PRIMARY KEY (identity, born_of)
) STRICT, WITHOUT ROWID;

CREATE TABLE lane (
    id          BLOB PRIMARY KEY CHECK (length(id) = 16),
    kind        INTEGER NOT NULL,
    name        TEXT NOT NULL UNIQUE,
    contact_id  INTEGER REFERENCES contact (id) ON DELETE SET NULL,
    paired_at   INTEGER NOT NULL,
    state       BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE mailbox (
    id           INTEGER PRIMARY KEY,
    relay        BLOB NOT NULL,
    send_seed    BLOB NOT NULL CHECK (length(send_seed) = 32),
    fetch_token  BLOB NOT NULL CHECK (length(fetch_token) = 32),
    ack_seed     BLOB NOT NULL CHECK (length(ack_seed) = 32),
    code         BLOB NOT NULL CHECK (length(code) = 16),
    opened       INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE outgoing (
    -- Numbers are not given again: people write them down.
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Known once the bundle is sealed.
    content_id  BLOB UNIQUE CHECK (length(content_id) = 32),
    file        TEXT NOT NULL UNIQUE,
    size_bytes  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    summary     TEXT NOT NULL,
    bundle_key  BLOB NOT NULL CHECK (length(bundle_key) = 32),
    slots       BLOB NOT NULL CHECK (length(slots) = 2),
    freed       INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE outgoing_recipient (
    outgoing_id  INTEGER NOT NULL REFERENCES outgoing (id) ON DELETE CASCADE,
    contact_id   INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
    sequence     INTEGER NOT NULL,
    slot         INTEGER NOT NULL,
    state        INTEGER NOT NULL,
    state_at     INTEGER NOT NULL,
    resend       INTEGER NOT NULL DEFAULT 0,
    -- The reader has a new incarnation since, which has not the keys for this bundle.
    stranded     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (outgoing_id, contact_id)
) STRICT, WITHOUT ROWID;

-- Receipts are not counted and have the number 0.
CREATE UNIQUE INDEX outgoing_recipient_sequence
    ON outgoing_recipient (contact_id, sequence) WHERE sequence > 0;

CREATE TABLE incoming (
    id               INTEGER PRIMARY KEY,
    content_id       BLOB NOT NULL UNIQUE CHECK (length(content_id) = 32),
    file             TEXT NOT NULL UNIQUE,
    size_bytes       INTEGER NOT NULL,
    bundle_key       BLOB NOT NULL CHECK (length(bundle_key) = 32),
    slots            BLOB NOT NULL CHECK (length(slots) = 2),
    -- The root of the chain that its slot began, while its sender is not a contact.
    chain_root       BLOB CHECK (length(chain_root) = 32),
    receipted        INTEGER NOT NULL DEFAULT 0,
    sender_identity  BLOB NOT NULL CHECK (length(sender_identity) = 32),
    contact_id       INTEGER REFERENCES contact (id) ON DELETE SET NULL,
    incarnation      INTEGER NOT NULL,
    sequence         INTEGER NOT NULL,
    -- As the sender's clock had it: a claim.
    created_at       INTEGER NOT NULL,
    taken_at         INTEGER NOT NULL,
    read_at          INTEGER,
    saved_at         INTEGER,
    summary          TEXT NOT NULL,
    damaged          INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX incoming_sender ON incoming (sender_identity, incarnation, sequence);

-- Bundles that were taken in or refused before: another copy of one changes nothing.
CREATE TABLE seen (
    content_id  BLOB PRIMARY KEY CHECK (length(content_id) = 32),
    taken_at    INTEGER NOT NULL,
    refused     TEXT,
    -- The relays were told, by way of a courier, that they may forget it.
    acknowledged  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Items that the other machine of a pairing has receipted, by the hash of the item.
CREATE TABLE lane_item (
    lane_id  BLOB NOT NULL REFERENCES lane (id) ON DELETE CASCADE,
    item     BLOB NOT NULL CHECK (length(item) = 32),
    PRIMARY KEY (lane_id, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
    id    INTEGER PRIMARY KEY,
    at    INTEGER NOT NULL,
    text  TEXT NOT NULL
) STRICT;
