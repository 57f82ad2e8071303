//! A pack: what crosses the gap in one trip, sealed between two paired machines.
//!
//! [`SealedPack`] gives the sealed bytes at any position, made again from the same content
//! whenever they are asked for, so that a part, a frame or a resumed copy needs no second copy on
//! disk. [`OpenedPack`] gives the items back. Spec: spec/pack.md, "Pack".

use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};

use thiserror::Error;

use crate::chunked::{
    CHUNK_BYTES, ChunkedError, Cobblestone, MessageStream, OpenedMessage, PREFIX_BYTES, ReadAt,
    SALT_BYTES, SEALED_CHUNK_BYTES, sealed_bytes,
};
use crate::codec::{DecodeError, Reader, Wire, Writer};
use crate::item::{Item, KIND_BUNDLE, KIND_END};
use crate::limits::{
    BUNDLE_BYTES_MAX, PACK_BYTES_MAX, PACK_CONTENT_BYTES_MIN, PACK_ITEMS_MAX, SMALL_ITEM_BYTES_MAX,
};
use crate::padding::padme;
use crate::ratchet::PackSecret;
use crate::relay::ContentId;

/// One item of a pack that is to be sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlannedItem {
    /// A bundle, by name and size; its bytes stay where they are.
    Bundle {
        /// BLAKE3 of the bytes.
        content_id: ContentId,
        /// The number of bytes.
        size_bytes: u64,
    },
    /// Any other item: its kind and its encoded body.
    Small {
        /// [`Item::kind`].
        kind: u8,
        /// [`Item::body`].
        body: Vec<u8>,
    },
}

impl PlannedItem {
    /// Plans an item that is held in memory.
    #[must_use]
    pub fn small(item: &Item) -> Self {
        Self::Small {
            kind: item.kind(),
            body: item.body(),
        }
    }

    fn body_bytes(&self) -> u64 {
        match self {
            Self::Bundle { size_bytes, .. } => *size_bytes,
            Self::Small { body, .. } => body.len() as u64,
        }
    }

    fn header(&self) -> [u8; ITEM_HEADER_BYTES] {
        let kind = match self {
            Self::Bundle { .. } => KIND_BUNDLE,
            Self::Small { kind, .. } => *kind,
        };
        let mut header = [0; ITEM_HEADER_BYTES];
        if let Some((first, rest)) = header.split_first_mut() {
            *first = kind;
            rest.copy_from_slice(&self.body_bytes().to_be_bytes());
        }
        header
    }
}

/// The content of one pack, fixed once and for all before a byte of it is sealed: the same bytes
/// come out whenever it is sealed again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackPlan {
    items: Vec<PlannedItem>,
}

impl PackPlan {
    /// A plan of these items, in this order.
    ///
    /// # Errors
    /// [`DecodeError::OverLimit`] when the pack would be larger than one may be.
    pub fn new(items: Vec<PlannedItem>) -> Result<Self, DecodeError> {
        let plan = Self { items };
        let over = |what, found, limit| Err(DecodeError::OverLimit { what, found, limit });
        if plan.items.len() as u64 > u64::from(PACK_ITEMS_MAX) {
            return over(
                "pack items",
                plan.items.len() as u64,
                u64::from(PACK_ITEMS_MAX),
            );
        }
        let total = plan
            .items
            .iter()
            .try_fold(0_u64, |sum, item| sum.checked_add(item.body_bytes()));
        match total {
            Some(total) if total <= PACK_BYTES_MAX / 2 => Ok(plan),
            found => over("pack bytes", found.unwrap_or(u64::MAX), PACK_BYTES_MAX / 2),
        }
    }

    /// The items in order.
    #[must_use]
    pub fn items(&self) -> &[PlannedItem] {
        &self.items
    }

    /// Bytes of content before padding.
    #[must_use]
    pub fn content_bytes(&self) -> u64 {
        let headers = (self.items.len() as u64 + 1) * ITEM_HEADER_BYTES as u64;
        headers + self.items.iter().map(PlannedItem::body_bytes).sum::<u64>()
    }

    /// Bytes of content with padding: Padmé, and at least [`PACK_CONTENT_BYTES_MIN`].
    #[must_use]
    pub fn padded_bytes(&self) -> u64 {
        padme(self.content_bytes().max(PACK_CONTENT_BYTES_MIN))
    }

    /// Bytes of the sealed pack.
    #[must_use]
    pub fn sealed_bytes(&self) -> u64 {
        sealed_bytes(self.padded_bytes())
    }

    /// `salt = BLAKE3-keyed(secret/"causeway/pack/v1 salt", plan)[..24]`.
    ///
    /// Bound to the content, bundles included by their hashes, so that two machines that share a
    /// secret by accident, a vault and its copy, never encrypt two contents with one key stream.
    fn salt(&self, secret: &PackSecret) -> [u8; SALT_BYTES] {
        let hash = blake3::keyed_hash(secret.salt_key().expose(), &self.to_wire());
        hash.as_bytes().first_chunk().copied().unwrap_or_default()
    }
}

impl Wire for PackPlan {
    const WHAT: &'static str = "pack plan";

    fn write(&self, writer: &mut Writer) {
        writer.count(self.items.len());
        for item in &self.items {
            match item {
                PlannedItem::Bundle {
                    content_id,
                    size_bytes,
                } => {
                    writer.u8(KIND_BUNDLE).put(&content_id.0).u64(*size_bytes);
                }
                PlannedItem::Small { kind, body } => {
                    writer.u8(*kind).count(body.len()).put(body);
                }
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut items = Vec::new();
        for _ in 0..reader.count(PACK_ITEMS_MAX, "pack items")? {
            let kind = reader.u8("item kind")?;
            items.push(if kind == KIND_BUNDLE {
                let content_id = ContentId(reader.take_array("content id")?);
                PlannedItem::Bundle {
                    content_id,
                    size_bytes: reader.u64("bundle size")?,
                }
            } else {
                let len = reader.count(SMALL_ITEM_BYTES_MAX, "item body")?;
                PlannedItem::Small {
                    kind,
                    body: reader.take(len, "item body")?.to_vec(),
                }
            });
        }
        Self::new(items)
    }
}

/// Where a pack's bundles are read from while it is sealed.
pub trait BundleSource {
    /// The sealed bytes of one bundle, exactly as long as planned and unchanged since.
    ///
    /// # Errors
    /// What the machine says when the bundle cannot be read.
    fn bundle(&self, content_id: &ContentId) -> io::Result<Box<dyn ReadAt + '_>>;
}

/// The sealed bytes of a pack, made on demand at any position; the same every time.
pub struct SealedPack<'a> {
    cipher: Cobblestone,
    segments: Vec<Segment<'a>>,
    plain_bytes: u64,
    /// The run of chunks that was sealed last: reads come in order.
    run: Mutex<Option<(u64, Vec<u8>)>>,
}

struct Segment<'a> {
    start: u64,
    end: u64,
    bytes: SegmentBytes<'a>,
}

enum SegmentBytes<'a> {
    Held(Vec<u8>),
    Source(Box<dyn ReadAt + 'a>),
}

impl<'a> SealedPack<'a> {
    /// Prepares to seal `plan` with `secret`.
    ///
    /// # Errors
    /// `InvalidData` when a bundle does not have its planned size; otherwise what the machine
    /// says when a bundle cannot be opened.
    pub fn new(
        secret: &PackSecret,
        plan: &PackPlan,
        bundles: &'a dyn BundleSource,
    ) -> io::Result<Self> {
        let mut segments = Vec::new();
        let mut start = 0;
        let mut push = |bytes: SegmentBytes<'a>, len: u64| {
            segments.push(Segment {
                start,
                end: start + len,
                bytes,
            });
            start += len;
        };
        for item in plan.items() {
            push(
                SegmentBytes::Held(item.header().to_vec()),
                ITEM_HEADER_BYTES as u64,
            );
            let source = match item {
                PlannedItem::Small { body, .. } => SegmentBytes::Held(body.clone()),
                PlannedItem::Bundle {
                    content_id,
                    size_bytes,
                } => {
                    let source = bundles.bundle(content_id)?;
                    if source.size_bytes() != *size_bytes {
                        return Err(io::Error::new(
                            io::ErrorKind::InvalidData,
                            "a stored bundle has changed its size",
                        ));
                    }
                    SegmentBytes::Source(source)
                }
            };
            push(source, item.body_bytes());
        }
        let cipher = Cobblestone::new(&secret.seal_key(), &plan.salt(secret), CONTEXT);
        Ok(Self {
            cipher,
            segments,
            plain_bytes: plan.padded_bytes(),
            run: Mutex::new(None),
        })
    }

    /// Seals one run of chunks, 1 MiB of content.
    fn seal_run(&self, run: u64) -> io::Result<Vec<u8>> {
        let from = run * RUN_BYTES;
        let len = self.plain_bytes.saturating_sub(from).min(RUN_BYTES);
        let mut plain = vec![0; usize::try_from(len).unwrap_or(0)];
        self.fill_plain(from, &mut plain)?;
        let ends = from + len == self.plain_bytes && len < RUN_BYTES;
        let mut sealed = Vec::with_capacity(plain.len() / CHUNK_BYTES * SEALED_CHUNK_BYTES + 32);
        self.cipher
            .seal_run(run * RUN_CHUNKS, &plain, ends, &mut sealed);
        Ok(sealed)
    }

    /// Content bytes from `from`; what no segment covers is the end mark and padding: zeros.
    fn fill_plain(&self, from: u64, plain: &mut [u8]) -> io::Result<()> {
        let to = from + plain.len() as u64;
        let first = self.segments.partition_point(|segment| segment.end <= from);
        for segment in self
            .segments
            .iter()
            .skip(first)
            .take_while(|segment| segment.start < to)
        {
            let begin = segment.start.max(from);
            let end = segment.end.min(to);
            let at = |position: u64| usize::try_from(position - from).unwrap_or(usize::MAX);
            let Some(target) = plain.get_mut(at(begin)..at(end)) else {
                continue;
            };
            match &segment.bytes {
                SegmentBytes::Held(bytes) => {
                    bytes.read_exact_at(target, begin - segment.start)?;
                }
                SegmentBytes::Source(source) => {
                    source.read_exact_at(target, begin - segment.start)?;
                }
            }
        }
        Ok(())
    }
}

impl ReadAt for SealedPack<'_> {
    fn read_exact_at(&self, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
        if let Some(prefix) = self
            .cipher
            .prefix()
            .get(usize::try_from(offset).unwrap_or(usize::MAX)..)
        {
            let count = prefix.len().min(buf.len());
            let (head, tail) = buf.split_at_mut(count);
            head.copy_from_slice(prefix.get(..count).unwrap_or_default());
            buf = tail;
            offset += count as u64;
        }
        let mut cached = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        while !buf.is_empty() {
            let body = offset - PREFIX_BYTES as u64;
            let wanted = body / SEALED_RUN_BYTES;
            if cached.as_ref().is_none_or(|(run, _)| *run != wanted) {
                *cached = Some((wanted, self.seal_run(wanted)?));
            }
            let skip = usize::try_from(body % SEALED_RUN_BYTES).unwrap_or(usize::MAX);
            let available = cached
                .as_ref()
                .and_then(|(_, bytes)| bytes.get(skip..))
                .filter(|bytes| !bytes.is_empty())
                .ok_or(io::ErrorKind::UnexpectedEof)?;
            let count = available.len().min(buf.len());
            let (head, tail) = buf.split_at_mut(count);
            head.copy_from_slice(available.get(..count).unwrap_or_default());
            buf = tail;
            offset += count as u64;
        }
        Ok(())
    }

    fn size_bytes(&self) -> u64 {
        sealed_bytes(self.plain_bytes)
    }
}

/// Why a pack was not taken in.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PackError {
    /// The bytes were altered, cut or sealed with another key.
    #[error("the pack does not verify")]
    Sealed(#[from] ChunkedError),
    /// The paired machine sealed something that this version does not understand.
    #[error("the pack's content is not understood: {0}")]
    Content(#[from] DecodeError),
    /// An item could not be stored.
    #[error("an item of the pack could not be stored")]
    Store(#[source] io::Error),
}

/// Receives the items of a pack in order. What it was given counts only once the whole pack has
/// been read without error.
pub trait ItemSink {
    /// A bundle of exactly `size_bytes`, streamed. Every byte comes from the paired machine, but
    /// says nothing about who sealed the bundle.
    ///
    /// # Errors
    /// What the machine says when the bundle cannot be stored.
    fn bundle(&mut self, size_bytes: u64, body: &mut dyn Read) -> io::Result<()>;

    /// Any other item.
    ///
    /// # Errors
    /// What the machine says when the item cannot be stored.
    fn item(&mut self, item: Item) -> io::Result<()>;
}

/// A pack whose key and length have been checked.
pub struct OpenedPack<R> {
    message: OpenedMessage<R>,
}

impl<R: ReadAt> OpenedPack<R> {
    /// Checks that `source` is a whole pack sealed with `secret`.
    ///
    /// # Errors
    /// [`PackError::Sealed`].
    pub fn new(source: R, secret: &PackSecret) -> Result<Self, PackError> {
        let found_bytes = source.size_bytes();
        if !(PREFIX_BYTES as u64..=PACK_BYTES_MAX).contains(&found_bytes) {
            return Err(ChunkedError::Length { found_bytes }.into());
        }
        let mut prefix = [0; PREFIX_BYTES];
        source
            .read_exact_at(&mut prefix, 0)
            .map_err(ChunkedError::Read)?;
        let cipher = Cobblestone::for_opening(&secret.seal_key(), &prefix, CONTEXT)?;
        Ok(Self {
            message: OpenedMessage::new(source, 0, cipher)?,
        })
    }

    /// Hands every item to `sink`, in order. The length was authenticated first, and each chunk is
    /// authenticated before its bytes are handed over.
    ///
    /// # Errors
    /// [`PackError`]; the caller then discards what the sink was given.
    pub fn read_items(&self, sink: &mut dyn ItemSink) -> Result<(), PackError> {
        let mut stream = MessageStream::new(&self.message, 0);
        let mut left = self.message.plain_bytes();
        for _ in 0..=PACK_ITEMS_MAX {
            let mut header = [0; ITEM_HEADER_BYTES];
            take(&mut stream, &mut left, &mut header)?;
            let mut reader = Reader::new(&header);
            let kind = reader.u8("item kind")?;
            let len = reader.u64("item length")?;
            match kind {
                KIND_END if len == 0 => {
                    self.check_padding(left)?;
                    return expect_zeros(&mut stream, left);
                }
                KIND_END => {
                    return Err(DecodeError::Rule {
                        what: "the end mark has a length",
                    }
                    .into());
                }
                KIND_BUNDLE => read_bundle(&mut stream, &mut left, len, sink)?,
                _ => {
                    over_limit("item", len, u64::from(SMALL_ITEM_BYTES_MAX).min(left))?;
                    let mut body = vec![0; usize::try_from(len).unwrap_or(0)];
                    take(&mut stream, &mut left, &mut body)?;
                    sink.item(Item::from_body(kind, &body)?)
                        .map_err(PackError::Store)?;
                }
            }
        }
        Err(DecodeError::Rule {
            what: "a pack has too many items",
        }
        .into())
    }
}

impl<R: ReadAt> OpenedPack<R> {
    /// A pack is padded to one length only, so that the padding carries nothing.
    fn check_padding(&self, padding_bytes: u64) -> Result<(), DecodeError> {
        let total = self.message.plain_bytes();
        let content = total.saturating_sub(padding_bytes);
        if padme(content.max(PACK_CONTENT_BYTES_MIN)) == total {
            Ok(())
        } else {
            Err(DecodeError::Rule {
                what: "the padding of a pack has another length",
            })
        }
    }
}

fn read_bundle<R: ReadAt>(
    stream: &mut MessageStream<'_, R>,
    left: &mut u64,
    len: u64,
    sink: &mut dyn ItemSink,
) -> Result<(), PackError> {
    over_limit("bundle", len, BUNDLE_BYTES_MAX.min(*left))?;
    let mut body = stream.by_ref().take(len);
    let stored = sink.bundle(len, &mut body);
    let unread = body.limit();
    stored.map_err(as_pack_error)?;
    if unread != 0 {
        let short = io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "a bundle was not read to its end",
        );
        return Err(PackError::Store(short));
    }
    *left -= len;
    Ok(())
}

/// A failed chunk reaches the sink as an I/O error and comes back here as what it is.
fn as_pack_error(err: io::Error) -> PackError {
    match err.downcast::<ChunkedError>() {
        Ok(sealed) => PackError::Sealed(sealed),
        Err(err) => PackError::Store(err),
    }
}

fn over_limit(what: &'static str, found: u64, limit: u64) -> Result<(), DecodeError> {
    if found > limit {
        Err(DecodeError::OverLimit { what, found, limit })
    } else {
        Ok(())
    }
}

fn take(stream: &mut impl Read, left: &mut u64, buf: &mut [u8]) -> Result<(), PackError> {
    let len = buf.len() as u64;
    *left = left
        .checked_sub(len)
        .ok_or(DecodeError::Truncated { what: "pack" })?;
    stream.read_exact(buf).map_err(as_pack_error)
}

fn expect_zeros(stream: &mut impl Read, mut left: u64) -> Result<(), PackError> {
    let mut buf = vec![0; CHUNK_BYTES];
    while left > 0 {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        let piece = buf.get_mut(..count).unwrap_or_default();
        take(stream, &mut left, piece)?;
        if piece.iter().any(|byte| *byte != 0) {
            return Err(DecodeError::Rule {
                what: "the padding of a pack is not zero",
            }
            .into());
        }
    }
    Ok(())
}

/// Kind and length in front of each item.
const ITEM_HEADER_BYTES: usize = 9;
const CONTEXT: &[u8] = b"causeway/pack/v1";
const RUN_CHUNKS: u64 = 64;
const RUN_BYTES: u64 = RUN_CHUNKS * CHUNK_BYTES as u64;
const SEALED_RUN_BYTES: u64 = RUN_CHUNKS * SEALED_CHUNK_BYTES as u64;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::item::PackReceipts;

    #[derive(Default)]
    struct Memory(BTreeMap<ContentId, Vec<u8>>);

    impl BundleSource for Memory {
        fn bundle(&self, content_id: &ContentId) -> io::Result<Box<dyn ReadAt + '_>> {
            let bytes = self.0.get(content_id).ok_or(io::ErrorKind::NotFound)?;
            Ok(Box::new(bytes.as_slice()))
        }
    }

    #[derive(Default)]
    struct Taken {
        bundles: Vec<Vec<u8>>,
        items: usize,
    }

    impl ItemSink for Taken {
        fn bundle(&mut self, _size_bytes: u64, body: &mut dyn Read) -> io::Result<()> {
            let mut bytes = Vec::new();
            body.read_to_end(&mut bytes)?;
            self.bundles.push(bytes);
            Ok(())
        }

        fn item(&mut self, _item: Item) -> io::Result<()> {
            self.items += 1;
            Ok(())
        }
    }

    fn secret() -> PackSecret {
        PackSecret::from_stored([8; 32])
    }

    fn sealed(bundles: &[Vec<u8>]) -> Vec<u8> {
        let mut memory = Memory::default();
        let mut items = vec![PlannedItem::small(&Item::Receipts(PackReceipts::default()))];
        for bundle in bundles {
            let content_id = ContentId::of(bundle);
            items.push(PlannedItem::Bundle {
                content_id,
                size_bytes: bundle.len() as u64,
            });
            memory.0.insert(content_id, bundle.clone());
        }
        let plan = PackPlan::new(items).unwrap();
        assert_eq!(PackPlan::from_wire(&plan.to_wire()).unwrap(), plan);
        let pack = SealedPack::new(&secret(), &plan, &memory).unwrap();
        let mut bytes = vec![0; usize::try_from(pack.size_bytes()).unwrap()];
        pack.read_exact_at(&mut bytes, 0).unwrap();
        // Any position gives the same bytes again, also far from the last one.
        for at in [bytes.len() - 1, 0, 55, 56, 57, bytes.len() / 2] {
            let mut one = [0];
            pack.read_exact_at(&mut one, at as u64).unwrap();
            assert_eq!(one[0], bytes[at], "position {at}");
        }
        bytes
    }

    fn open(bytes: &[u8]) -> Result<Taken, PackError> {
        let mut taken = Taken::default();
        OpenedPack::new(bytes, &secret())?.read_items(&mut taken)?;
        Ok(taken)
    }

    #[test]
    fn bundles_of_every_size_class_come_back_whole() {
        let bundles: Vec<Vec<u8>> = [0, 1, 16_384, 1 << 20, (3 << 20) + 17]
            .iter()
            .map(|len| vec![7; *len])
            .collect();
        let taken = open(&sealed(&bundles)).unwrap();
        assert_eq!(taken.bundles, bundles);
        assert_eq!(taken.items, 1);
    }

    #[test]
    fn a_pack_whose_content_fills_whole_runs_still_ends() {
        // Content of exactly 1 MiB and 2 MiB, where the last chunk is empty and stands alone.
        for runs in [1_usize, 2] {
            let headers = 3 * ITEM_HEADER_BYTES + 8;
            let bundle = vec![1; runs * (1 << 20) - headers];
            assert_eq!(open(&sealed(&[bundle])).unwrap().bundles.len(), 1);
        }
    }

    #[test]
    fn small_packs_all_have_one_size() {
        assert_eq!(sealed(&[]).len(), sealed(&[vec![1; 9000]]).len());
    }

    #[test]
    fn a_copied_vault_never_repeats_a_key_stream() {
        let (one, two) = (sealed(&[vec![1; 100]]), sealed(&[vec![2; 100]]));
        assert_ne!(one[..SALT_BYTES], two[..SALT_BYTES]);
        // Where both contents are padding, equal sealed bytes would show a repeated stream.
        assert_ne!(one[8000..8100], two[8000..8100]);
        assert_eq!(
            one,
            sealed(&[vec![1; 100]]),
            "the same content seals to the same bytes"
        );
    }

    #[test]
    fn padding_of_another_length_is_refused() {
        let plain = vec![0; 32 * 1024];
        let refused = open(&seal_plain(&plain));
        assert!(matches!(
            refused,
            Err(PackError::Content(DecodeError::Rule { .. }))
        ));
        assert!(open(&seal_plain(&plain[..16 * 1024])).is_ok());
    }

    #[test]
    fn every_flipped_byte_of_a_pack_is_refused() {
        let mut bytes = sealed(&[vec![1; 10]]);
        for at in 0..bytes.len() {
            bytes[at] ^= 0x40;
            assert!(open(&bytes).is_err(), "byte {at}");
            bytes[at] ^= 0x40;
        }
    }

    #[test]
    fn a_pack_cut_at_any_length_is_refused() {
        let bytes = sealed(&[vec![1; 10]]);
        for len in 0..bytes.len() {
            assert!(open(&bytes[..len]).is_err(), "cut to {len}");
        }
    }

    #[test]
    fn padding_that_is_not_zero_is_refused() {
        let mut plain = vec![0; 16 * 1024];
        plain[20] = 1;
        assert!(matches!(
            open(&seal_plain(&plain)),
            Err(PackError::Content(DecodeError::Rule { .. }))
        ));
    }

    #[test]
    fn a_length_near_two_to_the_64_is_refused() {
        for kind in [KIND_BUNDLE, 2] {
            let mut plain = vec![0; 16 * 1024];
            plain[0] = kind;
            plain[1..9].copy_from_slice(&u64::MAX.to_be_bytes());
            let refused = open(&seal_plain(&plain));
            assert!(matches!(
                refused,
                Err(PackError::Content(DecodeError::OverLimit { .. }))
            ));
        }
    }

    #[test]
    fn a_pack_without_an_end_is_refused() {
        let mut plain = Vec::new();
        while plain.len() < 100 {
            plain.extend_from_slice(&[2, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
        }
        assert!(open(&seal_plain(&plain)).is_err());
    }

    fn seal_plain(plain: &[u8]) -> Vec<u8> {
        let cipher = Cobblestone::new(&secret().seal_key(), &[0; SALT_BYTES], CONTEXT);
        let mut bytes = cipher.prefix().to_vec();
        cipher.seal_run(0, plain, true, &mut bytes);
        bytes
    }
}
