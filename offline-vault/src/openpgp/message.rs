//! Encrypted messages: who they are for, and opening them.

use std::io::{self, Read};

use sequoia_openpgp::cert::Cert;
use sequoia_openpgp::crypto::{SessionKey, SymmetricAlgorithm};
use sequoia_openpgp::packet::{PKESK, Packet, SKESK, Tag};
use sequoia_openpgp::parse::stream::{
    DecryptionHelper, DecryptorBuilder, MessageLayer, MessageStructure, VerificationError,
    VerificationHelper, VerificationResult,
};
use sequoia_openpgp::parse::{PacketParser, PacketParserResult, Parse as _};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::{KeyHandle, anyhow};
use zeroize::Zeroizing;

use super::import::only_certificate;
use super::limits::{
    CERTIFICATE_BYTES_MAX, MESSAGE_BYTES_MAX, PLAINTEXT_BYTES_MAX, RECIPIENTS_MAX,
};
use super::{OpenPgpError, SecretCertificate, time};
use crate::clock::UnixTime;

/// What there is to see of an encrypted message before it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageReview {
    /// Fingerprints or key ids of the recipients' keys, in hex; `None` for a hidden one.
    pub recipients: Vec<Option<String>>,
    /// How many passphrases open it as well.
    pub passphrase_count: usize,
    /// How it is protected against changes.
    pub protection: Protection,
}

/// How a message is protected against changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Version 1: a SHA-1 of the text inside the encryption.
    ModificationDetection,
    /// Version 2: authenticated encryption (RFC 9580).
    Authenticated,
}

/// A message that was opened, and all of it authenticated.
#[derive(Debug)]
pub struct DecryptedMessage {
    /// Its content.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// Its signatures; empty when it has none, and then anybody can have written it.
    pub signatures: Vec<MessageSignature>,
}

/// A signature in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageSignature {
    /// Made by the known certificate with this fingerprint.
    Good {
        /// The fingerprint in hex.
        certificate: String,
    },
    /// Made by a key that is not known; it cannot be checked.
    UnknownSigner {
        /// The key's fingerprint or id in hex, as the signature says.
        key: Option<String>,
    },
    /// Not good.
    Bad {
        /// Why, in the library's words.
        why: String,
    },
}

impl MessageReview {
    /// Reads what stands before the encrypted part.
    ///
    /// # Errors
    /// [`OpenPgpError::TooLarge`], [`OpenPgpError::Unreadable`], [`OpenPgpError::NotEncrypted`],
    /// or [`OpenPgpError::Unprotected`].
    pub fn parse(message: &[u8]) -> Result<Self, OpenPgpError> {
        let what = "an encrypted message";
        if message.len() > MESSAGE_BYTES_MAX {
            return Err(OpenPgpError::TooLarge {
                what,
                found_bytes: message.len(),
                limit_bytes: MESSAGE_BYTES_MAX,
            });
        }
        let unreadable = || OpenPgpError::unreadable(what);
        let mut recipients = Vec::new();
        let mut passphrase_count = 0;
        let mut parsed = PacketParser::from_bytes(message).map_err(unreadable())?;
        while let PacketParserResult::Some(parser) = parsed {
            match &parser.packet {
                Packet::PKESK(_) | Packet::SKESK(_)
                    if recipients.len() + passphrase_count >= RECIPIENTS_MAX =>
                {
                    return Err(OpenPgpError::TooLarge {
                        what: "the list of recipients",
                        found_bytes: recipients.len() + passphrase_count + 1,
                        limit_bytes: RECIPIENTS_MAX,
                    });
                }
                Packet::PKESK(key) => {
                    recipients.push(key.recipient().map(|handle| hex(&handle)));
                }
                Packet::SKESK(_) => passphrase_count += 1,
                Packet::Marker(_) | Packet::Padding(_) => {}
                Packet::SEIP(container) => {
                    return Ok(Self {
                        recipients,
                        passphrase_count,
                        protection: match container.version() {
                            1 => Protection::ModificationDetection,
                            _ => Protection::Authenticated,
                        },
                    });
                }
                // The container of GnuPG 2.3, which the standard did not take, is not read either.
                Packet::Unknown(packet) if packet.tag() == Tag::SED => {
                    return Err(OpenPgpError::Unprotected);
                }
                _ => return Err(OpenPgpError::NotEncrypted),
            }
            (_, parsed) = parser.next().map_err(unreadable())?;
        }
        Err(OpenPgpError::NotEncrypted)
    }

    /// Whether the certificate can open it: surely, when one of its keys is named; perhaps, when
    /// a recipient is hidden.
    #[must_use]
    pub fn may_open_with(&self, certificate: &SecretCertificate) -> bool {
        let mut keys = certificate.cert.keys().unencrypted_secret();
        let hidden = self.recipients.contains(&None);
        keys.any(|key| {
            let key = key.key();
            let named = [key.fingerprint().to_hex(), key.keyid().to_hex()];
            let mut recipients = self.recipients.iter().flatten();
            key.pk_algo().for_encryption()
                && (hidden || recipients.any(|recipient| named.contains(recipient)))
        })
    }
}

impl SecretCertificate {
    /// Opens a message. `known_signers` are certificates, armoured or not.
    ///
    /// Nothing of the content is given out before all of it is authenticated. Expired and revoked
    /// keys open what was encrypted to them.
    ///
    /// # Errors
    /// As [`MessageReview::parse`]; [`OpenPgpError::PassphraseOnly`],
    /// [`OpenPgpError::NotForThisKey`], [`OpenPgpError::MessageDamaged`] or
    /// [`OpenPgpError::PlaintextTooLarge`].
    pub fn decrypt(
        &self,
        message: &[u8],
        known_signers: &[&[u8]],
        now: UnixTime,
    ) -> Result<DecryptedMessage, OpenPgpError> {
        let review = MessageReview::parse(message)?;
        if review.recipients.is_empty() {
            return Err(OpenPgpError::PassphraseOnly);
        }
        if !review.may_open_with(self) {
            return Err(OpenPgpError::NotForThisKey);
        }
        let known = known_signers.iter().map(|signer| {
            only_certificate(signer, CERTIFICATE_BYTES_MAX, "a certificate of a signer")
        });
        let mut opener = Opener {
            secret: &self.cert,
            known: known.collect::<Result<_, _>>()?,
            found_key: false,
            signatures: Vec::new(),
        };
        let at = time::to_library(now)?;
        let policy = StandardPolicy::at(at);
        let plaintext = read(message, &policy, at, &mut opener);
        let plaintext = match plaintext {
            Ok(plaintext) => plaintext,
            Err(_) if !opener.found_key => return Err(OpenPgpError::NotForThisKey),
            Err(source) => return Err(OpenPgpError::MessageDamaged(source.into())),
        };
        Ok(DecryptedMessage {
            plaintext: plaintext.ok_or(OpenPgpError::PlaintextTooLarge)?,
            signatures: opener.signatures,
        })
    }
}

/// The content of a message, when all of it is authentic; `None` when it is too large.
fn read(
    message: &[u8],
    policy: &StandardPolicy<'_>,
    at: std::time::SystemTime,
    opener: &mut Opener<'_>,
) -> sequoia_openpgp::Result<Option<Zeroizing<Vec<u8>>>> {
    let builder = DecryptorBuilder::from_bytes(message)?;
    let mut reader = builder.with_policy(policy, at, opener)?;
    Ok(read_wiped(&mut reader, PLAINTEXT_BYTES_MAX)?)
}

/// Reads to the end; a buffer that is outgrown is wiped. `None` beyond the limit.
fn read_wiped(
    reader: &mut impl Read,
    limit_bytes: usize,
) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut whole = Zeroizing::new(Vec::with_capacity(PIECE_BYTES));
    let mut piece = Zeroizing::new(vec![0; PIECE_BYTES]);
    loop {
        let len = reader.read(&mut piece)?;
        let read = piece.get(..len).unwrap_or_default();
        if read.is_empty() {
            return Ok(Some(whole));
        }
        if whole.len() + read.len() > limit_bytes {
            return Ok(None);
        }
        if whole.len() + read.len() > whole.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * whole.capacity()));
            larger.extend_from_slice(&whole);
            whole = larger;
        }
        whole.extend_from_slice(read);
    }
}

/// What the library asks while it opens a message.
struct Opener<'a> {
    secret: &'a Cert,
    known: Vec<Cert>,
    found_key: bool,
    signatures: Vec<MessageSignature>,
}

impl DecryptionHelper for &mut Opener<'_> {
    fn decrypt(
        &mut self,
        pkesks: &[PKESK],
        _: &[SKESK],
        algorithm: Option<SymmetricAlgorithm>,
        decrypt: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
    ) -> sequoia_openpgp::Result<Option<Cert>> {
        for key in self.secret.keys().unencrypted_secret() {
            let key = key.key();
            if !key.pk_algo().for_encryption() {
                continue;
            }
            let mut pair = key.clone().into_keypair()?;
            for pkesk in pkesks.iter().take(RECIPIENTS_MAX) {
                let handle = key.key_handle();
                let named = pkesk.recipient().is_none_or(|named| named.aliases(&handle));
                if named
                    && let Some((algorithm, session_key)) = pkesk.decrypt(&mut pair, algorithm)
                    && decrypt(algorithm, &session_key)
                {
                    self.found_key = true;
                    return Ok(None);
                }
            }
        }
        let what = "no key opens it".to_owned();
        Err(sequoia_openpgp::Error::MissingSessionKey(what).into())
    }
}

impl VerificationHelper for &mut Opener<'_> {
    fn get_certs(&mut self, _: &[KeyHandle]) -> sequoia_openpgp::Result<Vec<Cert>> {
        Ok(self.known.clone())
    }

    /// Takes down what the signatures are worth. A bad one is shown, and not a reason to hide a
    /// message that its encryption authenticates.
    fn check(&mut self, structure: MessageStructure<'_>) -> Result<(), anyhow::Error> {
        for layer in structure {
            if let MessageLayer::SignatureGroup { results } = layer {
                self.signatures.extend(results.iter().map(of_result));
            }
        }
        Ok(())
    }
}

fn of_result(result: &VerificationResult<'_>) -> MessageSignature {
    match result {
        Ok(good) => MessageSignature::Good {
            certificate: good.ka.cert().fingerprint().to_hex(),
        },
        Err(VerificationError::MissingKey { sig }) => MessageSignature::UnknownSigner {
            key: sig.get_issuers().first().map(hex),
        },
        Err(bad) => MessageSignature::Bad {
            why: bad.to_string(),
        },
    }
}

/// A fingerprint or key id in hex.
fn hex(handle: &KeyHandle) -> String {
    match handle {
        KeyHandle::Fingerprint(fingerprint) => fingerprint.to_hex(),
        KeyHandle::KeyID(key_id) => key_id.to_hex(),
    }
}

/// How much is read at once.
const PIECE_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_over_the_limit_is_not_given_out() {
        let content = vec![7; 300_000];
        let whole = read_wiped(&mut &content[..], 300_000).unwrap().unwrap();
        assert_eq!(*whole, content);
        assert!(read_wiped(&mut &content[..], 299_999).unwrap().is_none());
    }
}
