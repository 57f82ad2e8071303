//! Epochs: the keys under which a compartment's content is sealed, and who holds them.
//!
//! An epoch's key is random and wrapped to a prekey of each device that may read. Everything here
//! is a pure function of what membership says; nothing here decides who is a member.
//! Spec: spec/team.md, "Epochs".

mod choice;
mod content;
mod key;
mod mint;
mod prekey;

pub use choice::{
    Choice, DevicePrefix, KnownEpoch, SpaceReader, choose, missing_shares, prefix_of,
};
pub use content::{CONTENT_OVERHEAD_BYTES, ContentCodec, ContentError, ContentPlace};
pub use key::{Binding, EpochKey, UnwrapError, unwrap};
pub use mint::{Minted, Recipient, mint, wrap};
pub use prekey::{
    PREKEY_KEPT_SECS, PREKEY_ROTATED_SECS, PrekeyAge, expired_prekeys, is_new_prekey_due,
};
