//! Looks for the three squares at the corners of each code.

use rxing::{
    Point,
    common::cpp_essentials::{ConcentricPattern, LocateConcentricPattern},
    qrcode::cpp_port::detector::{FinderPatternSet, GenerateFinderPatternSets},
};

use super::bits::Bits;

/// What a search found.
#[derive(Default)]
pub(super) struct Found {
    /// Squares that may belong together, the likeliest sets of three first.
    pub(super) sets: Vec<FinderPatternSet>,
    /// There are more squares than any honest picture has.
    pub(super) is_crowded: bool,
}

/// Looks for the squares of codes anywhere in the picture.
pub(super) fn search(bits: &Bits) -> Found {
    let mut patterns = patterns(bits);
    let is_crowded = patterns.len() >= PATTERNS_MAX;
    let mut sets: Vec<_> = GenerateFinderPatternSets(&mut patterns)
        .into_iter()
        .map(|set| (skew(&set), set))
        .filter(|(skew, _)| *skew < SKEW_MAX)
        .collect();
    sets.sort_by(|one, other| one.0.total_cmp(&other.0));
    Found {
        sets: sets.into_iter().map(|(_, set)| set).collect(),
        is_crowded,
    }
}

/// The same set in a later picture, if it has not moved far.
pub(super) fn follow(bits: &Bits, set: &FinderPatternSet) -> Option<FinderPatternSet> {
    Some(FinderPatternSet {
        bl: follow_one(bits, set.bl)?,
        tl: follow_one(bits, set.tl)?,
        tr: follow_one(bits, set.tr)?,
    })
}

/// The side of one module in pixels.
pub(super) fn module_pixels(set: &FinderPatternSet) -> f32 {
    (size(&set.bl) + size(&set.tl) + size(&set.tr)) / 3.0 / 7.0
}

/// Whether the set looks like a code and not like chance.
pub(super) fn is_likely(set: &FinderPatternSet) -> bool {
    skew(set) < SKEW_LIKELY
}

/// Whether two patterns are the same one.
pub(super) fn is_same(one: &ConcentricPattern, other: &ConcentricPattern) -> bool {
    Point::distance(one.p, other.p) < size(one).max(size(other)) / 2.0
}

fn patterns(bits: &Bits) -> Vec<ConcentricPattern> {
    let mut found: Vec<ConcentricPattern> = Vec::new();
    let mut edges = Vec::new();
    let mut candidates_left = CANDIDATES_MAX;
    for y in (ROW_STEP - 1..bits.matrix().height() as usize).step_by(ROW_STEP) {
        bits.edges(y, &mut edges);
        for window in edges.windows(6).step_by(2) {
            let Some((x, width)) = candidate(window) else {
                continue;
            };
            let centre = Point::new(x, y as f32 + 0.5);
            let known = |old: &ConcentricPattern| Point::distance(old.p, centre) < size(old) / 2.0;
            if found.iter().any(known) {
                continue;
            }
            found.extend(located(bits, centre, width));
            candidates_left -= 1;
            if candidates_left == 0 || found.len() == PATTERNS_MAX {
                return found;
            }
        }
    }
    found
}

/// The centre and the width of what may be a row through the middle of a square: dark, light,
/// dark, light, dark as 1:1:3:1:1.
fn candidate(edges: &[usize]) -> Option<(f32, i32)> {
    let &[start, a, b, c, d, end] = edges else {
        return None;
    };
    let (one, two, middle, four, five) = (a - start, b - a, c - b, d - c, end - d);
    // The usual case, told apart before anything is divided.
    if middle < 3 || 3 * middle < 4 * one.max(five) || middle < two.max(four) {
        return None;
    }
    let width = end - start;
    // Blur makes dark wider or narrower; from edge to like edge it stays the same.
    let module = width as f32 / 7.0;
    let is_near =
        |pixels: usize, modules: f32| (pixels as f32 - modules * module).abs() < module * 0.6 + 1.0;
    let fits = is_near(one + two, 2.0)
        && is_near(two + middle, 4.0)
        && is_near(middle + four, 4.0)
        && is_near(four + five, 2.0);
    let centre = (b + c) as f32 / 2.0;
    fits.then_some((centre, i32::try_from(width).ok()?))
}

/// The square around this point, if there is one in every direction.
fn located(bits: &Bits, centre: Point, width: i32) -> Option<ConcentricPattern> {
    // Three times, for very skewed ones.
    LocateConcentricPattern::<true, 5, 7>(bits.matrix(), &[1, 1, 3, 1, 1], centre, width * 3)
}

fn follow_one(bits: &Bits, old: ConcentricPattern) -> Option<ConcentricPattern> {
    let step = size(&old) * 0.3;
    OFFSETS.iter().find_map(|(dx, dy)| {
        let near = Point::new(old.p.x + dx * step, old.p.y + dy * step);
        if !bits.matrix().is_in(near) {
            return None;
        }
        let new = located(bits, near, old.size)?;
        let moved = Point::distance(old.p, new.p) < size(&old);
        let ratio = size(&new) / size(&old);
        (moved && (0.7..1.4).contains(&ratio)).then_some(new)
    })
}

/// How far three squares are from being alike and at the corners of a square: 0 is not at all.
fn skew(set: &FinderPatternSet) -> f32 {
    let (down, across) = (set.bl.p - set.tl.p, set.tr.p - set.tl.p);
    let (height, width) = (
        Point::distance(set.bl.p, set.tl.p),
        Point::distance(set.tr.p, set.tl.p),
    );
    let cosine = Point::dot(down, across).abs() / (height * width).max(1.0);
    let sizes = [size(&set.bl), size(&set.tl), size(&set.tr)];
    let largest = sizes.into_iter().fold(1.0, f32::max);
    let smallest = sizes.into_iter().fold(largest, f32::min);
    cosine + (height - width).abs() / height.max(width).max(1.0) + (1.0 - smallest / largest)
}

fn size(pattern: &ConcentricPattern) -> f32 {
    pattern.size as f32
}

/// A middle of three modules is hit down to 1.4 pixels a module.
const ROW_STEP: usize = 4;

/// More are not looked at in one picture: six codes and the noise in them have some thousands.
const CANDIDATES_MAX: u32 = 10_000;

/// More finder patterns than a dozen codes and their noise have.
const PATTERNS_MAX: usize = 150;

/// A square seen from thirty degrees aside is within it.
const SKEW_MAX: f32 = 0.8;

/// A code seen from twenty degrees aside is within it.
const SKEW_LIKELY: f32 = 0.4;

/// Where a square is looked for, in thirds of its side from where it was.
const OFFSETS: [(f32, f32); 5] = [(0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)];
