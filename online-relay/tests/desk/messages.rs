//! Every message that the desk can show, as a person sees it.

use std::io;
use std::path::PathBuf;

use online_relay::courier::{ReplyTrouble, RequestState, Trouble};
use online_relay::desk::{DeskError, GitError, KeptReply, VerifyError};
use online_relay::report::{Form, render};
use pack_format::advice::Advice;
use pack_format::chunked::ChunkedError;
use pack_format::codec::DecodeError;
use signing_format::git::{ContentError, GatherError, ObjectId, SignError};
use signing_format::minisign::CommentError;
use signing_format::openpgp::{CleartextError, OpenPgpFormatError};
use signing_format::reply::ReplyError;
use signing_format::request::RequestId;

fn denied() -> io::Error {
    io::Error::from_raw_os_error(13)
}

fn decode() -> DecodeError {
    DecodeError::Unknown {
        what: "request version",
    }
}

fn id() -> RequestId {
    RequestId([0xa7; 16])
}

fn object() -> ObjectId {
    "1".repeat(40).parse().unwrap()
}

fn path() -> PathBuf {
    PathBuf::from("/home/ben/notes.txt")
}

fn kept(why: DeskError) -> DeskError {
    DeskError::Kept(KeptReply::new(id(), why))
}

fn name() -> String {
    "work".to_owned()
}

fn all<E: Advice>(errors: impl IntoIterator<Item = E>) -> String {
    let each = errors.into_iter().map(|err| {
        let text = render(&err, Form::Text);
        format!("{text}exit {}\n\n", err.exit() as u8)
    });
    each.collect()
}

#[test]
fn every_message_about_a_reply() {
    let id = id();
    let source = || ReplyError::NotForThisRequest(ChunkedError::Commitment);
    let state = RequestState::Cancelled;
    let troubles = [
        ReplyTrouble::Unreadable,
        ReplyTrouble::Unknown { id },
        ReplyTrouble::Again { id },
        ReplyTrouble::Late { id, state },
        ReplyTrouble::Second { id },
        ReplyTrouble::NotForThisRequest {
            id,
            source: source(),
        },
        ReplyTrouble::KeyElsewhere { id },
        ReplyTrouble::WrongKind { id },
        ReplyTrouble::BadApproval { id },
    ];
    insta::assert_snapshot!(all(troubles.map(|source| Trouble::Reply {
        vault: "Amina".to_owned(),
        source,
    })));
}

#[test]
fn every_message_of_git_and_of_the_checks() {
    let verb = || "rev-parse".to_owned();
    let git = all([
        GitError::Missing,
        GitError::Run(denied()),
        GitError::Failed {
            verb: verb(),
            said: "fatal: not a git repository".to_owned(),
        },
        GitError::Answer { verb: verb() },
        GitError::NoObject { id: object() },
        GitError::TooLarge {
            id: object(),
            found_bytes: 1 << 30,
        },
    ]);
    let checks = all([
        VerifyError::OtherComment,
        VerifyError::OpenPgp(OpenPgpFormatError::SecretKey),
        VerifyError::NotOverThese,
        VerifyError::OtherKey,
        VerifyError::OtherKind,
        VerifyError::StockRefused { program: "gpg" },
        VerifyError::NobodyCanTell,
        VerifyError::Run {
            program: "minisign",
            source: denied(),
        },
    ]);
    insta::assert_snapshot!(git + &checks);
}

#[test]
fn every_message_about_what_is_asked() {
    insta::assert_snapshot!(all([
        DeskError::KeyOpenPgp(OpenPgpFormatError::SecretKey),
        DeskError::KeyWithoutName,
        DeskError::BadKeyName {
            name: "a\u{202e}b".to_owned(),
        },
        DeskError::KeyTaken { name: name() },
        DeskError::KeyUnknown { name: name() },
        DeskError::KeyGone {
            key: "SHA256:abc".to_owned(),
        },
        DeskError::FormOfKey {
            form: "minisign signature".to_owned(),
            key: name(),
        },
        DeskError::NotForGit {
            form: "signature of git".to_owned(),
            key: name(),
        },
        DeskError::NotOpenPgp { key: name() },
        DeskError::BadForm {
            form: "gpg".to_owned(),
        },
        DeskError::BadSpan {
            text: "soon".to_owned(),
        },
        DeskError::BadSize {
            text: "1GB".to_owned(),
        },
        DeskError::OneOutput,
        DeskError::BadLife,
        DeskError::TooLong {
            what: "the reason",
            limit: 4096,
        },
        DeskError::WhichVault {
            names: vec!["Amina".to_owned(), "Chen".to_owned()],
        },
        DeskError::VaultTwice {
            name: "Amina".to_owned(),
        },
        DeskError::TooManyApprovals,
        DeskError::File {
            doing: "opening it",
            path: path(),
            source: denied(),
        },
        DeskError::NotAFile { path: path() },
        DeskError::NotAFolder { path: path() },
        DeskError::TooLarge {
            path: path(),
            size_bytes: 5 << 30,
            limit_bytes: 1 << 20,
        },
        DeskError::ContentNeeded {
            path: path(),
            size_bytes: 5 << 30,
            needed_by: "an OpenPGP key of version 6",
        },
        DeskError::Cleartext {
            path: path(),
            source: CleartextError::NoFinalLineEnd,
        },
        DeskError::Certificate(OpenPgpFormatError::SecretKey),
        DeskError::NoUserId {
            user_id: "Ben".to_owned(),
            held: vec!["Ben <ben@example.org>".to_owned()],
        },
        DeskError::NotEncrypted { path: path() },
        DeskError::Comment(CommentError::Control { found: '\t' }),
        DeskError::ChangedWhileRead,
        DeskError::Seal(denied()),
        DeskError::Request(decode()),
        DeskError::OutputExists { path: path() },
        DeskError::OutputIsInput { path: path() },
    ]));
}

#[test]
fn every_message_about_a_repository() {
    let text = || "main".to_owned();
    insta::assert_snapshot!(all([
        DeskError::BadRange { range: text() },
        DeskError::NoCommit {
            side: "begins",
            name: text(),
        },
        DeskError::WhichBranch { tip: text() },
        DeskError::BranchElsewhere { reference: text() },
        DeskError::NoTag { tag: text() },
        DeskError::LightTag { tag: text() },
        DeskError::NothingToSign,
        DeskError::TooManyObjects { found: 501 },
        DeskError::Pushed { pushed_count: 3 },
        DeskError::AlreadySigned {
            what: "commit",
            id: object(),
        },
        DeskError::CannotSign {
            id: object(),
            source: SignError::UnendedMessage,
        },
        DeskError::GitObject(SignError::UnendedMessage),
        DeskError::GitContent(ContentError::TooLarge),
        DeskError::Gather(GatherError::TooMuch),
        DeskError::OtherId {
            expected: object(),
            found: object(),
        },
        DeskError::OtherTree { id: object() },
        DeskError::RefMoved {
            reference: "refs/heads/main".to_owned(),
            old: object(),
            kept: "refs/causeway/signed/a7/heads/main".to_owned(),
        },
        DeskError::HookExists { path: path() },
        DeskError::Unsigned {
            what: "commit",
            id: object(),
            count: 2,
        },
        DeskError::HookInput,
        DeskError::OwnPath(denied()),
        DeskError::NoTerminal(denied()),
        DeskError::UnknownCall,
        DeskError::OtherKeyAsked,
        DeskError::WaitedTooLong { waited_secs: 60 },
        DeskError::Withdrawn,
        DeskError::NoSignature {
            why: "the request is expired".to_owned(),
        },
        DeskError::Pipe(denied()),
        DeskError::PassOn {
            program: "gpg".to_owned(),
            source: denied(),
        },
    ]));
}

#[test]
fn every_message_about_a_request() {
    let text = || "a7a7".to_owned();
    let state = RequestState::Done;
    insta::assert_snapshot!(all([
        DeskError::RequestUnknown { id: text() },
        DeskError::RequestAmbiguous { id: text() },
        DeskError::RequestEnded { id: id(), state },
        DeskError::RequestKnown { id: id() },
        DeskError::Overdue { id: id() },
        DeskError::NoReply { id: id() },
        DeskError::NoApproval { id: id() },
        DeskError::BadParcel,
        DeskError::BadApprovals,
        DeskError::RefusedByVault {
            reason: String::new(),
        },
        DeskError::RefusedByVault {
            reason: "not\u{1b}[2J today".to_owned(),
        },
        DeskError::WrongReply,
        DeskError::FileChanged { path: path() },
        DeskError::Task(decode()),
        DeskError::ContentGone(denied()),
        DeskError::Content(ChunkedError::Commitment),
        DeskError::ContentLarge,
        DeskError::Scratch(denied()),
        kept(DeskError::OutputExists { path: path() }),
        kept(DeskError::NotAFile { path: path() }),
        kept(DeskError::Git(GitError::Missing)),
        kept(DeskError::FileChanged { path: path() }),
    ]));
}
