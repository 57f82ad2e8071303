//! Whatever shows codes: a window, a terminal, a folder of pictures, paper.

use pack_format::advice::AdvisedError;

/// What is shown at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The payload of each code, in reading order; at most as many as were asked for.
    pub codes: Vec<Vec<u8>>,
    /// A short payload for a small code of its own beside the others: what this machine still
    /// lacks.
    pub corner: Option<Vec<u8>>,
}

/// How many codes a display has room for now, and how much each holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Codes side by side.
    pub code_count: usize,
    /// The longest payload of each, in bytes.
    pub payload_bytes: usize,
}

/// What a display wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Another sheet.
    Sheet(Demand),
    /// Nothing more: the person has closed it, or it is full.
    Nothing,
}

/// What a person reads beside the codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// One sentence: what is going on.
    pub headline: String,
    /// Further sentences, the most useful first.
    pub lines: Vec<String>,
    /// Pieces of what is shown: how many the other side has or was shown, how many it needs.
    pub outgoing: Option<(u64, u64)>,
    /// Pieces of what is filmed: how many have arrived, how many are needed.
    pub incoming: Option<(u64, u64)>,
    /// Of the pieces that were shown lately, how many in a hundred the other machine says it got;
    /// `None` where it says nothing.
    pub heard_percent: Option<u8>,
}

/// Shows codes one sheet after the other, at its own pace and density.
pub trait Display {
    /// Waits until the next sheet is due, and says what fits.
    ///
    /// # Errors
    /// [`DisplayError`] when nothing can be shown any more.
    fn wait(&mut self) -> Result<Wanted, DisplayError>;

    /// Shows one sheet until the next. An empty sheet leaves the place of the codes white.
    ///
    /// # Errors
    /// [`DisplayError`] when it could not be shown.
    fn show(&mut self, sheet: &Sheet, status: &Status) -> Result<(), DisplayError>;
}

/// Why codes could not be shown, with the advice of whoever shows them.
pub type DisplayError = AdvisedError;
