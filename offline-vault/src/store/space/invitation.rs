//! Invitations that this vault gave, and those that it was given.

use pack_format::secret::Secret32;
use rusqlite::{Row, params};
use team_core::ids::SpaceId;

use super::super::columns::{secret, stored_choice, stored_id};
use super::super::{Changes, ContactId, StoreError, Tables};
use crate::clock::UnixTime;

stored_id! {
    /// An invitation.
    InvitationId
}

/// Who invited whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationDirection {
    /// This vault invited.
    Given,
    /// This vault was invited.
    Received,
    /// An answer to one that this vault gave: somebody asks to be let in.
    Asked,
}

stored_choice!(InvitationDirection {
    Given = 1,
    Received = 2,
    Asked = 3,
});

/// What became of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationState {
    /// Nothing yet.
    Open,
    /// Somebody joined with it.
    Used,
    /// It was withdrawn, or declined.
    Closed,
}

stored_choice!(InvitationState {
    Open = 1,
    Used = 2,
    Closed = 3,
});

/// An invitation as it is stored.
#[derive(Debug)]
pub struct StoredInvitation {
    /// The row.
    pub id: InvitationId,
    /// Its content.
    pub invitation: NewInvitation,
    /// What became of it.
    pub state: InvitationState,
}

/// An invitation that is not stored yet.
#[derive(Debug)]
pub struct NewInvitation {
    /// Who invited whom.
    pub direction: InvitationDirection,
    /// Into which space; this vault has a row of it only once it joins.
    pub space_id: SpaceId,
    /// Whom this vault invited, or who invited it.
    pub contact_id: Option<ContactId>,
    /// Shows that whoever asks to join was invited.
    pub secret: Secret32,
    /// The invitation, as encoded.
    pub body: Vec<u8>,
    /// When it was given or came, as this machine's clock had it.
    pub at: UnixTime,
}

fn invitation(row: &Row<'_>) -> rusqlite::Result<StoredInvitation> {
    Ok(StoredInvitation {
        id: row.get("id")?,
        invitation: NewInvitation {
            direction: row.get("direction")?,
            space_id: SpaceId(row.get("space_id")?),
            contact_id: row.get("contact_id")?,
            secret: secret(row, "secret")?,
            body: row.get("invitation")?,
            at: row.get("at")?,
        },
        state: row.get("state")?,
    })
}

impl Tables<'_> {
    /// The open invitations of one direction, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_invitations(
        &self,
        direction: InvitationDirection,
    ) -> Result<Vec<StoredInvitation>, StoreError> {
        let select = "SELECT * FROM space_invitation WHERE direction = ?1 AND state = ?2
             ORDER BY id";
        let values = params![direction, InvitationState::Open];
        self.all("read the invitations", select, values, invitation)
    }

    /// One invitation.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn invitation(&self, id: InvitationId) -> Result<Option<StoredInvitation>, StoreError> {
        let select = "SELECT * FROM space_invitation WHERE id = ?1";
        self.optional("look an invitation up", select, [id], invitation)
    }

    /// The invitation of one direction with this secret.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn invitation_with_secret(
        &self,
        direction: InvitationDirection,
        secret: &Secret32,
    ) -> Result<Option<StoredInvitation>, StoreError> {
        let select = "SELECT * FROM space_invitation WHERE direction = ?1 AND secret = ?2";
        let values = params![direction, secret.expose()];
        self.optional("look an invitation up", select, values, invitation)
    }
}

impl Changes<'_> {
    /// Stores a new invitation, which is open. One with its secret that is there already stays as
    /// it is, and no row is told.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_invitation(
        &self,
        new: &NewInvitation,
    ) -> Result<Option<InvitationId>, StoreError> {
        let doing = "store an invitation";
        let insert = "INSERT INTO space_invitation
             (direction, space_id, contact_id, secret, invitation, state, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING RETURNING id";
        let values = params![
            new.direction,
            new.space_id.0,
            new.contact_id,
            new.secret.expose(),
            new.body,
            InvitationState::Open,
            new.at,
        ];
        self.optional(doing, insert, values, |row| row.get(0))
    }

    /// Something became of an invitation.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_invitation_state(
        &self,
        id: InvitationId,
        state: InvitationState,
    ) -> Result<(), StoreError> {
        let update = "UPDATE space_invitation SET state = ?2 WHERE id = ?1";
        self.run(
            "note what became of an invitation",
            update,
            params![id, state],
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, NOW};
    use super::*;

    fn new(direction: InvitationDirection) -> NewInvitation {
        NewInvitation {
            direction,
            space_id: SpaceId([7; 32]),
            contact_id: None,
            secret: Secret32::new([8; 32]),
            body: b"an invitation".to_vec(),
            at: NOW,
        }
    }

    #[test]
    fn an_invitation_is_open_until_something_becomes_of_it() {
        let fixture = Fixture::new();
        let given = InvitationDirection::Given;
        fixture.write(|changes| {
            let id = changes.insert_invitation(&new(given)).unwrap().unwrap();
            assert_eq!(changes.open_invitations(given).unwrap().len(), 1);
            changes
                .set_invitation_state(id, InvitationState::Used)
                .unwrap();
            assert!(changes.open_invitations(given).unwrap().is_empty());
            let stored = changes.invitation(id).unwrap().unwrap();
            assert_eq!(stored.state, InvitationState::Used);
        });
    }

    #[test]
    fn one_secret_is_one_invitation_in_each_direction() {
        let fixture = Fixture::new();
        let (given, received) = (InvitationDirection::Given, InvitationDirection::Received);
        fixture.write(|changes| {
            assert!(changes.insert_invitation(&new(given)).unwrap().is_some());
            assert!(changes.insert_invitation(&new(given)).unwrap().is_none());
            assert!(changes.insert_invitation(&new(received)).unwrap().is_some());
            let secret = Secret32::new([8; 32]);
            let found = changes.invitation_with_secret(received, &secret).unwrap();
            assert_eq!(found.unwrap().invitation.direction, received);
            let other = Secret32::new([9; 32]);
            assert!(
                changes
                    .invitation_with_secret(given, &other)
                    .unwrap()
                    .is_none()
            );
        });
    }
}
