//! Slots: how each reader of a bundle, and nobody else, finds its key.
//!
//! A *chain slot* (80 bytes) uses a key that two vaults already share; a *KEM slot* (1,176 bytes)
//! needs only the reader's card. Slots carry no names: a reader looks its own tags up and tries
//! its own key, and unused slots cannot be told from used ones. Spec: spec/bundle.md, "Slots".

use std::collections::HashMap;

use chacha20poly1305::aead::array::Array;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use pack_format::codec::DecodeError;
use pack_format::ratchet::{PackIndex, PackSecret, ReceiveChain};
use pack_format::secret::Secret32;
use zeroize::{Zeroize as _, Zeroizing};

use crate::identity::{DecapsulationKey, EncapsulationKey};
use crate::kem::{ENCAPSULATED_BYTES, TAG_BYTES, decapsulate, encapsulate};
use crate::limits::{SEQUENCE_MAX, SLOTS_MAX};
use crate::random::HedgedRng;

/// Bytes of a chain slot: tag, nonce, sealed payload.
pub const CHAIN_SLOT_BYTES: usize = SLOT_TAG_BYTES + NONCE_BYTES + PAYLOAD_BYTES + TAG_BYTES;
/// Bytes of a KEM slot: encapsulated key, sealed payload.
pub const KEM_SLOT_BYTES: usize = ENCAPSULATED_BYTES + PAYLOAD_BYTES + TAG_BYTES;
const SLOT_TAG_BYTES: usize = 12;
const NONCE_BYTES: usize = 12;
/// Bundle key, slot counts, sequence number.
const PAYLOAD_BYTES: usize = 32 + 2 + 6;

/// How many slots of each kind stand in front of a bundle, used or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotCounts {
    kem: u8,
    chain: u8,
}

impl SlotCounts {
    /// The counts for that many real readers: each rounded up to a power of two, so that the
    /// number of readers shows only roughly.
    #[must_use]
    pub fn for_readers(kem: usize, chain: usize) -> Option<Self> {
        let round = |count: usize| match count {
            0 => Some(0),
            1..=SLOTS_MAX => u8::try_from(count.next_power_of_two()).ok(),
            _ => None,
        };
        Some(Self {
            kem: round(kem)?,
            chain: round(chain)?,
        })
    }

    /// KEM slots, then chain slots, one byte each: how they lie in a slot and in a store.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 2] {
        [self.kem, self.chain]
    }

    /// The inverse of [`SlotCounts::to_bytes`]; only the padded counts are ones.
    ///
    /// # Errors
    /// [`DecodeError::Rule`].
    pub fn from_bytes([kem, chain]: [u8; 2]) -> Result<Self, DecodeError> {
        Self::for_readers(usize::from(kem), usize::from(chain))
            .filter(|counts| *counts == Self { kem, chain })
            .ok_or(DecodeError::Rule {
                what: "the slot counts are not padded ones",
            })
    }

    /// Bytes in front of the sealed content.
    #[must_use]
    pub fn bytes(&self) -> usize {
        usize::from(self.kem) * KEM_SLOT_BYTES + usize::from(self.chain) * CHAIN_SLOT_BYTES
    }

    /// The number of KEM slots.
    #[must_use]
    pub fn kem(&self) -> usize {
        usize::from(self.kem)
    }

    /// The number of chain slots.
    #[must_use]
    pub fn chain(&self) -> usize {
        usize::from(self.chain)
    }
}

/// What a slot gives to its reader.
#[derive(Debug)]
pub struct SlotPayload {
    /// The key of the bundle.
    pub bundle_key: Secret32,
    /// The counts that say where the content begins.
    pub counts: SlotCounts,
    /// The bundle's number from this sender to this reader, from 1; 0 for bundles that are not
    /// counted because nobody misses them (receipts).
    pub sequence: u64,
}

impl SlotPayload {
    fn to_bytes(&self) -> Zeroizing<[u8; PAYLOAD_BYTES]> {
        let mut bytes = Zeroizing::new([0; PAYLOAD_BYTES]);
        let sequence = self.sequence.to_be_bytes();
        let fields = self
            .bundle_key
            .expose()
            .iter()
            .chain([&self.counts.kem, &self.counts.chain]);
        for (to, from) in bytes.iter_mut().zip(fields.chain(sequence.iter().skip(2))) {
            *to = *from;
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk::<32>()?;
        let (counts, rest) = rest.split_first_chunk::<2>()?;
        let counts = SlotCounts::from_bytes(*counts).ok()?;
        let sequence = rest
            .iter()
            .fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
        (rest.len() == 6).then(|| Self {
            bundle_key: Secret32::new(*key),
            counts,
            sequence,
        })
    }
}

/// The key that addresses one slot to one reader.
pub enum SlotKey<'a> {
    /// A secret taken from the chain that the two vaults share.
    Chain(PackSecret),
    /// The reader's encryption key, from its card.
    Kem(&'a EncapsulationKey),
}

/// A slot made for one reader.
pub(crate) struct MadeSlot {
    pub(crate) bytes: Vec<u8>,
    /// The root of a new chain to this reader, from a KEM slot.
    pub(crate) chain_root: Option<Secret32>,
}

/// Seals `payload` to one reader.
pub(crate) fn make(key: &SlotKey<'_>, payload: &SlotPayload, rng: &mut HedgedRng) -> MadeSlot {
    match key {
        SlotKey::Chain(secret) => MadeSlot {
            bytes: make_chain(secret, payload),
            chain_root: None,
        },
        SlotKey::Kem(reader) => make_kem(reader, payload, rng),
    }
}

/// A slot that nobody can open, like every other from outside.
pub(crate) fn make_unused(kem: bool, counts: SlotCounts, rng: &mut HedgedRng) -> Vec<u8> {
    let payload = SlotPayload {
        bundle_key: rng.secret(),
        counts,
        sequence: 0,
    };
    if kem {
        let thrown_away = DecapsulationKey::from_seed(rng.secret()).encapsulation_key();
        make_kem(&thrown_away, &payload, rng).bytes
    } else {
        make_chain(&PackSecret::from_stored(*rng.secret().expose()), &payload)
    }
}

/// `slot = tag || nonce || AEAD(key = secret/"slot key", nonce, payload)`,
/// `nonce = BLAKE3-keyed(secret/"slot nonce", payload)[..12]`.
///
/// The nonce is bound to the payload, so that two vaults that share a secret by accident, one the
/// copy of the other, never encrypt two payloads with one key stream.
fn make_chain(secret: &PackSecret, payload: &SlotPayload) -> Vec<u8> {
    let mut sealed = payload.to_bytes();
    let nonce_key = of_chain(secret, "causeway/bundle/v1 slot nonce");
    let hash = blake3::keyed_hash(nonce_key.expose(), sealed.as_slice());
    let nonce: [u8; NONCE_BYTES] = hash.as_bytes().first_chunk().copied().unwrap_or_default();
    #[expect(
        clippy::expect_used,
        reason = "40 bytes are far below the cipher's limit"
    )]
    let aead_tag = chain_cipher(secret)
        .encrypt_inout_detached(&Nonce::from(nonce), b"", sealed.as_mut_slice().into())
        .expect("40 bytes are below the cipher's limit");
    [
        chain_tag(secret).as_slice(),
        &nonce,
        sealed.as_slice(),
        aead_tag.as_slice(),
    ]
    .concat()
}

/// HPKE base mode (RFC 9180, draft-ietf-hpke-pq): MLKEM768-X25519, SHAKE256, ChaCha20-Poly1305,
/// `info = "causeway/bundle/v1 slot"`; the chain's root is `Export("causeway/bundle/v1 chain")`.
fn make_kem(reader: &EncapsulationKey, payload: &SlotPayload, rng: &mut HedgedRng) -> MadeSlot {
    let (encapsulated, mut context) = encapsulate(reader, HPKE_INFO, rng);
    #[expect(
        clippy::expect_used,
        reason = "first message of a new context, 40 bytes"
    )]
    let sealed = context
        .seal(payload.to_bytes().as_slice(), b"")
        .expect("first of the context");
    let bytes = [encapsulated.as_slice(), &sealed].concat();
    let mut root = [0; 32];
    #[expect(clippy::expect_used, reason = "32 bytes are below the export limit")]
    context
        .export(EXPORT_LABEL, &mut root)
        .expect("32 bytes are below the export limit");
    let chain_root = Some(Secret32::new(root));
    root.zeroize();
    MadeSlot { bytes, chain_root }
}

/// How a reader opened its slot.
#[derive(Debug)]
pub enum OpenedBy {
    /// With a shared chain: which of those given, and which of its secrets.
    Chain {
        /// The position of the chain in [`SlotOpener::new`].
        chain: usize,
        /// The number of the secret, to be taken from the chain.
        index: PackIndex,
    },
    /// With the reader's own key; a new chain from this sender begins here.
    Kem {
        /// The root of the new chain.
        chain_root: Secret32,
    },
}

/// Everything with which one vault can open slots.
pub struct SlotOpener<'a> {
    own_key: &'a DecapsulationKey,
    tags: HashMap<[u8; SLOT_TAG_BYTES], (usize, PackIndex, PackSecret)>,
}

impl<'a> SlotOpener<'a> {
    /// An opener for the vault's own key and the chains its contacts may use.
    #[must_use]
    pub fn new(own_key: &'a DecapsulationKey, chains: &[&ReceiveChain]) -> Self {
        let mut tags = HashMap::new();
        for (position, chain) in chains.iter().enumerate() {
            for (index, secret) in chain.expected() {
                tags.insert(chain_tag(&secret), (position, index, secret));
            }
        }
        Self { own_key, tags }
    }

    /// The slot that this vault can open in `front`, the first bytes of a bundle: at most
    /// [`FRONT_BYTES_MAX`] of them.
    #[must_use]
    pub fn open(&self, front: &[u8]) -> Option<(SlotPayload, OpenedBy)> {
        self.open_chain(front).or_else(|| self.open_kem(front))
    }

    /// Chain slots follow the KEM slots, of which there are 0 or a power of two: nine places where
    /// they can begin, and a look-up costs nothing.
    fn open_chain(&self, front: &[u8]) -> Option<(SlotPayload, OpenedBy)> {
        let kem_counts = std::iter::once(0).chain((0..=7).map(|power| 1_usize << power));
        kem_counts
            .filter_map(|kem| front.get(kem * KEM_SLOT_BYTES..))
            .flat_map(|slots| slots.chunks_exact(CHAIN_SLOT_BYTES).take(SLOTS_MAX))
            .find_map(|slot| {
                let (tag, sealed) = slot.split_first_chunk::<SLOT_TAG_BYTES>()?;
                let (chain, index, secret) = self.tags.get(tag)?;
                let payload = open_chain_slot(secret, sealed)?;
                Some((
                    payload,
                    OpenedBy::Chain {
                        chain: *chain,
                        index: *index,
                    },
                ))
            })
    }

    fn open_kem(&self, front: &[u8]) -> Option<(SlotPayload, OpenedBy)> {
        front
            .chunks_exact(KEM_SLOT_BYTES)
            .take(SLOTS_MAX)
            .find_map(|slot| {
                let (encapsulated, sealed) = slot.split_first_chunk::<ENCAPSULATED_BYTES>()?;
                let (payload, chain_root) = open_kem_slot(self.own_key, encapsulated, sealed)?;
                Some((payload, OpenedBy::Kem { chain_root }))
            })
    }
}

/// The longest front of a bundle: as many slots of both kinds as there may be.
pub const FRONT_BYTES_MAX: usize = SLOTS_MAX * (KEM_SLOT_BYTES + CHAIN_SLOT_BYTES);

fn open_chain_slot(secret: &PackSecret, sealed: &[u8]) -> Option<SlotPayload> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let (payload, aead_tag) = sealed.split_first_chunk::<PAYLOAD_BYTES>()?;
    let mut payload = Zeroizing::new(*payload);
    let aead_tag = Array::try_from(aead_tag).ok()?;
    chain_cipher(secret)
        .decrypt_inout_detached(
            &Nonce::from(*nonce),
            b"",
            payload.as_mut_slice().into(),
            &aead_tag,
        )
        .ok()?;
    SlotPayload::from_bytes(payload.as_slice())
}

fn open_kem_slot(
    own_key: &DecapsulationKey,
    encapsulated: &[u8; ENCAPSULATED_BYTES],
    sealed: &[u8],
) -> Option<(SlotPayload, Secret32)> {
    let mut context = decapsulate(own_key, encapsulated, HPKE_INFO)?;
    let payload = Zeroizing::new(context.open(sealed, b"").ok()?);
    let mut root = Zeroizing::new([0; 32]);
    context.export(EXPORT_LABEL, root.as_mut_slice()).ok()?;
    Some((SlotPayload::from_bytes(&payload)?, Secret32::new(*root)))
}

fn chain_tag(secret: &PackSecret) -> [u8; SLOT_TAG_BYTES] {
    let tag = of_chain(secret, "causeway/bundle/v1 slot tag");
    tag.expose().first_chunk().copied().unwrap_or_default()
}

fn chain_cipher(secret: &PackSecret) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(
        of_chain(secret, "causeway/bundle/v1 slot key")
            .expose()
            .into(),
    )
}

fn of_chain(secret: &PackSecret, label: &str) -> Secret32 {
    Secret32::new(*secret.expose()).derive(label, b"")
}

/// Whether a sequence number fits a slot.
#[must_use]
pub fn sequence_fits(sequence: u64) -> bool {
    sequence <= SEQUENCE_MAX
}

const HPKE_INFO: &[u8] = b"causeway/bundle/v1 slot";
const EXPORT_LABEL: &[u8] = b"causeway/bundle/v1 chain";

#[cfg(test)]
mod tests {
    use pack_format::ratchet::{SendChain, Side};

    use super::*;

    fn rng() -> HedgedRng {
        HedgedRng::new(&Secret32::new([1; 32]), &Secret32::new([2; 32]), 7)
    }

    fn payload(counts: SlotCounts) -> SlotPayload {
        SlotPayload {
            bundle_key: Secret32::new([9; 32]),
            counts,
            sequence: 0x1234_5678_9abc,
        }
    }

    #[test]
    fn a_kem_slot_opens_for_its_reader_and_both_get_one_chain_root() {
        let reader = DecapsulationKey::from_seed(Secret32::new([5; 32]));
        let key = reader.encapsulation_key();
        let counts = SlotCounts::for_readers(1, 0).unwrap();
        let made = make(&SlotKey::Kem(&key), &payload(counts), &mut rng());
        assert_eq!(made.bytes.len(), KEM_SLOT_BYTES);
        let (opened, by) = SlotOpener::new(&reader, &[]).open(&made.bytes).unwrap();
        assert_eq!(opened.sequence, 0x1234_5678_9abc);
        let OpenedBy::Kem { chain_root } = by else {
            panic!("opened by a chain")
        };
        assert_eq!(chain_root.expose(), made.chain_root.unwrap().expose());
    }

    #[test]
    fn a_chain_slot_opens_behind_any_number_of_kem_slots() {
        let root = Secret32::new([6; 32]);
        let receive = ReceiveChain::new(&root, Side::Typed);
        let reader = DecapsulationKey::from_seed(Secret32::new([5; 32]));
        for kem in [0, 1, 2, 4, 8] {
            let counts = SlotCounts::for_readers(kem, 2).unwrap();
            let (index, secret) = SendChain::new(&root, Side::Showed).advance();
            let mut front = Vec::new();
            for _ in 0..kem {
                front.extend(make_unused(true, counts, &mut rng()));
            }
            front.extend(make_unused(false, counts, &mut rng()));
            front.extend(make(&SlotKey::Chain(secret), &payload(counts), &mut rng()).bytes);
            let (_, by) = SlotOpener::new(&reader, &[&receive]).open(&front).unwrap();
            assert!(matches!(by, OpenedBy::Chain { chain: 0, index: at } if at == index));
        }
    }

    #[test]
    fn a_copied_vault_never_repeats_a_key_stream() {
        let secret = || PackSecret::from_stored([7; 32]);
        let counts = SlotCounts::for_readers(0, 1).unwrap();
        let one = make_chain(&secret(), &payload(counts));
        let other = SlotPayload {
            bundle_key: Secret32::new([8; 32]),
            ..payload(counts)
        };
        let two = make_chain(&secret(), &other);
        assert_eq!(one[..SLOT_TAG_BYTES], two[..SLOT_TAG_BYTES]);
        assert_ne!(one[12..24], two[12..24], "nonces differ");
        let xor: Vec<u8> = one[24..56]
            .iter()
            .zip(&two[24..56])
            .map(|(a, b)| a ^ b)
            .collect();
        assert_ne!(xor, vec![9 ^ 8; 32]);
    }

    #[test]
    fn a_stranger_opens_no_slot() {
        let reader = DecapsulationKey::from_seed(Secret32::new([5; 32])).encapsulation_key();
        let counts = SlotCounts::for_readers(1, 0).unwrap();
        let made = make(&SlotKey::Kem(&reader), &payload(counts), &mut rng());
        let stranger = DecapsulationKey::from_seed(Secret32::new([8; 32]));
        assert!(SlotOpener::new(&stranger, &[]).open(&made.bytes).is_none());
    }

    #[test]
    fn slot_counts_that_are_not_padded_are_refused() {
        let mut bytes = payload(SlotCounts::for_readers(2, 4).unwrap()).to_bytes();
        assert!(SlotPayload::from_bytes(bytes.as_slice()).is_some());
        bytes[32] = 3;
        assert!(SlotPayload::from_bytes(bytes.as_slice()).is_none());
    }

    #[test]
    fn more_readers_than_slots_are_refused() {
        assert!(SlotCounts::for_readers(129, 0).is_none());
        assert_eq!(SlotCounts::for_readers(128, 5).unwrap().chain(), 8);
    }
}
