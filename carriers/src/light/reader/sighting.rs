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
    /// Nothing was read of a code whose modules have this side.
    pub(super) fn unreadable(module_pixels: f32) -> Self {
        let trouble = if module_pixels < MODULE_PIXELS_MIN {
            Trouble::TooSmall
        } else {
            Trouble::Blurred
        };
        Self {
            payloads: Vec::new(),
            seen: Seen::Unreadable {
                trouble,
                module_pixels,
            },
        }
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
