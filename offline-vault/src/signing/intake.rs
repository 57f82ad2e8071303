//! Taking in signing requests: what a crossing brought, checked before it is kept.

use std::collections::BTreeMap;

use crossing::LaneId;
use pack_format::codec::Wire as _;
use pack_format::item::Item;
use pack_format::relay::{ContentId, Signed};
use signing_format::approval::Approval;
use signing_format::limits::APPROVALS_MAX;
use signing_format::request::RequestParcel;

use crate::clock::UnixTime;
use crate::limits::REQUESTS_WAITING_MAX;
use crate::store::{
    Changes, LaneKind, NewSigningRequest, RequestState, SigningRequest, SigningRequestId,
    StoreError,
};

/// A request that a crossing brought.
pub(crate) struct Arrival {
    lane: LaneId,
    /// `None` when it cannot be read or the desk's signature does not verify.
    parcel: Option<RequestParcel>,
}

/// What became of the requests of one crossing.
#[derive(Debug, Default)]
pub(crate) struct TakenIn {
    /// Requests that wait for the person now.
    pub(crate) requests: Vec<SigningRequestId>,
    /// Why others are not kept, for the person.
    pub(crate) refused: Vec<String>,
    /// The names of the files of contents that are needed from now on.
    pub(crate) kept_files: Vec<String>,
    /// Files that were replaced.
    pub(crate) freed_files: Vec<String>,
}

impl Arrival {
    /// The requests among the items that came.
    pub(crate) fn among(items: &[(LaneId, Item)]) -> Vec<Self> {
        let request = |(lane, item): &(LaneId, Item)| match item {
            Item::Request(bytes) => Some(Self {
                lane: *lane,
                parcel: RequestParcel::from_wire(bytes.expose())
                    .ok()
                    .filter(|parcel| parcel.verify().is_ok()),
            }),
            _ => None,
        };
        items.iter().filter_map(request).collect()
    }

    /// The content that crosses beside it: no bundle, although it came as one.
    pub(crate) fn content_id(&self) -> Option<ContentId> {
        let request = self.parcel.as_ref()?.request.peek_statement();
        request.subject.content().map(|content| content.content_id)
    }
}

/// Keeps what can be kept. `contents` are the files that came, by their content's name.
pub(crate) fn take_in(
    changes: &Changes<'_>,
    arrivals: &[Arrival],
    contents: &BTreeMap<ContentId, String>,
    now: UnixTime,
) -> Result<TakenIn, StoreError> {
    let mut taken = TakenIn::default();
    for arrival in arrivals {
        let from = changes.lane(arrival.lane)?;
        let name = from
            .as_ref()
            .map_or_else(String::new, |lane| lane.name.to_string());
        let is_courier = from.is_some_and(|lane| lane.kind == LaneKind::Courier);
        let reason = match (&arrival.parcel, is_courier) {
            (None, _) => Some("it cannot be read, or the desk's signature does not verify"),
            (Some(_), false) => Some("only the courier of a desk may ask for signatures"),
            (Some(parcel), true) => keep(changes, arrival.lane, parcel, contents, now, &mut taken)?,
        };
        if let Some(reason) = reason {
            let text = format!("A signing request by way of {name} was refused: {reason}.");
            changes.note(now, &text)?;
            taken.refused.push(text);
        }
    }
    Ok(taken)
}

/// Keeps one request; says why where it cannot be kept.
fn keep(
    changes: &Changes<'_>,
    lane: LaneId,
    parcel: &RequestParcel,
    contents: &BTreeMap<ContentId, String>,
    now: UnixTime,
    taken: &mut TakenIn,
) -> Result<Option<&'static str>, StoreError> {
    let request = parcel.request.peek_statement();
    let content = request.subject.content();
    let file = content.and_then(|content| contents.get(&content.content_id));
    if let Some(known) = changes.signing_request_named(request.id)? {
        return again(changes, &known, lane, parcel, file, taken);
    }
    if content.is_some() && file.is_none() {
        return Ok(Some("what it is about did not come with it"));
    }
    if changes.waiting_requests()? >= REQUESTS_WAITING_MAX {
        return Ok(Some("too many requests wait already; decide some of them"));
    }
    let id = changes.insert_signing_request(&NewSigningRequest {
        parcel,
        lane_id: lane,
        content_file: file.map(String::as_str),
        taken_at: now,
    })?;
    taken.kept_files.extend(file.cloned());
    taken.requests.push(id);
    Ok(None)
}

/// A request with this name is here: the same one once more, or with another approval, or one that
/// only says that it is the same.
fn again(
    changes: &Changes<'_>,
    known: &SigningRequest,
    lane: LaneId,
    parcel: &RequestParcel,
    file: Option<&String>,
    taken: &mut TakenIn,
) -> Result<Option<&'static str>, StoreError> {
    if known.hash != parcel.hash() {
        return Ok(Some(
            "another request with its name is here already, and they differ: do not trust this desk \
             before you know why",
        ));
    }
    if known.state != RequestState::Waiting {
        changes.set_reply_due(known.id, lane)?;
        return Ok(None);
    }
    if let Some(fresh) = file {
        // The copy that is here may be damaged; the new one has the right hash.
        changes.set_content_file(known.id, Some(fresh))?;
        taken.kept_files.push(fresh.clone());
        taken.freed_files.extend(known.content_file.clone());
    }
    let approvals = merged(&known.parcel.approvals, &parcel.approvals);
    if approvals.len() > known.parcel.approvals.len() {
        changes.set_request_approvals(known.id, &parcel.request, &approvals, lane)?;
        taken.requests.push(known.id);
    }
    Ok(None)
}

/// The approvals of both, each approver once, in the order of requests. The first that came stays.
fn merged(known: &[Signed<Approval>], fresh: &[Signed<Approval>]) -> Vec<Signed<Approval>> {
    let by_approver = |it: &Signed<Approval>| (it.peek_statement().approver, it.clone());
    let all: BTreeMap<_, _> = fresh.iter().chain(known).map(by_approver).collect();
    all.into_values()
        .take(usize::try_from(APPROVALS_MAX).unwrap_or(0))
        .collect()
}
