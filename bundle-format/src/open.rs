//! Opening: from unchecked bytes, over a verified sender, to verified content.
//!
//! Each step consumes the one before, and only the last, [`VerifiedBundle`], gives content out.
//! Nothing of a bundle can be released before all of it was verified.
//! Spec: spec/bundle.md, "Opening".

use std::io;
use std::sync::Mutex;

use pack_format::chunked::{ChunkedError, Cobblestone, OpenedMessage, PREFIX_BYTES, ReadAt};
use pack_format::codec::{DecodeError, Reader, Wire as _};
use pack_format::limits::BUNDLE_BYTES_MAX;
use pack_format::padding::padme;
use pack_format::secret::Secret32;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::content::{EntrySink, FrameUnpacker, Progress};
use crate::identity::{BadSignature, Fingerprint};
use crate::limits::{FRAME_BYTES, MANIFEST_BYTES_MAX, SLOTS_MAX};
use crate::manifest::{Entry, Manifest};
use crate::ordered::{Buffers, Pool, thread_count};
use crate::seal::{TRAILER_BYTES, Trailer, content_context};
use crate::sender::{Sender, SignedSender, transcript};
use crate::slot::{FRONT_BYTES_MAX, OpenedBy, SlotCounts, SlotOpener};

/// Why a bundle was refused. Nothing of it was released.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No slot opens with this vault's keys: it is for somebody else, or not a bundle.
    #[error("the bundle is not for this vault, or it is not a bundle")]
    NotForThisVault,
    /// The sealed bytes were altered, cut or extended.
    #[error("the bundle was altered or cut on its way")]
    Sealed(#[from] ChunkedError),
    /// The sealed content breaks a rule of the format: the sender's program is faulty or hostile.
    #[error("the bundle's content breaks a rule: {0}")]
    Content(#[from] DecodeError),
    /// The sender's signature does not fit the bundle.
    #[error("the sender's signature does not fit the bundle")]
    Sender(#[from] BadSignature),
    /// The sender sealed it for others: somebody passed it on.
    #[error("the sender did not seal this bundle for this vault: somebody passed it on")]
    PassedOn,
    /// A frame is not the one the sender signed: another reader replaced it.
    #[error("frame {index} is not the one the sender signed")]
    FrameReplaced {
        /// The frame's number from 0.
        index: usize,
    },
    /// The machine failed.
    #[error("a worker could not be started")]
    Machine(#[source] io::Error),
    /// The content could not be written.
    #[error("the content cannot be written")]
    Sink(#[source] io::Error),
    /// The caller stopped it.
    #[error("opening was stopped")]
    Stopped,
}

impl OpenError {
    /// Whether the bundle itself is to blame: not the machine, not the person.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        let machine = matches!(self, Self::Machine(_) | Self::Sink(_) | Self::Stopped);
        !machine && !matches!(self, Self::Sealed(ChunkedError::Read(_)))
    }
}

/// What a vault keeps of a bundle it has opened, so that it can open it again without its slot.
#[derive(Debug)]
pub struct BundleKey {
    /// The key of the content.
    pub secret: Secret32,
    /// The slots in front.
    pub counts: SlotCounts,
}

/// Where a bundle came in: its slot's sequence number and how it was opened.
#[derive(Debug)]
pub struct SlotOpened {
    /// The bundle's number from its sender, 0 when it is not counted.
    pub sequence: u64,
    /// Chain or key, with what the vault must remember of it.
    pub by: OpenedBy,
}

/// Bytes that may be a bundle.
pub struct UncheckedBundle<R> {
    source: R,
}

/// A bundle whose key is known and whose length is authenticated. Its sender is not known yet.
pub struct UnlockedBundle<R> {
    message: OpenedMessage<R>,
    head: Vec<u8>,
    key: BundleKey,
}

/// A bundle whose sender, readers and manifest are verified. Its frames are not yet.
pub struct SignedBundle<R> {
    message: OpenedMessage<R>,
    key: BundleKey,
    sender: Sender,
    manifest: Manifest,
    footer_end: u64,
}

/// A bundle of which every byte was verified. The only form that gives content out.
pub struct VerifiedBundle<R> {
    signed: SignedBundle<R>,
}

/// How much [`SignedBundle::verify_content`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Checks every frame's hash and expands it: for a bundle that has just arrived, because a
    /// receipt lets its sender forget it.
    Full,
    /// Checks every frame's hash: for a bundle that was taken in before.
    Hashes,
}

impl<R: ReadAt> UncheckedBundle<R> {
    /// Takes bytes that nothing is known about.
    pub fn new(source: R) -> Self {
        Self { source }
    }

    /// Finds this vault's slot and checks key commitment and length.
    ///
    /// # Errors
    /// [`OpenError::NotForThisVault`], [`OpenError::Sealed`].
    pub fn unlock(
        self,
        opener: &SlotOpener<'_>,
    ) -> Result<(UnlockedBundle<R>, SlotOpened), OpenError> {
        let size = self.source.size_bytes();
        if size > BUNDLE_BYTES_MAX {
            return Err(ChunkedError::Length { found_bytes: size }.into());
        }
        let front_bytes = usize::try_from(size)
            .unwrap_or(usize::MAX)
            .min(FRONT_BYTES_MAX);
        let mut front = vec![0; front_bytes];
        self.source
            .read_exact_at(&mut front, 0)
            .map_err(ChunkedError::Read)?;
        let (payload, by) = opener.open(&front).ok_or(OpenError::NotForThisVault)?;
        let key = BundleKey {
            secret: payload.bundle_key,
            counts: payload.counts,
        };
        let opened = SlotOpened {
            sequence: payload.sequence,
            by,
        };
        Ok((self.unlock_with(key)?, opened))
    }

    /// Opens a bundle again whose key the vault has kept.
    ///
    /// # Errors
    /// [`OpenError::Sealed`].
    pub fn unlock_with(self, key: BundleKey) -> Result<UnlockedBundle<R>, OpenError> {
        let front_bytes = key.counts.bytes();
        let too_short = ChunkedError::Length {
            found_bytes: self.source.size_bytes(),
        };
        if self.source.size_bytes() < (front_bytes + PREFIX_BYTES) as u64 {
            return Err(too_short.into());
        }
        let mut head = vec![0; front_bytes + PREFIX_BYTES];
        self.source
            .read_exact_at(&mut head, 0)
            .map_err(ChunkedError::Read)?;
        let (front, prefix) = head.split_at(front_bytes);
        let prefix = prefix.first_chunk::<PREFIX_BYTES>().ok_or(too_short)?;
        let cipher = Cobblestone::for_opening(&key.secret, prefix, &content_context(front))?;
        let message = OpenedMessage::new(self.source, front_bytes as u64, cipher)?;
        Ok(UnlockedBundle { message, head, key })
    }
}

impl<R: ReadAt> UnlockedBundle<R> {
    /// Reads the footer, checks the sender's signature over slots, readers and manifest, and that
    /// `own` is among the readers. `own` is `None` for the sender's own copy.
    ///
    /// # Errors
    /// [`OpenError::Content`], [`OpenError::Sender`], [`OpenError::PassedOn`],
    /// [`OpenError::Sealed`].
    pub fn verify_sender(self, own: Option<&Fingerprint>) -> Result<SignedBundle<R>, OpenError> {
        let plain_bytes = self.message.plain_bytes();
        let trailer = self.read_trailer()?;
        let manifest_bytes = self.read(trailer.manifest_offset, trailer.manifest_bytes)?;
        let sender_offset = trailer.manifest_offset + u64::from(trailer.manifest_bytes);
        let block = SignedSender::from_bytes(&self.read(sender_offset, trailer.sender_bytes)?)?;
        let footer_end = sender_offset + u64::from(trailer.sender_bytes);
        if padme(footer_end + TRAILER_BYTES as u64) != plain_bytes {
            return Err(DecodeError::Rule {
                what: "the padding has another length",
            }
            .into());
        }
        let sender = block.verify(&transcript(&self.head, &manifest_bytes))?;
        if own.is_some_and(|own| !sender.readers.contains(own)) {
            return Err(OpenError::PassedOn);
        }
        let manifest = Manifest::from_wire(&manifest_bytes)?;
        if manifest.stored_bytes() != trailer.manifest_offset {
            return Err(DecodeError::Rule {
                what: "the frames have another length",
            }
            .into());
        }
        Ok(SignedBundle {
            message: self.message,
            key: self.key,
            sender,
            manifest,
            footer_end,
        })
    }

    fn read_trailer(&self) -> Result<Trailer, OpenError> {
        let short = DecodeError::Truncated {
            what: "bundle trailer",
        };
        let plain_bytes = self.message.plain_bytes();
        let start = plain_bytes.checked_sub(TRAILER_BYTES as u64).ok_or(short)?;
        let bytes = self.message.read(start, TRAILER_BYTES)?;
        let mut reader = Reader::new(&bytes);
        let trailer = Trailer {
            manifest_offset: reader.u64("manifest offset")?,
            manifest_bytes: reader.count_u32(MANIFEST_BYTES_MAX, "manifest length")?,
            sender_bytes: reader.count_u32(SENDER_BYTES_MAX, "sender block length")?,
        };
        let footer = u64::from(trailer.manifest_bytes) + u64::from(trailer.sender_bytes);
        let end = trailer.manifest_offset.checked_add(footer);
        if end.is_none_or(|end| end > start) {
            return Err(DecodeError::Rule {
                what: "the footer lies outside the bundle",
            }
            .into());
        }
        Ok(trailer)
    }

    fn read(&self, offset: u64, len: u32) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        Ok(self
            .message
            .read(offset, usize::try_from(len).unwrap_or(usize::MAX))?)
    }
}

impl<R: ReadAt + Sync> SignedBundle<R> {
    /// Who sealed it, for whom, and when they say.
    #[must_use]
    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    /// What it holds.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The key to keep, so that it can be opened again.
    #[must_use]
    pub fn key(&self) -> &BundleKey {
        &self.key
    }

    /// Checks every frame against the signed manifest, on all cores, and that the padding is
    /// zero. `progress` is told the content bytes checked so far.
    ///
    /// # Errors
    /// [`OpenError::FrameReplaced`], [`OpenError::Content`], [`OpenError::Sealed`],
    /// [`OpenError::Stopped`].
    pub fn verify_content(
        self,
        depth: Depth,
        progress: &mut Progress<'_>,
    ) -> Result<VerifiedBundle<R>, OpenError> {
        self.check_padding()?;
        let expand = depth == Depth::Full;
        self.for_each_frame(
            0..self.manifest.frames().len(),
            expand,
            progress,
            &mut |_| Ok(()),
        )?;
        Ok(VerifiedBundle { signed: self })
    }

    fn check_padding(&self) -> Result<(), OpenError> {
        let end = self.message.plain_bytes() - TRAILER_BYTES as u64;
        let mut at = self.footer_end;
        while at < end {
            let len = usize::try_from(end - at)
                .unwrap_or(usize::MAX)
                .min(FRAME_BYTES);
            if self.message.read(at, len)?.iter().any(|byte| *byte != 0) {
                return Err(DecodeError::Rule {
                    what: "the padding is not zero",
                }
                .into());
            }
            at += len as u64;
        }
        Ok(())
    }

    /// Reads, checks and (with `expand`) expands a range of frames on all cores; `take` gets the
    /// content of each in order.
    fn for_each_frame(
        &self,
        frames: std::ops::Range<usize>,
        expand: bool,
        progress: &mut Progress<'_>,
        take: &mut dyn FnMut(&[u8]) -> Result<(), OpenError>,
    ) -> Result<(), OpenError> {
        let offsets = self.frame_offsets();
        let (queue, buffers) = (Mutex::new(None), Buffers::default());
        std::thread::scope(|scope| {
            let workers = (0..thread_count())
                .map(|_| FrameWorker::new(self, &offsets, expand, &buffers))
                .map(|worker| worker.map(|mut worker| move |index| worker.check(index)))
                .collect::<Result<Vec<_>, _>>()?;
            let mut pool = Pool::start(scope, workers, &queue);
            let mut done_bytes = 0;
            let mut jobs = frames;
            loop {
                while pool.under_way() <= thread_count() as u64 {
                    let Some(index) = jobs.next() else { break };
                    pool.submit(index);
                }
                let Some(result) = pool.next_result() else {
                    break;
                };
                let (content_bytes, content) = result?;
                take(&content)?;
                buffers.give(content);
                done_bytes += content_bytes;
                if !progress(done_bytes) {
                    return Err(OpenError::Stopped);
                }
            }
            Ok(())
        })
    }

    fn frame_offsets(&self) -> Vec<u64> {
        let mut next = 0;
        let offset_of = |frame: &crate::manifest::Frame| {
            let offset = next;
            next += u64::from(frame.stored_bytes);
            offset
        };
        self.manifest.frames().iter().map(offset_of).collect()
    }
}

impl<R: ReadAt + Sync> VerifiedBundle<R> {
    /// Who sealed it, for whom, and when they say.
    #[must_use]
    pub fn sender(&self) -> &Sender {
        self.signed.sender()
    }

    /// What it holds.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        self.signed.manifest()
    }

    /// The key to keep, so that it can be opened again.
    #[must_use]
    pub fn key(&self) -> &BundleKey {
        self.signed.key()
    }

    /// Hands every entry to `sink`, in order. Each frame is checked again as it is read.
    ///
    /// # Errors
    /// [`OpenError::Sink`], [`OpenError::Stopped`], and the errors of a source that has changed
    /// since it was verified; the caller then removes what it wrote.
    pub fn release(
        &self,
        sink: &mut dyn EntrySink,
        progress: &mut Progress<'_>,
    ) -> Result<(), OpenError> {
        let manifest = self.manifest();
        let mut writer = EntryWriter {
            entries: manifest.entries(),
            next: 0,
            left: 0,
            open: false,
        };
        let frames = 0..manifest.frames().len();
        self.signed
            .for_each_frame(frames, true, progress, &mut |content| {
                writer.write(content, sink).map_err(OpenError::Sink)
            })?;
        writer.finish(sink).map_err(OpenError::Sink)
    }

    /// The bytes of one small entry: a message, a card, receipts.
    ///
    /// # Errors
    /// [`OpenError::Content`] when there is no such entry or it is a file or folder; otherwise as
    /// [`VerifiedBundle::release`].
    pub fn small_entry(&self, index: usize) -> Result<Vec<u8>, OpenError> {
        let manifest = self.manifest();
        let missing = DecodeError::Rule {
            what: "no such entry",
        };
        let entry = manifest
            .entries()
            .get(index)
            .filter(|entry| entry.kind.path().is_none())
            .ok_or(missing)?;
        let start: u64 = manifest
            .entries()
            .iter()
            .take(index)
            .map(|it| it.size_bytes)
            .sum();
        let frame = |at: u64| usize::try_from(at / FRAME_BYTES as u64).unwrap_or(usize::MAX);
        let first = frame(start);
        let end = frame(start + entry.size_bytes + FRAME_BYTES as u64 - 1);
        let mut content = Vec::new();
        let mut keep = |bytes: &[u8]| {
            content.extend_from_slice(bytes);
            Ok(())
        };
        self.signed
            .for_each_frame(first..end, true, &mut |_| true, &mut keep)?;
        let skip = usize::try_from(start).unwrap_or(usize::MAX) % FRAME_BYTES;
        content.drain(..skip.min(content.len()));
        content.truncate(usize::try_from(entry.size_bytes).unwrap_or(usize::MAX));
        Ok(content)
    }
}

/// Checks one frame after the other on a thread of its own.
struct FrameWorker<'a, R> {
    bundle: &'a SignedBundle<R>,
    offsets: &'a [u64],
    buffers: &'a Buffers,
    unpacker: FrameUnpacker,
    expand: bool,
    scratch: Zeroizing<Vec<u8>>,
    stored: Zeroizing<Vec<u8>>,
}

impl<'a, R: ReadAt + Sync> FrameWorker<'a, R> {
    fn new(
        bundle: &'a SignedBundle<R>,
        offsets: &'a [u64],
        expand: bool,
        buffers: &'a Buffers,
    ) -> Result<Self, OpenError> {
        let unpacker = FrameUnpacker::new().map_err(OpenError::Machine)?;
        let (scratch, stored) = (Zeroizing::default(), Zeroizing::default());
        Ok(Self {
            bundle,
            offsets,
            buffers,
            unpacker,
            expand,
            scratch,
            stored,
        })
    }

    /// The number of content bytes of the frame, and the content itself when it was asked for.
    fn check(&mut self, index: usize) -> Result<(u64, Vec<u8>), OpenError> {
        let manifest = &self.bundle.manifest;
        let gone = DecodeError::Rule {
            what: "a frame is missing",
        };
        let frame = manifest.frames().get(index).ok_or_else(|| gone.clone())?;
        let offset = *self.offsets.get(index).ok_or(gone)?;
        let len = usize::try_from(frame.stored_bytes).unwrap_or(usize::MAX);
        let content_bytes = manifest.frame_content_bytes(index);
        self.bundle
            .message
            .read_into(offset, len, &mut self.scratch, &mut self.stored)?;
        if blake3::hash(&self.stored) != blake3::Hash::from(frame.hash) {
            return Err(OpenError::FrameReplaced { index });
        }
        let mut content = Vec::new();
        if self.expand {
            content = self.buffers.take();
            if frame.compressed {
                self.unpacker
                    .unpack(&self.stored, content_bytes, &mut content)?;
            } else {
                // The manifest's rules made sure that a stored frame has its content's length.
                std::mem::swap(&mut content, &mut self.stored);
            }
        }
        Ok((content_bytes as u64, content))
    }
}

/// Cuts the content back into entries.
struct EntryWriter<'a> {
    entries: &'a [Entry],
    next: usize,
    left: u64,
    open: bool,
}

impl EntryWriter<'_> {
    fn write(&mut self, mut content: &[u8], sink: &mut dyn EntrySink) -> io::Result<()> {
        while !content.is_empty() && (self.left > 0 || self.begin_next(sink)?) {
            let count = usize::try_from(self.left)
                .unwrap_or(usize::MAX)
                .min(content.len());
            let (head, tail) = content.split_at(count);
            if !head.is_empty() {
                sink.write(head)?;
            }
            content = tail;
            self.left -= count as u64;
        }
        Ok(())
    }

    /// Ends the entry before and begins the next; `false` after the last.
    fn begin_next(&mut self, sink: &mut dyn EntrySink) -> io::Result<bool> {
        if std::mem::take(&mut self.open) {
            sink.end()?;
        }
        let Some(entry) = self.entries.get(self.next) else {
            return Ok(false);
        };
        sink.begin(self.next, entry)?;
        self.next += 1;
        self.left = entry.size_bytes;
        self.open = true;
        Ok(true)
    }

    /// Entries without content stand behind the last byte too.
    fn finish(&mut self, sink: &mut dyn EntrySink) -> io::Result<()> {
        while self.begin_next(sink)? {}
        Ok(())
    }
}

/// A sender block with as many readers as there may be.
const SENDER_BYTES_MAX: u32 = 46 + 64 + 32 * (SLOTS_MAX_U32);
const SLOTS_MAX_U32: u32 = 128;
const _: () = assert!(SLOTS_MAX == 128);
