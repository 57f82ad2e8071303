//! A contact card or a pairing code by light: shown like a pack, without anybody to answer.

use std::time::Duration;

use carriers::light::{Demand, Display, Sheet, Status, Wanted};
use pack_format::{
    codec::DecodeError,
    light::{
        BlockDecoder, BlockEncoder, Frame, FrameParts, Kind, Layout, TransferId, symbols_in_frame,
    },
};

use zeroize::Zeroizing;

use super::{
    drive::{Eyes, Glimpse},
    noticed::Noticed,
};
use crate::{CrossingError, Progress};

/// Shows a card or a pairing code until the person has had enough of it.
///
/// # Errors
/// [`CrossingError::Due`] for bytes that [`MessageShow::new`] refuses; [`CrossingError::Display`].
pub fn show_message(
    kind: Kind,
    bytes: Vec<u8>,
    headline: &str,
    display: &mut dyn Display,
    progress: &dyn Progress,
) -> Result<(), CrossingError> {
    let mut show = MessageShow::new(kind, bytes).map_err(CrossingError::Due)?;
    let status = Status {
        headline: headline.to_owned(),
        ..Status::default()
    };
    while !progress.cancelled() {
        let Wanted::Sheet(demand) = display.wait().map_err(CrossingError::Display)? else {
            break;
        };
        let sheet = show.sheet(demand);
        display
            .show(&sheet, &status)
            .map_err(CrossingError::Display)?;
    }
    Ok(())
}

/// Films a card or a pairing code. `is_message` says whether the payload of a single code is one
/// as it stands, without a frame around it.
///
/// # Errors
/// [`CrossingError::LightNothing`] when there are no more pictures and it was not in them;
/// [`CrossingError::Camera`]; [`CrossingError::Cancelled`].
pub fn film_message(
    kind: Kind,
    is_message: &dyn Fn(&[u8]) -> bool,
    eyes: &mut dyn Eyes,
    progress: &mut dyn Progress,
) -> Result<Zeroizing<Vec<u8>>, CrossingError> {
    let mut looking = MessageEyes::new(kind);
    let mut status = Status {
        headline: "Point the camera at the code.".to_owned(),
        ..Status::default()
    };
    let mut seen = None;
    while !progress.cancelled() {
        match eyes.look(LOOK_TIME) {
            None => {}
            Some(Glimpse::Payload(payload)) if is_message(&payload) => {
                return Ok(Zeroizing::new(payload));
            }
            Some(Glimpse::Payload(payload)) => match looking.take(&payload) {
                Ok(message) => return Ok(Zeroizing::new(message)),
                Err(noticed) => {
                    seen = noticed.advice().or(seen);
                    status.lines = noticed.advice().map(str::to_owned).into_iter().collect();
                }
            },
            Some(Glimpse::Advice(text)) => status.lines = vec![text],
            Some(Glimpse::Ended) => return Err(CrossingError::LightNothing { seen }),
            Some(Glimpse::Failed(err)) => return Err(CrossingError::Camera(err)),
        }
        progress.status(&status);
    }
    Err(CrossingError::Cancelled)
}

/// Something short that is shown.
pub struct MessageShow {
    kind: Kind,
    transfer: TransferId,
    layout: Layout,
    bytes: Zeroizing<Vec<u8>>,
    next_symbol: u32,
}

impl MessageShow {
    /// Shows `bytes`, a card or a pairing code.
    ///
    /// # Errors
    /// [`DecodeError::OverLimit`] for nothing at all or more than [`MESSAGE_BYTES_MAX`] bytes.
    pub fn new(kind: Kind, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let found = bytes.len() as u64;
        if found > MESSAGE_BYTES_MAX {
            return Err(DecodeError::OverLimit {
                what: "message by light",
                found,
                limit: MESSAGE_BYTES_MAX,
            });
        }
        Ok(Self {
            kind,
            transfer: TransferId::of_message(&bytes),
            layout: Layout::new(found)?,
            bytes: Zeroizing::new(bytes),
            next_symbol: 0,
        })
    }

    /// How many codes of this capacity it takes at best; one that fits into a single code is
    /// shown standing still.
    #[must_use]
    pub fn code_count(&self, payload_bytes: usize) -> u32 {
        let each = symbols_in_frame(&self.layout, payload_bytes).max(1);
        let each = u32::try_from(each).unwrap_or(u32::MAX);
        self.layout.source_symbols_in_all().div_ceil(each)
    }

    /// The next codes.
    pub fn sheet(&mut self, demand: Demand) -> Sheet {
        let codes = (0..demand.code_count).filter_map(|_| self.next_frame(demand.payload_bytes));
        Sheet {
            codes: codes.collect(),
            corner: None,
        }
    }

    fn next_frame(&mut self, payload_bytes: usize) -> Option<Vec<u8>> {
        let needed = self.layout.source_symbols_in_all();
        let fits = u32::try_from(symbols_in_frame(&self.layout, payload_bytes)).ok()?;
        if fits >= needed {
            self.next_symbol = 0;
        }
        let count = u8::try_from(fits.min(needed)).ok().filter(|it| *it > 0)?;
        let parts = FrameParts {
            kind: self.kind,
            transfer: self.transfer,
            layout: self.layout,
            part_exponent: 0,
            single_block: false,
            block: 0,
            first_symbol: self.next_symbol,
            count,
        };
        let encoder = BlockEncoder::new(&self.bytes, self.layout.symbol_bytes());
        let frame = Frame::build(&parts, |_, id, symbol| encoder.symbol(id, symbol));
        self.next_symbol = self.next_symbol.saturating_add(count.into());
        Some(frame)
    }
}

/// Puts something short together from what is filmed.
pub struct MessageEyes {
    kind: Kind,
    /// The transfer that was begun; another one begins anew.
    current: Option<(TransferId, Layout, BlockDecoder)>,
}

impl MessageEyes {
    /// Looks for a card or a pairing code.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            current: None,
        }
    }

    /// Takes the payload of one code: the whole message once it is there, or what the code was.
    /// Nothing about the message is verified.
    ///
    /// # Errors
    /// What else the code is; pieces are no error in any other sense.
    pub fn take(&mut self, payload: &[u8]) -> Result<Vec<u8>, Noticed> {
        let frame = Frame::parse(payload).map_err(|err| Noticed::of_error(&err))?;
        if frame.kind() != self.kind {
            return Err(Noticed::of_kind(frame.kind()));
        }
        let (transfer, layout) = (frame.transfer(), frame.layout());
        if layout.total_bytes() > MESSAGE_BYTES_MAX {
            return Err(Noticed::Damaged);
        }
        let is_current = |(id, known, _): &(TransferId, Layout, BlockDecoder)| {
            *id == transfer && *known == layout
        };
        if !self.current.as_ref().is_some_and(is_current) {
            let decoder = BlockDecoder::new(layout.source_symbols(0), layout.symbol_bytes());
            self.current = Some((transfer, layout, decoder));
        }
        let Some((_, _, decoder)) = &mut self.current else {
            return Err(Noticed::Damaged);
        };
        for (_, id, symbol) in frame.symbols() {
            decoder.add(id, symbol);
        }
        if !decoder.is_complete() {
            return Err(Noticed::Pieces);
        }
        let len = usize::try_from(layout.total_bytes()).unwrap_or(usize::MAX);
        let bytes = self
            .current
            .take()
            .and_then(|(_, _, it)| it.into_block(len));
        let bytes = bytes.filter(|bytes| TransferId::of_message(bytes) == transfer);
        bytes.ok_or(Noticed::Damaged)
    }
}

/// How long nothing is seen before the person is asked whether to go on.
const LOOK_TIME: Duration = Duration::from_millis(100);

/// Cards are the longest; they stay below this.
const MESSAGE_BYTES_MAX: u64 = 64 << 10;
