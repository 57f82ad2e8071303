//! The first opinion: `rxing`, in its parts, so that several codes are found.

use rxing::{
    Binarizer, Luma8Source,
    common::{BitMatrix, DetectorRXingResult as _, HybridBinarizer},
    qrcode::cpp_port::{
        decoder::Decode,
        detector::{FindFinderPatterns, FinderPatternSet, GenerateFinderPatternSets, SampleQR},
    },
};

use super::Sighting;
use crate::light::GreyPicture;

/// Reads every code in the picture.
pub(super) fn read(picture: &GreyPicture) -> Sighting {
    let (Ok(width), Ok(height)) = (
        u32::try_from(picture.width()),
        u32::try_from(picture.height()),
    ) else {
        return Sighting::default();
    };
    let Ok(source) = Luma8Source::new_with_slice(picture.pixels(), width, height) else {
        return Sighting::default();
    };
    let binarizer = HybridBinarizer::new(source);
    let Ok(bits) = binarizer.get_black_matrix() else {
        return Sighting::default();
    };
    read_bits(bits)
}

fn read_bits(bits: &BitMatrix) -> Sighting {
    let mut patterns = FindFinderPatterns(bits, true, 0);
    patterns.truncate(PATTERNS_MAX);
    let sets = GenerateFinderPatternSets(&mut patterns);
    let mut sighting = Sighting::default();
    let mut used = Vec::new();
    for set in sets.into_iter().take(SETS_MAX) {
        if [set.bl, set.tl, set.tr]
            .iter()
            .any(|pattern| used.contains(pattern))
        {
            continue;
        }
        if let Some(payload) = payload_of(bits, &set) {
            used.extend([set.bl, set.tl, set.tr]);
            sighting.push(payload);
        } else if sighting == Sighting::default() {
            let modules = f32::from(u16::try_from(set.tl.size).unwrap_or(u16::MAX)) / 7.0;
            sighting = Sighting::unreadable(modules);
        }
    }
    sighting
}

fn payload_of(bits: &BitMatrix, set: &FinderPatternSet) -> Option<Vec<u8>> {
    let sampled = SampleQR(bits, set).ok()?;
    let decoded = Decode(sampled.getBits()).ok()?;
    decoded
        .isValid()
        .then(|| decoded.content().bytes().to_vec())
}

/// More finder patterns than six codes and their noise have.
const PATTERNS_MAX: usize = 200;

/// More sets of three are not tried: each costs as much as a code.
const SETS_MAX: usize = 200;
