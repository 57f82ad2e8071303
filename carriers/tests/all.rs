//! What carriers promise, one module per medium.

mod faulty_fs;
mod stick_faults;
mod stick_foreign;
mod stick_resume;
