//! The desk's requests, from their making until what came of them was told.

use std::io::{self, Read};

use pack_format::codec::Wire as _;
use pack_format::relay::{ContentId, Signed};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use signing_format::request::{Request, RequestId};
use zeroize::Zeroizing;

use super::files::Place;
use super::{Change, LaneNumber, ReadError, Store, StoreError, all, size, to_sql, wire};

/// Names a request inside the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestNumber(pub(super) i64);

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// It waits for a vault.
    Waiting,
    /// A reply is here and was not used yet.
    Replied,
    /// What was asked for was done.
    Done,
    /// A vault's owner refused it.
    Refused,
    /// The reply could not be used.
    Failed,
    /// It was withdrawn here.
    Cancelled,
    /// Its time is over.
    Expired,
}

impl RequestState {
    /// One word for a list and for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Replied => "replied",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Whether nothing can come of it any more.
    #[must_use]
    pub fn has_ended(self) -> bool {
        !matches!(self, Self::Waiting | Self::Replied)
    }

    fn to_sql(self) -> i64 {
        match self {
            Self::Waiting => 0,
            Self::Replied => 1,
            Self::Done => 2,
            Self::Refused => 3,
            Self::Failed => 4,
            Self::Cancelled => 5,
            Self::Expired => 6,
        }
    }
}

/// The state of a row.
pub(super) fn state_of(row: &Row<'_>) -> Result<RequestState, ReadError> {
    let all = [
        RequestState::Waiting,
        RequestState::Replied,
        RequestState::Done,
        RequestState::Refused,
        RequestState::Failed,
        RequestState::Cancelled,
        RequestState::Expired,
    ];
    let found = row.get::<_, i64>("state")?;
    all.into_iter()
        .find(|state| state.to_sql() == found)
        .ok_or(ReadError::Damaged("a request is in no known state"))
}

/// A request that is to be stored.
pub(crate) struct NewRequest<'a> {
    pub(crate) request: &'a Signed<Request>,
    pub(crate) task: &'a [u8],
    /// What is asked for, in lines for a person.
    pub(crate) about: &'a str,
    pub(crate) content: Option<(ContentId, u64)>,
    pub(crate) approvals_needed: u32,
}

/// A request without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredRequest {
    pub(crate) number: RequestNumber,
    pub(crate) id: RequestId,
    pub(crate) about: String,
    pub(crate) created_at: u64,
    pub(crate) expires_at: u64,
    pub(crate) approvals_needed: u32,
    pub(crate) state: RequestState,
    pub(crate) note: String,
    /// Whether the content that it has to send was lost from this machine's disk.
    pub(crate) content_lost: bool,
}

/// The parts of a request that are there until it ends.
pub(crate) struct OpenRequest {
    pub(crate) signed: Signed<Request>,
    pub(crate) task: Vec<u8>,
}

impl Store {
    /// All requests, oldest first.
    pub(crate) fn desk_requests(&self) -> Result<Vec<StoredRequest>, StoreError> {
        let select = format!("{SELECT} ORDER BY number");
        all(&self.index(), READING, &select, [], stored)
    }

    /// The request with this id.
    pub(crate) fn desk_request(&self, id: RequestId) -> Result<Option<StoredRequest>, StoreError> {
        desk_request(&self.index(), id)
    }

    /// The secrets of a request that has not ended.
    pub(crate) fn open_request(
        &self,
        number: RequestNumber,
    ) -> Result<Option<OpenRequest>, StoreError> {
        open_request(&self.index(), number)
    }

    /// The signature that a program waits for, once it is there.
    pub(crate) fn request_result(&self, id: RequestId) -> Result<Option<Vec<u8>>, StoreError> {
        let select = "SELECT result FROM desk_requests WHERE id = ?1";
        self.index()
            .query_row(select, [id.0], |row| row.get("result"))
            .optional()
            .map(Option::flatten)
            .map_err(StoreError::index(READING))
    }
}

impl Change<'_> {
    /// Writes sealed content of exactly `size_bytes` beside the bundles. Only a request that is
    /// stored in the same change keeps it.
    pub(crate) fn put_content(
        &mut self,
        size_bytes: u64,
        body: &mut dyn Read,
    ) -> io::Result<ContentId> {
        let written = self.files.write(size_bytes, body)?;
        self.pending.fresh.push(written.name.clone());
        let content_id = written.content_id;
        // An import may bring what is here already.
        if !self.put_bundle(&written).map_err(StoreError::into_io)? {
            self.pending.fresh.pop();
            self.files
                .remove(Place::Blobs, &written.name)
                .map_err(StoreError::into_io)?;
        }
        Ok(content_id)
    }

    /// Stores a request; `None` where it is known already.
    pub(crate) fn put_request(
        &mut self,
        new: &NewRequest<'_>,
    ) -> Result<Option<RequestNumber>, StoreError> {
        let insert = "INSERT INTO desk_requests (id, request, task, about, created_at, expires_at,
                 content_id, content_bytes, approvals_needed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO NOTHING";
        let request = new.request.peek_statement();
        let bytes = Zeroizing::new(new.request.to_wire());
        let values = params![
            request.id.0,
            bytes.as_slice(),
            new.task,
            new.about,
            to_sql(request.created_at),
            to_sql(request.expires_at),
            new.content.map(|(content_id, _)| content_id.0),
            new.content.map(|(_, size_bytes)| to_sql(size_bytes)),
            new.approvals_needed,
        ];
        let count = self
            .index
            .execute(insert, values)
            .map_err(StoreError::index("storing a request"))?;
        Ok((count == 1).then(|| RequestNumber(self.index.last_insert_rowid())))
    }

    /// The request with this id.
    pub(crate) fn desk_request(&self, id: RequestId) -> Result<Option<StoredRequest>, StoreError> {
        desk_request(self.index, id)
    }

    /// The secrets of a request that has not ended.
    pub(crate) fn open_request(
        &self,
        number: RequestNumber,
    ) -> Result<Option<OpenRequest>, StoreError> {
        open_request(self.index, number)
    }

    /// A reply is here that can be used.
    pub(crate) fn mark_replied(&mut self, number: RequestNumber) -> Result<(), StoreError> {
        let update = "UPDATE desk_requests SET state = 1 WHERE number = ?1 AND state = 0";
        self.index
            .execute(update, [number.0])
            .map(drop)
            .map_err(StoreError::index("noting a reply"))
    }

    /// Says why a reply is here and was not used yet.
    pub(crate) fn note_request(
        &mut self,
        number: RequestNumber,
        note: &str,
    ) -> Result<(), StoreError> {
        let update = "UPDATE desk_requests SET note = ?2 WHERE number = ?1";
        self.index
            .execute(update, params![number.0, note])
            .map(drop)
            .map_err(StoreError::index("noting what became of a request"))
    }

    /// Ends a request: its keys, its content and its sealed replies go.
    pub(crate) fn end_request(
        &mut self,
        number: RequestNumber,
        state: RequestState,
        note: &str,
        result: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        let failed = StoreError::index("ending a request");
        let update = "UPDATE desk_requests SET state = ?2, note = ?3, result = ?4, request = NULL
             WHERE number = ?1 RETURNING content_id";
        let values = params![number.0, state.to_sql(), note, result];
        let content_id = self
            .index
            .query_row(update, values, |row| {
                row.get::<_, Option<[u8; 32]>>("content_id")
            })
            .map_err(failed)?;
        let replies = "UPDATE desk_vaults SET reply = NULL WHERE request = ?1";
        self.index.execute(replies, [number.0]).map_err(failed)?;
        match content_id {
            Some(content_id) => self.drop_if_unneeded(&ContentId(content_id)),
            None => Ok(()),
        }
    }

    /// Takes the signature that a program has waited for.
    pub(crate) fn clear_result(&mut self, id: RequestId) -> Result<(), StoreError> {
        self.index
            .execute(
                "UPDATE desk_requests SET result = NULL WHERE id = ?1",
                [id.0],
            )
            .map(drop)
            .map_err(StoreError::index("noting what became of a request"))
    }

    /// Ends what nobody has replied to in time, and gives their ids.
    pub(crate) fn expire_requests(&mut self, now: u64) -> Result<Vec<RequestId>, StoreError> {
        let select = "SELECT number, id FROM desk_requests WHERE state = 0 AND expires_at <= ?1";
        let over = all(self.index, READING, select, [to_sql(now)], |row| {
            Ok((RequestNumber(row.get("number")?), RequestId(row.get("id")?)))
        })?;
        let mut ids = Vec::new();
        for (number, id) in over {
            self.end_request(number, RequestState::Expired, "", None)?;
            ids.push(id);
        }
        Ok(ids)
    }

    /// The vault of this pairing has the content of every request that it is in.
    pub(super) fn content_told(
        &mut self,
        lane: LaneNumber,
        content_id: &ContentId,
    ) -> Result<(), StoreError> {
        let update = "UPDATE desk_vaults SET content_told = 1 WHERE lane = ?1
             AND request IN (SELECT number FROM desk_requests WHERE content_id = ?2)";
        self.index
            .execute(update, params![lane.0, content_id.0])
            .map(drop)
            .map_err(StoreError::index("noting delivered content"))
    }
}

fn desk_request(index: &Connection, id: RequestId) -> Result<Option<StoredRequest>, StoreError> {
    let select = format!("{SELECT} WHERE id = ?1");
    Ok(all(index, READING, &select, [id.0], stored)?
        .into_iter()
        .next())
}

fn open_request(
    index: &Connection,
    number: RequestNumber,
) -> Result<Option<OpenRequest>, StoreError> {
    let select = "SELECT request, task FROM desk_requests
         WHERE number = ?1 AND request IS NOT NULL";
    let found = all(index, READING, select, [number.0], |row| {
        Ok(OpenRequest {
            signed: wire(row, "request")?,
            task: row.get("task")?,
        })
    })?;
    Ok(found.into_iter().next())
}

fn stored(row: &Row<'_>) -> Result<StoredRequest, ReadError> {
    Ok(StoredRequest {
        number: RequestNumber(row.get("number")?),
        id: RequestId(row.get("id")?),
        about: row.get("about")?,
        created_at: size(row, "created_at")?,
        expires_at: size(row, "expires_at")?,
        approvals_needed: row.get("approvals_needed")?,
        state: state_of(row)?,
        note: row.get("note")?,
        content_lost: row.get("content_lost")?,
    })
}

const SELECT: &str = "SELECT number, id, about, created_at, expires_at, approvals_needed, state,
        note, state < 2 AND content_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM bundles
            WHERE bundles.content_id = desk_requests.content_id) AS content_lost
    FROM desk_requests";
const READING: &str = "reading the requests";
