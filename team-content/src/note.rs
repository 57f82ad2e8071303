//! Notes: rich text whose changes are bytes of a document library, opened elsewhere.
//!
//! Here it is decided which changes belong to the note and in what order they are imported. A
//! change made by a suggester is a proposal, and belongs to the note once an approver merges it.

use std::collections::BTreeMap;
use std::sync::Arc;

use pack_format::codec::DecodeError;
use team_core::ids::DeviceId;

use crate::fold::{Folding, Reason, Written, live};
use crate::item_id::{Dot, ItemId};
use crate::limits::{NOTE_UPDATE_BYTES_MAX, REMARK_BYTES_MAX};
use crate::operation::{Operation, Stamped};
use crate::title::Title;
use crate::wire::{Body, In, Out};

/// Makes an empty note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateNote {
    /// Random: names the note.
    pub nonce: [u8; 16],
    /// Its title.
    pub title: Title,
}

/// Changes the title of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenameNote {
    /// The note.
    pub item: ItemId,
    /// Its title now.
    pub title: Title,
    /// The titles that this one stands for, ascending.
    pub replaces: Vec<Dot>,
}

/// Changes a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditNote {
    /// The note.
    pub item: ItemId,
    /// Which run of changes of its author's this continues: see [`peer_id`].
    pub branch: u64,
    /// The change, at most [`NOTE_UPDATE_BYTES_MAX`] bytes.
    pub update: Arc<[u8]>,
}

/// Proposes a change of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposeEdit {
    /// The note.
    pub item: ItemId,
    /// A run of changes of its own, never used again: see [`peer_id`].
    pub branch: u64,
    /// Why, at most [`REMARK_BYTES_MAX`] bytes.
    pub remark: String,
    /// The change, at most [`NOTE_UPDATE_BYTES_MAX`] bytes.
    pub update: Arc<[u8]>,
}

/// Merges or refuses a proposed change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecideProposal {
    /// The note.
    pub item: ItemId,
    /// The operation that proposed it.
    pub proposal: Dot,
    /// What is decided.
    pub decision: Decision,
    /// Why, at most [`REMARK_BYTES_MAX`] bytes.
    pub remark: String,
}

/// What an approver decides about a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The change belongs to the note from here on.
    Merge,
    /// It does not. A merge, before, after or at the same time, counts more: what others built on
    /// the change would be lost.
    Refuse,
}

/// The name under which a device changes a note in one branch, for the document library.
///
/// `BLAKE3-derive-key("causeway/team/v1 note peer", device || item || u64(branch))`, the first
/// eight bytes without the highest bit. A library takes two changes of one peer for one; this one
/// is a device's own. Whoever imports a change must check that it holds changes of this peer only,
/// and that they continue those it has of this peer without a gap or a repetition.
#[must_use]
pub fn peer_id(device: DeviceId, note: ItemId, branch: u64) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key("causeway/team/v1 note peer");
    hasher.update(&device.0);
    hasher.update(&note.0);
    hasher.update(&branch.to_be_bytes());
    let hash = hasher.finalize();
    let first = hash.as_bytes().first_chunk().copied().unwrap_or_default();
    u64::from_be_bytes(first) & (u64::MAX >> 1)
}

/// A note as its operations make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its title: several when it was renamed at the same time.
    pub titles: Vec<Written<Title>>,
    /// The changes to import, in this order: each after all that it follows.
    pub updates: Vec<Written<Update>>,
    /// All proposals, those before others first.
    pub proposals: Vec<Proposal>,
}

/// A change to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Whose changes it may hold: see [`peer_id`].
    pub peer: u64,
    /// What the document library imports.
    pub bytes: Arc<[u8]>,
}

/// A proposal, and what was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// What is proposed.
    pub update: Written<Update>,
    /// Why.
    pub remark: String,
    /// What approvers decided, those before others first; empty while it is open.
    pub decisions: Vec<Written<(Decision, String)>>,
}

impl Proposal {
    /// The decision that counts; none while it is open.
    #[must_use]
    pub fn decision(&self) -> Option<Decision> {
        let mut decisions = self.decisions.iter().map(|decision| decision.value.0);
        let first = decisions.next()?;
        if first == Decision::Merge || decisions.any(|next| next == Decision::Merge) {
            return Some(Decision::Merge);
        }
        Some(Decision::Refuse)
    }
}

impl Note {
    /// The proposals that nobody decided.
    pub fn open_proposals(&self) -> impl Iterator<Item = &Proposal> {
        let proposals = self.proposals.iter();
        proposals.filter(|proposal| proposal.decisions.is_empty())
    }

    /// A title in place of every one there is now.
    #[must_use]
    pub fn rename(&self, item: ItemId, title: Title) -> Operation {
        let replaces = self.titles.iter().map(|title| title.dot).collect();
        Operation::from(RenameNote {
            item,
            title,
            replaces,
        })
    }

    pub(crate) fn fold(
        item: ItemId,
        create: &CreateNote,
        by: &Stamped,
        folding: &mut Folding<'_>,
    ) -> Self {
        let mut titles = vec![(by, &create.title, &[][..])];
        let mut changes = Changes::new(item);
        for stamped in &folding.rest {
            let taken_in = match &stamped.operation {
                Operation::RenameNote(rename) => {
                    titles.push((stamped, &rename.title, &rename.replaces));
                    Ok(())
                }
                Operation::EditNote(edit) => changes.edit(stamped, edit),
                Operation::ProposeEdit(proposal) => changes.propose(stamped, proposal),
                Operation::DecideProposal(decision) => changes.decide(stamped, decision),
                _ => Ok(()),
            };
            if let Err(reason) = taken_in {
                folding.ignored.ignore(stamped.dot, reason);
            }
        }
        Self {
            titles: live(titles),
            updates: changes.updates,
            proposals: changes.proposals,
        }
    }
}

/// The changes of a note, taken in in an order in which none comes before what it follows.
struct Changes {
    item: ItemId,
    updates: Vec<Written<Update>>,
    proposals: Vec<Proposal>,
    places: BTreeMap<Dot, usize>,
    /// Whether the branch of a device is that of a proposal.
    branches: BTreeMap<(DeviceId, u64), bool>,
}

impl Changes {
    fn new(item: ItemId) -> Self {
        Self {
            item,
            updates: Vec::new(),
            proposals: Vec::new(),
            places: BTreeMap::new(),
            branches: BTreeMap::new(),
        }
    }

    fn edit(&mut self, stamped: &Stamped, edit: &EditNote) -> Result<(), Reason> {
        let key = (stamped.dot.device, edit.branch);
        if *self.branches.entry(key).or_insert(false) {
            return Err(Reason::BranchTaken);
        }
        self.updates
            .push(self.update(stamped, edit.branch, &edit.update));
        Ok(())
    }

    fn propose(&mut self, stamped: &Stamped, proposal: &ProposeEdit) -> Result<(), Reason> {
        let key = (stamped.dot.device, proposal.branch);
        if self.branches.contains_key(&key) {
            return Err(Reason::BranchTaken);
        }
        self.branches.insert(key, true);
        self.places.insert(stamped.dot, self.proposals.len());
        self.proposals.push(Proposal {
            update: self.update(stamped, proposal.branch, &proposal.update),
            remark: proposal.remark.clone(),
            decisions: Vec::new(),
        });
        Ok(())
    }

    /// A merged change is imported where it was merged: what it follows is before that.
    fn decide(&mut self, stamped: &Stamped, decide: &DecideProposal) -> Result<(), Reason> {
        let place = self.places.get(&decide.proposal);
        let proposal = place
            .and_then(|place| self.proposals.get_mut(*place))
            .ok_or(Reason::ProposalMissing)?;
        let merged_before = proposal.decision() == Some(Decision::Merge);
        if decide.decision == Decision::Merge && !merged_before {
            self.updates.push(proposal.update.clone());
        }
        let decision = (decide.decision, decide.remark.clone());
        proposal.decisions.push(Written::of(stamped, decision));
        Ok(())
    }

    fn update(&self, stamped: &Stamped, branch: u64, bytes: &Arc<[u8]>) -> Written<Update> {
        let peer = peer_id(stamped.dot.device, self.item, branch);
        let bytes = Arc::clone(bytes);
        Written::of(stamped, Update { peer, bytes })
    }
}

impl Body for CreateNote {
    const KIND: u8 = 0x60;

    fn write(&self, out: &mut Out<'_>) {
        out.writer.put(&self.nonce);
        self.title.write(out);
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            nonce: input.reader.take_array("nonce")?,
            title: Title::read(input)?,
        })
    }
}

impl Body for RenameNote {
    const KIND: u8 = 0x61;

    fn write(&self, out: &mut Out<'_>) {
        out.item(self.item);
        self.title.write(out);
        out.dots(&self.replaces);
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            item: input.item()?,
            title: Title::read(input)?,
            replaces: input.dots()?,
        })
    }
}

impl Body for EditNote {
    const KIND: u8 = 0x62;

    fn write(&self, out: &mut Out<'_>) {
        out.item(self.item);
        out.writer.varint(self.branch).put(&self.update);
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            item: input.item()?,
            branch: input.reader.varint("branch")?,
            update: read_update(input)?,
        })
    }
}

impl Body for ProposeEdit {
    const KIND: u8 = 0x28;

    fn write(&self, out: &mut Out<'_>) {
        out.item(self.item);
        out.writer.varint(self.branch);
        out.text(&self.remark);
        out.writer.put(&self.update);
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            item: input.item()?,
            branch: input.reader.varint("branch")?,
            remark: input.text(REMARK_BYTES_MAX, "remark")?.to_owned(),
            update: read_update(input)?,
        })
    }
}

impl Body for DecideProposal {
    const KIND: u8 = 0x88;

    fn write(&self, out: &mut Out<'_>) {
        out.item(self.item);
        out.dot(self.proposal);
        out.writer.u8((self.decision == Decision::Merge).into());
        out.writer.put(self.remark.as_bytes());
    }

    fn read(input: &mut In<'_, '_>) -> Result<Self, DecodeError> {
        Ok(Self {
            item: input.item()?,
            proposal: input.dot()?,
            decision: match input.flag("decision")? {
                true => Decision::Merge,
                false => Decision::Refuse,
            },
            remark: input.text_to_end(REMARK_BYTES_MAX, "remark")?.to_owned(),
        })
    }
}

fn read_update(input: &mut In<'_, '_>) -> Result<Arc<[u8]>, DecodeError> {
    let bytes = input.bytes_to_end(NOTE_UPDATE_BYTES_MAX, "change of a note")?;
    if bytes.is_empty() {
        return Err(DecodeError::Rule {
            what: "a change of a note is empty",
        });
    }
    Ok(bytes.into())
}
