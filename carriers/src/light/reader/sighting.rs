//! What a reader saw in one picture.

/// The codes in one picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sighting {
    /// The payload of each code that was read, without repetitions.
    pub payloads: Vec<Vec<u8>>,
    /// What there was to be seen.
    pub seen: Seen,
}

/// What there was to be seen in a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Seen {
    /// Nothing that looks like a code.
    #[default]
    Nothing,
    /// At least one code, and none that could be read.
    Unreadable {
        /// What is probably the matter.
        trouble: Trouble,
        /// The side of one module in pixels of the picture.
        module_pixels: f32,
    },
    /// So many codes were read.
    Codes(usize),
}

/// Why a code that is there cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Its modules are smaller than what any camera tells apart: it must come closer.
    TooSmall,
    /// It is large enough: it is out of focus, moving, covered, or changed while it was filmed.
    Blurred,
}

impl Sighting {
    /// There is a code whose modules have this side, and it was not read.
    pub(super) fn see(&mut self, module_pixels: f32) {
        if self.seen != Seen::Nothing {
            return;
        }
        let trouble = if module_pixels < MODULE_PIXELS_MIN {
            Trouble::TooSmall
        } else {
            Trouble::Blurred
        };
        self.seen = Seen::Unreadable {
            trouble,
            module_pixels,
        };
    }

    /// Somebody else saw this in the same picture.
    pub(super) fn see_what(&mut self, seen: Seen) {
        if self.seen == Seen::Nothing {
            self.seen = seen;
        }
    }

    /// Adds the payloads that somebody else read in the same picture.
    pub(super) fn unite(&mut self, other: Sighting) {
        self.see_what(other.seen);
        for payload in other.payloads {
            if !self.payloads.contains(&payload) {
                self.push(payload);
            }
        }
    }

    /// Whether nothing was read.
    pub(super) fn is_barren(&self) -> bool {
        self.payloads.is_empty()
    }

    /// The same, seen in a picture that was shrunk to one part in `2^level` of each side.
    pub(super) fn enlarged(mut self, level: u32) -> Self {
        if let Seen::Unreadable { module_pixels, .. } = self.seen {
            let pixels = (0..level).fold(module_pixels, |pixels, _| pixels * 2.0);
            self.seen = Seen::Nothing;
            self.see(pixels);
        }
        self
    }

    /// Adds a code that was read, and its payload unless it is known.
    pub(super) fn push(&mut self, payload: Vec<u8>) {
        if !self.payloads.contains(&payload) {
            self.payloads.push(payload);
        }
        self.seen = match self.seen {
            Seen::Codes(count) => Seen::Codes(count + 1),
            Seen::Nothing | Seen::Unreadable { .. } => Seen::Codes(1),
        };
    }
}

/// Below this no decoder reads reliably.
const MODULE_PIXELS_MIN: f32 = 2.5;
