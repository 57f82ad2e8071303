//! Writes one part, going on where an interrupted run stopped.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
};

use rustix::io::Errno;

use super::{OpenMode, OsFs, PartName, Root, StickError, StickFs, WrittenPart, scan};
use crate::{
    limits::{RESUME_CHUNK_BYTES, WRITE_BYTES},
    words,
};

/// A part that is being written under a temporary name.
///
/// Dropped before [`PartWriter::finish`], it leaves what it wrote, for the next run to go on with.
#[derive(Debug)]
#[must_use = "a part exists only after `finish`"]
pub struct PartWriter<F: StickFs = OsFs> {
    root: Arc<Root<F>>,
    file: OwnedFd,
    name: PartName,
    size_bytes: u64,
    /// Bytes given by the caller and not yet compared or written.
    pending: Vec<u8>,
    /// How many of the caller's bytes are in the file for certain.
    settled_bytes: u64,
    /// How many bytes the file has from an earlier run and may still be reused; 0 once one differed.
    leftover_bytes: u64,
    reused_bytes: u64,
    hasher: blake3::Hasher,
}

impl<F: StickFs> PartWriter<F> {
    /// Opens or creates the temporary file. The caller has checked name, size and free space.
    pub(super) fn open(
        root: Arc<Root<F>>,
        name: PartName,
        size_bytes: u64,
    ) -> Result<PartWriter<F>, StickError> {
        let file = root
            .fs
            .open(root.dir(), &name.leftover_file(), OpenMode::Write)
            .map_err(StickError::writing("beginning a part"))?;
        let facts = root
            .fs
            .facts(file.as_fd())
            .map_err(StickError::reading("beginning a part"))?;
        // A file with a second name is someone else's too; writing here would change it there.
        if !facts.is_file || facts.has_other_names {
            return Err(StickError::NotOurs { name });
        }
        Ok(PartWriter {
            root,
            file,
            name,
            size_bytes,
            pending: Vec::with_capacity(WRITE_BYTES),
            settled_bytes: 0,
            leftover_bytes: facts.size_bytes,
            reused_bytes: 0,
            hasher: blake3::Hasher::new(),
        })
    }

    /// Takes the next bytes of the part.
    ///
    /// # Errors
    /// [`StickError::WrongLength`] beyond the announced size; [`StickError::Full`],
    /// [`StickError::ReadOnly`], [`StickError::Gone`] and [`StickError::Io`]. After an error the
    /// writer is of no more use; a later run goes on from what reached the stick.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), StickError> {
        let given_bytes = self.given_bytes().saturating_add(bytes.len() as u64);
        if given_bytes > self.size_bytes {
            return Err(self.wrong_length(given_bytes));
        }
        self.hasher.update(bytes);
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = self.batch_bytes().saturating_sub(self.pending.len());
            let (now, later) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            self.pending.extend_from_slice(now);
            rest = later;
            if self.pending.len() >= self.batch_bytes() {
                self.flush()?;
            }
        }
        if given_bytes == self.size_bytes {
            self.flush()?;
        }
        Ok(())
    }

    /// How many bytes of an earlier run were found to be right and not written again.
    ///
    /// Bytes are compared in chunks of 64 KiB; once all bytes were given, the number is final.
    pub fn bytes_reused(&self) -> u64 {
        self.reused_bytes
    }

    /// Puts the part under its final name, once all of it is on the device.
    ///
    /// # Errors
    /// [`StickError::WrongLength`] where fewer bytes came than announced;
    /// [`StickError::AlreadyThere`] where another run was faster; [`StickError::Full`],
    /// [`StickError::ReadOnly`], [`StickError::Gone`] and [`StickError::Io`]. The temporary file
    /// stays in each case.
    pub fn finish(mut self) -> Result<WrittenPart, StickError> {
        let given_bytes = self.given_bytes();
        if given_bytes != self.size_bytes {
            return Err(self.wrong_length(given_bytes));
        }
        if self.leftover_bytes > self.size_bytes {
            self.cut(self.size_bytes)?;
        }
        self.root
            .fs
            .sync_file(self.file.as_fd())
            .map_err(|err| self.write_error("saving a part", err))?;
        self.rename()?;
        scan::sync_dir(&self.root)?;
        let (name, size_bytes) = (self.name, self.size_bytes);
        Ok(WrittenPart {
            name,
            size_bytes,
            digest: self.hasher.finalize(),
        })
    }

    fn given_bytes(&self) -> u64 {
        self.settled_bytes.saturating_add(self.pending.len() as u64)
    }

    /// How many bytes are worth a flush: a chunk while comparing, a large write afterwards.
    fn batch_bytes(&self) -> usize {
        if self.leftover_bytes > self.settled_bytes {
            RESUME_CHUNK_BYTES
        } else {
            WRITE_BYTES
        }
    }

    /// Compares the pending bytes with what is in the file, and writes from the first chunk that
    /// is not there.
    fn flush(&mut self) -> Result<(), StickError> {
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while self.leftover_bytes > self.settled_bytes && !rest.is_empty() {
            let chunk_bytes = rest.len().min(RESUME_CHUNK_BYTES);
            let (chunk, later) = rest.split_at_checked(chunk_bytes).unwrap_or((rest, &[]));
            if !self.has_chunk(chunk)? {
                break;
            }
            self.settled_bytes = self.settled_bytes.saturating_add(chunk.len() as u64);
            self.reused_bytes = self.settled_bytes;
            rest = later;
        }
        if !rest.is_empty() && self.leftover_bytes > 0 {
            self.cut(self.settled_bytes)?;
        }
        self.write_out(rest)?;
        self.pending = pending;
        self.pending.clear();
        Ok(())
    }

    /// Whether the file holds `chunk` where the next byte belongs.
    fn has_chunk(&self, chunk: &[u8]) -> Result<bool, StickError> {
        let end = self.settled_bytes.saturating_add(chunk.len() as u64);
        if end > self.leftover_bytes {
            return Ok(false);
        }
        let mut found = vec![0_u8; chunk.len()];
        let mut filled = 0_usize;
        while let Some(space) = found.get_mut(filled..).filter(|space| !space.is_empty()) {
            let offset = self.settled_bytes.saturating_add(filled as u64);
            let count = self
                .root
                .fs
                .read_at(self.file.as_fd(), space, offset)
                .map_err(StickError::reading("reading what an earlier run wrote"))?;
            if count == 0 {
                return Ok(false);
            }
            filled = filled.saturating_add(count);
        }
        Ok(found == chunk)
    }

    fn write_out(&mut self, bytes: &[u8]) -> Result<(), StickError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = match self
                .root
                .fs
                .write_at(self.file.as_fd(), rest, self.settled_bytes)
            {
                Ok(0) => Err(io::Error::from(io::ErrorKind::WriteZero)),
                result => result,
            }
            .map_err(|err| self.write_error("writing a part", err))?;
            self.settled_bytes = self.settled_bytes.saturating_add(count as u64);
            rest = rest.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Cuts off what an earlier run wrote beyond `size_bytes`.
    fn cut(&mut self, size_bytes: u64) -> Result<(), StickError> {
        self.root
            .fs
            .set_size(self.file.as_fd(), size_bytes)
            .map_err(|err| self.write_error("cutting off damaged bytes", err))?;
        self.leftover_bytes = 0;
        Ok(())
    }

    fn rename(&self) -> Result<(), StickError> {
        let (from, to) = (self.name.leftover_file(), self.name.part_file());
        match self.root.fs.rename_new(self.root.dir(), &from, &to) {
            Err(err) if needs_two_steps(&err) => {}
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {
                return Err(StickError::AlreadyThere {
                    name: self.name.clone(),
                });
            }
            result => return result.map_err(StickError::writing("naming a finished part")),
        }
        // Between these two calls another program could take the name; on such file systems
        // there is nothing better, and only our own alphabet is at stake.
        match self.root.fs.entry_facts(self.root.dir(), &to) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {}
            Err(err) => return Err(StickError::reading("naming a finished part")(err)),
            Ok(_) => {
                return Err(StickError::AlreadyThere {
                    name: self.name.clone(),
                });
            }
        }
        self.root
            .fs
            .rename_over(self.root.dir(), &from, &to)
            .map_err(StickError::writing("naming a finished part"))
    }

    fn write_error(&self, doing: &'static str, err: io::Error) -> StickError {
        if !words::is_full(&err) {
            return StickError::writing(doing)(err);
        }
        // A stick that is full and does not answer either counts as having nothing free.
        let space = self.root.fs.space(self.root.dir());
        StickError::Full {
            needed_bytes: self.size_bytes.saturating_sub(self.settled_bytes).max(1),
            free_bytes: space.map_or(0, |space| space.free_bytes),
        }
    }

    fn wrong_length(&self, given_bytes: u64) -> StickError {
        let (name, announced_bytes) = (self.name.clone(), self.size_bytes);
        StickError::WrongLength {
            announced_bytes,
            given_bytes,
            name,
        }
    }
}

/// Whether the file system has no rename that refuses to replace.
fn needs_two_steps(err: &io::Error) -> bool {
    let unable = [Errno::INVAL, Errno::NOSYS, Errno::PERM, Errno::OPNOTSUPP];
    Errno::from_io_error(err).is_some_and(|errno| unable.contains(&errno))
}
