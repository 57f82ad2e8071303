//! What a code that was filmed turned out to be.

use pack_format::light::{FrameError, Kind};

/// What a code that was filmed turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Noticed {
    /// Pieces of a pack for this machine that had not arrived.
    Pieces,
    /// Pieces that are here already.
    Repeated,
    /// The last piece of a pack, which was verified and taken in.
    Taken,
    /// A piece of a pack that was taken in before.
    TakenBefore,
    /// A pack whose pieces were all there does not verify; what is wrong of it is asked for again.
    Refused,
    /// The other machine says what it lacks.
    Answer,
    /// A code that this machine shows.
    Own,
    /// A pack that is for another machine, or from a pairing that is no more.
    OtherTransfer,
    /// A pack, where something else is looked for.
    Pack,
    /// A contact card.
    Card,
    /// A pairing code.
    Pairing,
    /// A code of a newer version of the program.
    Newer,
    /// A code of ours that was misread or altered.
    Damaged,
    /// Any other code.
    Foreign,
}

impl Noticed {
    /// What a code is that is not a frame.
    pub(crate) fn of_error(err: &FrameError) -> Self {
        match err {
            FrameError::NotOurs => Self::Foreign,
            FrameError::Newer { .. } => Self::Newer,
            _ => Self::Damaged,
        }
    }

    /// What a frame of this kind is, where another one is looked for.
    pub(crate) fn of_kind(kind: Kind) -> Self {
        match kind {
            Kind::Pack => Self::Pack,
            Kind::Card => Self::Card,
            Kind::Pairing => Self::Pairing,
        }
    }

    /// A stable name, for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Pieces => "pieces",
            Self::Repeated => "repeated",
            Self::Taken => "taken-in",
            Self::TakenBefore => "taken-in-before",
            Self::Refused => "refused",
            Self::Answer => "answer",
            Self::Own => "own",
            Self::OtherTransfer => "other-transfer",
            Self::Pack => "pack",
            Self::Card => "card",
            Self::Pairing => "pairing",
            Self::Newer => "newer-version",
            Self::Damaged => "damaged",
            Self::Foreign => "foreign",
        }
    }

    /// What to tell the person, where there is something to do about it.
    #[must_use]
    pub fn advice(self) -> Option<&'static str> {
        match self {
            Self::Pieces | Self::Repeated | Self::Taken | Self::Answer => None,
            Self::TakenBefore => Some("This pack is here already; nothing more is needed of it."),
            Self::Refused => Some(
                "A pack does not verify: a code was altered. What is wrong is asked for again.",
            ),
            Self::Own => Some("This is this machine's own screen: point at the other one."),
            Self::OtherTransfer => Some(
                "This code belongs to another transfer: it is not for this machine. Is it the \
                 right screen?",
            ),
            Self::Pack => Some("This is a pack: take it in with `sync`."),
            Self::Card => {
                Some("This is a contact card: add it with `contact add`, not with `sync`.")
            }
            Self::Pairing => {
                Some("This is a pairing code: use it with `pair type`, not with `sync`.")
            }
            Self::Newer => {
                Some("This code is of a newer version: the program on this machine is too old.")
            }
            Self::Damaged => Some("A code was misread. It comes again; hold the camera still."),
            Self::Foreign => Some("This code is not of Causeway: it was ignored."),
        }
    }
}
