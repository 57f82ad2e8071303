//! One plug: take in what is there, write what is due, and say what became of everything.

use std::path::Path as FilePath;

use carriers::light::Display;
use carriers::stick::Stick;
use crossing::light::{Ending, Eyes, LightReport, Path};
use crossing::{CrossingError, Lane, LaneReport, Options, Progress, SyncReport, light};
use pack_format::codec::Wire as _;
use pack_format::pack::PlannedItem;

use super::host::VaultHost;
use super::send::has_way;
use super::{ItemId, WorkError};
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::store::{OutgoingKind, RecipientState, SigningRequestId, StoredLane};
use crate::team;
use crate::vault::{Vault, VaultError};

/// What carries the packs.
#[derive(Clone, Copy, Debug)]
pub enum Medium<'a> {
    /// A folder: the mount point of a stick.
    Stick(&'a FilePath),
    /// A device, tape or image without a file system.
    Raw(&'a FilePath),
}

/// What a crossing did.
#[derive(Debug)]
pub struct Crossed {
    /// For each pairing.
    pub lanes: Vec<CrossedLane>,
    /// New items of the inbox.
    pub new_items: Vec<ItemId>,
    /// Items that readers confirmed, with the reader.
    pub confirmed: Vec<(ItemId, LocalName)>,
    /// Bundles that were refused, with the reason.
    pub refused: Vec<String>,
    /// What the vault noted meanwhile, oldest first: refusals, reports of couriers, changed cards,
    /// signs of a copied vault.
    pub notes: Vec<String>,
    /// Items that wait for a reader to whom no pairing leads.
    pub without_way: Vec<(ItemId, LocalName)>,
    /// Bundles that were here already.
    pub duplicates: u64,
    /// Signing requests that wait for the person.
    pub requests: Vec<SigningRequestId>,
    /// What changed in spaces.
    pub spaces: team::Brought,
    /// The engine's own report.
    pub report: SyncReport,
    /// Whether the crossing ended well. What was taken in and written counts either way.
    pub outcome: Result<(), CrossingError>,
}

/// What a crossing did for one pairing.
#[derive(Debug)]
pub struct CrossedLane {
    /// The pairing.
    pub name: LocalName,
    /// Items that lie on the medium now, read back and compared.
    pub on_medium: Vec<ItemId>,
    /// The engine's numbers.
    pub report: LaneReport,
}

/// Runs one crossing.
///
/// # Errors
/// [`WorkError`] when it could not begin, or what it did cannot be told. When it ended early,
/// [`Crossed::outcome`] says so; running it again goes on from there.
pub fn sync(
    vault: &Vault,
    medium: Medium<'_>,
    options: &Options,
    now: UnixTime,
    progress: &mut dyn Progress,
) -> Result<Crossed, WorkError> {
    let mut trip = Trip::begin(vault, None, now)?;
    let ended = match medium {
        Medium::Stick(path) => {
            let stick = Stick::open(path)?;
            crossing::sync_stick(&stick, &mut trip.lanes, &mut trip.host, progress, options)
        }
        Medium::Raw(path) => {
            crossing::sync_raw(path, &mut trip.lanes, &mut trip.host, progress, options)
        }
    };
    // What was taken in before it ended early is stored, and is not told again next time.
    let (report, outcome) = match ended {
        Ok(report) => {
            let outcome = report.outcome();
            (report, outcome)
        }
        Err(err) => (SyncReport::default(), Err(err)),
    };
    let on_medium = trip
        .lanes
        .iter()
        .zip(&report.lanes)
        .map(|(lane, report)| note_on_medium(vault, lane, report, now))
        .collect::<Result<_, _>>()?;
    trip.end(report, outcome, on_medium)
}

/// What a crossing by light shows on and films with.
pub struct Light<'a> {
    /// Where codes are shown.
    pub display: Option<&'a mut dyn Display>,
    /// What films.
    pub eyes: Option<&'a mut dyn Eyes>,
    /// When it ends, unless the person stops it.
    pub ending: Ending,
}

/// Runs one crossing by light, with one paired machine or with all of them in turn.
///
/// # Errors
/// As for [`sync`]; [`VaultError::PairingUnknown`] where `with` is no pairing.
pub fn sync_light(
    vault: &Vault,
    with: Option<&LocalName>,
    light: Light<'_>,
    now: UnixTime,
    progress: &mut dyn Progress,
) -> Result<(Crossed, Option<LightReport>), WorkError> {
    let mut trip = Trip::begin(vault, with, now)?;
    let names = trip.stored.iter().map(|lane| lane.name.as_str().to_owned());
    let names = names.collect();
    let path = Path {
        display: light.display,
        eyes: light.eyes,
        ending: light.ending,
        names,
    };
    let crossed = light::cross(&mut trip.lanes, &mut trip.host, path, progress);
    let (light, outcome) = match crossed {
        Ok(mut report) => {
            let outcome = report.outcome();
            (Some(report), outcome)
        }
        Err(err) => (None, Err(err)),
    };
    let report = light.as_ref().map(|light| light.sync.clone());
    // What a screen shows is on no medium: it counts when it is receipted.
    let on_medium = trip.lanes.iter().map(|_| Vec::new()).collect();
    let crossed = trip.end(report.unwrap_or_default(), outcome, on_medium)?;
    Ok((crossed, light))
}

/// A crossing that is under way, whatever carries it.
struct Trip<'v> {
    vault: &'v Vault,
    stored: Vec<StoredLane>,
    lanes: Vec<Lane>,
    host: VaultHost<'v>,
    noted_before: u32,
}

impl<'v> Trip<'v> {
    fn begin(vault: &'v Vault, with: Option<&LocalName>, now: UnixTime) -> Result<Self, WorkError> {
        let mut stored = vault.store().read().lanes()?;
        if stored.is_empty() {
            return Err(WorkError::NoPairing);
        }
        if let Some(name) = with {
            stored.retain(|lane| lane.name == *name);
            if stored.is_empty() {
                return Err(VaultError::PairingUnknown { name: name.clone() }.into());
            }
        }
        let lanes = stored
            .iter()
            .map(|lane| Lane::from_wire(&lane.state).map_err(WorkError::Stored))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            vault,
            stored,
            lanes,
            noted_before: vault.store().read().journal_count()?,
            host: VaultHost::new(vault, now),
        })
    }

    /// Finds out what the crossing did.
    fn end(
        mut self,
        report: SyncReport,
        outcome: Result<(), CrossingError>,
        on_medium: Vec<Vec<ItemId>>,
    ) -> Result<Crossed, WorkError> {
        let brought = std::mem::take(&mut self.host.brought);
        drop(self.host);
        let lanes = self.stored.into_iter().zip(&report.lanes).zip(on_medium);
        let lanes = lanes.map(|((stored, report), on_medium)| CrossedLane {
            name: stored.name,
            on_medium,
            report: report.clone(),
        });
        let mut confirmed = Vec::new();
        for (outgoing, contact) in brought.confirmed {
            if let Some(contact) = self.vault.store().read().contact(contact)? {
                confirmed.push((ItemId::Out(outgoing), contact.nickname));
            }
        }
        Ok(Crossed {
            lanes: lanes.collect(),
            new_items: brought.items,
            confirmed,
            refused: brought.refused,
            notes: notes_since(self.vault, self.noted_before)?,
            without_way: without_way(self.vault)?,
            duplicates: brought.duplicates,
            requests: brought.requests,
            spaces: brought.spaces,
            outcome,
            report,
        })
    }
}

fn without_way(vault: &Vault) -> Result<Vec<(ItemId, LocalName)>, WorkError> {
    let tables = vault.store().read();
    let lanes = tables.lanes()?;
    let mut waiting = Vec::new();
    for outgoing in tables.outgoing()? {
        if outgoing.freed || outgoing.kind == OutgoingKind::Receipt {
            continue;
        }
        for recipient in tables.recipients(outgoing.id)? {
            let Some(contact) = tables.contact(recipient.contact_id)? else {
                continue;
            };
            if recipient.state < RecipientState::TakenIn && !has_way(&contact, &lanes) {
                waiting.push((ItemId::Out(outgoing.id), contact.nickname));
            }
        }
    }
    Ok(waiting)
}

fn notes_since(vault: &Vault, count: u32) -> Result<Vec<String>, WorkError> {
    let tables = vault.store().read();
    let newest = tables.journal(tables.journal_count()?.saturating_sub(count))?;
    Ok(newest.into_iter().rev().map(|entry| entry.text).collect())
}

/// Bundles whose pack lies on the medium with all the parts that are still wanted. They count as
/// on the stick only after the medium was read back.
fn note_on_medium(
    vault: &Vault,
    lane: &Lane,
    report: &LaneReport,
    now: UnixTime,
) -> Result<Vec<ItemId>, WorkError> {
    let complete = report
        .outgoing
        .iter()
        .filter(|pack| pack.to_carry.is_empty())
        .map(|pack| pack.index)
        .collect::<Vec<_>>();
    vault.store().write(|changes| {
        let mut items = Vec::new();
        for pack in lane
            .outstanding()
            .filter(|pack| complete.contains(&pack.index()))
        {
            for item in pack.items() {
                let PlannedItem::Bundle { content_id, .. } = item else {
                    continue;
                };
                let Some(outgoing) = changes.outgoing_with_content(*content_id)? else {
                    team::due::on_medium(changes, *content_id, now)?;
                    continue;
                };
                for recipient in changes.recipients(outgoing.id)? {
                    let contact = recipient.contact_id;
                    changes.advance_recipient(
                        outgoing.id,
                        contact,
                        RecipientState::OnStick,
                        now,
                    )?;
                }
                if outgoing.kind == OutgoingKind::Work {
                    items.push(ItemId::Out(outgoing.id));
                }
            }
        }
        items.dedup();
        Ok(items)
    })
}
