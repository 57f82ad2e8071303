//! Programs that git calls to sign now: they ask the vault, wait for the stick, and answer as gpg
//! or ssh-keygen would.
//!
//! Git gives them pipes for all three standard streams and shows what they say only when they
//! fail. So they talk on the terminal, and fail at once where there is none. Every call that does
//! not sign goes to the stock program as it is.

mod call;
mod setup;
mod terminal;
mod wait;

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use signing_format::git::{ObjectKind, RawObject};
use signing_format::openpgp::DataSignature;
use signing_format::ssh::SshKeyLine;

pub(super) use self::call::{GpgCall, SshCall};
pub(super) use self::setup::{SetupOptions, setup};

use self::terminal::Terminal;
use self::wait::Waiting;
use super::ask::AskOptions;
use super::child;
use super::error::DeskError;
use super::key::{DeskKey, PublicHalf};
use super::output;

/// How a program that git calls asks.
#[derive(Clone, Debug)]
pub(super) struct ShimOptions {
    /// The courier's directory.
    pub(super) courier: PathBuf,
    /// What all requests have in common.
    pub(super) ask: AskOptions,
    /// How long it waits, in seconds.
    pub(super) wait_secs: u64,
}

/// Signs as `gpg` would, or hands the call on.
pub(super) fn gpg(arguments: &[String], options: &ShimOptions) -> Result<(), DeskError> {
    let GpgCall::Sign { key, status_fd } = GpgCall::parse(arguments)? else {
        return Err(pass_on("gpg", arguments));
    };
    let mut terminal = Terminal::open().map_err(DeskError::NoTerminal)?;
    let mut payload = Vec::new();
    let read = io::stdin()
        .lock()
        .take(PAYLOAD_BYTES_MAX)
        .read_to_end(&mut payload);
    read.map_err(DeskError::Pipe)?;
    let is_asked = |ours: &DeskKey| is_openpgp_key(ours, &key);
    let armored = sign(&payload, options, &mut terminal, is_asked)?;
    let parsed = DataSignature::parse(&armored).map_err(DeskError::Certificate)?;
    let by = parsed
        .issuer()
        .map(|it| data_encoding::HEXUPPER.encode(it.as_bytes()));
    let status = format!(
        "\n[GNUPG:] SIG_CREATED D {} 10 00 {} {}\n",
        parsed.algorithm(),
        parsed.created_at().unwrap_or_default(),
        by.unwrap_or_default()
    );
    let mut out = io::stdout().lock();
    out.write_all(&armored)
        .and_then(|()| out.flush())
        .map_err(DeskError::Pipe)?;
    let said = match status_fd {
        1 => out.write_all(status.as_bytes()),
        _ => io::stderr().write_all(status.as_bytes()),
    };
    said.map_err(DeskError::Pipe)
}

/// Signs as `ssh-keygen` would, or hands the call on.
pub(super) fn ssh(arguments: &[String], options: &ShimOptions) -> Result<(), DeskError> {
    let SshCall::Sign { key_file, buffer } = SshCall::parse(arguments)? else {
        return Err(pass_on("ssh-keygen", arguments));
    };
    let mut terminal = Terminal::open().map_err(DeskError::NoTerminal)?;
    let payload = fs::read(&buffer).map_err(DeskError::file("reading it", &buffer))?;
    let line = fs::read_to_string(&key_file);
    let line = line.map_err(DeskError::file("reading it", &key_file))?;
    let asked = SshKeyLine::parse(&line).map_err(DeskError::KeySsh)?;
    let is_asked = |ours: &DeskKey| match &ours.public {
        PublicHalf::Ssh(ours) => ours.key() == asked.key(),
        _ => false,
    };
    let armored = sign(&payload, options, &mut terminal, is_asked)?;
    let mut path = buffer.into_os_string();
    path.push(".sig");
    let path = PathBuf::from(path);
    // Beside git's buffer, which may lie in a folder that others write to.
    output::write(&path, &armored, output::PRIVATE, true)
}

/// Asks for the signature and waits until it is there.
fn sign(
    payload: &[u8],
    options: &ShimOptions,
    terminal: &mut Terminal,
    is_asked: impl Fn(&DeskKey) -> bool,
) -> Result<Vec<u8>, DeskError> {
    Waiting::ask(payload, options, &is_asked, terminal)?.wait(terminal)
}

/// Whether git's name of a key is one of this certificate's: a fingerprint or a key id, with or
/// without an exclamation mark.
fn is_openpgp_key(ours: &DeskKey, named: &str) -> bool {
    let PublicHalf::OpenPgp { keys, .. } = &ours.public else {
        return false;
    };
    let named = named.strip_suffix('!').unwrap_or(named);
    let named = named
        .strip_prefix("0x")
        .unwrap_or(named)
        .to_ascii_uppercase();
    let fingerprints = keys.keys().iter().map(|key| key.fingerprint);
    let mut names = fingerprints.flat_map(|fingerprint| {
        let hex = |bytes: &[u8]| data_encoding::HEXUPPER.encode(bytes);
        [hex(fingerprint.as_bytes()), hex(&fingerprint.key_id())]
    });
    names.any(|name| name == named)
}

/// The commit or tag that git wants signed; `None` for anything else, such as a push certificate.
fn object_of(payload: &[u8]) -> Option<RawObject> {
    let kind = match payload {
        [b't', b'r', b'e', b'e', b' ', ..] => ObjectKind::Commit,
        [b'o', b'b', b'j', b'e', b'c', b't', b' ', ..] => ObjectKind::Tag,
        _ => return None,
    };
    RawObject::new(kind, payload.to_vec()).ok()
}

/// Becomes the stock program; returns only where that fails.
fn pass_on(program: &str, arguments: &[String]) -> DeskError {
    let path = child::find(program);
    let missing = io::Error::from(io::ErrorKind::NotFound);
    let source = match path {
        Some(path) => Command::new(path).args(arguments).exec(),
        None => missing,
    };
    DeskError::PassOn {
        program: program.to_owned(),
        source,
    }
}

/// The absolute form of a path for a script.
fn absolute(path: &Path) -> Result<PathBuf, DeskError> {
    std::path::absolute(path).map_err(DeskError::file("finding out where it is", path))
}

/// Larger than any commit that is signed.
const PAYLOAD_BYTES_MAX: u64 = 16 << 20;
