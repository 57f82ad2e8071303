//! What every command needs: the options, the unlocked vault, the person to ask.

use std::cell::{Cell, OnceCell};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use carriers::light::screen::{ScreenError, ScreenProcess};
use zeroize::Zeroizing;

use super::args::Options;
use super::error::CommandError;
use super::lines::{Lines, NoLine};
use super::report::talk;
use crate::clock::UnixTime;
use crate::limits::SESSION_IDLE_SECS;
use crate::passphrase::PassphraseSource;
use crate::paths::Surroundings;
use crate::vault::Vault;
use crate::vault_key::KeyFile;
use lockdown::Lockdown;

/// One run of the program.
pub struct Context {
    pub(super) options: Options,
    pub(super) lockdown: Lockdown,
    pub(super) lines: Lines,
    surroundings: Surroundings,
    screen: Cell<Option<Result<ScreenProcess, ScreenError>>>,
    vault: OnceCell<Vault>,
}

impl Context {
    /// Nothing is opened before a command needs it.
    #[must_use]
    pub fn new(
        options: Options,
        lockdown: Lockdown,
        screen: Option<Result<ScreenProcess, ScreenError>>,
        surroundings: Surroundings,
    ) -> Self {
        Self {
            options,
            lockdown,
            lines: Lines::new(),
            surroundings,
            screen: Cell::new(screen),
            vault: OnceCell::new(),
        }
    }

    /// The process for a window, once.
    pub(super) fn take_screen(&self) -> Option<Result<ScreenProcess, ScreenError>> {
        self.screen.take()
    }

    /// The vault, unlocked now if it was not.
    ///
    /// # Errors
    /// Those of asking for the passphrase and of [`Vault::open`].
    pub fn vault(&self) -> Result<&Vault, CommandError> {
        if let Some(vault) = self.vault.get() {
            return Ok(vault);
        }
        let dir = self.vault_dir()?;
        // A vault that is not there is reported before anybody types a passphrase.
        Vault::look(&dir)?;
        let source = self.passphrase_source();
        source.warning().iter().for_each(|note| talk(note));
        let key_file = self.key_file()?;
        let passphrase = source.existing()?;
        let vault = Vault::open(&dir, &passphrase, key_file.as_ref(), self.now())?;
        Ok(self.vault.get_or_init(|| vault))
    }

    /// The vault's directory, from the option or the environment.
    ///
    /// # Errors
    /// [`CommandError::NoDirectory`].
    pub fn vault_dir(&self) -> Result<PathBuf, CommandError> {
        let asked = self.options.vault.clone();
        asked
            .or_else(|| self.surroundings.vault_dir())
            .ok_or(CommandError::NoDirectory)
    }

    /// The key file, if one was named.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn key_file(&self) -> Result<Option<KeyFile>, CommandError> {
        let path = self.options.key_file.as_deref();
        Ok(path.map(KeyFile::read).transpose()?)
    }

    /// Where the passphrase in force comes from.
    #[must_use]
    pub fn passphrase_source(&self) -> PassphraseSource {
        PassphraseSource::of_option(self.options.passphrase_file.as_deref())
    }

    /// What this machine's clock says.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        UnixTime::now()
    }

    /// Asks the person a question on standard error and reads one line of standard input.
    ///
    /// # Errors
    /// [`CommandError::NoAnswer`], [`CommandError::Locked`].
    pub fn ask(&self, question: &str) -> Result<Zeroizing<String>, CommandError> {
        // A question that cannot be shown is still asked: the answer decides.
        let _ = write!(io::stderr().lock(), "{question}");
        let idle = Duration::from_secs(SESSION_IDLE_SECS);
        self.lines.next(idle).map_err(|none| match none {
            NoLine::End => CommandError::NoAnswer,
            NoLine::Idle | NoLine::Stop => CommandError::Locked,
        })
    }
}
