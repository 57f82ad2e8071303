//! What a crossing asks of the machine it runs on.

use std::{
    io::{self, Read},
    path::Path,
};

use pack_format::{
    advice::AdvisedError,
    item::Item,
    pack::{BundleSource, PlannedItem},
};

use crate::{Lane, LaneId};

/// The store of a vault or of a courier, as the engine sees it.
///
/// Everything that [`Host::take_bundle`], [`Host::take_item`] and [`Host::delivered`] are told
/// waits until [`Host::commit_pack`] or [`Host::save_lane`] makes it durable in one transaction,
/// or [`Host::discard_pack`] forgets it. A host that is interrupted in between has forgotten it.
pub trait Host: BundleSource {
    /// Takes one bundle of exactly `size_bytes`; `body` is read to its end. A bundle that is
    /// there already is no error: packs may bring what another pack brought before.
    ///
    /// # Errors
    /// What `body` or the machine says. An error of `body` may be returned or replaced: the
    /// engine knows it already.
    fn take_bundle(&mut self, lane: LaneId, size_bytes: u64, body: &mut dyn Read)
    -> io::Result<()>;

    /// Takes any other item; never receipts, which the engine handles. An item that came before
    /// is no error.
    ///
    /// # Errors
    /// What the machine says when the item cannot be stored. An item that the host refuses by
    /// its rules is no error here: the host notes the refusal, or the pack would come for ever.
    fn take_item(&mut self, lane: LaneId, item: Item) -> io::Result<()>;

    /// Makes durable, in one transaction, everything taken and delivered since the last commit
    /// and the lane's new state.
    ///
    /// # Errors
    /// When nothing of it was made durable.
    fn commit_pack(&mut self, lane: &Lane) -> Result<(), HostError>;

    /// Forgets what was taken and delivered since the last commit.
    fn discard_pack(&mut self);

    /// The other machine has receipted these items: they need not be sent again.
    ///
    /// # Errors
    /// When this cannot be noted.
    fn delivered(&mut self, lane: LaneId, items: &[PlannedItem]) -> Result<(), HostError>;

    /// Makes the lane's new state durable, in one transaction with what was delivered since the
    /// last commit.
    ///
    /// # Errors
    /// When it was not made durable.
    fn save_lane(&mut self, lane: &Lane) -> Result<(), HostError>;

    /// Everything that should reach the other machine and has not been receipted, in the order
    /// of sending, whether or not it lies in a pack already.
    ///
    /// A bundle that is missing here although a pack with it is outstanding counts as withdrawn:
    /// that pack is given up, and what else was in it is sent in a new one. Other items that are
    /// missing here stay in their pack.
    ///
    /// # Errors
    /// When it cannot be found out.
    fn due(&mut self, lane: LaneId) -> Result<Vec<PlannedItem>, HostError>;

    /// A private directory of this machine for parts of packs that are not complete; it exists.
    /// The parts are as sealed as on the medium.
    fn spool_dir(&self) -> &Path;

    /// Whether these bytes are a contact card as it stands in a single code, without a frame: so
    /// that it can be named where a pack is looked for. Whoever does not know cards says no.
    fn is_card(&self, _payload: &[u8]) -> bool {
        false
    }
}

/// A failure of the host, with its own advice.
pub type HostError = AdvisedError;
