//! Downloads that are not complete: written, made durable now and then, and taken up again.

use std::fs::File;
use std::io::{self, Read as _, Write};

use pack_format::relay::ContentId;
use rusqlite::params;

use super::files::{FileName, Place, Written};
use super::listed::Wanted;
use super::{Change, Store, StoreError, to_sql};
use crate::courier::limits::COPY_BYTES;
use crate::limits::SYNC_STEP_BYTES;

/// A download that goes on.
pub(crate) struct Partial {
    number: i64,
    name: FileName,
    file: File,
    hasher: blake3::Hasher,
    len_bytes: u64,
    durable_bytes: u64,
    /// Bytes that an earlier run had fetched.
    resumed_bytes: u64,
}

/// A download that has every byte that was listed; not yet whether they are the right ones.
pub(crate) struct Whole {
    pub(super) written: Written,
}

impl Whole {
    /// BLAKE3 of the bytes.
    pub(crate) fn content_id(&self) -> ContentId {
        self.written.content_id
    }
}

impl Partial {
    /// How many bytes are here.
    pub(crate) fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    /// Whether some of the bytes came in an earlier run, and may have been lost or altered since.
    pub(crate) fn is_resumed(&self) -> bool {
        self.resumed_bytes > 0
    }

    /// The whole, made durable.
    pub(crate) fn into_whole(self, store: &mut Store) -> Result<Whole, StoreError> {
        let mut partial = self;
        store.keep_partial(&mut partial)?;
        Ok(Whole {
            written: Written {
                name: partial.name,
                content_id: ContentId(*partial.hasher.finalize().as_bytes()),
                size_bytes: partial.len_bytes,
            },
        })
    }

    /// Hashes what an earlier run has left, so that the whole can be checked at the end.
    fn hash_resumed(&mut self) -> io::Result<()> {
        let mut piece = vec![0; COPY_BYTES];
        let mut left_bytes = self.resumed_bytes;
        while left_bytes > 0 {
            let len = usize::try_from(left_bytes).map_or(COPY_BYTES, |left| left.min(COPY_BYTES));
            let piece = piece.get_mut(..len).unwrap_or_default();
            self.file.read_exact(piece)?;
            self.hasher.update(piece);
            left_bytes = left_bytes.saturating_sub(len as u64);
        }
        Ok(())
    }

    /// Appends bytes; from time to time they are made durable.
    pub(crate) fn append(&mut self, bytes: &[u8], store: &mut Store) -> Result<(), StoreError> {
        self.file
            .write_all(bytes)
            .map_err(StoreError::disk("writing a download"))?;
        self.hasher.update(bytes);
        self.len_bytes = self.len_bytes.saturating_add(bytes.len() as u64);
        if self.len_bytes.saturating_sub(self.durable_bytes) >= SYNC_STEP_BYTES {
            store.keep_partial(self)?;
        }
        Ok(())
    }
}

impl Store {
    /// Opens the partial download of a wanted bundle where it stopped, or begins one.
    pub(crate) fn open_partial(&mut self, wanted: &Wanted) -> Result<Partial, StoreError> {
        let (name, durable_bytes) = self.transact(|change| change.partial_of(wanted))?;
        let size_bytes = wanted.listed.size_bytes;
        self.files
            .check_room(size_bytes.saturating_sub(durable_bytes))?;
        let failed = StoreError::disk("opening a download");
        let file = self
            .files
            .open_partial(&name, durable_bytes)
            .map_err(failed)?;
        let mut partial = Partial {
            number: wanted.number,
            name,
            file,
            hasher: blake3::Hasher::new(),
            len_bytes: durable_bytes,
            durable_bytes,
            resumed_bytes: durable_bytes,
        };
        partial.hash_resumed().map_err(failed)?;
        Ok(partial)
    }

    /// Makes what a download has durable, so that the next run goes on there.
    pub(crate) fn keep_partial(&mut self, partial: &mut Partial) -> Result<(), StoreError> {
        if partial.durable_bytes == partial.len_bytes {
            return Ok(());
        }
        partial
            .file
            .sync_all()
            .map_err(StoreError::disk("making a download durable"))?;
        let (number, len_bytes) = (partial.number, partial.len_bytes);
        self.transact(|change| change.set_durable(number, len_bytes))?;
        partial.durable_bytes = len_bytes;
        Ok(())
    }

    /// Makes a download whose bytes are those of `wanted` a bundle that is due to the vault.
    ///
    /// The caller has compared the content ids.
    pub(crate) fn keep_whole(&mut self, wanted: &Wanted, whole: &Whole) -> Result<(), StoreError> {
        self.files.promote(&whole.written.name)?;
        self.transact(|change| {
            if !change.put_bundle(&whole.written)? {
                change.pending.doomed.push(whole.written.name.clone());
            }
            change.mark_here(wanted)
        })?;
        self.checked.insert(whole.content_id());
        Ok(())
    }
}

impl Change<'_> {
    /// The file of a download and how much of it is durable; named before it exists.
    fn partial_of(&mut self, wanted: &Wanted) -> Result<(FileName, u64), StoreError> {
        let failed = StoreError::index("going on with a download");
        let select = "SELECT file, durable_bytes FROM listed WHERE number = ?1";
        let (file, durable_bytes) = self
            .index
            .query_row(select, [wanted.number], |row| {
                Ok((
                    row.get::<_, Option<String>>("file")?,
                    row.get::<_, i64>("durable_bytes")?,
                ))
            })
            .map_err(failed)?;
        if let Some(file) = file {
            // A relay that now lists less than it gave before gets a fresh beginning.
            let durable_bytes = u64::try_from(durable_bytes)
                .ok()
                .filter(|durable| *durable <= wanted.listed.size_bytes);
            return Ok((FileName::from_index(&file)?, durable_bytes.unwrap_or(0)));
        }
        let name = FileName::random()?;
        let update = "UPDATE listed SET file = ?2, durable_bytes = 0 WHERE number = ?1";
        self.index
            .execute(update, params![wanted.number, name.as_str()])
            .map_err(failed)?;
        Ok((name, 0))
    }

    fn set_durable(&mut self, number: i64, durable_bytes: u64) -> Result<(), StoreError> {
        let update = "UPDATE listed SET durable_bytes = ?2 WHERE number = ?1";
        self.index
            .execute(update, params![number, to_sql(durable_bytes)])
            .map(drop)
            .map_err(StoreError::index("noting how far a download is"))
    }

    /// Throws a partial download away; the bundle stays wanted.
    pub(crate) fn throw_partial_away(&mut self, wanted: &Wanted) -> Result<(), StoreError> {
        let failed = StoreError::index("throwing a download away");
        let select = "SELECT file FROM listed WHERE number = ?1";
        let file = self
            .index
            .query_row(select, [wanted.number], |row| {
                row.get::<_, Option<String>>("file")
            })
            .map_err(failed)?;
        let update = "UPDATE listed SET file = NULL, durable_bytes = 0 WHERE number = ?1";
        self.index
            .execute(update, [wanted.number])
            .map_err(failed)?;
        file.map_or(Ok(()), |file| self.drop_partial_file(&file))
    }

    /// Removes the file of a partial download. Before the commit: a row whose file is gone begins
    /// anew, so that nothing is lost either way.
    pub(super) fn drop_partial_file(&mut self, file: &str) -> Result<(), StoreError> {
        self.files
            .remove(Place::Incoming, &FileName::from_index(file)?)
    }
}
