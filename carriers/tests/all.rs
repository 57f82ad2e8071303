//! What carriers promise, one module per medium.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test ends at what it did not expect"
)]

mod faulty_fs;
mod film;
mod light_camera;
mod light_outputs;
mod light_path;
mod light_watcher;
mod messages;
mod mutate;
mod qr;
mod raw;
mod stick_faults;
mod stick_foreign;
mod stick_resume;
