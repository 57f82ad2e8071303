//! `causeway-screen`: the window of a program that holds keys, in a process that holds none.
//!
//! It is started by `offline-vault` and `online-relay`, is told over its standard input what to
//! show, and is of no use by itself.

use std::io::{self, BufReader, BufWriter, IsTerminal as _, Write};
use std::process::ExitCode;

use carriers::light::screen::{Ask, Machine, Reply, ScreenError, read_ask, write_reply};
use carriers::light::{Display as _, Wanted};
use lockdown::{Lockdown, Sockets};
use screen::{Title, Window};

fn main() -> ExitCode {
    if io::stdin().is_terminal() {
        return by_itself();
    }
    // What protects this process protects little: it holds sealed codes and a few names. But it
    // needs no network, and so has none.
    let _not_in_force = Lockdown::apply(Sockets::Display);
    let mut asks = BufReader::new(io::stdin().lock());
    let mut replies = BufWriter::new(io::stdout().lock());
    let mut window = None;
    loop {
        let Ok(Some(ask)) = read_ask(&mut asks) else {
            // The program has gone, or is not one of ours.
            return ExitCode::SUCCESS;
        };
        let is_last = ask == Ask::Close;
        let reply = answer(ask, &mut window);
        if write_reply(&mut replies, &reply).is_err() || is_last {
            return ExitCode::SUCCESS;
        }
    }
}

fn answer(ask: Ask, window: &mut Option<Window>) -> Reply {
    match (ask, window) {
        (Ask::Open(machine), window) => open(machine, window),
        (Ask::Close, window) => {
            *window = None;
            Reply::Done
        }
        (Ask::Wait, Some(window)) => match window.wait() {
            Ok(wanted) => Reply::Wanted(wanted),
            Err(_) => Reply::Failed(ScreenError::Code { source: None }),
        },
        (Ask::Show(sheet, status), Some(window)) => match window.show(&sheet, &status) {
            Ok(()) => Reply::Done,
            Err(_) => Reply::Failed(ScreenError::Code { source: None }),
        },
        (Ask::Wait, None) => Reply::Wanted(Wanted::Nothing),
        (Ask::Show(..), None) => Reply::Failed(ScreenError::Ended),
    }
}

fn open(machine: Machine, window: &mut Option<Window>) -> Reply {
    let title = match machine {
        Machine::Offline => Title::OfflineVault,
        Machine::Online => Title::OnlineRelay,
    };
    match screen::open(title) {
        Ok(opened) => {
            *window = Some(opened);
            // From here on the window needs no further connection.
            let _not_in_force = Lockdown::forbid_further_sockets();
            Reply::Done
        }
        Err(err) => Reply::Failed(err),
    }
}

/// Somebody has typed the name of the program.
fn by_itself() -> ExitCode {
    let _ = io::stderr().write_all(
        b"causeway-screen: this is the window of `offline-vault` and `online-relay`\n\
          causeway-screen: next: run `offline-vault sync --screen`, or see `offline-vault sync --help`\n",
    );
    ExitCode::from(2)
}
