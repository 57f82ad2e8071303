//! What the head of a light frame says; the one place where the relay looks into a frame.
//!
//! Spec: spec/light.md, "Frame".

use pack_format::light::{Frame, FrameParts, Kind, Layout};

use super::TransferName;

/// A frame of a pack, by its head: which symbols of which transfer it carries.
///
/// The checksum was right, which an accident does not manage; nothing is known about the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHead(FrameParts);

impl FrameHead {
    /// Reads a frame of a pack; `None` for anything else.
    pub(crate) fn read(frame: &[u8]) -> Option<Self> {
        let frame = Frame::parse(frame).ok()?;
        (frame.kind() == Kind::Pack).then_some(Self(*frame.parts()))
    }

    /// The transfer it belongs to.
    pub(crate) fn transfer(&self) -> TransferName {
        // No layout is longer than a `u32` counts.
        let total_bytes = u32::try_from(self.0.layout.total_bytes()).unwrap_or(u32::MAX);
        TransferName {
            id: self.0.transfer,
            total_bytes,
        }
    }

    /// Block and symbol id of each symbol in it.
    pub(crate) fn places(&self) -> impl Iterator<Item = (u8, u32)> {
        self.0.places()
    }
}

/// How many symbols a transfer of this length is made of: no fewer can give it back.
pub(crate) fn needed_symbols(total_bytes: u32) -> u32 {
    Layout::new(total_bytes.into()).map_or(0, |layout| layout.source_symbols_in_all())
}
