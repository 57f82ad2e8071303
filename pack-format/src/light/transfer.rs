//! What is on its way by light, and how it is told from others.

use crate::ratchet::TagKey;

/// What is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A sealed pack.
    Pack,
    /// A contact card.
    Card,
    /// A pairing code.
    Pairing,
}

impl Kind {
    /// The first byte of each frame.
    pub(super) fn mark(self) -> u8 {
        match self {
            Self::Pack => 0xc8,
            Self::Card => 0xc9,
            Self::Pairing => 0xca,
        }
    }

    pub(super) fn from_mark(mark: u8) -> Option<Self> {
        let all = [Self::Pack, Self::Card, Self::Pairing];
        all.into_iter().find(|kind| kind.mark() == mark)
    }
}

/// Which transfer a frame belongs to. It proves nothing: whoever has seen a frame can copy it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransferId(pub [u8; 4]);

impl TransferId {
    /// `id = BLAKE3(bytes)[..4]`: that of a card or a pairing code.
    ///
    /// Spec: spec/light.md, "Transfer id".
    #[must_use]
    pub fn of_message(bytes: &[u8]) -> Self {
        Self(beginning(&blake3::hash(bytes)))
    }
}

impl TagKey {
    /// `id = BLAKE3-keyed(tag key, "light")[..4]`: that of a pack, which nobody but the paired
    /// machine can connect with the pack's parts.
    ///
    /// Spec: spec/light.md, "Transfer id".
    #[must_use]
    pub fn transfer_id(&self) -> TransferId {
        TransferId(beginning(&blake3::keyed_hash(self.0.expose(), b"light")))
    }

    /// `mac = BLAKE3-keyed(tag key, "light answer" || entry)[..8]`: shows that an answer comes from
    /// the paired machine.
    ///
    /// Spec: spec/light.md, "Answer".
    pub(super) fn answer_mac(&self, entry: &[u8]) -> [u8; 8] {
        let mut hasher = blake3::Hasher::new_keyed(self.0.expose());
        hasher.update(b"light answer").update(entry);
        beginning(&hasher.finalize())
    }
}

fn beginning<const N: usize>(hash: &blake3::Hash) -> [u8; N] {
    hash.as_bytes().first_chunk().copied().unwrap_or([0; N])
}
