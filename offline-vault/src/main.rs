//! `offline-vault`: parses the command line, gives up what it does not need, carries out one
//! command.

use std::env::current_exe;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::process::ExitCode;

use carriers::light::screen::ScreenProcess;
use clap::Parser as _;
use lockdown::{Lockdown, Sockets};
use offline_vault::cli::{self, PROGRAM, args::Arguments};
use pack_format::advice::Exit;

fn main() -> ExitCode {
    // What panicked is for programmers and may hold what nobody else should see.
    set_hook(Box::new(|_| {}));
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(err) => return usage(&err),
    };
    // Nothing but the command line was read so far. The process of a window holds no keys; it
    // begins before this one, and what it would inherit, gives up sockets.
    let screen = arguments
        .command
        .opens_window()
        .then(|| ScreenProcess::start_beside(current_exe()));
    let lockdown = Lockdown::apply(Sockets::None);
    let exit = catch_unwind(AssertUnwindSafe(|| cli::run(arguments, lockdown, screen)));
    ExitCode::from(exit.unwrap_or_else(|_| bug()) as u8)
}

/// Help and version go to standard output and are no error; the rest is.
fn usage(err: &clap::Error) -> ExitCode {
    // A terminal that is gone takes the message with it; the exit code remains.
    let _ = err.print();
    ExitCode::from(if err.use_stderr() {
        Exit::Usage
    } else {
        Exit::Done
    } as u8)
}

fn bug() -> Exit {
    use std::io::Write as _;
    let _ = writeln!(
        std::io::stderr().lock(),
        "{PROGRAM}: error [bug]: this is a bug in {PROGRAM}\n\
         {PROGRAM}: data: Nothing was changed that was not saved.\n\
         {PROGRAM}: next: Run `offline-vault status`; if it fails too, restore your newest backup."
    );
    Exit::Failed
}
