//! Why the desk could not do what it was asked, in words for the person at the online machine.

use std::io;
use std::path::{Path, PathBuf};

use pack_format::chunked::ChunkedError;
use pack_format::codec::DecodeError;
use pack_format::shown::Shown;
use signing_format::git::{ContentError, GatherError, ObjectId, SignError};
use signing_format::limits::OBJECTS_MAX;
use signing_format::minisign::{CommentError, MinisignKeyError};
use signing_format::openpgp::{CleartextError, OpenPgpFormatError};
use signing_format::request::RequestId;
use signing_format::ssh::{NamespaceError, SshKeyError};
use thiserror::Error;

use super::git::GitError;
use super::kept::KeptReply;
use super::verify::VerifyError;
use crate::courier::{CourierError, RequestState, StoreError};

/// Why a command of the desk failed, or why a reply was not used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DeskError {
    /// The courier's directory failed, or a pairing does not fit.
    #[error(transparent)]
    Courier(#[from] CourierError),
    /// Index or content files failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Git did not do what it was asked.
    #[error(transparent)]
    Git(GitError),
    /// A reply is here and was not used yet.
    #[error(transparent)]
    Kept(KeptReply),
    /// A signature was not taken.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// An SSH key cannot be used.
    #[error(transparent)]
    KeySsh(SshKeyError),
    /// A minisign key cannot be used.
    #[error(transparent)]
    KeyMinisign(MinisignKeyError),
    /// A namespace is against the rules.
    #[error(transparent)]
    Namespace(NamespaceError),
    /// The bytes are no public key of a kind that is known.
    #[error("this is no OpenPGP certificate, SSH key or minisign key")]
    KeyOpenPgp(#[source] OpenPgpFormatError),
    /// A key without a fingerprint.
    #[error("the certificate has no primary key")]
    KeyWithoutName,
    /// The text is no name of a key.
    #[error("this cannot be the name of a key: {name:?}")]
    BadKeyName {
        /// The text.
        name: String,
    },
    /// Another key has the name.
    #[error("there is a key with this name already: {name}")]
    KeyTaken {
        /// The name.
        name: String,
    },
    /// No key has the name.
    #[error("there is no key with this name: {name}")]
    KeyUnknown {
        /// The name.
        name: String,
    },
    /// The key that a request has named was removed since.
    #[error("the key of the request is not on the list any more: {key}")]
    KeyGone {
        /// The key, as its tools show it.
        key: String,
    },
    /// The key cannot make this form.
    #[error("the key {} cannot make this: {form}", Shown(key))]
    FormOfKey {
        /// What was asked for.
        form: String,
        /// The key's name.
        key: String,
    },
    /// The key cannot make this form for git.
    #[error("the key {} cannot make this: {form}", Shown(key))]
    NotForGit {
        /// What was asked for.
        form: String,
        /// The key's name.
        key: String,
    },
    /// Only OpenPGP keys do this.
    #[error("the key {} is not an OpenPGP key", Shown(key))]
    NotOpenPgp {
        /// The key's name.
        key: String,
    },
    /// No form has this name.
    #[error("this is no form of signature: {form:?}")]
    BadForm {
        /// The text.
        form: String,
    },
    /// The text is no span of time.
    #[error("this is no span of time: {text:?}")]
    BadSpan {
        /// The text.
        text: String,
    },
    /// The text is no size.
    #[error("this is no size: {text:?}")]
    BadSize {
        /// The text.
        text: String,
    },
    /// One output for several files.
    #[error("several files cannot share one output")]
    OneOutput,
    /// A request lives from a second to thirty days.
    #[error("a request cannot live that long, or not at all")]
    BadLife,
    /// A text has no room in a request.
    #[error("{what} has more than {limit} bytes")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// The limit.
        limit: u16,
    },
    /// The name of the file does not fit into a minisign comment.
    #[error("the name of the file cannot stand in a minisign comment")]
    Comment(#[source] CommentError),
    /// Several vaults are paired.
    #[error("there are several vaults to ask: {}", Shown(&names.join(", ")))]
    WhichVault {
        /// Their names.
        names: Vec<String>,
    },
    /// One vault was named twice.
    #[error("this vault was named twice: {name}")]
    VaultTwice {
        /// Its name.
        name: String,
    },
    /// More approvals than a request carries.
    #[error("a request carries no more than eight approvals")]
    TooManyApprovals,
    /// A file failed.
    #[error("{} failed while {doing}", Shown(&path.to_string_lossy()))]
    File {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Only files are signed.
    #[error("this is not a file: {}", Shown(&path.to_string_lossy()))]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Something else stands where a folder is needed.
    #[error("this is not a folder of its own: {}", Shown(&path.to_string_lossy()))]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// A file is larger than what crosses whole.
    #[error("{} has {size_bytes} bytes, more than {limit_bytes}", Shown(&path.to_string_lossy()))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        size_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// The vault has to see all of a file that is too large to cross.
    #[error(
        "{} with {size_bytes} bytes would cross as a hash, and {needed_by} needs the content",
        Shown(&path.to_string_lossy())
    )]
    ContentNeeded {
        /// The file.
        path: PathBuf,
        /// Its size.
        size_bytes: u64,
        /// What needs it.
        needed_by: &'static str,
    },
    /// A text that a cleartext signature would not cover to the last byte.
    #[error("{} cannot be signed as a text", Shown(&path.to_string_lossy()))]
    Cleartext {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: CleartextError,
    },
    /// Not a certificate.
    #[error("this is no OpenPGP certificate")]
    Certificate(#[source] OpenPgpFormatError),
    /// The certificate has no such user id.
    #[error(
        "the certificate has no user id {}; it has: {}",
        Shown(user_id),
        Shown(&held.join(", "))
    )]
    NoUserId {
        /// The text.
        user_id: String,
        /// Those that it has.
        held: Vec<String>,
    },
    /// Not a message that a vault could open.
    #[error("this is no encrypted OpenPGP message: {}", Shown(&path.to_string_lossy()))]
    NotEncrypted {
        /// The file.
        path: PathBuf,
    },
    /// What was asked about changed under the reading.
    #[error("the file changed while it was read")]
    ChangedWhileRead,
    /// What is to cross could not be sealed.
    #[error("the content cannot be sealed")]
    Seal(#[source] io::Error),
    /// The request does not fit into a pack, or is none.
    #[error("the request cannot be made")]
    Request(#[source] DecodeError),
    /// The result would replace a file.
    #[error("there is a file already: {}", Shown(&path.to_string_lossy()))]
    OutputExists {
        /// The file.
        path: PathBuf,
    },
    /// The result would replace what is signed.
    #[error("the signature cannot be written over what it signs: {}", Shown(&path.to_string_lossy()))]
    OutputIsInput {
        /// The file.
        path: PathBuf,
    },
    /// Not a range of commits.
    #[error("this is no range of commits: {range:?}")]
    BadRange {
        /// The text.
        range: String,
    },
    /// One side of a range is nothing that the repository has.
    #[error(
        "the range {side} at {}, and the repository has no such commit",
        Shown(name)
    )]
    NoCommit {
        /// Whether it begins or ends there.
        side: &'static str,
        /// The text.
        name: String,
    },
    /// Nothing says which branch is to move.
    #[error("{} names no branch of this repository", Shown(tip))]
    WhichBranch {
        /// The text.
        tip: String,
    },
    /// The branch is not at the end of the range.
    #[error("the range does not end where {} stands", Shown(reference))]
    BranchElsewhere {
        /// The branch.
        reference: String,
    },
    /// No such tag.
    #[error("the repository has no tag {}", Shown(tag))]
    NoTag {
        /// Its name.
        tag: String,
    },
    /// A tag without an object of its own.
    #[error("the tag {} has no text and no room for a signature", Shown(tag))]
    LightTag {
        /// Its name.
        tag: String,
    },
    /// The range is empty, and no tag is named.
    #[error("there is nothing to sign")]
    NothingToSign,
    /// More than a person reviews at once.
    #[error("{found} commits and tags are more than {OBJECTS_MAX}")]
    TooManyObjects {
        /// How many.
        found: usize,
    },
    /// Commits that others have.
    #[error("{pushed_count} of these commits are on a server already")]
    Pushed {
        /// How many.
        pushed_count: usize,
    },
    /// Something in the range is signed.
    #[error("the {what} {id} is signed already")]
    AlreadySigned {
        /// What it is.
        what: &'static str,
        /// Its id.
        id: ObjectId,
    },
    /// An object that cannot be signed.
    #[error("the git object {id} cannot be signed")]
    CannotSign {
        /// Its id.
        id: ObjectId,
        /// Why.
        #[source]
        source: SignError,
    },
    /// Git objects do not go together.
    #[error("the git objects cannot be signed")]
    GitObject(#[source] SignError),
    /// Git objects cannot cross.
    #[error("the git objects cannot be sent")]
    GitContent(#[source] ContentError),
    /// What the vault has to show cannot be collected.
    #[error("what has changed cannot be collected")]
    Gather(#[source] GatherError<GitError>),
    /// No request has this id.
    #[error("there is no request {}", Shown(id))]
    RequestUnknown {
        /// The text.
        id: String,
    },
    /// Several requests have ids that begin so.
    #[error("several requests have ids that begin with {id:?}")]
    RequestAmbiguous {
        /// The text.
        id: String,
    },
    /// The request is over.
    #[error("request {id} is {}", state.as_str())]
    RequestEnded {
        /// The request.
        id: RequestId,
        /// How it ended.
        state: RequestState,
    },
    /// The request is known here already.
    #[error("request {id} is here already")]
    RequestKnown {
        /// The request.
        id: RequestId,
    },
    /// The request's time was over before it came.
    #[error("the time of request {id} is over")]
    Overdue {
        /// The request.
        id: RequestId,
    },
    /// No reply has come.
    #[error("no reply to request {id} has come yet")]
    NoReply {
        /// The request.
        id: RequestId,
    },
    /// No approval has come.
    #[error("no approval of request {id} has come yet")]
    NoApproval {
        /// The request.
        id: RequestId,
    },
    /// The file is no request.
    #[error("the file is no request of a desk, or was damaged")]
    BadParcel,
    /// The file holds no approvals of the request that it names.
    #[error("the file does not hold approvals of the request that it names")]
    BadApprovals,
    /// The vault's owner has refused.
    #[error("the vault refused it: {}", reason_text(reason))]
    RefusedByVault {
        /// The owner's words; may be empty.
        reason: String,
    },
    /// The reply is not what was asked for.
    #[error("the reply is not what was asked for")]
    WrongReply,
    /// The file is not what was asked about any more.
    #[error("{} has changed since it was asked about", Shown(&path.to_string_lossy()))]
    FileChanged {
        /// The file.
        path: PathBuf,
    },
    /// The task of a request cannot be read.
    #[error("the request's task is damaged")]
    Task(#[source] DecodeError),
    /// The content of a request is gone.
    #[error("what was sent to the vault is not on this machine any more")]
    ContentGone(#[source] io::Error),
    /// The content of a request does not open.
    #[error("what was sent to the vault was damaged on this machine")]
    Content(#[source] ChunkedError),
    /// The content of a request is not what it was.
    #[error("what was sent to the vault has other bytes now")]
    ContentLarge,
    /// The folder for stock programs cannot be made.
    #[error("the desk's folder in the courier's directory failed")]
    Scratch(#[source] io::Error),
    /// Git names an object differently.
    #[error("git names a signed object {found}, and this program {expected}")]
    OtherId {
        /// The id here.
        expected: ObjectId,
        /// Git's.
        found: ObjectId,
    },
    /// A signed commit has other files.
    #[error("the signed commit {id} has other files than the one that was asked about")]
    OtherTree {
        /// The commit.
        id: ObjectId,
    },
    /// A branch has moved while the vault was asked.
    #[error("{} has moved since the vault was asked", Shown(reference))]
    RefMoved {
        /// The branch or tag.
        reference: String,
        /// Where it was.
        old: ObjectId,
        /// What keeps the signed objects.
        kept: String,
    },
    /// Nobody can be told to fetch the stick.
    #[error("there is no terminal to ask for the stick on")]
    NoTerminal(#[source] io::Error),
    /// The program was called in a way that it does not know.
    #[error("git has called this program in a way that it does not know")]
    UnknownCall,
    /// Git asks for a signature by another key.
    #[error("git asks for another key than the one that was set up")]
    OtherKeyAsked,
    /// Nobody came in time.
    #[error("no signature after {waited_secs} seconds; the request was withdrawn")]
    WaitedTooLong {
        /// How long.
        waited_secs: u64,
    },
    /// The person does not want to wait.
    #[error("the request was withdrawn")]
    Withdrawn,
    /// The request ended without a signature.
    #[error("there is no signature: {}", Shown(why))]
    NoSignature {
        /// What became of the request.
        why: String,
    },
    /// Standard input or output failed.
    #[error("git cannot be answered")]
    Pipe(#[source] io::Error),
    /// The stock program could not be run in this one's place.
    #[error("{} cannot be run", Shown(program))]
    PassOn {
        /// The program.
        program: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Another hook is there.
    #[error("the repository has a pre-push hook already: {}", Shown(&path.to_string_lossy()))]
    HookExists {
        /// The file.
        path: PathBuf,
    },
    /// Something unsigned was about to leave.
    #[error("not pushed: {what} {id} has no signature ({count} in all)")]
    Unsigned {
        /// What it is.
        what: &'static str,
        /// The first one's id.
        id: ObjectId,
        /// How many.
        count: usize,
    },
    /// Git told the hook something that it does not know.
    #[error("the hook was not told what is pushed")]
    HookInput,
    /// This program does not know where it is.
    #[error("this program's own path cannot be found")]
    OwnPath(#[source] io::Error),
}

impl DeskError {
    /// A file failed while something was done with it.
    pub(super) fn file(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File {
            doing,
            path: path.clone(),
            source,
        }
    }

    /// The state that a request ends in when its reply was used with this result; `None` where
    /// another try may end differently.
    pub(super) fn ends_request(&self) -> Option<RequestState> {
        match self {
            Self::RefusedByVault { .. } => Some(RequestState::Refused),
            // The signed objects are there.
            Self::RefMoved { .. } => Some(RequestState::Done),
            Self::Verify(err) if !err.may_pass() => Some(RequestState::Failed),
            Self::WrongReply
            | Self::OtherId { .. }
            | Self::OtherTree { .. }
            | Self::GitObject(_)
            | Self::Task(_) => Some(RequestState::Failed),
            _ => None,
        }
    }
}

fn reason_text(reason: &str) -> String {
    match reason.is_empty() {
        true => "without a reason".to_owned(),
        false => Shown(reason).to_string(),
    }
}
