//! Requests and approvals as files, for a vault that approves at another place and is paired with
//! another courier there.
//!
//! The request's file holds the keys that open its content and its replies: it is as private as
//! what is to be signed.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use pack_format::chunked::ReadAt;
use pack_format::codec::Wire as _;
use pack_format::relay::Signed;
use pack_format::shown::Shown;
use signing_format::approval::Approval;
use signing_format::limits::APPROVALS_MAX;
use signing_format::request::{RequestId, RequestParcel, request_hash};
use zeroize::Zeroizing;

use super::Desk;
use super::error::DeskError;
use super::input;
use super::limits::{COPY_BYTES, PARCEL_BYTES_MAX};
use super::output;
use super::task::Task;
use crate::courier::is_approval_of;
use crate::courier::store::{NewRequest, Role};

impl Desk<'_> {
    /// Writes a request with its content to a file that only its owner can read.
    ///
    /// # Errors
    /// [`DeskError::RequestUnknown`], [`DeskError::RequestEnded`], [`DeskError::File`],
    /// [`DeskError::ContentGone`], [`DeskError::Store`].
    pub fn export(&self, id: &str, to: &Path) -> Result<RequestId, DeskError> {
        let request = self.request(id)?;
        let open = self.courier.store.open_request(request.number)?;
        let open = open.ok_or(DeskError::RequestEnded {
            id: request.id,
            state: request.state,
        })?;
        let parcel = RequestParcel {
            request: open.signed,
            approvals: self.courier.store.approvals(request.number)?,
        };
        let wire = Zeroizing::new(parcel.to_wire());
        let failed = DeskError::file("writing the request", to);
        let len = u32::try_from(wire.len()).unwrap_or(u32::MAX).to_be_bytes();
        output::write_with(to, output::PRIVATE, false, |file| {
            let head = file.write_all(MAGIC);
            let head = head.and_then(|()| file.write_all(&len));
            head.and_then(|()| file.write_all(&wire)).map_err(&failed)?;
            let Some(content) = parcel.request.peek_statement().subject.content() else {
                return Ok(());
            };
            let blob = self.courier.store.open_bundle(&content.content_id);
            copy(&blob.map_err(DeskError::ContentGone)?, file).map_err(&failed)
        })?;
        Ok(request.id)
    }

    /// Takes in a request of another desk, for one of the vaults here to approve.
    ///
    /// # Errors
    /// [`DeskError::BadParcel`], [`DeskError::RequestKnown`], [`DeskError::File`], and those of a
    /// name that is no pairing's.
    pub fn import(&mut self, from: &Path, vault: &str) -> Result<RequestId, DeskError> {
        let lane = self.lane(vault)?;
        let failed = input::failed("reading the request", from);
        let mut file = input::open(from).map_err(&failed)?;
        let parcel = read_parcel(&mut file)?;
        let hash = request_hash(&parcel.request);
        let request = parcel.request.verify().map_err(|_| DeskError::BadParcel)?;
        if request.expires_at <= self.now {
            return Err(DeskError::Overdue { id: request.id });
        }
        let name = Shown(&request.requester).to_string();
        let about = format!(
            "Approve a request of another desk\nAsked by: {name}\nKey: {}\nReason: {}\n",
            request.key,
            Shown(&request.reason)
        );
        let id = request.id;
        let content = request.subject.content();
        let content = content.map(|it| (it.content_id, it.sealed_bytes()));
        let mut take = || {
            let mut change = self.courier.store.begin()?;
            if let Some((content_id, sealed_bytes)) = content {
                let put = change.put_content(sealed_bytes, &mut file);
                let put = put.map_err(|err| match err.kind() {
                    io::ErrorKind::UnexpectedEof => DeskError::BadParcel,
                    _ => DeskError::Seal(err),
                })?;
                if put != content_id {
                    return Err(DeskError::BadParcel);
                }
            }
            if file.read(&mut [0]).map_err(&failed)? != 0 {
                return Err(DeskError::BadParcel);
            }
            let number = change.put_request(&NewRequest {
                request: &parcel.request,
                task: &Task::Guest.to_wire(),
                about: &about,
                content,
                approvals_needed: 0,
            })?;
            let number = number.ok_or(DeskError::RequestKnown { id })?;
            for approval in parcel
                .approvals
                .iter()
                .filter(|it| is_approval_of(it, &hash))
            {
                change.put_approval(number, approval)?;
            }
            change.add_vault(number, lane, Role::Approves)?;
            Ok(())
        };
        match take() {
            Ok(()) => self.courier.store.commit()?,
            Err(err) => {
                self.courier.store.rollback();
                return Err(err);
            }
        }
        Ok(id)
    }

    /// Writes the approvals that have come for a request to a file. They are no secret.
    ///
    /// # Errors
    /// [`DeskError::NoApproval`], [`DeskError::RequestUnknown`], [`DeskError::File`],
    /// [`DeskError::Store`].
    pub fn export_approvals(&self, id: &str, to: &Path) -> Result<usize, DeskError> {
        let request = self.request(id)?;
        let approvals = self.courier.store.approvals(request.number)?;
        if approvals.is_empty() {
            return Err(DeskError::NoApproval { id: request.id });
        }
        let each = approvals.iter().map(Signed::to_header);
        let mut lines = vec![format!("{APPROVALS_LINE} {}", request.id)];
        lines.extend(each);
        let text = lines.join("\n") + "\n";
        output::write(to, text.as_bytes(), output::PRIVATE, false)?;
        Ok(approvals.len())
    }

    /// Adds the approvals of a file to the request that they are for. Gives how many are new.
    ///
    /// # Errors
    /// [`DeskError::BadApprovals`], [`DeskError::RequestUnknown`], [`DeskError::RequestEnded`],
    /// [`DeskError::File`], [`DeskError::Store`].
    pub fn approve_with(&mut self, from: &Path) -> Result<(RequestId, usize), DeskError> {
        let mut text = String::new();
        input::open(from)
            .and_then(|file| file.take(PARCEL_BYTES_MAX).read_to_string(&mut text))
            .map_err(input::failed("reading the approvals", from))?;
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let id = first.strip_prefix(APPROVALS_LINE).map(str::trim);
        let id = id
            .and_then(|id| id.parse().ok())
            .ok_or(DeskError::BadApprovals)?;
        let request = self.request_with(id)?;
        let open = self.courier.store.open_request(request.number)?;
        let open = open.ok_or(DeskError::RequestEnded {
            id,
            state: request.state,
        })?;
        let hash = request_hash(&open.signed);
        let limit = usize::try_from(APPROVALS_MAX).unwrap_or(usize::MAX);
        let mut approvals = self.courier.store.approvals(request.number)?;
        let before = approvals.len();
        for line in lines {
            let approval: Signed<Approval> =
                Signed::from_header(line.trim()).map_err(|_| DeskError::BadApprovals)?;
            if !is_approval_of(&approval, &hash) {
                return Err(DeskError::BadApprovals);
            }
            let approver = approval.peek_statement().approver;
            let is_new = |it: &Signed<Approval>| it.peek_statement().approver != approver;
            if approvals.iter().all(is_new) {
                approvals.push(approval);
            }
        }
        if approvals.len() > limit {
            return Err(DeskError::TooManyApprovals);
        }
        self.courier.store.transact(|change| {
            let new = approvals.iter().skip(before);
            new.into_iter()
                .try_for_each(|approval| change.put_approval(request.number, approval).map(drop))
        })?;
        Ok((id, approvals.len().saturating_sub(before)))
    }
}

fn read_parcel(file: &mut File) -> Result<RequestParcel, DeskError> {
    let mut magic = [0; MAGIC.len()];
    let mut len = [0; 4];
    let head = file.read_exact(&mut magic);
    let head = head.and_then(|()| file.read_exact(&mut len));
    head.map_err(|_| DeskError::BadParcel)?;
    let len = u64::from(u32::from_be_bytes(len));
    if magic != *MAGIC || len > PARCEL_BYTES_MAX {
        return Err(DeskError::BadParcel);
    }
    let mut wire = Zeroizing::new(vec![0; usize::try_from(len).unwrap_or_default()]);
    file.read_exact(&mut wire)
        .map_err(|_| DeskError::BadParcel)?;
    RequestParcel::from_wire(&wire).map_err(|_| DeskError::BadParcel)
}

fn copy(from: &impl ReadAt, to: &mut File) -> io::Result<()> {
    let mut at = 0_u64;
    while at < from.size_bytes() {
        let left = from.size_bytes().saturating_sub(at);
        let len = usize::try_from(left).map_or(COPY_BYTES, |left| left.min(COPY_BYTES));
        let mut piece = vec![0; len];
        from.read_exact_at(&mut piece, at)?;
        to.write_all(&piece)?;
        at = at.saturating_add(len as u64);
    }
    Ok(())
}

/// What a request's file begins with.
const MAGIC: &[u8; 24] = b"causeway request file 1\n";
/// What a file of approvals begins with.
const APPROVALS_LINE: &str = "causeway approvals 1";
