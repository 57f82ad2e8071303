//! Which vaults a request goes to, and what each of them has said.

use pack_format::codec::Wire as _;
use pack_format::pack::PlannedItem;
use pack_format::relay::{ContentId, Signed};
use rusqlite::{Connection, params};
use signing_format::approval::Approval;
use signing_format::reply::SealedReply;
use signing_format::request::{RequestId, RequestParcel};

use super::desk_requests::RequestNumber;
use super::reports::DUE_MAX;
use super::{Change, LaneNumber, Store, StoreError, all, size, wire};

/// What a vault is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// To approve, before another one signs.
    Approves,
    /// To sign.
    Signs,
}

impl Role {
    fn to_sql(self) -> i64 {
        match self {
            Self::Approves => 0,
            Self::Signs => 1,
        }
    }
}

/// One vault of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredVault {
    /// The pairing's name.
    pub(crate) name: String,
    pub(crate) lane: LaneNumber,
    pub(crate) role: Role,
    /// The vault has receipted the request.
    pub(crate) told: bool,
    /// BLAKE3 of the sealed reply that has come.
    pub(crate) reply_hash: Option<[u8; 32]>,
}

impl Store {
    /// The vaults of a request, approvers first.
    pub(crate) fn request_vaults(
        &self,
        number: RequestNumber,
    ) -> Result<Vec<StoredVault>, StoreError> {
        request_vaults(&self.index(), number)
    }

    /// The approvals of a request, by approver.
    pub(crate) fn approvals(
        &self,
        number: RequestNumber,
    ) -> Result<Vec<Signed<Approval>>, StoreError> {
        approvals(&self.index(), number)
    }

    /// The sealed replies of a request that were not used yet.
    pub(crate) fn replies(&self, number: RequestNumber) -> Result<Vec<SealedReply>, StoreError> {
        let select = "SELECT reply FROM desk_vaults WHERE request = ?1 AND reply IS NOT NULL
             ORDER BY role DESC";
        all(&self.index(), READING, select, [number.0], |row| {
            wire(row, "reply")
        })
    }

    /// The requests that a vault has not receipted, with the approvals that have come.
    pub(crate) fn due_requests(&self, lane: LaneNumber) -> Result<Vec<RequestParcel>, StoreError> {
        let select = format!(
            "SELECT number, desk_requests.request AS request {DUE} AND told = 0
             ORDER BY number LIMIT ?2"
        );
        let index = self.index();
        let rows = all(&index, READING, &select, params![lane.0, DUE_MAX], |row| {
            Ok((RequestNumber(row.get("number")?), wire(row, "request")?))
        })?;
        rows.into_iter()
            .map(|(number, request)| {
                let approvals = approvals(&index, number)?;
                Ok(RequestParcel { request, approvals })
            })
            .collect()
    }

    /// The content of requests that a vault has not receipted.
    pub(crate) fn due_contents(&self, lane: LaneNumber) -> Result<Vec<PlannedItem>, StoreError> {
        let select = format!(
            "SELECT content_id, content_bytes {DUE} AND content_told = 0
             AND content_id IS NOT NULL ORDER BY number LIMIT ?2"
        );
        all(
            &self.index(),
            READING,
            &select,
            params![lane.0, DUE_MAX],
            |row| {
                Ok(PlannedItem::Bundle {
                    content_id: ContentId(row.get("content_id")?),
                    size_bytes: size(row, "content_bytes")?,
                })
            },
        )
    }
}

impl Change<'_> {
    /// Sends a request to a vault as well.
    pub(crate) fn add_vault(
        &mut self,
        number: RequestNumber,
        lane: LaneNumber,
        role: Role,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO desk_vaults (request, lane, role) VALUES (?1, ?2, ?3)";
        self.index
            .execute(insert, params![number.0, lane.0, role.to_sql()])
            .map(drop)
            .map_err(StoreError::index("storing a request"))
    }

    /// The vaults of a request, approvers first.
    pub(crate) fn request_vaults(
        &self,
        number: RequestNumber,
    ) -> Result<Vec<StoredVault>, StoreError> {
        request_vaults(self.index, number)
    }

    /// Keeps a sealed reply, until it is used; `None` only remembers that it has come.
    pub(crate) fn keep_reply(
        &mut self,
        number: RequestNumber,
        lane: LaneNumber,
        hash: &[u8; 32],
        reply: Option<&SealedReply>,
    ) -> Result<(), StoreError> {
        let update = "UPDATE desk_vaults SET reply = ?3, reply_hash = ?4
             WHERE request = ?1 AND lane = ?2";
        let reply = reply.map(SealedReply::to_wire);
        self.index
            .execute(update, params![number.0, lane.0, reply, hash])
            .map(drop)
            .map_err(StoreError::index("storing a reply"))
    }

    /// Adds an approval, whose signature was checked; false where its approver has given one
    /// before. The vault that signs has to hear of it.
    pub(crate) fn put_approval(
        &mut self,
        number: RequestNumber,
        approval: &Signed<Approval>,
    ) -> Result<bool, StoreError> {
        let failed = StoreError::index("storing an approval");
        let insert = "INSERT INTO desk_approvals (request, approver, approval) VALUES (?1, ?2, ?3)
             ON CONFLICT (request, approver) DO NOTHING";
        let approver = approval.peek_statement().approver.0;
        let values = params![number.0, approver, approval.to_wire()];
        let count = self.index.execute(insert, values).map_err(failed)?;
        let update = "UPDATE desk_vaults SET told = 0 WHERE request = ?1 AND role = 1";
        if count == 1 {
            self.index.execute(update, [number.0]).map_err(failed)?;
        }
        Ok(count == 1)
    }

    /// A vault has receipted a request. Where it is not the request with all its approvals as it is
    /// now, it still has to hear of the rest.
    pub(crate) fn request_told(
        &mut self,
        lane: LaneNumber,
        id: RequestId,
        approval_count: usize,
    ) -> Result<(), StoreError> {
        let update = "UPDATE desk_vaults SET told = 1 WHERE lane = ?1
             AND request = (SELECT number FROM desk_requests WHERE id = ?2)
             AND (role = 0 OR ?3 >= (SELECT count(*) FROM desk_approvals
                 WHERE desk_approvals.request = desk_vaults.request))";
        let count = i64::try_from(approval_count).unwrap_or(i64::MAX);
        self.index
            .execute(update, params![lane.0, id.0, count])
            .map(drop)
            .map_err(StoreError::index("noting a delivered request"))
    }
}

fn request_vaults(
    index: &Connection,
    number: RequestNumber,
) -> Result<Vec<StoredVault>, StoreError> {
    let select = "SELECT lanes.name AS name, lane, role, told, reply_hash FROM desk_vaults
         JOIN lanes ON lanes.number = desk_vaults.lane
         WHERE request = ?1 ORDER BY role, lane";
    all(index, READING, select, [number.0], |row| {
        Ok(StoredVault {
            name: row.get("name")?,
            lane: LaneNumber(row.get("lane")?),
            role: match row.get::<_, i64>("role")? {
                0 => Role::Approves,
                _ => Role::Signs,
            },
            told: row.get("told")?,
            reply_hash: row.get("reply_hash")?,
        })
    })
}

fn approvals(
    index: &Connection,
    number: RequestNumber,
) -> Result<Vec<Signed<Approval>>, StoreError> {
    let select = "SELECT approval FROM desk_approvals WHERE request = ?1 ORDER BY approver";
    all(index, READING, select, [number.0], |row| {
        wire(row, "approval")
    })
}

/// What is due to the vault `?1`: requests that wait for it, whose content is here, and for the
/// vault that signs only those that have their approvals.
const DUE: &str = "FROM desk_vaults JOIN desk_requests ON number = desk_vaults.request
    WHERE lane = ?1 AND state = 0 AND reply_hash IS NULL AND desk_requests.request IS NOT NULL
    AND (content_id IS NULL OR content_id IN (SELECT content_id FROM bundles))
    AND (role = 0 OR approvals_needed <= (SELECT count(*) FROM desk_approvals
        WHERE desk_approvals.request = number))";
const READING: &str = "reading the requests";
