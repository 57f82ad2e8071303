//! What a request is about, sealed apart from it: a file, git objects, a certificate, a message.
//!
//! The desk seals it with a key that only the request holds, so that it can cross and lie on the
//! offline machine's disk as it is. Spec: spec/signing.md, "Content".

use pack_format::chunked::{
    CHUNK_BYTES, ChunkedError, Cobblestone, OpenedMessage, PREFIX_BYTES, ReadAt, SALT_BYTES,
    SEALED_CHUNK_BYTES, sealed_bytes,
};
use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use pack_format::relay::ContentId;
use pack_format::secret::Secret32;

use crate::limits::CONTENT_BYTES_MAX;

/// Where a request's content is and how it is opened.
#[derive(Debug)]
pub struct SealedContent {
    /// BLAKE3 of the sealed bytes: the name under which they cross.
    pub content_id: ContentId,
    /// The key they are sealed with; used for this content and nothing else.
    pub key: Secret32,
    /// Bytes before sealing, at most [`CONTENT_BYTES_MAX`].
    pub plain_bytes: u64,
    /// BLAKE3 of the bytes before sealing.
    pub plain_hash: [u8; 32],
}

impl SealedContent {
    /// Bytes of the sealed form.
    #[must_use]
    pub fn sealed_bytes(&self) -> u64 {
        sealed_bytes(self.plain_bytes)
    }

    /// Opens the content. Each read of the message gives authenticated bytes or an error.
    ///
    /// That all of it together has the hash [`SealedContent::plain_hash`] is for the reader to
    /// check, who has to read it anyway.
    ///
    /// # Errors
    /// [`ChunkedError`] when it was not sealed with this key, or was cut or extended.
    pub fn open<R: ReadAt>(&self, sealed: R) -> Result<OpenedMessage<R>, ChunkedError> {
        let found_bytes = sealed.size_bytes();
        if found_bytes != self.sealed_bytes() {
            return Err(ChunkedError::Length { found_bytes });
        }
        let mut prefix = [0; PREFIX_BYTES];
        sealed
            .read_exact_at(&mut prefix, 0)
            .map_err(ChunkedError::Read)?;
        let cipher = Cobblestone::for_opening(&self.key, &prefix, CONTEXT)?;
        OpenedMessage::new(sealed, 0, cipher)
    }
}

impl Wire for SealedContent {
    const WHAT: &'static str = "sealed content";

    fn write(&self, writer: &mut Writer) {
        writer
            .put(&self.content_id.0)
            .put(self.key.expose())
            .u64(self.plain_bytes)
            .put(&self.plain_hash);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let content = Self {
            content_id: ContentId(reader.take_array("content id")?),
            key: Secret32::new(reader.take_array("content key")?),
            plain_bytes: reader.u64("content size")?,
            plain_hash: reader.take_array("content hash")?,
        };
        if content.plain_bytes > CONTENT_BYTES_MAX {
            return Err(DecodeError::OverLimit {
                what: "content size",
                found: content.plain_bytes,
                limit: CONTENT_BYTES_MAX,
            });
        }
        Ok(content)
    }
}

/// Seals content as it is read, run by run.
///
/// Feed all of it to [`ContentSealer::push`], in order, and write what comes out; then
/// [`ContentSealer::finish`] gives the last bytes and the description for the request.
pub struct ContentSealer {
    cipher: Cobblestone,
    key: Secret32,
    pending: zeroize::Zeroizing<Vec<u8>>,
    next_chunk: u64,
    plain_bytes: u64,
    plain: blake3::Hasher,
    sealed: blake3::Hasher,
    started: bool,
}

impl ContentSealer {
    /// Begins with a fresh random key and salt.
    #[must_use]
    pub fn new(key: Secret32, salt: &[u8; SALT_BYTES]) -> Self {
        Self {
            cipher: Cobblestone::new(&key, salt, CONTEXT),
            key,
            pending: zeroize::Zeroizing::default(),
            next_chunk: 0,
            plain_bytes: 0,
            plain: blake3::Hasher::new(),
            sealed: blake3::Hasher::new(),
            started: false,
        }
    }

    /// Takes more content, and gives the sealed bytes that are ready.
    ///
    /// # Errors
    /// [`DecodeError::OverLimit`] beyond [`CONTENT_BYTES_MAX`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
        self.plain_bytes = self.plain_bytes.saturating_add(bytes.len() as u64);
        if self.plain_bytes > CONTENT_BYTES_MAX {
            return Err(DecodeError::OverLimit {
                what: "content size",
                found: self.plain_bytes,
                limit: CONTENT_BYTES_MAX,
            });
        }
        self.plain.update(bytes);
        self.pending.extend_from_slice(bytes);
        let whole = self.pending.len() / CHUNK_BYTES * CHUNK_BYTES;
        let rest = zeroize::Zeroizing::new(self.pending.split_off(whole));
        let ready = std::mem::replace(&mut self.pending, rest);
        Ok(self.seal(&ready, false))
    }

    /// The last sealed bytes, and what the request says of the content.
    #[must_use]
    pub fn finish(mut self) -> (Vec<u8>, SealedContent) {
        let rest = std::mem::take(&mut self.pending);
        let last = self.seal(&rest, true);
        let content = SealedContent {
            content_id: ContentId(*self.sealed.finalize().as_bytes()),
            key: self.key,
            plain_bytes: self.plain_bytes,
            plain_hash: *self.plain.finalize().as_bytes(),
        };
        (last, content)
    }

    fn seal(&mut self, plain: &[u8], ends: bool) -> Vec<u8> {
        let chunks = plain.len() / CHUNK_BYTES;
        let mut out = Vec::with_capacity(PREFIX_BYTES + (chunks + 1) * SEALED_CHUNK_BYTES);
        if !std::mem::replace(&mut self.started, true) {
            out.extend_from_slice(self.cipher.prefix());
        }
        if !plain.is_empty() || ends {
            self.cipher.seal_run(self.next_chunk, plain, ends, &mut out);
        }
        self.next_chunk += chunks as u64;
        self.sealed.update(&out);
        out
    }
}

/// The context of the chunked form.
const CONTEXT: &[u8] = b"causeway/request-content/v1";

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(plain: &[u8], step: usize) -> (Vec<u8>, SealedContent) {
        let mut sealer = ContentSealer::new(Secret32::new([7; 32]), &[8; SALT_BYTES]);
        let mut out = Vec::new();
        for piece in plain.chunks(step) {
            out.extend(sealer.push(piece).unwrap());
        }
        let (last, content) = sealer.finish();
        out.extend(last);
        (out, content)
    }

    #[test]
    fn content_comes_back_whatever_pieces_it_was_read_in() {
        for size in [
            0,
            1,
            CHUNK_BYTES - 1,
            CHUNK_BYTES,
            CHUNK_BYTES + 1,
            3 * CHUNK_BYTES,
        ] {
            let plain = vec![0x5a; size];
            let (whole, content) = sealed(&plain, 1 << 20);
            let (pieces, _) = sealed(&plain, 777);
            assert_eq!(whole, pieces);
            assert_eq!(whole.len() as u64, content.sealed_bytes());
            assert_eq!(content.content_id, ContentId::of(&whole));
            let opened = content.open(whole.as_slice()).unwrap();
            assert_eq!(*opened.read(0, size).unwrap(), plain);
        }
    }

    #[test]
    fn content_that_was_cut_or_altered_does_not_open() {
        let (mut bytes, content) = sealed(&[1; 100], 10);
        assert!(content.open(&bytes[..bytes.len() - 1]).is_err());
        let at = bytes.len() - 1;
        bytes[at] ^= 1;
        assert!(content.open(bytes.as_slice()).is_err());
    }
}
