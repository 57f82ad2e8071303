//! A vault and the request of a desk, without the trip between them.

use std::collections::BTreeMap;
use std::fs;

use pack_format::advice::{Advice as _, Exit};
use pack_format::codec::Wire as _;
use pack_format::item::{Item, SigningBytes};
use pack_format::relay::{ContentId, PublicKey, Signed, Statement as _};
use pack_format::secret::Secret32;
use signing_format::approval::Approval;
use signing_format::content::{ContentSealer, SealedContent};
use signing_format::digest_state::Sha512Stream;
use signing_format::key_reference::KeyReference;
use signing_format::reply::Reply;
use signing_format::request::{Request, RequestId, RequestParcel};
use signing_format::ssh::{MessageDigest, Namespace, SshPublicKey, SshSignature};
use signing_format::subject::{FileForm, FileSource, FileSubject, Subject};

use super::intake::{self, Arrival};
use super::journal::{self, EntryKind};
use super::keys::{self, Generate};
use super::*;
use crate::clock::UnixTime;
use crate::limits::REQUESTS_WAITING_MAX;
use crate::names::LocalName;
use crate::passphrase::Passphrase;
use crate::store::{RequestState, SigningKey, SigningRequestId};
use crate::vault::{NewVault, Vault};
use crate::vault_key::KdfCost;

const NOW: UnixTime = UnixTime(1_800_000_000);
const NOW_SECS: u64 = 1_800_000_000;
const TEXT: &[u8] = b"release 1.0\n";

struct Room {
    dir: tempfile::TempDir,
    vault: Vault,
    key: SigningKey,
    next_id: u8,
}

/// A request and the content that crosses beside it.
struct Asked {
    parcel: RequestParcel,
    content: Option<Vec<u8>>,
}

fn name(text: &str) -> LocalName {
    LocalName::new(text).unwrap()
}

fn vault_in(dir: &std::path::Path, who: &str) -> Vault {
    let new = NewVault {
        dir: &dir.join(who),
        name: who,
        key_file: None,
        cost: KdfCost::new(64, 1).unwrap(),
        now: NOW,
    };
    let vault = Vault::create(&new, &Passphrase::new("a long passphrase".to_owned())).unwrap();
    vault.show_pairing(&name("courier"), None, NOW).unwrap();
    vault
}

impl Room {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault_in(dir.path(), "amina");
        let wanted = Generate::Ssh {
            comment: "amina".to_owned(),
        };
        let key = keys::generate(&vault, &name("release"), wanted, NOW).unwrap();
        Self {
            dir,
            vault,
            key,
            next_id: 1,
        }
    }

    fn ask(&mut self, change: impl FnOnce(&mut Request)) -> Asked {
        let (content, sealed) = seal(TEXT);
        let file = FileSubject {
            name: "notes.txt".to_owned(),
            size_bytes: TEXT.len() as u64,
            form: FileForm::Ssh {
                namespace: "file".to_owned(),
            },
            source: FileSource::Content(sealed),
        };
        self.ask_for(Subject::File(file), Some(content), change)
    }

    fn ask_for(
        &mut self,
        subject: Subject,
        content: Option<Vec<u8>>,
        change: impl FnOnce(&mut Request),
    ) -> Asked {
        let desk = Secret32::new([0xde; 32]);
        let mut request = Request {
            id: RequestId([self.next_id; 16]),
            created_at: NOW_SECS - 60,
            expires_at: NOW_SECS + 3600,
            requester: "Bilal".to_owned(),
            requester_key: PublicKey::of_seed(&desk),
            reply_key: Secret32::new([0x4e; 32]),
            key: self.key.reference,
            reason: "the release".to_owned(),
            subject,
        };
        self.next_id += 1;
        change(&mut request);
        let request = request.sign(&desk);
        let approvals = Vec::new();
        Asked {
            parcel: RequestParcel { request, approvals },
            content,
        }
    }

    fn arrive(&self, asked: &Asked) -> intake::TakenIn {
        let bytes = asked.parcel.to_wire();
        arrive(&self.vault, bytes, asked.content.as_deref())
    }

    /// A request that came, and its number.
    fn came(&mut self, change: impl FnOnce(&mut Request)) -> (SigningRequestId, Asked) {
        let asked = self.ask(change);
        let taken = self.arrive(&asked);
        assert_eq!(taken.refused, Vec::<String>::new());
        (taken.requests[0], asked)
    }

    fn show(&self, id: SigningRequestId) -> Reviewed {
        let reviewed = review_request(&self.vault, id).unwrap();
        mark_shown(&self.vault, &reviewed).unwrap();
        reviewed
    }

    fn approve(&self, id: SigningRequestId, risks: &[Risk]) -> Result<(), SigningError> {
        let mut accepted = Accepted::default();
        risks.iter().for_each(|risk| accepted.for_one(id, *risk));
        match approve(&self.vault, &[id], &accepted, NOW).failed {
            None => Ok(()),
            Some((_, err)) => Err(err),
        }
    }

    fn state(&self, id: SigningRequestId) -> RequestState {
        let stored = self.vault.store().read().signing_request(id).unwrap();
        stored.unwrap().state
    }

    fn reply(&self, asked: &Asked) -> Reply {
        let lane = self.vault.store().read().lanes().unwrap()[0].id;
        let replies = self.vault.store().read().due_replies(lane).unwrap();
        let request = asked.parcel.request.peek_statement();
        let sealed = replies.iter().find(|it| it.request_id == request.id);
        let hash = asked.parcel.hash();
        sealed.unwrap().open(&hash, &request.reply_key).unwrap()
    }
}

fn seal(plain: &[u8]) -> (Vec<u8>, SealedContent) {
    let mut sealer = ContentSealer::new(Secret32::new([2; 32]), &[3; 24]);
    let mut out = sealer.push(plain).unwrap();
    let (last, sealed) = sealer.finish();
    out.extend(last);
    (out, sealed)
}

/// What a crossing does with a request: the content lies in the vault's folder already.
fn arrive(vault: &Vault, parcel: Vec<u8>, content: Option<&[u8]>) -> intake::TakenIn {
    let lane = vault.store().read().lanes().unwrap()[0].id;
    let item = Item::Request(SigningBytes::new(parcel).unwrap());
    let arrivals = Arrival::among(&[(lane, item)]);
    let mut contents = BTreeMap::new();
    if let Some(content) = content {
        let file = format!("content-{}", vault.rng().unwrap().array::<4>()[0]);
        fs::create_dir_all(vault.paths().bundles()).unwrap();
        fs::write(vault.paths().bundles().join(&file), content).unwrap();
        contents.insert(ContentId::of(content), file);
    }
    let take =
        |changes: &crate::store::Changes<'_>| intake::take_in(changes, &arrivals, &contents, NOW);
    vault.store().write(take).unwrap()
}

fn verify_ssh(room: &Room, armor: &[u8]) {
    let KeyReference::Ssh(public) = room.key.reference else {
        unreachable!()
    };
    let public = SshPublicKey::from_bytes(&public).unwrap();
    let digest = MessageDigest::of(signing_format::ssh::HashAlgorithm::Sha512, TEXT);
    SshSignature::from_armor(armor)
        .unwrap()
        .verify(&public, &Namespace::file(), &digest)
        .unwrap();
}

#[test]
fn what_was_shown_is_signed_and_noted() {
    let mut room = Room::new();
    let (id, asked) = room.came(|_| {});
    let text = room.show(id).review.to_lines().join("\n");
    assert!(
        text.contains("release 1.0") && text.contains("notes.txt"),
        "{text}"
    );
    room.approve(id, &[]).unwrap();
    let Reply::File(armor) = room.reply(&asked) else {
        panic!("no signature")
    };
    verify_ssh(&room, &armor);
    assert_eq!(room.state(id), RequestState::Signed);
    let tables = room.vault.store().read();
    let entries = journal::verify(&tables, room.vault.identity().key()).unwrap();
    let last = entries.last().unwrap().draft();
    assert_eq!(last.kind, EntryKind::FileSigned);
    assert_eq!(last.request, Some(asked.parcel.hash()));
    assert_eq!(
        (last.name.as_str(), last.namespace.as_str()),
        ("notes.txt", "file")
    );
    // The content is not kept, and nobody decides twice.
    assert_eq!(
        fs::read_dir(room.vault.paths().bundles()).unwrap().count(),
        0
    );
    assert!(matches!(
        room.approve(id, &[]),
        Err(SigningError::AlreadyDecided { .. })
    ));
    assert!(review_request(&room.vault, id).is_ok());
}

#[test]
fn a_request_that_was_not_shown_is_not_signed() {
    let mut room = Room::new();
    let (id, _) = room.came(|_| {});
    // Looking is not reading to the end.
    review_request(&room.vault, id).unwrap();
    let err = room.approve(id, &[]).unwrap_err();
    assert!(matches!(err, SigningError::NotShown { .. }));
    assert_eq!(err.exit(), Exit::Refused);
    assert_eq!(room.state(id), RequestState::Waiting);
}

#[test]
fn one_unread_request_of_a_batch_keeps_all_of_it_unsigned() {
    let mut room = Room::new();
    let (read, _) = room.came(|_| {});
    let (unread, _) = room.came(|_| {});
    room.show(read);
    let outcome = approve(&room.vault, &[read, unread], &Accepted::default(), NOW);
    assert!(outcome.done.is_empty());
    assert!(matches!(outcome.failed, Some((id, SigningError::NotShown { .. })) if id == unread));
    room.show(unread);
    let outcome = approve(&room.vault, &[read, unread], &Accepted::default(), NOW);
    assert_eq!((outcome.done.len(), outcome.failed.is_none()), (2, true));
}

#[test]
fn a_content_that_changes_after_review_is_not_signed() {
    let mut room = Room::new();
    let (id, _) = room.came(|_| {});
    room.show(id);
    let stored = room
        .vault
        .store()
        .read()
        .signing_request(id)
        .unwrap()
        .unwrap();
    let path = room
        .vault
        .paths()
        .bundles()
        .join(stored.content_file.unwrap());
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(matches!(
        room.approve(id, &[]),
        Err(SigningError::Review { .. })
    ));
    // Another content in its place, sealed with the same key, is found by its hash.
    fs::write(&path, seal(b"release 6.6\n").0).unwrap();
    let err = room.approve(id, &[]).unwrap_err();
    let cause = std::error::Error::source(&err).unwrap().to_string();
    assert!(cause.contains("another hash"), "{cause}");
    assert_eq!(room.state(id), RequestState::Waiting);
}

#[test]
fn a_request_one_byte_changed_after_review_is_not_signed() {
    let mut room = Room::new();
    let (id, asked) = room.came(|_| {});
    room.show(id);
    // What a thief of an open vault could do: another reason beneath the review.
    let other = room.ask(|request| {
        request.id = asked.parcel.request.peek_statement().id;
        request.reason = "the releasf".to_owned();
    });
    let lane = room.vault.store().read().lanes().unwrap()[0].id;
    let shown = room
        .vault
        .store()
        .read()
        .signing_request(id)
        .unwrap()
        .unwrap()
        .shown;
    room.vault
        .store()
        .write(|changes| {
            changes.set_request_approvals(id, &other.parcel.request, &[], lane)?;
            changes.set_request_shown(id, &shown.unwrap())
        })
        .unwrap();
    let err = room.approve(id, &[]).unwrap_err();
    assert!(
        matches!(err, SigningError::ChangedSinceShown { .. }),
        "{err}"
    );
}

#[test]
fn another_request_with_the_same_name_is_refused_and_named() {
    let mut room = Room::new();
    let (id, asked) = room.came(|_| {});
    room.show(id);
    let other = room.ask(|request| {
        request.id = asked.parcel.request.peek_statement().id;
        request.reason = "something else".to_owned();
    });
    let taken = room.arrive(&other);
    assert!(taken.requests.is_empty());
    assert!(
        taken.refused[0].contains("they differ"),
        "{:?}",
        taken.refused
    );
    room.approve(id, &[]).unwrap();
}

#[test]
fn a_replayed_request_gets_the_same_reply_again() {
    let mut room = Room::new();
    let (id, asked) = room.came(|_| {});
    room.show(id);
    room.approve(id, &[]).unwrap();
    let lane = room.vault.store().read().lanes().unwrap()[0].id;
    let replies = room.vault.store().read().due_replies(lane).unwrap();
    room.vault
        .store()
        .write(|changes| changes.set_reply_delivered(lane, &replies[0].to_wire()))
        .unwrap();
    assert!(
        room.vault
            .store()
            .read()
            .due_replies(lane)
            .unwrap()
            .is_empty()
    );
    let taken = room.arrive(&asked);
    assert!(taken.requests.is_empty() && taken.refused.is_empty());
    assert_eq!(
        room.vault.store().read().due_replies(lane).unwrap(),
        replies
    );
    let made = journal::made_within_a_day(&room.vault.store().read(), &room.key.reference, NOW);
    assert_eq!(made.unwrap(), 1);
}

#[test]
fn a_request_whose_signature_is_altered_is_not_kept() {
    let mut room = Room::new();
    let asked = room.ask(|_| {});
    let mut bytes = asked.parcel.to_wire();
    // The last byte before the count of approvals belongs to the desk's signature.
    let at = bytes.len() - 5;
    bytes[at] ^= 1;
    let taken = arrive(&room.vault, bytes, asked.content.as_deref());
    assert!(taken.requests.is_empty());
    assert!(
        taken.refused[0].contains("does not verify"),
        "{:?}",
        taken.refused
    );
    assert!(requests(&room.vault, NOW).unwrap().is_empty());
}

#[test]
fn a_request_without_its_content_waits_for_it() {
    let mut room = Room::new();
    let mut asked = room.ask(|_| {});
    let content = asked.content.take();
    let id = room.arrive(&asked).requests[0];
    assert!(matches!(
        review_request(&room.vault, id),
        Err(SigningError::Review { .. })
    ));
    let wanted = intake::wanted_contents(&room.vault.store().read()).unwrap();
    assert_eq!(wanted, [ContentId::of(content.as_ref().unwrap())]);
    // The content alone, with the next pack.
    let contents = BTreeMap::from([(wanted[0], "late".to_owned())]);
    fs::create_dir_all(room.vault.paths().bundles()).unwrap();
    fs::write(room.vault.paths().bundles().join("late"), content.unwrap()).unwrap();
    let take = |changes: &crate::store::Changes<'_>| intake::take_in(changes, &[], &contents, NOW);
    let taken = room.vault.store().write(take).unwrap();
    assert_eq!(
        (taken.requests, taken.kept_files),
        (vec![id], vec!["late".to_owned()])
    );
    room.show(id);
    room.approve(id, &[]).unwrap();
}

#[test]
fn the_same_request_twice_in_one_pack_keeps_its_content() {
    let mut room = Room::new();
    let asked = room.ask(|_| {});
    let lane = room.vault.store().read().lanes().unwrap()[0].id;
    let item = || Item::Request(SigningBytes::new(asked.parcel.to_wire()).unwrap());
    let arrivals = Arrival::among(&[(lane, item()), (lane, item())]);
    let content = asked.content.as_ref().unwrap();
    let contents = BTreeMap::from([(ContentId::of(content), "content".to_owned())]);
    let take =
        |changes: &crate::store::Changes<'_>| intake::take_in(changes, &arrivals, &contents, NOW);
    let taken = room.vault.store().write(take).unwrap();
    assert_eq!(taken.requests.len(), 1);
    assert_eq!((taken.kept_files.len(), taken.freed_files.len()), (1, 0));
}

#[test]
fn two_requests_with_one_content_do_not_hold_up_a_pack() {
    let mut room = Room::new();
    let (first, second) = (room.ask(|_| {}), room.ask(|_| {}));
    let lane = room.vault.store().read().lanes().unwrap()[0].id;
    let item = |asked: &Asked| Item::Request(SigningBytes::new(asked.parcel.to_wire()).unwrap());
    let arrivals = Arrival::among(&[(lane, item(&first)), (lane, item(&second))]);
    let content = first.content.as_ref().unwrap();
    let contents = BTreeMap::from([(ContentId::of(content), "content".to_owned())]);
    let take =
        |changes: &crate::store::Changes<'_>| intake::take_in(changes, &arrivals, &contents, NOW);
    let taken = room.vault.store().write(take).unwrap();
    assert_eq!(taken.requests.len(), 1);
    assert!(
        taken.refused[0].contains("another request"),
        "{:?}",
        taken.refused
    );
}

#[test]
fn a_request_is_forgotten_once_nobody_needs_it() {
    let mut room = Room::new();
    let (id, _) = room.came(|_| {});
    let still = |room: &Room| forget(&room.vault, id, NOW).unwrap_err().code();
    assert_eq!(still(&room), "request-still-needed");
    refuse(&room.vault, id, "", NOW).unwrap();
    assert_eq!(still(&room), "request-still-needed");
    let lane = room.vault.store().read().lanes().unwrap()[0].id;
    let replies = room.vault.store().read().due_replies(lane).unwrap();
    room.vault
        .store()
        .write(|changes| changes.set_reply_delivered(lane, &replies[0].to_wire()))
        .unwrap();
    forget(&room.vault, id, NOW).unwrap();
    let (late, _) = room.came(|request| request.expires_at = NOW_SECS);
    forget(&room.vault, late, NOW).unwrap();
    assert!(requests(&room.vault, NOW).unwrap().is_empty());
    assert_eq!(
        fs::read_dir(room.vault.paths().bundles()).unwrap().count(),
        0
    );
}

#[test]
fn a_request_that_comes_by_another_pairing_can_be_decided_there() {
    let mut room = Room::new();
    let (id, asked) = room.came(|_| {});
    room.show(id);
    room.vault.remove_pairing(&name("courier"), NOW).unwrap();
    assert!(matches!(
        room.approve(id, &[]),
        Err(SigningError::NoWayBack { .. })
    ));
    room.vault.show_pairing(&name("new"), None, NOW).unwrap();
    assert_eq!(room.arrive(&asked).requests, [id]);
    assert!(matches!(
        room.approve(id, &[]),
        Err(SigningError::NotShown { .. })
    ));
    room.show(id);
    room.approve(id, &[]).unwrap();
}

#[test]
fn an_expired_request_is_not_signed_and_can_be_cleared_away() {
    let mut room = Room::new();
    let (id, _) = room.came(|request| request.expires_at = NOW_SECS);
    room.show(id);
    let err = room.approve(id, &[]).unwrap_err();
    assert!(matches!(err, SigningError::Expired { .. }), "{err}");
    assert!(requests(&room.vault, NOW).unwrap()[0].is_expired);
    refuse(&room.vault, id, "", NOW).unwrap();
    assert_eq!(room.state(id), RequestState::Refused);
}

#[test]
fn a_refusal_reaches_the_desk_with_its_reason() {
    let mut room = Room::new();
    let (id, asked) = room.came(|_| {});
    refuse(&room.vault, id, "not today", NOW).unwrap();
    assert_eq!(room.reply(&asked), Reply::Refused("not today".to_owned()));
    let long = "x".repeat(5000);
    let (other, _) = room.came(|_| {});
    assert!(matches!(
        refuse(&room.vault, other, &long, NOW),
        Err(SigningError::ReasonTooLong { .. })
    ));
    assert!(matches!(
        refuse(&room.vault, SigningRequestId(99), "", NOW),
        Err(SigningError::RequestUnknown { .. })
    ));
}

#[test]
fn a_file_that_did_not_cross_is_signed_only_by_the_name_of_the_risk() {
    let mut room = Room::new();
    let mut stream = Sha512Stream::new();
    stream.update(TEXT);
    let file = FileSubject {
        name: "large.img".to_owned(),
        size_bytes: TEXT.len() as u64,
        form: FileForm::Ssh {
            namespace: "file".to_owned(),
        },
        source: FileSource::Sha512(stream.into_state()),
    };
    let asked = room.ask_for(Subject::File(file), None, |_| {});
    let id = room.arrive(&asked).requests[0];
    let text = room.show(id).review.to_lines().join("\n");
    assert!(text.contains("CONTENT NOT SEEN"), "{text}");
    let err = room.approve(id, &[Risk::UnknownContent]).unwrap_err();
    let is_named = matches!(
        err,
        SigningError::RiskNotAccepted {
            risk: Risk::ContentNotSeen,
            ..
        }
    );
    assert!(is_named, "{err}");
    room.approve(id, &[Risk::ContentNotSeen]).unwrap();
    let Reply::File(armor) = room.reply(&asked) else {
        panic!("no signature")
    };
    verify_ssh(&room, &armor);
}

#[test]
fn a_policy_keeps_what_it_does_not_allow_unsigned() {
    let mut room = Room::new();
    let mut policy = room.key.policy.clone();
    policy.namespaces = Some([Namespace::git()].into_iter().collect());
    keys::set_policy(&room.vault, &name("release"), &policy, "changed", NOW).unwrap();
    let (id, _) = room.came(|_| {});
    room.show(id);
    let err = room.approve(id, &[]).unwrap_err();
    assert_eq!(err.code(), "policy-namespace");
    policy.namespaces = None;
    policy.per_day = 1;
    keys::set_policy(&room.vault, &name("release"), &policy, "changed", NOW).unwrap();
    room.approve(id, &[]).unwrap();
    let (second, _) = room.came(|_| {});
    room.show(second);
    assert_eq!(
        room.approve(second, &[]).unwrap_err().code(),
        "policy-per-day"
    );
    assert_eq!(room.state(second), RequestState::Waiting);
}

#[test]
fn a_file_that_is_a_git_commit_takes_the_right_to_sign_commits() {
    let mut room = Room::new();
    let wanted = Generate::OpenPgp {
        user_ids: vec!["Amina".to_owned()],
        version: crate::openpgp::KeyVersion::V4,
        for_encryption: false,
        valid_secs: None,
    };
    let key = keys::generate(&room.vault, &name("pgp"), wanted, NOW).unwrap();
    let mut policy = key.policy.clone();
    policy.kinds = [policy::UseKind::File, policy::UseKind::Text]
        .into_iter()
        .collect();
    keys::set_policy(&room.vault, &name("pgp"), &policy, "changed", NOW).unwrap();
    let commit = format!("tree {}\nauthor A <a@b> 1 +0000\n\nx\n", "1".repeat(40));
    for form in [FileForm::OpenPgp, FileForm::OpenPgpClear] {
        let (content, sealed) = seal(commit.as_bytes());
        let file = FileSubject {
            name: "notes.txt".to_owned(),
            size_bytes: commit.len() as u64,
            form,
            source: FileSource::Content(sealed),
        };
        let asked = room.ask_for(Subject::File(file), Some(content), |request| {
            request.key = key.reference;
        });
        let id = room.arrive(&asked).requests[0];
        let text = room.show(id).review.to_lines().join("\n");
        assert!(text.contains("GIT OBJECT"), "{text}");
        assert_eq!(room.approve(id, &[]).unwrap_err().code(), "policy-kind");
    }
    // Of a hash nobody knows whether it stands for one.
    let mut stream = Sha512Stream::new();
    stream.update(commit.as_bytes());
    let file = FileSubject {
        name: "large.img".to_owned(),
        size_bytes: commit.len() as u64,
        form: FileForm::OpenPgp,
        source: FileSource::Sha512(stream.into_state()),
    };
    let asked = room.ask_for(Subject::File(file), None, |request| {
        request.key = key.reference;
    });
    let id = room.arrive(&asked).requests[0];
    room.show(id);
    let err = room.approve(id, &[Risk::ContentNotSeen]).unwrap_err();
    assert_eq!(err.code(), "policy-kind");
}

#[test]
fn a_request_from_the_future_is_named_as_one() {
    let mut room = Room::new();
    let (id, _) = room.came(|request| {
        request.created_at = NOW_SECS + 400 * 86_400;
        request.expires_at = request.created_at + 3600;
    });
    let text = room.show(id).review.to_lines().join("\n");
    assert!(text.contains("ahead of this machine's"), "{text}");
}

#[test]
fn two_approvers_sign_together_or_not_at_all() {
    let mut room = Room::new();
    let bilal = vault_in(room.dir.path(), "bilal");
    let card = bilal.card().unwrap();
    room.vault
        .add_contact(&card, Some(&name("bilal")), NOW)
        .unwrap();
    let mut policy = room.key.policy.clone();
    policy.approvers = [PublicKey(bilal.identity().key().0)].into_iter().collect();
    policy.approvals_needed = 1;
    keys::set_policy(&room.vault, &name("release"), &policy, "changed", NOW).unwrap();
    let (id, asked) = room.came(|_| {});
    room.show(id);
    assert_eq!(
        room.approve(id, &[]).unwrap_err().code(),
        "policy-approvals"
    );

    // Bilal's vault has no such key: its yes is an approval.
    let taken = arrive(&bilal, asked.parcel.to_wire(), asked.content.as_deref());
    let reviewed = review_request(&bilal, taken.requests[0]).unwrap();
    mark_shown(&bilal, &reviewed).unwrap();
    let outcome = approve(&bilal, &taken.requests, &Accepted::default(), NOW);
    assert_eq!(outcome.done[0].state, RequestState::Approved);
    let lane = bilal.store().read().lanes().unwrap()[0].id;
    let sealed = &bilal.store().read().due_replies(lane).unwrap()[0];
    let request = asked.parcel.request.peek_statement();
    let reply = sealed
        .open(&asked.parcel.hash(), &request.reply_key)
        .unwrap();
    let Reply::Approved(approval) = reply else {
        panic!("no approval")
    };

    // An approval by somebody unknown changes nothing; with Bilal's it has to be shown again.
    let with = |approvals: Vec<Signed<Approval>>| {
        signing_format::request::parcel_wire(&asked.parcel.request, &approvals).to_vec()
    };
    let seed = Secret32::new([0x66; 32]);
    let foreign = Approval {
        request_hash: asked.parcel.hash(),
        approver: PublicKey::of_seed(&seed),
        approved_at: NOW_SECS,
    };
    arrive(&room.vault, with(vec![foreign.sign(&seed)]), None);
    room.show(id);
    assert_eq!(
        room.approve(id, &[]).unwrap_err().code(),
        "policy-approvals"
    );
    let again = arrive(&room.vault, with(vec![approval]), None);
    assert_eq!(again.requests, [id]);
    assert!(matches!(
        room.approve(id, &[]),
        Err(SigningError::NotShown { .. })
    ));
    let text = room.show(id).review.to_lines().join("\n");
    assert!(
        text.contains("bilal (NOT VERIFIED: does not count)"),
        "{text}"
    );
    assert!(text.contains("1 approvals are of nobody"), "{text}");
    assert_eq!(
        room.approve(id, &[]).unwrap_err().code(),
        "policy-approvals"
    );
    let words = card.fingerprint().words().join(" ");
    room.vault
        .verify_contact(&name("bilal"), &words, "in person", NOW)
        .unwrap();
    room.show(id);
    room.approve(id, &[]).unwrap();
    let entries = journal::verify(&room.vault.store().read(), room.vault.identity().key()).unwrap();
    assert_eq!(
        entries.last().unwrap().draft().approvers,
        [PublicKey(bilal.identity().key().0)]
    );
}

#[test]
fn a_desk_that_asks_without_end_is_told_no() {
    let mut room = Room::new();
    let lanes = room.vault.store().read().lanes().unwrap();
    let lane = lanes[0].id;
    let (content, _) = seal(TEXT);
    let mut items = Vec::new();
    for number in 0..=REQUESTS_WAITING_MAX {
        let asked = room.ask(|request| {
            request.id = RequestId([u8::try_from(number % 250).unwrap(); 16]);
        });
        items.push((
            lane,
            Item::Request(SigningBytes::new(asked.parcel.to_wire()).unwrap()),
        ));
        room.next_id = 1;
    }
    let arrivals = Arrival::among(&items);
    let mut taken = intake::TakenIn::default();
    room.vault
        .store()
        .write(|changes| {
            for (at, arrival) in arrivals.iter().enumerate() {
                let contents = BTreeMap::from([(ContentId::of(&content), format!("file-{at}"))]);
                let one = std::slice::from_ref(arrival);
                let more = intake::take_in(changes, one, &contents, NOW)?;
                taken.requests.extend(more.requests);
                taken.refused.extend(more.refused);
            }
            Ok::<_, crate::store::StoreError>(())
        })
        .unwrap();
    assert_eq!(
        taken.requests.len(),
        usize::try_from(REQUESTS_WAITING_MAX).unwrap()
    );
    assert!(taken.refused[0].contains("too many"), "{:?}", taken.refused);
}

#[test]
fn a_request_by_way_of_another_vault_is_refused() {
    let room = Room::new();
    let other = vault_in(room.dir.path(), "other");
    let lane = other.store().read().lanes().unwrap()[0].id;
    let arrivals = Arrival::among(&[(
        lane,
        Item::Request(SigningBytes::new(vec![1, 2, 3]).unwrap()),
    )]);
    let take = |changes: &crate::store::Changes<'_>| {
        intake::take_in(changes, &arrivals, &BTreeMap::new(), NOW)
    };
    // The lane is unknown here, and the bytes are no request: neither is kept.
    let taken = room.vault.store().write(take).unwrap();
    assert_eq!((taken.requests.len(), taken.refused.len()), (0, 1));
}
