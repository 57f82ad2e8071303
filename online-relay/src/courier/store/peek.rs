//! How far a request is, for a program that waits for it beside the one that uses the courier.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use signing_format::request::RequestId;

use super::desk_requests::{RequestState, state_of};
use super::{StoreError, index_path};

/// The state of a request and what became of it, read without the courier's lock: only what other
/// processes have made durable is seen, and nothing is changed.
pub(crate) fn peek_request(
    dir: &Path,
    id: RequestId,
) -> Result<(RequestState, String), StoreError> {
    let doing = "looking at a request";
    let failed = StoreError::index(doing);
    // Readers of a log write to it as well, to say that they are there.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let index = Connection::open_with_flags(index_path(dir), flags).map_err(failed)?;
    index.busy_timeout(super::schema::BUSY).map_err(failed)?;
    let select = "SELECT state, note FROM desk_requests WHERE id = ?1";
    let row = index
        .query_row(select, [id.0], |row| {
            Ok((state_of(row), row.get::<_, String>("note")?))
        })
        .optional()
        .map_err(failed)?;
    let (state, note) = row.ok_or(StoreError::IndexDamaged {
        what: "a request in use is gone",
    })?;
    Ok((state.map_err(|err| err.while_doing(doing))?, note))
}
