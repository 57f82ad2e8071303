//! Seals content while it is read, so that no second copy of it is ever made.

use std::io::{self, Read};

use pack_format::chunked::{SALT_BYTES, sealed_bytes};
use pack_format::secret::Secret32;
use signing_format::content::{ContentSealer, SealedContent};
use zeroize::{Zeroize as _, Zeroizing};

use super::super::limits::COPY_BYTES;
use crate::courier::store::StoreError;

/// Gives the sealed form of what `plain` gives.
pub(crate) struct SealingReader<R> {
    plain: R,
    sealer: Option<ContentSealer>,
    ready: Vec<u8>,
    taken: usize,
    content: Option<SealedContent>,
    piece: Zeroizing<Vec<u8>>,
}

impl<R: Read> SealingReader<R> {
    /// Seals with a fresh key.
    ///
    /// # Errors
    /// [`StoreError::Randomness`].
    pub(crate) fn new(plain: R) -> Result<Self, StoreError> {
        let mut salt = [0; SALT_BYTES];
        fill(&mut salt)?;
        Ok(Self {
            plain,
            sealer: Some(ContentSealer::new(fresh_secret()?, &salt)),
            ready: Vec::new(),
            taken: 0,
            content: None,
            piece: Zeroizing::new(vec![0; COPY_BYTES]),
        })
    }

    /// How many bytes the sealed form of `plain_bytes` has.
    pub(crate) fn sealed_bytes(plain_bytes: u64) -> u64 {
        sealed_bytes(plain_bytes)
    }

    /// What the request says of the content, once all of it was read; `None` where there was more
    /// than has been read.
    pub(crate) fn into_content(mut self) -> Option<SealedContent> {
        let mut one = [0; 1];
        match self.read(&mut one) {
            Ok(0) => self.content,
            _ => None,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        let Some(mut sealer) = self.sealer.take() else {
            return Ok(());
        };
        let read = self.plain.read(&mut self.piece)?;
        self.taken = 0;
        match self.piece.get(..read) {
            None | Some([]) => {
                let (last, content) = sealer.finish();
                self.ready = last;
                self.content = Some(content);
            }
            Some(piece) => {
                self.ready = sealer.push(piece).map_err(io::Error::other)?;
                self.sealer = Some(sealer);
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for SealingReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.taken >= self.ready.len() && self.sealer.is_some() {
            self.refill()?;
        }
        let rest = self.ready.get(self.taken..).unwrap_or_default();
        let len = rest.len().min(buf.len());
        let (to, from) = (buf.get_mut(..len), rest.get(..len));
        if let (Some(to), Some(from)) = (to, from) {
            to.copy_from_slice(from);
        }
        self.taken = self.taken.saturating_add(len);
        Ok(len)
    }
}

/// A secret that was never used.
pub(crate) fn fresh_secret() -> Result<Secret32, StoreError> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    let secret = Secret32::new(bytes);
    bytes.zeroize();
    Ok(secret)
}

/// Random bytes.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), StoreError> {
    getrandom::fill(bytes).map_err(|source| StoreError::Randomness { source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_while_it_was_read_opens_again() {
        for size in [0, 1, 16 * 1024, 300_000] {
            let plain = vec![7; size];
            let mut reader = SealingReader::new(plain.as_slice()).unwrap();
            let len = SealingReader::<&[u8]>::sealed_bytes(size as u64);
            let mut sealed = vec![0; usize::try_from(len).unwrap()];
            reader.read_exact(&mut sealed).unwrap();
            let content = reader.into_content().unwrap();
            let opened = content.open(sealed.as_slice()).unwrap();
            assert_eq!(*opened.read(0, size).unwrap(), plain);
        }
    }

    #[test]
    fn a_file_that_grows_while_it_is_read_is_noticed() {
        let plain = vec![7; 100_000];
        let mut reader = SealingReader::new(plain.as_slice()).unwrap();
        let mut sealed = vec![0; 50_000];
        reader.read_exact(&mut sealed).unwrap();
        assert!(reader.into_content().is_none());
    }
}
