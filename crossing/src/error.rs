//! Why a crossing ended early, in words for the person who holds the medium.

use std::io;

use carriers::{
    light::{DisplayError, camera::CameraError},
    raw::RawError,
    stick::StickError,
};
use pack_format::{
    advice::{Advice, Exit},
    codec::DecodeError,
};

use crate::{HostError, LaneId};

/// Why a crossing ended early. Whatever was committed before counts, and running the same command
/// again goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrossingError {
    /// The stick failed.
    #[error(transparent)]
    Stick(StickError),
    /// The medium without a file system failed.
    #[error(transparent)]
    Raw(RawError),
    /// What is due was not written over what lies on the raw medium: it is neither empty nor of
    /// these pairings.
    #[error("the medium holds something else")]
    MediumNotOurs,
    /// The machine's own store failed.
    #[error(transparent)]
    Host(HostError),
    /// Something that a pack brought could not be stored.
    #[error("what a pack brought could not be stored")]
    TakeIn(#[source] io::Error),
    /// The directory for parts of incomplete packs failed.
    #[error("{doing}")]
    Spool {
        /// What was being done.
        doing: &'static str,
        /// What the machine said.
        source: io::Error,
    },
    /// A bundle that is due cannot be read from the machine's own store.
    #[error("a bundle that is to be sent cannot be read")]
    Bundle(#[source] io::Error),
    /// What is due breaks a limit of packs.
    #[error("something that is due does not fit into a pack: {0}")]
    Due(DecodeError),
    /// The state of a pairing would not be readable again; it was not stored.
    #[error("the state of a pairing cannot be kept: {0}")]
    Lane(DecodeError),
    /// Codes cannot be shown.
    #[error(transparent)]
    Display(DisplayError),
    /// The camera, or what was given in its place, failed.
    #[error(transparent)]
    Camera(CameraError),
    /// Filming ended before a pack was whole.
    #[error("{here} of {needed} pieces of a pack have arrived by light")]
    LightIncomplete {
        /// Pieces that are here.
        here: u64,
        /// Pieces that are needed.
        needed: u64,
    },
    /// Nothing that was filmed was for this machine.
    #[error("no code for this machine was seen")]
    LightNothing {
        /// What was seen instead, and what to do about it.
        seen: Option<&'static str>,
    },
    /// The person cancelled.
    #[error("cancelled")]
    Cancelled,
    /// Packs were refused. The report names them.
    #[error("packs on the medium do not verify and were not taken in: {damaged_count}")]
    Damaged {
        /// How many.
        damaged_count: usize,
    },
    /// Packs that came by light were refused. The report names them.
    #[error("packs that came by light do not verify and were not taken in: {damaged_count}")]
    LightDamaged {
        /// How many.
        damaged_count: usize,
    },
    /// The medium did not give some files. The report says what else was done.
    #[error("files on the medium could not be read: {unreadable_count}")]
    Unreadable {
        /// How many.
        unreadable_count: u64,
    },
    /// Too many packs in a row were lost in one pairing.
    #[error("too many packs in a row were lost in one pairing: {lane}")]
    WindowUsedUp {
        /// The pairing.
        lane: LaneId,
    },
}

impl CrossingError {
    pub(crate) fn spool(doing: &'static str) -> impl Fn(io::Error) -> CrossingError {
        move |source| CrossingError::Spool { doing, source }
    }
}

impl Advice for CrossingError {
    fn code(&self) -> &'static str {
        match self {
            Self::Stick(err) => err.code(),
            Self::Raw(err) => err.code(),
            Self::Host(err) => err.code(),
            Self::Display(err) => err.code(),
            Self::Camera(err) => err.code(),
            Self::LightIncomplete { .. } => "crossing-light-incomplete",
            Self::LightNothing { .. } => "crossing-light-nothing",
            Self::MediumNotOurs => "crossing-medium-not-ours",
            Self::TakeIn(_) => "crossing-take-in",
            Self::Spool { .. } => "crossing-spool",
            Self::Bundle(_) => "crossing-bundle-unreadable",
            Self::Due(_) => "crossing-due-over-limit",
            Self::Lane(_) => "crossing-lane-state",
            Self::Cancelled => "cancelled",
            Self::Damaged { .. } => "crossing-pack-damaged",
            Self::LightDamaged { .. } => "crossing-light-damaged",
            Self::Unreadable { .. } => "crossing-file-unreadable",
            Self::WindowUsedUp { .. } => "crossing-window-used-up",
        }
    }

    fn data_safe(&self) -> String {
        match self {
            Self::Stick(err) => err.data_safe(),
            Self::Raw(err) => err.data_safe(),
            Self::Host(err) => err.data_safe(),
            Self::Display(err) => err.data_safe(),
            Self::Camera(err) => err.data_safe(),
            Self::LightIncomplete { .. } => {
                "Every piece that arrived is kept; the sender keeps the whole.".to_owned()
            }
            Self::LightNothing { .. } => "Nothing was taken in or changed.".to_owned(),
            Self::MediumNotOurs => {
                "Nothing was written to it; what is on it is as it was.".to_owned()
            }
            Self::TakeIn(_) | Self::Spool { .. } => {
                "Nothing is lost: what was not taken in is still on the medium.".to_owned()
            }
            Self::Bundle(_) | Self::Due(_) => {
                "Everything on the medium was taken in; what is to be sent was not written."
                    .to_owned()
            }
            Self::Lane(_) => "Nothing was taken in or sent that is not stored.".to_owned(),
            Self::Cancelled => "Yes: whole packs were taken in or not at all, and what was begun \
                on the medium goes on next time."
                .to_owned(),
            Self::Damaged { .. } => "Nothing of the damaged packs was taken in; their sender \
                keeps its copy until a receipt returns."
                .to_owned(),
            Self::LightDamaged { .. } => {
                "Nothing of the damaged packs was taken in; what is right \
                of them is kept, and their sender keeps its copy."
                    .to_owned()
            }
            Self::Unreadable { .. } => "Whatever could be read was taken in; the sender of the \
                rest keeps its copy until a receipt returns."
                .to_owned(),
            Self::WindowUsedUp { .. } => {
                "Everything that is to be sent is kept on this machine.".to_owned()
            }
        }
    }

    fn next_step(&self) -> String {
        match self {
            Self::Stick(err) => err.next_step(),
            Self::Raw(err) => err.next_step(),
            Self::Host(err) => err.next_step(),
            Self::Display(err) => err.next_step(),
            Self::Camera(err) => err.next_step(),
            Self::LightIncomplete { .. } => "Run the same command again while the other machine \
                shows its codes, or carry the rest on a stick: only what is missing is needed."
                .to_owned(),
            Self::LightNothing { seen } => {
                let general = "Have the other machine show its codes, point the camera at them so \
                    that they fill the picture, and run the same command again.";
                match seen {
                    Some(seen) => format!("{seen} {general}"),
                    None => general.to_owned(),
                }
            }
            Self::MediumNotOurs => {
                "If nothing on it is needed, run the same command with --overwrite.".to_owned()
            }
            Self::TakeIn(_) | Self::Spool { .. } => {
                "Free space on this machine if its disk is full, and run the same command again."
                    .to_owned()
            }
            Self::Bundle(_) => "Withdraw the bundle that cannot be read, make it again, and run \
                the same command."
                .to_owned(),
            Self::Due(_) => "Withdraw what is too large, send it in pieces, and run the same \
                command."
                .to_owned(),
            Self::Lane(_) => "Report this: it is a fault of the program.".to_owned(),
            Self::Cancelled => "Run the same command again before you carry the medium.".to_owned(),
            Self::Damaged { .. } => "Carry the medium back to the sender as it is and run the \
                same command there: what is damaged is written again."
                .to_owned(),
            Self::LightDamaged { .. } => "Film the other machine once more: what was wrong is \
                asked for again. If it stays, look for somebody who shows other codes to the \
                camera, or carry it on a stick."
                .to_owned(),
            Self::Unreadable { .. } => "Plug the medium in again and run the same command; if it \
                fails once more, have the sender write another one."
                .to_owned(),
            Self::WindowUsedUp { .. } => "Carry what is outstanding to the other machine and an \
                answer back; if that is no longer possible, pair the two machines again."
                .to_owned(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Stick(err) => err.exit(),
            Self::Raw(err) => err.exit(),
            Self::Host(err) => err.exit(),
            Self::Display(err) => err.exit(),
            Self::Camera(err) => err.exit(),
            Self::MediumNotOurs => Exit::Usage,
            Self::Damaged { .. } | Self::LightDamaged { .. } => Exit::Refused,
            _ => Exit::Failed,
        }
    }
}
