//! `requests`, `show req-…`, `approve` and `refuse`: the signing room on the command line.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{CommandError, Context, Report, talk};
use crate::files::{Existing, FileError, shown, write_whole};
use crate::signing::{
    self, Accepted, Decided, Outcome, RequestLine, Review, Reviewed, Risk, SigningError,
    review_request,
};
use crate::store::{RequestState, SigningRequestId};

/// Arguments of `approve`.
#[derive(Debug, Args)]
pub struct Approve {
    /// The requests, for example req-3; each was shown to its end before.
    #[arg(value_name = "REQUEST", required_unless_present = "all_shown")]
    pub requests: Vec<SigningRequestId>,
    /// Every request that waits and was shown to its end.
    #[arg(long, conflicts_with = "requests")]
    pub all_shown: bool,
    /// Accept a risk by the name that `show` gives it, for all of these requests.
    #[arg(long = "accept-risk", value_name = "NAME")]
    pub accept_risks: Vec<String>,
}

/// What can be done with requests besides deciding them.
#[derive(Debug, Subcommand)]
pub enum RequestsCommand {
    /// Forget requests that were decided or have expired, with their contents.
    Forget {
        /// The requests, for example req-3.
        #[arg(value_name = "REQUEST", required = true)]
        requests: Vec<SigningRequestId>,
    },
}

/// Arguments of `refuse`.
#[derive(Debug, Args)]
pub struct Refuse {
    /// The requests, for example req-3.
    #[arg(value_name = "REQUEST", required = true)]
    pub requests: Vec<SigningRequestId>,
    /// Why, for the requester to read.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
}

/// `requests`.
pub(super) fn requests(context: &Context) -> Result<Report, CommandError> {
    let lines = signing::requests(context.vault()?, context.now())?;
    let mut text = String::new();
    for line in &lines {
        let _ = writeln!(text, "{}", line_text(line));
    }
    if lines.is_empty() {
        text.push_str("No signing request has come yet.\n");
    }
    let next = lines.iter().find(|line| line.is_open());
    if let Some(line) = next {
        let verb = if line.is_shown { "approve" } else { "show" };
        let _ = writeln!(text, "Next: `offline-vault {verb} {}`.", line.id);
    }
    let lines: Vec<_> = lines.iter().map(line_json).collect();
    Ok(Report::new(text, json!({ "requests": lines })))
}

/// `req-3  waits, not shown yet  sign file notes.txt, OpenPGP  with release  for Bilal`.
fn line_text(line: &RequestLine) -> String {
    let key = line.key_name.as_deref().unwrap_or("a key of another vault");
    let from = if line.requester.is_empty() {
        String::new()
    } else {
        format!("  for {} (a claim)", line.requester)
    };
    format!(
        "{}  {}  {}  with {key}{from}  came {}",
        line.id,
        state_text(line),
        line.summary,
        line.taken_at
    )
}

fn state_text(line: &RequestLine) -> String {
    let on_its_way = if line.is_delivered {
        ", with the desk's courier"
    } else {
        ", goes out with the next crossing"
    };
    match line.state {
        RequestState::Waiting if line.is_expired => "EXPIRED".to_owned(),
        RequestState::Waiting if line.is_shown => "waits, was shown".to_owned(),
        RequestState::Waiting => "waits, not shown yet".to_owned(),
        RequestState::Signed => format!("signed{on_its_way}"),
        RequestState::Refused => format!("refused{on_its_way}"),
        RequestState::Approved => format!("approved{on_its_way}"),
        RequestState::Opened => "opened here".to_owned(),
    }
}

fn line_json(line: &RequestLine) -> serde_json::Value {
    let state = match line.state {
        RequestState::Waiting => "waiting",
        RequestState::Signed => "signed",
        RequestState::Refused => "refused",
        RequestState::Approved => "approved",
        RequestState::Opened => "opened",
    };
    json!({
        "request": line.id.to_string(),
        "state": state,
        "expired": line.is_expired,
        "shown": line.is_shown,
        "reply_delivered": line.is_delivered,
        "requester_claimed": line.requester,
        "key": line.key_name,
        "summary": line.summary,
        "taken_in_at": line.taken_at.0,
        "expires_at_claimed": line.expires_at.0,
    })
}

/// `show req-…`: all of it, page by page in a terminal.
pub(super) fn show(
    context: &Context,
    id: SigningRequestId,
    whole: bool,
) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    let reviewed = review_request(vault, id)?;
    if reviewed.state != RequestState::Waiting {
        return shown_after_decision(context, &reviewed);
    }
    let is_screen = io::stdout().is_terminal() && !context.options.json;
    let mut report = if is_screen {
        Report::new("", show_json(&reviewed, false))
    } else {
        let text = reviewed.review.to_lines().join("\n") + "\n";
        Report::new(text, show_json(&reviewed, whole))
    };
    let seen = match (is_screen, whole) {
        (true, false) if io::stdin().is_terminal() => page(context, &reviewed.review)?,
        // Nobody is there to ask for the next page.
        (true, false) => print_rows(&reviewed.review).map(|()| false)?,
        (true, true) => print_rows(&reviewed.review).map(|()| true)?,
        (false, _) => {
            // What was lost on its way out was not seen.
            report
                .print_result(context.options.json)
                .map_err(CommandError::Output)?;
            whole
        }
    };
    if seen {
        signing::mark_shown(vault, &reviewed)?;
    }
    Ok(report.with_note(next_note(&reviewed, seen)))
}

/// What is left to see of a request that was decided; an opened message, whole.
fn shown_after_decision(context: &Context, reviewed: &Reviewed) -> Result<Report, CommandError> {
    let mut text = reviewed.review.to_lines().join("\n");
    text.push('\n');
    if reviewed.state == RequestState::Opened {
        text.push_str(&opened_text(context.vault()?, reviewed.id)?);
    }
    Ok(Report::new(text, show_json(reviewed, false)))
}

fn next_note(reviewed: &Reviewed, shown: bool) -> String {
    let id = reviewed.id;
    if !shown {
        return format!(
            "it can be approved once it was shown to its end: `offline-vault show {id}` in a \
             terminal, or with --whole after you have read all of it"
        );
    }
    let risks: String = reviewed
        .review
        .risks
        .iter()
        .map(|risk| format!(" --accept-risk {risk}"))
        .collect();
    format!(
        "all of it was shown. Next: `offline-vault refuse {id}`, or `offline-vault approve \
         {id}{risks}`"
    )
}

fn show_json(reviewed: &Reviewed, shown: bool) -> serde_json::Value {
    let risks: Vec<_> = reviewed
        .review
        .risks
        .iter()
        .map(|risk| risk.name())
        .collect();
    json!({
        "request": reviewed.id.to_string(),
        "lines": reviewed.review.to_lines(),
        "risks": risks,
        "shown_to_its_end": shown,
    })
}

/// A message that was opened here.
fn opened_text(vault: &crate::vault::Vault, id: SigningRequestId) -> Result<String, CommandError> {
    let message = signing::read_message(vault, id)?;
    let mut text = String::from("\n== The message ==\n");
    for line in signing::message_lines(&message) {
        let _ = writeln!(text, "{line}");
    }
    Ok(text)
}

/// `save req-…`: an opened message as a file. Its name is ours: the desk's is a claim.
pub(super) fn save(
    context: &Context,
    id: SigningRequestId,
    folder: &Path,
) -> Result<Report, CommandError> {
    let message = signing::read_message(context.vault()?, id)?;
    std::fs::create_dir_all(folder).map_err(FileError::of("make", folder))?;
    let path = folder.join(format!("{id}.message"));
    write_whole(&path, &message.plaintext, Existing::Keep)?;
    let text = format!("Opened and saved {id}: {}\n", shown(&path));
    let json = json!({ "item": id.to_string(), "saved": [path.to_string_lossy()] });
    Ok(Report::new(text, json))
}

/// Shows a review page by page; true when its last row was reached.
pub(super) fn page(context: &Context, review: &Review) -> Result<bool, CommandError> {
    let (page_rows, columns) = terminal_size();
    let rows = review.to_rows(columns);
    let total = rows.len();
    let mut shown = 0;
    for page in rows.chunks(page_rows) {
        if shown > 0 {
            let question = format!("-- {shown} of {total} rows; Enter for more, q to stop -- ");
            if context.ask(&question)?.trim() == "q" {
                return Ok(false);
            }
        }
        print_all(page)?;
        shown += page.len();
    }
    Ok(true)
}

/// Shows a review at once, wrapped for the terminal that it goes to.
fn print_rows(review: &Review) -> Result<(), CommandError> {
    let (_, columns) = terminal_size();
    print_all(&review.to_rows(columns))
}

fn print_all(rows: &[String]) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    rows.iter()
        .try_for_each(|row| writeln!(out, "{row}"))
        .and_then(|()| out.flush())
        .map_err(CommandError::Output)
}

/// Rows and columns for one page: the terminal's, less the line of the question.
fn terminal_size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_row > 2 && size.ws_col > 0 => {
            (usize::from(size.ws_row) - 1, usize::from(size.ws_col))
        }
        _ => (ROWS_ASSUMED, COLUMNS_ASSUMED),
    }
}

/// `approve`.
pub(super) fn approve(context: &Context, asked: &Approve) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    let ids = if asked.all_shown {
        let lines = signing::requests(vault, context.now())?;
        let ready = lines.iter().filter(|line| line.is_open() && line.is_shown);
        ready.map(|line| line.id).collect()
    } else {
        asked.requests.clone()
    };
    if ids.is_empty() {
        return Ok(Report::new(
            "No request waits that was shown to its end.",
            json!({ "approved": [] }),
        ));
    }
    let accepted = accepted_risks(context, asked, &ids)?;
    let Outcome { done, failed } = signing::approve(vault, &ids, &accepted, context.now());
    let report = decided_report(&done);
    match failed {
        None => Ok(report),
        Some((_, err)) if done.is_empty() => Err(err.into()),
        Some((_, err)) => Err(CommandError::AfterReport {
            report: Box::new(report),
            error: Box::new(err.into()),
        }),
    }
}

/// The risks that were named, for all of the requests, and those whose name the person types now,
/// each for the one request that it was asked about.
fn accepted_risks(
    context: &Context,
    asked: &Approve,
    ids: &[SigningRequestId],
) -> Result<Accepted, CommandError> {
    let mut accepted = Accepted::default();
    for name in &asked.accept_risks {
        let risk = Risk::named(name).ok_or_else(|| CommandError::NoSuchRisk {
            name: pack_format::shown::Shown(name).to_string(),
        })?;
        accepted.for_all(risk);
    }
    if !io::stdin().is_terminal() {
        return Ok(accepted);
    }
    let vault = context.vault()?;
    signing::check_ready(vault, ids, context.now())?;
    for id in ids {
        for risk in review_request(vault, *id)?.review.risks {
            if accepted.holds(*id, risk) {
                continue;
            }
            talk(&format!("{id}: {}", risk.meaning()));
            let question = format!("Type {risk} to accept this, or anything else to stop: ");
            if context.ask(&question)?.trim() != risk.name() {
                return Err(SigningError::RiskNotAccepted { id: *id, risk }.into());
            }
            accepted.for_one(*id, risk);
        }
    }
    Ok(accepted)
}

fn decided_report(done: &[Decided]) -> Report {
    let mut text = String::new();
    for decided in done {
        let _ = writeln!(text, "{}: {}", decided.id, decided.what);
    }
    if done.iter().any(|it| it.state != RequestState::Opened) {
        text.push_str("Next: `offline-vault sync` takes the reply to the desk.\n");
    }
    let rows: Vec<_> = done
        .iter()
        .map(|it| json!({ "request": it.id.to_string(), "what": it.what }))
        .collect();
    Report::new(text, json!({ "approved": rows }))
}

/// `requests forget`.
pub(super) fn forget(context: &Context, command: &RequestsCommand) -> Result<Report, CommandError> {
    let RequestsCommand::Forget { requests } = command;
    let vault = context.vault()?;
    let mut text = String::new();
    for id in requests {
        signing::forget(vault, *id, context.now())?;
        let _ = writeln!(text, "{id}: forgotten.");
    }
    let ids: Vec<_> = requests.iter().map(ToString::to_string).collect();
    Ok(Report::new(text, json!({ "forgotten": ids })))
}

/// `refuse`.
pub(super) fn refuse(context: &Context, asked: &Refuse) -> Result<Report, CommandError> {
    let vault = context.vault()?;
    let mut text = String::new();
    for id in &asked.requests {
        signing::refuse(vault, *id, &asked.reason, context.now())?;
        let _ = writeln!(text, "{id}: refused; nothing was signed.");
    }
    text.push_str("Next: `offline-vault sync` tells the desk.\n");
    let ids: Vec<_> = asked.requests.iter().map(ToString::to_string).collect();
    Ok(Report::new(text, json!({ "refused": ids })))
}

/// How `show`, `approve` and `refuse` look, at the end of their help.
pub const APPROVE_EXAMPLES: &str = "\
Examples:
  offline-vault requests
  offline-vault show req-3                read it to its end; only then it can be approved
  offline-vault approve req-3
  offline-vault approve --all-shown       sign everything that you have read, at once
  offline-vault approve req-4 --accept-risk content-not-seen

What was shown is what is signed: approving makes the same review again and refuses if a byte of it
is different.";

/// Rows where the terminal does not say.
const ROWS_ASSUMED: usize = 23;
/// Columns where the terminal does not say.
const COLUMNS_ASSUMED: usize = 80;
