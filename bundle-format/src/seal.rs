//! Sealing: content in, a bundle out, in one pass and in constant memory.
//!
//! `bundle = slots || chunked(frames || manifest || sender block || zeros || trailer)`
//! Frames are compressed and hashed on all cores, then encrypted on all cores, and written in
//! order. Spec: spec/bundle.md, "Bundle".

use std::io::{self, Read, Write};
use std::sync::Mutex;

use pack_format::chunked::{CHUNK_BYTES, Cobblestone, SALT_BYTES};
use pack_format::codec::{DecodeError, Wire as _};
use pack_format::padding::padme;
use pack_format::secret::Secret32;
use thiserror::Error;

use crate::content::{Contents, FramePacker, Progress, in_order};
use crate::identity::{Fingerprint, Identity};
use crate::limits::{FRAME_BYTES, MANIFEST_BYTES_MAX, SLOTS_MAX};
use crate::manifest::{Entry, Frame, Manifest};
use crate::ordered::{Buffers, Pool, thread_count};
use crate::random::HedgedRng;
use crate::sender::{Sender, transcript};
use crate::slot::{self, SlotCounts, SlotKey, SlotPayload, sequence_fits};

/// Why a bundle was not sealed. What was written to the sink is then to be thrown away.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SealError {
    /// Something to be sealed could not be read.
    #[error("what is to be sealed cannot be read")]
    Contents(#[source] io::Error),
    /// The sealed bytes could not be written.
    #[error("the sealed bytes cannot be written")]
    Sink(#[source] io::Error),
    /// The content breaks a limit or rule of the format.
    #[error("this cannot be sealed in one bundle: {0}")]
    Format(#[from] DecodeError),
    /// There are no readers, or more than a bundle has slots for.
    #[error("a bundle has 1 to 128 readers, not {found}")]
    Readers {
        /// How many were asked for.
        found: usize,
    },
    /// The caller stopped it.
    #[error("sealing was stopped")]
    Stopped,
    /// The compressor could not be set up.
    #[error("a worker could not be started")]
    Machine(#[source] io::Error),
    /// A worker thread died: a bug or an exhausted machine.
    #[error("a worker of the sealing died")]
    Worker,
}

/// One reader of a new bundle.
pub struct Reader<'a> {
    /// Whose fingerprint is signed as a reader.
    pub fingerprint: Fingerprint,
    /// The bundle's number from this sender to this reader; 0 when it is not counted.
    pub sequence: u64,
    /// How the bundle's key reaches the reader.
    pub key: SlotKey<'a>,
}

/// Who seals, for whom, when.
pub struct SealRequest<'a> {
    /// The sender.
    pub identity: &'a Identity,
    /// The sender's incarnation.
    pub incarnation: u32,
    /// Seconds since 1970 on the sender's clock.
    pub created_at: u64,
    /// The readers, in any order, each once.
    pub readers: Vec<Reader<'a>>,
}

/// What came of sealing.
#[derive(Debug)]
pub struct Sealed {
    /// The bundle's key: with it the sender can open its own bundle until it is receipted.
    pub bundle_key: Secret32,
    /// The slots in front, as needed to open it again with the key alone.
    pub counts: SlotCounts,
    /// What it holds.
    pub manifest: Manifest,
    /// For each reader, in the order of the request: the root of a new chain, where a KEM slot
    /// began one.
    pub chain_roots: Vec<Option<Secret32>>,
    /// Bytes of the sealed bundle.
    pub size_bytes: u64,
    /// Bytes it would have without padding.
    pub unpadded_bytes: u64,
}

/// Seals `contents` for the readers of `request` and writes the bundle to `sink`.
///
/// `progress` is told the content bytes read so far.
///
/// # Errors
/// [`SealError`].
pub fn seal(
    request: &SealRequest<'_>,
    contents: &mut dyn Contents,
    sink: &mut dyn Write,
    rng: &mut HedgedRng,
    progress: &mut Progress<'_>,
) -> Result<Sealed, SealError> {
    let bundle_key = rng.secret();
    let (front, counts, chain_roots) = make_slots(request, &bundle_key, rng)?;
    let salt = rng.array::<SALT_BYTES>();
    let cipher = Cobblestone::new(&bundle_key, &salt, &content_context(&front));
    let head = [front.as_slice(), cipher.prefix()].concat();
    sink.write_all(&head).map_err(SealError::Sink)?;

    let (frames_queue, chunks_queue) = (Mutex::new(None), Mutex::new(None));
    let buffers = Buffers::default();
    let (manifest, lengths) = std::thread::scope(|scope| {
        let packers = (0..thread_count())
            .map(|_| frame_worker(&buffers))
            .collect::<Result<_, _>>()
            .map_err(SealError::Machine)?;
        let mut frames = Pool::start(scope, packers, &frames_queue);
        let sealers = (0..thread_count())
            .map(|_| |run: Run| seal_run(&cipher, run, &buffers))
            .collect();
        let mut stream =
            SealedStream::new(Pool::start(scope, sealers, &chunks_queue), sink, &buffers);
        let manifest = seal_frames(contents, &mut frames, &mut stream, progress)?;
        let lengths = seal_footer(request, &head, &manifest, &mut stream)?;
        stream.finish()?;
        Ok::<_, SealError>((manifest, lengths))
    })?;
    let sealed_bytes = |plain| front.len() as u64 + pack_format::chunked::sealed_bytes(plain);
    Ok(Sealed {
        bundle_key,
        counts,
        manifest,
        chain_roots,
        size_bytes: sealed_bytes(lengths.padded),
        unpadded_bytes: sealed_bytes(lengths.content),
    })
}

/// `context = "causeway/bundle/v1" || BLAKE3(slots)`: the content belongs to these slots.
pub(crate) fn content_context(front: &[u8]) -> Vec<u8> {
    [
        b"causeway/bundle/v1".as_slice(),
        blake3::hash(front).as_bytes(),
    ]
    .concat()
}

type Slots = (Vec<u8>, SlotCounts, Vec<Option<Secret32>>);

/// The slots of the readers among unused ones, each kind in random order.
fn make_slots(
    request: &SealRequest<'_>,
    bundle_key: &Secret32,
    rng: &mut HedgedRng,
) -> Result<Slots, SealError> {
    let found = request.readers.len();
    let is_kem = |reader: &&Reader<'_>| matches!(reader.key, SlotKey::Kem(_));
    let kem_readers = request.readers.iter().filter(is_kem).count();
    let counts = SlotCounts::for_readers(kem_readers, found - kem_readers)
        .filter(|_| (1..=SLOTS_MAX).contains(&found))
        .ok_or(SealError::Readers { found })?;
    let (mut kem, mut chain, mut chain_roots) = (Vec::new(), Vec::new(), Vec::new());
    for reader in &request.readers {
        if !sequence_fits(reader.sequence) {
            return Err(DecodeError::Rule {
                what: "the sequence number is too large",
            }
            .into());
        }
        let bundle_key = bundle_key.duplicate();
        let payload = SlotPayload {
            bundle_key,
            counts,
            sequence: reader.sequence,
        };
        let made = slot::make(&reader.key, &payload, rng);
        let kind = if is_kem(&reader) {
            &mut kem
        } else {
            &mut chain
        };
        kind.push(made.bytes);
        chain_roots.push(made.chain_root);
    }
    while kem.len() < counts.kem() {
        kem.push(slot::make_unused(true, counts, rng));
    }
    while chain.len() < counts.chain() {
        chain.push(slot::make_unused(false, counts, rng));
    }
    shuffle(&mut kem, rng);
    shuffle(&mut chain, rng);
    Ok(([kem.concat(), chain.concat()].concat(), counts, chain_roots))
}

/// Sorts by random keys: a reader learns nothing from the place of its slot.
fn shuffle(slots: &mut [Vec<u8>], rng: &mut HedgedRng) {
    slots.sort_by_cached_key(|_| rng.array::<16>());
}

/// Reads all content, packs it into frames and hands the stored bytes to the stream.
fn seal_frames(
    contents: &mut dyn Contents,
    frames: &mut Pool<Vec<u8>, (Frame, Vec<u8>)>,
    stream: &mut SealedStream<'_>,
    progress: &mut Progress<'_>,
) -> Result<Manifest, SealError> {
    let buffers = stream.buffers;
    let mut list = FrameList {
        frames: Vec::new(),
        stream,
    };
    let mut entries: Vec<Entry> = Vec::new();
    let mut frame = buffers.take();
    let mut read_bytes = 0;
    while let Some((kind, mut content)) = contents.next_entry().map_err(SealError::Contents)? {
        if entries
            .last()
            .is_some_and(|before| !in_order(&before.kind, &kind))
        {
            return Err(DecodeError::Rule {
                what: "entries are not in order, or twice",
            }
            .into());
        }
        let mut size_bytes = 0;
        loop {
            let room = (FRAME_BYTES - frame.len()) as u64;
            let count = content.by_ref().take(room).read_to_end(&mut frame);
            let count = count.map_err(SealError::Contents)? as u64;
            size_bytes += count;
            read_bytes += count;
            if count < room {
                break;
            }
            frames.submit(std::mem::replace(&mut frame, buffers.take()));
            if frames.under_way() > in_flight() {
                list.take_next(frames)?;
            }
            if !progress(read_bytes) {
                return Err(SealError::Stopped);
            }
        }
        entries.push(Entry { kind, size_bytes });
    }
    if !frame.is_empty() {
        frames.submit(frame);
    }
    while frames.under_way() > 0 {
        list.take_next(frames)?;
    }
    let manifest = Manifest::new(entries, list.frames)?;
    progress(read_bytes);
    Ok(manifest)
}

struct FrameList<'s, 'w> {
    frames: Vec<Frame>,
    stream: &'s mut SealedStream<'w>,
}

impl FrameList<'_, '_> {
    fn take_next(&mut self, pool: &mut Pool<Vec<u8>, (Frame, Vec<u8>)>) -> Result<(), SealError> {
        let (frame, stored) = pool.next_result().ok_or(SealError::Worker)?;
        self.frames.push(frame);
        self.stream.write(&stored)?;
        self.stream.buffers.give(stored);
        Ok(())
    }
}

struct Lengths {
    content: u64,
    padded: u64,
}

/// Writes manifest, sender block, padding and trailer.
fn seal_footer(
    request: &SealRequest<'_>,
    head: &[u8],
    manifest: &Manifest,
    stream: &mut SealedStream<'_>,
) -> Result<Lengths, SealError> {
    let manifest_bytes = manifest.to_wire();
    let mut readers: Vec<_> = request
        .readers
        .iter()
        .map(|reader| reader.fingerprint)
        .collect();
    readers.sort_unstable();
    if readers
        .iter()
        .zip(readers.iter().skip(1))
        .any(|(one, next)| one == next)
    {
        return Err(DecodeError::Rule {
            what: "a reader is named twice",
        }
        .into());
    }
    let sender = Sender {
        identity: request.identity.key(),
        incarnation: request.incarnation,
        created_at: request.created_at,
        readers,
    };
    let block = sender.sign(request.identity, &transcript(head, &manifest_bytes));
    let trailer = Trailer::new(stream.plain_bytes, manifest_bytes.len(), block.len())?;
    stream.write(&manifest_bytes)?;
    stream.write(&block)?;
    let content = stream.plain_bytes + TRAILER_BYTES as u64;
    let padded = padme(content);
    stream.write_zeros(padded - content)?;
    stream.write(&trailer.to_bytes())?;
    Ok(Lengths { content, padded })
}

/// The last bytes of the plaintext: where the manifest and the sender block stand.
pub(crate) struct Trailer {
    pub(crate) manifest_offset: u64,
    pub(crate) manifest_bytes: u32,
    pub(crate) sender_bytes: u32,
}

/// Bytes of the trailer.
pub(crate) const TRAILER_BYTES: usize = 16;

impl Trailer {
    fn new(manifest_offset: u64, manifest: usize, sender: usize) -> Result<Self, DecodeError> {
        let over = || DecodeError::OverLimit {
            what: "manifest: too many files for one bundle",
            found: manifest as u64,
            limit: u64::from(MANIFEST_BYTES_MAX),
        };
        let manifest_bytes = u32::try_from(manifest)
            .ok()
            .filter(|len| *len <= MANIFEST_BYTES_MAX);
        let sender_bytes = u32::try_from(sender).map_err(|_| over())?;
        Ok(Self {
            manifest_offset,
            manifest_bytes: manifest_bytes.ok_or_else(over)?,
            sender_bytes,
        })
    }

    fn to_bytes(&self) -> [u8; TRAILER_BYTES] {
        let mut bytes = [0; TRAILER_BYTES];
        let fields = self.manifest_offset.to_be_bytes().into_iter();
        let fields = fields.chain(self.manifest_bytes.to_be_bytes());
        for (to, from) in bytes
            .iter_mut()
            .zip(fields.chain(self.sender_bytes.to_be_bytes()))
        {
            *to = from;
        }
        bytes
    }
}

/// A run of chunks on its way to be encrypted.
struct Run {
    first_chunk: u64,
    plain: Vec<u8>,
    ends_message: bool,
}

fn seal_run(cipher: &Cobblestone, run: Run, buffers: &Buffers) -> Vec<u8> {
    let mut sealed = buffers.take();
    cipher.seal_run(run.first_chunk, &run.plain, run.ends_message, &mut sealed);
    buffers.give(run.plain);
    sealed
}

/// Packs one frame after the other on a thread of its own.
fn frame_worker(
    buffers: &Buffers,
) -> io::Result<impl FnMut(Vec<u8>) -> (Frame, Vec<u8>) + Send + '_> {
    let mut packer = FramePacker::new()?;
    Ok(move |content| packer.pack(content, buffers))
}

/// Gathers plaintext into runs, has them encrypted and writes them in order.
struct SealedStream<'w> {
    pool: Pool<Run, Vec<u8>>,
    sink: &'w mut dyn Write,
    buffers: &'w Buffers,
    pending: Vec<u8>,
    next_chunk: u64,
    plain_bytes: u64,
}

impl<'w> SealedStream<'w> {
    fn new(pool: Pool<Run, Vec<u8>>, sink: &'w mut dyn Write, buffers: &'w Buffers) -> Self {
        Self {
            pool,
            sink,
            buffers,
            pending: buffers.take(),
            next_chunk: 0,
            plain_bytes: 0,
        }
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), SealError> {
        self.plain_bytes += bytes.len() as u64;
        while let Some((head, tail)) = bytes.split_at_checked(RUN_BYTES - self.pending.len()) {
            self.pending.extend_from_slice(head);
            bytes = tail;
            self.submit(false);
            if self.pool.under_way() > in_flight() {
                self.write_next()?;
            }
        }
        self.pending.extend_from_slice(bytes);
        Ok(())
    }

    fn write_zeros(&mut self, mut count: u64) -> Result<(), SealError> {
        let zeros = vec![0; CHUNK_BYTES];
        while count > 0 {
            let piece = zeros
                .get(..usize::try_from(count).unwrap_or(usize::MAX))
                .unwrap_or(&zeros);
            self.write(piece)?;
            count -= piece.len() as u64;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), SealError> {
        self.submit(true);
        while self.pool.under_way() > 0 {
            self.write_next()?;
        }
        Ok(())
    }

    fn submit(&mut self, ends_message: bool) {
        let plain = std::mem::replace(&mut self.pending, self.buffers.take());
        let first_chunk = self.next_chunk;
        self.next_chunk += RUN_CHUNKS as u64;
        self.pool.submit(Run {
            first_chunk,
            plain,
            ends_message,
        });
    }

    fn write_next(&mut self) -> Result<(), SealError> {
        let sealed = self.pool.next_result().ok_or(SealError::Worker)?;
        self.sink.write_all(&sealed).map_err(SealError::Sink)?;
        self.buffers.give(sealed);
        Ok(())
    }
}

/// Jobs of one kind under way at once: enough to keep every thread busy.
fn in_flight() -> u64 {
    thread_count() as u64 + 1
}

const RUN_CHUNKS: usize = 64;
const RUN_BYTES: usize = RUN_CHUNKS * CHUNK_BYTES;
