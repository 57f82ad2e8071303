//! The tables of spaces.

mod outgoing;
mod peer;
mod row;

pub use outgoing::{NewSpaceOutgoing, SpaceOutgoing, SpaceOutgoingId};
pub use peer::{Peer, PeerChain, PeerChainId, PeerId};
pub use row::{NewSpace, SpaceRow, SpaceState, StoredPrekey, StoredSpace};
