//! The content of a request, opened: read in pieces, every byte authenticated.

use std::io::Read as _;

use blake2::{Blake2b512, Digest as _};
use pack_format::chunked::{ChunkedError, MessageStream, OpenedMessage};
use sha2::{Sha256, Sha512};
use signing_format::content::SealedContent;
use signing_format::digest_state::{Sha512State, Sha512Stream};
use zeroize::Zeroizing;

use super::review::ReviewError;
use crate::paths::VaultPaths;
use crate::work::BundleFile;

/// A content whose hash is the one that the request names.
pub(crate) struct Content {
    message: OpenedMessage<BundleFile>,
    digests: Digests,
}

/// Every hash of a content that is shown or signed, made in the one pass that checks it: what was
/// shown of a file and what is signed are the same hash, whatever the disk gives later.
pub(crate) struct Digests {
    pub(crate) sha256: [u8; 32],
    pub(crate) sha512: Sha512State,
    pub(crate) blake2b: [u8; 64],
}

impl Digests {
    /// Whether these bytes are the content.
    pub(crate) fn is_of(&self, bytes: &[u8]) -> bool {
        let found: [u8; 64] = Sha512::digest(bytes).into();
        found == self.sha512.digest()
    }
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
        let (mut blake3, mut sha512) = (blake3::Hasher::new(), Sha512Stream::new());
        let (mut sha256, mut blake2b) = (Sha256::new(), Blake2b512::new());
        each_piece(&message, |piece| {
            blake3.update(piece);
            sha256.update(piece);
            sha512.update(piece);
            blake2b.update(piece);
        })?;
        if *blake3.finalize().as_bytes() != sealed.plain_hash {
            return Err(ReviewError::ContentDiffers);
        }
        let digests = Digests {
            sha256: sha256.finalize().into(),
            sha512: sha512.into_state(),
            blake2b: blake2b.finalize().into(),
        };
        Ok(Self { message, digests })
    }

    /// The hashes of all of it.
    pub(crate) fn digests(&self) -> &Digests {
        &self.digests
    }

    /// Bytes of content.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.message.plain_bytes()
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

    /// All of it, in memory, and the very bytes that were hashed.
    ///
    /// # Errors
    /// [`ReviewError::ContentTooLarge`] beyond `limit`; [`ReviewError::Content`];
    /// [`ReviewError::ContentDiffers`].
    pub(crate) fn read_bounded(&self, limit: u64) -> Result<Zeroizing<Vec<u8>>, ReviewError> {
        let found_bytes = self.size_bytes();
        if found_bytes > limit {
            return Err(ReviewError::ContentTooLarge { found_bytes, limit });
        }
        let bytes = self.read_begin(usize::MAX)?;
        if !self.digests.is_of(&bytes) {
            return Err(ReviewError::ContentDiffers);
        }
        Ok(bytes)
    }
}

/// Hands out all of a message, in order.
fn each_piece(
    message: &OpenedMessage<BundleFile>,
    mut take: impl FnMut(&[u8]),
) -> Result<(), ReviewError> {
    let mut stream = MessageStream::new(message, 0);
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

/// How much is hashed at a time.
const PIECE_BYTES: usize = 256 * 1024;
