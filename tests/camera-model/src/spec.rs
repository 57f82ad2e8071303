//! What a camera is like, and how it is held.

/// What a camera is like, and how it is held in front of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraSpec {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Frames a second.
    pub fps: f64,
    /// How long each row is exposed.
    pub exposure_secs: f64,
    /// How much later the last row begins than the first: the rolling shutter.
    pub readout_secs: f64,
    /// When the first frame begins, after the first picture appeared on the screen.
    pub phase_secs: f64,
    /// How long the screen takes from one picture to the next.
    pub screen_response_secs: f64,
    /// How much of the frame's width or height, whichever is fuller, the picture fills.
    pub fill: f32,
    /// The camera is turned by this much, in degrees.
    pub turned_degrees: f32,
    /// And by up to this much more, either way.
    pub rotation_degrees_max: f32,
    /// The screen is tilted by up to this much, left or right and up or down, in degrees.
    pub tilt_degrees_max: f32,
    /// The hand moves by up to this much between frames, in pixels.
    pub sway_pixels: usize,
    /// The deviation of the blur, in pixels.
    pub blur_pixels: f32,
    /// The deviation of the sensor's noise, in grey values.
    pub noise_grey: f32,
    /// What black becomes.
    pub black_grey: f32,
    /// What white becomes where the light is best.
    pub white_grey: f32,
    /// How much less light arrives where there is least: 0 is even, 1 is none.
    pub light_loss: f32,
}

impl CameraSpec {
    /// A good webcam or phone at 1080p, on a stand.
    #[must_use]
    pub fn good_1080p() -> Self {
        Self {
            width: 1_920,
            height: 1_080,
            fps: 30.0,
            exposure_secs: 0.008,
            readout_secs: 0.016,
            phase_secs: 0.0,
            screen_response_secs: 0.006,
            fill: 0.94,
            turned_degrees: 0.0,
            rotation_degrees_max: 1.0,
            tilt_degrees_max: 3.0,
            sway_pixels: 0,
            blur_pixels: 0.6,
            noise_grey: 4.0,
            black_grey: 24.0,
            white_grey: 225.0,
            light_loss: 0.2,
        }
    }

    /// A good webcam at 720p, on a stand.
    #[must_use]
    pub fn good_720p() -> Self {
        Self {
            width: 1_280,
            height: 720,
            ..Self::good_1080p()
        }
    }

    /// The camera of a laptop that faces another laptop.
    #[must_use]
    pub fn laptop_720p() -> Self {
        Self {
            readout_secs: 0.025,
            exposure_secs: 0.012,
            fill: 0.85,
            rotation_degrees_max: 3.0,
            tilt_degrees_max: 8.0,
            sway_pixels: 1,
            blur_pixels: 0.8,
            noise_grey: 7.0,
            black_grey: 40.0,
            white_grey: 205.0,
            light_loss: 0.35,
            ..Self::good_720p()
        }
    }

    /// A poor camera in a hand, in a dim room.
    #[must_use]
    pub fn hard_720p() -> Self {
        Self {
            readout_secs: 0.030,
            exposure_secs: 0.020,
            fill: 0.75,
            rotation_degrees_max: 8.0,
            tilt_degrees_max: 15.0,
            sway_pixels: 4,
            blur_pixels: 1.1,
            noise_grey: 12.0,
            black_grey: 60.0,
            white_grey: 180.0,
            light_loss: 0.5,
            ..Self::good_720p()
        }
    }

    /// A phone from some years ago, held in a hand at 480p.
    #[must_use]
    pub fn medium_480p() -> Self {
        Self {
            width: 640,
            height: 480,
            sway_pixels: 2,
            ..Self::laptop_720p()
        }
    }
}
