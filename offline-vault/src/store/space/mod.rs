//! The tables of spaces.

mod chunk;
mod device;
mod effect;
mod epoch_key;
#[cfg(test)]
mod fixture;
mod have;
mod invitation;
mod item;
mod list;
mod listing;
mod lookup;
mod outgoing;
mod peer;
mod pending;
mod row;
mod segment;
#[cfg(test)]
mod speed;
mod wanted;

pub use chunk::StoredChunk;
pub use device::{DeviceChain, DeviceRow, StoredDevice, Tip};
pub use effect::Effect;
pub use have::StoredHave;
pub use invitation::{
    InvitationDirection, InvitationId, InvitationState, NewInvitation, StoredInvitation,
};
pub use item::{
    ItemFlag, ItemFlags, ItemLine, ItemRow, ItemState, NewOperation, OperationInEffect, StoredItem,
    StoredOperation,
};
pub use list::{ItemFilter, ItemPrefix};
pub use listing::ListedSegment;
pub use lookup::StoredHeader;
pub use outgoing::{NewSpaceOutgoing, SpaceOutgoing, SpaceOutgoingId};
pub use peer::{Peer, PeerChain, PeerChainId, PeerId};
pub use pending::{PendingSegment, StoredFork};
pub use row::{NewSpace, SpaceRow, SpaceState, StoredPrekey, StoredSpace};
pub use segment::{NewSegment, SegmentKind, SegmentPlace, SegmentRow, Standing, StoredSegment};
