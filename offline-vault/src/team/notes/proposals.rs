//! Changes of a note that somebody proposes and an approver merges or refuses.

use note_protocol::{Document, NoteError};
use signing_format::git::diff::TextDiff;
use team_content::item_id::Dot;
use team_content::note::{DecideProposal, Decision, Note, Proposal, ProposeEdit, peer_id};
use team_core::role::Role;

use super::super::TeamError;
use super::super::items::{ItemReference, text_of};
use super::super::refusal::whom_to_ask;
use super::super::session::{in_space, look};
use super::super::view::{View, digits};
use super::document::{self, as_update};
use super::reading::is_of_content;
use super::{find_note, new_branch, write};
use crate::clock::UnixTime;
use crate::store::StoredItem;
use crate::vault::Vault;

/// What became of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalState {
    /// Nobody has decided.
    Open,
    /// It belongs to the note.
    Merged,
    /// It does not.
    Refused,
}

/// A proposal as it is shown.
#[derive(Clone, Debug)]
pub struct ProposalLine {
    /// Its digits, by which it is named.
    pub proposal: String,
    /// Who proposes it, escaped.
    pub author: String,
    /// When, as its author's clock had it.
    pub proposed_at: UnixTime,
    /// Why. Text of others.
    pub remark: String,
    /// What became of it.
    pub state: ProposalState,
    /// Who decided what and why: escaped names, text of others.
    pub decisions: Vec<(String, ProposalState, String)>,
    /// What it changes in the text as it is now; none for one that was decided, and where it
    /// cannot be read.
    pub diff: Option<TextDiff>,
    /// Why it cannot be read.
    pub unreadable: Option<String>,
}

/// Proposes another text for a note. Returns the digits of the proposal; nothing when the text is
/// the same.
///
/// # Errors
/// [`TeamError`]; nothing was written then.
pub fn suggest(
    vault: &Vault,
    which: &ItemReference,
    text: &str,
    remark: &str,
    now: UnixTime,
) -> Result<Option<String>, TeamError> {
    in_space(vault, &which.space, now, |session| {
        let (stored, note) = find_note(&session.view, &which.digits)?;
        let client = document::client();
        let cache = document::load(session.changes, stored.id)?;
        let read = document::read(&client, &note, cache)?;
        let branch = new_branch(session);
        let peer = peer_id(session.view.own_device(), stored.item, branch);
        let before = read.content.text();
        let (updates, _) = document::edit(&client, &read.cache, before, text, peer)?;
        let mut updates = updates.into_iter();
        let (first, more) = (updates.next(), updates.next());
        let Some(update) = first else {
            return Ok(None);
        };
        if more.is_some() {
            return Err(TeamError::Input {
                what: "the proposal adds too much text for one: propose it in parts".to_owned(),
            });
        }
        let proposal = ProposeEdit {
            item: stored.item,
            branch,
            remark: remark.to_owned(),
            update: update.into(),
        };
        document::keep(session.changes, stored.id, &read.cache)?;
        let dots = write(session, stored.compartment, proposal.into())?;
        Ok(dots.first().map(proposal_digits))
    })
}

/// By what people name a proposal: the author's device and the number of the segment, hashed.
fn proposal_digits(dot: &Dot) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&dot.device.0);
    hasher.update(&dot.number.to_be_bytes());
    hasher.update(&dot.index.to_be_bytes());
    digits(hasher.finalize().as_bytes())
}

/// The proposals for a note, and who decides about them.
#[derive(Clone, Debug)]
pub struct Proposals {
    /// The first first.
    pub lines: Vec<ProposalLine>,
    /// Whether the person may decide.
    pub may_decide: bool,
    /// Who else may.
    pub ask: Vec<String>,
}

/// The proposals for a note; those that were decided only when asked for.
///
/// # Errors
/// [`TeamError`].
pub fn proposals(
    vault: &Vault,
    which: &ItemReference,
    with_decided: bool,
) -> Result<Proposals, TeamError> {
    look(vault, &which.space, |view| {
        let (stored, note) = find_note(view, &which.digits)?;
        let client = document::client();
        let cache = document::load(view.tables, stored.id)?;
        let read = document::read(&client, &note, cache)?;
        let mut lines = Vec::new();
        for proposal in &note.proposals {
            let mut line = described(view, proposal);
            if line.state == ProposalState::Open {
                let document = Document {
                    snapshot: read.cache.snapshot.clone(),
                    updates: Vec::new(),
                };
                let update = as_update(&proposal.update.value);
                match client.preview(document, update) {
                    Ok(previewed) => {
                        let (before, after) = (previewed.before, previewed.after.content);
                        let (before, after) = (before.text(), after.text());
                        line.diff =
                            TextDiff::between(before.as_bytes(), after.as_bytes(), DIFF_LINES_MAX);
                    }
                    Err(NoteError::Refused(refusal)) => line.unreadable = Some(refusal.to_string()),
                    // A change that nobody has merged takes the others from nobody.
                    Err(err) if is_of_content(&err) => line.unreadable = Some(err.to_string()),
                    Err(err) => return Err(err.into()),
                }
            } else if !with_decided {
                continue;
            }
            lines.push(line);
        }
        Ok(Proposals {
            lines,
            may_decide: view.own_role() >= Some(Role::Approver),
            ask: whom_to_ask(view, Role::Approver),
        })
    })
}

fn described(view: &View<'_>, proposal: &Proposal) -> ProposalLine {
    let state = |decision| match decision {
        Decision::Merge => ProposalState::Merged,
        Decision::Refuse => ProposalState::Refused,
    };
    let decisions = proposal.decisions.iter().map(|decision| {
        let (what, remark) = &decision.value;
        let who = view.device_text(decision.dot.device);
        (who, state(*what), remark.clone())
    });
    ProposalLine {
        proposal: proposal_digits(&proposal.update.dot),
        author: view.device_text(proposal.update.dot.device),
        proposed_at: UnixTime::of_secs(proposal.update.claimed_at),
        remark: proposal.remark.clone(),
        state: proposal.decision().map_or(ProposalState::Open, state),
        decisions: decisions.collect(),
        diff: None,
        unreadable: None,
    }
}

/// Merges or refuses a proposal.
///
/// A proposal is merged only when the note can be read with it: nobody can take a note from the
/// others by a change that an approver did not see.
///
/// # Errors
/// [`TeamError::InputAdvised`] when there is none, [`TeamError::StateAdvised`] when it was merged
/// before; [`TeamError::Note`].
pub fn decide(
    vault: &Vault,
    which: &ItemReference,
    proposal: &str,
    decision: Decision,
    remark: &str,
    now: UnixTime,
) -> Result<(), TeamError> {
    in_space(vault, &which.space, now, |session| {
        let (stored, note) = find_note(&session.view, &which.digits)?;
        let meant = meant(&session.view, &stored, &note, proposal)?;
        if meant.decision() == Some(Decision::Merge) {
            return Err(TeamError::StateAdvised {
                which: format!("proposal {proposal}"),
                state: "was merged already".to_owned(),
                next: "There is nothing to do.".to_owned(),
            });
        }
        if decision == Decision::Merge {
            let client = document::client();
            let cache = document::load(session.changes, stored.id)?;
            let read = document::read(&client, &note, cache)?;
            let document = Document {
                snapshot: read.cache.snapshot,
                updates: Vec::new(),
            };
            client.preview(document, as_update(&meant.update.value))?;
        }
        let decide = DecideProposal {
            item: stored.item,
            proposal: meant.update.dot,
            decision,
            remark: remark.to_owned(),
        };
        write(session, stored.compartment, decide.into())?;
        Ok(())
    })
}

fn meant<'a>(
    view: &View<'_>,
    stored: &StoredItem,
    note: &'a Note,
    which: &str,
) -> Result<&'a Proposal, TeamError> {
    let is_meant =
        |it: &&Proposal| !which.is_empty() && proposal_digits(&it.update.dot).starts_with(which);
    let found: Vec<&Proposal> = note.proposals.iter().filter(is_meant).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(TeamError::InputAdvised {
            what: format!(
                "{} has no proposal {}",
                text_of(view, stored),
                pack_format::shown::Shown(which)
            ),
            next: format!(
                "See what is proposed: offline-vault note proposals {}.",
                text_of(view, stored)
            ),
        }),
        several => Err(TeamError::Ambiguous {
            space: view.name().clone(),
            which: pack_format::shown::Shown(which).to_string(),
            count: several.len(),
        }),
    }
}

/// Lines of one proposal that are shown.
const DIFF_LINES_MAX: usize = 2000;
