//! Replies to signing requests, as they come out of a vault's pack.
//!
//! A reply is opened at once with the key of its request, so that one which does not belong to it
//! never takes the place of the one that does. What is asked of this machine, such as a file with
//! the signature, is done later, by the desk.

use pack_format::advice::{Advice, Exit};
use pack_format::codec::Wire as _;
use pack_format::item::SigningBytes;
use pack_format::relay::Signed;
use signing_format::approval::Approval;
use signing_format::reply::{Reply, ReplyError, SealedReply};
use signing_format::request::{RequestHash, RequestId, request_hash};
use thiserror::Error;

use super::store::{
    Change, LaneNumber, RequestState, Role, Store, StoreError, StoredRequest, StoredVault,
};

/// A reply, or a file in its place, that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReplyTrouble {
    /// The bytes are no reply.
    #[error("a reply cannot be read")]
    Unreadable,
    /// No request of this desk to this vault has the id.
    #[error("a reply to a request that this vault was never asked: {id}")]
    Unknown {
        /// The request that it names.
        id: RequestId,
    },
    /// The very reply that has come before.
    #[error("the reply to request {id} has come again")]
    Again {
        /// The request.
        id: RequestId,
    },
    /// The request is over.
    #[error("a reply to request {id}, which is {}", state.as_str())]
    Late {
        /// The request.
        id: RequestId,
        /// How it ended.
        state: RequestState,
    },
    /// Another reply has come before.
    #[error("a second reply to request {id}, and not the same one")]
    Second {
        /// The request.
        id: RequestId,
    },
    /// It was made for another request, or damaged.
    #[error("the reply that says to be for request {id} does not open with its key")]
    NotForThisRequest {
        /// The request that it names.
        id: RequestId,
        /// Why it does not open.
        #[source]
        source: ReplyError,
    },
    /// An approval where a signature was asked for: the vault has not the key.
    #[error("the vault that was asked to sign request {id} does not have the key, and approved it")]
    KeyElsewhere {
        /// The request.
        id: RequestId,
    },
    /// Something else than what the vault was asked for.
    #[error("the reply to request {id} is not what this vault was asked for")]
    WrongKind {
        /// The request.
        id: RequestId,
    },
    /// An approval of something else, or of somebody else.
    #[error("the approval of request {id} does not verify")]
    BadApproval {
        /// The request.
        id: RequestId,
    },
}

impl Advice for ReplyTrouble {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable => "reply-unreadable",
            Self::Unknown { .. } => "reply-unknown",
            Self::Again { .. } => "reply-again",
            Self::Late { .. } => "reply-late",
            Self::Second { .. } => "reply-second",
            Self::NotForThisRequest { .. } => "reply-not-for-this-request",
            Self::KeyElsewhere { .. } => "reply-key-elsewhere",
            Self::WrongKind { .. } => "reply-wrong-kind",
            Self::BadApproval { .. } => "approval-refused",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::Again { .. } => "Yes: it was taken the first time, and nothing was done twice.",
            _ => "Yes: the reply was thrown away, and nothing was written.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::KeyElsewhere { id } => {
                return format!(
                    "Withdraw it with `online-relay desk cancel {id}`, and ask the vault that has \
                     the key, with --vault PAIRING."
                );
            }
            Self::Again { .. } => "Nothing: the vault will hear that it has arrived.",
            Self::Late { .. } => "If you still want the signature, ask again.",
            Self::Unknown { .. } => {
                "If the stick belongs to another courier, take it there; otherwise tell the \
                 vault's owner."
            }
            _ => {
                "The request still waits for its own reply; if none comes, ask again, and tell the \
                 vault's owner that a wrong reply came from there."
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Again { .. } => Exit::Done,
            Self::Late { .. } => Exit::Failed,
            _ => Exit::Refused,
        }
    }
}

/// What a good reply has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// An approval was added.
    Approved(RequestId),
    /// The desk has something to do.
    Replied,
}

impl Store {
    /// What the vault that signs has said, opened again; or what one that approves has refused.
    pub(crate) fn open_reply(&self, request: &StoredRequest) -> Result<Option<Reply>, StoreError> {
        let Some(open) = self.open_request(request.number)? else {
            return Ok(None);
        };
        let hash = request_hash(&open.signed);
        let key = &open.signed.peek_statement().reply_key;
        let mut replies = self.replies(request.number)?.into_iter();
        // Each was opened when it came.
        Ok(replies.find_map(|sealed| sealed.open(&hash, key).ok()))
    }
}

/// Takes a reply in. What is wrong with it is for a person, and no failure of this machine.
pub(crate) fn take_reply(
    change: &mut Change<'_>,
    lane: LaneNumber,
    bytes: &SigningBytes,
) -> Result<Result<Taken, ReplyTrouble>, StoreError> {
    let Ok(sealed) = SealedReply::from_wire(bytes.expose()) else {
        return Ok(Err(ReplyTrouble::Unreadable));
    };
    let id = sealed.request_id;
    let Some(request) = change.desk_request(id)? else {
        return Ok(Err(ReplyTrouble::Unknown { id }));
    };
    let vaults = change.request_vaults(request.number)?;
    let Some(vault) = vaults.into_iter().find(|vault| vault.lane == lane) else {
        return Ok(Err(ReplyTrouble::Unknown { id }));
    };
    let hash = *blake3::hash(bytes.expose()).as_bytes();
    match vault.reply_hash {
        Some(before) if before == hash => return Ok(Err(ReplyTrouble::Again { id })),
        _ if request.state.has_ended() => {
            let state = request.state;
            return Ok(Err(ReplyTrouble::Late { id, state }));
        }
        Some(_) => return Ok(Err(ReplyTrouble::Second { id })),
        None => {}
    }
    open_and_keep(change, &request, &vault, &sealed, &hash)
}

fn open_and_keep(
    change: &mut Change<'_>,
    request: &StoredRequest,
    vault: &StoredVault,
    sealed: &SealedReply,
    hash: &[u8; 32],
) -> Result<Result<Taken, ReplyTrouble>, StoreError> {
    let (id, number) = (request.id, request.number);
    let Some(open) = change.open_request(number)? else {
        let state = request.state;
        return Ok(Err(ReplyTrouble::Late { id, state }));
    };
    let asked = request_hash(&open.signed);
    let reply = match sealed.open(&asked, &open.signed.peek_statement().reply_key) {
        Ok(reply) => reply,
        Err(source) => return Ok(Err(ReplyTrouble::NotForThisRequest { id, source })),
    };
    match (vault.role, reply) {
        (Role::Approves, Reply::Approved(approval)) => {
            if !is_approval_of(&approval, &asked) {
                return Ok(Err(ReplyTrouble::BadApproval { id }));
            }
            change.put_approval(number, &approval)?;
            change.keep_reply(number, vault.lane, hash, None)?;
            Ok(Ok(Taken::Approved(id)))
        }
        (Role::Signs, Reply::Approved(_)) => Ok(Err(ReplyTrouble::KeyElsewhere { id })),
        (Role::Signs, _) | (Role::Approves, Reply::Refused(_)) => {
            change.keep_reply(number, vault.lane, hash, Some(sealed))?;
            change.mark_replied(number)?;
            Ok(Ok(Taken::Replied))
        }
        (Role::Approves, _) => Ok(Err(ReplyTrouble::WrongKind { id })),
    }
}

/// Whether an approval is of the request with this hash, by whom it says.
pub(crate) fn is_approval_of(approval: &Signed<Approval>, hash: &RequestHash) -> bool {
    approval
        .verify()
        .is_ok_and(|stated| stated.request_hash == *hash)
}
