//! Taking in signing requests: what a crossing brought, checked before it is kept.

use std::collections::BTreeMap;

use crossing::LaneId;
use pack_format::codec::Wire as _;
use pack_format::item::Item;
use pack_format::relay::{ContentId, PublicKey, Signed};
use signing_format::approval::Approval;
use signing_format::limits::{APPROVALS_MAX, CONTENT_BYTES_MAX};
use signing_format::request::RequestParcel;
use signing_format::subject::Subject;

use super::requests::{GIT_BYTES_MAX, OPENPGP_BYTES_MAX};
use crate::clock::UnixTime;
use crate::limits::{REQUEST_CONTENTS_BYTES_MAX, REQUESTS_WAITING_MAX};
use crate::store::{
    Changes, Contact, LaneKind, NewSigningRequest, RequestState, SigningRequest, SigningRequestId,
    StoreError, Tables,
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
    if !contents.is_empty() {
        complete(changes, contents, &mut taken)?;
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
    if file.is_some_and(|file| taken.kept_files.contains(file)) {
        return Ok(Some("its content is that of another request"));
    }
    if content.is_some_and(|content| content.plain_bytes > content_limit(&request.subject)) {
        return Ok(Some("its content is larger than what can be shown"));
    }
    let waiting = Waiting::of(changes)?;
    if waiting.count >= REQUESTS_WAITING_MAX {
        return Ok(Some("too many requests wait already; decide some of them"));
    }
    let new_bytes = content.map_or(0, |content| content.plain_bytes);
    if waiting.content_bytes.saturating_add(new_bytes) > REQUEST_CONTENTS_BYTES_MAX {
        return Ok(Some(
            "the requests that wait take too much room; decide some of them",
        ));
    }
    let approvals = merged(changes, &[], &parcel.approvals)?;
    let id = changes.insert_signing_request(&NewSigningRequest {
        request: &parcel.request,
        approvals: &approvals,
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
    // The copy that is here may be damaged; the new one has the right hash. The same request twice
    // in one pack brings one file.
    if let Some(fresh) = file.filter(|fresh| !taken.kept_files.contains(fresh)) {
        changes.set_content_file(known.id, Some(fresh))?;
        taken.kept_files.push(fresh.clone());
        taken.freed_files.extend(known.content_file.clone());
    }
    let approvals = merged(changes, &known.parcel.approvals, &parcel.approvals)?;
    let is_new = approvals != known.parcel.approvals;
    if is_new || known.lane_id != Some(lane) {
        changes.set_request_approvals(known.id, &parcel.request, &approvals, lane)?;
        taken.requests.push(known.id);
    }
    Ok(None)
}

/// Contents that came after their requests find them.
fn complete(
    changes: &Changes<'_>,
    contents: &BTreeMap<ContentId, String>,
    taken: &mut TakenIn,
) -> Result<(), StoreError> {
    for stored in changes.signing_requests()? {
        let file = wanted_content(&stored).and_then(|id| contents.get(&id));
        if let Some(file) = file.filter(|file| !taken.kept_files.contains(file)) {
            changes.set_content_file(stored.id, Some(file))?;
            taken.kept_files.push(file.clone());
            taken.requests.push(stored.id);
        }
    }
    Ok(())
}

/// The content that a request still waits for.
fn wanted_content(stored: &SigningRequest) -> Option<ContentId> {
    let is_wanted = stored.state == RequestState::Waiting && stored.content_file.is_none();
    let request = stored.parcel.request.peek_statement();
    let content = request.subject.content().filter(|_| is_wanted);
    content.map(|content| content.content_id)
}

/// The contents that waiting requests still wait for.
pub(crate) fn wanted_contents(tables: &Tables<'_>) -> Result<Vec<ContentId>, StoreError> {
    let stored = tables.signing_requests()?;
    Ok(stored.iter().filter_map(wanted_content).collect())
}

/// What waits for the person already.
#[derive(Default)]
struct Waiting {
    count: u32,
    /// How much room the contents take, together.
    content_bytes: u64,
}

impl Waiting {
    fn of(tables: &Tables<'_>) -> Result<Self, StoreError> {
        let mut waiting = Self::default();
        for stored in tables.signing_requests()? {
            if stored.state != RequestState::Waiting {
                continue;
            }
            let content = stored.parcel.request.peek_statement().subject.content();
            let bytes = content.map_or(0, |content| content.plain_bytes);
            waiting.count = waiting.count.saturating_add(1);
            waiting.content_bytes = waiting.content_bytes.saturating_add(bytes);
        }
        Ok(waiting)
    }
}

/// The largest content that the review of such a request takes.
fn content_limit(subject: &Subject) -> u64 {
    match subject {
        Subject::File(_) => CONTENT_BYTES_MAX,
        Subject::Git(_) => GIT_BYTES_MAX,
        _ => OPENPGP_BYTES_MAX,
    }
}

/// The approvals of both that verify, each approver once, in the order of requests. Where there
/// are too many, those of contacts go first: nobody fills the places with invented approvers.
fn merged(
    tables: &Tables<'_>,
    known: &[Signed<Approval>],
    fresh: &[Signed<Approval>],
) -> Result<Vec<Signed<Approval>>, StoreError> {
    let contacts = tables.contacts()?;
    let of_contact = |approver: &PublicKey| {
        let is_theirs = |contact: &Contact| contact.card.identity().0 == approver.0;
        contacts.iter().any(is_theirs)
    };
    let good = fresh.iter().chain(known).filter(|it| it.verify().is_ok());
    let by_approver = good.map(|it| (it.peek_statement().approver, it.clone()));
    let mut all: Vec<_> = by_approver
        .collect::<BTreeMap<_, _>>()
        .into_iter()
        .collect();
    all.sort_by_key(|(approver, _)| (!of_contact(approver), *approver));
    all.truncate(usize::try_from(APPROVALS_MAX).unwrap_or(0));
    all.sort_by_key(|(approver, _)| *approver);
    Ok(all.into_iter().map(|(_, approval)| approval).collect())
}
