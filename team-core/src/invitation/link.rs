//! A second laptop of the same person: all invitations, and all answers, at once.

use std::collections::BTreeSet;

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use super::{Admission, Invitation, UncheckedJoinRequest};
use crate::ids::SpaceId;

/// Most spaces in one offer or answer: as many as fit a parcel with the longest cards and names.
/// A person with more of them sends several.
pub const LINKED_SPACES_MAX: u32 = 20;

/// Invitations for a further device of one person, into all the spaces of the person; 1 to
/// [`LINKED_SPACES_MAX`], each space once.
#[derive(Debug)]
pub struct LinkOffer(Vec<Invitation>);

/// The answers to a [`LinkOffer`], each with a device key of its own; 1 to [`LINKED_SPACES_MAX`],
/// each space once.
#[derive(Debug)]
pub struct LinkRequest(Vec<UncheckedJoinRequest>);

impl LinkOffer {
    /// Checks and takes invitations.
    ///
    /// # Errors
    /// [`DecodeError`]: none or too many, a space twice, or one that is not for a further device.
    pub fn new(invitations: Vec<Invitation>) -> Result<Self, DecodeError> {
        check_spaces(invitations.iter().map(|it| it.space))?;
        let for_devices = invitations
            .iter()
            .all(|it| matches!(it.admission, Admission::Device { .. }));
        if for_devices {
            Ok(Self(invitations))
        } else {
            Err(DecodeError::Rule {
                what: "an offer to link a device invites a new member",
            })
        }
    }

    /// The invitations.
    #[must_use]
    pub fn into_invitations(self) -> Vec<Invitation> {
        self.0
    }

    /// The invitations, to be shown.
    #[must_use]
    pub fn invitations(&self) -> &[Invitation] {
        &self.0
    }
}

impl LinkRequest {
    /// Checks and takes answers.
    ///
    /// # Errors
    /// [`DecodeError`]: none or too many, or a space twice.
    pub fn new(requests: Vec<UncheckedJoinRequest>) -> Result<Self, DecodeError> {
        check_spaces(requests.iter().map(UncheckedJoinRequest::peek_space))?;
        let devices: BTreeSet<_> = requests
            .iter()
            .map(UncheckedJoinRequest::peek_device)
            .collect();
        if devices.len() == requests.len() {
            Ok(Self(requests))
        } else {
            Err(DecodeError::Rule {
                what: "two spaces would have one device key",
            })
        }
    }

    /// The answers.
    #[must_use]
    pub fn into_requests(self) -> Vec<UncheckedJoinRequest> {
        self.0
    }
}

fn check_spaces(spaces: impl Iterator<Item = SpaceId>) -> Result<(), DecodeError> {
    let (mut count, mut different) = (0, BTreeSet::new());
    for space in spaces {
        count += 1;
        different.insert(space);
    }
    if count > u64::from(LINKED_SPACES_MAX) {
        return Err(DecodeError::OverLimit {
            what: "linked spaces",
            found: count,
            limit: u64::from(LINKED_SPACES_MAX),
        });
    }
    if count == 0 || different.len() as u64 != count {
        return Err(DecodeError::Rule {
            what: "there is no space to link, or one twice",
        });
    }
    Ok(())
}

impl Wire for LinkOffer {
    const WHAT: &'static str = "offer to link a device";

    fn write(&self, writer: &mut Writer) {
        write_list(&self.0, writer);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::new(read_list(reader)?)
    }
}

impl Wire for LinkRequest {
    const WHAT: &'static str = "request to link a device";

    fn write(&self, writer: &mut Writer) {
        write_list(&self.0, writer);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::new(read_list(reader)?)
    }
}

fn write_list<T: Wire>(list: &[T], writer: &mut Writer) {
    writer.count(list.len());
    for one in list {
        one.write(writer);
    }
}

fn read_list<T: Wire>(reader: &mut Reader<'_>) -> Result<Vec<T>, DecodeError> {
    let count = reader.count(LINKED_SPACES_MAX, "linked spaces")?;
    (0..count).map(|_| T::read(reader)).collect()
}
