-- Trays: frames between a phone and a courier. A version that knows none leaves them alone.

UPDATE relay_schema SET version = 2;

CREATE TABLE trays (
    number     INTEGER PRIMARY KEY,
    courier_id BLOB NOT NULL UNIQUE,
    phone_id   BLOB NOT NULL UNIQUE
) STRICT;

-- `list` is 0 for what a phone left and 1 for what it is to show. Once the reader is done, `taken`
-- is 1 and the frames are gone; the row stays, so that the other side can see it.
CREATE TABLE tray_transfers (
    number         INTEGER PRIMARY KEY,
    tray           INTEGER NOT NULL REFERENCES trays (number),
    list           INTEGER NOT NULL CHECK (list IN (0, 1)),
    transfer_id    BLOB NOT NULL,
    total_bytes    INTEGER NOT NULL,
    frame_count    INTEGER NOT NULL DEFAULT 0,
    frame_bytes    INTEGER NOT NULL DEFAULT 0,
    symbol_count   INTEGER NOT NULL DEFAULT 0,
    wanted_symbols INTEGER NOT NULL DEFAULT 0,
    taken          INTEGER NOT NULL DEFAULT 0 CHECK (taken IN (0, 1)),
    UNIQUE (tray, list, transfer_id, total_bytes)
) STRICT;

-- `place` counts the frames that ever came to a list, from 1.
CREATE TABLE tray_frames (
    transfer INTEGER NOT NULL REFERENCES tray_transfers (number),
    tray     INTEGER NOT NULL,
    list     INTEGER NOT NULL,
    place    INTEGER NOT NULL,
    hash     BLOB NOT NULL,
    frame    BLOB NOT NULL,
    UNIQUE (tray, list, place),
    UNIQUE (transfer, hash)
) STRICT;

-- Which symbols the frames of a transfer bring, to count them once.
CREATE TABLE tray_symbols (
    transfer INTEGER NOT NULL REFERENCES tray_transfers (number),
    block    INTEGER NOT NULL,
    symbol   INTEGER NOT NULL,
    PRIMARY KEY (transfer, block, symbol)
) STRICT, WITHOUT ROWID;

-- How many frames ever came to a list.
CREATE TABLE tray_lists (
    tray  INTEGER NOT NULL REFERENCES trays (number),
    list  INTEGER NOT NULL CHECK (list IN (0, 1)),
    last_place INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tray, list)
) STRICT, WITHOUT ROWID;
