//! `git verify-commit` and `git verify-tag` as second opinions, with the keys of one request.

use std::ffi::OsString;

use signing_format::git::{ObjectKind, SignedObject};

use super::super::child;
use super::super::error::DeskError;
use super::super::git::{GitError, Repository};
use super::super::key::{DeskKey, PublicHalf};
use super::super::scratch::Scratch;
use super::stock::{allowed_signers, failed};
use super::{GnuPg, VerifyError};

/// Settings with which git accepts the signatures of one key, and no others.
pub(crate) struct GitKeys {
    settings: Vec<(&'static str, OsString)>,
    gnupg_home: Option<OsString>,
    /// The program that git asks; `None` where none is installed that knows the key.
    program: Option<&'static str>,
}

impl GitKeys {
    /// The settings for a key.
    pub(crate) fn new(key: &DeskKey, scratch: &Scratch) -> Result<Self, VerifyError> {
        let mut keys = Self {
            settings: vec![("gpg.minTrustLevel", "undefined".into())],
            gnupg_home: None,
            program: None,
        };
        match &key.public {
            PublicHalf::Ssh(line) => {
                let Some(program) = child::find(SSH_KEYGEN) else {
                    return Ok(keys);
                };
                let allowed = scratch.file("git-signers", allowed_signers(line).as_bytes());
                let allowed = allowed.map_err(failed(SSH_KEYGEN))?;
                keys.set("gpg.ssh.allowedSignersFile", allowed.into());
                keys.set("gpg.ssh.program", program.into());
                keys.program = Some(SSH_KEYGEN);
            }
            PublicHalf::OpenPgp { certificate, .. } => {
                let Some(gnupg) = GnuPg::with(&[certificate], scratch)? else {
                    return Ok(keys);
                };
                keys.set("gpg.program", gnupg.program().into());
                keys.set("gpg.openpgp.program", gnupg.program().into());
                keys.gnupg_home = Some(gnupg.home().into());
                keys.program = Some("gpg");
            }
            PublicHalf::Minisign(_) => return Err(VerifyError::OtherKind),
        }
        Ok(keys)
    }

    fn set(&mut self, name: &'static str, value: OsString) {
        self.settings.push((name, value));
    }

    /// Lets git check objects that were written and that nothing refers to yet. Gives the program
    /// that it has asked.
    pub(crate) fn check(
        &self,
        repository: &Repository,
        signed: &[SignedObject],
    ) -> Result<Option<&'static str>, DeskError> {
        let Some(program) = self.program else {
            return Ok(None);
        };
        for kind in [ObjectKind::Commit, ObjectKind::Tag] {
            let of_kind = signed.iter().filter(|object| object.object.kind() == kind);
            let ids: Vec<String> = of_kind.map(|object| object.new_id.to_string()).collect();
            // Each call stays far below what a command line may hold.
            for ids in ids.chunks(IDS_AT_ONCE) {
                self.check_some(repository, kind, ids)
                    .map_err(|err| match err {
                        GitError::Failed { .. } => {
                            VerifyError::StockRefused { program: "git" }.into()
                        }
                        other => DeskError::Git(other),
                    })?;
            }
        }
        Ok(Some(program))
    }

    fn check_some(
        &self,
        repository: &Repository,
        kind: ObjectKind,
        ids: &[String],
    ) -> Result<(), GitError> {
        let mut command = repository.command();
        for (name, value) in &self.settings {
            let mut setting = OsString::from(format!("{name}="));
            setting.push(value);
            command.arg("-c").arg(setting);
        }
        if let Some(home) = &self.gnupg_home {
            command.env("GNUPGHOME", home);
        }
        let verb = match kind {
            ObjectKind::Tag => "verify-tag",
            _ => "verify-commit",
        };
        command.args([verb, "--raw", "--"]).args(ids);
        let output = child::run(&mut command, b"").map_err(GitError::Run)?;
        match output.status.success() {
            true => Ok(()),
            false => Err(GitError::Failed {
                verb: verb.to_owned(),
                said: output.last_words(),
            }),
        }
    }
}

const SSH_KEYGEN: &str = "ssh-keygen";
const IDS_AT_ONCE: usize = 100;
