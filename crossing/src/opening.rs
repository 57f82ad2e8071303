//! Reads one assembled pack into the host, and says what is wrong where that fails.

use std::io::{self, Read};

use pack_format::{
    chunked::ChunkedError,
    item::{Item, PackReceipts},
    pack::{ItemSink, OpenedPack, PackError},
    part::Cut,
    ratchet::PackSecret,
};

use crate::{
    CrossingError, Damage, Host, LaneId,
    assembled::{AssembledPack, parts_of_chunk},
    meter::Meter,
};

/// What a whole pack brought, besides what the host was given.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) receipts: Vec<PackReceipts>,
    pub(crate) bundle_count: u64,
    pub(crate) item_count: u64,
    pub(crate) asks_for_receipt: bool,
}

/// Why a pack was not taken in, although the machine did nothing wrong.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) damage: Damage,
    /// The parts that are wrong, as far as that is known.
    pub(crate) parts: Vec<u32>,
}

/// Gives every item of a pack to the host; on any failure the host has forgotten them again.
pub(crate) fn read_pack(
    pack: &AssembledPack<'_>,
    cut: &Cut,
    secret: &PackSecret,
    host: &mut dyn Host,
    lane: LaneId,
    meter: &mut Meter<'_>,
) -> Result<Result<Contents, Refusal>, CrossingError> {
    let mut sink = Sink {
        host,
        lane,
        meter,
        contents: Contents::default(),
        cancelled: false,
    };
    let read = OpenedPack::new(pack, secret).and_then(|opened| opened.read_items(&mut sink));
    let Err(err) = read else {
        return Ok(Ok(sink.contents));
    };
    sink.host.discard_pack();
    if sink.cancelled {
        return Err(CrossingError::Cancelled);
    }
    let (damage, parts) = match err {
        PackError::Store(source) => return Err(CrossingError::TakeIn(source)),
        PackError::Content(_) => (Damage::NotUnderstood, Vec::new()),
        PackError::Sealed(ChunkedError::Read(_)) => (
            Damage::Unreadable,
            pack.unreadable_part().into_iter().collect(),
        ),
        PackError::Sealed(ChunkedError::Chunk { index }) => {
            (Damage::Altered, parts_of_chunk(cut, index))
        }
        PackError::Sealed(ChunkedError::Commitment) => (Damage::Altered, vec![0]),
        _ => (Damage::Altered, Vec::new()),
    };
    Ok(Err(Refusal { damage, parts }))
}

struct Sink<'a, 'p> {
    host: &'a mut dyn Host,
    lane: LaneId,
    meter: &'a mut Meter<'p>,
    contents: Contents,
    cancelled: bool,
}

impl ItemSink for Sink<'_, '_> {
    fn bundle(&mut self, size_bytes: u64, body: &mut dyn Read) -> io::Result<()> {
        let mut watched = Watched {
            body,
            meter: self.meter,
            failure: None,
            cancelled: false,
        };
        let taken = self.host.take_bundle(self.lane, size_bytes, &mut watched);
        self.cancelled |= watched.cancelled;
        // What the pack itself said counts, whatever the host made of it.
        watched.failure.map_or(taken, Err)?;
        self.contents.bundle_count = self.contents.bundle_count.saturating_add(1);
        self.contents.asks_for_receipt = true;
        Ok(())
    }

    fn item(&mut self, item: Item) -> io::Result<()> {
        if self.meter.advance(item.body().len() as u64).is_err() {
            self.cancelled = true;
            return Err(io::ErrorKind::Other.into());
        }
        self.contents.asks_for_receipt |= item.asks_for_receipt();
        match item {
            Item::Receipts(receipts) => self.contents.receipts.push(receipts),
            item => {
                self.host.take_item(self.lane, item)?;
                self.contents.item_count = self.contents.item_count.saturating_add(1);
            }
        }
        Ok(())
    }
}

/// A bundle's bytes on their way to the host; remembers how they ended.
struct Watched<'a, 'p> {
    body: &'a mut dyn Read,
    meter: &'a mut Meter<'p>,
    failure: Option<io::Error>,
    cancelled: bool,
}

impl Read for Watched<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.failure.is_some() {
            return Err(io::ErrorKind::Other.into());
        }
        let read = self.body.read(buf).and_then(|count| {
            self.meter.advance(count as u64).map_err(|err| {
                self.cancelled = true;
                io::Error::other(err)
            })?;
            Ok(count)
        });
        read.map_err(|err| {
            let kind = err.kind();
            self.failure = Some(err);
            kind.into()
        })
    }
}
