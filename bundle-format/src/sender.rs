//! The sender block: who sealed a bundle, for whom, and the signature over all of it.
//!
//! Spec: spec/bundle.md, "Sender block".

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::identity::{BadSignature, Fingerprint, Identity, IdentityKey};
use crate::limits::SLOTS_MAX;

/// What the sender states about a bundle. The readers are named, so that a bundle cannot be
/// passed on as if it had been sealed for somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The sender's signing key.
    pub identity: IdentityKey,
    /// The sender's incarnation.
    pub incarnation: u32,
    /// When the sender's clock says it was sealed, in seconds since 1970. A claim, no more.
    pub created_at: u64,
    /// The readers, 1 to [`SLOTS_MAX`], ascending and without repetition.
    pub readers: Vec<Fingerprint>,
}

/// A sender block with a signature that has not been checked.
#[derive(Debug)]
pub(crate) struct SignedSender {
    sender: Sender,
    signature: [u8; 64],
}

/// `transcript = BLAKE3-derive-key("causeway/bundle/v1 transcript", u64(length of front) || front
/// || manifest)`: what the signature covers beside the sender block itself.
///
/// `front` is `slots || salt || commitment`. Its length is in front of it, so that no byte can
/// move between it and the manifest. Spec: spec/bundle.md, "Plaintext".
pub(crate) fn transcript(front: &[u8], manifest: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("causeway/bundle/v1 transcript");
    hasher.update(&(front.len() as u64).to_be_bytes());
    hasher.update(front).update(manifest);
    *hasher.finalize().as_bytes()
}

impl Sender {
    /// `block = sender || Ed25519(seed, "causeway/bundle/v1 sender" || 0x00 || transcript || sender)`
    pub(crate) fn sign(&self, identity: &Identity, transcript: &[u8; 32]) -> Vec<u8> {
        let mut block = self.to_wire();
        let signature = identity.sign(LABEL, &[transcript, block.as_slice()].concat());
        block.extend_from_slice(&signature);
        block
    }
}

impl SignedSender {
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let sender = Sender::read(&mut reader)?;
        let signature = reader.take_array("sender signature")?;
        reader.finish("sender block")?;
        Ok(Self { sender, signature })
    }

    pub(crate) fn verify(self, transcript: &[u8; 32]) -> Result<Sender, BadSignature> {
        let message = [transcript, self.sender.to_wire().as_slice()].concat();
        self.sender
            .identity
            .verify(LABEL, &message, &self.signature)?;
        Ok(self.sender)
    }
}

impl Wire for Sender {
    const WHAT: &'static str = "sender block";

    fn write(&self, writer: &mut Writer) {
        writer
            .u8(VERSION)
            .put(&self.identity.0)
            .u32(self.incarnation)
            .u64(self.created_at);
        writer.u8(u8::try_from(self.readers.len()).unwrap_or(u8::MAX));
        for reader in &self.readers {
            writer.put(&reader.0);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u8("sender block version")? != VERSION {
            return Err(DecodeError::Unknown {
                what: "sender block version",
            });
        }
        let identity = IdentityKey(reader.take_array("identity key")?);
        let incarnation = reader.u32("incarnation")?;
        let created_at = reader.u64("creation time")?;
        let count = usize::from(reader.u8("reader count")?);
        if !(1..=SLOTS_MAX).contains(&count) {
            return Err(DecodeError::Rule {
                what: "a bundle has 1 to 128 readers",
            });
        }
        let mut readers: Vec<Fingerprint> = Vec::new();
        for _ in 0..count {
            let next = Fingerprint(reader.take_array("reader")?);
            if readers.last().is_some_and(|before| *before >= next) {
                return Err(DecodeError::Rule {
                    what: "readers are not in order",
                });
            }
            readers.push(next);
        }
        Ok(Self {
            identity,
            incarnation,
            created_at,
            readers,
        })
    }
}

const VERSION: u8 = 1;
const LABEL: &str = "causeway/bundle/v1 sender";

#[cfg(test)]
mod tests {
    use pack_format::secret::Secret32;

    use super::*;

    #[test]
    fn a_sender_block_does_not_serve_another_bundle() {
        let identity = Identity::from_seed(Secret32::new([1; 32]));
        let sender = Sender {
            identity: identity.key(),
            incarnation: 1,
            created_at: 0,
            readers: vec![Fingerprint([3; 32])],
        };
        let block = sender.sign(&identity, &transcript(b"front", b"manifest"));
        let read = |front: &[u8], manifest: &[u8]| {
            SignedSender::from_bytes(&block)
                .unwrap()
                .verify(&transcript(front, manifest))
        };
        assert_eq!(read(b"front", b"manifest").unwrap(), sender);
        assert!(read(b"fron", b"tmanifest").is_err());
        assert!(read(b"front", b"manifesto").is_err());
    }

    #[test]
    fn readers_out_of_order_are_refused() {
        let sender = Sender {
            identity: IdentityKey([0; 32]),
            incarnation: 1,
            created_at: 0,
            readers: vec![Fingerprint([3; 32]), Fingerprint([3; 32])],
        };
        assert!(Sender::from_wire(&sender.to_wire()).is_err());
    }
}
