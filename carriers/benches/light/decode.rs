//! What one frame costs to read.

use camera_model::CameraSpec;
use carriers::light::{CodeGrid, Correction, Reader, Version};

use crate::{
    film::{SCREEN, Transfer, still},
    machine::cpu_millis,
};

/// CPU time to read one frame: the first one, and those in which codes are followed.
pub(crate) fn run() {
    println!("Reading one grey frame, CPU milliseconds (target at 1080p: 10)\n");
    println!("| frame | codes | first frame | followed, mean | followed, most | codes read |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let rows = [
        (CameraSpec::good_1080p(), 40, 1, 1),
        (CameraSpec::good_1080p(), 27, 3, 2),
        (CameraSpec::good_720p(), 27, 1, 1),
        (CameraSpec::good_720p(), 22, 3, 2),
        (CameraSpec::laptop_720p(), 27, 1, 1),
        (CameraSpec::hard_720p(), 22, 1, 1),
    ];
    for (spec, version, columns, rows) in rows {
        let grid = CodeGrid::new(Version::nearest(version), Correction::Screen, columns, rows);
        row(&spec, &grid);
    }
    println!();
}

fn row(spec: &CameraSpec, grid: &CodeGrid) {
    let mut transfer = Transfer::new(1 << 20, 1);
    let module_pixels = grid.module_pixels(SCREEN.0, SCREEN.1);
    let (mut first, mut followed) = (Vec::new(), Vec::new());
    let mut read = 0;
    for seed in 0..SEEDS {
        let mut reader = Reader::new();
        let mut frame = || {
            still(
                spec,
                &grid.draw(&transfer.sheet(grid), module_pixels).unwrap(),
                seed,
            )
        };
        for number in 0..FRAMES {
            let picture = frame();
            let before = cpu_millis();
            let sighting = reader.read(&picture);
            let spent = cpu_millis() - before;
            read += sighting.payloads.len();
            if number == 0 {
                &mut first
            } else {
                &mut followed
            }
            .push(spent);
        }
    }
    let mean = |spent: &[f64]| spent.iter().sum::<f64>() / spent.len() as f64;
    let most = followed.iter().copied().fold(0.0, f64::max);
    let codes = grid.demand().code_count;
    println!(
        "| {}×{} | {codes} of {} | {:.1} | {:.1} | {most:.1} | {read} of {} |",
        spec.width,
        spec.height,
        grid.version().number(),
        mean(&first),
        mean(&followed),
        SEEDS as usize * FRAMES * codes,
    );
}

const SEEDS: u64 = 4;
const FRAMES: usize = 14;
