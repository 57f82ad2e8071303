//! Which of a camera's modes is asked for.

/// A mode that a camera offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mode {
    pub(super) packing: Packing,
    pub(super) width: u32,
    pub(super) height: u32,
    /// The most pictures in a second, where the camera says so.
    pub(super) rate: Option<u32>,
}

/// How a camera packs its pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Packing {
    /// Uncompressed: most cameras have no room for many of these on their cable.
    Yuyv,
    /// Compressed one by one.
    Mjpg,
}

/// What is asked for when a camera does not list its modes.
pub(super) const FALLBACK: Mode = Mode {
    packing: Packing::Mjpg,
    width: 1280,
    height: 720,
    rate: None,
};

/// The best of the modes: MJPG in full HD at 30 pictures a second, else MJPG in HD, else YUYV in
/// HD, else the largest of the smaller ones.
pub(super) fn choose(modes: &[Mode]) -> Option<Mode> {
    let within = modes.iter().filter(|mode| {
        let (width_max, height_max) = FULL_HD;
        mode.width <= width_max && mode.height <= height_max && mode.width > 0 && mode.height > 0
    });
    within.copied().max_by_key(rank)
}

/// Larger is better.
fn rank(mode: &Mode) -> (u8, bool, u64, Packing) {
    // A camera that does not say how fast it is gets the benefit of the doubt in HD only.
    let is_fast = mode.rate.is_some_and(|rate| rate >= WANTED_RATE);
    let size = (mode.width, mode.height);
    let class = match (mode.packing, size) {
        (Packing::Mjpg, FULL_HD) if is_fast => 4,
        (Packing::Mjpg, HD) => 3,
        (Packing::Yuyv, HD) if mode.rate.is_none_or(|rate| rate >= SLOW_RATE) => 2,
        _ if size <= HD => 1,
        _ => 0,
    };
    let pixel_count = u64::from(mode.width).saturating_mul(u64::from(mode.height));
    (class, is_fast, pixel_count, mode.packing)
}

const FULL_HD: (u32, u32) = (1920, 1080);
const HD: (u32, u32) = (1280, 720);

/// Sizes worth asking for when a camera takes any size.
pub(super) const WANTED_SIZES: [(u32, u32); 3] = [FULL_HD, HD, (640, 480)];

/// Pictures a second.
pub(super) const WANTED_RATE: u32 = 30;

/// What is still better in HD than a faster rate in a smaller picture.
const SLOW_RATE: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(packing: Packing, (width, height): (u32, u32), rate: u32) -> Mode {
        Mode {
            packing,
            width,
            height,
            rate: Some(rate),
        }
    }

    #[test]
    fn full_hd_is_asked_for_only_at_full_rate() {
        let fast = mode(Packing::Mjpg, FULL_HD, 30);
        let slow = mode(Packing::Mjpg, FULL_HD, 15);
        let hd = mode(Packing::Mjpg, HD, 30);
        assert_eq!(choose(&[hd, fast]), Some(fast));
        assert_eq!(choose(&[slow, hd]), Some(hd));
        assert_eq!(choose(&[slow]), Some(slow));
    }

    #[test]
    fn compressed_pictures_go_before_uncompressed_ones_of_the_same_size() {
        let mjpg = mode(Packing::Mjpg, HD, 30);
        let yuyv = mode(Packing::Yuyv, HD, 10);
        let small = mode(Packing::Yuyv, (640, 480), 30);
        assert_eq!(choose(&[yuyv, mjpg, small]), Some(mjpg));
        assert_eq!(choose(&[small, yuyv]), Some(yuyv));
    }

    #[test]
    fn small_and_fast_goes_before_large_and_very_slow() {
        let crawling = mode(Packing::Yuyv, HD, 5);
        let small = mode(Packing::Yuyv, (640, 480), 30);
        assert_eq!(choose(&[crawling, small]), Some(small));
    }

    #[test]
    fn nothing_beyond_full_hd_is_asked_for() {
        let beyond = mode(Packing::Mjpg, (3840, 2160), 30);
        let empty = mode(Packing::Mjpg, (0, 0), 30);
        assert_eq!(choose(&[beyond, empty]), None);
        let tiny = mode(Packing::Yuyv, (320, 240), 30);
        assert_eq!(choose(&[beyond, tiny]), Some(tiny));
    }

    #[test]
    fn camera_that_does_not_say_its_rate_is_asked_for_hd() {
        let silent = |size: (u32, u32)| Mode {
            rate: None,
            ..mode(Packing::Mjpg, size, 0)
        };
        let modes = [silent(FULL_HD), silent(HD), silent((640, 480))];
        assert_eq!(choose(&modes), Some(silent(HD)));
    }
}
