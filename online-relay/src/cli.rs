//! The command line, and what each command prints.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde_json::json;

use crate::courier;
use crate::desk;
use crate::report::{Form, report};
use crate::server::{self, Recovered, Server, ServerConfig, ServerError, Status};

/// Carries sealed bundles on the online machine. Nothing in here can open them.
#[derive(Debug, Parser)]
#[command(name = "online-relay", version, after_help = EXAMPLES)]
pub struct Cli {
    /// Write results and errors as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a relay server until it is told to stop
    Serve(Serve),
    /// Make an invitation that opens one mailbox
    Invite(Invite),
    /// Make a tray, where a phone and a courier leave frames for each other
    Tray(Tray),
    /// Show what the relay holds, in numbers only
    Status(DataArg),
    /// Carry between a vault's stick and relay servers
    Courier(courier::cli::CourierArgs),
    /// Ask vaults for signatures, and put them where they belong
    Desk(desk::cli::DeskArgs),
}

#[derive(Debug, Args)]
struct DataArg {
    /// The relay's data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

#[derive(Debug, Args)]
struct Serve {
    #[command(flatten)]
    data: DataArg,
    /// The address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    listen: SocketAddr,
    /// The URL under which others reach this relay, for invitations
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The most MiB of bundles to hold; uploads beyond it are refused, nothing is evicted
    #[arg(long, value_name = "N")]
    quota_mib: Option<u32>,
    /// The folder of the phone page, if not `phone-page` beside the program or
    /// `../share/causeway/phone-page`
    #[arg(long, value_name = "DIR")]
    phone_page: Option<PathBuf>,
    /// Forget bundles whose files are gone, instead of refusing to start
    #[arg(long)]
    accept_loss: bool,
}

#[derive(Debug, Args)]
struct Invite {
    #[command(flatten)]
    data: DataArg,
    /// The URL under which others reach this relay, if not the one `serve` was given
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Write the invitation to this file instead of printing it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Tray {
    #[command(flatten)]
    data: DataArg,
    /// The URL under which the phone and the courier reach this relay, if not the one `serve` was
    /// given
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Write the courier's code and the phone's link to this file instead of printing them
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also draw the phone's link as a QR code into this PNG file
    #[arg(long, value_name = "FILE")]
    qr: Option<PathBuf>,
}

/// Does what the command line says; an error is reported here and nowhere else.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let form = if cli.json { Form::Json } else { Form::Text };
    let done = match cli.command {
        Command::Serve(command) => serve(command),
        Command::Invite(command) => invite(&command, form),
        Command::Tray(command) => tray(&command, form),
        Command::Status(command) => status(&command, form),
        Command::Courier(command) => return courier::cli::run(command, form),
        Command::Desk(command) => return desk::cli::run(command, form),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => report(&err, form),
    }
}

fn serve(command: Serve) -> Result<(), ServerError> {
    let phone_page = command.phone_page.or_else(server::installed_phone_page);
    let has_page = phone_page.is_some();
    let server = Server::bind(&ServerConfig {
        phone_page,
        url: command.url,
        quota_bytes: command.quota_mib.map(|mib| u64::from(mib) * MIB),
        accept_loss: command.accept_loss,
        ..ServerConfig::new(command.data.data, command.listen)
    })?;
    talk(&repairs(&server.recovered()));
    if !has_page {
        talk("online-relay: the phone page is not installed; /phone/ says so\n");
    }
    print(&format!("listening on http://{}\n", server.address()))?;
    server.run_until_signal()
}

fn invite(command: &Invite, form: Form) -> Result<(), ServerError> {
    let output = command.output.as_deref();
    let invitation = server::invite(&command.data.data, command.url.as_deref(), output)?;
    let text = invitation.to_text();
    match (form, output) {
        (Form::Json, None) => print(&format!("{}\n", json!({ "invitation": text })))?,
        // The code is in the file, and in no second place.
        (Form::Json, Some(path)) => {
            let path = path.display().to_string();
            print(&format!("{}\n", json!({ "output": path })))?;
        }
        (Form::Text, None) => print(&(text + "\n"))?,
        (Form::Text, Some(_)) => {}
    }
    talk("online-relay: the invitation opens one mailbox; hand it over in private\n");
    Ok(())
}

fn tray(command: &Tray, form: Form) -> Result<(), ServerError> {
    let output = command.output.as_deref();
    let url = command.url.as_deref();
    let links = server::make_tray(&command.data.data, url, output, command.qr.as_deref())?;
    match (form, output) {
        (Form::Json, None) => {
            let courier = links.courier.to_text();
            let phone = links.phone_link();
            let object = json!({ "courier": courier.as_str(), "phone": phone.as_str() });
            print(&format!("{object}\n"))?;
        }
        // The tokens are in the file, and in no second place.
        (Form::Json, Some(path)) => {
            let path = path.display().to_string();
            print(&format!("{}\n", json!({ "output": path })))?;
        }
        (Form::Text, None) => print(&links.to_text())?,
        (Form::Text, Some(_)) => {}
    }
    talk(
        "online-relay: give the code to the courier and the link to the phone, in private; \
         neither is shown again\n",
    );
    Ok(())
}

fn status(command: &DataArg, form: Form) -> Result<(), ServerError> {
    let status = server::status(&command.data)?;
    match form {
        Form::Text => print(&status_text(&status)),
        // Numbers always serialise.
        Form::Json => print(&(serde_json::to_string(&status).unwrap_or_default() + "\n")),
    }
}

fn status_text(status: &Status) -> String {
    let quota = match status.quota_bytes {
        Some(bytes) => format!("{bytes} bytes"),
        None => "none".to_owned(),
    };
    format!(
        "mailboxes:             {}\n\
         unused invitations:    {}\n\
         bundles waiting:       {} ({} bytes)\n\
         bundles acknowledged:  {}\n\
         uploads unfinished:    {} ({} bytes)\n\
         trays:                 {} ({} bytes)\n\
         quota:                 {quota}\n",
        status.mailboxes,
        status.invitations_unused,
        status.bundles_waiting,
        status.bytes_waiting,
        status.bundles_acknowledged,
        status.uploads_unfinished,
        status.bytes_unfinished,
        status.trays,
        status.bytes_on_trays,
    )
}

/// What the operator should know about the start, one line each; nothing when all was well.
fn repairs(recovered: &Recovered) -> String {
    let lines = [
        (
            recovered.uploads_dropped,
            "unfinished uploads were lost and begin again",
        ),
        (
            recovered.bundles_lost,
            "missing bundles were forgotten and can be sent again",
        ),
        (
            recovered.unknown_files,
            "files in blobs/ are not in the index and were left alone",
        ),
    ];
    lines
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("online-relay: {count} {what}\n"))
        .collect()
}

/// Results: one that did not get out is a failure.
fn print(text: &str) -> Result<(), ServerError> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|source| ServerError::Output {
            path: PathBuf::from("standard output"),
            source,
        })
}

/// Talk: whoever does not listen misses nothing that has to be kept.
fn talk(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

const MIB: u64 = 1024 * 1024;

const EXAMPLES: &str = "\
Examples:
  online-relay serve --data /var/lib/relay --listen 127.0.0.1:8410 --url https://relay.example
  online-relay invite --data /var/lib/relay --output invitation.txt
  online-relay tray --data /var/lib/relay --output tray.txt --qr tray.png
  online-relay status --data /var/lib/relay --json";
