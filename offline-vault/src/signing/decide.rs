//! Deciding a request: what was shown is signed, or nothing is.

use pack_format::chunked::SALT_BYTES;
use pack_format::relay::{PublicKey, Statement as _};
use signing_format::approval::Approval;
use signing_format::limits::REASON_BYTES_MAX;
use signing_format::reply::{Reply, SealedReply};
use signing_format::request::Request;
use signing_format::subject::Subject;

use super::error::SigningError;
use super::git_like::git_uses;
use super::journal::{self, Draft, EntryKind};
use super::policy::Asked;
use super::requests::{Opened, approvals, is_expired, review_of, stored, summary};
use super::review::{Review, Risk};
use super::sign::{Signed, sign};
use crate::clock::UnixTime;
use crate::files::remove_if_present;
use crate::store::{RequestState, SigningKey, SigningRequest, SigningRequestId};
use crate::vault::Vault;

/// A request that was decided.
#[derive(Debug)]
pub struct Decided {
    /// The request.
    pub id: SigningRequestId,
    /// How it ended.
    pub state: RequestState,
    /// What was done, in a line.
    pub what: String,
}

/// What became of several requests: those that were decided, and what stopped the rest.
#[derive(Debug)]
pub struct Outcome {
    /// In the order in which they were named.
    pub done: Vec<Decided>,
    /// The first that was not, and why; those after it were not looked at.
    pub failed: Option<(SigningRequestId, SigningError)>,
}

/// The risks that a person has accepted by name.
#[derive(Clone, Debug, Default)]
pub struct Accepted {
    of_all: Vec<Risk>,
    of_one: Vec<(SigningRequestId, Risk)>,
}

impl Accepted {
    /// Accepts a risk for every request of the batch.
    pub fn for_all(&mut self, risk: Risk) {
        self.of_all.push(risk);
    }

    /// Accepts a risk for one request.
    pub fn for_one(&mut self, id: SigningRequestId, risk: Risk) {
        self.of_one.push((id, risk));
    }

    /// Whether a risk of a request was accepted.
    #[must_use]
    pub fn holds(&self, id: SigningRequestId, risk: Risk) -> bool {
        self.of_all.contains(&risk) || self.of_one.contains(&(id, risk))
    }
}

/// Whether requests may be approved, as far as can be known before one is signed: they wait, have
/// not expired, and were shown.
///
/// # Errors
/// The first reason against it.
pub fn check_ready(
    vault: &Vault,
    ids: &[SigningRequestId],
    now: UnixTime,
) -> Result<(), SigningError> {
    let ready = |id: &SigningRequestId| waiting(vault, *id, now).and_then(|it| shown_hash(&it));
    ids.iter().try_for_each(|id| ready(id).map(drop))
}

/// Approves requests that were shown, one after the other; each is durable before the next.
#[must_use]
pub fn approve(
    vault: &Vault,
    ids: &[SigningRequestId],
    accepted: &Accepted,
    now: UnixTime,
) -> Outcome {
    let mut outcome = Outcome {
        done: Vec::new(),
        failed: None,
    };
    // What can be known before anything is signed is looked at for all of a batch first. One
    // alone is looked at when it is signed: its content may take a while to read.
    if ids.len() > 1 {
        outcome.failed = ids.iter().find_map(|id| {
            let refused = ready(vault, *id, accepted, now).err();
            refused.map(|err| (*id, err))
        });
        if outcome.failed.is_some() {
            return outcome;
        }
    }
    for id in ids {
        match approve_one(vault, *id, accepted, now) {
            Ok(decided) => outcome.done.push(decided),
            Err(err) => {
                outcome.failed = Some((*id, err));
                break;
            }
        }
    }
    outcome
}

/// Refuses a request; also one that expired or cannot be shown.
///
/// # Errors
/// [`SigningError::RequestUnknown`], [`SigningError::AlreadyDecided`],
/// [`SigningError::ReasonTooLong`], [`SigningError::Vault`], [`SigningError::Store`].
pub fn refuse(
    vault: &Vault,
    id: SigningRequestId,
    reason: &str,
    now: UnixTime,
) -> Result<(), SigningError> {
    if reason.len() > usize::from(REASON_BYTES_MAX) {
        return Err(SigningError::ReasonTooLong {
            found: reason.len(),
            limit: REASON_BYTES_MAX,
        });
    }
    let stored = undecided(vault, id)?;
    let request = stored.parcel.request.peek_statement();
    let key = vault.store().read().signing_key_of(&request.key)?;
    let entry = draft(EntryKind::Refused, &stored, key.as_ref(), reason);
    let reply = Reply::Refused(reason.to_owned());
    finish(
        vault,
        &stored,
        RequestState::Refused,
        &reply,
        vec![entry],
        now,
    )
}

/// Forgets a request and its content: one that was decided and whose reply has arrived, or one
/// that has expired. The signature journal keeps what was signed.
///
/// # Errors
/// [`SigningError::RequestUnknown`], [`SigningError::StillNeeded`], [`SigningError::Store`].
pub fn forget(vault: &Vault, id: SigningRequestId, now: UnixTime) -> Result<(), SigningError> {
    let stored = stored(vault, id)?;
    let request = stored.parcel.request.peek_statement();
    let why = match stored.state {
        RequestState::Waiting if !is_expired(vault, request, now) => Some("nobody has decided it"),
        RequestState::Waiting => None,
        _ if stored.is_delivered || stored.lane_id.is_none() => None,
        _ => Some("the desk does not have the reply yet"),
    };
    if let Some(why) = why {
        return Err(SigningError::StillNeeded { id, why });
    }
    vault
        .store()
        .write(|changes| changes.delete_signing_request(id))?;
    if let Some(file) = &stored.content_file {
        // A file that stays is removed when the vault is next opened: no row names it.
        let _ = remove_if_present(&vault.paths().bundles().join(file));
    }
    Ok(())
}

/// A message that was opened here: decrypted anew each time, kept sealed in between.
///
/// # Errors
/// [`SigningError::RequestUnknown`], [`SigningError::NotAMessage`], and those of opening it.
pub fn read_message(
    vault: &Vault,
    id: SigningRequestId,
) -> Result<crate::openpgp::DecryptedMessage, SigningError> {
    let stored = stored(vault, id)?;
    let request = stored.parcel.request.peek_statement();
    let is_opened = stored.state == RequestState::Opened;
    let opened = Opened::of(vault, &stored)?;
    let (Subject::Decrypt(_), Opened::Bytes(bytes), true) = (&request.subject, opened, is_opened)
    else {
        return Err(SigningError::NotAMessage { id });
    };
    let key = key_here(vault, id, request)?;
    let at = stored.decided_at.unwrap_or(stored.taken_at);
    super::sign::open_message(vault, &key, &bytes, at)
}

fn approve_one(
    vault: &Vault,
    id: SigningRequestId,
    accepted: &Accepted,
    now: UnixTime,
) -> Result<Decided, SigningError> {
    let (stored, opened) = ready(vault, id, accepted, now)?;
    let request = stored.parcel.request.peek_statement();
    match vault.store().read().signing_key_of(&request.key)? {
        Some(key) => sign_here(vault, &stored, &key, &opened, now),
        None => approve_for_another(vault, &stored, now),
    }
}

/// A request that is what was shown, with every risk of it accepted.
fn ready(
    vault: &Vault,
    id: SigningRequestId,
    accepted: &Accepted,
    now: UnixTime,
) -> Result<(SigningRequest, Opened), SigningError> {
    let stored = waiting(vault, id, now)?;
    shown_hash(&stored)?;
    let opened = Opened::of(vault, &stored)?;
    let review = review_of(vault, &stored, &opened)?;
    check_shown(&stored, &review)?;
    match review.risks.iter().find(|risk| !accepted.holds(id, **risk)) {
        Some(risk) => Err(SigningError::RiskNotAccepted { id, risk: *risk }),
        None => Ok((stored, opened)),
    }
}

fn sign_here(
    vault: &Vault,
    stored: &SigningRequest,
    key: &SigningKey,
    opened: &Opened,
    now: UnixTime,
) -> Result<Decided, SigningError> {
    let request = stored.parcel.request.peek_statement();
    let approvers = check_policy(vault, stored, key, opened, now)?;
    let at = now.max(vault.clock_floor_before());
    let Signed { reply, entries } = sign(vault, stored.id, key, request, opened, at)?;
    let entries = entries.into_iter().map(|mut entry| {
        entry.request = Some(stored.hash);
        entry.approvers.clone_from(&approvers);
        entry
    });
    let state = match reply {
        Reply::OpenedInVault => RequestState::Opened,
        _ => RequestState::Signed,
    };
    finish(vault, stored, state, &reply, entries.collect(), now)?;
    let what = match state {
        RequestState::Opened => format!(
            "opened; read it with `offline-vault show {}`; it stays in this vault",
            stored.id
        ),
        _ => format!("signed with {}: {}", key.name, summary(request)),
    };
    Ok(Decided {
        id: stored.id,
        state,
        what,
    })
}

/// Whether the key may be used for this; gives those whose approvals count.
fn check_policy(
    vault: &Vault,
    stored: &SigningRequest,
    key: &SigningKey,
    opened: &Opened,
    now: UnixTime,
) -> Result<Vec<PublicKey>, SigningError> {
    let tables = vault.store().read();
    let (approvals, _) = approvals(&tables, stored)?;
    // Whose words nobody compared could be anybody.
    let verified = approvals.iter().filter(|(_, shown)| shown.verified);
    let approved: Vec<_> = verified.map(|(approver, _)| *approver).collect();
    let request = stored.parcel.request.peek_statement();
    key.check(&tables, &asked(request, opened), &approved, now)?;
    let counted = approved.into_iter();
    Ok(counted
        .filter(|approver| key.policy.approvers.contains(approver))
        .collect())
}

/// What a request asks of a key, as policies look at it.
fn asked(request: &Request, opened: &Opened) -> Asked {
    let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
    match (&request.subject, opened) {
        (Subject::File(file), Opened::File(content)) => {
            let mut asked = Asked::file(&file.form);
            asked.add(&git_uses(file, content.as_deref()));
            asked
        }
        (Subject::File(file), _) => Asked::file(&file.form),
        (Subject::Git(git), Opened::Git(content)) => {
            let total = content.to_sign().len();
            let commits = content.to_sign().iter().filter(|it| it.commit().is_some());
            let commits = commits.count();
            Asked::git(git.form, count(commits), count(total - commits))
        }
        (Subject::Git(git), _) => Asked::git(git.form, git.object_count, 0),
        (Subject::Certify(certify), _) => Asked::certify(count(certify.user_ids.len())),
        _ => Asked::decrypt(),
    }
}

/// The key is in another vault: this one's yes goes back, for the desk to bring there.
fn approve_for_another(
    vault: &Vault,
    stored: &SigningRequest,
    now: UnixTime,
) -> Result<Decided, SigningError> {
    let request = stored.parcel.request.peek_statement();
    if matches!(request.subject, Subject::Decrypt(_)) {
        return Err(SigningError::KeyElsewhere {
            id: stored.id,
            key: request.key,
        });
    }
    let approval = Approval {
        request_hash: stored.hash,
        approver: PublicKey(vault.identity().key().0),
        approved_at: now.to_secs(),
    };
    let reply = Reply::Approved(approval.sign(vault.identity().seed()));
    let entry = draft(EntryKind::Approved, stored, None, &summary(request));
    finish(
        vault,
        stored,
        RequestState::Approved,
        &reply,
        vec![entry],
        now,
    )?;
    Ok(Decided {
        id: stored.id,
        state: RequestState::Approved,
        what: format!(
            "approved for the vault that has the key: {}",
            summary(request)
        ),
    })
}

/// Makes a decision durable: the journal, the reply and the end of the content, all or nothing.
fn finish(
    vault: &Vault,
    stored: &SigningRequest,
    state: RequestState,
    reply: &Reply,
    entries: Vec<Draft>,
    now: UnixTime,
) -> Result<(), SigningError> {
    let request = stored.parcel.request.peek_statement();
    let salt = vault.rng()?.array::<SALT_BYTES>();
    let sealed = SealedReply::seal(reply, request.id, &stored.hash, &request.reply_key, &salt)
        .map_err(SigningError::ReplyTooLarge)?;
    // A message that was opened is read again; of the others nothing is needed any more.
    let freed = match state {
        RequestState::Opened => None,
        _ => stored.content_file.as_deref(),
    };
    vault.store().write(|changes| {
        for entry in entries {
            journal::append(changes, entry, vault.identity(), now)?;
        }
        if freed.is_some() {
            changes.set_content_file(stored.id, None)?;
        }
        changes.decide_request(stored.id, state, &sealed, now)
    })?;
    if let Some(file) = freed {
        // A file that stays is removed when the vault is next opened: no row names it.
        let _ = remove_if_present(&vault.paths().bundles().join(file));
    }
    Ok(())
}

fn draft(kind: EntryKind, stored: &SigningRequest, key: Option<&SigningKey>, note: &str) -> Draft {
    let request = stored.parcel.request.peek_statement();
    let name = key.map_or("", |key| key.name.as_str());
    let mut draft = Draft::of_key(kind, request.key, name, note);
    draft.request = Some(stored.hash);
    draft
}

fn undecided(vault: &Vault, id: SigningRequestId) -> Result<SigningRequest, SigningError> {
    let stored = stored(vault, id)?;
    match (stored.state, stored.decided_at) {
        (RequestState::Waiting, _) => Ok(stored),
        (_, decided_at) => Err(SigningError::AlreadyDecided {
            id,
            decided_at: decided_at.unwrap_or(stored.taken_at),
        }),
    }
}

/// A request that may be approved as far as its row tells.
fn waiting(
    vault: &Vault,
    id: SigningRequestId,
    now: UnixTime,
) -> Result<SigningRequest, SigningError> {
    let stored = undecided(vault, id)?;
    let request = stored.parcel.request.peek_statement();
    if is_expired(vault, request, now) {
        let expires_at = UnixTime::of_secs(request.expires_at);
        return Err(SigningError::Expired { id, expires_at });
    }
    if stored.lane_id.is_none() {
        return Err(SigningError::NoWayBack { id });
    }
    Ok(stored)
}

fn shown_hash(stored: &SigningRequest) -> Result<[u8; 32], SigningError> {
    stored.shown.ok_or(SigningError::NotShown { id: stored.id })
}

/// What would be signed is what was shown, to the byte.
fn check_shown(stored: &SigningRequest, review: &Review) -> Result<(), SigningError> {
    if shown_hash(stored)? == review.hash(&stored.hash) {
        return Ok(());
    }
    Err(SigningError::ChangedSinceShown { id: stored.id })
}

/// The key of a message, which has to be here.
fn key_here(
    vault: &Vault,
    id: SigningRequestId,
    request: &Request,
) -> Result<SigningKey, SigningError> {
    let key = vault.store().read().signing_key_of(&request.key)?;
    key.ok_or(SigningError::KeyElsewhere {
        id,
        key: request.key,
    })
}
