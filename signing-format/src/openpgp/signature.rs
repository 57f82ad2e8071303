//! Making a data signature: what is hashed, and the packet around the raw signature.

use pack_format::codec::Writer;
use sha2::{Digest as _, Sha512};

use super::Fingerprint;
use super::cleartext::Cleartext;
use super::packet::{TAG_SIGNATURE, framed};
use crate::digest_state::Sha512State;

/// Bytes of salt in a version 6 signature with SHA-512 (RFC 9580, 9.5).
pub const SALT_BYTES: usize = 32;
/// EdDSA over Ed25519 in the form with two MPIs, as version 4 keys have it.
pub const EDDSA_LEGACY: u8 = 22;
/// Ed25519 in the form with 64 plain bytes (RFC 9580).
pub const ED25519: u8 = 27;
/// SHA-512, the only hash that is used here.
pub(super) const SHA512: u8 = 10;

/// What is signed: bytes as they are, or text with its line ends made equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureType {
    /// `0x00`: a file, a git object.
    Binary,
    /// `0x01`: the text of a cleartext signature.
    Text,
}

impl SignatureType {
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Binary => 0x00,
            Self::Text => 0x01,
        }
    }
}

/// All of a signature but the raw signature: who, when, of what type, with which algorithm.
///
/// Signatures of version 4 hash `data || trailer`, so that a hash state of the data is enough.
/// Those of version 6 hash `salt || data || trailer`, and so need the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureFrame {
    signature_type: SignatureType,
    algorithm: u8,
    created_at: u32,
    issuer: IssuerAndSalt,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum IssuerAndSalt {
    V4([u8; 20]),
    V6([u8; 32], [u8; SALT_BYTES]),
}

impl SignatureFrame {
    /// A signature of version 4. `algorithm` is the key's, `issuer` the fingerprint of the key or
    /// subkey that signs, `created_at` seconds of Unix time.
    #[must_use]
    pub fn v4(
        signature_type: SignatureType,
        algorithm: u8,
        created_at: u32,
        issuer: [u8; 20],
    ) -> Self {
        Self {
            signature_type,
            algorithm,
            created_at,
            issuer: IssuerAndSalt::V4(issuer),
        }
    }

    /// A signature of version 6, with a fresh random salt.
    #[must_use]
    pub fn v6(
        signature_type: SignatureType,
        algorithm: u8,
        created_at: u32,
        issuer: [u8; 32],
        salt: [u8; SALT_BYTES],
    ) -> Self {
        Self {
            signature_type,
            algorithm,
            created_at,
            issuer: IssuerAndSalt::V6(issuer, salt),
        }
    }

    /// The fingerprint of the key that signs.
    #[must_use]
    pub fn issuer(&self) -> Fingerprint {
        match self.issuer {
            IssuerAndSalt::V4(fingerprint) => Fingerprint::V4(fingerprint),
            IssuerAndSalt::V6(fingerprint, _) => Fingerprint::V6(fingerprint),
        }
    }

    /// When the signature says that it was made.
    #[must_use]
    pub fn created_at(&self) -> u32 {
        self.created_at
    }

    /// The hashed subpackets: creation time (critical, as RFC 9580, 5.2.3.11 asks) and issuer
    /// fingerprint. One reply's signatures share them.
    #[must_use]
    pub fn hashed_area(&self) -> Vec<u8> {
        let issuer = self.issuer();
        let mut writer = Writer::new();
        writer.u8(5).u8(CRITICAL | CREATION_TIME);
        writer.u32(self.created_at);
        writer.u8(length_octet(issuer.as_bytes(), 2));
        writer.u8(ISSUER_FINGERPRINT).u8(issuer.key_version());
        writer.put(issuer.as_bytes());
        writer.into_bytes()
    }

    /// The unhashed subpackets: the issuer's key id, which version 4 software looks for.
    fn unhashed_area(&self) -> Vec<u8> {
        match self.issuer {
            IssuerAndSalt::V4(_) => {
                let key_id = self.issuer().key_id();
                let mut area = vec![length_octet(&key_id, 1), ISSUER_KEY_ID];
                area.extend(key_id);
                area
            }
            IssuerAndSalt::V6(..) => Vec::new(),
        }
    }

    /// The packet's fields from the version to the end of the hashed area.
    fn hashed_fields(&self) -> Vec<u8> {
        let area = self.hashed_area();
        let mut writer = Writer::new();
        writer.u8(self.issuer().key_version());
        writer.u8(self.signature_type.code());
        writer.u8(self.algorithm).u8(SHA512);
        self.put_area(&mut writer, &area);
        writer.into_bytes()
    }

    /// A subpacket area with its length: two octets in version 4, four in version 6.
    fn put_area(&self, writer: &mut Writer, area: &[u8]) {
        match self.issuer {
            IssuerAndSalt::V4(_) => writer.u16(u16::try_from(area.len()).unwrap_or(u16::MAX)),
            IssuerAndSalt::V6(..) => writer.count(area.len()),
        };
        writer.put(area);
    }

    /// `digest = SHA-512(data || fields || version || 0xFF || len(fields))`, with the salt in front
    /// in version 6 (RFC 9580, 5.2.4). For signatures of type [`SignatureType::Binary`].
    #[must_use]
    pub fn digest_of_bytes(&self, data: &[u8]) -> [u8; 64] {
        let salt: &[u8] = match &self.issuer {
            IssuerAndSalt::V4(_) => &[],
            IssuerAndSalt::V6(_, salt) => salt,
        };
        let trailer = trailer(&self.hashed_fields());
        let hasher = Sha512::new().chain_update(salt).chain_update(data);
        hasher.chain_update(trailer).finalize().into()
    }

    /// The same for the text of a cleartext signature, of type [`SignatureType::Text`].
    #[must_use]
    pub fn digest_of_text(&self, text: &Cleartext<'_>) -> [u8; 64] {
        self.digest_of_bytes(&text.hash_bytes())
    }

    /// The same from the state of a hash over the data; `None` for version 6, whose salt stands
    /// before the data.
    #[must_use]
    pub fn digest_of_state(&self, state: &Sha512State) -> Option<[u8; 64]> {
        match self.issuer {
            IssuerAndSalt::V4(_) => Some(state.continue_with(&trailer(&self.hashed_fields()))),
            IssuerAndSalt::V6(..) => None,
        }
    }

    /// The signature packet around a raw signature over `digest`.
    ///
    /// `raw` is what the algorithm asks for: MPIs for RSA, DSA, ECDSA and [`EDDSA_LEGACY`] (for
    /// that one see [`CompactSignature::to_mpis`]), 64 bytes for [`ED25519`]. It is not verified
    /// here.
    #[must_use]
    pub fn packet(&self, digest: &[u8; 64], raw: &[u8]) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.put(&self.hashed_fields());
        self.put_area(&mut writer, &self.unhashed_area());
        let [first, second, ..] = *digest;
        writer.put(&[first, second]);
        if let IssuerAndSalt::V6(_, salt) = &self.issuer {
            writer.u8(length_octet(salt, 0)).put(salt);
        }
        writer.put(raw);
        framed(TAG_SIGNATURE, &writer.into_bytes())
    }
}

/// An Ed25519 signature, `R || S`: what crosses for each commit of a reply whose signatures share
/// everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompactSignature(pub [u8; 64]);

impl CompactSignature {
    /// `MPI(R) || MPI(S)`, each without its leading zero bits, as [`EDDSA_LEGACY`] wants it.
    #[must_use]
    pub fn to_mpis(&self) -> Vec<u8> {
        let (halves, _) = self.0.as_chunks::<32>();
        halves.iter().flat_map(mpi).collect()
    }

    /// The reverse of [`CompactSignature::to_mpis`]; `None` when an MPI is longer than 32 bytes,
    /// not in its shortest form, or followed by something.
    #[must_use]
    pub fn from_mpis(mpis: &[u8]) -> Option<Self> {
        let mut compact = [0; 64];
        let mut rest = mpis;
        for half in compact.as_chunks_mut::<32>().0 {
            let (bits, after) = rest.split_first_chunk::<2>()?;
            let len = usize::from(u16::from_be_bytes(*bits)).div_ceil(8);
            let (value, after) = after.split_at_checked(len)?;
            half.get_mut(32_usize.checked_sub(len)?..)?
                .copy_from_slice(value);
            rest = after;
        }
        let compact = Self(compact);
        (compact.to_mpis() == mpis).then_some(compact)
    }

    /// The whole packet of a version 4 signature: `frame` is what the reply's signatures share.
    #[must_use]
    pub fn packet(&self, frame: &SignatureFrame, digest: &[u8; 64]) -> Vec<u8> {
        frame.packet(digest, &self.to_mpis())
    }
}

/// `MPI = bit length (two octets) || octets without leading zeros` (RFC 9580, 3.2).
fn mpi(value: &[u8; 32]) -> Vec<u8> {
    let zeros = value.iter().take_while(|byte| **byte == 0).count();
    let significant: Vec<u8> = value.iter().skip(zeros).copied().collect();
    let unused_bits = significant.first().map_or(0, |byte| byte.leading_zeros());
    let bits = (significant.len() * 8).saturating_sub(usize::try_from(unused_bits).unwrap_or(0));
    let mut encoded = u16::try_from(bits)
        .unwrap_or(u16::MAX)
        .to_be_bytes()
        .to_vec();
    encoded.extend(significant);
    encoded
}

/// What follows the data in the hash, given the fields from the version to the hashed area.
pub(super) fn trailer(fields: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.put(fields);
    writer.u8(fields.first().copied().unwrap_or_default());
    writer.u8(0xff).count(fields.len());
    writer.into_bytes()
}

/// The length of short bytes of ours, with what stands between the length and them.
fn length_octet(bytes: &[u8], more: usize) -> u8 {
    u8::try_from(bytes.len() + more).unwrap_or(u8::MAX)
}

/// Subpacket: signature creation time.
pub(super) const CREATION_TIME: u8 = 2;
/// Subpacket: issuer key id.
pub(super) const ISSUER_KEY_ID: u8 = 16;
/// Subpacket: issuer fingerprint.
pub(super) const ISSUER_FINGERPRINT: u8 = 33;
/// The bit of a subpacket's type that says that it must be understood.
pub(super) const CRITICAL: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest_state::Sha512Stream;

    #[test]
    fn leading_zero_bits_are_left_out_and_come_back() {
        let mut bytes = [0; 64];
        bytes[2] = 0x01;
        bytes[31] = 0xff;
        bytes[32] = 0x7f;
        let compact = CompactSignature(bytes);
        let mpis = compact.to_mpis();
        // 30 octets of which the first has one significant bit, then 32 octets with 255 bits.
        assert_eq!(mpis[..3], [0, 233, 1]);
        assert_eq!(mpis[32..35], [0, 255, 0x7f]);
        assert_eq!(CompactSignature::from_mpis(&mpis), Some(compact));
        let zero = CompactSignature([0; 64]);
        assert_eq!(zero.to_mpis(), [0, 0, 0, 0]);
        assert_eq!(CompactSignature::from_mpis(&[0, 0, 0, 0]), Some(zero));
    }

    #[test]
    fn mpis_that_are_too_long_or_not_in_shortest_form_are_refused() {
        assert_eq!(CompactSignature::from_mpis(&[0, 8, 1, 0, 0]), None);
        assert_eq!(CompactSignature::from_mpis(&[0, 1, 1, 0, 0, 0]), None);
        assert_eq!(CompactSignature::from_mpis(&[0, 1]), None);
        let mut long = vec![1, 8];
        long.extend([0xff; 33]);
        long.extend([0, 0]);
        assert_eq!(CompactSignature::from_mpis(&long), None);
    }

    #[test]
    fn a_state_and_the_bytes_give_one_digest_in_version_4_only() {
        let mut stream = Sha512Stream::new();
        stream.update(b"a release");
        let state = stream.into_state();
        let v4 = SignatureFrame::v4(SignatureType::Binary, EDDSA_LEGACY, 7, [1; 20]);
        assert_eq!(
            v4.digest_of_state(&state),
            Some(v4.digest_of_bytes(b"a release"))
        );
        let v6 = SignatureFrame::v6(SignatureType::Binary, ED25519, 7, [1; 32], [2; 32]);
        assert_eq!(v6.digest_of_state(&state), None);
    }
}
