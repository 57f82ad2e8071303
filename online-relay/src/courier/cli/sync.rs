//! One trip from the command line.

use std::env::current_exe;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use carriers::light::screen::{Machine, ScreenProcess};
use clap::Args;
use crossing::light::{Choice, Means};
use pack_format::advice::Exit;
use zeroize::Zeroizing;

use super::super::limits::PASS_BYTES_MAX;
use super::super::outcome::SyncOutcome;
use super::super::progress::takes_terminal;
use super::super::{Cancel, Courier, CourierError, Medium, PairingName, SyncOptions, Watch, text};
use super::json::outcome_json;
use super::{print, server_urls, talk};
use crate::client::ClientOptions;
use crate::clock::unix_now;
use crate::desk::{Desk, FinishOptions};
use crate::report::{Form, report};
use crate::tray::TrayPass;

#[derive(Debug, Args)]
pub(super) struct Sync {
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
pub(super) fn sync(dir: &Path, command: Sync, form: Form) -> Result<Exit, CourierError> {
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
    // What has expired by now is not carried any more.
    Desk::new(&mut courier, unix_now())?;
    let mut written = None;
    let mut outcome = match (choice, pass) {
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
    // One that arrived before the medium failed is used as well.
    let finished = Desk::new(&mut courier, unix_now())
        .and_then(|mut desk| desk.finish_all(&FinishOptions::default()));
    match finished {
        Ok(finished) => outcome.finished = finished,
        Err(err) => outcome.problems.push(err.into()),
    }
    let mut shown = text::written(written);
    shown.push_str(&text::outcome(&outcome, options.medium.as_ref()));
    print(form, &shown, &outcome_json(&outcome))?;
    report_all(&outcome);
    Ok(outcome.exit())
}
/// The courier's code of a tray, from the operator's file.
pub(super) fn read_pass(path: &Path) -> Result<TrayPass, CourierError> {
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
pub(super) fn be_quiet_about_pictures(choice: &Choice) {
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
    for err in outcome
        .finished
        .iter()
        .filter_map(|it| it.result.as_ref().err())
    {
        report(err, Form::Text);
    }
}
/// Crates that read codes.
const READERS: [&str; 2] = ["rqrr", "rxing"];
