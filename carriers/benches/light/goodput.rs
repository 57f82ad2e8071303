//! How many bytes arrive in a second, over the whole optical path.

use std::thread;

use camera_model::CameraSpec;
use carriers::light::{CodeGrid, Correction, Version};

use crate::{
    film::{Filmed, Scene, Transfer},
    peers,
};

/// Films whole transfers at every density, at eight phases of the rolling shutter.
pub(crate) fn run() {
    println!("Goodput in kB/s over {PHASES} phases of a rolling shutter, whole transfers\n");
    println!(
        "Targets: 45 at 720p30, 130 at 1080p30. Transfers of 1 MiB where six codes change at 20 a second, else of 192 KiB.\n"
    );
    println!("| camera | codes | pictures/s | mean | worst phase | codes read | incomplete |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let good_720p = best("good 720p30", &CameraSpec::good_720p(), &STEPS);
    let laptop_720p = best("laptop 720p30", &CameraSpec::laptop_720p(), &STEPS[..4]);
    let good_1080p = best("good 1080p30", &CameraSpec::good_1080p(), &STEPS);
    println!();
    for row in [good_720p, laptop_720p, good_1080p] {
        peers::compare(&row);
    }
}

/// One density in front of one camera.
pub(crate) struct Row {
    pub(crate) camera: &'static str,
    pub(crate) version: u8,
    pub(crate) code_count: usize,
    pub(crate) pictures_per_second: u32,
    /// Seconds for each mebibyte, at each phase.
    pub(crate) mebibyte_secs: Vec<f64>,
    /// Which part of the codes shown was read, at each phase.
    pub(crate) read_shares: Vec<f64>,
}

impl Row {
    /// Mean over the phases, in kB/s.
    pub(crate) fn goodput(&self) -> f64 {
        let mean = self.mebibyte_secs.iter().sum::<f64>() / self.mebibyte_secs.len() as f64;
        MEBIBYTE / mean / 1e3
    }
}

fn best(camera: &'static str, spec: &CameraSpec, steps: &[Step]) -> Row {
    let rows = steps.iter().map(|step| row(camera, spec, *step));
    rows.max_by(|one, other| one.goodput().total_cmp(&other.goodput()))
        .unwrap()
}

fn row(camera: &'static str, spec: &CameraSpec, step: Step) -> Row {
    let (version, columns, rows, pictures_per_second) = step;
    let grid = CodeGrid::new(Version::nearest(version), Correction::Screen, columns, rows);
    let total_bytes = if columns * rows == 1 {
        1 << 18
    } else {
        1 << 20
    };
    let film = |phase: u32| {
        let mut spec = spec.clone();
        spec.phase_secs = f64::from(phase) / f64::from(PHASES) / spec.fps;
        let seed = u64::from(phase);
        let scene = Scene {
            grid,
            pictures_per_second,
            spec,
            seed,
        };
        let frames_max = 30 * total_bytes / SLOWEST_BYTES_A_SECOND;
        scene.film(&mut Transfer::new(total_bytes, seed), frames_max)
    };
    let filmed: Vec<Filmed> = thread::scope(|scope| {
        let halves = [0..PHASES / 2, PHASES / 2..PHASES];
        let halves = halves.map(|phases| scope.spawn(move || phases.map(film).collect::<Vec<_>>()));
        halves
            .into_iter()
            .flat_map(|half| half.join().unwrap())
            .collect()
    });
    let row = Row {
        camera,
        version,
        code_count: columns * rows,
        pictures_per_second,
        mebibyte_secs: filmed
            .iter()
            .map(|filmed| match filmed.is_complete {
                true => filmed.elapsed_secs * MEBIBYTE / total_bytes as f64,
                false => f64::INFINITY,
            })
            .collect(),
        read_shares: filmed
            .iter()
            .map(|filmed| filmed.codes_read as f64 / filmed.codes_shown as f64)
            .collect(),
    };
    let incomplete = filmed.iter().filter(|filmed| !filmed.is_complete).count();
    let slowest = row.mebibyte_secs.iter().copied().fold(0.0, f64::max);
    let share = row.read_shares.iter().sum::<f64>() / row.read_shares.len() as f64;
    println!(
        "| {camera} | {columns}×{rows} of {version} | {pictures_per_second} | {:.1} | {:.1} | {:.0} % | {incomplete} of {PHASES} |",
        row.goodput(),
        MEBIBYTE / slowest / 1e3,
        share * 100.0,
    );
    assert!(
        filmed.iter().all(|filmed| filmed.wrong == 0),
        "a payload that nobody showed"
    );
    row
}

/// Version, columns, rows and pictures a second.
type Step = (u8, usize, usize, u32);

/// The ladder of densities, each at a rate that a
/// person would choose with it.
const STEPS: [Step; 6] = [
    (27, 1, 1, 12),
    (40, 1, 1, 15),
    (27, 2, 1, 20),
    (22, 3, 2, 15),
    (22, 3, 2, 20),
    (27, 3, 2, 20),
];

pub(crate) const PHASES: u32 = 8;

pub(crate) const MEBIBYTE: f64 = 1_048_576.0;

/// A transfer that is slower is given up: it counts as one that never ends.
const SLOWEST_BYTES_A_SECOND: usize = 12_000;
