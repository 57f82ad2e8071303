//! The camera: where each of its pixels looks, and what becomes of the light.

use crate::{CameraSpec, Picture, Random, blur::blur, pose::Pose};

/// A camera in one place in front of a screen.
pub struct Camera {
    spec: CameraSpec,
    screen: (usize, usize),
    /// For each pixel, where in the picture it gathers its light.
    taps: Vec<[u32; TAPS.len()]>,
    /// For each pixel, how much light arrives, in 256ths.
    gains: Vec<u16>,
    noise: Vec<i8>,
    random: Random,
}

/// One picture as it falls on the sensor, sharp in time.
pub struct Exposed(Vec<u8>);

/// The light that one row of a frame gets.
pub struct RowLight<'a> {
    /// What was on the screen before.
    pub earlier: &'a Exposed,
    /// What is on the screen when the row is complete.
    pub later: &'a Exposed,
    /// How much of the later one is in it, in 256ths.
    pub later_256ths: u32,
}

impl Camera {
    /// A camera that looks at pictures of this size.
    #[must_use]
    pub fn new(spec: CameraSpec, screen_width: usize, screen_height: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let pose = Pose::new(
            &spec,
            screen_width as f64,
            screen_height as f64,
            &mut random,
        );
        let taps = taps(&spec, &pose, screen_width, screen_height);
        let gains = gains(&spec, &mut random);
        let noise = (0..NOISE_PIXELS)
            .map(|_| (random.normal() * spec.noise_grey).clamp(-128.0, 127.0) as i8)
            .collect();
        Self {
            spec,
            screen: (screen_width, screen_height),
            taps,
            gains,
            noise,
            random,
        }
    }

    /// What the camera is like.
    #[must_use]
    pub fn spec(&self) -> &CameraSpec {
        &self.spec
    }

    /// Lets a picture fall on the sensor.
    ///
    /// # Panics
    /// When the picture has another size than the camera was made for.
    #[must_use]
    pub fn expose(&self, picture: &Picture) -> Exposed {
        assert_eq!(self.screen, (picture.width, picture.height), "another size");
        let mut source = picture.pixels.clone();
        source.push(AROUND_GREY);
        let mut pixels: Vec<u8> = self
            .taps
            .iter()
            .map(|taps| {
                let sum: u32 = taps.iter().map(|at| u32::from(source[*at as usize])).sum();
                (sum / TAPS.len() as u32) as u8
            })
            .collect();
        blur(&mut pixels, self.spec.width, self.spec.blur_pixels);
        Exposed(pixels)
    }

    /// One frame; `rows` says for each row what light it got.
    pub fn develop<'a>(&mut self, rows: impl Iterator<Item = RowLight<'a>>) -> Picture {
        let (width, height) = (self.spec.width, self.spec.height);
        let (sway_x, sway_y) = (self.sway(), self.sway());
        let black = self.spec.black_grey as i32;
        let range = (self.spec.white_grey - self.spec.black_grey) as u32;
        let mut pixels = Vec::with_capacity(width * height);
        for (y, light) in rows.take(height).enumerate() {
            let start = (y + sway_y).min(height - 1) * width;
            let seen = start + sway_x..start + width;
            let noise_start = self.random.below(NOISE_PIXELS - width);
            let both = light.earlier.0[seen.clone()]
                .iter()
                .zip(&light.later.0[seen]);
            let sensor = self.gains[y * width..]
                .iter()
                .zip(&self.noise[noise_start..]);
            pixels.extend(both.zip(sensor).map(|((earlier, later), (gain, noise))| {
                let mixed = u32::from(*earlier) * (256 - light.later_256ths)
                    + u32::from(*later) * light.later_256ths;
                let lit = ((mixed >> 8) * range / 255 * u32::from(*gain)) >> 8;
                (black + lit as i32 + i32::from(*noise)).clamp(0, 255) as u8
            }));
            // What comes into view on the other side looks like its neighbour.
            let last = pixels.last().copied().unwrap_or_default();
            pixels.resize((y + 1) * width, last);
        }
        Picture {
            width,
            height,
            pixels,
        }
    }

    /// By how many pixels the hand is off, to one side and back.
    fn sway(&mut self) -> usize {
        self.random.below(self.spec.sway_pixels + 1)
    }
}

fn taps(spec: &CameraSpec, pose: &Pose, width: usize, height: usize) -> Vec<[u32; TAPS.len()]> {
    let around = (width * height) as u32;
    let index = |x: f64, y: f64| {
        let inside = x >= 0.0 && y >= 0.0 && x < width as f64 && y < height as f64;
        if inside {
            y as u32 * width as u32 + x as u32
        } else {
            around
        }
    };
    (0..spec.height)
        .flat_map(|y| (0..spec.width).map(move |x| (x, y)))
        .map(|(x, y)| {
            TAPS.map(|(dx, dy)| {
                let (u, v) = pose.picture_point(x as f64 + dx, y as f64 + dy);
                index(u, v)
            })
        })
        .collect()
}

/// Light that falls from one side and less into the corners.
fn gains(spec: &CameraSpec, random: &mut Random) -> Vec<u16> {
    let angle = random.unit() * std::f32::consts::TAU;
    let (side_x, side_y) = (angle.cos(), angle.sin());
    (0..spec.height)
        .flat_map(|y| (0..spec.width).map(move |x| (x, y)))
        .map(|(x, y)| {
            let across = x as f32 / spec.width as f32 * 2.0 - 1.0;
            let down = y as f32 / spec.height as f32 * 2.0 - 1.0;
            let from_side = (across * side_x + down * side_y + 1.4) / 2.8;
            let from_centre = (across * across + down * down) / 2.0;
            let loss = spec.light_loss * (from_side * 0.7 + from_centre * 0.3).clamp(0.0, 1.0);
            ((1.0 - loss) * 256.0) as u16
        })
        .collect()
}

/// Where in a pixel light is gathered: a turned square.
const TAPS: [(f64, f64); 4] = [
    (0.125, 0.375),
    (0.625, 0.125),
    (0.875, 0.625),
    (0.375, 0.875),
];

/// What is around the screen.
const AROUND_GREY: u8 = 60;

/// Noise comes from a table, each row from another place in it.
const NOISE_PIXELS: usize = 1 << 16;
