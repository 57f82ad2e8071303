//! What carriers promise, one module per medium.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends at what it did not expect"
)]

mod faulty_fs;
mod light_camera;
mod light_outputs;
mod light_watcher;
mod messages;
mod qr;
mod raw;
mod stick_faults;
mod stick_foreign;
mod stick_resume;
