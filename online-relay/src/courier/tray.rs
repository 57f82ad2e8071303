//! A trip by way of a phone: takes what it left in a tray, and leaves there what it is to show.

use carriers::light::Demand;
use crossing::CrossingError;
use crossing::light::LightCrossing;
use serde_json::{Value, json};

use super::Courier;
use super::error::CourierError;
use super::host::CourierHost;
use super::outcome::SyncOutcome;
use super::progress::Watch;
use super::quantity::Count;
use super::sync::SyncOptions;
use super::trouble::Trouble;
use crate::client::{ClientOptions, RelayError, TrayClient};
use crate::tray::TrayPass;

/// What a trip did at one tray.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtTray {
    /// Frames that the phone had left.
    pub frames_taken: u64,
    /// Frames that were left for the phone.
    pub frames_left: u64,
    /// Transfers of the phone of which pieces are missing; it was asked for more.
    pub asked_for_more: u64,
    /// Transfers of the phone that do not verify: a piece was altered.
    pub damaged: u64,
    /// Transfers of the phone that are not for this courier; they stay.
    pub foreign: u64,
}

impl AtTray {
    /// One line for each thing that happened.
    pub(super) fn lines(&self) -> Vec<String> {
        let rows = [
            (
                self.frames_taken > 0,
                format!(
                    "Taken from the tray: {}.",
                    Count(self.frames_taken, "frame")
                ),
            ),
            (
                self.asked_for_more > 0,
                "Pieces are missing: the phone is asked to film the vault once more.".to_owned(),
            ),
            (
                self.damaged > 0,
                format!(
                    "{} in the tray with an altered piece: delete it on the phone, and film the \
                     vault again.",
                    Count(self.damaged, "transfer")
                ),
            ),
            (
                self.foreign > 0,
                format!(
                    "{} in the tray not for this courier; the phone can remove them.",
                    Count(self.foreign, "transfer")
                ),
            ),
            (
                self.frames_left > 0,
                format!(
                    "Left for the phone to show: {}.",
                    Count(self.frames_left, "frame")
                ),
            ),
        ];
        let happened = rows.into_iter().filter(|(has_happened, _)| *has_happened);
        happened.map(|(_, line)| line).collect()
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "frames_taken": self.frames_taken,
            "frames_left": self.frames_left,
            "asked_for_more": self.asked_for_more,
            "damaged": self.damaged,
            "foreign": self.foreign,
        })
    }
}

impl Courier {
    /// One trip by way of a tray: takes in, visits the relays, and leaves what is due.
    ///
    /// # Errors
    /// As for [`Courier::sync`]. That the tray cannot be reached is among the problems of the
    /// outcome, beside what was done.
    pub fn sync_tray(
        &mut self,
        options: &SyncOptions,
        pass: TrayPass,
        watch: &mut Watch,
    ) -> Result<SyncOutcome, CourierError> {
        let url = pass.relay.url().to_owned();
        let failed = |source| {
            CourierError::Trouble(Trouble::Relay {
                url: url.clone(),
                source,
            })
        };
        let tray = TrayClient::new(pass, &options.client).map_err(failed)?;
        let (names, mut lanes) = self.lanes_for(options.vault.as_ref())?;
        let mut outcome = SyncOutcome::default();
        let mut at_tray = AtTray::default();
        // Vaults that were heard of in this trip: what they do not have now, they lack.
        let mut heard = vec![false; lanes.len()];
        for visit in [Visit::TakeIn, Visit::Leave] {
            let mut host = CourierHost::new(&mut self.store);
            let shows = visit == Visit::Leave;
            let mut crossing = LightCrossing::begin(&mut lanes, &mut host, shows)?;
            let done = match visit {
                Visit::TakeIn => take_in(&tray, &mut crossing, &mut at_tray),
                Visit::Leave => leave(&tray, &mut crossing, &heard, &mut at_tray),
            };
            let report = crossing.end();
            outcome.hear(host.into_heard());
            for (heard, lane) in heard.iter_mut().zip(&report.lanes) {
                *heard |= lane.packs_taken > 0;
            }
            outcome.add(&names, &lanes, &report);
            outcome.safe_to_remove = None;
            if let Err(err) = report.outcome() {
                outcome.problems.push(err.into());
            }
            if visit == Visit::TakeIn && !options.offline {
                self.visit(options, watch, &mut outcome)?;
            }
            match done {
                Ok(()) => {}
                Err(Stop::Crossing(err)) => return Err(err.into()),
                // A tray that cannot be emptied cannot be filled either.
                Err(Stop::Relay(err)) => {
                    outcome.problems.push(failed(err));
                    break;
                }
            }
        }
        outcome.at_tray = Some(at_tray);
        Ok(outcome)
    }
}

/// Closes a tray for good: a phone that was lost can do nothing there any more. The vault and
/// the courier keep what they have.
///
/// # Errors
/// [`CourierError::Trouble`].
pub fn close_tray(pass: TrayPass, options: &ClientOptions) -> Result<(), CourierError> {
    let url = pass.relay.url().to_owned();
    let closed = TrayClient::new(pass, options).and_then(TrayClient::close);
    closed.map_err(|source| CourierError::Trouble(Trouble::Relay { url, source }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    TakeIn,
    Leave,
}

/// Why a visit ended early.
enum Stop {
    Relay(RelayError),
    Crossing(CrossingError),
}

impl From<RelayError> for Stop {
    fn from(err: RelayError) -> Self {
        Self::Relay(err)
    }
}

impl From<CrossingError> for Stop {
    fn from(err: CrossingError) -> Self {
        Self::Crossing(err)
    }
}

/// Takes every frame, and tells the phone which transfers are whole and what others lack.
fn take_in(
    tray: &TrayClient,
    crossing: &mut LightCrossing<'_>,
    at_tray: &mut AtTray,
) -> Result<(), Stop> {
    let mut after = 0;
    loop {
        let page = tray.frames(after)?;
        for frame in &page.frames {
            crossing.take(frame)?;
            at_tray.frames_taken = at_tray.frames_taken.saturating_add(1);
        }
        after = page.next;
        if !page.more {
            break;
        }
    }
    let mut done = Vec::new();
    for transfer in tray.state()?.from_phone.transfers {
        let name = transfer.transfer;
        match crossing.lacks(name.id) {
            _ if transfer.done => {}
            _ if crossing.was_refused(name.id) => {
                at_tray.damaged = at_tray.damaged.saturating_add(1);
            }
            Some(0) => done.push(name),
            Some(lacks) => {
                at_tray.asked_for_more = at_tray.asked_for_more.saturating_add(1);
                tray.want(name, lacks.saturating_add(SPARE_SYMBOLS))?;
            }
            None => at_tray.foreign = at_tray.foreign.saturating_add(1),
        }
    }
    if !done.is_empty() {
        tray.done(&done)?;
    }
    Ok(())
}

/// Takes back what the vault has, and leaves what it has not, once.
fn leave(
    tray: &TrayClient,
    crossing: &mut LightCrossing<'_>,
    heard: &[bool],
    at_tray: &mut AtTray,
) -> Result<(), Stop> {
    let outgoing = crossing.transfers();
    let mut useless = Vec::new();
    for transfer in tray.state()?.for_phone.transfers {
        let name = transfer.transfer;
        let showing = outgoing.iter().find(|(_, id)| *id == name.id);
        let is_heard = showing.and_then(|(lane, _)| heard.get(*lane)).copied();
        match showing {
            None => useless.push(name),
            // The person says that the vault has it. A receipt that came later and does not name
            // it says otherwise.
            Some(_) if transfer.done && is_heard == Some(true) => useless.push(name),
            Some(_) if transfer.done || transfer.symbols > transfer.needed => {
                crossing.hold_back(name.id);
            }
            Some(_) => {}
        }
    }
    if !useless.is_empty() {
        tray.withdraw(&useless)?;
    }
    let mut frames = Vec::new();
    while !crossing.was_shown(PERCENT_MORE) {
        let codes = crossing.sheet(PHONE_CODE)?.codes;
        if codes.is_empty() {
            break;
        }
        frames.extend(codes);
    }
    at_tray.frames_left = tray.post(&frames)?;
    Ok(())
}

/// A code that the small screen of a phone shows large enough for the camera of a laptop.
const PHONE_CODE: Demand = Demand {
    code_count: 1,
    payload_bytes: 1003,
};

/// The phone shows the same frames again and again: a quarter of them may be missed.
const PERCENT_MORE: u64 = 34;

/// Symbols that are asked for beyond those that are missing, in case some are of no use.
const SPARE_SYMBOLS: u32 = 8;
