//! Moves bytes onto media and back: sticks, raw devices and tapes, QR images.
//!
//! The crate holds no keys and knows nothing about packs: what it carries is sealed before it
//! comes here and is verified after it leaves. What it does promise is that bytes reported as
//! written were read back from the medium, that an interrupted run can be repeated, and that
//! nothing found on a medium is followed, executed or believed.

pub mod light;
pub mod limits;
pub mod qr;
pub mod raw;
mod readback;
pub mod stick;
mod words;
