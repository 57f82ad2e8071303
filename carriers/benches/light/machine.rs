//! What a process has used.

use rustix::time::{ClockId, clock_gettime};

/// CPU time of this process so far, in milliseconds.
pub(crate) fn cpu_millis() -> f64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 * 1e3 + spent.tv_nsec as f64 / 1e6
}

/// The most memory that this process has held, in MiB.
pub(crate) fn peak_mebibytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = peak.unwrap().trim().trim_end_matches(" kB");
    kibibytes.parse::<f64>().unwrap() / 1_024.0
}
