//! Asks, and waits until the reply is there, without keeping the courier from its trips.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use signing_format::request::RequestId;
use signing_format::ssh::Namespace;
use signing_format::subject::{FileForm, FileSource, FileSubject, Subject};

use super::super::Desk;
use super::super::ask::{Content, Draft, Made, Objects, first_line, pack};
use super::super::error::DeskError;
use super::super::finish::FinishOptions;
use super::super::git::Repository;
use super::super::key::{DeskKey, PublicHalf};
use super::super::limits::{LOCK_PATIENCE, LOOK_PAUSE};
use super::super::list::short;
use super::super::task::Task;
use super::terminal::Terminal;
use super::{ShimOptions, object_of};
use crate::clock::unix_now;
use crate::courier::store::peek_request;
use crate::courier::{Cancel, Courier, CourierError, RequestState};
use pack_format::advice::what_happened;
use pack_format::shown::Shown;

/// A request that a program of git waits for.
pub(super) struct Waiting {
    id: RequestId,
    courier: PathBuf,
    wait_secs: u64,
    cancel: Cancel,
}

impl Waiting {
    /// Makes the request, and says on the terminal what to do.
    pub(super) fn ask(
        payload: &[u8],
        options: &ShimOptions,
        is_asked: &dyn Fn(&DeskKey) -> bool,
        terminal: &mut Terminal,
    ) -> Result<Self, DeskError> {
        let cancel = Cancel::on_all_signals()?;
        let mut courier = open(&options.courier)?;
        let mut desk = Desk::new(&mut courier, unix_now())?;
        let key = desk.key(&options.ask.key)?;
        if !is_asked(&key) {
            return Err(DeskError::OtherKeyAsked);
        }
        let made = ask(&mut desk, &key, payload, options)?;
        drop(courier);
        let waiting = Self {
            id: made.id,
            courier: options.courier.clone(),
            wait_secs: options.wait_secs,
            cancel,
        };
        waiting.introduce(&made, options, terminal);
        Ok(waiting)
    }

    fn introduce(&self, made: &Made, options: &ShimOptions, terminal: &mut Terminal) {
        let vault = Shown(&made.vault);
        terminal.say(&format!("\nCauseway: request {}\n", short(&self.id)));
        for line in made.about.lines() {
            terminal.say(&format!("  {line}\n"));
        }
        for line in &made.not_shown {
            terminal.say(&format!("  The vault cannot show {line}\n"));
        }
        let dir = options.courier.to_string_lossy();
        terminal.say(&format!(
            "Waiting for vault {vault}. In another terminal, plug the stick in and run\n  \
             online-relay courier --courier {} sync --stick PATH\nor, face to face, with --screen \
             --camera; take it to the vault, approve, and do the same again.\nq and Enter, or \
             Ctrl-C, withdraws the request.\n",
            Shown(&dir)
        ));
    }

    /// Waits for the signature. However this ends without one, the request is withdrawn: nobody
    /// would use what comes of it.
    pub(super) fn wait(self, terminal: &mut Terminal) -> Result<Vec<u8>, DeskError> {
        let waited = self.wait_on(terminal);
        if waited.is_err() {
            // The error says more than a second one.
            let _ = self.withdraw();
        }
        waited
    }

    fn wait_on(&self, terminal: &mut Terminal) -> Result<Vec<u8>, DeskError> {
        let begun = Instant::now();
        let limit = Duration::from_secs(self.wait_secs);
        loop {
            if let Some(done) = self.look(terminal)? {
                return Ok(done);
            }
            let stops = terminal.asks_to_stop(LOOK_PAUSE) || self.cancel.is_set();
            if !stops && begun.elapsed() < limit {
                continue;
            }
            self.withdraw()?;
            terminal.say("Causeway: the request was withdrawn.\n");
            return match stops {
                true => Err(DeskError::Withdrawn),
                false => Err(DeskError::WaitedTooLong {
                    waited_secs: self.wait_secs,
                }),
            };
        }
    }

    /// The signature, if it is there.
    fn look(&self, terminal: &mut Terminal) -> Result<Option<Vec<u8>>, DeskError> {
        let (state, note) = peek_request(&self.courier, self.id)?;
        match state {
            RequestState::Waiting => Ok(None),
            // The trip that has brought the reply uses it, too; where it was stopped, this does.
            RequestState::Replied => match Courier::open(&self.courier) {
                Err(CourierError::InUse { .. }) => Ok(None),
                opened => {
                    let mut courier = opened?;
                    let mut desk = Desk::new(&mut courier, unix_now())?;
                    let id = self.id.to_string();
                    let finished = desk.finish_one(&id, &FinishOptions::default())?;
                    match finished.result {
                        Ok(_) => Ok(None),
                        Err(err) => Err(DeskError::NoSignature {
                            why: what_happened(&err),
                        }),
                    }
                }
            },
            RequestState::Done => {
                let mut courier = open(&self.courier)?;
                let result = courier.store.request_result(self.id)?;
                courier
                    .store
                    .transact(|change| change.clear_result(self.id))?;
                terminal.say("Causeway: the signature is here.\n");
                result.map(Some).ok_or(DeskError::NoSignature { why: note })
            }
            _ => {
                let why = match note.is_empty() {
                    true => format!("the request is {}", state.as_str()),
                    false => note,
                };
                Err(DeskError::NoSignature { why })
            }
        }
    }

    fn withdraw(&self) -> Result<(), DeskError> {
        let mut courier = open(&self.courier)?;
        let mut desk = Desk::new(&mut courier, unix_now())?;
        match desk.cancel(&self.id.to_string()) {
            // Its time may have ended just now.
            Err(DeskError::RequestEnded { .. }) => Ok(()),
            cancelled => cancelled.map(drop),
        }
    }
}

/// Opens the courier, and waits a while for a trip to end.
fn open(dir: &std::path::Path) -> Result<Courier, DeskError> {
    let begun = Instant::now();
    loop {
        match Courier::open(dir) {
            Err(CourierError::InUse { .. }) if begun.elapsed() < LOCK_PATIENCE => {
                thread::sleep(LOOK_PAUSE);
            }
            opened => return Ok(opened?),
        }
    }
}

fn ask(
    desk: &mut Desk<'_>,
    key: &DeskKey,
    payload: &[u8],
    options: &ShimOptions,
) -> Result<Made, DeskError> {
    let mut repository = Repository::of_caller()?;
    let name = repository.name()?;
    let Some(object) = object_of(payload) else {
        return ask_bytes(desk, key, payload, options);
    };
    let format = repository.format();
    let (content, gathered) = pack(&mut repository, std::slice::from_ref(&object), true)?;
    let reference = reference(&repository)?;
    let line = first_line(&object, format);
    let about = format!(
        "Sign a {} of the git repository {}\n  {}\n",
        object.kind(),
        Shown(&name),
        Shown(&line)
    );
    let objects = Objects {
        repository: name,
        reference,
        count: 1,
        content,
    };
    let mut made = desk.submit_git(key, &options.ask, objects, Task::Program, about)?;
    let left_out = gathered.left_out.iter();
    made.not_shown = left_out.map(super::super::ask::left_out_text).collect();
    Ok(made)
}

/// The branch that is checked out, as far as there is one.
fn reference(repository: &Repository) -> Result<String, DeskError> {
    let head = repository.full_name("HEAD")?;
    Ok(head.unwrap_or_default())
}

/// Asks about bytes that are no commit and no tag, such as a push certificate.
fn ask_bytes(
    desk: &mut Desk<'_>,
    key: &DeskKey,
    payload: &[u8],
    options: &ShimOptions,
) -> Result<Made, DeskError> {
    let form = match key.public {
        PublicHalf::Ssh(_) => FileForm::Ssh {
            namespace: Namespace::git().as_str().to_owned(),
        },
        _ => FileForm::OpenPgp,
    };
    let draft = Draft {
        key,
        content: Some(Content::of(payload)),
        task: Task::Program,
        about: "Sign what git is about to send\n".to_owned(),
    };
    let size_bytes = payload.len() as u64;
    desk.submit(&options.ask, draft, |content| {
        Ok(Subject::File(FileSubject {
            name: "git".to_owned(),
            size_bytes,
            form,
            source: FileSource::Content(content.ok_or(DeskError::ChangedWhileRead)?),
        }))
    })
}
