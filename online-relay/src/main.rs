//! `online-relay`: the program of the online machine.

use std::process::ExitCode;

use clap::Parser as _;
use online_relay::cli::{Cli, run};

fn main() -> ExitCode {
    run(Cli::parse())
}
