//! `ssh-keygen` and `minisign` as second opinions.

use std::io;
use std::path::PathBuf;

use signing_format::minisign::MinisignPublicKey;
use signing_format::ssh::SshKeyLine;

use super::super::child::{self, Output};
use super::super::scratch::Scratch;
use super::{Asked, VerifyError};

/// What a stock program says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The signature is good.
    Good,
    /// It is not.
    Bad,
    /// It knows too little of the key or the form.
    CannotTell,
}

impl Verdict {
    fn of(output: &Output) -> Self {
        match output.status.success() {
            true => Self::Good,
            false => Self::Bad,
        }
    }
}

/// Asks `ssh-keygen -Y verify`, if it is installed.
pub(super) fn ssh(
    line: &SshKeyLine,
    namespace: &str,
    signature: &[u8],
    asked: Asked<'_>,
    scratch: &Scratch,
) -> Result<Vec<(&'static str, Verdict)>, VerifyError> {
    const PROGRAM: &str = "ssh-keygen";
    let Some(program) = child::find(PROGRAM) else {
        return Ok(Vec::new());
    };
    let run = || {
        let allowed = scratch.file("allowed-signers", allowed_signers(line).as_bytes())?;
        let signature = scratch.file("signature", signature)?;
        let mut command = child::command(&program);
        command
            .args(["-Y", "verify", "-I", PRINCIPAL, "-n", namespace])
            .arg("-f")
            .arg(allowed)
            .arg("-s")
            .arg(signature);
        match asked {
            Asked::File(path, _) => child::run_on_file(&mut command, path),
            Asked::Bytes(bytes) => child::run(&mut command, bytes),
        }
    };
    let output = run().map_err(failed(PROGRAM))?;
    Ok(vec![(PROGRAM, Verdict::of(&output))])
}

/// The one line of a list of allowed signers.
pub(crate) fn allowed_signers(line: &SshKeyLine) -> String {
    let blob = data_encoding::BASE64.encode(&line.key().to_blob());
    format!("{PRINCIPAL} ssh-ed25519 {blob}\n")
}

/// Asks `minisign -V`, if it is installed.
pub(super) fn minisign(
    public: &MinisignPublicKey,
    signature: &[u8],
    asked: Asked<'_>,
    scratch: &Scratch,
) -> Result<Vec<(&'static str, Verdict)>, VerifyError> {
    const PROGRAM: &str = "minisign";
    let Some(program) = child::find(PROGRAM) else {
        return Ok(Vec::new());
    };
    let run = || {
        let signature = scratch.file("signature", signature)?;
        let file: PathBuf = match asked {
            Asked::File(path, _) => path.to_owned(),
            Asked::Bytes(bytes) => scratch.file("message", bytes)?,
        };
        let mut command = child::command(&program);
        command.args(["-V", "-q", "-P", &public.to_base64()]);
        command.arg("-m").arg(file).arg("-x").arg(signature);
        child::run(&mut command, b"")
    };
    let output = run().map_err(failed(PROGRAM))?;
    Ok(vec![(PROGRAM, Verdict::of(&output))])
}

/// The program could not be run.
pub(super) fn failed(program: &'static str) -> impl Fn(io::Error) -> VerifyError + Copy {
    move |source| VerifyError::Run { program, source }
}

/// Who signs, in a list of one.
const PRINCIPAL: &str = "desk";
