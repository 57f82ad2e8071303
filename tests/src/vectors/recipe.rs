//! A bundle written from the specification, with every field open to be wrong.
//!
//! It shares the ciphers with the code under test and nothing of how a bundle is laid out.

use bundle_format::identity::{DecapsulationKey, EncapsulationKey, Identity};
use bundle_format::manifest::{Entry, EntryKind, Frame, Manifest};
use bundle_format::random::HedgedRng;
use bundle_format::sender::Sender;
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hpke::aead::ChaCha20Poly1305 as HpkeAead;
use hpke::kdf::KdfShake256;
use hpke::kem::{SharedSecret, XWing};
use hpke::{Deserializable as _, HpkeError, Kem, OpModeS, Serializable as _};
use pack_format::chunked::{Cobblestone, SALT_BYTES};
use pack_format::codec::Wire as _;
use pack_format::padding::padme;
use pack_format::ratchet::PackSecret;
use pack_format::secret::Secret32;

use super::people::{AMINA, BILAL, chain_secret};
use super::run::{hash, out};
use super::run_vault::sender_outs;

/// `bundle key || KEM slots || chain slots || sequence`
pub(super) fn slot_payload(key: &[u8; 32], kem: u8, chain: u8, sequence: u64) -> Vec<u8> {
    let sequence = sequence.to_be_bytes();
    [key.as_slice(), &[kem, chain], &sequence[2..]].concat()
}

/// A chain slot with any payload.
pub(super) fn chain_slot(secret: &PackSecret, payload: &[u8]) -> Vec<u8> {
    let nonce_key = of_chain(secret, "causeway/bundle/v1 slot nonce");
    let nonce = blake3::keyed_hash(nonce_key.expose(), payload);
    chain_slot_with(secret, nonce.as_bytes()[..12].try_into().unwrap(), payload)
}

/// A chain slot with a nonce of the caller's.
pub(super) fn chain_slot_with(secret: &PackSecret, nonce: [u8; 12], payload: &[u8]) -> Vec<u8> {
    let tag = of_chain(secret, "causeway/bundle/v1 slot tag");
    let key = of_chain(secret, "causeway/bundle/v1 slot key");
    let cipher = ChaCha20Poly1305::new(key.expose().into());
    let sealed = cipher.encrypt(&Nonce::from(nonce), payload).unwrap();
    [&tag.expose()[..12], &nonce, &sealed].concat()
}

fn of_chain(secret: &PackSecret, label: &str) -> Secret32 {
    Secret32::new(*secret.expose()).derive(label, b"")
}

/// A KEM slot with any payload, and the root of the chain that begins with it.
pub(super) fn kem_slot(
    reader: &EncapsulationKey,
    payload: &[u8],
    rng: &mut HedgedRng,
) -> (Vec<u8>, [u8; 32]) {
    kem_slot_with::<XWing>(reader.as_bytes(), SLOT_INFO, payload, rng)
}

/// A key wrapped to a reader: an encapsulation and one sealed message, with any `info`.
pub(super) fn wrapped(
    reader: &EncapsulationKey,
    info: &[u8],
    key: &[u8],
    rng: &mut HedgedRng,
) -> Vec<u8> {
    kem_slot_with::<XWing>(reader.as_bytes(), info, key, rng).0
}

/// The same for Bilal's key, with an X25519 share of zero.
pub(super) fn wrapped_with_zero_share(info: &[u8], key: &[u8], rng: &mut HedgedRng) -> Vec<u8> {
    kem_slot_with::<ZeroShare>(BILAL.kem_key().as_bytes(), info, key, rng).0
}

const SLOT_INFO: &[u8] = b"causeway/bundle/v1 slot";

/// A KEM slot for Bilal whose X25519 share is zero, so that the X25519 half of its secret is known
/// to everybody. The library opens it; the format refuses it.
pub(super) fn kem_slot_with_zero_share(payload: &[u8], rng: &mut HedgedRng) -> Vec<u8> {
    let reader = BILAL.kem_key();
    let (slot, _) = kem_slot_with::<ZeroShare>(reader.as_bytes(), SLOT_INFO, payload, rng);
    let private = <XWing as Kem>::PrivateKey::from_bytes(&BILAL.kem_seed()).unwrap();
    let share = <XWing as Kem>::EncappedKey::from_bytes(&slot[..1120]).unwrap();
    let mut context = hpke::setup_receiver::<HpkeAead, KdfShake256, XWing>(
        &hpke::OpModeR::Base,
        &private,
        &share,
        SLOT_INFO,
    )
    .unwrap();
    assert_eq!(context.open(&slot[1120..], b"").unwrap(), payload);
    slot
}

fn kem_slot_with<K: Kem>(
    reader: &[u8],
    info: &[u8],
    payload: &[u8],
    rng: &mut HedgedRng,
) -> (Vec<u8>, [u8; 32]) {
    use hpke::Deserializable;
    let reader = <K::PublicKey as Deserializable>::from_bytes(reader).unwrap();
    let (encapsulated, mut context) =
        hpke::setup_sender_with_rng::<HpkeAead, KdfShake256, K>(&OpModeS::Base, &reader, info, rng)
            .unwrap();
    let mut root = [0; 32];
    context
        .export(b"causeway/bundle/v1 chain", &mut root)
        .unwrap();
    let sealed = context.seal(payload, b"").unwrap();
    ([encapsulated.to_bytes().as_slice(), &sealed].concat(), root)
}

/// X-Wing towards Bilal with an X25519 share of zero.
struct ZeroShare;

impl Kem for ZeroShare {
    type PublicKey = <XWing as Kem>::PublicKey;
    type PrivateKey = <XWing as Kem>::PrivateKey;
    type EncappedKey = <XWing as Kem>::EncappedKey;
    type NSecret = <XWing as Kem>::NSecret;
    const KEM_ID: u16 = XWing::KEM_ID;

    fn sk_to_pk(private: &Self::PrivateKey) -> Self::PublicKey {
        XWing::sk_to_pk(private)
    }

    fn derive_keypair(ikm: &[u8]) -> (Self::PrivateKey, Self::PublicKey) {
        XWing::derive_keypair(ikm)
    }

    fn decap(
        private: &Self::PrivateKey,
        _sender: Option<&Self::PublicKey>,
        encapsulated: &Self::EncappedKey,
    ) -> Result<SharedSecret<Self>, HpkeError> {
        XWing::decap(private, None, encapsulated).map(|secret| SharedSecret(secret.0))
    }

    fn encap_with_rng(
        public: &Self::PublicKey,
        _sender: Option<(&Self::PrivateKey, &Self::PublicKey)>,
        rng: &mut impl rand_core::CryptoRng,
    ) -> Result<(SharedSecret<Self>, Self::EncappedKey), HpkeError> {
        let (_, honest) = XWing::encap_with_rng(public, None, rng)?;
        let mut bytes = honest.to_bytes();
        let share = bytes.len() - 32;
        bytes[share..].fill(0);
        let encapsulated = Self::EncappedKey::from_bytes(&bytes)?;
        let private = Self::PrivateKey::from_bytes(&BILAL.kem_seed())?;
        Ok((Self::decap(&private, None, &encapsulated)?, encapsulated))
    }
}

/// The fields of a bundle before they are signed and sealed.
pub(super) struct Recipe {
    /// The slots.
    pub(super) front: Vec<u8>,
    /// The key that the slots give.
    pub(super) bundle_key: [u8; 32],
    /// Stored frames, one after the other.
    pub(super) frames: Vec<u8>,
    /// The manifest.
    pub(super) manifest: Vec<u8>,
    /// The sender block without its signature.
    pub(super) sender: Vec<u8>,
    /// Who signs.
    pub(super) signer: Identity,
    /// With which label.
    pub(super) label: &'static str,
    /// Over which slots and prefix; the bundle's own unless given.
    pub(super) signed_head: Option<Vec<u8>>,
    /// The signature, if it is not made.
    pub(super) signature: Option<[u8; 64]>,
    /// Bytes behind the signature that the trailer counts to the sender block.
    pub(super) behind_signature: Vec<u8>,
    /// The padding, if it is not the right one.
    pub(super) padding: Option<Vec<u8>>,
    /// The trailer, if it is not the right one.
    pub(super) trailer: Option<Vec<u8>>,
    /// Lines that a success has beside those of the slot.
    pub(super) outs: Vec<(String, String)>,
}

/// The key of every bundle that is made from a recipe.
pub(super) const BUNDLE_KEY: [u8; 32] = [77; 32];
/// The salt of every bundle that is made from a recipe.
pub(super) const SALT: [u8; SALT_BYTES] = [33; SALT_BYTES];

impl Recipe {
    /// A right bundle from Amina to Bilal over their chain, in one slot, with one stored frame
    /// for each MiB of content.
    pub(super) fn new(entries: &[(EntryKind, &[u8])]) -> Self {
        let frames = entries.iter().map(|(_, content)| *content);
        let content = frames.collect::<Vec<_>>().concat();
        let frames = content.chunks(1 << 20).map(|piece| frame(false, piece));
        let mut recipe = Self::with_frames(entries, frames.collect());
        recipe.frames = content;
        recipe
    }

    /// A bundle whose frames are stored in a way of the caller's.
    pub(super) fn with_frames(entries: &[(EntryKind, &[u8])], frames: Vec<Frame>) -> Self {
        let listed = entries.iter().map(|(kind, content)| Entry {
            kind: kind.clone(),
            size_bytes: content.len() as u64,
        });
        let manifest = Manifest::new(listed.collect(), frames).unwrap().to_wire();
        let sender = sender_to(vec![BILAL.fingerprint()]);
        let mut outs = sender_outs(&sender);
        outs.extend(entries.iter().map(|(kind, content)| {
            let line = super::run_vault::entry_line(&Entry {
                kind: kind.clone(),
                size_bytes: content.len() as u64,
            });
            out("entry", format!("{} {line}", hash(content)))
        }));
        Self {
            front: chain_slot(&chain_secret(0), &slot_payload(&BUNDLE_KEY, 0, 1, 1)),
            bundle_key: BUNDLE_KEY,
            frames: Vec::new(),
            manifest,
            sender: sender.to_wire(),
            signer: AMINA.identity(),
            label: "causeway/bundle/v1 sender",
            signed_head: None,
            signature: None,
            behind_signature: Vec::new(),
            padding: None,
            trailer: None,
            outs,
        }
    }

    /// What `change` makes of it.
    pub(super) fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// `"causeway/bundle/v1" || BLAKE3(slots)`
    fn cipher(&self) -> Cobblestone {
        let front = blake3::hash(&self.front);
        let context = [b"causeway/bundle/v1".as_slice(), front.as_bytes()].concat();
        Cobblestone::new(&Secret32::new(self.bundle_key), &SALT, &context)
    }

    /// `slots || salt || commitment`
    pub(super) fn head(&self) -> Vec<u8> {
        [self.front.as_slice(), self.cipher().prefix()].concat()
    }

    fn sender_block(&self) -> Vec<u8> {
        let head = self.signed_head.clone().unwrap_or_else(|| self.head());
        let length = (head.len() as u64).to_be_bytes();
        let signed = [length.as_slice(), &head, &self.manifest].concat();
        let transcript = blake3::derive_key("causeway/bundle/v1 transcript", &signed);
        let message = [transcript.as_slice(), &self.sender].concat();
        let made = || self.signer.sign(self.label, &message);
        let signature = self.signature.unwrap_or_else(made);
        [self.sender.as_slice(), &signature, &self.behind_signature].concat()
    }

    /// `frames || manifest || sender block || zeros || trailer`
    pub(super) fn plain(&self) -> Vec<u8> {
        let block = self.sender_block();
        let mut plain = [self.frames.as_slice(), &self.manifest, &block].concat();
        let content = plain.len() as u64 + 16;
        let right = || vec![0; usize::try_from(padme(content) - content).unwrap()];
        plain.extend(self.padding.clone().unwrap_or_else(right));
        let right = || trailer(self.frames.len() as u64, self.manifest.len(), block.len());
        plain.extend(self.trailer.clone().unwrap_or_else(right));
        plain
    }

    /// The bundle.
    pub(super) fn seal(&self) -> Vec<u8> {
        self.seal_plain(&self.plain())
    }

    /// A bundle with these slots and key around any plaintext.
    pub(super) fn seal_plain(&self, plain: &[u8]) -> Vec<u8> {
        let mut bundle = self.head();
        self.cipher().seal_run(0, plain, true, &mut bundle);
        bundle
    }
}

/// `manifest offset || manifest length || sender block length`
pub(super) fn trailer(offset: u64, manifest: usize, sender: usize) -> Vec<u8> {
    let length = |len: usize| u32::try_from(len).unwrap().to_be_bytes();
    let offset = offset.to_be_bytes();
    [offset.as_slice(), &length(manifest), &length(sender)].concat()
}

/// A sender block of Amina's.
pub(super) fn sender_to(mut readers: Vec<bundle_format::identity::Fingerprint>) -> Sender {
    readers.sort_unstable();
    Sender {
        identity: AMINA.identity().key(),
        incarnation: 1,
        created_at: 1_700_000_000,
        readers,
    }
}

/// A frame's line of the manifest.
pub(super) fn frame(compressed: bool, stored: &[u8]) -> Frame {
    Frame {
        compressed,
        stored_bytes: u32::try_from(stored.len()).unwrap(),
        hash: *blake3::hash(stored).as_bytes(),
    }
}

/// A key that is thrown away.
pub(super) fn stranger() -> EncapsulationKey {
    DecapsulationKey::from_seed(Secret32::new([240; 32])).encapsulation_key()
}
