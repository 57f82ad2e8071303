//! A trip by light: a screen and a camera instead of a stick.

use std::collections::BTreeMap;

use crossing::light::{self, LightReport, Means, Path, Pieces};
use pack_format::shown::Shown;
use serde_json::{Value, json};

use super::Courier;
use super::error::CourierError;
use super::host::CourierHost;
use super::outcome::SyncOutcome;
use super::progress::Watch;
use super::quantity::Count;
use super::sync::SyncOptions;

/// What went by light and has not been receipted, or has not arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByLight {
    /// Packs that were shown to a vault.
    pub outgoing: Vec<Pack>,
    /// Packs of a vault of which pieces are missing here.
    pub incoming: Vec<Pack>,
}

/// How far one pack is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    /// The vault's name.
    pub vault: String,
    /// Pieces that are there, or were shown.
    pub here: u64,
    /// Pieces that are needed.
    pub needed: u64,
    /// What the vault has is known from its own answer.
    pub is_known: bool,
}

impl Courier {
    /// One trip by light. What waits for the vaults is fetched first, so that one meeting of the
    /// two machines is enough; what the vaults have sent is delivered afterwards.
    ///
    /// # Errors
    /// As for [`Courier::sync`].
    pub fn sync_light(
        &mut self,
        options: &SyncOptions,
        means: &mut Means,
        watch: &mut Watch,
    ) -> Result<SyncOutcome, CourierError> {
        let (names, mut lanes) = self.lanes_for(options.vault.as_ref())?;
        let mut outcome = SyncOutcome::default();
        let ending = means.ending();
        let (display, eyes) = means.parts();
        let (shows, films) = (display.is_some(), eyes.is_some());
        if shows && !options.offline {
            self.visit(options, watch, &mut outcome)?;
        }
        let path = Path {
            display,
            eyes,
            ending,
            names: names.clone(),
        };
        let mut host = CourierHost::new(&mut self.store);
        let crossed = light::cross(&mut lanes, &mut host, path, watch);
        outcome.hear(host.into_heard());
        watch.finish();
        let mut report = crossed?;
        if let Err(err) = report.outcome() {
            outcome.problems.push(err.into());
        }
        outcome.add(&names, &lanes, &report.sync);
        outcome.safe_to_remove = None;
        outcome.by_light = Some(ByLight::new(&names, &report));
        if films && !options.offline {
            self.visit(options, watch, &mut outcome)?;
        }
        Ok(outcome)
    }
}

impl ByLight {
    pub(super) fn new(names: &[String], report: &LightReport) -> Self {
        let named = |pieces: &Pieces| Pack {
            vault: names.get(pieces.lane).cloned().unwrap_or_default(),
            here: pieces.here,
            needed: pieces.needed,
            is_known: pieces.is_known,
        };
        Self {
            outgoing: report.outgoing.iter().map(named).collect(),
            incoming: report.incoming.iter().map(named).collect(),
        }
    }

    /// One line for each pack.
    pub(super) fn lines(&self) -> Vec<String> {
        let incoming = self.incoming.iter().map(|pack| {
            let Pack { here, needed, .. } = pack;
            let name = Shown(&pack.vault);
            format!(
                "From vault {name}: {here} of {needed} pieces of a pack have arrived and are kept."
            )
        });
        let known = self.outgoing.iter().filter(|pack| pack.is_known);
        let known = known.map(|pack| {
            let Pack { here, needed, .. } = pack;
            let name = Shown(&pack.vault);
            if here >= needed {
                format!("The pack for vault {name} has arrived; its receipt has not.")
            } else {
                format!("Vault {name} has {here} of {needed} pieces of a pack.")
            }
        });
        incoming.chain(known).chain(self.unknown()).collect()
    }

    /// One line for each vault to which packs were shown without an answer.
    fn unknown(&self) -> Vec<String> {
        let unknown = self.outgoing.iter().filter(|pack| !pack.is_known);
        let mut vaults: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
        for pack in unknown {
            let (packs, here, pieces) = vaults.entry(&pack.vault).or_default();
            *packs = packs.saturating_add(1);
            *here = here.saturating_add(pack.here);
            *pieces = pieces.saturating_add(pack.needed);
        }
        let lines = vaults.into_iter().map(|(vault, (packs, here, pieces))| {
            let (name, packs, pieces) =
                (Shown(vault), Count(packs, "pack"), Count(pieces, "piece"));
            format!("Shown to vault {name}: of {packs} {here} of {pieces}; kept until a receipt returns.")
        });
        lines.collect()
    }

    pub(super) fn to_json(&self) -> Value {
        let packs = |packs: &[Pack]| {
            let each = packs.iter().map(|pack| {
                json!({
                    "vault": pack.vault,
                    "pieces": pack.here,
                    "needed": pack.needed,
                    "is_known": pack.is_known,
                })
            });
            each.collect::<Vec<_>>()
        };
        json!({ "outgoing": packs(&self.outgoing), "incoming": packs(&self.incoming) })
    }
}
