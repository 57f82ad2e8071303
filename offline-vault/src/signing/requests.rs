//! Signing requests as their reader sees them: what waits, and everything there is to see of one.

use std::fmt;
use std::str::FromStr;

use pack_format::relay::PublicKey;
use signing_format::git::GitContent;
use signing_format::request::Request;
use signing_format::subject::{FileForm, FileSource, Subject};
use zeroize::Zeroizing;

use super::content::Content;
use super::error::SigningError;
use super::review::{self, Review, ReviewError, ShownApproval, Surroundings, escaped};
use crate::clock::UnixTime;
use crate::store::{RequestState, SigningRequest, SigningRequestId, Tables};
use crate::vault::Vault;

impl fmt::Display for SigningRequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "req-{}", self.0)
    }
}

impl FromStr for SigningRequestId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.strip_prefix("req-")
            .and_then(|digits| digits.parse::<u32>().ok())
            .map(|number| Self(i64::from(number)))
            .ok_or_else(|| "a request is written like req-3".to_owned())
    }
}

/// A request in the list.
#[derive(Debug)]
pub struct RequestLine {
    /// Its number here.
    pub id: SigningRequestId,
    /// How far it is.
    pub state: RequestState,
    /// Whether the desk waits no longer, and nobody has decided.
    pub is_expired: bool,
    /// Whether it was shown to its end and did not change since, as far as the list can tell.
    pub is_shown: bool,
    /// Whether the reply is with the other machine.
    pub is_delivered: bool,
    /// Who asks, escaped: a claim.
    pub requester: String,
    /// What the owner calls the key; `None` for a key of another vault.
    pub key_name: Option<String>,
    /// What is asked, in a line.
    pub summary: String,
    /// When it came.
    pub taken_at: UnixTime,
    /// When the desk stops waiting, by its own clock.
    pub expires_at: UnixTime,
}

impl RequestLine {
    /// Whether somebody may still decide.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == RequestState::Waiting && !self.is_expired
    }
}

/// A request with everything that is shown of it.
#[derive(Debug)]
pub struct Reviewed {
    /// Its number here.
    pub id: SigningRequestId,
    /// How far it is.
    pub state: RequestState,
    /// What is shown.
    pub review: Review,
    /// The hash of all of it.
    pub hash: [u8; 32],
}

/// All requests, oldest first.
///
/// # Errors
/// [`SigningError::Store`].
pub fn requests(vault: &Vault, now: UnixTime) -> Result<Vec<RequestLine>, SigningError> {
    let tables = vault.store().read();
    let mut lines = Vec::new();
    for stored in tables.signing_requests()? {
        let request = stored.parcel.request.peek_statement();
        let key = tables.signing_key_of(&request.key)?;
        lines.push(RequestLine {
            id: stored.id,
            state: stored.state,
            is_expired: stored.state == RequestState::Waiting && is_expired(vault, request, now),
            is_shown: stored.shown.is_some(),
            is_delivered: stored.is_delivered,
            requester: escaped(request.requester.as_bytes()),
            key_name: key.map(|key| key.name.to_string()),
            summary: summary(request),
            taken_at: stored.taken_at,
            expires_at: UnixTime::of_secs(request.expires_at),
        });
    }
    Ok(lines)
}

/// Makes the review of one request: all of its content is read and checked.
///
/// # Errors
/// [`SigningError::RequestUnknown`], [`SigningError::Review`], [`SigningError::Store`].
pub fn review_request(vault: &Vault, id: SigningRequestId) -> Result<Reviewed, SigningError> {
    let stored = stored(vault, id)?;
    let review = match (stored.state, &stored.content_file) {
        (RequestState::Waiting, _) | (_, Some(_)) => {
            let opened = Opened::of(vault, &stored)?;
            review_of(vault, &stored, &opened)?
        }
        _ => review_without_content(vault, &stored)?,
    };
    Ok(Reviewed {
        id,
        state: stored.state,
        hash: review.hash(&stored.hash),
        review,
    })
}

/// The person has seen a review to its end.
///
/// # Errors
/// [`SigningError::Store`].
pub fn mark_shown(vault: &Vault, reviewed: &Reviewed) -> Result<(), SigningError> {
    vault
        .store()
        .write(|changes| changes.set_request_shown(reviewed.id, &reviewed.hash))?;
    Ok(())
}

pub(super) fn stored(vault: &Vault, id: SigningRequestId) -> Result<SigningRequest, SigningError> {
    let found = vault.store().read().signing_request(id)?;
    found.ok_or(SigningError::RequestUnknown { id })
}

/// Whether the desk waits no longer, by the later of this clock and its floor.
pub(super) fn is_expired(vault: &Vault, request: &Request, now: UnixTime) -> bool {
    now.max(vault.clock_floor_before()) >= UnixTime::of_secs(request.expires_at)
}

/// A request's content, opened and checked against the hash in the request.
pub(super) enum Opened {
    /// There is none, or it is streamed: a file.
    File(Option<Box<Content>>),
    /// Git objects.
    Git(GitContent),
    /// A certificate or a message.
    Bytes(Zeroizing<Vec<u8>>),
}

impl Opened {
    pub(super) fn of(vault: &Vault, stored: &SigningRequest) -> Result<Self, SigningError> {
        Self::checked(vault, stored).map_err(|source| SigningError::Review {
            id: stored.id,
            source: Box::new(source),
        })
    }

    fn checked(vault: &Vault, stored: &SigningRequest) -> Result<Self, ReviewError> {
        let subject = &stored.parcel.request.peek_statement().subject;
        let Some(sealed) = subject.content() else {
            return Ok(Self::File(None));
        };
        let file = stored.content_file.as_deref();
        let file = file.ok_or(ReviewError::ContentMissing)?;
        let content = Content::open(vault.paths(), file, sealed)?;
        match subject {
            Subject::Git(_) => {
                let bytes = content.read_bounded(GIT_BYTES_MAX)?;
                let git = GitContent::decode(&bytes).map_err(ReviewError::Git)?;
                Ok(Self::Git(git))
            }
            Subject::Certify(_) | Subject::Decrypt(_) => {
                Ok(Self::Bytes(content.read_bounded(OPENPGP_BYTES_MAX)?))
            }
            _ => Ok(Self::File(Some(Box::new(content)))),
        }
    }
}

/// What is left of a request that was decided: its content is not kept.
fn review_without_content(vault: &Vault, stored: &SigningRequest) -> Result<Review, SigningError> {
    let request = stored.parcel.request.peek_statement();
    let around = surroundings(&vault.store().read(), stored)?;
    let mut made = Review::default();
    made.sections
        .push(review::head(request, &stored.hash, &around));
    let note = "It was decided, and its content is not kept. The signature journal names what was \
                signed: `offline-vault journal --signatures`.";
    made.push(
        "What was asked",
        vec![
            review::Line::Note(summary(request)),
            review::Line::Note(note.to_owned()),
        ],
    );
    Ok(made)
}

/// Everything there is to see of a request. The same for the same request, approvals and keys.
pub(super) fn review_of(
    vault: &Vault,
    stored: &SigningRequest,
    opened: &Opened,
) -> Result<Review, SigningError> {
    let request = stored.parcel.request.peek_statement();
    let tables = vault.store().read();
    let around = surroundings(&tables, stored)?;
    let mut made = Review::default();
    made.sections
        .push(review::head(request, &stored.hash, &around));
    let body = match (&request.subject, opened) {
        (Subject::File(file), Opened::File(content)) => {
            review::file::review(&mut made, file, content.as_deref())
        }
        (Subject::Git(git), Opened::Git(content)) => review::git::review(&mut made, git, content),
        (Subject::Certify(certify), Opened::Bytes(bytes)) => {
            review::certificate::review(&mut made, certify, bytes, stored.taken_at)
        }
        (Subject::Decrypt(decrypt), Opened::Bytes(bytes)) => {
            let key = secret_of(&tables, request)?;
            review::message::review(&mut made, decrypt, bytes, key.as_ref())
        }
        _ => Err(ReviewError::ContentMissing),
    };
    body.map_err(|source| SigningError::Review {
        id: stored.id,
        source: Box::new(source),
    })?;
    Ok(made)
}

/// The OpenPGP key that a request names, when it is in this vault.
fn secret_of(
    tables: &Tables<'_>,
    request: &Request,
) -> Result<Option<crate::openpgp::SecretCertificate>, SigningError> {
    match tables.signing_key_of(&request.key)? {
        Some(key) => match super::keys::secret(tables, &key)? {
            super::keys::SecretKeyMaterial::OpenPgp(certificate) => Ok(Some(*certificate)),
            _ => Ok(None),
        },
        None => Ok(None),
    }
}

fn surroundings(
    tables: &Tables<'_>,
    stored: &SigningRequest,
) -> Result<Surroundings, SigningError> {
    let request = stored.parcel.request.peek_statement();
    let pairing = match stored.lane_id {
        Some(lane) => tables.lane(lane)?.map(|lane| lane.name.to_string()),
        None => None,
    };
    let key = tables.signing_key_of(&request.key)?;
    let (approvals, foreign_approvals) = approvals(tables, stored)?;
    Ok(Surroundings {
        pairing,
        key_retired: key.as_ref().is_some_and(|key| key.retired_at.is_some()),
        key_name: key.map(|key| key.name.to_string()),
        taken_at: Some(stored.taken_at),
        signed_before: signed_before(tables, stored)?,
        approvals: approvals.into_iter().map(|(_, shown)| shown).collect(),
        foreign_approvals,
    })
}

/// How many requests of this desk were signed here before this one came: a number that signing
/// others of the same batch does not change.
fn signed_before(tables: &Tables<'_>, stored: &SigningRequest) -> Result<u32, SigningError> {
    let desk = stored.parcel.request.peek_statement().requester_key;
    let earlier = tables.signing_requests()?;
    let of_desk = earlier.iter().filter(|it| {
        it.id < stored.id
            && it.state == RequestState::Signed
            && it.decided_at.is_some_and(|at| at < stored.taken_at)
            && it.parcel.request.peek_statement().requester_key == desk
    });
    Ok(u32::try_from(of_desk.count()).unwrap_or(u32::MAX))
}

/// The approvals of contacts whose signature verifies, and how many others there are.
pub(super) fn approvals(
    tables: &Tables<'_>,
    stored: &SigningRequest,
) -> Result<(Vec<(PublicKey, ShownApproval)>, u32), SigningError> {
    let contacts = tables.contacts()?;
    let mut known = Vec::new();
    let mut foreign = 0;
    for signed in &stored.parcel.approvals {
        let contact = contacts
            .iter()
            .find(|it| it.card.identity().0 == signed.peek_statement().approver.0);
        match (signed.verify(), contact) {
            (Ok(approval), Some(contact)) if approval.request_hash == stored.hash => {
                let shown = ShownApproval {
                    nickname: contact.nickname.to_string(),
                    verified: contact.verification.is_some(),
                    approved_at: UnixTime::of_secs(approval.approved_at),
                };
                known.push((approval.approver, shown));
            }
            _ => foreign += 1,
        }
    }
    Ok((known, foreign))
}

/// What is asked, in a line.
pub(super) fn summary(request: &Request) -> String {
    match &request.subject {
        Subject::File(file) => {
            let name = escaped(file.name.as_bytes());
            let unseen = match file.source {
                FileSource::Content(_) => "",
                _ => ", CONTENT NOT SEEN",
            };
            let form = match &file.form {
                FileForm::OpenPgp => "OpenPGP".to_owned(),
                FileForm::OpenPgpClear => "OpenPGP in clear".to_owned(),
                FileForm::Minisign { .. } => "minisign".to_owned(),
                FileForm::Ssh { namespace } => {
                    format!("SSH, namespace {}", escaped(namespace.as_bytes()))
                }
            };
            format!("sign file {name}, {form}{unseen}")
        }
        Subject::Git(git) => {
            let repository = escaped(git.repository.as_bytes());
            match git.object_count {
                1 => format!("sign 1 git object of {repository}"),
                count => format!("sign {count} git objects of {repository}"),
            }
        }
        Subject::Certify(certify) => {
            let ids: Vec<_> = certify
                .user_ids
                .iter()
                .map(|id| escaped(id.as_bytes()))
                .collect();
            format!("certify {}", ids.join(", "))
        }
        Subject::Decrypt(decrypt) => {
            format!("open message {}", escaped(decrypt.name.as_bytes()))
        }
        _ => "something that this version does not know".to_owned(),
    }
}

/// Largest content of git objects, compressed: what is unpacked has its own bound.
pub(super) const GIT_BYTES_MAX: u64 = 64 << 20;
/// Largest certificate or message: the OpenPGP library holds them in memory.
pub(super) const OPENPGP_BYTES_MAX: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_survive_being_typed() {
        assert_eq!(
            "req-7".parse::<SigningRequestId>().unwrap().to_string(),
            "req-7"
        );
        for text in ["7", "req-", "req--1", "req-x", "in-7"] {
            assert!(text.parse::<SigningRequestId>().is_err(), "{text}");
        }
    }
}
