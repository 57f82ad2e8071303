//! The signatures of commits and tags.
//!
//! The signed objects are built anew from what was sent, each over the new ids of what it builds
//! on. They are checked, then written, then checked again by git itself, and only then do branches
//! and tags move, all at once and only from where they were.

use std::collections::HashMap;
use std::fmt::Write as _;

use pack_format::shown::Shown;
use signing_format::git::{Chain, GitContent, ObjectId, ObjectKind, SignedObject};
use signing_format::openpgp::{
    CompactSignature, EDDSA_LEGACY, SignatureFrame, SignatureType, armor,
};
use signing_format::reply::GitSignatures;
use signing_format::ssh::{Namespace, SshSignature};
use signing_format::subject::FileForm;

use super::super::error::DeskError;
use super::super::git::{RefUpdate, Repository};
use super::super::key::PublicHalf;
use super::super::task::{GitTask, RefMove};
use super::super::verify::{Asked, Checked, GitKeys, check, check_own};
use super::{Case, Done};
use crate::courier::quantity::Count;

/// Signs the chain with the reply, and moves what was asked for.
pub(super) fn finish(
    case: &Case<'_>,
    task: &GitTask,
    content: &[u8],
    signatures: &GitSignatures,
) -> Result<Done, DeskError> {
    let content = GitContent::decode(content)?;
    let (signed, own) = sign_all(case, &content, signatures)?;
    let repository = Repository::open(&task.repository)?;
    write_all(&repository, &signed)?;
    check_trees(&repository, &signed)?;
    let program = GitKeys::new(&case.key, &case.scratch)?.check(&repository, &signed)?;
    let checked = Checked::by(own, program)?;
    move_all(case, task, &repository, &signed).map(|moved| {
        let count = Count(signed.len() as u64, "object");
        Done::with(format!("{count} signed ({checked}); {moved}"))
    })
}

/// The signature of the one object that a program waits for.
pub(super) fn for_program(
    case: &Case<'_>,
    content: &[u8],
    signatures: &GitSignatures,
) -> Result<Done, DeskError> {
    let content = GitContent::decode(content)?;
    let chain = content.chain();
    let payload = chain.next_payload().ok_or(DeskError::WrongReply)?;
    if content.to_sign().len() != 1 || signatures.len() != 1 {
        return Err(DeskError::WrongReply);
    }
    let armored = armored(case, signatures, 0, payload.bytes())?;
    let asked = Asked::Bytes(payload.bytes());
    let (result, checked) = check(&case.key, &form(case), &armored, asked, &case.scratch)?;
    Ok(Done {
        note: format!("the signature is there ({checked})"),
        result: Some(result),
    })
}

/// Every object with its signature, and whether this process has checked them all.
fn sign_all(
    case: &Case<'_>,
    content: &GitContent,
    signatures: &GitSignatures,
) -> Result<(Vec<SignedObject>, bool), DeskError> {
    if signatures.len() != content.to_sign().len() {
        return Err(DeskError::WrongReply);
    }
    let mut chain: Chain<'_> = content.chain();
    let mut signed = Vec::new();
    let mut all_checked = true;
    while let Some(payload) = chain.next_payload() {
        let armored = armored(case, signatures, signed.len(), payload.bytes())?;
        let asked = Asked::Bytes(payload.bytes());
        let own = check_own(&case.key, &form(case), &armored, asked)?;
        all_checked &= own.is_checked;
        let armored = String::from_utf8(own.plain).map_err(|_| DeskError::WrongReply)?;
        signed.push(chain.accept(&payload, &armored)?);
    }
    Ok((signed, all_checked))
}

/// The form of git's signatures, as a file would have it.
fn form(case: &Case<'_>) -> FileForm {
    match case.key.public {
        PublicHalf::Ssh(_) => FileForm::Ssh {
            namespace: Namespace::git().as_str().to_owned(),
        },
        _ => FileForm::OpenPgp,
    }
}

/// One signature of a reply, as it stands in an object.
fn armored(
    case: &Case<'_>,
    signatures: &GitSignatures,
    position: usize,
    payload: &[u8],
) -> Result<Vec<u8>, DeskError> {
    let armored = match (signatures, &case.key.public) {
        (GitSignatures::Ssh(all), PublicHalf::Ssh(line)) => {
            let raw = all.get(position).ok_or(DeskError::WrongReply)?;
            SshSignature::from_raw(*line.key(), Namespace::git(), *raw).to_armor()
        }
        (
            GitSignatures::OpenPgpCompact {
                created_at,
                issuer,
                signatures,
            },
            PublicHalf::OpenPgp { .. },
        ) => {
            let raw = signatures.get(position).ok_or(DeskError::WrongReply)?;
            let kind = SignatureType::Binary;
            let frame = SignatureFrame::v4(kind, EDDSA_LEGACY, *created_at, *issuer);
            let digest = frame.digest_of_bytes(payload);
            armor(&CompactSignature(*raw).packet(&frame, &digest))
        }
        (GitSignatures::OpenPgp(packets), PublicHalf::OpenPgp { .. }) => {
            armor(packets.get(position).ok_or(DeskError::WrongReply)?)
        }
        _ => return Err(DeskError::WrongReply),
    };
    Ok(armored.into_bytes())
}

/// Writes the objects; nothing refers to them yet.
fn write_all(repository: &Repository, signed: &[SignedObject]) -> Result<(), DeskError> {
    for object in signed {
        let written = repository.write(&object.object)?;
        if written != object.new_id {
            return Err(DeskError::OtherId {
                expected: object.new_id,
                found: written,
            });
        }
    }
    Ok(())
}

/// Git finds the same files in each signed commit as in the one that was asked about.
fn check_trees(repository: &Repository, signed: &[SignedObject]) -> Result<(), DeskError> {
    let commits = signed
        .iter()
        .filter(|object| object.object.kind() == ObjectKind::Commit);
    for object in commits {
        let (old, new) = (object.old_id.to_string(), object.new_id.to_string());
        let before = repository.resolve(&old, "^{tree}")?;
        let after = repository.resolve(&new, "^{tree}")?;
        if before != after {
            return Err(DeskError::OtherTree { id: object.new_id });
        }
    }
    Ok(())
}

/// Moves branches and tags, and keeps where they were.
fn move_all(
    case: &Case<'_>,
    task: &GitTask,
    repository: &Repository,
    signed: &[SignedObject],
) -> Result<String, DeskError> {
    let ids: HashMap<ObjectId, ObjectId> = signed
        .iter()
        .map(|object| (object.old_id, object.new_id))
        .collect();
    let mut updates = Vec::new();
    for moved in &task.moves {
        let new = *ids.get(&moved.old).ok_or(DeskError::WrongReply)?;
        updates.push(RefUpdate {
            reference: moved.reference.clone(),
            new,
            old: Some(moved.old),
        });
    }
    let names: Vec<&str> = task.moves.iter().map(|it| it.reference.as_str()).collect();
    let standing = repository.standing(&names)?;
    let request = case.request.id;
    // A kill after the move and before the note leaves the work done.
    let is_done = |update: &RefUpdate| standing.get(&update.reference) == Some(&update.new);
    if updates.iter().all(is_done) {
        return Ok(text_of(&updates, &request.to_string()));
    }
    let elsewhere = |moved: &&RefMove| standing.get(&moved.reference) != Some(&moved.old);
    if let Some(moved) = task.moves.iter().find(elsewhere) {
        return keep_beside(case, repository, moved, &updates).and_then(Err);
    }
    let kept = updates.iter().map(|update| RefUpdate {
        reference: beside("unsigned", &request.to_string(), &update.reference),
        new: update.old.unwrap_or(update.new),
        old: None,
    });
    let all: Vec<RefUpdate> = kept.chain(updates.iter().cloned()).collect();
    repository.update_refs(&all, "causeway: signed")?;
    Ok(text_of(&updates, &request.to_string()))
}

/// A branch has moved since: the signed objects are kept under names of their own.
fn keep_beside(
    case: &Case<'_>,
    repository: &Repository,
    moved: &RefMove,
    updates: &[RefUpdate],
) -> Result<DeskError, DeskError> {
    let request = case.request.id.to_string();
    let kept: Vec<RefUpdate> = updates
        .iter()
        .map(|update| RefUpdate {
            reference: beside("signed", &request, &update.reference),
            new: update.new,
            old: None,
        })
        .collect();
    let names: Vec<&str> = kept.iter().map(|it| it.reference.as_str()).collect();
    let standing = repository.standing(&names)?;
    let is_kept = |update: &RefUpdate| standing.get(&update.reference) == Some(&update.new);
    if !kept.iter().all(is_kept) {
        repository.update_refs(&kept, "causeway: signed")?;
    }
    Ok(DeskError::RefMoved {
        kept: beside("signed", &request, &moved.reference),
        reference: moved.reference.clone(),
        old: moved.old,
    })
}

/// `refs/causeway/KIND/REQUEST/heads/main`.
fn beside(kind: &str, request: &str, reference: &str) -> String {
    let short = reference.strip_prefix("refs/").unwrap_or(reference);
    format!("refs/causeway/{kind}/{request}/{short}")
}

fn text_of(updates: &[RefUpdate], request: &str) -> String {
    let mut text = String::new();
    for update in updates {
        let name = Shown(&update.reference);
        let _ = write!(text, "{name} is now at {}, ", update.new);
    }
    let _ = write!(
        text,
        "before it was what refs/causeway/unsigned/{request}/ keeps"
    );
    text
}
