//! Tells git to call this program when it signs.

use std::path::{Path, PathBuf};

use pack_format::shown::Shown;

use super::super::error::DeskError;
use super::super::git::Repository;
use super::super::hook::{own_path, quoted};
use super::super::key::{DeskKey, PublicHalf};
use super::super::output;
use super::absolute;

/// How git is to be set up.
#[derive(Clone, Debug)]
pub(crate) struct SetupOptions {
    /// A directory of the repository.
    pub(crate) repository: PathBuf,
    /// The courier's directory.
    pub(crate) courier: PathBuf,
    /// The pairing with the vault that signs.
    pub(crate) vault: Option<String>,
    /// How long a commit waits, as the person wrote it.
    pub(crate) wait: Option<String>,
}

/// Writes the script, sets the settings, and gives them.
pub(crate) fn setup(
    key: &DeskKey,
    options: &SetupOptions,
) -> Result<Vec<(String, String)>, DeskError> {
    let repository = Repository::open(&options.repository)?;
    let dir = repository.common_dir()?.join("causeway");
    output::make_folder(&dir)?;
    let mut settings = Vec::new();
    match &key.public {
        PublicHalf::Ssh(line) => {
            let script = write(&dir, "git-ssh", key, options)?;
            let blob = data_encoding::BASE64.encode(&line.key().to_blob());
            settings.push(("gpg.format".to_owned(), "ssh".to_owned()));
            settings.push(("gpg.ssh.program".to_owned(), script));
            settings.push((
                "user.signingKey".to_owned(),
                format!("key::ssh-ed25519 {blob}"),
            ));
            if repository.setting("gpg.ssh.allowedSignersFile")?.is_none() {
                let email = repository.setting("user.email")?;
                let who = email.unwrap_or_else(|| "*".to_owned());
                let file = dir.join("allowed-signers");
                let text = format!("{who} namespaces=\"git\" ssh-ed25519 {blob}\n");
                output::write(&file, text.as_bytes(), output::PUBLIC, true)?;
                let file = file.to_string_lossy().into_owned();
                settings.push(("gpg.ssh.allowedSignersFile".to_owned(), file));
            }
        }
        PublicHalf::OpenPgp { .. } => {
            let script = write(&dir, "git-gpg", key, options)?;
            settings.push(("gpg.format".to_owned(), "openpgp".to_owned()));
            settings.push(("gpg.program".to_owned(), script.clone()));
            settings.push(("gpg.openpgp.program".to_owned(), script));
            settings.push(("user.signingKey".to_owned(), key.reference.to_string()));
        }
        PublicHalf::Minisign(_) => {
            return Err(DeskError::NotForGit {
                form: "signature of git".to_owned(),
                key: Shown(&key.name).to_string(),
            });
        }
    }
    for (name, value) in &settings {
        repository.set(name, value)?;
    }
    Ok(settings)
}

fn write(
    dir: &Path,
    verb: &str,
    key: &DeskKey,
    options: &SetupOptions,
) -> Result<String, DeskError> {
    let program = own_path()?;
    let courier = absolute(&options.courier)?;
    let mut words = vec![
        quoted(&program.to_string_lossy()),
        "desk".to_owned(),
        "--courier".to_owned(),
        quoted(&courier.to_string_lossy()),
        verb.to_owned(),
        "--key".to_owned(),
        quoted(&key.name),
    ];
    if let Some(vault) = &options.vault {
        words.extend(["--vault".to_owned(), quoted(vault)]);
    }
    if let Some(wait) = &options.wait {
        words.extend(["--wait".to_owned(), quoted(wait)]);
    }
    let words = words.join(" ");
    let path = dir.join(verb);
    let text = format!(
        "#!/bin/sh\n# Installed by `online-relay desk git-setup`.\nexec {words} -- \"$@\"\n"
    );
    output::write(&path, text.as_bytes(), output::PROGRAM, true)?;
    Ok(path.to_string_lossy().into_owned())
}
