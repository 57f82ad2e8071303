-- Spaces. Spec: spec/store.md, "Tables", and spec/team.md.

CREATE TABLE space (
    id            INTEGER PRIMARY KEY,
    space_id      BLOB NOT NULL UNIQUE CHECK (length(space_id) = 32),
    -- What the person calls it here.
    name          TEXT NOT NULL UNIQUE,
    state         INTEGER NOT NULL,
    -- This vault's device in the space: made for it and for this life of the vault.
    device        BLOB NOT NULL UNIQUE CHECK (length(device) = 32),
    device_seed   BLOB NOT NULL CHECK (length(device_seed) = 32),
    -- Raised with every have-summary that is signed.
    have_counter  INTEGER NOT NULL DEFAULT 0,
    joined_at     INTEGER NOT NULL
) STRICT;

-- The private halves of this device's prekeys.
CREATE TABLE space_prekey (
    space_id  INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    number    INTEGER NOT NULL,
    seed      BLOB NOT NULL CHECK (length(seed) = 32),
    made_at   INTEGER NOT NULL,
    PRIMARY KEY (space_id, number)
) STRICT, WITHOUT ROWID;

-- Every device of which something is known in a space.
CREATE TABLE space_device (
    id           INTEGER PRIMARY KEY,
    space_id     INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    device       BLOB NOT NULL CHECK (length(device) = 32),
    -- An operation makes it a device of the space, whether it had the right to or not.
    named        INTEGER NOT NULL DEFAULT 0,
    -- Its newest segment, and how far the author of that one had seen the other devices.
    tip_number   INTEGER NOT NULL DEFAULT 0,
    tip          BLOB CHECK (length(tip) = 32),
    seen         BLOB,
    -- The first number of which there are two segments.
    forked_from  INTEGER,
    UNIQUE (space_id, device)
) STRICT;

-- With which own segment a device saw another one up to a number for the first time.
CREATE TABLE space_step (
    device_id     INTEGER NOT NULL REFERENCES space_device (id) ON DELETE CASCADE,
    -- Also of `space_device`; a space goes with all of its devices.
    other_id      INTEGER NOT NULL,
    other_number  INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    PRIMARY KEY (device_id, other_id, other_number, number)
) STRICT, WITHOUT ROWID;

-- What is short stands before what is long: nothing long is read for the sake of a flag.
CREATE TABLE space_segment (
    id            INTEGER PRIMARY KEY,
    space_id      INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    device_id     INTEGER NOT NULL REFERENCES space_device (id) ON DELETE CASCADE,
    number        INTEGER NOT NULL,
    -- 1 control, 2 content.
    kind          INTEGER NOT NULL,
    -- 0 not opened yet (no key), 1 in effect (also every control segment), 2 held, 3 destroyed,
    -- 4 unreadable, 5 its payload has not come.
    standing      INTEGER NOT NULL,
    -- Larger than that of every segment in its past, and the same in every vault.
    order_number  INTEGER NOT NULL,
    claimed_at    INTEGER NOT NULL,
    taken_at      INTEGER NOT NULL,
    hash          BLOB NOT NULL CHECK (length(hash) = 32),
    epoch         BLOB CHECK (length(epoch) = 32),
    -- How far its author had seen the other devices: kept now and then, and where a device forked.
    seen          BLOB,
    -- Control segments: how they hang together with others.
    links         BLOB,
    header        BLOB NOT NULL,
    -- As carried; none when it was destroyed or has not come.
    payload       BLOB,
    UNIQUE (space_id, hash)
) STRICT;

CREATE INDEX space_segment_place ON space_segment (device_id, number);
CREATE INDEX space_segment_control ON space_segment (space_id) WHERE kind = 1;
CREATE INDEX space_segment_control_place ON space_segment (device_id, number) WHERE kind = 1;
CREATE INDEX space_segment_standing ON space_segment (space_id, standing, epoch)
    WHERE standing <> 1;

-- From which own segment on a device had seen which control segments.
CREATE TABLE space_view (
    device_id    INTEGER NOT NULL REFERENCES space_device (id) ON DELETE CASCADE,
    from_number  INTEGER NOT NULL,
    control      BLOB NOT NULL CHECK (length(control) = 32),
    PRIMARY KEY (device_id, from_number, control)
) STRICT, WITHOUT ROWID;

-- Segments that follow others which have not come.
CREATE TABLE space_pending (
    id          INTEGER PRIMARY KEY,
    space_id    INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    hash        BLOB NOT NULL CHECK (length(hash) = 32),
    -- The device that passed it on.
    source      BLOB NOT NULL CHECK (length(source) = 32),
    -- Of header and payload together.
    size_bytes  INTEGER NOT NULL,
    taken_at    INTEGER NOT NULL,
    header      BLOB NOT NULL,
    payload     BLOB,
    UNIQUE (space_id, hash)
) STRICT;

CREATE INDEX space_pending_size ON space_pending (space_id, source, size_bytes);

-- Two segments of one number: the proof is kept and passed on. Of several of one device the one
-- with the lowest number is.
CREATE TABLE space_fork (
    space_id  INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    device    BLOB NOT NULL CHECK (length(device) = 32),
    number    INTEGER NOT NULL,
    proof     BLOB NOT NULL,
    found_at  INTEGER NOT NULL,
    PRIMARY KEY (space_id, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE space_epoch_key (
    space_id  INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    epoch     BLOB NOT NULL CHECK (length(epoch) = 32),
    key       BLOB NOT NULL CHECK (length(key) = 32),
    -- Content is here that opens with it.
    used      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (space_id, epoch)
) STRICT, WITHOUT ROWID;

-- The newest have-summary of each device.
CREATE TABLE space_have (
    space_id     INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    device       BLOB NOT NULL CHECK (length(device) = 32),
    counter      INTEGER NOT NULL,
    have         BLOB NOT NULL,
    received_at  INTEGER NOT NULL,
    PRIMARY KEY (space_id, device)
) STRICT, WITHOUT ROWID;

-- The devices that bundles are sealed for.
CREATE TABLE space_peer (
    id             INTEGER PRIMARY KEY,
    space_id       INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    device         BLOB NOT NULL CHECK (length(device) = 32),
    -- The contact whose paired vault it is, where this vault knows it. Never leaves the vault.
    contact_id     INTEGER REFERENCES contact (id) ON DELETE SET NULL,
    next_sequence  INTEGER NOT NULL DEFAULT 1,
    -- What was sent with the latest bundles.
    sent           BLOB NOT NULL,
    UNIQUE (space_id, device)
) STRICT;

CREATE TABLE space_chain (
    id         INTEGER PRIMARY KEY,
    peer_id    INTEGER NOT NULL REFERENCES space_peer (id) ON DELETE CASCADE,
    direction  INTEGER NOT NULL,
    -- The bundle whose slot brought the chain into being.
    born_of    BLOB NOT NULL CHECK (length(born_of) = 32),
    state      BLOB NOT NULL,
    confirmed  INTEGER NOT NULL DEFAULT 0,
    UNIQUE (peer_id, direction, born_of)
) STRICT;

-- Bundles for a device of a space. They are sealed at a crossing, and are freed when the device
-- has said that it has what they hold, or when a later bundle holds it.
CREATE TABLE space_outgoing (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    peer_id     INTEGER NOT NULL REFERENCES space_peer (id) ON DELETE CASCADE,
    content_id  BLOB NOT NULL UNIQUE CHECK (length(content_id) = 32),
    file        TEXT NOT NULL UNIQUE,
    size_bytes  INTEGER NOT NULL,
    sequence    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    -- What the device has once it has taken this in.
    holds       BLOB NOT NULL,
    -- What was sent before: a bundle that never left is sealed again, with what is new since.
    sent_before BLOB NOT NULL,
    -- For the couriers: the right to put it into each of the device's mailboxes.
    tickets     BLOB NOT NULL,
    state       INTEGER NOT NULL,
    state_at    INTEGER NOT NULL,
    freed       INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The last bundle taken in from each device of a space, so that its chain can be confirmed.
CREATE TABLE space_taken (
    peer_id     INTEGER NOT NULL REFERENCES space_peer (id) ON DELETE CASCADE,
    content_id  BLOB NOT NULL CHECK (length(content_id) = 32),
    sequence    INTEGER NOT NULL,
    taken_at    INTEGER NOT NULL,
    PRIMARY KEY (peer_id, sequence, content_id)
) STRICT, WITHOUT ROWID;

-- What was written, operation by operation.
CREATE TABLE space_operation (
    item_row    INTEGER NOT NULL REFERENCES space_item (id) ON DELETE CASCADE,
    segment_id  INTEGER NOT NULL REFERENCES space_segment (id) ON DELETE CASCADE,
    place       INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    in_effect   INTEGER NOT NULL,
    -- None once it was destroyed.
    body        BLOB,
    PRIMARY KEY (item_row, segment_id, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX space_operation_segment ON space_operation (segment_id);

CREATE TABLE space_item (
    id           INTEGER PRIMARY KEY,
    space_id     INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    compartment  BLOB NOT NULL CHECK (length(compartment) = 16),
    item         BLOB NOT NULL CHECK (length(item) = 16),
    -- The word for it; empty while no operation that makes it is in effect.
    kind         TEXT NOT NULL,
    updated_at   INTEGER NOT NULL,
    -- Bits: 1 conflict, 2 open proposal, 4 deleted, 8 unread, 16 late work waits.
    flags        INTEGER NOT NULL,
    title        TEXT NOT NULL,
    -- The folder of a file, the thread of a message, the schema of a record.
    place        TEXT NOT NULL,
    -- Two compartments share no item: nobody takes a name away by using it in another one first.
    UNIQUE (space_id, item, compartment)
) STRICT;

CREATE INDEX space_item_list ON space_item (space_id, kind, updated_at) WHERE flags & 4 = 0;
CREATE INDEX space_item_place ON space_item (space_id, kind, place, updated_at)
    WHERE flags & 4 = 0;
-- Most items are in the compartment of the whole space: those are found by the index above.
CREATE INDEX space_item_compartment ON space_item (space_id, compartment, kind, updated_at)
    WHERE flags & 4 = 0 AND compartment <> x'00000000000000000000000000000000';
CREATE INDEX space_item_conflict ON space_item (space_id, kind, updated_at) WHERE flags & 1;
CREATE INDEX space_item_proposal ON space_item (space_id, kind, updated_at) WHERE flags & 2;
CREATE INDEX space_item_deleted ON space_item (space_id, kind, updated_at) WHERE flags & 4;
CREATE INDEX space_item_unread ON space_item (space_id, kind, updated_at) WHERE flags & 8;
CREATE INDEX space_item_late ON space_item (space_id, kind, updated_at) WHERE flags & 16;

-- A note's document as of the operations in effect.
CREATE TABLE space_item_cache (
    item_row  INTEGER PRIMARY KEY REFERENCES space_item (id) ON DELETE CASCADE,
    cache     BLOB NOT NULL
) STRICT;

CREATE TABLE space_chunk (
    space_id    INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    chunk       BLOB NOT NULL CHECK (length(chunk) = 32),
    size_bytes  INTEGER NOT NULL,
    -- The file in `bundles/`; none while it has not come.
    file        TEXT,
    PRIMARY KEY (space_id, chunk)
) STRICT, WITHOUT ROWID;

CREATE INDEX space_chunk_missing ON space_chunk (space_id) WHERE file IS NULL;

-- How a chunk that is put into a compartment again is found. It never leaves the vault.
CREATE TABLE space_plain_chunk (
    space_id     INTEGER NOT NULL,
    compartment  BLOB NOT NULL CHECK (length(compartment) = 16),
    plain        BLOB NOT NULL CHECK (length(plain) = 32),
    chunk        BLOB NOT NULL,
    key          BLOB NOT NULL CHECK (length(key) = 32),
    PRIMARY KEY (space_id, compartment, plain),
    FOREIGN KEY (space_id, chunk) REFERENCES space_chunk (space_id, chunk) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX space_plain_chunk_name ON space_plain_chunk (space_id, chunk);

-- Which segment names a chunk.
CREATE TABLE space_chunk_use (
    space_id    INTEGER NOT NULL,
    chunk       BLOB NOT NULL,
    segment_id  INTEGER NOT NULL REFERENCES space_segment (id) ON DELETE CASCADE,
    PRIMARY KEY (space_id, chunk, segment_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX space_chunk_use_segment ON space_chunk_use (segment_id);

-- Invitations that this vault gave, and those it was given.
CREATE TABLE space_invitation (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    -- 1 given, 2 received.
    direction   INTEGER NOT NULL,
    space_id    BLOB NOT NULL CHECK (length(space_id) = 32),
    contact_id  INTEGER REFERENCES contact (id) ON DELETE SET NULL,
    secret      BLOB NOT NULL CHECK (length(secret) = 32),
    invitation  BLOB NOT NULL,
    -- 1 open, 2 used, 3 withdrawn or declined.
    state       INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    UNIQUE (direction, secret)
) STRICT;

-- A mailbox that serves one space only is not on the card.
ALTER TABLE mailbox ADD COLUMN space_id INTEGER REFERENCES space (id) ON DELETE CASCADE;

-- Only the mailboxes of a space are told that its bundles may be forgotten.
ALTER TABLE seen ADD COLUMN space_id INTEGER REFERENCES space (id) ON DELETE CASCADE;
