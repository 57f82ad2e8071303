//! The keys of a pairing: one hash ratchet for each direction.
//!
//! Every pack takes the next key and the ratchet forgets how to make it again, so that a machine
//! seized later opens nothing that was receipted. Spec: spec/pack.md, "Keys of a pairing".

use std::collections::{BTreeMap, BTreeSet};

use crate::codec::{DecodeError, Reader, Wire, Writer};
use crate::limits::{TAKEN_MAX, WINDOW};
use crate::secret::Secret32;

/// The number of a pack in one direction of a pairing, from 0.
pub type PackIndex = u64;

/// Which of the two machines this is. The code is shown by one and typed on the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The machine that showed the pairing code.
    Showed,
    /// The machine on which it was typed.
    Typed,
}

/// The secret of one pack; everything that concerns the pack is derived from it.
#[derive(Debug)]
pub struct PackSecret(Secret32);

impl PackSecret {
    /// The key that seals the pack's bytes.
    #[must_use]
    pub fn seal_key(&self) -> Secret32 {
        self.0.derive("causeway/pack/v1 seal", b"")
    }

    /// The key that binds the pack's salt to its content.
    pub(crate) fn salt_key(&self) -> Secret32 {
        self.0.derive("causeway/pack/v1 salt", b"")
    }

    /// The key of the tags and names that its parts carry.
    #[must_use]
    pub fn tag_key(&self) -> TagKey {
        TagKey(self.0.derive("causeway/pack/v1 tag", b""))
    }

    /// The bytes, for the sealed store of the sending machine.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// Takes back what [`PackSecret::expose`] gave.
    #[must_use]
    pub fn from_stored(bytes: [u8; 32]) -> Self {
        Self(Secret32::new(bytes))
    }
}

/// The key from which the tags, part headers and names of one pack's parts come. It opens none of
/// the pack's content, so that it may outlive the pack and recognise duplicates.
#[derive(Debug)]
pub struct TagKey(pub(crate) Secret32);

impl TagKey {
    /// A second copy, for whoever looks for the pack while its lane changes.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }
}

/// The sending direction.
#[derive(Debug)]
pub struct SendChain {
    next_index: PackIndex,
    chain: Secret32,
}

impl SendChain {
    /// The first state, from the pairing's root.
    #[must_use]
    pub fn new(root: &Secret32, side: Side) -> Self {
        let label = match side {
            Side::Showed => "causeway/pairing/v1 shown to typed",
            Side::Typed => "causeway/pairing/v1 typed to shown",
        };
        Self {
            next_index: 0,
            chain: root.derive(label, b""),
        }
    }

    /// The number that the next pack will have.
    #[must_use]
    pub fn next_index(&self) -> PackIndex {
        self.next_index
    }

    /// Takes the next pack's number and secret; the chain can never give it again. The caller
    /// makes this durable before a byte sealed with it leaves the machine.
    pub fn advance(&mut self) -> (PackIndex, PackSecret) {
        let index = self.next_index;
        let secret = step(&mut self.chain);
        self.next_index += 1;
        (index, secret)
    }
}

/// The receiving direction.
#[derive(Debug)]
pub struct ReceiveChain {
    /// The first pack whose secret the chain has not given yet.
    next_index: PackIndex,
    chain: Secret32,
    /// Packs before `next_index` that have not been taken in.
    skipped: BTreeMap<PackIndex, PackSecret>,
    /// Tag keys of packs that have been taken in, to recognise duplicates.
    taken: BTreeMap<PackIndex, TagKey>,
}

impl ReceiveChain {
    /// The first state, from the pairing's root.
    #[must_use]
    pub fn new(root: &Secret32, side: Side) -> Self {
        let other = match side {
            Side::Showed => Side::Typed,
            Side::Typed => Side::Showed,
        };
        let chain = SendChain::new(root, other).chain;
        Self {
            next_index: 0,
            chain,
            skipped: BTreeMap::new(),
            taken: BTreeMap::new(),
        }
    }

    /// Every pack that may still arrive: those that were skipped, then the next [`WINDOW`].
    #[must_use]
    pub fn expected(&self) -> Vec<(PackIndex, PackSecret)> {
        let skipped = self
            .skipped
            .iter()
            .map(|(index, secret)| (*index, secret.0.duplicate()));
        let mut chain = self.chain.duplicate();
        let ahead = (self.next_index..).take(WINDOW);
        skipped
            .map(|(index, secret)| (index, PackSecret(secret)))
            .chain(ahead.map(|index| (index, step(&mut chain))))
            .collect()
    }

    /// The packs that were taken in, with the keys that recognise their parts.
    pub fn taken(&self) -> impl Iterator<Item = (PackIndex, &TagKey)> {
        self.taken.iter().map(|(index, key)| (*index, key))
    }

    /// The numbers of the taken packs as inclusive ranges, oldest first.
    #[must_use]
    pub fn taken_ranges(&self) -> Vec<(PackIndex, PackIndex)> {
        let mut ranges: Vec<(PackIndex, PackIndex)> = Vec::new();
        for index in self.taken.keys() {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == *index => *last = *index,
                _ => ranges.push((*index, *index)),
            }
        }
        ranges
    }

    /// Marks a pack as taken in and forgets the key that opens it. The caller makes this durable
    /// together with what the pack brought.
    pub fn take(&mut self, index: PackIndex) {
        while self.next_index <= index {
            let secret = step(&mut self.chain);
            self.skipped.insert(self.next_index, secret);
            self.next_index += 1;
        }
        if let Some(secret) = self.skipped.remove(&index) {
            self.taken.insert(index, secret.tag_key());
        }
        while self.taken.len() > TAKEN_MAX {
            self.taken.pop_first();
        }
        while self.skipped.len() > SKIPPED_MAX {
            self.skipped.pop_first();
        }
    }

    /// Packs that were sent before one that has arrived, and have not arrived themselves.
    #[must_use]
    pub fn missing(&self) -> BTreeSet<PackIndex> {
        self.skipped.keys().copied().collect()
    }
}

/// `pack secret = HKDF-Expand(chain, "causeway/pairing/v1 pack")`,
/// `chain' = HKDF-Expand(chain, "causeway/pairing/v1 next")`.
fn step(chain: &mut Secret32) -> PackSecret {
    let secret = PackSecret(chain.derive("causeway/pairing/v1 pack", b""));
    *chain = chain.derive("causeway/pairing/v1 next", b"");
    secret
}

impl Wire for SendChain {
    const WHAT: &'static str = "send chain";

    fn write(&self, writer: &mut Writer) {
        writer.u64(self.next_index).put(self.chain.expose());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            next_index: reader.u64("next index")?,
            chain: Secret32::new(reader.take_array("chain")?),
        })
    }
}

impl Wire for ReceiveChain {
    const WHAT: &'static str = "receive chain";

    fn write(&self, writer: &mut Writer) {
        writer.u64(self.next_index).put(self.chain.expose());
        writer.count(self.skipped.len());
        for (index, secret) in &self.skipped {
            writer.u64(*index).put(secret.expose());
        }
        writer.count(self.taken.len());
        for (index, key) in &self.taken {
            writer.u64(*index).put(key.0.expose());
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let next_index = reader.u64("next index")?;
        let chain = Secret32::new(reader.take_array("chain")?);
        let mut skipped = BTreeMap::new();
        for _ in 0..reader.count(STORED_KEYS_MAX, "skipped packs")? {
            let index = reader.u64("skipped index")?;
            skipped.insert(
                index,
                PackSecret::from_stored(reader.take_array("pack secret")?),
            );
        }
        let mut taken = BTreeMap::new();
        for _ in 0..reader.count(STORED_KEYS_MAX, "taken packs")? {
            let index = reader.u64("taken index")?;
            taken.insert(index, TagKey(Secret32::new(reader.take_array("tag key")?)));
        }
        Ok(Self {
            next_index,
            chain,
            skipped,
            taken,
        })
    }
}

/// Skipped packs are kept for a while: a stick may come late. Beyond this the oldest are given up;
/// what they carried is sent again, because no receipt for it ever returned.
const SKIPPED_MAX: usize = 512;
/// Upper bound of either list as stored.
const STORED_KEYS_MAX: u32 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (SendChain, ReceiveChain) {
        let root = Secret32::new([1; 32]);
        (
            SendChain::new(&root, Side::Showed),
            ReceiveChain::new(&root, Side::Typed),
        )
    }

    fn secret_of(receive: &ReceiveChain, wanted: PackIndex) -> Option<[u8; 32]> {
        let expected = receive.expected();
        expected
            .iter()
            .find(|(index, _)| *index == wanted)
            .map(|(_, secret)| *secret.expose())
    }

    #[test]
    fn both_sides_agree_on_every_pack_in_any_order() {
        let (mut send, mut receive) = pair();
        let sent: Vec<_> = (0..20).map(|_| send.advance()).collect();
        for at in [3_usize, 1, 19, 0, 7] {
            let (index, secret) = &sent[at];
            assert_eq!(secret_of(&receive, *index).as_ref(), Some(secret.expose()));
            receive.take(*index);
        }
        assert_eq!(receive.taken_ranges(), [(0, 1), (3, 3), (7, 7), (19, 19)]);
    }

    #[test]
    fn a_taken_pack_cannot_be_opened_again() {
        let (_, mut receive) = pair();
        receive.take(0);
        assert_eq!(secret_of(&receive, 0), None);
        assert!(receive.taken().any(|(index, _)| index == 0));
    }

    #[test]
    fn the_two_directions_never_share_a_key() {
        let root = Secret32::new([1; 32]);
        let (_, one) = SendChain::new(&root, Side::Showed).advance();
        let (_, other) = SendChain::new(&root, Side::Typed).advance();
        assert_ne!(one.expose(), other.expose());
    }

    #[test]
    fn a_chain_survives_being_stored() {
        let (_, mut receive) = pair();
        receive.take(5);
        let read = ReceiveChain::from_wire(&receive.to_wire()).unwrap();
        assert_eq!(read.to_wire(), receive.to_wire());
        assert_eq!(read.missing().len(), 5);
    }

    #[test]
    fn the_stored_chain_holds_no_key_of_a_taken_pack() {
        let (mut send, mut receive) = pair();
        let (index, secret) = send.advance();
        receive.take(index);
        let stored = receive.to_wire();
        assert!(!stored.windows(32).any(|window| window == secret.expose()));
    }
}
