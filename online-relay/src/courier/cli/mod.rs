//! The courier's command line, and what each command prints.

mod json;
mod pair;
mod sync;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use pack_format::advice::Exit;
use serde_json::{Value, json};

use self::pair::Pair;
use self::sync::Sync;
use super::{Courier, CourierError, ServerUrl, close_tray, default_dir, text};
use crate::client::ClientOptions;
use crate::report::{Form, report};

/// `online-relay courier …`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CourierArgs {
    /// The courier's directory; otherwise $CAUSEWAY_COURIER, or causeway/courier in your data
    /// directory
    #[arg(long, global = true, value_name = "DIR")]
    courier: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a new courier on this machine
    Init(Init),
    /// Add, list or remove the servers that this courier may talk to
    #[command(subcommand)]
    Server(Server),
    /// Pair with offline vaults
    #[command(subcommand)]
    Pair(Pair),
    /// Take in what a vault has sent, visit the servers, and write what is for the vault
    Sync(Sync),
    /// Close a tray for good, for example because its phone was lost
    CloseTray(CloseTray),
    /// Show what this courier holds, in numbers
    Status,
}

#[derive(Debug, Args)]
struct CloseTray {
    /// The operator's file for the tray
    file: PathBuf,
    /// Reach the server through this proxy, which also looks up its name
    #[arg(long, value_name = "socks5://HOST:PORT")]
    proxy: Option<String>,
    /// Allow http:// to other machines, in a network that you trust
    #[arg(long)]
    plain_http: bool,
}

#[derive(Debug, Args)]
struct Init {
    /// A server that this courier may talk to; may be given several times
    #[arg(long = "server", value_name = "URL")]
    servers: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Server {
    /// Allow a server
    Add {
        /// The server's URL
        url: String,
    },
    /// List the allowed servers
    List,
    /// Forbid a server; what waits for it is kept
    Remove {
        /// The server's URL
        url: String,
    },
}

/// Does what the command line says; an error is reported here and nowhere else.
#[must_use]
pub fn run(args: CourierArgs, form: Form) -> ExitCode {
    let done = directory(args.courier).and_then(|dir| match args.command {
        Command::Init(command) => init(&dir, &command, form),
        Command::Server(command) => server(&dir, &command, form),
        Command::Pair(command) => pair::pair(&dir, command, form),
        Command::Sync(command) => sync::sync(&dir, command, form),
        Command::CloseTray(command) => close(command, form),
        Command::Status => status(&dir, form),
    });
    match done {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(err) => report(&err, form),
    }
}

fn directory(named: Option<PathBuf>) -> Result<PathBuf, CourierError> {
    named.map_or_else(default_dir, Ok)
}

fn init(dir: &Path, command: &Init, form: Form) -> Result<Exit, CourierError> {
    let servers = server_urls(&command.servers)?;
    Courier::init(dir, &servers)?;
    let shown = dir.display();
    let text = format!(
        "A courier lives in {shown}.\n\
         Next: let the vault show a pairing code (`offline-vault pair show --name courier`), and \
         type it here with `online-relay courier pair type --name NAME`.\n"
    );
    let object = json!({ "courier": shown.to_string() });
    print(form, &text, &object)
}

fn server(dir: &Path, command: &Server, form: Form) -> Result<Exit, CourierError> {
    let mut courier = Courier::open(dir)?;
    match command {
        Server::Add { url } => {
            let url = ServerUrl::parse(url)?;
            let text = match courier.allow_server(&url)? {
                true => format!("Allowed: {url}\n"),
                false => format!("Allowed before: {url}\n"),
            };
            print(form, &text, &json!({ "allowed": url.as_str() }))
        }
        Server::List => {
            let servers = courier.servers()?;
            let text: String = servers.iter().map(|url| format!("{url}\n")).collect();
            let urls: Vec<&str> = servers.iter().map(ServerUrl::as_str).collect();
            print(form, &text, &json!({ "servers": urls }))
        }
        Server::Remove { url } => {
            let url = ServerUrl::parse(url)?;
            courier.forbid_server(&url)?;
            let text = format!("Not allowed any more: {url}\n");
            print(form, &text, &json!({ "removed": url.as_str() }))
        }
    }
}

fn close(command: CloseTray, form: Form) -> Result<Exit, CourierError> {
    let options = ClientOptions {
        proxy: command.proxy,
        plain_http: command.plain_http,
        ..ClientOptions::default()
    };
    close_tray(sync::read_pass(&command.file)?, &options)?;
    let text = "The tray is closed: neither the phone nor this courier can use it any more.\n";
    print(form, text, &json!({ "closed": true }))
}
fn status(dir: &Path, form: Form) -> Result<Exit, CourierError> {
    let status = Courier::open(dir)?.status()?;
    // Numbers and names always serialise.
    let object = serde_json::to_value(&status).unwrap_or_default();
    print(form, &text::status(&status), &object)
}

fn server_urls(texts: &[String]) -> Result<Vec<ServerUrl>, CourierError> {
    texts.iter().map(|text| ServerUrl::parse(text)).collect()
}
/// Results: one that did not get out is a failure.
fn print(form: Form, text: &str, object: &Value) -> Result<Exit, CourierError> {
    let mut out = io::stdout();
    let written = match form {
        Form::Text => out.write_all(text.as_bytes()),
        Form::Json => writeln!(out, "{object}"),
    };
    written
        .and_then(|()| out.flush())
        .map(|()| Exit::Done)
        .map_err(|source| CourierError::Output { source })
}

/// Talk: whoever does not listen misses nothing that has to be kept.
fn talk(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
const EXAMPLES: &str = "\
Examples:
  online-relay courier init --server https://relay.example
  online-relay courier pair show --name Amina
  online-relay courier sync --stick /media/stick
  online-relay courier sync --stick /media/stick --proxy socks5://127.0.0.1:9050
  online-relay courier sync --screen --camera         face to face with the vault's machine
  online-relay courier sync --camera 'photos/*.jpg'   pictures of the vault's screen
  online-relay courier sync --tray tray.txt           by way of a phone";
