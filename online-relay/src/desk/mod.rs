//! The desk: asks the vaults that this courier is paired with for signatures, and puts what they
//! make where it belongs.
//!
//! It trusts neither the replies nor the names in them: a signature is checked over the very bytes
//! that were asked about before anything is written or moved. What it keeps, it keeps in the
//! courier's directory. Spec: spec/signing.md, "The desk".

mod advice;
mod ask;
mod batch;
mod child;
pub mod cli;
mod error;
mod exchange;
mod finish;
mod git;
mod hashes;
mod hook;
mod input;
mod kept;
mod key;
pub mod limits;
mod list;
mod output;
mod scratch;
mod shim;
mod task;
mod verify;

pub use self::ask::{AskOptions, FileOptions, Form, GitOptions, Made};
pub use self::error::DeskError;
pub use self::finish::{FinishOptions, Finished};
pub use self::git::GitError;
pub use self::kept::KeptReply;
pub use self::key::{AddedKey, DeskKey, PublicHalf};
pub use self::list::{Listed, ListedVault};
pub use self::verify::VerifyError;

use signing_format::key_reference::KeyReference;
use signing_format::request::RequestId;

use crate::courier::store::StoredRequest;
use crate::courier::{Courier, StoreError};

/// The desk of a courier that is open.
pub struct Desk<'a> {
    courier: &'a mut Courier,
    now: u64,
}

impl<'a> Desk<'a> {
    /// The desk of this courier at `now`, in seconds of Unix time. Requests whose time is over end
    /// here.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub fn new(courier: &'a mut Courier, now: u64) -> Result<Self, StoreError> {
        courier
            .store
            .transact(|change| change.expire_requests(now))?;
        Ok(Self { courier, now })
    }

    /// Adds a signing key. The public half of a key that is here already, such as the certificate
    /// of one that has a new subkey, takes the place of the old one and keeps its name.
    ///
    /// # Errors
    /// [`DeskError::KeyTaken`], [`DeskError::Store`].
    pub fn add_key(&mut self, key: &DeskKey) -> Result<AddedKey, DeskError> {
        let stored = key.to_stored();
        let mut known = self.keys()?.into_iter();
        let known = known.find(|known| known.reference == key.reference);
        if let Some(known) = known {
            self.courier
                .store
                .transact(|change| change.replace_desk_key(&stored))?;
            let key = DeskKey {
                name: known.name,
                ..key.clone()
            };
            return Ok(AddedKey { key, is_new: false });
        }
        let added = self
            .courier
            .store
            .transact(|change| change.put_desk_key(&stored))?;
        match added {
            true => Ok(AddedKey {
                key: key.clone(),
                is_new: true,
            }),
            false => Err(DeskError::KeyTaken {
                name: key.name.clone(),
            }),
        }
    }

    /// All signing keys, by name.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub fn keys(&self) -> Result<Vec<DeskKey>, DeskError> {
        let stored = self.courier.store.desk_keys()?;
        stored.into_iter().map(DeskKey::from_stored).collect()
    }

    /// Forgets a signing key.
    ///
    /// # Errors
    /// [`DeskError::KeyUnknown`], [`DeskError::Store`].
    pub fn remove_key(&mut self, name: &str) -> Result<(), DeskError> {
        let removed = self
            .courier
            .store
            .transact(|change| change.remove_desk_key(name))?;
        match removed {
            true => Ok(()),
            false => Err(key_unknown(name)),
        }
    }

    /// The signing key with this name.
    fn key(&self, name: &str) -> Result<DeskKey, DeskError> {
        let mut keys = self.keys()?.into_iter();
        keys.find(|key| key.name == name)
            .ok_or_else(|| key_unknown(name))
    }

    /// The signing key that a request has named.
    fn key_of(&self, reference: &KeyReference) -> Result<DeskKey, DeskError> {
        let mut keys = self.keys()?.into_iter();
        let found = keys.find(|key| key.reference == *reference);
        found.ok_or_else(|| DeskError::KeyGone {
            key: reference.to_string(),
        })
    }

    /// The request whose id begins like this.
    fn request(&self, id: &str) -> Result<StoredRequest, DeskError> {
        let wanted = id.to_ascii_lowercase();
        let mut requests = self.courier.store.desk_requests()?;
        requests.retain(|request| request.id.to_string().starts_with(&wanted));
        let unknown = || DeskError::RequestUnknown { id: id.to_owned() };
        if wanted.is_empty() || requests.len() > 1 {
            return Err(DeskError::RequestAmbiguous { id: id.to_owned() });
        }
        requests.pop().ok_or_else(unknown)
    }

    /// The request with this id.
    fn request_with(&self, id: RequestId) -> Result<StoredRequest, DeskError> {
        let found = self.courier.store.desk_request(id)?;
        found.ok_or_else(|| DeskError::RequestUnknown { id: id.to_string() })
    }
}

fn key_unknown(name: &str) -> DeskError {
    DeskError::KeyUnknown {
        name: name.to_owned(),
    }
}
