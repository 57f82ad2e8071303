//! Certifications of somebody's certificate.
//!
//! Only a stock program can check them. Until it has found one by the right key on each user id
//! that was asked about, nothing is written.

use std::io;

use pack_format::shown::Shown;
use signing_format::openpgp::{PublicKeys, dearmor, is_armored};
use signing_format::subject::CertifySubject;

use super::super::error::DeskError;
use super::super::hashes::Hashes;
use super::super::input;
use super::super::key::PublicHalf;
use super::super::limits::KEY_FILE_BYTES_MAX;
use super::super::output;
use super::super::task::FileTask;
use super::super::verify::{GnuPg, VerifyError};
use super::file::target;
use super::{Case, Done};
use crate::courier::quantity::Count;

/// Adds the certifications to the certificate, checks them, and writes the result.
pub(super) fn finish(
    case: &Case<'_>,
    task: &FileTask,
    subject: &CertifySubject,
    packets: &[u8],
) -> Result<Done, DeskError> {
    let path = &task.path;
    let bytes = input::read(path, KEY_FILE_BYTES_MAX);
    let bytes = bytes.map_err(input::failed("reading it again", path))?;
    let hashes = Hashes::of(bytes.as_slice());
    let hashes = hashes.map_err(DeskError::file("reading it again", path))?;
    if hashes.blake3 != subject.content.plain_hash {
        return Err(DeskError::FileChanged { path: path.clone() });
    }
    let keys = PublicKeys::from_certificate(&bytes).map_err(DeskError::Certificate)?;
    let fingerprint = keys.fingerprint().ok_or(DeskError::KeyWithoutName)?;
    let fingerprint = data_encoding::HEXUPPER.encode(fingerprint.as_bytes());
    let armored = is_armored(&bytes);
    let before = match armored {
        true => dearmor(&bytes).map_err(DeskError::Certificate)?.1,
        false => bytes,
    };
    let certified = [before.as_slice(), packets].concat();
    // The keys of the certificate are what they were: nothing but signatures was added.
    if PublicKeys::from_certificate(&certified).map_err(DeskError::Certificate)? != keys {
        return Err(DeskError::WrongReply);
    }
    let gnupg = checked(case, &before, &certified, &fingerprint, &subject.user_ids)?;
    let merged = merged(&gnupg, &fingerprint, armored)?;
    let (to, overwrite) = target(case, task);
    output::write_result(&to, &merged, overwrite)?;
    let count = Count(subject.user_ids.len() as u64, "user id");
    let to = to.to_string_lossy();
    Ok(Done::with(format!(
        "wrote {} with {count} certified (checked by gpg)",
        Shown(&to)
    )))
}

/// GnuPG with the certificate, once it has found a new and good certification of every user id.
fn checked(
    case: &Case<'_>,
    before: &[u8],
    certified: &[u8],
    fingerprint: &str,
    user_ids: &[String],
) -> Result<GnuPg, DeskError> {
    let PublicHalf::OpenPgp { certificate, keys } = &case.key.public else {
        return Err(VerifyError::OtherKind.into());
    };
    let gnupg = GnuPg::with(&[certificate, before], &case.scratch)?;
    let gnupg = gnupg.ok_or(VerifyError::NobodyCanTell)?;
    let earlier = gnupg.signatures_of(fingerprint).map_err(failed)?.stdout;
    if !gnupg.import(certified).map_err(failed)? {
        return Err(VerifyError::StockRefused { program: "gpg" }.into());
    }
    let later = gnupg.signatures_of(fingerprint).map_err(failed)?.stdout;
    let by: Vec<String> = keys
        .keys()
        .iter()
        .map(|key| data_encoding::HEXUPPER.encode(&key.fingerprint.key_id()))
        .collect();
    let (earlier, later) = (
        String::from_utf8_lossy(&earlier),
        String::from_utf8_lossy(&later),
    );
    for user_id in user_ids {
        let count = |listing| good_signature_count(listing, user_id, &by);
        match (count(&earlier), count(&later)) {
            (_, 0) => return Err(VerifyError::StockRefused { program: "gpg" }.into()),
            // One that was there before answers nothing.
            (before, after) if after <= before => return Err(DeskError::WrongReply),
            _ => {}
        }
    }
    Ok(gnupg)
}

/// The certificate with the certifications where they belong, as gpg puts them.
fn merged(gnupg: &GnuPg, fingerprint: &str, armored: bool) -> Result<Vec<u8>, DeskError> {
    let exported = gnupg.export(fingerprint, armored).map_err(failed)?;
    let kept = PublicKeys::from_certificate(&exported.stdout);
    let kept = kept.map_err(DeskError::Certificate)?.fingerprint();
    let hex = kept.map(|kept| data_encoding::HEXUPPER.encode(kept.as_bytes()));
    match hex.as_deref() == Some(fingerprint) {
        true => Ok(exported.stdout),
        false => Err(VerifyError::StockRefused { program: "gpg" }.into()),
    }
}

fn failed(source: io::Error) -> VerifyError {
    VerifyError::Run {
        program: "gpg",
        source,
    }
}

/// How many checked certifications of a user id by one of these keys gpg's listing has.
fn good_signature_count(listing: &str, user_id: &str, by: &[String]) -> usize {
    let (mut is_wanted, mut count) = (false, 0_usize);
    for line in listing.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let field = |number: usize| fields.get(number).copied().unwrap_or_default();
        match field(0) {
            "uid" => is_wanted = unescaped(field(9)) == user_id,
            "pub" | "sub" | "uat" => is_wanted = false,
            "sig" if is_wanted && field(1) == "!" && by.iter().any(|it| it == field(4)) => {
                count = count.saturating_add(1);
            }
            _ => {}
        }
    }
    count
}

/// gpg writes a colon and control characters as `\x3a`.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = after.strip_prefix(b"x").and_then(|digits| digits.get(..2));
        let byte = escape.and_then(|digits| data_encoding::HEXLOWER_PERMISSIVE.decode(digits).ok());
        match (first, byte.as_deref()) {
            (b'\\', Some([byte])) => {
                bytes.push(*byte);
                rest = after.get(3..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_good_certification_of_the_same_user_id_by_the_same_key_counts() {
        let by = ["AAAA".to_owned()];
        let listing = "pub:u:\nuid:u::::::::Ben\\x3a <b@x>:\nsig:!::22:AAAA:::\n\
                       uid:u::::::::Ben:\nsig:%::22:AAAA:::\nsig:!::22:BBBB:::\n";
        assert_eq!(good_signature_count(listing, "Ben: <b@x>", &by), 1);
        assert_eq!(good_signature_count(listing, "Ben", &by), 0);
        assert_eq!(good_signature_count(listing, "Chen", &by), 0);
    }
}
