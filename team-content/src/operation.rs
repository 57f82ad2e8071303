//! Every operation that this version knows, and how each says what it is about.

use pack_format::codec::DecodeError;
use team_core::ids::{DeviceId, MemberId};
use team_core::log::SeenHeads;

use crate::blob::Content;
use crate::file::{MoveFile, PutFile, PutVersion, RemoveFile};
use crate::index::ItemKind;
use crate::item_id::{Dot, ItemId};
use crate::message::{EditMessage, NewMessage};
use crate::note::{CreateNote, DecideProposal, EditNote, ProposeEdit, RenameNote};
use crate::record::{AddEvent, AddTag, CreateRecord, RemoveTag, SetField};
use crate::schema::{DefineSchema, ReviseSchema};
use crate::wire::{Body, In, Out};

/// An operation with what is known of it from its segment: the input of folds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// Its name.
    pub dot: Dot,
    /// The member whose device wrote it.
    pub author: MemberId,
    /// Seconds since 1970 on the author's clock: a claim.
    pub claimed_at: u64,
    /// As [`order`] says: larger than that of all that its author had seen.
    pub order: u64,
    /// What it does.
    pub operation: Operation,
}

/// Where a segment stands among all: after each segment of its past, and at the same place in every
/// vault.
///
/// `order = number + the highest number seen of each other device`. Segments of one order know
/// nothing of each other; those of different orders need not know of each other either.
#[must_use]
pub fn order(number: u64, seen: &SeenHeads) -> u64 {
    let others = seen.iter().map(|(device, _)| seen.number(device));
    others.fold(number, u64::saturating_add)
}

/// Whether an operation makes its item or changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// It makes the item of this nonce.
    Makes(ItemKind, [u8; 16]),
    /// It changes this item.
    Changes(ItemKind, ItemId),
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// One content operation.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Operation {
            $($(#[$doc])* $name($name),)*
        }

        $(impl From<$name> for Operation {
            fn from(operation: $name) -> Self {
                Self::$name(operation)
            }
        })*

        impl Operation {
            /// The kind byte, whose range says which role the operation needs.
            #[must_use]
            pub fn kind(&self) -> u8 {
                match self {
                    $(Self::$name(_) => $name::KIND,)*
                }
            }

            pub(crate) fn write(&self, out: &mut Out<'_>) {
                match self {
                    $(Self::$name(operation) => operation.write(out),)*
                }
            }

            /// Reads the body of an operation of this kind; none for a kind of a later version.
            pub(crate) fn read(
                kind: u8,
                mut input: In<'_, '_>,
            ) -> Option<Result<Self, DecodeError>> {
                let read = match kind {
                    $($name::KIND => $name::read(&mut input).map(Self::$name),)*
                    _ => return None,
                };
                Some(read.and_then(|operation| input.finish().map(|()| operation)))
            }

            /// The kind bytes of this version, ascending.
            #[must_use]
            pub fn kinds() -> Vec<u8> {
                let mut kinds = vec![$($name::KIND),*];
                kinds.sort_unstable();
                kinds
            }
        }
    };
}

operations! {
    /// Writes a message.
    NewMessage,
    /// Changes the text of one's own message.
    EditMessage,
    /// Proposes a change of a note.
    ProposeEdit,
    /// Puts a new file into the tree.
    PutFile,
    /// Puts a new version of a file.
    PutVersion,
    /// Moves or renames a file.
    MoveFile,
    /// Takes a file out of the tree.
    RemoveFile,
    /// Makes an empty record.
    CreateRecord,
    /// Sets or clears a field of a record.
    SetField,
    /// Adds a tag to a set of tags.
    AddTag,
    /// Removes a tag, as far as its adding was seen.
    RemoveTag,
    /// Adds an amount to a sum.
    AddEvent,
    /// Makes an empty note.
    CreateNote,
    /// Changes the title of a note.
    RenameNote,
    /// Changes a note.
    EditNote,
    /// Defines a kind of records.
    DefineSchema,
    /// Changes the definition of a kind of records.
    ReviseSchema,
    /// Merges or refuses a proposed change.
    DecideProposal,
}

impl Operation {
    /// The item that it makes or changes, when `device` wrote it.
    #[must_use]
    pub fn item(&self, device: DeviceId) -> ItemId {
        match self.about() {
            About::Makes(_, nonce) => ItemId::of(device, &nonce),
            About::Changes(_, item) => item,
        }
    }

    /// What kind of item it makes or changes.
    #[must_use]
    pub fn item_kind(&self) -> ItemKind {
        match self.about() {
            About::Makes(kind, _) | About::Changes(kind, _) => kind,
        }
    }

    /// Whether it makes its item.
    #[must_use]
    pub fn creates(&self) -> bool {
        matches!(self.about(), About::Makes(..))
    }

    /// The contents of files that it names, whose blobs travel with it.
    pub fn contents(&self) -> impl Iterator<Item = &Content> {
        let attachments = match self {
            Self::NewMessage(new) => new.attachments.as_slice(),
            _ => &[],
        };
        let version = match self {
            Self::PutFile(put) => Some(&put.version.content),
            Self::PutVersion(put) => Some(&put.version.content),
            _ => None,
        };
        let attached = attachments.iter().map(|attachment| &attachment.content);
        attached.chain(version)
    }

    fn about(&self) -> About {
        match self {
            Self::NewMessage(new) => About::Makes(ItemKind::Message, new.nonce),
            Self::EditMessage(edit) => About::Changes(ItemKind::Message, edit.item),
            Self::PutFile(put) => About::Makes(ItemKind::File, put.nonce),
            Self::PutVersion(put) => About::Changes(ItemKind::File, put.item),
            Self::MoveFile(moved) => About::Changes(ItemKind::File, moved.item),
            Self::RemoveFile(removed) => About::Changes(ItemKind::File, removed.item),
            Self::CreateRecord(create) => About::Makes(ItemKind::Record, create.nonce),
            Self::SetField(set) => About::Changes(ItemKind::Record, set.item),
            Self::AddTag(add) => About::Changes(ItemKind::Record, add.item),
            Self::RemoveTag(remove) => About::Changes(ItemKind::Record, remove.item),
            Self::AddEvent(event) => About::Changes(ItemKind::Record, event.item),
            Self::CreateNote(create) => About::Makes(ItemKind::Note, create.nonce),
            Self::RenameNote(rename) => About::Changes(ItemKind::Note, rename.item),
            Self::EditNote(edit) => About::Changes(ItemKind::Note, edit.item),
            Self::ProposeEdit(proposal) => About::Changes(ItemKind::Note, proposal.item),
            Self::DecideProposal(decision) => About::Changes(ItemKind::Note, decision.item),
            Self::DefineSchema(define) => About::Makes(ItemKind::Schema, define.nonce),
            Self::ReviseSchema(revise) => About::Changes(ItemKind::Schema, revise.item),
        }
    }
}
