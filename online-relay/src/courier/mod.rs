//! The courier: carries between a vault's stick and relay servers, and can open nothing.
//!
//! It keeps what a vault gave it until the vault has the relay's signed receipt, and what it
//! fetched until the vault has receipted it: losing a stick, the network or the power loses
//! nothing. It talks to no server that its owner has not named.

pub mod cli;
mod dir;
mod error;
mod host;
mod light;
pub mod limits;
mod network;
mod outcome;
mod pairing;
mod progress;
pub(crate) mod quantity;
mod replies;
mod servers;
pub(crate) mod store;
mod sync;
mod text;
mod tray;
mod trouble;

use std::collections::BTreeSet;
use std::path::Path;

pub use self::dir::default_dir;
pub use self::error::CourierError;
pub use self::light::{ByLight, Pack};
pub use self::network::{NetworkReport, RelayReport};
pub use self::outcome::{Carried, SyncOutcome, VaultOutcome};
pub use self::pairing::PairingName;
pub use self::progress::{Cancel, Watch};
pub use self::replies::ReplyTrouble;
pub(crate) use self::replies::is_approval_of;
pub use self::servers::ServerUrl;
pub use self::store::{CourierStatus, LaneStatus, RequestState, Role, ServerStatus, StoreError};
pub use self::sync::{Medium, SyncOptions};
pub use self::tray::{AtTray, close_tray};
pub use self::trouble::{CountedTrouble, Trouble};

use self::dir::StateDir;
use self::store::Store;

/// A courier that is open; no other process uses it meanwhile.
#[derive(Debug)]
pub struct Courier {
    // Before the lock, so that the index is closed while it still holds.
    pub(crate) store: Store,
    dir: StateDir,
}

impl Courier {
    /// Makes a new courier that may talk to these servers.
    ///
    /// # Errors
    /// [`CourierError::AlreadyThere`], [`CourierError::InUse`], [`CourierError::Directory`],
    /// [`CourierError::Store`].
    pub fn init(path: &Path, servers: &[ServerUrl]) -> Result<Self, CourierError> {
        let dir = StateDir::create(path)?;
        let store = Store::open(dir.path())?;
        let mut courier = Self { store, dir };
        for server in servers {
            courier.allow_server(server)?;
        }
        Ok(courier)
    }

    /// Opens a courier and repairs what a kill has left.
    ///
    /// # Errors
    /// [`CourierError::NotACourier`], [`CourierError::InUse`], [`CourierError::Directory`],
    /// [`CourierError::Store`].
    pub fn open(path: &Path) -> Result<Self, CourierError> {
        let dir = StateDir::open(path)?;
        let store = Store::open(dir.path())?;
        Ok(Self { store, dir })
    }

    /// Allows a server from now on; false where it was allowed before.
    ///
    /// # Errors
    /// [`CourierError::Store`].
    pub fn allow_server(&mut self, url: &ServerUrl) -> Result<bool, CourierError> {
        let insert = |change: &mut store::Change<'_>| change.insert_server(url.as_str());
        Ok(self.store.transact(insert)?)
    }

    /// Forbids a server from now on. What waits for it is kept.
    ///
    /// # Errors
    /// [`CourierError::ServerUnknown`], [`CourierError::Store`].
    pub fn forbid_server(&mut self, url: &ServerUrl) -> Result<(), CourierError> {
        let remove = |change: &mut store::Change<'_>| change.remove_server(url.as_str());
        if self.store.transact(remove)? {
            Ok(())
        } else {
            Err(CourierError::ServerUnknown {
                url: url.to_string(),
            })
        }
    }

    /// The servers that are allowed.
    ///
    /// # Errors
    /// [`CourierError::Store`].
    pub fn servers(&self) -> Result<BTreeSet<ServerUrl>, CourierError> {
        let urls = self.store.servers()?;
        Ok(urls.iter().map(|url| ServerUrl::of(url)).collect())
    }

    /// The courier's directory.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// What the courier holds, in numbers.
    ///
    /// # Errors
    /// [`CourierError::Store`].
    pub fn status(&self) -> Result<CourierStatus, CourierError> {
        Ok(self.store.status()?)
    }
}
