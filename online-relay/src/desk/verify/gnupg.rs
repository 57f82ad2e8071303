//! `gpg` and `sqv` as second opinions on OpenPGP signatures, with a key ring of one certificate.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::child::{self, Output};
use super::super::scratch::Scratch;
use super::stock::{Verdict, failed};
use super::{Asked, VerifyError};

/// GnuPG with a home of its own, in which only the given certificates are.
pub(crate) struct GnuPg {
    program: PathBuf,
    home: PathBuf,
}

impl GnuPg {
    /// A home with these certificates; `None` where gpg is not installed or does not know such
    /// keys.
    pub(crate) fn with(
        certificates: &[&[u8]],
        scratch: &Scratch,
    ) -> Result<Option<Self>, VerifyError> {
        let Some(program) = child::find(GPG) else {
            return Ok(None);
        };
        let home = scratch.folder("gnupg").map_err(failed(GPG))?;
        let gnupg = Self { program, home };
        for certificate in certificates {
            let mut command = gnupg.command();
            command.arg("--import");
            let output = child::run(&mut command, certificate).map_err(failed(GPG))?;
            // It calls it a success as well when it has skipped what it does not know.
            let is_known = says(&output, "IMPORT_OK");
            if !output.status.success() || !is_known {
                return Ok(None);
            }
        }
        Ok(Some(gnupg))
    }

    /// Where its keys are, for programs that call it.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// The program.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// A command that asks nobody and starts nothing that stays.
    fn command(&self) -> Command {
        let mut command = child::command(&self.program);
        command.arg("--homedir").arg(&self.home).args([
            "--batch",
            "--no-tty",
            "--no-options",
            "--no-autostart",
            "--no-auto-key-retrieve",
            "--no-auto-check-trustdb",
            "--trust-model=always",
            "--status-fd=2",
        ]);
        command
    }

    /// What it knows of a certificate's signatures, in its form for programs.
    pub(crate) fn signatures_of(&self, fingerprint: &str) -> io::Result<Output> {
        let mut command = self.command();
        command.args(["--with-colons", "--check-signatures", "--", fingerprint]);
        child::run(&mut command, b"")
    }

    /// Exports a certificate as it holds it.
    pub(crate) fn export(&self, fingerprint: &str, armored: bool) -> io::Result<Output> {
        let mut command = self.command();
        if armored {
            command.arg("--armor");
        }
        command.args(["--export", "--", fingerprint]);
        child::run(&mut command, b"")
    }
}

/// Asks `gpg --verify`, or `sqv` where gpg cannot tell.
pub(super) fn detached(
    certificate: &[u8],
    signature: &[u8],
    asked: Asked<'_>,
    scratch: &Scratch,
) -> Result<Vec<(&'static str, Verdict)>, VerifyError> {
    let signature = scratch.file("signature", signature).map_err(failed(GPG))?;
    if let Some(gnupg) = GnuPg::with(&[certificate], scratch)? {
        let mut command = gnupg.command();
        command.arg("--verify").arg(&signature).arg("-");
        let output = match asked {
            Asked::File(path, _) => child::run_on_file(&mut command, path),
            Asked::Bytes(bytes) => child::run(&mut command, bytes),
        };
        let verdict = verdict(&output.map_err(failed(GPG))?);
        if verdict != Verdict::CannotTell {
            return Ok(vec![(GPG, verdict)]);
        }
    }
    sqv(certificate, &signature, asked, scratch)
}

fn sqv(
    certificate: &[u8],
    signature: &Path,
    asked: Asked<'_>,
    scratch: &Scratch,
) -> Result<Vec<(&'static str, Verdict)>, VerifyError> {
    let Some(program) = child::find(SQV) else {
        return Ok(Vec::new());
    };
    let run = || {
        let ring = scratch.file("certificate", certificate)?;
        let file = match asked {
            Asked::File(path, _) => path.to_owned(),
            Asked::Bytes(bytes) => scratch.file("message", bytes)?,
        };
        let mut command = child::command(&program);
        command
            .arg("--keyring")
            .arg(ring)
            .arg("--")
            .arg(signature)
            .arg(file);
        child::run(&mut command, b"")
    };
    let output = run().map_err(failed(SQV))?;
    // It says no in one way, whether it knows the key or not.
    let verdict = match output.status.success() {
        true => Verdict::Good,
        false => Verdict::CannotTell,
    };
    Ok(vec![(SQV, verdict)])
}

/// Asks `gpg --verify` about a file that holds its text.
pub(super) fn clear(
    certificate: &[u8],
    file: &[u8],
    scratch: &Scratch,
) -> Result<Vec<(&'static str, Verdict)>, VerifyError> {
    let Some(gnupg) = GnuPg::with(&[certificate], scratch)? else {
        return Ok(Vec::new());
    };
    let mut command = gnupg.command();
    command.args(["--verify", "-"]);
    let output = child::run(&mut command, file).map_err(failed(GPG))?;
    Ok(vec![(GPG, verdict(&output))])
}

/// Reads what gpg says for programs.
fn verdict(output: &Output) -> Verdict {
    if output.status.success() && says(output, "GOODSIG") && says(output, "VALIDSIG") {
        return Verdict::Good;
    }
    // A key or an algorithm that it does not know.
    if says(output, "ERRSIG") || says(output, "NODATA") {
        return Verdict::CannotTell;
    }
    Verdict::Bad
}

/// Whether gpg has said this word to programs.
fn says(output: &Output, word: &str) -> bool {
    let text = String::from_utf8_lossy(&output.stderr);
    let mut lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("[GNUPG:] "));
    lines.any(|line| line.split(' ').next() == Some(word))
}

const GPG: &str = "gpg";
const SQV: &str = "sqv";
