//! The outer layer of a backup: a salt, and one sealed message under the passphrase.
//!
//! `file = salt[32] || chunked(key, content)`: nothing in it can be told from noise without the
//! passphrase. Spec: spec/backup.md, "File".

use std::io::{self, Write};

use pack_format::chunked::{
    CHUNK_BYTES, ChunkedError, Cobblestone, OpenedMessage, PREFIX_BYTES, ReadAt, SALT_BYTES,
    SEALED_CHUNK_BYTES,
};
use pack_format::padding::padme;
use pack_format::secret::Secret32;
use zeroize::{Zeroize as _, Zeroizing};

use super::BackupError;
use crate::passphrase::Passphrase;
use crate::vault_key::{KdfCost, SALT_BYTES as KDF_SALT_BYTES, VaultKeyError};

/// The two salts of one backup, fresh from a generator.
pub(super) struct Salts {
    pub(super) passphrase: [u8; KDF_SALT_BYTES],
    pub(super) message: [u8; SALT_BYTES],
}

/// `key = HKDF-Expand(Argon2id(passphrase, salt), "causeway/backup/v1")`.
pub(super) fn key_of(
    passphrase: &Passphrase,
    salt: &[u8; KDF_SALT_BYTES],
    cost: KdfCost,
) -> Result<Secret32, VaultKeyError> {
    let stretched = cost.hash(passphrase.expose(), salt, None)?;
    Ok(stretched.derive("causeway/backup/v1", b""))
}

/// Seals what is written to it, in constant memory.
pub(super) struct SealingWriter<W> {
    sink: W,
    cipher: Cobblestone,
    pending: Zeroizing<Vec<u8>>,
    sealed: Vec<u8>,
    next_chunk: u64,
    plain_bytes: u64,
}

impl<W: Write> SealingWriter<W> {
    /// Begins a backup.
    pub(super) fn new(mut sink: W, key: &Secret32, salts: &Salts) -> io::Result<Self> {
        let cipher = Cobblestone::new(key, &salts.message, CONTEXT);
        sink.write_all(&salts.passphrase)?;
        sink.write_all(cipher.prefix())?;
        Ok(Self {
            sink,
            cipher,
            pending: Zeroizing::new(Vec::with_capacity(RUN_BYTES)),
            sealed: Vec::with_capacity(RUN_CHUNKS * SEALED_CHUNK_BYTES),
            next_chunk: 0,
            plain_bytes: 0,
        })
    }

    /// Pads, ends the message and returns the sink. Nothing is durable yet.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let zeros = vec![0; CHUNK_BYTES];
        let mut left = padded_bytes(self.plain_bytes) - self.plain_bytes;
        while left > 0 {
            let len = usize::try_from(left).unwrap_or(usize::MAX);
            let piece = zeros.get(..len).unwrap_or(&zeros);
            self.write_all(piece)?;
            left -= piece.len() as u64;
        }
        self.seal_pending(true)?;
        self.sink.flush()?;
        Ok(self.sink)
    }

    fn seal_pending(&mut self, ends_message: bool) -> io::Result<()> {
        self.sealed.clear();
        self.cipher.seal_run(
            self.next_chunk,
            &self.pending,
            ends_message,
            &mut self.sealed,
        );
        self.next_chunk += RUN_CHUNKS as u64;
        // `clear` alone would leave the bytes; what is written next may be shorter.
        self.pending.zeroize();
        self.sink.write_all(&self.sealed)
    }
}

impl<W: Write> Write for SealingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = RUN_BYTES - self.pending.len();
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.pending.extend_from_slice(taken);
        self.plain_bytes += taken.len() as u64;
        if self.pending.len() == RUN_BYTES {
            self.seal_pending(false)?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes of content once padded: Padmé, and at least [`CONTENT_BYTES_MIN`].
pub(super) fn padded_bytes(content_bytes: u64) -> u64 {
    padme(content_bytes).max(CONTENT_BYTES_MIN)
}

/// The salt that the key is made with, from the front of a backup.
pub(super) fn read_salt(source: &impl ReadAt) -> Result<[u8; KDF_SALT_BYTES], BackupError> {
    let mut salt = [0; KDF_SALT_BYTES];
    read_front(source, &mut salt, 0)?;
    Ok(salt)
}

/// Checks key and length. Every read from what is returned is authenticated.
pub(super) fn open<R: ReadAt>(source: R, key: &Secret32) -> Result<OpenedMessage<R>, BackupError> {
    let mut prefix = [0; PREFIX_BYTES];
    read_front(&source, &mut prefix, START)?;
    let cipher =
        Cobblestone::for_opening(key, &prefix, CONTEXT).map_err(|_| BackupError::Locked)?;
    Ok(OpenedMessage::new(source, START, cipher)?)
}

/// A file too short to be a backup is none, whatever the passphrase is.
fn read_front(source: &impl ReadAt, buf: &mut [u8], offset: u64) -> Result<(), BackupError> {
    if source.size_bytes() < START + PREFIX_BYTES as u64 {
        return Err(BackupError::Locked);
    }
    source
        .read_exact_at(buf, offset)
        .map_err(|err| ChunkedError::Read(err).into())
}

const CONTEXT: &[u8] = b"causeway/backup/v1";
/// Where the sealed message begins.
const START: u64 = KDF_SALT_BYTES as u64;
/// Chunks sealed at once: 1 MiB.
const RUN_CHUNKS: usize = 64;
const RUN_BYTES: usize = RUN_CHUNKS * CHUNK_BYTES;
/// Backups of small vaults are all of one size.
const CONTENT_BYTES_MIN: u64 = 16 * 1024;
