//! A transfer by light: sealed bytes as symbols of a fountain code, in codes that a camera films.
//!
//! A sender shows ever new symbols and a receiver needs only enough of them, whichever they are, so
//! that a code that was missed costs nothing but its own time. Nothing here is secret and nothing
//! is authenticated: what a transfer yields counts only after its own check.
//! Spec: spec/light.md.

mod answer;
mod coefficients;
mod decoder;
mod encoder;
mod frame;
mod layout;
mod transfer;
mod walk;

pub use answer::{ANSWER_BYTES_MAX, Answer, AnswerEntry};
pub use decoder::{Added, BlockDecoder};
pub use encoder::BlockEncoder;
pub use frame::{FRAME_HEADER_BYTES, Frame, FrameError, FrameParts, Symbols};
pub use layout::{
    BLOCK_BYTES, Layout, SYMBOL_BYTES, SYMBOL_BYTES_SMALL, TRANSFER_BYTES_SMALL, symbols_in_frame,
};
pub use transfer::{Kind, TransferId};

pub use crate::limits::{
    ANSWER_ENTRIES_MAX, BLOCKS_MAX, FRAME_BYTES_MAX, PART_EXPONENT_MAX, SOURCE_SYMBOLS_MAX,
    SYMBOL_ID_MAX, TRANSFER_BYTES_MAX,
};

/// CRC-32C (Castagnoli), as in RFC 3720: it finds what error correction of a code mended wrongly.
const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
