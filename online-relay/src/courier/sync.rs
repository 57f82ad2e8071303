//! One plug: takes in what vaults have sent, visits the relays, and writes what is for the vaults.

use std::path::PathBuf;

use carriers::stick::Stick;
use crossing::{CrossingError, Lane, Options, SyncReport};

use super::error::CourierError;
use super::host::CourierHost;
use super::outcome::SyncOutcome;
use super::pairing::PairingName;
use super::progress::Watch;
use super::servers::ServerUrl;
use super::{Courier, network};
use crate::client::ClientOptions;

/// What is plugged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Medium {
    /// A directory of a mounted stick.
    Stick(PathBuf),
    /// A device, a tape or an image file without a file system.
    Raw(PathBuf),
}

/// What one trip is asked to do.
#[derive(Clone, Debug, Default)]
pub struct SyncOptions {
    /// The medium, if one is plugged in.
    pub medium: Option<Medium>,
    /// The one vault that the medium goes to; otherwise it carries for all of them.
    pub vault: Option<PairingName>,
    /// Servers that are allowed in this run only.
    pub servers: Vec<ServerUrl>,
    /// Whether the network is left alone.
    pub offline: bool,
    /// How relays are reached.
    pub client: ClientOptions,
    /// How packs are cut.
    pub crossing: Options,
}

impl Courier {
    /// One trip. What did not go well at a relay or with single packs is in the outcome, next to
    /// what was done.
    ///
    /// # Errors
    /// [`CourierError::NothingToDo`], [`CourierError::NoPairing`],
    /// [`CourierError::NameUnknown`], [`CourierError::Store`]; and
    /// [`CourierError::Crossing`] when the medium could not be taken in.
    pub fn sync(
        &mut self,
        options: &SyncOptions,
        watch: &mut Watch,
    ) -> Result<SyncOutcome, CourierError> {
        if options.offline && options.medium.is_none() {
            return Err(CourierError::NothingToDo);
        }
        let (names, mut lanes) = self.lanes_for(options.vault.as_ref())?;
        let mut outcome = SyncOutcome::default();
        let mut last = None;
        if let Some(medium) = &options.medium {
            let report = self.cross(medium, &mut lanes, options, watch, &mut outcome)?;
            outcome.add(&names, &lanes, &report);
            last = Some(report);
        }
        if !options.offline {
            last = self.go_online(options, &names, &mut lanes, watch, &mut outcome, last)?;
        }
        // The last crossing says how the medium is now; the first has said the same before.
        if let Some(Err(err)) = last.map(|report| report.outcome()) {
            outcome.problems.push(err.into());
        }
        Ok(outcome)
    }

    /// The pairings that the medium carries for, by name.
    pub(super) fn lanes_for(
        &self,
        vault: Option<&PairingName>,
    ) -> Result<(Vec<String>, Vec<Lane>), CourierError> {
        let mut lanes = self.store.lanes()?;
        if lanes.is_empty() {
            return Err(CourierError::NoPairing);
        }
        if let Some(vault) = vault {
            lanes.retain(|named| named.name == vault.as_str());
            if lanes.is_empty() {
                let name = vault.as_str().to_owned();
                return Err(CourierError::NameUnknown { name });
            }
        }
        Ok(lanes.into_iter().map(|it| (it.name, it.lane)).unzip())
    }

    /// Visits the relays and brings what came of it onto the medium.
    fn go_online(
        &mut self,
        options: &SyncOptions,
        names: &[String],
        lanes: &mut [Lane],
        watch: &mut Watch,
        outcome: &mut SyncOutcome,
        last: Option<SyncReport>,
    ) -> Result<Option<SyncReport>, CourierError> {
        self.visit(options, watch, outcome)?;
        if outcome.network.as_ref().is_some_and(|it| it.cancelled) {
            outcome.problems.push(CrossingError::Cancelled.into());
            outcome.safe_to_remove = outcome.safe_to_remove.map(|_| false);
            return Ok(last);
        }
        let Some(medium) = &options.medium else {
            return Ok(last);
        };
        match self.cross(medium, lanes, options, watch, outcome) {
            Ok(report) => {
                outcome.add(names, lanes, &report);
                Ok(Some(report))
            }
            // What the network half did is worth showing even if the stick is gone.
            Err(err) => {
                outcome.problems.push(err);
                outcome.safe_to_remove = Some(false);
                Ok(last)
            }
        }
    }

    /// Visits the relays, and adds what that did.
    pub(super) fn visit(
        &mut self,
        options: &SyncOptions,
        watch: &mut Watch,
        outcome: &mut SyncOutcome,
    ) -> Result<(), CourierError> {
        let mut allowed = self.servers()?;
        allowed.extend(options.servers.iter().cloned());
        let visited = network::run(&mut self.store, &allowed, &options.client, watch)?;
        outcome.network.get_or_insert_default().add(visited);
        Ok(())
    }

    fn cross(
        &mut self,
        medium: &Medium,
        lanes: &mut [Lane],
        options: &SyncOptions,
        watch: &mut Watch,
        outcome: &mut SyncOutcome,
    ) -> Result<SyncReport, CourierError> {
        let mut host = CourierHost::new(&mut self.store);
        let cut = &options.crossing;
        let crossed = match medium {
            Medium::Stick(path) => Stick::open(path)
                .map_err(CrossingError::Stick)
                .and_then(|stick| crossing::sync_stick(&stick, lanes, &mut host, watch, cut)),
            Medium::Raw(path) => crossing::sync_raw(path, lanes, &mut host, watch, cut),
        };
        outcome.hear(host.into_heard());
        watch.finish();
        Ok(crossed?)
    }
}
