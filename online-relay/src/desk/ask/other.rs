//! Asking for certifications, and for a message to be opened.

use std::path::{Path, PathBuf};

use pack_format::codec::{DecodeError, Reader};
use pack_format::shown::Shown;
use signing_format::openpgp::{PublicKeys, dearmor, is_armored};
use signing_format::subject::{CertifySubject, DecryptSubject, Subject};

use super::super::Desk;
use super::super::error::DeskError;
use super::super::input;
use super::super::limits::{KEY_FILE_BYTES_MAX, TEXT_BYTES_MAX};
use super::super::task::{FileTask, Task};
use super::file::{file_name, located};
use super::{AskOptions, Content, Draft, Made};
use crate::courier::quantity::Bytes;

impl Desk<'_> {
    /// Asks to certify user ids of somebody's certificate.
    ///
    /// # Errors
    /// Any [`DeskError`] that says why the request cannot be made.
    pub fn certify(
        &mut self,
        path: &Path,
        user_ids: &[String],
        output: Option<&Path>,
        overwrite: bool,
        ask: &AskOptions,
    ) -> Result<Made, DeskError> {
        let key = self.openpgp_key(&ask.key)?;
        let (absolute, bytes) = read(path, KEY_FILE_BYTES_MAX)?;
        let keys = PublicKeys::from_certificate(&bytes).map_err(DeskError::Certificate)?;
        let fingerprint = keys.fingerprint().ok_or(DeskError::KeyWithoutName)?;
        let held = user_ids_of(&bytes)?;
        if let Some(user_id) = user_ids.iter().find(|user_id| !held.contains(*user_id)) {
            return Err(DeskError::NoUserId {
                user_id: user_id.clone(),
                held,
            });
        }
        let mut user_ids = user_ids.to_vec();
        user_ids.sort();
        user_ids.dedup();
        let output = match output {
            Some(output) => std::path::absolute(output)
                .map_err(DeskError::file("finding out where it is", output))?,
            None => certified(&absolute),
        };
        if !overwrite && output.symlink_metadata().is_ok() {
            return Err(DeskError::OutputExists { path: output });
        }
        let hex = data_encoding::HEXUPPER.encode(fingerprint.as_bytes());
        let mut about = format!("Certify the OpenPGP certificate {hex}\n");
        for user_id in &user_ids {
            about.push_str(&format!("User id: {}\n", Shown(user_id)));
        }
        about.push_str(&format!("Result: {}\n", Shown(&output.to_string_lossy())));
        let draft = Draft {
            key: &key,
            content: Some(Content::of(&bytes)),
            task: Task::Certify(FileTask {
                path: absolute,
                output,
                overwrite,
            }),
            about,
        };
        self.submit(ask, draft, |content| {
            let content = content.ok_or(DeskError::ChangedWhileRead)?;
            Ok(Subject::Certify(CertifySubject { user_ids, content }))
        })
    }

    /// Asks to open an OpenPGP message in the vault, where its owner reads it.
    ///
    /// # Errors
    /// Any [`DeskError`] that says why the request cannot be made.
    pub fn decrypt(&mut self, path: &Path, ask: &AskOptions) -> Result<Made, DeskError> {
        let key = self.openpgp_key(&ask.key)?;
        let (absolute, bytes) = read(path, TEXT_BYTES_MAX)?;
        if !may_be_encrypted(&bytes) {
            return Err(DeskError::NotEncrypted {
                path: path.to_owned(),
            });
        }
        let name = file_name(&absolute);
        let about = format!(
            "Open the OpenPGP message {} ({}) in the vault\n",
            Shown(&absolute.to_string_lossy()),
            Bytes(bytes.len() as u64)
        );
        let draft = Draft {
            key: &key,
            content: Some(Content::of(&bytes)),
            task: Task::Decrypt,
            about,
        };
        self.submit(ask, draft, |content| {
            let content = content.ok_or(DeskError::ChangedWhileRead)?;
            Ok(Subject::Decrypt(DecryptSubject { name, content }))
        })
    }

    fn openpgp_key(&self, name: &str) -> Result<super::DeskKey, DeskError> {
        let key = self.key(name)?;
        match key.reference.is_openpgp() {
            true => Ok(key),
            false => Err(DeskError::NotOpenPgp {
                key: name.to_owned(),
            }),
        }
    }
}

/// A file that crosses whole.
fn read(path: &Path, limit_bytes: u64) -> Result<(PathBuf, Vec<u8>), DeskError> {
    let failed = input::failed("reading it", path);
    let absolute = located(path)?;
    let size_bytes = input::open(&absolute).and_then(|file| file.metadata());
    let size_bytes = size_bytes.map_err(&failed)?.len();
    if size_bytes > limit_bytes {
        return Err(DeskError::TooLarge {
            path: path.to_owned(),
            size_bytes,
            limit_bytes,
        });
    }
    let bytes = input::read(&absolute, limit_bytes).map_err(&failed)?;
    Ok((absolute, bytes))
}

/// The user ids of a certificate whose packets were found whole.
fn user_ids_of(certificate: &[u8]) -> Result<Vec<String>, DeskError> {
    let packets = match is_armored(certificate) {
        true => dearmor(certificate).map_err(DeskError::Certificate)?.1,
        false => certificate.to_vec(),
    };
    let mut reader = Reader::new(&packets);
    let mut found = Vec::new();
    while reader.remaining() > 0 {
        let packet = next_packet(&mut reader);
        let (tag, body) = packet.map_err(|err| DeskError::Certificate(err.into()))?;
        if tag == TAG_USER_ID {
            found.push(String::from_utf8_lossy(body).into_owned());
        }
    }
    Ok(found)
}

/// Tag and body of a packet of definite length (RFC 9580, 4.2).
fn next_packet<'a>(reader: &mut Reader<'a>) -> Result<(u8, &'a [u8]), DecodeError> {
    let header = reader.u8(PACKET)?;
    let is_old = header & 0x40 == 0;
    let len = match (is_old, header & 0x03) {
        (true, 0) => u32::from(reader.u8(PACKET)?),
        (true, 1) => u32::from(reader.u16(PACKET)?),
        (true, _) => reader.u32(PACKET)?,
        (false, _) => match reader.u8(PACKET)? {
            len @ 0..=191 => u32::from(len),
            255 => reader.u32(PACKET)?,
            len => (u32::from(len) - 192) * 256 + u32::from(reader.u8(PACKET)?) + 192,
        },
    };
    let tag = match is_old {
        true => (header >> 2) & 0x0f,
        false => header & 0x3f,
    };
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    Ok((tag, reader.take(len, PACKET)?))
}

const PACKET: &str = "OpenPGP packet";
const TAG_USER_ID: u8 = 13;

/// Whether an OpenPGP message with something encrypted may begin here. What is inside is the
/// vault's to judge; this saves walks with the wrong file.
fn may_be_encrypted(bytes: &[u8]) -> bool {
    match bytes.first() {
        // A packet's header: of the old form, of the new form.
        Some(first @ 0xc0..) => ENCRYPTED_TAGS.contains(&(first & 0x3f)),
        Some(first @ 0x80..) => ENCRYPTED_TAGS.contains(&((first >> 2) & 0x0f)),
        _ => {
            let lines = bytes.split(|byte| *byte == b'\n');
            lines
                .into_iter()
                .any(|line| line.trim_ascii_end() == MESSAGE_LINE)
        }
    }
}

/// Session keys for keys and for passwords, encrypted data of three kinds, and the marker before
/// them.
const ENCRYPTED_TAGS: [u8; 6] = [1, 3, 9, 10, 18, 20];
const MESSAGE_LINE: &[u8] = b"-----BEGIN PGP MESSAGE-----";

/// `key.asc` becomes `key.certified.asc`.
fn certified(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_owned();
    let mut name = stem;
    name.push(".certified");
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_encrypted_message_is_told_by_how_it_begins() {
        let armored = b"\n-----BEGIN PGP MESSAGE-----\r\n\n";
        for bytes in [&[0xc1, 1][..], &[0x85, 1], &[0x8c, 1], &[0xd2, 1], armored] {
            assert!(may_be_encrypted(bytes), "{bytes:?}");
        }
        let signature = b"-----BEGIN PGP SIGNATURE-----\n";
        for bytes in [&b""[..], b"text", &[0xc2, 1], &[0x99, 1], signature] {
            assert!(!may_be_encrypted(bytes), "{bytes:?}");
        }
    }
}
