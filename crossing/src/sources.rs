//! Gives the bundles of a pack to the sealing one at a time: a pack may hold more bundles than a
//! process may hold open files.

use std::{
    collections::HashMap,
    io,
    sync::{Mutex, PoisonError},
};

use pack_format::{
    chunked::ReadAt,
    pack::{BundleSource, PackPlan, PlannedItem},
    relay::ContentId,
};

/// A host's bundles, of which one is open at a time.
pub(crate) struct OneAtATime<'h> {
    host: &'h dyn BundleSource,
    sizes: HashMap<ContentId, u64>,
    open: Mutex<Option<(ContentId, Box<dyn ReadAt + 'h>)>>,
}

impl<'h> OneAtATime<'h> {
    /// The bundles of `plan`.
    pub(crate) fn new(host: &'h dyn BundleSource, plan: &PackPlan) -> Self {
        let sizes = plan.items().iter().filter_map(|item| match item {
            PlannedItem::Bundle {
                content_id,
                size_bytes,
            } => Some((*content_id, *size_bytes)),
            PlannedItem::Small { .. } => None,
        });
        Self {
            host,
            sizes: sizes.collect(),
            open: Mutex::new(None),
        }
    }

    fn read(
        &self,
        content_id: ContentId,
        size_bytes: u64,
        buf: &mut [u8],
        offset: u64,
    ) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let source = match open.take() {
            Some((id, source)) if id == content_id => source,
            _ => self.host.bundle(&content_id)?,
        };
        // One pack secret must never seal two contents: another size is certainly another one.
        if source.size_bytes() != size_bytes {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a stored bundle has changed its size",
            ));
        }
        let read = source.read_exact_at(buf, offset);
        *open = Some((content_id, source));
        read
    }
}

impl BundleSource for OneAtATime<'_> {
    fn bundle(&self, content_id: &ContentId) -> io::Result<Box<dyn ReadAt + '_>> {
        let size_bytes = *self.sizes.get(content_id).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Bundle {
            sources: self,
            content_id: *content_id,
            size_bytes,
        }))
    }
}

/// A bundle that is opened when it is read.
struct Bundle<'s, 'h> {
    sources: &'s OneAtATime<'h>,
    content_id: ContentId,
    size_bytes: u64,
}

impl ReadAt for Bundle<'_, '_> {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.sources
            .read(self.content_id, self.size_bytes, buf, offset)
    }

    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}
