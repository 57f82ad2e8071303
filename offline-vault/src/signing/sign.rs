//! Making the signatures of an approved request.
//!
//! Everything here runs after the review was made again and found to be what was shown; it takes
//! the very content that the review took.

use sha2::{Digest as _, Sha512};
use signing_format::git::{Chain, GitContent, ObjectId, ObjectKind, Payload};
use signing_format::minisign::{TrustedComment, UntrustedComment};
use signing_format::openpgp::limits::CLEARTEXT_BYTES_MAX;
use signing_format::openpgp::{Cleartext, CompactSignature, Fingerprint};
use signing_format::reply::{GitSignatures, Reply};
use signing_format::request::Request;
use signing_format::ssh::{MessageDigest, Namespace, SshPublicKey, SshSignature};
use signing_format::subject::{
    CertifySubject, FileForm, FileSource, FileSubject, GitForm, GitSubject, Subject,
};

use super::content::Content;
use super::error::SigningError;
use super::journal::{Digest, Draft, EntryKind};
use super::keys::{self, SecretKeyMaterial};
use super::requests::Opened;
use super::review::{ReviewError, escaped};
use crate::clock::UnixTime;
use crate::openpgp::{DataSigner, DecryptedMessage, MadeSignature, OpenPgpError};
use crate::store::{SigningKey, SigningRequestId};
use crate::vault::Vault;

/// Signatures, and what the journal says of them.
pub(super) struct Signed {
    pub(super) reply: Reply,
    pub(super) entries: Vec<Draft>,
}

/// One key at work on one request.
struct Work<'a> {
    id: SigningRequestId,
    key: &'a SigningKey,
    secret: SecretKeyMaterial,
    at: UnixTime,
}

/// Signs what a request asks for, or opens its message.
pub(super) fn sign(
    vault: &Vault,
    id: SigningRequestId,
    key: &SigningKey,
    request: &Request,
    opened: &Opened,
    at: UnixTime,
) -> Result<Signed, SigningError> {
    let work = Work {
        id,
        key,
        secret: keys::secret(&vault.store().read(), key)?,
        at,
    };
    match (&request.subject, opened) {
        (Subject::File(file), Opened::File(content)) => work.file(file, content.as_deref()),
        (Subject::Git(git), Opened::Git(content)) => work.git(git, content),
        (Subject::Certify(certify), Opened::Bytes(bytes)) => work.certify(certify, bytes),
        (Subject::Decrypt(decrypt), Opened::Bytes(bytes)) => {
            open_message(vault, key, bytes, at)?;
            let mut entry = key.draft(EntryKind::Decrypted, "");
            entry.name.clone_from(&decrypt.name);
            entry.digest = Digest::Blake3(*blake3::hash(bytes).as_bytes());
            Ok(Signed {
                reply: Reply::OpenedInVault,
                entries: vec![entry],
            })
        }
        _ => Err(work.not_showable(ReviewError::ContentMissing)),
    }
}

/// Opens a message with a key of this vault; signatures by the certificates of its other keys are
/// checked.
pub(super) fn open_message(
    vault: &Vault,
    key: &SigningKey,
    message: &[u8],
    at: UnixTime,
) -> Result<DecryptedMessage, SigningError> {
    let tables = vault.store().read();
    let secret = keys::secret(&tables, key)?;
    let known = tables.signing_keys()?;
    let known = known.iter().filter(|key| key.reference.is_openpgp());
    let known: Vec<&[u8]> = known.map(|key| key.public.as_slice()).collect();
    Ok(secret.openpgp()?.decrypt(message, &known, at)?)
}

impl Work<'_> {
    fn not_showable(&self, source: ReviewError) -> SigningError {
        SigningError::Review {
            id: self.id,
            source: Box::new(source),
        }
    }

    fn file(
        &self,
        subject: &FileSubject,
        content: Option<&Content>,
    ) -> Result<Signed, SigningError> {
        let hashes = match (&subject.source, content) {
            (FileSource::Content(_), Some(content)) => {
                let digests = content.digests();
                Hashes {
                    sha512: Some(digests.sha512.clone()),
                    blake2b: Some(digests.blake2b),
                }
            }
            (FileSource::Sha512(state), _) => Hashes {
                sha512: Some(state.clone()),
                blake2b: None,
            },
            (FileSource::Blake2b(hash), _) => Hashes {
                sha512: None,
                blake2b: Some(*hash),
            },
            (FileSource::Content(_), None) => {
                return Err(self.not_showable(ReviewError::ContentMissing));
            }
        };
        let (signature, digest) = match &subject.form {
            FileForm::Minisign { trusted_comment } => {
                let hash = hashes.blake2b.ok_or_else(|| self.no_hash("BLAKE2b-512"))?;
                (
                    self.minisign(&hash, trusted_comment)?,
                    Digest::Blake2b(hash),
                )
            }
            form => {
                let state = hashes.sha512.ok_or_else(|| self.no_hash("SHA-512"))?;
                let digest = Digest::Sha512(state.digest());
                let signature = match form {
                    FileForm::Ssh { namespace } => self.ssh(namespace, &state.digest())?,
                    FileForm::OpenPgpClear => self.clear(content)?,
                    _ => self.openpgp(&state, content)?,
                };
                (signature, digest)
            }
        };
        let (kind, namespace) = match &subject.form {
            FileForm::OpenPgpClear => (EntryKind::TextSigned, ""),
            FileForm::Ssh { namespace } => (EntryKind::FileSigned, namespace.as_str()),
            _ => (EntryKind::FileSigned, ""),
        };
        let mut entry = self.key.draft(kind, "");
        entry.name.clone_from(&subject.name);
        entry.digest = digest;
        namespace.clone_into(&mut entry.namespace);
        Ok(Signed {
            reply: Reply::File(signature),
            entries: vec![entry],
        })
    }

    /// A request that was read holds the hash that its form needs.
    fn no_hash(&self, hash: &'static str) -> SigningError {
        SigningError::NotSignable {
            what: "the hash",
            why: format!("{hash} is missing"),
        }
    }

    fn minisign(&self, hash: &[u8; 64], trusted: &str) -> Result<Vec<u8>, SigningError> {
        let wrong = |err: signing_format::minisign::CommentError| SigningError::NotSignable {
            what: "the trusted comment",
            why: err.to_string(),
        };
        let trusted = TrustedComment::new(trusted).map_err(wrong)?;
        let untrusted = UntrustedComment::new(UNTRUSTED_COMMENT).map_err(wrong)?;
        let signature = self.secret.sign_minisign(hash, trusted, untrusted)?;
        Ok(signature.to_file().into_bytes())
    }

    fn ssh(&self, namespace: &str, sha512: &[u8; 64]) -> Result<Vec<u8>, SigningError> {
        let namespace = Namespace::new(namespace).map_err(|err| SigningError::NotSignable {
            what: "the namespace",
            why: err.to_string(),
        })?;
        let (_, armor) = self.ssh_signature(&namespace, sha512)?;
        Ok(armor.into_bytes())
    }

    /// An SSH signature, in 64 bytes and in armour, that was checked.
    fn ssh_signature(
        &self,
        namespace: &Namespace,
        sha512: &[u8; 64],
    ) -> Result<([u8; 64], String), SigningError> {
        let raw = self.secret.sign_ssh(namespace, sha512)?;
        let signing_format::key_reference::KeyReference::Ssh(public) = &self.key.reference else {
            return Err(keys::KeyError::OtherKind { needed: "SSH" }.into());
        };
        let faulty = |why: String| SigningError::NotSignable {
            what: "the SSH key",
            why,
        };
        let public = SshPublicKey::from_bytes(public).map_err(|err| faulty(err.to_string()))?;
        let signature = SshSignature::from_raw(public, namespace.clone(), raw);
        // A fault while signing could give the key away.
        signature
            .verify(&public, namespace, &MessageDigest::Sha512(*sha512))
            .map_err(|err| faulty(err.to_string()))?;
        Ok((raw, signature.to_armor()))
    }

    fn clear(&self, content: Option<&Content>) -> Result<Vec<u8>, SigningError> {
        let content = content.ok_or_else(|| self.not_showable(ReviewError::ContentMissing))?;
        let bytes = content
            .read_bounded(CLEARTEXT_BYTES_MAX as u64)
            .map_err(|err| self.not_showable(err))?;
        let text = Cleartext::parse(&bytes)
            .map_err(|err| self.not_showable(ReviewError::Cleartext(err)))?;
        let signature = self.secret.openpgp()?.sign_cleartext(&text, self.at)?;
        Ok(signature.armored().into_bytes())
    }

    /// A version 6 key hashes a salt before the file, and so needs the file.
    fn openpgp(
        &self,
        state: &signing_format::digest_state::Sha512State,
        content: Option<&Content>,
    ) -> Result<Vec<u8>, SigningError> {
        let signer = self.secret.openpgp()?.data_signer(self.at)?;
        let made = match (signer.sign_state(state), content) {
            (Err(OpenPgpError::NeedsContent), Some(content)) => {
                let bytes = content
                    .read_bounded(SALTED_BYTES_MAX)
                    .map_err(|err| self.not_showable(err))?;
                signer.sign_bytes(&bytes)?
            }
            (made, _) => made?,
        };
        Ok(made.armored().into_bytes())
    }

    fn git(&self, subject: &GitSubject, content: &GitContent) -> Result<Signed, SigningError> {
        let mut chain = content.chain();
        let (signatures, entries) = match subject.form {
            GitForm::Ssh => self.git_ssh(&mut chain)?,
            GitForm::OpenPgp => self.git_openpgp(&mut chain)?,
        };
        Ok(Signed {
            reply: Reply::Git(signatures),
            entries,
        })
    }

    fn git_ssh(&self, chain: &mut Chain<'_>) -> Result<(GitSignatures, Vec<Draft>), SigningError> {
        let namespace = Namespace::git();
        let (mut signatures, mut entries) = (Vec::new(), Vec::new());
        while let Some(payload) = chain.next_payload() {
            let sha512: [u8; 64] = Sha512::digest(payload.bytes()).into();
            let (raw, armor) = self.ssh_signature(&namespace, &sha512)?;
            signatures.push(raw);
            entries.push(self.link(chain, &payload, &armor, namespace.as_str())?);
        }
        Ok((GitSignatures::Ssh(signatures), entries))
    }

    fn git_openpgp(
        &self,
        chain: &mut Chain<'_>,
    ) -> Result<(GitSignatures, Vec<Draft>), SigningError> {
        let signer = self.secret.openpgp()?.data_signer(self.at)?;
        let (mut made, mut entries) = (Vec::new(), Vec::new());
        while let Some(payload) = chain.next_payload() {
            let signature = signer.sign_bytes(payload.bytes())?;
            entries.push(self.link(chain, &payload, &signature.armored(), "")?);
            made.push(signature);
        }
        Ok((compacted(&signer, &made), entries))
    }

    /// Puts a signature into its object, so that what builds on it is signed over its new id.
    fn link(
        &self,
        chain: &mut Chain<'_>,
        payload: &Payload,
        armor: &str,
        namespace: &str,
    ) -> Result<Draft, SigningError> {
        let kind = match payload.kind() {
            ObjectKind::Tag => EntryKind::TagSigned,
            _ => EntryKind::CommitSigned,
        };
        let name = title(payload);
        let signed = chain.accept(payload, armor)?;
        let mut entry = self.key.draft(kind, "");
        entry.digest = digest_of(&signed.new_id);
        entry.name = name;
        namespace.clone_into(&mut entry.namespace);
        Ok(entry)
    }

    fn certify(
        &self,
        subject: &CertifySubject,
        certificate: &[u8],
    ) -> Result<Signed, SigningError> {
        let user_ids = &subject.user_ids;
        let (made, entries) =
            keys::certify_user_ids(self.key, &self.secret, certificate, user_ids, self.at)?;
        Ok(Signed {
            reply: Reply::Certifications(made.signatures),
            entries,
        })
    }
}

/// What the hashes of a file are, as far as its form needs them.
struct Hashes {
    sha512: Option<signing_format::digest_state::Sha512State>,
    blake2b: Option<[u8; 64]>,
}

/// The short form where the desk can rebuild the packets from it: all of one key and time.
fn compacted(signer: &DataSigner, made: &[MadeSignature]) -> GitSignatures {
    let compact: Option<Vec<_>> = made
        .iter()
        .map(|signature| signature.compact().map(|CompactSignature(raw)| raw))
        .collect();
    match (compact, signer.issuer()) {
        (Some(signatures), Fingerprint::V4(issuer)) => GitSignatures::OpenPgpCompact {
            created_at: signer.created_at(),
            issuer,
            signatures,
        },
        _ => GitSignatures::OpenPgp(made.iter().map(|it| it.packet().to_vec()).collect()),
    }
}

/// The first line of a message, or the name of a tag, for the journal.
fn title(payload: &Payload) -> String {
    use signing_format::git::Signable;
    let text = match payload.object() {
        Signable::Commit(commit) => commit.message(),
        Signable::Tag(tag) => tag.name(),
    };
    escaped(text.split(|byte| *byte == b'\n').next().unwrap_or_default())
}

fn digest_of(id: &ObjectId) -> Digest {
    match (
        <[u8; 20]>::try_from(id.as_bytes()),
        <[u8; 32]>::try_from(id.as_bytes()),
    ) {
        (Ok(sha1), _) => Digest::GitSha1(sha1),
        (_, Ok(sha256)) => Digest::GitSha256(sha256),
        _ => Digest::None,
    }
}

/// What stands in the line of a minisign signature that nothing protects.
const UNTRUSTED_COMMENT: &str = "signature from a Causeway vault";
/// Largest file that is signed with a salt: the OpenPGP library takes it whole.
const SALTED_BYTES_MAX: u64 = 256 << 20;
