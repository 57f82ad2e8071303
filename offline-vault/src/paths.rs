//! Where the files of a vault are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The directory of a vault and the names in it. Spec: spec/store.md, "Files".
#[derive(Clone, Debug)]
pub struct VaultPaths {
    dir: PathBuf,
}

impl VaultPaths {
    /// The names inside `dir`; nothing is touched.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_path_buf(),
        }
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The sealed master key.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.dir.join("vault.key")
    }

    /// A master key that is being written; whatever is under this name was never finished.
    #[must_use]
    pub fn next_key(&self) -> PathBuf {
        self.dir.join("vault.key.next")
    }

    /// The first master key of a vault that is being made.
    #[must_use]
    pub fn new_key(&self) -> PathBuf {
        self.dir.join("vault.key.new")
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.dir.join("vault.db")
    }

    /// The database of a vault that is being made.
    #[must_use]
    pub fn new_database(&self) -> PathBuf {
        self.dir.join("vault.db.new")
    }

    /// Sealed bundles, as files with random names.
    #[must_use]
    pub fn bundles(&self) -> PathBuf {
        self.dir.join("bundles")
    }

    /// Parts of packs that have not arrived whole.
    #[must_use]
    pub fn spool(&self) -> PathBuf {
        self.dir.join("spool")
    }

    /// The file that an open vault holds locked.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.dir.join("lock")
    }
}

/// What decides on the vault's directory when the command line does not.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `CAUSEWAY_VAULT`.
    pub causeway_vault: Option<OsString>,
    /// `XDG_DATA_HOME`.
    pub xdg_data_home: Option<OsString>,
    /// `HOME`.
    pub home: Option<OsString>,
}

impl Surroundings {
    /// Reads the three environment variables.
    #[must_use]
    pub fn of_process() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            causeway_vault: set("CAUSEWAY_VAULT"),
            xdg_data_home: set("XDG_DATA_HOME"),
            home: set("HOME"),
        }
    }

    /// `$CAUSEWAY_VAULT`, else `$XDG_DATA_HOME/causeway/vault`, else
    /// `$HOME/.local/share/causeway/vault`.
    #[must_use]
    pub fn vault_dir(&self) -> Option<PathBuf> {
        if let Some(dir) = &self.causeway_vault {
            return Some(PathBuf::from(dir));
        }
        let data = match (&self.xdg_data_home, &self.home) {
            (Some(data), _) => PathBuf::from(data),
            (None, Some(home)) => Path::new(home).join(".local/share"),
            (None, None) => return None,
        };
        Some(data.join("causeway/vault"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_follows_the_environment_in_order() {
        let mut around = Surroundings::default();
        assert_eq!(around.vault_dir(), None);
        around.home = Some("/home/amina".into());
        let expected = Path::new("/home/amina/.local/share/causeway/vault");
        assert_eq!(around.vault_dir().as_deref(), Some(expected));
        around.xdg_data_home = Some("/data".into());
        let expected = Path::new("/data/causeway/vault");
        assert_eq!(around.vault_dir().as_deref(), Some(expected));
        around.causeway_vault = Some("/vault".into());
        assert_eq!(around.vault_dir().as_deref(), Some(Path::new("/vault")));
    }
}
