-- The desk: what this machine asks vaults to sign.

UPDATE courier_schema SET version = 2, readable_by = 2;

-- The desk's own key, which signs its requests; made when it is first needed.
CREATE TABLE desk_identity (
    number INTEGER PRIMARY KEY CHECK (number = 1),
    seed   BLOB NOT NULL
) STRICT;

-- The public halves of signing keys, as they were given.
CREATE TABLE desk_keys (
    name      TEXT PRIMARY KEY,
    reference BLOB NOT NULL,
    public    BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Requests. `request` is signed and holds the keys of its content and of its reply; it is NULL once
-- nothing can come of it any more. `task` says what to do with the reply. `state`: 0 waiting,
-- 1 replied, 2 done, 3 refused, 4 failed, 5 cancelled, 6 expired; `note` says how it ended. `result`
-- is a signature for a program that waits for it. The content lies in blobs/ while `state` is below
-- 2.
CREATE TABLE desk_requests (
    number           INTEGER PRIMARY KEY,
    id               BLOB NOT NULL UNIQUE,
    request          BLOB,
    task             BLOB NOT NULL,
    about            TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    content_id       BLOB,
    content_bytes    INTEGER,
    approvals_needed INTEGER NOT NULL,
    state            INTEGER NOT NULL DEFAULT 0,
    note             TEXT NOT NULL DEFAULT '',
    result           BLOB
) STRICT;
CREATE INDEX desk_requests_of_content ON desk_requests (content_id) WHERE state < 2;

-- The vaults that a request goes to. `role`: 0 approves, 1 signs. `told` is 1 once the vault has
-- receipted the request with all its approvals, `content_told` once it has the content. `reply` is
-- the sealed reply until it is used; `reply_hash` knows it again.
CREATE TABLE desk_vaults (
    request      INTEGER NOT NULL REFERENCES desk_requests (number) ON DELETE CASCADE,
    lane         INTEGER NOT NULL REFERENCES lanes (number) ON DELETE CASCADE,
    role         INTEGER NOT NULL,
    told         INTEGER NOT NULL DEFAULT 0,
    content_told INTEGER NOT NULL DEFAULT 0,
    reply        BLOB,
    reply_hash   BLOB,
    PRIMARY KEY (request, lane)
) STRICT, WITHOUT ROWID;
CREATE INDEX desk_vaults_of_lane ON desk_vaults (lane);

-- Approvals that have come for a request, each checked to be for it.
CREATE TABLE desk_approvals (
    request  INTEGER NOT NULL REFERENCES desk_requests (number) ON DELETE CASCADE,
    approver BLOB NOT NULL,
    approval BLOB NOT NULL,
    PRIMARY KEY (request, approver)
) STRICT, WITHOUT ROWID;
