//! One QR code as squares: always byte mode, always the same mask.

use qrcode::{
    Color, EcLevel,
    bits::Bits,
    canvas::{Canvas, MaskPattern},
    ec,
};

use crate::qr::QrError;

/// The size of a code, 1 to 40, as the standard counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u8);

impl Version {
    /// The smallest code: 21 modules a side.
    pub const SMALLEST: Version = Version(1);

    /// The largest code: 177 modules a side.
    pub const LARGEST: Version = Version(40);

    /// The version of this number; outside 1 to 40, the nearest there is.
    #[must_use]
    pub const fn nearest(number: u8) -> Self {
        match number {
            0 => Version::SMALLEST,
            1..=40 => Version(number),
            _ => Version::LARGEST,
        }
    }

    /// The number of this version.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Modules along one side, without the quiet zone.
    #[must_use]
    pub const fn side(self) -> usize {
        17 + 4 * self.0 as usize
    }

    /// Modules along one side with the quiet zone around it.
    #[must_use]
    pub const fn cell_side(self) -> usize {
        self.side() + 2 * QUIET_MODULES
    }

    /// All versions, smallest first.
    pub fn all() -> impl Iterator<Item = Version> {
        (1..=40).map(Version)
    }

    /// The smallest version that holds this many bytes.
    #[must_use]
    pub fn smallest_for(payload_bytes: usize, correction: Correction) -> Option<Self> {
        Self::all().find(|version| capacity_bytes(*version, correction) >= payload_bytes)
    }

    fn for_encoder(self) -> qrcode::Version {
        qrcode::Version::Normal(i16::from(self.0))
    }
}

/// How much of a code may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correction {
    /// Some 7 in 100 (level L): for screens, which nothing covers or tears.
    Screen,
    /// Some 15 in 100 (level M): for paper, which is folded and gets stains.
    Paper,
}

impl Correction {
    fn for_encoder(self) -> EcLevel {
        match self {
            Correction::Screen => EcLevel::L,
            Correction::Paper => EcLevel::M,
        }
    }
}

/// How many bytes one code holds.
#[must_use]
pub fn capacity_bytes(version: Version, correction: Correction) -> usize {
    let bits = Bits::new(version.for_encoder());
    let room_bits = bits.max_len(correction.for_encoder()).unwrap_or_default();
    // In front of the payload: four bits for the mode, then how many bytes follow.
    let count_bits = if version.0 < 10 { 8 } else { 16 };
    room_bits.saturating_sub(4 + count_bits) / 8
}

/// The squares of one QR code, without its quiet zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    version: Version,
    colors: Vec<Color>,
}

impl Code {
    /// A code of this version.
    ///
    /// # Errors
    /// [`QrError::PayloadOutOfRange`] for nothing and for more than [`capacity_bytes`];
    /// [`QrError::NotMade`] where the encoder fails.
    pub fn new(payload: &[u8], version: Version, correction: Correction) -> Result<Self, QrError> {
        let max_bytes = capacity_bytes(version, correction);
        if !(1..=max_bytes).contains(&payload.len()) {
            return Err(QrError::PayloadOutOfRange {
                size_bytes: payload.len(),
                max_bytes,
            });
        }
        let level = correction.for_encoder();
        let encoder_version = version.for_encoder();
        let mut bits = Bits::new(encoder_version);
        bits.push_byte_data(payload)
            .and_then(|()| bits.push_terminator(level))
            .map_err(QrError::not_made)?;
        let (data, check) = ec::construct_codewords(&bits.into_bytes(), encoder_version, level)
            .map_err(QrError::not_made)?;
        let mut canvas = Canvas::new(encoder_version, level);
        canvas.draw_all_functional_patterns();
        canvas.draw_data(&data, &check);
        canvas.apply_mask(MASK);
        Ok(Self {
            version,
            colors: canvas.into_colors(),
        })
    }

    /// A code of the smallest version that holds the payload.
    ///
    /// # Errors
    /// As for [`Code::new`].
    pub fn smallest(payload: &[u8], correction: Correction) -> Result<Self, QrError> {
        let version = Version::smallest_for(payload.len(), correction).unwrap_or(Version::LARGEST);
        Self::new(payload, version, correction)
    }

    /// The version of the code.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Modules along one side, without the quiet zone.
    #[must_use]
    pub fn side(&self) -> usize {
        self.version.side()
    }

    /// Whether the module in this column and row is dark; outside all is light.
    #[must_use]
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        let side = self.side();
        x < side && y < side && self.colors.get(y * side + x) == Some(&Color::Dark)
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Code(version {})", self.version.0)
    }
}

/// The quiet zone that the standard asks for, in modules on every side.
pub const QUIET_MODULES: usize = 4;

/// The usual search for the best mask costs forty times the rest; sealed bytes look random under
/// any mask.
const MASK: MaskPattern = MaskPattern::Diamonds;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacities_are_those_of_the_standard() {
        let screen = [
            (1, 17),
            (5, 106),
            (9, 230),
            (10, 271),
            (27, 1_465),
            (40, 2_953),
        ];
        for (number, bytes) in screen {
            let found = capacity_bytes(Version::nearest(number), Correction::Screen);
            assert_eq!(found, bytes, "version {number}");
        }
        let paper = [(10, 213), (25, 997), (27, 1_125)];
        for (number, bytes) in paper {
            let found = capacity_bytes(Version::nearest(number), Correction::Paper);
            assert_eq!(found, bytes, "version {number}");
        }
    }

    #[test]
    fn a_full_code_is_made_and_one_byte_more_is_refused() {
        for version in Version::all() {
            for correction in [Correction::Screen, Correction::Paper] {
                let full = vec![0xa5; capacity_bytes(version, correction)];
                let code = Code::new(&full, version, correction).unwrap();
                assert_eq!(code.side(), version.side());
                let more = vec![0xa5; full.len() + 1];
                Code::new(&more, version, correction).unwrap_err();
            }
        }
        Code::new(&[], Version::LARGEST, Correction::Screen).unwrap_err();
    }

    #[test]
    fn the_smallest_version_is_chosen() {
        for (size_bytes, number) in [(1, 1), (17, 1), (18, 2), (500, 15), (2_953, 40)] {
            let code = Code::smallest(&vec![1; size_bytes], Correction::Screen).unwrap();
            assert_eq!(code.version().number(), number, "{size_bytes} bytes");
        }
        let err = Code::smallest(&[1; 2_954], Correction::Screen).unwrap_err();
        assert!(matches!(err, QrError::PayloadOutOfRange { .. }), "{err}");
    }

    #[test]
    fn finder_patterns_are_dark_at_three_corners() {
        let code = Code::smallest(b"x", Correction::Screen).unwrap();
        assert!(code.is_dark(0, 0) && code.is_dark(20, 0) && code.is_dark(0, 20));
        assert!(!code.is_dark(21, 0) && !code.is_dark(0, 21) && !code.is_dark(7, 7));
    }
}
