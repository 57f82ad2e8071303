//! Making requests on the command line.

use std::env;
use std::path::{Path, PathBuf};

use clap::Args;
use pack_format::advice::Exit;
use pack_format::shown::Shown;
use serde_json::{Value, json};

use super::super::ask::{AskOptions, FileOptions, Form as SignatureForm, GitOptions, Made};
use super::super::error::DeskError;
use super::super::limits::{CONTENT_BYTES_DEFAULT, LIFE_DAYS_DEFAULT};
use super::super::list::short;
use super::{at_desk, print, span_secs, talk};
use crate::report::Form;

/// What all requests have in common.
#[derive(Debug, Args)]
pub(super) struct Ask {
    /// The key, as `desk key list` names it
    #[arg(long, value_name = "NAME")]
    key: String,
    /// The pairing with the vault that holds the key; needed where several vaults are paired
    #[arg(long, value_name = "PAIRING")]
    vault: Option<String>,
    /// A vault that approves before the other one signs; may be given several times
    #[arg(long = "approver", value_name = "PAIRING")]
    approvers: Vec<String>,
    /// How many approvals it waits for, counting those of `desk approve-with`; otherwise one of
    /// each approver
    #[arg(long, value_name = "N")]
    approvals: Option<u32>,
    /// Why, for whoever approves
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Who asks; otherwise what $USER or $LOGNAME says
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// When to stop waiting, such as 12h or 7d; at most 30d
    #[arg(long, value_name = "SPAN")]
    expires_in: Option<String>,
}

impl Ask {
    fn options(&self) -> Result<AskOptions, DeskError> {
        let life = self.expires_in.as_deref().map(span_secs).transpose()?;
        Ok(AskOptions {
            key: self.key.clone(),
            vault: self.vault.clone(),
            approvers: self.approvers.clone(),
            approvals: self.approvals,
            reason: self.reason.clone(),
            requester: self.by.clone().unwrap_or_else(user_name),
            life_secs: life.unwrap_or(LIFE_DAYS_DEFAULT * 24 * 60 * 60),
        })
    }
}

#[derive(Debug, Args)]
pub(super) struct Sign {
    /// The files; each is a request of its own
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    ask: Ask,
    /// openpgp, openpgp-clear, minisign or ssh:NAMESPACE; otherwise what the key makes
    #[arg(long = "as", value_name = "FORM")]
    form: Option<String>,
    /// Write the signature to this file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace a signature that is there
    #[arg(long)]
    force: bool,
    /// The largest file that crosses whole, such as 256MiB; a larger one crosses as a hash, and the
    /// vault cannot show it
    #[arg(long, value_name = "SIZE")]
    content_limit: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct SignGit {
    /// BASE..TIP: the commits that TIP has and BASE has not; with --root: TIP
    #[arg(required_unless_present = "tag", value_name = "BASE..TIP")]
    range: Option<String>,
    /// All commits of a branch, from the repository's first one on
    #[arg(long, requires = "range")]
    root: bool,
    /// An annotated tag without a signature
    #[arg(long, value_name = "NAME")]
    tag: Option<String>,
    #[command(flatten)]
    ask: Ask,
    /// A directory of the repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    repository: PathBuf,
    /// The branch that moves to the signed commits, where TIP does not name one
    #[arg(long = "ref", value_name = "BRANCH")]
    reference: Option<String>,
    /// Leave the files out: the vault then shows less, and says so
    #[arg(long)]
    no_diff: bool,
    /// Also sign commits that are on a server already, although their ids change
    #[arg(long)]
    rewrite_pushed: bool,
}

#[derive(Debug, Args)]
pub(super) struct Certify {
    /// The certificate
    certificate: PathBuf,
    #[command(flatten)]
    ask: Ask,
    /// A user id to certify, exactly as the certificate has it; may be given several times
    #[arg(long = "user-id", required = true, value_name = "TEXT")]
    user_ids: Vec<String>,
    /// Write the certified certificate to this file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub(super) struct Decrypt {
    /// The message
    file: PathBuf,
    #[command(flatten)]
    ask: Ask,
}

pub(super) fn sign(dir: &Path, command: &Sign, form: Form) -> Result<Exit, DeskError> {
    if command.output.is_some() && command.files.len() > 1 {
        return Err(DeskError::OneOutput);
    }
    let limit = command
        .content_limit
        .as_deref()
        .map(size_bytes)
        .transpose()?;
    let signature = command.form.as_deref().map(SignatureForm::parse);
    let options = FileOptions {
        form: signature.transpose()?,
        output: command.output.clone(),
        overwrite: command.force,
        content_limit_bytes: limit.unwrap_or(CONTENT_BYTES_DEFAULT),
    };
    let ask = command.ask.options()?;
    let mut made = Vec::new();
    let all_made = at_desk(dir, |desk| {
        // All of them first: whoever reads that nothing was changed has to be able to rely on it.
        for file in &command.files {
            desk.check_file(file, &ask, &options)?;
        }
        for file in &command.files {
            made.push(desk.sign_file(file, &ask, &options)?);
        }
        Ok(())
    });
    match all_made {
        Err(err) if made.is_empty() => Err(err),
        all_made => tell(form, &made).and_then(|exit| all_made.map(|()| exit)),
    }
}

pub(super) fn sign_git(dir: &Path, command: SignGit, form: Form) -> Result<Exit, DeskError> {
    let ask = command.ask.options()?;
    let options = GitOptions {
        repository: command.repository,
        range: command.range,
        root: command.root,
        tag: command.tag,
        reference: command.reference,
        no_diff: command.no_diff,
        pushed: command.rewrite_pushed,
    };
    let made = at_desk(dir, |desk| desk.sign_git(&options, &ask))?;
    tell(form, &[made])
}

pub(super) fn certify(dir: &Path, command: &Certify, form: Form) -> Result<Exit, DeskError> {
    let ask = command.ask.options()?;
    let output = command.output.as_deref();
    let made = at_desk(dir, |desk| {
        let (certificate, user_ids) = (&command.certificate, &command.user_ids);
        desk.certify(certificate, user_ids, output, command.force, &ask)
    })?;
    tell(form, &[made])
}

pub(super) fn decrypt(dir: &Path, command: &Decrypt, form: Form) -> Result<Exit, DeskError> {
    let ask = command.ask.options()?;
    let made = at_desk(dir, |desk| desk.decrypt(&command.file, &ask))?;
    tell(form, &[made])
}

/// Says what was asked, and loudly what the vault will not see.
fn tell(form: Form, made: &[Made]) -> Result<Exit, DeskError> {
    let mut text = String::new();
    for made in made {
        let first = made.about.lines().next().unwrap_or_default();
        let (id, vault) = (short(&made.id), Shown(&made.vault));
        text.push_str(&format!(
            "Request {id}: {first}\nReady to carry to vault {vault} with `online-relay courier \
             sync`.\n"
        ));
    }
    let objects: Vec<Value> = made.iter().map(object).collect();
    let exit = print(form, &text, &json!({ "requests": objects }))?;
    for made in made {
        let id = short(&made.id);
        if made.content_not_sent {
            talk(&format!(
                "online-relay: CONTENT NOT SENT for request {id}: the file is larger than the \
                 limit, and the vault shows only its hash. Whoever approves it has to know that \
                 hash from elsewhere; --content-limit raises the limit.\n"
            ));
        }
        for line in &made.warnings {
            talk(&format!("online-relay: request {id}: {line}\n"));
        }
        for line in &made.not_shown {
            talk(&format!(
                "online-relay: request {id}: the vault cannot show {line}\n"
            ));
        }
    }
    Ok(exit)
}

fn object(made: &Made) -> Value {
    json!({
        "request": made.id.to_string(),
        "about": made.about,
        "vault": made.vault,
        "content_not_sent": made.content_not_sent,
        "not_shown": made.not_shown,
        "warnings": made.warnings,
    })
}

/// The person's name, as the environment has it.
pub(super) fn user_name() -> String {
    let name = env::var("USER").or_else(|_| env::var("LOGNAME"));
    name.unwrap_or_default()
}

/// Reads `256MiB`, `1GiB`, `64KiB`, or a number of bytes.
fn size_bytes(text: &str) -> Result<u64, DeskError> {
    let bad = || DeskError::BadSize {
        text: text.to_owned(),
    };
    let units = [
        ("KiB", 1_u64 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("", 1),
    ];
    let found = units.into_iter().find_map(|(unit, bytes)| {
        let number = text.strip_suffix(unit)?;
        Some((number, bytes))
    });
    let (number, unit_bytes) = found.ok_or_else(bad)?;
    let number: u64 = number.trim().parse().map_err(|_| bad())?;
    number.checked_mul(unit_bytes).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_written() {
        assert_eq!(size_bytes("256MiB").unwrap(), 256 << 20);
        assert_eq!(size_bytes("0").unwrap(), 0);
        assert!(size_bytes("1GB").is_err());
    }
}
