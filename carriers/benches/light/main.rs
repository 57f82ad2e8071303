//! What crossing by light costs and yields: CPU time and counts, never a clock.
//!
//! `cargo bench -p carriers` prints every table; `cargo bench -p carriers --bench light -- decode`
//! one of `decode`, `goodput` and `hostile`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark ends at what it did not expect"
)]

mod decode;
#[path = "../../tests/film.rs"]
mod film;
mod goodput;
mod hostile;
mod machine;
#[path = "../../tests/mutate.rs"]
mod mutate;
mod peers;

use std::{env, process::Command};

fn main() {
    let wanted: Vec<String> = env::args().skip(1).collect();
    let is_wanted = |name: &str| {
        let mut sections = wanted
            .iter()
            .filter(|word| !word.starts_with('-'))
            .peekable();
        sections.peek().is_none() || sections.any(|word| word == name)
    };
    if is_wanted("decode") {
        decode::run();
    }
    if is_wanted("goodput") {
        goodput::run();
    }
    if wanted.iter().any(|word| word == "hostile") {
        hostile::run();
    } else if is_wanted("hostile") {
        // A process of its own, so that the peak of its memory is its own.
        let status = Command::new(env::current_exe().unwrap())
            .arg("hostile")
            .status();
        assert!(
            status.unwrap().success(),
            "hostile pictures ended the reader"
        );
    }
}
