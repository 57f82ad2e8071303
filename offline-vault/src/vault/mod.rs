//! An unlocked vault: the service that the command line calls, and that a screen would call.
//!
//! A [`Vault`] holds the keys. Dropping it closes the database, wipes the keys and lets other
//! programs open the vault.

mod contacts;
mod error;
mod files;
mod leftovers;
mod pairs;
mod relays;

use std::path::Path;

use bundle_format::card::{Card, CardDraft, CardMailbox};
use bundle_format::identity::{DecapsulationKey, Identity};
use bundle_format::random::HedgedRng;
use pack_format::secret::Secret32;

use crate::clock::UnixTime;
use crate::passphrase::Passphrase;
use crate::paths::VaultPaths;
use crate::store::{Meta, Store};
use crate::vault_key::{KdfCost, KeyFile, SALT_BYTES};

pub use contacts::{AddedCard, Unconfirmed, WordsChallenge};
pub use error::VaultError;

use files::VaultLock;

/// What a new vault is made from.
#[derive(Debug)]
pub struct NewVault<'a> {
    /// The directory; it is made, or is empty.
    pub dir: &'a Path,
    /// The name on the person's card.
    pub name: &'a str,
    /// Must be at hand at each unlocking, too.
    pub key_file: Option<&'a KeyFile>,
    /// How much work one guess of the passphrase is.
    pub cost: KdfCost,
    /// What this machine's clock says.
    pub now: UnixTime,
}

/// What a vault takes over from one that its owner had before.
pub(crate) struct EarlierLife {
    pub(crate) identity_seed: Secret32,
    /// Above every incarnation that anybody has seen.
    pub(crate) next_incarnation: u32,
}

/// An unlocked vault.
pub struct Vault {
    store: Store,
    paths: VaultPaths,
    identity: Identity,
    decapsulation_key: DecapsulationKey,
    vault_seed: Secret32,
    master: Secret32,
    clock_floor_before: UnixTime,
    /// Kept to the end: the fields above are closed and wiped before it is let go.
    _lock: VaultLock,
}

impl Vault {
    /// Makes a new vault and opens it.
    ///
    /// A machine that stops in between leaves something that `create` recognises and removes.
    ///
    /// # Errors
    /// [`VaultError::Exists`], [`VaultError::Name`], [`VaultError::File`], [`VaultError::Store`].
    pub fn create(new: &NewVault<'_>, passphrase: &Passphrase) -> Result<Self, VaultError> {
        Self::create_filled(new, passphrase, None, |_| Ok(()))
    }

    /// Makes a new vault of a person who may have had one before, lets `fill` put into it what is
    /// known, and opens it. It does not exist before `fill` is done: when that fails, or the
    /// machine stops, nothing is left that could be taken for a vault.
    ///
    /// # Errors
    /// Those of [`Vault::create`] and of `fill`.
    pub(crate) fn create_filled<E: From<VaultError>>(
        new: &NewVault<'_>,
        passphrase: &Passphrase,
        before: Option<EarlierLife>,
        fill: impl FnOnce(&Self) -> Result<(), E>,
    ) -> Result<Self, E> {
        let paths = VaultPaths::new(new.dir);
        let dir_was_made = !new.dir.exists();
        let lock = files::prepare_dir(&paths)?;
        let made = Self::make_files(new, passphrase, before, &paths)
            .and_then(|master| Self::opened(paths.clone(), lock, master, new.now))
            .map_err(E::from)
            .and_then(|vault| {
                fill(&vault)?;
                files::finish_new_vault(&paths)?;
                Ok(vault)
            });
        if made.is_err() {
            // The first error is the one to report; what is left is recognised as unfinished.
            let _ = files::discard_unfinished(&paths, dir_was_made);
        }
        made
    }

    /// Writes everything of a new vault but the name of its key, and returns its master key.
    fn make_files(
        new: &NewVault<'_>,
        passphrase: &Passphrase,
        before: Option<EarlierLife>,
        paths: &VaultPaths,
    ) -> Result<Secret32, VaultError> {
        let (vault_seed, system) = (system_random()?, system_random()?);
        let mut rng = HedgedRng::new(&system, &vault_seed, FIRST_RNG_COUNTER);
        let (identity_seed, incarnation) = match before {
            Some(before) => (before.identity_seed, before.next_incarnation),
            None => (rng.secret(), 1),
        };
        let meta = Meta {
            identity_seed,
            decapsulation_seed: rng.secret(),
            vault_seed,
            own_name: new.name.to_owned(),
            incarnation,
            card_serial: 1,
            clock_floor: new.now,
        };
        check_card(&meta)?;
        let master = rng.secret();
        let salt = rng.array::<SALT_BYTES>();
        let key = files::seal_key(&master, passphrase, new.key_file, new.cost, salt)?;
        let first = (meta, FIRST_RNG_COUNTER);
        files::write_new_vault(paths, &key, &database_key(&master), &first)?;
        Ok(master)
    }

    /// Opens a vault.
    ///
    /// # Errors
    /// [`VaultError::Missing`], [`VaultError::InUse`], [`VaultError::Key`] for a wrong passphrase
    /// or a damaged key, [`VaultError::Incomplete`], [`VaultError::Store`].
    pub fn open(
        dir: &Path,
        passphrase: &Passphrase,
        key_file: Option<&KeyFile>,
        now: UnixTime,
    ) -> Result<Self, VaultError> {
        let paths = VaultPaths::new(dir);
        let lock = files::lock_existing(&paths)?;
        let master = files::read_key(&paths)?.open(passphrase, key_file)?;
        Self::opened(paths, lock, master, now)
    }

    /// Whether there is a vault in a directory, before anybody is asked for a passphrase.
    ///
    /// # Errors
    /// [`VaultError::Missing`], [`VaultError::Incomplete`].
    pub fn look(dir: &Path) -> Result<(), VaultError> {
        files::look(&VaultPaths::new(dir))
    }

    fn opened(
        paths: VaultPaths,
        lock: VaultLock,
        master: Secret32,
        now: UnixTime,
    ) -> Result<Self, VaultError> {
        let store = Store::open(&paths.database(), &database_key(&master))?;
        let meta = store.read().meta()?;
        store.write(|changes| changes.raise_clock_floor(now))?;
        leftovers::remove(&paths, &store.read().bundle_files()?);
        Ok(Self {
            store,
            paths,
            identity: Identity::from_seed(meta.identity_seed),
            decapsulation_key: DecapsulationKey::from_seed(meta.decapsulation_seed),
            vault_seed: meta.vault_seed,
            master,
            clock_floor_before: meta.clock_floor,
            _lock: lock,
        })
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where the vault's files are.
    #[must_use]
    pub fn paths(&self) -> &VaultPaths {
        &self.paths
    }

    /// The person's signing key.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What opens bundles for this incarnation.
    #[must_use]
    pub fn decapsulation_key(&self) -> &DecapsulationKey {
        &self.decapsulation_key
    }

    /// The latest time the clock had shown before this opening. An earlier time now means that
    /// the clock is wrong now, or was wrong then.
    #[must_use]
    pub fn clock_floor_before(&self) -> UnixTime {
        self.clock_floor_before
    }

    /// A generator of keys for one operation.
    ///
    /// It takes a number from the store in a transaction of its own, and cannot be called inside
    /// another one.
    ///
    /// # Errors
    /// [`VaultError::Random`], [`VaultError::Store`].
    pub fn rng(&self) -> Result<HedgedRng, VaultError> {
        let system = system_random()?;
        let counter = self.store.write(|changes| changes.take_rng_counter())?;
        Ok(HedgedRng::new(&system, &self.vault_seed, counter))
    }

    /// The person's newest card.
    ///
    /// # Errors
    /// [`VaultError::Store`], [`VaultError::Name`].
    pub fn card(&self) -> Result<Card, VaultError> {
        let meta = self.store.read().meta()?;
        let mailboxes = self.store.read().card_mailboxes()?;
        let mailboxes = mailboxes.into_iter().map(|mailbox| CardMailbox {
            relay: mailbox.keys.relay,
            send_seed: mailbox.keys.send_seed,
        });
        issue_card(&meta, mailboxes.collect())
    }

    /// Seals the master key with another passphrase, in one step: a machine that stops in between
    /// leaves the old one in force.
    ///
    /// # Errors
    /// [`VaultError::Key`], [`VaultError::File`], [`VaultError::Store`].
    pub fn change_passphrase(
        &self,
        passphrase: &Passphrase,
        key_file: Option<&KeyFile>,
        cost: KdfCost,
        now: UnixTime,
    ) -> Result<(), VaultError> {
        let salt = self.rng()?.array::<SALT_BYTES>();
        let key = files::seal_key(&self.master, passphrase, key_file, cost, salt)?;
        files::replace_key(&self.paths, &key)?;
        self.store
            .write(|changes| changes.note(now, "The passphrase was changed."))?;
        Ok(())
    }

    /// The cost of guessing the passphrase in force.
    ///
    /// # Errors
    /// [`VaultError::Key`], [`VaultError::File`].
    pub fn kdf_cost(&self) -> Result<KdfCost, VaultError> {
        Ok(files::read_key(&self.paths)?.cost())
    }
}

fn issue_card(meta: &Meta, mailboxes: Vec<CardMailbox>) -> Result<Card, VaultError> {
    let identity = Identity::from_seed(meta.identity_seed.duplicate());
    let decapsulation_key = DecapsulationKey::from_seed(meta.decapsulation_seed.duplicate());
    let draft = CardDraft {
        name: meta.own_name.clone(),
        incarnation: meta.incarnation,
        serial: meta.card_serial,
        encapsulation_key: decapsulation_key.encapsulation_key(),
        mailboxes,
    };
    Card::issue(&identity, draft).map_err(VaultError::Name)
}

/// A name that no card could have is found before anything is written.
fn check_card(meta: &Meta) -> Result<(), VaultError> {
    issue_card(meta, Vec::new()).map(drop)
}

/// `database key = HKDF-Expand(master key, "causeway/vault/v1 database")`.
fn database_key(master: &Secret32) -> Secret32 {
    master.derive("causeway/vault/v1 database", b"")
}

fn system_random() -> Result<Secret32, VaultError> {
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut()).map_err(|_| VaultError::Random)?;
    Ok(Secret32::new(*bytes))
}

/// The number that the vault's first keys are made with.
const FIRST_RNG_COUNTER: u64 = 1;
