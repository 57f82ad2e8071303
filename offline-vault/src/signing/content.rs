//! The content of a request, opened: read in pieces, every byte authenticated.

use std::io::Read as _;

use pack_format::chunked::{ChunkedError, MessageStream, OpenedMessage};
use signing_format::content::SealedContent;
use zeroize::Zeroizing;

use super::review::ReviewError;
use crate::paths::VaultPaths;
use crate::work::BundleFile;

/// A content whose hash is the one that the request names.
pub(crate) struct Content {
    message: OpenedMessage<BundleFile>,
}

impl Content {
    /// Opens the content in the vault's file and checks its hash: all of it is read once.
    ///
    /// # Errors
    /// [`ReviewError::ContentMissing`], [`ReviewError::Content`], [`ReviewError::ContentDiffers`].
    pub(crate) fn open(
        paths: &VaultPaths,
        file: &str,
        sealed: &SealedContent,
    ) -> Result<Self, ReviewError> {
        let file = BundleFile::open(&paths.bundles().join(file))
            .map_err(|_| ReviewError::ContentMissing)?;
        let message = sealed.open(file).map_err(ReviewError::Content)?;
        let content = Self { message };
        let mut hasher = blake3::Hasher::new();
        content.each_piece(|piece| {
            hasher.update(piece);
        })?;
        if *hasher.finalize().as_bytes() != sealed.plain_hash {
            return Err(ReviewError::ContentDiffers);
        }
        Ok(content)
    }

    /// Bytes of content.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.message.plain_bytes()
    }

    /// Hands out all of it, in order.
    ///
    /// # Errors
    /// [`ReviewError::Content`].
    pub(crate) fn each_piece(&self, mut take: impl FnMut(&[u8])) -> Result<(), ReviewError> {
        let mut stream = self.reader();
        let mut piece = Zeroizing::new(vec![0; PIECE_BYTES]);
        loop {
            let count = stream
                .read(&mut piece)
                .map_err(|err| ReviewError::Content(ChunkedError::Read(err)))?;
            match piece.get(..count) {
                Some(bytes) if !bytes.is_empty() => take(bytes),
                _ => return Ok(()),
            }
        }
    }

    /// Reads it from front to back.
    pub(crate) fn reader(&self) -> MessageStream<'_, BundleFile> {
        MessageStream::new(&self.message, 0)
    }

    /// At most the first `limit` bytes.
    ///
    /// # Errors
    /// [`ReviewError::Content`].
    pub(crate) fn read_begin(&self, limit: usize) -> Result<Zeroizing<Vec<u8>>, ReviewError> {
        let len = usize::try_from(self.size_bytes()).map_or(limit, |size| size.min(limit));
        self.message.read(0, len).map_err(ReviewError::Content)
    }

    /// Bytes at a position, for formats whose index is at their end.
    ///
    /// # Errors
    /// [`ReviewError::Content`].
    pub(crate) fn read_at(
        &self,
        offset: u64,
        len: usize,
    ) -> Result<Zeroizing<Vec<u8>>, ReviewError> {
        self.message.read(offset, len).map_err(ReviewError::Content)
    }

    /// All of it, in memory.
    ///
    /// # Errors
    /// [`ReviewError::ContentTooLarge`] beyond `limit`; [`ReviewError::Content`].
    pub(crate) fn read_bounded(&self, limit: u64) -> Result<Zeroizing<Vec<u8>>, ReviewError> {
        let found_bytes = self.size_bytes();
        if found_bytes > limit {
            return Err(ReviewError::ContentTooLarge { found_bytes, limit });
        }
        self.read_begin(usize::MAX)
    }
}

/// How much is hashed at a time.
const PIECE_BYTES: usize = 256 * 1024;
