//! The vault's own mailboxes: keys made from an operator's invitation.

use bundle_format::limits::CARD_RELAYS_MAX;
use pack_format::relay::{FetchToken, Invitation};

use super::{Vault, VaultError};
use crate::clock::UnixTime;
use crate::store::{Mailbox, NewMailbox};

impl Vault {
    /// Makes the keys of a mailbox on the relay of an invitation, and the next card, which names
    /// it. The relay hears of it through the courier.
    ///
    /// # Errors
    /// [`VaultError::RelayKnown`], [`VaultError::RelaysFull`], [`VaultError::Store`],
    /// [`VaultError::Random`].
    pub fn add_relay(&self, invitation: &Invitation, now: UnixTime) -> Result<(), VaultError> {
        let mut rng = self.rng()?;
        let new = NewMailbox {
            relay: invitation.relay.clone(),
            send_seed: rng.secret(),
            fetch_token: FetchToken(rng.secret()),
            ack_seed: rng.secret(),
            code: invitation.code,
        };
        self.store.write(|changes| {
            let known = changes.card_mailboxes()?;
            let key = new.relay.key();
            if known.iter().any(|mailbox| mailbox.keys.relay.key() == key) {
                return Err(VaultError::RelayKnown);
            }
            if known.len() >= usize::from(CARD_RELAYS_MAX) {
                return Err(VaultError::RelaysFull {
                    limit: CARD_RELAYS_MAX,
                });
            }
            changes.insert_mailbox(&new, None)?;
            changes.raise_card_serial()?;
            let url = new.relay.url();
            changes.note(now, &format!("A mailbox on {url} was added."))?;
            Ok(())
        })
    }

    /// The vault's mailboxes on its card, oldest first.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    pub fn relays(&self) -> Result<Vec<Mailbox>, VaultError> {
        Ok(self.store.read().card_mailboxes()?)
    }
}
