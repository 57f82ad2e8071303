//! `offline-vault`: parses the command line, gives up what it does not need, carries out one
//! command.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::process::ExitCode;

use clap::Parser as _;
use offline_vault::cli::{self, PROGRAM, args::Arguments};
use offline_vault::lockdown::Lockdown;
use pack_format::advice::Exit;

fn main() -> ExitCode {
    // What panicked is for programmers and may hold what nobody else should see.
    set_hook(Box::new(|_| {}));
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(err) => return usage(&err),
    };
    // Nothing but the command line was read so far: it says whether a window is needed.
    let lockdown = Lockdown::apply(arguments.command.sockets());
    let exit = catch_unwind(AssertUnwindSafe(|| cli::run(arguments, lockdown)));
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
