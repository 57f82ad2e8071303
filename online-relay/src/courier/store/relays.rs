//! The servers that this courier may talk to, and the relays that vaults have named.

use pack_format::relay::{PublicKey, RelayAddress};
use rusqlite::{Row, params};

use super::{Change, ReadError, Store, StoreError, all};

/// Names a relay inside the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RelayNumber(pub(super) i64);

/// A relay that a vault has named.
#[derive(Clone, Debug)]
pub(crate) struct KnownRelay {
    pub(crate) number: RelayNumber,
    pub(crate) address: RelayAddress,
}

impl Store {
    /// The servers that this courier may talk to, by URL.
    pub(crate) fn servers(&self) -> Result<Vec<String>, StoreError> {
        let select = "SELECT url FROM servers ORDER BY url";
        all(&self.index(), "reading the servers", select, [], |row| {
            Ok(row.get("url")?)
        })
    }

    /// The relays at which there is something to do or to look after.
    pub(crate) fn relays_to_visit(&self) -> Result<Vec<KnownRelay>, StoreError> {
        let select = "SELECT number, url, key FROM relays WHERE number IN (
                 SELECT relay FROM tickets WHERE receipt IS NULL
                 UNION SELECT relay FROM mailboxes WHERE token IS NOT NULL OR opening = 1
                 UNION SELECT relay FROM acknowledgements)";
        all(&self.index(), "reading the relays", select, [], known_relay)
    }
}

fn known_relay(row: &Row<'_>) -> Result<KnownRelay, ReadError> {
    let url: String = row.get("url")?;
    let address = RelayAddress::new(&url, PublicKey(row.get("key")?));
    Ok(KnownRelay {
        number: RelayNumber(row.get("number")?),
        address: address.map_err(|_| ReadError::Damaged("relay address"))?,
    })
}

impl Change<'_> {
    /// Allows a server; false where it was allowed before.
    pub(crate) fn insert_server(&mut self, url: &str) -> Result<bool, StoreError> {
        let count = self
            .index
            .execute("INSERT OR IGNORE INTO servers (url) VALUES (?1)", [url])
            .map_err(StoreError::index("storing a server"))?;
        Ok(count == 1)
    }

    /// Forbids a server; false where it was not allowed.
    pub(crate) fn remove_server(&mut self, url: &str) -> Result<bool, StoreError> {
        let count = self
            .index
            .execute("DELETE FROM servers WHERE url = ?1", [url])
            .map_err(StoreError::index("removing a server"))?;
        Ok(count == 1)
    }

    /// The number of a relay, known or new.
    pub(crate) fn relay_number(
        &mut self,
        address: &RelayAddress,
    ) -> Result<RelayNumber, StoreError> {
        let insert = "INSERT INTO relays (url, key) VALUES (?1, ?2)
             ON CONFLICT (url, key) DO UPDATE SET url = excluded.url RETURNING number";
        self.index
            .query_row(insert, params![address.url(), address.key().0], |row| {
                row.get("number")
            })
            .map(RelayNumber)
            .map_err(StoreError::index("storing a relay"))
    }

    /// Remembers how a visit ended.
    pub(crate) fn set_outcome(&mut self, relay: RelayNumber, code: &str) -> Result<(), StoreError> {
        let update = "UPDATE relays SET outcome = ?2 WHERE number = ?1";
        self.index
            .execute(update, params![relay.0, code])
            .map(drop)
            .map_err(StoreError::index("noting a visit"))
    }

    /// Forgets the relays that nothing refers to.
    pub(super) fn drop_unneeded_relays(&mut self) -> Result<(), StoreError> {
        let delete = "DELETE FROM relays WHERE number NOT IN (
                 SELECT relay FROM tickets UNION SELECT relay FROM mailboxes
                 UNION SELECT relay FROM acknowledgements UNION SELECT relay FROM reports)";
        self.index
            .execute(delete, [])
            .map(drop)
            .map_err(StoreError::index("forgetting a relay"))
    }
}
