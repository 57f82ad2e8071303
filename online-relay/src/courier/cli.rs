//! The courier's command line, and what each command prints.

use std::env::current_exe;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use carriers::light::screen::{Machine, ScreenProcess};
use clap::{Args, Subcommand};
use crossing::light::{Choice, Means, film_message};
use pack_format::advice::{Advice, Exit};
use pack_format::light::Kind;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::limits::{CODE_BYTES_MAX, PASS_BYTES_MAX};
use super::outcome::{SyncOutcome, VaultOutcome};
use super::progress::takes_terminal;
use super::{
    AtTray, ByLight, Cancel, CountedTrouble, Courier, CourierError, Medium, PairingName, ServerUrl,
    SyncOptions, Watch, close_tray, default_dir, text,
};
use crate::client::ClientOptions;
use crate::report::{Form, report};
use crate::tray::TrayPass;

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

#[derive(Debug, Subcommand)]
enum Pair {
    /// Show thirteen words, once, to be typed on the vault
    Show {
        /// What to call the vault
        #[arg(long)]
        name: String,
    },
    /// Type the thirteen words that the vault shows
    Type {
        /// What to call the vault
        #[arg(long)]
        name: String,
        /// Read the words from this file, or from standard input with -
        #[arg(long, value_name = "FILE")]
        code_file: Option<PathBuf>,
        /// Film the code instead of typing it; without DEVICE with the first camera
        #[arg(
            long,
            value_name = "DEVICE",
            num_args = 0..=1,
            default_missing_value = "",
            conflicts_with = "code_file"
        )]
        camera: Option<String>,
    },
    /// List the pairings
    List,
    /// Forget a pairing and everything that is only here for it
    Remove {
        /// The pairing's name
        name: String,
    },
}

#[derive(Debug, Args)]
struct Sync {
    /// The directory where the stick is mounted
    #[arg(long, value_name = "PATH", conflicts_with = "raw")]
    stick: Option<PathBuf>,
    /// A device, tape or image file without a file system
    #[arg(long, value_name = "DEVICE")]
    raw: Option<PathBuf>,
    /// Write over a device or file that holds something else
    #[arg(long, requires = "raw")]
    overwrite: bool,
    #[command(flatten)]
    light: Light,
    /// By way of a phone: the operator's file for a tray
    #[arg(long, value_name = "FILE", conflicts_with_all = ["stick", "raw", "show", "camera"])]
    tray: Option<PathBuf>,
    /// The one vault that the medium goes to; otherwise it carries for every paired vault
    #[arg(long, value_name = "NAME")]
    vault: Option<String>,
    /// Allow this server in this run only; may be given several times
    #[arg(long = "server", value_name = "URL")]
    servers: Vec<String>,
    /// Reach every server through this proxy, which also looks up its name
    #[arg(long, value_name = "socks5://HOST:PORT")]
    proxy: Option<String>,
    /// Allow http:// to other machines, in a network that you trust
    #[arg(long)]
    plain_http: bool,
    /// Leave the network alone
    #[arg(long)]
    offline: bool,
}

/// How codes are shown and filmed.
#[derive(Debug, Args)]
struct Light {
    /// Show what is for the vault as codes in a window
    #[arg(long, group = "show", conflicts_with_all = ["stick", "raw"])]
    screen: bool,
    /// Show the codes in this terminal
    #[arg(long, group = "show", conflicts_with_all = ["stick", "raw"])]
    terminal: bool,
    /// Write the codes as PNG pictures into a new folder
    #[arg(long, value_name = "DIR", group = "show", conflicts_with_all = ["stick", "raw", "camera"])]
    images: Option<PathBuf>,
    /// Write the codes as pages for paper
    #[arg(long, value_name = "FILE", group = "show", conflicts_with_all = ["stick", "raw", "camera"])]
    pdf: Option<PathBuf>,
    /// Film the vault's codes with a camera, a folder or list of pictures, or a video file
    /// (.y4m, .mjpeg); without DEVICE with the first camera
    #[arg(
        long,
        value_name = "DEVICE",
        num_args = 0..=1,
        default_missing_value = "",
        conflicts_with_all = ["stick", "raw"]
    )]
    camera: Option<String>,
}

impl Light {
    /// What is to go by light, if anything is.
    fn choice(self) -> Option<Choice> {
        let choice = Choice {
            window: self.screen,
            terminal: self.terminal,
            images: self.images,
            pdf: self.pdf,
            camera: self.camera,
        };
        (choice != Choice::default()).then_some(choice)
    }
}

/// Does what the command line says; an error is reported here and nowhere else.
#[must_use]
pub fn run(args: CourierArgs, form: Form) -> ExitCode {
    let done = directory(args.courier).and_then(|dir| match args.command {
        Command::Init(command) => init(&dir, &command, form),
        Command::Server(command) => server(&dir, &command, form),
        Command::Pair(command) => pair(&dir, command, form),
        Command::Sync(command) => sync(&dir, command, form),
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

fn pair(dir: &Path, command: Pair, form: Form) -> Result<Exit, CourierError> {
    let mut courier = Courier::open(dir)?;
    match command {
        Pair::Show { name } => {
            let name = PairingName::parse(&name)?;
            let words = courier.pair_by_showing(&name)?;
            let shown = Zeroizing::new(words.join(" ") + "\n");
            print(
                form,
                &shown,
                &json!({ "name": name.as_str(), "words": words }),
            )?;
            talk(
                "online-relay: type these thirteen words on the vault. They are not shown again; \
                 whoever sees them can read and make what crosses between the two machines.\n",
            );
            Ok(Exit::Done)
        }
        Pair::Type {
            name,
            code_file,
            camera,
        } => {
            let name = PairingName::parse(&name)?;
            let words = match camera {
                Some(camera) => filmed_words(camera, form)?,
                None => typed_words(code_file.as_deref())?,
            };
            courier.pair_by_typing(&name, &words)?;
            let text = format!("Paired with vault {}.\n", name.as_str());
            print(form, &text, &json!({ "name": name.as_str() }))
        }
        Pair::List => {
            let names = courier.pairings()?;
            let text: String = names.iter().map(|name| format!("{name}\n")).collect();
            print(form, &text, &json!({ "pairings": names }))
        }
        Pair::Remove { name } => {
            let name = PairingName::parse(&name)?;
            courier.remove_pairing(&name)?;
            let text = format!("Forgotten: the pairing with vault {}.\n", name.as_str());
            print(form, &text, &json!({ "removed": name.as_str() }))
        }
    }
}

/// The words from the code that a vault shows.
fn filmed_words(camera: String, form: Form) -> Result<Zeroizing<String>, CourierError> {
    let choice = Choice {
        camera: Some(camera),
        ..Choice::default()
    };
    let cancel = Cancel::on_signals()?;
    let mut watch = match form {
        Form::Json => Watch::quiet(cancel),
        Form::Text => Watch::on_stderr(cancel),
    };
    be_quiet_about_pictures(&choice);
    let mut means = Means::open(&choice, Machine::Online, None)?;
    let filmed = match means.parts() {
        (_, Some(eyes)) => film_message(Kind::Pairing, &|_| false, eyes, &mut watch)?,
        _ => return Err(CourierError::NoTerminal),
    };
    // What is not text is no word either, and is refused as one.
    Ok(Zeroizing::new(
        String::from_utf8_lossy(&filmed).into_owned(),
    ))
}

/// The words from a file, from standard input, or from the person at the terminal.
fn typed_words(code_file: Option<&Path>) -> Result<Zeroizing<String>, CourierError> {
    let failed = |path: &Path, source| CourierError::CodeFile {
        path: path.to_owned(),
        source,
    };
    let stdin_path = Path::new("standard input");
    match code_file {
        Some(path) if path != Path::new("-") => File::open(path)
            .and_then(|file| bounded(&file))
            .map_err(|source| failed(path, source)),
        Some(_) => bounded(io::stdin().lock()).map_err(|source| failed(stdin_path, source)),
        None if io::stdin().is_terminal() => {
            talk("The thirteen words that the vault shows: ");
            let mut line = Zeroizing::new(String::new());
            io::stdin()
                .read_line(&mut line)
                .map_err(|source| failed(stdin_path, source))?;
            Ok(line)
        }
        None => Err(CourierError::NoTerminal),
    }
}

fn bounded(source: impl Read) -> io::Result<Zeroizing<String>> {
    let mut words = Zeroizing::new(String::new());
    let read = source
        .take(CODE_BYTES_MAX.saturating_add(1))
        .read_to_string(&mut words)?;
    if read as u64 > CODE_BYTES_MAX {
        let what = "it is too large to be thirteen words";
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(words)
}

fn sync(dir: &Path, command: Sync, form: Form) -> Result<Exit, CourierError> {
    let medium = match (command.stick, command.raw) {
        (Some(path), _) => Some(Medium::Stick(path)),
        (None, Some(path)) => Some(Medium::Raw(path)),
        (None, None) => None,
    };
    let vault = command.vault.as_deref();
    let options = SyncOptions {
        medium,
        vault: vault.map(PairingName::parse).transpose()?,
        servers: server_urls(&command.servers)?,
        offline: command.offline,
        client: ClientOptions {
            proxy: command.proxy,
            plain_http: command.plain_http,
            ..ClientOptions::default()
        },
        crossing: crossing::Options {
            overwrite: command.overwrite,
            ..crossing::Options::default()
        },
    };
    let pass = command.tray.as_deref().map(read_pass).transpose()?;
    let is_in_terminal = command.light.terminal;
    let choice = command.light.choice();
    if is_in_terminal {
        takes_terminal();
    }
    let cancel = Cancel::on_signals()?;
    let mut watch = match form {
        // A terminal that is full of codes has its own lines for what a person is told.
        Form::Text if !is_in_terminal => Watch::on_stderr(cancel),
        _ => Watch::quiet(cancel),
    };
    let mut courier = Courier::open(dir)?;
    let mut written = None;
    let outcome = match (choice, pass) {
        (Some(choice), _) => {
            be_quiet_about_pictures(&choice);
            let start = || ScreenProcess::start_beside(current_exe());
            let screen = choice.window.then(start);
            let mut means = Means::open(&choice, Machine::Online, screen)?;
            let outcome = courier.sync_light(&options, &mut means, &mut watch);
            written = means.close()?;
            outcome?
        }
        (None, Some(pass)) => courier.sync_tray(&options, pass, &mut watch)?,
        (None, None) => courier.sync(&options, &mut watch)?,
    };
    drop(watch);
    let mut shown = text::written(written);
    shown.push_str(&text::outcome(&outcome, options.medium.as_ref()));
    print(form, &shown, &outcome_json(&outcome))?;
    report_all(&outcome);
    Ok(outcome.exit())
}

/// The courier's code of a tray, from the operator's file.
fn read_pass(path: &Path) -> Result<TrayPass, CourierError> {
    let mut text = Zeroizing::new(String::new());
    File::open(path)
        .and_then(|file| file.take(PASS_BYTES_MAX).read_to_string(&mut text))
        .map_err(|source| CourierError::TrayFile {
            path: path.to_owned(),
            source,
        })?;
    TrayPass::from_text(&text).map_err(CourierError::Tray)
}

/// A reader of codes is known to panic at some pictures. It is caught and the picture counts as
/// one without a code; what would be printed about it helps nobody.
fn be_quiet_about_pictures(choice: &Choice) {
    if choice.camera.is_none() {
        return;
    }
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or("", |place| place.file());
        if !READERS.iter().any(|reader| place.contains(reader)) {
            usual(panic);
        }
    }));
}

fn close(command: CloseTray, form: Form) -> Result<Exit, CourierError> {
    let options = ClientOptions {
        proxy: command.proxy,
        plain_http: command.plain_http,
        ..ClientOptions::default()
    };
    close_tray(read_pass(&command.file)?, &options)?;
    let text = "The tray is closed: neither the phone nor this courier can use it any more.\n";
    print(form, text, &json!({ "closed": true }))
}

/// Everything that did not go well, each with its advice. For a program it stands in the one
/// object of the result.
fn report_all(outcome: &SyncOutcome) {
    let network = outcome.network.iter().flat_map(|it| &it.troubles);
    for counted in outcome.refused.iter().chain(network) {
        report(&counted.trouble, Form::Text);
        if counted.count > 1 {
            talk(&format!(
                "online-relay: this happened {} times\n",
                counted.count
            ));
        }
    }
    for problem in &outcome.problems {
        report(problem, Form::Text);
    }
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

fn outcome_json(outcome: &SyncOutcome) -> Value {
    let network = outcome.network.as_ref();
    let relays = network.map_or(&[][..], |network| &network.relays);
    let servers = relays.iter().map(|relay| {
        json!({
            "url": relay.url,
            "outcome": relay.outcome,
            "mailboxes_opened": relay.mailboxes_opened,
            "bundles_uploaded": relay.bundles_uploaded,
            "bytes_uploaded": relay.bytes_uploaded,
            "bundles_fetched": relay.bundles_fetched,
            "bytes_fetched": relay.bytes_fetched,
            "bundles_acknowledged": relay.bundles_acknowledged,
            "bundles_waiting": relay.bundles_waiting,
            "bytes_waiting": relay.bytes_waiting,
        })
    });
    let troubles = network.map_or(&[][..], |network| &network.troubles);
    let troubles = outcome.refused.iter().chain(troubles).map(trouble_json);
    let problems = outcome
        .problems
        .iter()
        .map(|problem| problem_json(problem, 1));
    json!({
        "vaults": outcome.vaults.iter().map(vault_json).collect::<Vec<_>>(),
        "servers": servers.collect::<Vec<_>>(),
        "light": outcome.by_light.as_ref().map(ByLight::to_json),
        "tray": outcome.at_tray.as_ref().map(AtTray::to_json),
        "safe_to_remove": outcome.safe_to_remove,
        "medium_read_only": outcome.medium_read_only,
        "problems": troubles.chain(problems).collect::<Vec<_>>(),
    })
}

fn trouble_json(counted: &CountedTrouble) -> Value {
    problem_json(&counted.trouble, counted.count)
}

fn problem_json(problem: &dyn Advice, count: u64) -> Value {
    json!({
        "code": problem.code(),
        "what": pack_format::advice::what_happened(problem),
        "data": problem.data_safe(),
        "next": problem.next_step(),
        "count": count,
    })
}

fn vault_json(vault: &VaultOutcome) -> Value {
    let missing = vault.incoming.iter().map(|pack| {
        let missing = pack.missing.iter().map(|part| part.saturating_add(1));
        json!({ "part_count": pack.part_count, "missing": missing.collect::<Vec<_>>() })
    });
    let to_carry = vault.to_carry.iter().map(|pack| {
        let parts = pack.to_carry.iter().map(|part| part.saturating_add(1));
        json!({
            "part_count": pack.part_count,
            "parts": parts.collect::<Vec<_>>(),
            "bytes": pack.bytes_to_carry,
        })
    });
    json!({
        "name": vault.name,
        "packs_taken": vault.packs_taken,
        "bundles_taken": vault.bundles_taken,
        "items_taken": vault.items_taken,
        "bytes_taken": vault.bytes_taken,
        "items_confirmed": vault.items_confirmed,
        "on_medium": {
            "bundles": vault.on_medium.bundle_count,
            "receipts": vault.on_medium.receipt_count,
            "reports": vault.on_medium.report_count,
            "parts": vault.on_medium.part_count,
        },
        "incoming": missing.collect::<Vec<_>>(),
        "to_carry": to_carry.collect::<Vec<_>>(),
        "items_waiting": vault.items_waiting,
    })
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

/// Crates that read codes.
const READERS: [&str; 2] = ["rqrr", "rxing"];

const EXAMPLES: &str = "\
Examples:
  online-relay courier init --server https://relay.example
  online-relay courier pair show --name Amina
  online-relay courier sync --stick /media/stick
  online-relay courier sync --stick /media/stick --proxy socks5://127.0.0.1:9050
  online-relay courier sync --screen --camera         face to face with the vault's machine
  online-relay courier sync --camera 'photos/*.jpg'   pictures of the vault's screen
  online-relay courier sync --tray tray.txt           by way of a phone";
