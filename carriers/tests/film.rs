//! A screen that shows a transfer, a simulated camera that films it, and who takes it in.
//!
//! The tests and the benchmark use the same.

use std::collections::HashSet;

use camera_model::{Camera, CameraSpec, Picture, Random, Recording};
use carriers::light::{CodeGrid, GreyPicture, Reader, Sheet};
use pack_format::light::{
    BlockDecoder, BlockEncoder, Frame, FrameParts, Kind, Layout, TransferId, symbols_in_frame,
};

/// A transfer of random bytes, frame by frame.
pub(crate) struct Transfer {
    bytes: Vec<u8>,
    layout: Layout,
    id: TransferId,
    next: (u8, u32),
}

impl Transfer {
    pub(crate) fn new(total_bytes: usize, seed: u64) -> Self {
        let bytes = Random::new(seed).bytes(total_bytes);
        Self {
            layout: Layout::new(total_bytes as u64).unwrap(),
            id: TransferId::of_message(&bytes),
            bytes,
            next: (0, 0),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The next payload of at most so many bytes.
    pub(crate) fn frame(&mut self, payload_bytes: usize) -> Vec<u8> {
        let count = symbols_in_frame(&self.layout, payload_bytes);
        let parts = FrameParts {
            kind: Kind::Pack,
            transfer: self.id,
            layout: self.layout,
            part_exponent: 0,
            single_block: false,
            block: self.next.0,
            first_symbol: self.next.1,
            count: u8::try_from(count).unwrap(),
        };
        self.next = parts.following();
        Frame::build(&parts, |block, id, symbol| {
            let (start, len) = self.layout.block(block);
            let block = &self.bytes[start as usize..][..len as usize];
            BlockEncoder::new(block, symbol.len()).symbol(id, symbol);
        })
    }

    pub(crate) fn sheet(&mut self, grid: &CodeGrid) -> Sheet {
        let demand = grid.demand();
        Sheet {
            codes: (0..demand.code_count)
                .map(|_| self.frame(demand.payload_bytes))
                .collect(),
            corner: None,
        }
    }
}

/// Whoever takes a transfer in: foreign and damaged frames change nothing.
pub(crate) struct Receiver {
    id: TransferId,
    layout: Layout,
    blocks: Vec<BlockDecoder>,
}

impl Receiver {
    pub(crate) fn new(transfer: &Transfer) -> Self {
        let layout = transfer.layout;
        let block = |block| BlockDecoder::new(layout.source_symbols(block), layout.symbol_bytes());
        Self {
            id: transfer.id,
            layout,
            blocks: (0..layout.block_count()).map(block).collect(),
        }
    }

    /// Whether the payload was a frame of the transfer.
    pub(crate) fn take(&mut self, payload: &[u8]) -> bool {
        let Ok(frame) = Frame::parse(payload) else {
            return false;
        };
        if frame.transfer() != self.id || frame.layout() != self.layout {
            return false;
        }
        for (block, id, symbol) in frame.symbols() {
            self.blocks[usize::from(block)].add(id, symbol);
        }
        true
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.blocks.iter().all(BlockDecoder::is_complete)
    }

    /// The bytes of the transfer, once it is complete.
    pub(crate) fn bytes(self) -> Option<Vec<u8>> {
        let layout = self.layout;
        let blocks = (0..).zip(self.blocks);
        let blocks: Option<Vec<_>> = blocks
            .map(|(number, block)| block.into_block(layout.block(number).1 as usize))
            .collect();
        Some(blocks?.concat())
    }
}

/// What is filmed, and with what.
pub(crate) struct Scene {
    pub(crate) grid: CodeGrid,
    pub(crate) pictures_per_second: u32,
    pub(crate) spec: CameraSpec,
    pub(crate) seed: u64,
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct Filmed {
    pub(crate) frames: usize,
    pub(crate) codes_shown: usize,
    /// Distinct payloads that were read, of those that were shown.
    pub(crate) codes_read: usize,
    /// Payloads that nobody has shown.
    pub(crate) wrong: usize,
    pub(crate) is_complete: bool,
    pub(crate) elapsed_secs: f64,
}

impl Scene {
    /// Films until the transfer is complete, or for so many frames.
    pub(crate) fn film(&self, transfer: &mut Transfer, frames_max: usize) -> Filmed {
        let mut receiver = Receiver::new(transfer);
        let mut shown = HashSet::new();
        let mut read = HashSet::new();
        let mut filmed = Filmed {
            frames: 0,
            codes_shown: 0,
            codes_read: 0,
            wrong: 0,
            is_complete: false,
            elapsed_secs: 0.0,
        };
        let module_pixels = self.grid.module_pixels(SCREEN.0, SCREEN.1);
        let shown_now = std::cell::RefCell::new((&mut shown, Vec::new()));
        let next = || {
            let sheet = transfer.sheet(&self.grid);
            let (shown, newest) = &mut *shown_now.borrow_mut();
            shown.extend(std::mem::replace(newest, sheet.codes.clone()));
            to_film(&self.grid.draw(&sheet, module_pixels).unwrap())
        };
        let (width, height) = (
            self.grid.width_modules() * module_pixels,
            self.grid.height_modules() * module_pixels,
        );
        let mut camera = Camera::new(self.spec.clone(), width, height, self.seed);
        let interval_secs = 1.0 / f64::from(self.pictures_per_second);
        let mut recording = Recording::new(&mut camera, interval_secs, next);
        let mut reader = Reader::new();
        while filmed.frames < frames_max && !receiver.is_complete() {
            let frame = to_read(recording.next().unwrap());
            filmed.frames += 1;
            for payload in reader.read(&frame).payloads {
                receiver.take(&payload);
                read.insert(payload);
            }
        }
        filmed.elapsed_secs = recording.elapsed_secs();
        filmed.is_complete = receiver.is_complete();
        drop(recording);
        // The newest sheet has not been on the screen for its whole time.
        let (_, newest) = shown_now.into_inner();
        shown.extend(newest.into_iter().filter(|code| read.contains(code)));
        filmed.codes_shown = shown.len();
        filmed.codes_read = read.intersection(&shown).count();
        filmed.wrong = read.len() - filmed.codes_read;
        if filmed.is_complete {
            assert_eq!(receiver.bytes().as_deref(), Some(transfer.bytes()));
        }
        filmed
    }
}

/// One frame in which nothing moves.
pub(crate) fn still(spec: &CameraSpec, picture: &GreyPicture, seed: u64) -> GreyPicture {
    let mut camera = Camera::new(spec.clone(), picture.width(), picture.height(), seed);
    let shown = to_film(picture);
    let frame = Recording::new(&mut camera, 1_000.0, || shown.clone()).next();
    to_read(frame.unwrap())
}

pub(crate) fn to_film(picture: &GreyPicture) -> Picture {
    Picture {
        width: picture.width(),
        height: picture.height(),
        pixels: picture.pixels().to_vec(),
    }
}

pub(crate) fn to_read(picture: Picture) -> GreyPicture {
    GreyPicture::new(picture.width, picture.height, picture.pixels).unwrap()
}

/// The screen on which pictures are shown, in pixels.
pub(crate) const SCREEN: (usize, usize) = (1_920, 1_080);
