//! Signing requests that came, what was shown of them, and what was said to them.

use crossing::LaneId;
use pack_format::codec::Wire as _;
use pack_format::relay::Signed;
use rusqlite::{Row, params};
use signing_format::approval::Approval;
use signing_format::reply::SealedReply;
use signing_format::request::{
    Request, RequestHash, RequestId, RequestParcel, parcel_wire, request_hash,
};
use zeroize::Zeroizing;

use super::columns::{not_what_was_stored, stored_choice, stored_id, wire};
use super::{Changes, StoreError, Tables};
use crate::clock::UnixTime;

stored_id! {
    /// The number that a person types: `req-3`.
    SigningRequestId
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// Nobody has decided.
    Waiting,
    /// Signed.
    Signed,
    /// Refused by the person.
    Refused,
    /// Approved for another vault, which signs.
    Approved,
    /// A message that was opened here.
    Opened,
}
stored_choice!(RequestState {
    Waiting = 1,
    Signed = 2,
    Refused = 3,
    Approved = 4,
    Opened = 5,
});

/// A request as it is kept.
#[derive(Debug)]
pub struct SigningRequest {
    /// Its number here.
    pub id: SigningRequestId,
    /// The request and the approvals that came with it.
    pub parcel: RequestParcel,
    /// Its hash.
    pub hash: RequestHash,
    /// The pairing that it came by, unless it was removed since.
    pub lane_id: Option<LaneId>,
    /// The file of its sealed content, as long as it is needed.
    pub content_file: Option<String>,
    /// When it came.
    pub taken_at: UnixTime,
    /// How far it is.
    pub state: RequestState,
    /// The hash of everything that was shown, once it was shown to its end.
    pub shown: Option<[u8; 32]>,
    /// When it was decided.
    pub decided_at: Option<UnixTime>,
    /// Whether the reply is with the other machine.
    pub is_delivered: bool,
}

/// A request that has come.
#[derive(Debug)]
pub struct NewSigningRequest<'a> {
    /// The request, verified.
    pub request: &'a Signed<Request>,
    /// The approvals that came with it.
    pub approvals: &'a [Signed<Approval>],
    /// The pairing that it came by.
    pub lane_id: LaneId,
    /// The file of its sealed content.
    pub content_file: Option<&'a str>,
    /// When it came.
    pub taken_at: UnixTime,
}

const SELECT: &str = "SELECT id, parcel, hash, lane_id, content_file, taken_at, state, shown,
     decided_at, delivered FROM signing_request";

fn read(row: &Row<'_>) -> rusqlite::Result<SigningRequest> {
    let lane_id: Option<[u8; 16]> = row.get("lane_id")?;
    let parcel = Zeroizing::new(row.get::<_, Vec<u8>>("parcel")?);
    Ok(SigningRequest {
        id: row.get("id")?,
        parcel: RequestParcel::from_wire(&parcel).map_err(not_what_was_stored)?,
        hash: RequestHash(row.get("hash")?),
        lane_id: lane_id.map(LaneId),
        content_file: row.get("content_file")?,
        taken_at: row.get("taken_at")?,
        state: row.get("state")?,
        shown: row.get("shown")?,
        decided_at: row.get("decided_at")?,
        is_delivered: row.get("delivered")?,
    })
}

impl Tables<'_> {
    /// All requests, in the order in which they came.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn signing_requests(&self) -> Result<Vec<SigningRequest>, StoreError> {
        let select = format!("{SELECT} ORDER BY id");
        self.all("read the signing requests", &select, [], read)
    }

    /// One request.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn signing_request(
        &self,
        id: SigningRequestId,
    ) -> Result<Option<SigningRequest>, StoreError> {
        let select = format!("{SELECT} WHERE id = ?1");
        self.optional("read a signing request", &select, [id], read)
    }

    /// The request with this name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn signing_request_named(
        &self,
        id: RequestId,
    ) -> Result<Option<SigningRequest>, StoreError> {
        let select = format!("{SELECT} WHERE request_id = ?1");
        self.optional("look a signing request up", &select, [id.0], read)
    }

    /// The replies that the other machine of a pairing does not have yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn due_replies(&self, lane: LaneId) -> Result<Vec<SealedReply>, StoreError> {
        let select = "SELECT reply FROM signing_request
             WHERE lane_id = ?1 AND reply IS NOT NULL AND delivered = 0 ORDER BY id";
        self.all("read the replies that are due", select, [lane.0], |row| {
            wire(row, "reply")
        })
    }
}

impl Changes<'_> {
    /// Stores a request that has come.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_signing_request(
        &self,
        new: &NewSigningRequest<'_>,
    ) -> Result<SigningRequestId, StoreError> {
        let parcel = parcel_wire(new.request, new.approvals);
        let insert = "INSERT INTO signing_request
             (request_id, hash, parcel, lane_id, content_file, taken_at, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let values = params![
            new.request.peek_statement().id.0,
            request_hash(new.request).0,
            parcel.as_slice(),
            new.lane_id.0,
            new.content_file,
            new.taken_at,
            RequestState::Waiting,
        ];
        self.insert("store a signing request", insert, values)
            .map(SigningRequestId)
    }

    /// Replaces the approvals that came with a request; it has to be shown again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_request_approvals(
        &self,
        id: SigningRequestId,
        request: &Signed<Request>,
        approvals: &[Signed<Approval>],
        lane_id: LaneId,
    ) -> Result<(), StoreError> {
        let bytes = parcel_wire(request, approvals);
        let update = "UPDATE signing_request SET parcel = ?2, lane_id = ?3, shown = NULL
             WHERE id = ?1";
        let values = params![id, bytes.as_slice(), lane_id.0];
        self.run("note an approval", update, values)?;
        Ok(())
    }

    /// Notes the file of a request's content; `None` once it is not needed any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_content_file(
        &self,
        id: SigningRequestId,
        file: Option<&str>,
    ) -> Result<(), StoreError> {
        let update = "UPDATE signing_request SET content_file = ?2 WHERE id = ?1";
        self.run("note the content of a request", update, params![id, file])?;
        Ok(())
    }

    /// Everything of a request was shown, and this is its hash.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_request_shown(
        &self,
        id: SigningRequestId,
        shown: &[u8; 32],
    ) -> Result<(), StoreError> {
        let update = "UPDATE signing_request SET shown = ?2 WHERE id = ?1";
        self.run("note what was shown", update, params![id, shown])?;
        Ok(())
    }

    /// Decides a request. One that was decided stays as it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn decide_request(
        &self,
        id: SigningRequestId,
        state: RequestState,
        reply: &SealedReply,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let update = "UPDATE signing_request
             SET state = ?2, reply = ?3, decided_at = ?4, delivered = 0
             WHERE id = ?1 AND state = 1";
        let values = params![id, state, reply.to_wire(), now];
        let changed = self.run("note a decision", update, values)?;
        if changed == 1 {
            return Ok(());
        }
        Err(StoreError::Inconsistent {
            found: "a signing request was decided twice".to_owned(),
        })
    }

    /// Forgets a request that was decided or that nobody waits for.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn delete_signing_request(&self, id: SigningRequestId) -> Result<(), StoreError> {
        let delete = "DELETE FROM signing_request WHERE id = ?1";
        self.run("forget a signing request", delete, [id])?;
        Ok(())
    }

    /// The other machine has the reply.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_reply_delivered(&self, lane: LaneId, reply: &[u8]) -> Result<(), StoreError> {
        let update = "UPDATE signing_request SET delivered = 1 WHERE lane_id = ?1 AND reply = ?2";
        self.run("note a delivered reply", update, params![lane.0, reply])?;
        Ok(())
    }

    /// Has the reply go out once more: the desk has asked again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_reply_due(&self, id: SigningRequestId, lane: LaneId) -> Result<(), StoreError> {
        let update = "UPDATE signing_request SET delivered = 0, lane_id = ?2 WHERE id = ?1";
        self.run("send a reply again", update, params![id, lane.0])?;
        Ok(())
    }
}
