-- The whole index of a courier. Lanes and relays are numbered here so that no id is repeated in
-- another table.

CREATE TABLE courier_schema (
    version     INTEGER NOT NULL,
    readable_by INTEGER NOT NULL
) STRICT;
INSERT INTO courier_schema (version, readable_by) VALUES (1, 1);

-- The servers that this courier may talk to.
CREATE TABLE servers (
    url TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- The relays that vaults have named. `outcome` is how the last visit ended: 'done', the code of
-- an error, or NULL before the first.
CREATE TABLE relays (
    number  INTEGER PRIMARY KEY,
    url     TEXT NOT NULL,
    key     BLOB NOT NULL,
    outcome TEXT,
    UNIQUE (url, key)
) STRICT;

-- The pairings with vaults. `state` holds every key of the pairing.
CREATE TABLE lanes (
    number INTEGER PRIMARY KEY,
    id     BLOB NOT NULL UNIQUE,
    name   TEXT NOT NULL UNIQUE,
    state  BLOB NOT NULL
) STRICT;

-- The bundles that lie in blobs/, each once, whoever wants it.
CREATE TABLE bundles (
    content_id BLOB PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    file       TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

-- The bundles that a vault has given to this courier and that its tickets still need.
CREATE TABLE from_vaults (
    content_id BLOB NOT NULL REFERENCES bundles (content_id) ON DELETE CASCADE,
    lane       INTEGER NOT NULL REFERENCES lanes (number) ON DELETE CASCADE,
    PRIMARY KEY (content_id, lane)
) STRICT, WITHOUT ROWID;
CREATE INDEX from_vaults_of_lane ON from_vaults (lane);

-- `receipt` is NULL until the relay has stored the bundle; the row goes when the vault has the
-- receipt.
CREATE TABLE tickets (
    number     INTEGER PRIMARY KEY,
    lane       INTEGER NOT NULL REFERENCES lanes (number) ON DELETE CASCADE,
    relay      INTEGER NOT NULL REFERENCES relays (number),
    content_id BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    ticket     BLOB NOT NULL,
    receipt    BLOB,
    UNIQUE (lane, ticket)
) STRICT;
CREATE INDEX tickets_of_bundle ON tickets (lane, content_id);
CREATE INDEX tickets_of_relay ON tickets (relay, number) WHERE receipt IS NULL;

-- The vaults' own mailboxes. `opening`: 0 nothing to do, 1 wanted, 2 refused by the relay.
-- `token` is NULL until the vault has handed it over.
CREATE TABLE mailboxes (
    number    INTEGER PRIMARY KEY,
    lane      INTEGER NOT NULL REFERENCES lanes (number) ON DELETE CASCADE,
    relay     INTEGER NOT NULL REFERENCES relays (number),
    fetch_id  BLOB NOT NULL,
    token     BLOB,
    statement BLOB,
    opening   INTEGER NOT NULL DEFAULT 0,
    UNIQUE (lane, fetch_id)
) STRICT;

-- What the relay has listed. `state`: 0 wanted, 1 here, 2 receipted by the vault. A receipted row
-- stays as long as the relay lists the bundle, so that it is not fetched again. `file` is a
-- partial download in incoming/, of which `durable_bytes` survive a power cut. `arrival` is the
-- order in which bundles are handed to the vault.
CREATE TABLE listed (
    number        INTEGER PRIMARY KEY,
    mailbox       INTEGER NOT NULL REFERENCES mailboxes (number) ON DELETE CASCADE,
    content_id    BLOB NOT NULL,
    sequence      INTEGER NOT NULL,
    size_bytes    INTEGER NOT NULL,
    state         INTEGER NOT NULL DEFAULT 0,
    file          TEXT UNIQUE,
    durable_bytes INTEGER NOT NULL DEFAULT 0,
    arrival       INTEGER,
    UNIQUE (mailbox, content_id)
) STRICT;
CREATE INDEX listed_of_bundle ON listed (content_id) WHERE state = 1;
CREATE INDEX listed_by_arrival ON listed (arrival) WHERE state = 1;

-- Acknowledgements that the relay has not heard yet.
CREATE TABLE acknowledgements (
    number    INTEGER PRIMARY KEY,
    lane      INTEGER NOT NULL REFERENCES lanes (number) ON DELETE CASCADE,
    relay     INTEGER NOT NULL REFERENCES relays (number),
    statement BLOB NOT NULL,
    UNIQUE (lane, statement)
) STRICT;

-- What a vault should hear. `slot` is '' for the last trouble with each relay and bundle (zeros for
-- no single one), which goes when the trouble does; `told` is 1 once the vault has receipted it, and
-- the row stays, so that the same trouble is not told again. What was given up for good has its code
-- as `slot`, and goes when it was told.
CREATE TABLE reports (
    number     INTEGER PRIMARY KEY,
    lane       INTEGER NOT NULL REFERENCES lanes (number) ON DELETE CASCADE,
    relay      INTEGER NOT NULL REFERENCES relays (number),
    content_id BLOB NOT NULL,
    slot       TEXT NOT NULL,
    code       TEXT NOT NULL,
    text       TEXT NOT NULL,
    told       INTEGER NOT NULL DEFAULT 0,
    UNIQUE (lane, relay, content_id, slot)
) STRICT;
