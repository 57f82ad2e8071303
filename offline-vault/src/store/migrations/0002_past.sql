-- What an earlier incarnation had sent, as the backup that this vault was made from knew it.
-- Nothing refers to it, so that older programs can leave it alone.

CREATE TABLE past_outgoing (
    id          INTEGER PRIMARY KEY,
    created_at  INTEGER NOT NULL,
    size_bytes  INTEGER NOT NULL,
    summary     TEXT NOT NULL
) STRICT;

-- Readers by name: the contact may be gone.
CREATE TABLE past_recipient (
    past_id   INTEGER NOT NULL REFERENCES past_outgoing (id) ON DELETE CASCADE,
    nickname  TEXT NOT NULL,
    sequence  INTEGER NOT NULL,
    state     INTEGER NOT NULL,
    state_at  INTEGER NOT NULL,
    PRIMARY KEY (past_id, nickname)
) STRICT, WITHOUT ROWID;
