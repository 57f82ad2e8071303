//! Checks a signature over exactly the bytes that were asked about: in this process, and with the
//! stock program of its kind where one is installed.
//!
//! The two know nothing of each other. Where this process has not the algorithm, the stock program
//! has to be there.

mod git;
mod gnupg;
mod stock;

use std::fmt;
use std::io;
use std::path::Path;

use pack_format::advice::{Advice, Exit};
use signing_format::limits::CONTENT_BYTES_MAX;
use signing_format::minisign::{MinisignSignature, MinisignSignatureError};
use signing_format::openpgp::{
    CheckOutcome, Cleartext, DataSignature, OpenPgpFormatError, PublicKeys, SignedData,
};
use signing_format::ssh::{
    HashAlgorithm, MessageDigest, Namespace, SshSignature, SshSignatureError,
};
use signing_format::subject::FileForm;
use thiserror::Error;

use super::hashes::Hashes;
use super::input;
use super::key::{DeskKey, PublicHalf};
use super::scratch::Scratch;

pub(crate) use self::git::GitKeys;
pub(crate) use self::gnupg::GnuPg;
use self::stock::Verdict;

/// Why a signature is not taken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// An SSH signature that cannot be read, or is not of this key over these bytes.
    #[error("the signature is not good")]
    Ssh(#[source] SshSignatureError),
    /// A minisign signature that cannot be read, or is not of this key over these bytes.
    #[error("the signature is not good")]
    Minisign(#[source] MinisignSignatureError),
    /// The signed comment is not the one that was asked for.
    #[error("the signature protects another comment than the one that was asked for")]
    OtherComment,
    /// An OpenPGP signature that cannot be read.
    #[error("the signature is not good")]
    OpenPgp(#[source] OpenPgpFormatError),
    /// An OpenPGP signature that is not over these bytes.
    #[error("the signature is not over the bytes that were asked about")]
    NotOverThese,
    /// An OpenPGP signature by another key.
    #[error("the signature is by a key that the certificate does not hold")]
    OtherKey,
    /// The form of the signature does not go with the key.
    #[error("the signature is of another kind than the key")]
    OtherKind,
    /// The stock program says no.
    #[error("{program} does not accept the signature")]
    StockRefused {
        /// The program.
        program: &'static str,
    },
    /// This program has not the algorithm, and no stock program was able to check.
    #[error("no installed program can check a signature of this key")]
    NobodyCanTell,
    /// A stock program could not be run, or not be given what it needs.
    #[error("the signature cannot be handed to {program}")]
    Run {
        /// The program.
        program: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl Advice for VerifyError {
    fn code(&self) -> &'static str {
        match self {
            Self::OtherComment => "signature-other-comment",
            Self::OtherKey => "signature-other-key",
            Self::StockRefused { .. } => "signature-stock-refused",
            Self::NobodyCanTell => "signature-unchecked",
            Self::Run { .. } => "verifier-failed",
            _ => "signature-wrong",
        }
    }

    fn data_safe(&self) -> String {
        match self.may_pass() {
            true => "Yes: the reply is kept; nothing was written, and nothing was moved.",
            false => "Yes: the signature was not written, and nothing was moved.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::NobodyCanTell => {
                "Install gpg or sqv, then run `online-relay desk finish`; the reply is kept."
            }
            Self::OtherKey => {
                "The key may have a new subkey in the vault: export its certificate there again, \
                 add it with `online-relay desk key add FILE`, then run `online-relay desk \
                 finish`. If there is none, cancel the request and tell the vault's owner."
            }
            Self::Run { .. } => "Check that the program runs, then `online-relay desk finish`.",
            _ => {
                "Check that `online-relay desk key list` has the right key; otherwise tell the \
                 vault's owner, because the vault or the way to it did something else than it \
                 was asked."
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NobodyCanTell | Self::Run { .. } => Exit::Failed,
            _ => Exit::Refused,
        }
    }
}

impl VerifyError {
    /// Whether another try may end differently.
    pub(crate) fn may_pass(&self) -> bool {
        // A certificate that was exported before its key was rotated lacks the new subkey.
        matches!(
            self,
            Self::NobodyCanTell | Self::Run { .. } | Self::OtherKey
        )
    }
}

/// The bytes that were asked about.
#[derive(Clone, Copy)]
pub(crate) enum Asked<'a> {
    /// A file, hashed just now.
    File(&'a Path, &'a Hashes),
    /// Bytes in memory.
    Bytes(&'a [u8]),
}

/// Who has checked a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    in_process: bool,
    stock: Vec<&'static str>,
}

impl Checked {
    /// Checked by this process, or by one program, or by both.
    pub(crate) fn by(in_process: bool, program: Option<&'static str>) -> Result<Self, VerifyError> {
        let verdicts = program.map(|program| (program, Verdict::Good));
        conclude(in_process, verdicts.into_iter().collect())
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = self.in_process.then_some("this program");
        let all: Vec<&str> = own.into_iter().chain(self.stock.iter().copied()).collect();
        write!(formatter, "checked by {}", all.join(" and "))
    }
}

/// What this process found: the signature in its one plain form, and whether it has the algorithm.
pub(crate) struct OwnCheck {
    pub(crate) plain: Vec<u8>,
    pub(crate) is_checked: bool,
}

/// Checks a signature in the form in which it is written to a file, in this process alone.
pub(crate) fn check_own(
    key: &DeskKey,
    form: &FileForm,
    signature: &[u8],
    asked: Asked<'_>,
) -> Result<OwnCheck, VerifyError> {
    let checked = |plain: String| OwnCheck {
        plain: plain.into_bytes(),
        is_checked: true,
    };
    match (&key.public, form) {
        (PublicHalf::Ssh(line), FileForm::Ssh { namespace }) => {
            let parsed = SshSignature::from_armor(signature).map_err(VerifyError::Ssh)?;
            let named = Namespace::new(namespace).map_err(|_| VerifyError::OtherKind)?;
            let digest = match asked {
                Asked::File(_, hashes) => MessageDigest::Sha512(hashes.sha512.digest()),
                Asked::Bytes(bytes) => MessageDigest::of(HashAlgorithm::Sha512, bytes),
            };
            let verified = parsed.verify(line.key(), &named, &digest);
            verified.map_err(VerifyError::Ssh)?;
            Ok(checked(parsed.to_armor()))
        }
        (PublicHalf::Minisign(public), FileForm::Minisign { trusted_comment }) => {
            let parsed = MinisignSignature::parse(signature).map_err(VerifyError::Minisign)?;
            let digest = match asked {
                Asked::File(_, hashes) => hashes.blake2b,
                Asked::Bytes(bytes) => signing_format::minisign::digest_of(bytes),
            };
            let verified = parsed.verify(public, &digest);
            verified.map_err(VerifyError::Minisign)?;
            match parsed.peek_trusted_comment().as_str() == trusted_comment {
                true => Ok(checked(parsed.to_file())),
                false => Err(VerifyError::OtherComment),
            }
        }
        (PublicHalf::OpenPgp { keys, .. }, FileForm::OpenPgp) => {
            let (armored, is_checked) = openpgp(keys, signature, asked)?;
            Ok(OwnCheck {
                plain: armored.into_bytes(),
                is_checked,
            })
        }
        _ => Err(VerifyError::OtherKind),
    }
}

/// Checks a signature in the form in which it is written to a file, and gives it back in its one
/// plain form.
pub(crate) fn check(
    key: &DeskKey,
    form: &FileForm,
    signature: &[u8],
    asked: Asked<'_>,
    scratch: &Scratch,
) -> Result<(Vec<u8>, Checked), VerifyError> {
    let OwnCheck { plain, is_checked } = check_own(key, form, signature, asked)?;
    let verdicts = match (&key.public, form) {
        (PublicHalf::Ssh(line), FileForm::Ssh { namespace }) => {
            stock::ssh(line, namespace, &plain, asked, scratch)?
        }
        (PublicHalf::Minisign(public), _) => stock::minisign(public, &plain, asked, scratch)?,
        (PublicHalf::OpenPgp { certificate, .. }, _) => {
            gnupg::detached(certificate, &plain, asked, scratch)?
        }
        (PublicHalf::Ssh(_), _) => return Err(VerifyError::OtherKind),
    };
    Ok((plain, conclude(is_checked, verdicts)?))
}

/// Checks a cleartext signature and gives the whole file.
pub(crate) fn check_clear(
    key: &DeskKey,
    signature: &[u8],
    text: Cleartext<'_>,
    scratch: &Scratch,
) -> Result<(Vec<u8>, Checked), VerifyError> {
    let PublicHalf::OpenPgp { certificate, keys } = &key.public else {
        return Err(VerifyError::OtherKind);
    };
    let (armored, own) = openpgp_over(keys, signature, SignedData::Text(text))?;
    let file = text.signed(&armored);
    let verdicts = gnupg::clear(certificate, &file, scratch)?;
    conclude(own, verdicts).map(|checked| (file, checked))
}

fn openpgp(
    keys: &PublicKeys,
    signature: &[u8],
    asked: Asked<'_>,
) -> Result<(String, bool), VerifyError> {
    match asked {
        Asked::Bytes(bytes) => openpgp_over(keys, signature, SignedData::Bytes(bytes)),
        Asked::File(path, hashes) => {
            let over_state = openpgp_over(keys, signature, SignedData::State(&hashes.sha512));
            match over_state {
                // The salt of version 6 stands before the data: only the whole file tells.
                Err(VerifyError::NotOverThese) if is_version_6(keys) => {
                    let bytes = input::read(path, CONTENT_BYTES_MAX);
                    let bytes = bytes.map_err(stock::failed("this program"))?;
                    let read = Hashes::of(bytes.as_slice());
                    let read = read.map_err(stock::failed("this program"))?;
                    if read != *hashes {
                        return Err(VerifyError::NotOverThese);
                    }
                    openpgp_over(keys, signature, SignedData::Bytes(&bytes))
                }
                other => other,
            }
        }
    }
}

fn is_version_6(keys: &PublicKeys) -> bool {
    let fingerprint = keys.fingerprint();
    fingerprint.is_some_and(|fingerprint| fingerprint.key_version() == 6)
}

/// The armoured signature, and whether this process could check it.
fn openpgp_over(
    keys: &PublicKeys,
    signature: &[u8],
    data: SignedData<'_>,
) -> Result<(String, bool), VerifyError> {
    let parsed = DataSignature::parse(signature).map_err(VerifyError::OpenPgp)?;
    let own = match keys.verify(&parsed, data) {
        CheckOutcome::Good { .. } => true,
        CheckOutcome::AlgorithmNeedsTool => false,
        CheckOutcome::Bad => return Err(VerifyError::NotOverThese),
        CheckOutcome::KeyMissing => return Err(VerifyError::OtherKey),
    };
    // Armoured anew: what stands around the packet came from outside.
    let packet = match signing_format::openpgp::is_armored(signature) {
        true => {
            signing_format::openpgp::dearmor(signature)
                .map_err(VerifyError::OpenPgp)?
                .1
        }
        false => signature.to_vec(),
    };
    Ok((signing_format::openpgp::armor(&packet), own))
}

fn conclude(
    in_process: bool,
    verdicts: Vec<(&'static str, Verdict)>,
) -> Result<Checked, VerifyError> {
    let mut stock = Vec::new();
    for (program, verdict) in verdicts {
        match verdict {
            Verdict::Good => stock.push(program),
            Verdict::Bad => return Err(VerifyError::StockRefused { program }),
            Verdict::CannotTell => {}
        }
    }
    if !in_process && stock.is_empty() {
        return Err(VerifyError::NobodyCanTell);
    }
    Ok(Checked { in_process, stock })
}
