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
            if !gnupg.import(certificate).map_err(failed(GPG))? {
                return Ok(None);
            }
        }
        Ok(Some(gnupg))
    }

    /// Adds a certificate, or what is new in one; false where gpg does not know such keys.
    pub(crate) fn import(&self, certificate: &[u8]) -> io::Result<bool> {
        let mut command = self.command();
        command.arg("--import");
        let output = child::run(&mut command, certificate)?;
        // It calls it a success as well when it has skipped what it does not know.
        Ok(output.status.success() && says(&output, "IMPORT_OK"))
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
        let verdict = verdict(&output.map_err(failed(GPG))?, CLASS_BINARY);
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
    Ok(vec![(GPG, verdict(&output, CLASS_TEXT))])
}

/// Reads what gpg says for programs about a signature of this class. A signature over a text is
/// not taken for one over bytes: it leaves line ends open.
fn verdict(output: &Output, class: &str) -> Verdict {
    let valid = words(output, "VALIDSIG");
    if output.status.success() && says(output, "GOODSIG") && !valid.is_empty() {
        return match valid.get(VALIDSIG_CLASS).map(String::as_str) == Some(class) {
            true => Verdict::Good,
            false => Verdict::Bad,
        };
    }
    // A key or an algorithm that it does not know.
    if says(output, "ERRSIG") || says(output, "NODATA") {
        return Verdict::CannotTell;
    }
    Verdict::Bad
}

/// Whether gpg has said this word to programs.
fn says(output: &Output, word: &str) -> bool {
    !words(output, word).is_empty()
}

/// The words of gpg's first line for programs that begins with this one; empty without one.
fn words(output: &Output, first: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines = text.lines();
    let said = lines.filter_map(|line| line.strip_prefix("[GNUPG:] "));
    let mut each = said.map(|line| line.split(' ').map(ToOwned::to_owned).collect::<Vec<_>>());
    each.find(|words| words.first().is_some_and(|word| word == first))
        .unwrap_or_default()
}

/// Which word of gpg's `VALIDSIG` line is the class of the signature.
const VALIDSIG_CLASS: usize = 9;
const CLASS_BINARY: &str = "00";
const CLASS_TEXT: &str = "01";

const GPG: &str = "gpg";
const SQV: &str = "sqv";

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use super::*;

    #[test]
    fn a_good_signature_of_another_class_is_bad() {
        let said = |class: &str| Output {
            status: ExitStatus::from_raw(0),
            stdout: Vec::new(),
            stderr: format!(
                "[GNUPG:] GOODSIG 01 Ben\n\
                 [GNUPG:] VALIDSIG F 2026-01-01 1 0 4 0 1 10 {class} P\n"
            )
            .into_bytes(),
        };
        assert_eq!(verdict(&said("00"), CLASS_BINARY), Verdict::Good);
        assert_eq!(verdict(&said("01"), CLASS_BINARY), Verdict::Bad);
        assert_eq!(verdict(&said("01"), CLASS_TEXT), Verdict::Good);
        assert_eq!(verdict(&said("00"), CLASS_TEXT), Verdict::Bad);
    }
}
