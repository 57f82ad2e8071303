//! The proof that a device forked its log.

use bundle_format::identity::BadSignature;
use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use thiserror::Error;

use crate::ids::{DeviceId, SpaceId};
use crate::segment::{Header, UncheckedHeader};

/// Two different segments of one number that one device signed: the vault was copied or restored,
/// its key is in two hands, or its owner cheats. It convinces everybody who is given it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForkProof {
    lower: Header,
    higher: Header,
}

/// Two headers do not prove a fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BadForkProof {
    /// They are of two devices or two numbers, or one and the same.
    #[error("the two headers of a fork proof are not different segments of one number")]
    NoFork,
    /// One was not signed by the device for this space.
    #[error("a header of a fork proof is not signed by its device")]
    Signature(#[source] BadSignature),
}

/// A proof as it is carried: neither signature was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UncheckedForkProof {
    lower: UncheckedHeader,
    higher: UncheckedHeader,
}

impl ForkProof {
    /// The proof that two verified headers of one space make, in either order.
    ///
    /// # Errors
    /// [`BadForkProof::NoFork`].
    pub fn new(one: Header, other: Header) -> Result<Self, BadForkProof> {
        let (a, b) = (one.fields(), other.fields());
        if a.device != b.device || a.number != b.number || one.hash() == other.hash() {
            return Err(BadForkProof::NoFork);
        }
        let (lower, higher) = if one.hash() < other.hash() {
            (one, other)
        } else {
            (other, one)
        };
        Ok(Self { lower, higher })
    }

    /// Who forked.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.lower.fields().device
    }

    /// The number from which on nothing of the device counts.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.lower.fields().number
    }

    /// The two headers, the one with the lower hash first.
    #[must_use]
    pub fn headers(&self) -> [&Header; 2] {
        [&self.lower, &self.higher]
    }

    /// The proof as it goes into a message.
    #[must_use]
    pub fn to_unchecked(&self) -> UncheckedForkProof {
        UncheckedForkProof {
            lower: self.lower.to_unchecked(),
            higher: self.higher.to_unchecked(),
        }
    }
}

impl UncheckedForkProof {
    /// Who it says forked, and at which number, before that is known. A proof of a fork that is
    /// known from a lower number, or this one, need not be verified.
    #[must_use]
    pub fn peek_fork(&self) -> (DeviceId, u64) {
        let fields = self.lower.peek_fields();
        (fields.device, fields.number)
    }

    /// Verifies both signatures for a space, and that it is a fork.
    ///
    /// # Errors
    /// [`BadForkProof`].
    pub fn verify(self, space: SpaceId) -> Result<ForkProof, BadForkProof> {
        let lower = self.lower.verify(space).map_err(BadForkProof::Signature)?;
        let higher = self.higher.verify(space).map_err(BadForkProof::Signature)?;
        if lower.hash() > higher.hash() {
            return Err(BadForkProof::NoFork);
        }
        ForkProof::new(lower, higher)
    }
}

impl Wire for UncheckedForkProof {
    const WHAT: &'static str = "fork proof";

    fn write(&self, writer: &mut Writer) {
        self.lower.write(writer);
        self.higher.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            lower: UncheckedHeader::read(reader)?,
            higher: UncheckedHeader::read(reader)?,
        })
    }
}
