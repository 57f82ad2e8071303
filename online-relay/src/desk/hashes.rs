//! Every hash of a file that a request or a check asks for, from one reading.

use std::io::{self, Read};
use std::path::Path;

use blake2::{Blake2b512, Digest as _};
use signing_format::digest_state::{Sha512State, Sha512Stream};
use signing_format::subject::{FileSource, FileSubject};

use super::input;
use super::limits::COPY_BYTES;

/// The hashes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hashes {
    pub(crate) size_bytes: u64,
    pub(crate) blake3: [u8; 32],
    pub(crate) sha512: Sha512State,
    pub(crate) blake2b: [u8; 64],
}

impl Hashes {
    /// Reads a file to its end.
    pub(crate) fn of_file(path: &Path) -> io::Result<Self> {
        Self::of(input::open(path)?)
    }

    /// Reads to the end.
    pub(crate) fn of(mut source: impl Read) -> io::Result<Self> {
        let mut size_bytes = 0_u64;
        let mut blake3 = blake3::Hasher::new();
        let mut sha512 = Sha512Stream::new();
        let mut blake2b = Blake2b512::new();
        let mut piece = vec![0; COPY_BYTES];
        loop {
            let read = match source.read(&mut piece) {
                Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            let Some(read @ [_, ..]) = piece.get(..read) else {
                break;
            };
            size_bytes = size_bytes.saturating_add(read.len() as u64);
            blake3.update(read);
            sha512.update(read);
            blake2b.update(read);
        }
        Ok(Self {
            size_bytes,
            blake3: *blake3.finalize().as_bytes(),
            sha512: sha512.into_state(),
            blake2b: blake2b.finalize().into(),
        })
    }

    /// Whether this is the very file that was asked about.
    pub(crate) fn are_of(&self, asked: &FileSubject) -> bool {
        self.size_bytes == asked.size_bytes
            && match &asked.source {
                FileSource::Content(content) => content.plain_hash == self.blake3,
                FileSource::Sha512(state) => *state == self.sha512,
                FileSource::Blake2b(hash) => *hash == self.blake2b,
            }
    }
}
