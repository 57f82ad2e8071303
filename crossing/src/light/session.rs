//! The state of a crossing by light: frames go in, frames come out, packs are taken in between.

use std::collections::{BTreeMap, BTreeSet};

use carriers::light::{Demand, Sheet};
use pack_format::{
    light::{Answer, Frame, FrameError, TransferId},
    pack::PlannedItem,
    ratchet::PackIndex,
};

use super::{
    arrivals::Arrivals,
    departures::{Departures, Showing, turn_symbols},
    noticed::Noticed,
};
use crate::{
    CrossingError, Host, Lane, Options, SyncReport, compose,
    lane::Outstanding,
    limits::{LIGHT_BUNDLE_BYTES_MAX, LIGHT_PACK_BYTES, LIGHT_PART_BYTES},
    write::{self, OnMedium},
};

/// A crossing by light that is under way.
///
/// It never ends by itself and holds no clock: whoever drives it decides when to stop, and
/// everything that has arrived is kept whenever that is.
pub struct LightCrossing<'a> {
    lanes: &'a mut [Lane],
    host: &'a mut dyn Host,
    report: SyncReport,
    arrivals: Arrivals,
    departures: Departures,
    shows: bool,
    noticed: BTreeMap<Noticed, u64>,
    /// Symbols in frames since one that brought something new.
    quiet_symbols: u64,
    /// Symbols that the longest turn of a pack takes, of those that were seen.
    turn_symbols: u64,
}

/// How far one pack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pieces {
    /// Which of the lanes given at the beginning.
    pub lane: usize,
    /// Pieces that are there.
    pub here: u64,
    /// Pieces that are needed.
    pub needed: u64,
    /// The other machine has said that it has this pack, or how many pieces it lacks; otherwise
    /// `here` counts what was shown.
    pub is_known: bool,
}

impl Pieces {
    /// Whether the other machine has said that it has everything.
    #[must_use]
    pub fn has_all(&self) -> bool {
        self.is_known && self.here >= self.needed
    }
}

impl<'a> LightCrossing<'a> {
    /// Goes on with what earlier crossings have left, and, where this one shows something, seals
    /// what is due.
    ///
    /// # Errors
    /// Any [`CrossingError`] of the host or of the folder for parts.
    pub fn begin(
        lanes: &'a mut [Lane],
        host: &'a mut dyn Host,
        shows: bool,
    ) -> Result<Self, CrossingError> {
        let report = SyncReport::new(lanes);
        let arrivals = Arrivals::begin(lanes, host)?;
        let mut crossing = Self {
            lanes,
            host,
            report,
            arrivals,
            departures: Departures::default(),
            shows,
            noticed: BTreeMap::new(),
            quiet_symbols: 0,
            turn_symbols: 0,
        };
        crossing
            .arrivals
            .resume(crossing.lanes, crossing.host, &mut crossing.report)?;
        if shows {
            crossing.cut_for_light()?;
            crossing.seal_what_is_due()?;
        }
        Ok(crossing)
    }

    /// Takes the payload of one code that was filmed, and says what it was.
    ///
    /// # Errors
    /// Any [`CrossingError`] of the host or of the folder for parts. What a code holds is never
    /// an error.
    pub fn take(&mut self, payload: &[u8]) -> Result<Noticed, CrossingError> {
        let noticed = self.notice(payload)?;
        let count = self.noticed.entry(noticed).or_insert(0);
        *count = count.saturating_add(1);
        if matches!(noticed, Noticed::Pieces | Noticed::Taken | Noticed::Refused) {
            self.quiet_symbols = 0;
        }
        if noticed == Noticed::Taken && self.shows {
            self.seal_what_is_due()?;
        }
        Ok(noticed)
    }

    /// What is to be shown next in a room for `demand.code_count` codes.
    ///
    /// # Errors
    /// [`CrossingError::Bundle`] when a bundle cannot be read, or what the host says.
    pub fn sheet(&mut self, demand: Demand) -> Result<Sheet, CrossingError> {
        let codes = self.departures.next_frames(
            demand.code_count,
            demand.payload_bytes,
            self.lanes,
            self.host,
        )?;
        Ok(Sheet {
            codes,
            corner: self.answer(),
        })
    }

    /// What this machine lacks and has, for the other one: `None` before it has seen anything.
    #[must_use]
    pub fn answer(&self) -> Option<Vec<u8>> {
        let entries = self.arrivals.answer();
        (!entries.is_empty()).then(|| Answer::build(&entries))
    }

    /// The pack that is shown now.
    #[must_use]
    pub fn outgoing(&self) -> Option<Pieces> {
        self.departures.current().map(pieces_shown)
    }

    /// Of the pieces that were shown lately, how many in a hundred the other machine says it got.
    #[must_use]
    pub fn heard_percent(&self) -> Option<u8> {
        self.departures.current()?.heard.percent()
    }

    /// What is to be shown: the lane, and what its frames say.
    #[must_use]
    pub fn transfers(&self) -> Vec<(usize, TransferId)> {
        let queue = self.departures.queue().iter();
        queue
            .map(|showing| (showing.lane, showing.transfer))
            .collect()
    }

    /// Does not show this transfer, because it is on its way already.
    pub fn hold_back(&mut self, transfer: TransferId) {
        self.departures.hold_back(transfer);
    }

    /// How many symbols of an arriving transfer are missing; 0 when it was taken in, `None` when
    /// nothing of it was seen or it is not for this machine.
    #[must_use]
    pub fn lacks(&self, transfer: TransferId) -> Option<u32> {
        self.arrivals.lacks(transfer)
    }

    /// Whether an arriving transfer was whole in this crossing and did not verify.
    #[must_use]
    pub fn was_refused(&self, transfer: TransferId) -> bool {
        self.arrivals.was_refused(transfer)
    }

    /// Every pack that was shown and not receipted.
    #[must_use]
    pub fn all_outgoing(&self) -> Vec<Pieces> {
        self.departures.queue().iter().map(pieces_shown).collect()
    }

    /// The packs of which pieces are missing, the one that was seen last first.
    #[must_use]
    pub fn incoming(&self) -> Vec<Pieces> {
        let incomplete = self.arrivals.incomplete();
        incomplete
            .map(|(lane, here, needed)| Pieces {
                lane,
                here,
                needed,
                is_known: true,
            })
            .collect()
    }

    /// How often each kind of code was seen.
    #[must_use]
    pub fn noticed(&self) -> &BTreeMap<Noticed, u64> {
        &self.noticed
    }

    /// Whether both machines have everything: something was exchanged, nothing is outstanding,
    /// and nothing that has begun to arrive is missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let has_met = self.has_noticed(Noticed::Taken)
            || self.has_noticed(Noticed::TakenBefore)
            || self.has_noticed(Noticed::Answer);
        let is_shown = self.departures.queue().iter().all(Showing::is_done);
        let is_receipted = self.lanes.iter().all(|lane| {
            let mut outstanding = lane.outstanding.values();
            !outstanding.any(goes_by_light)
        });
        has_met && is_shown && is_receipted && !self.lacks_pieces()
    }

    /// Whether pieces are missing of a pack of which something was seen in this crossing. What
    /// earlier ones have left may have been overtaken by another medium, and never come again.
    #[must_use]
    pub fn lacks_pieces(&self) -> bool {
        self.arrivals.lacks_pieces()
    }

    /// Whether everything that the other machine shows seems to be here: at least one pack was
    /// taken in, none is incomplete, and for as long as the longest of them is shown before the
    /// next one nothing new was seen. For a machine that shows nothing and cannot be told.
    #[must_use]
    pub fn seems_complete(&self) -> bool {
        let was_taken = self.has_noticed(Noticed::Taken) || self.has_noticed(Noticed::TakenBefore);
        let has_all = !self.lacks_pieces();
        was_taken && has_all && self.quiet_symbols > self.turn_symbols
    }

    /// Whether every pack was shown for so long that somebody who saw it all has it, with
    /// `percent_more` beyond what is needed at best.
    #[must_use]
    pub fn was_shown(&self, percent_more: u64) -> bool {
        let mut queue = self.departures.queue().iter();
        queue.all(|showing| showing.is_done() || showing.was_shown(percent_more))
    }

    /// What the crossing did.
    #[must_use]
    pub fn end(mut self) -> SyncReport {
        write::report_outgoing(self.lanes, &OnMedium::default(), &mut self.report);
        for (report, lane) in self.report.lanes.iter_mut().zip(self.lanes.iter()) {
            report.incoming = lane.incoming();
        }
        self.report
    }

    fn notice(&mut self, payload: &[u8]) -> Result<Noticed, CrossingError> {
        if let Ok(answer) = Answer::parse(payload) {
            return self.hear(&answer);
        }
        let frame = match Frame::parse(payload) {
            Ok(frame) => frame,
            Err(FrameError::NotOurs) if self.host.is_card(payload) => return Ok(Noticed::Card),
            Err(err) => return Ok(Noticed::of_error(&err)),
        };
        if self.departures.shows(frame.transfer()) {
            return Ok(Noticed::Own);
        }
        self.quiet_symbols = self
            .quiet_symbols
            .saturating_add(frame.parts().count.into());
        self.turn_symbols = self.turn_symbols.max(turn_symbols(&frame.layout()));
        self.arrivals
            .take(&frame, self.lanes, self.host, &mut self.report)
    }

    fn hear(&mut self, answer: &Answer) -> Result<Noticed, CrossingError> {
        let heard = self.departures.hear(answer);
        if heard.is_empty() {
            return Ok(Noticed::OtherTransfer);
        }
        for (lane, index, arrived) in heard {
            self.note_arrived(lane, index, arrived)?;
        }
        Ok(Noticed::Answer)
    }

    /// Keeps which parts the other machine has, so that no other medium carries them. Its next
    /// receipts say it again, or take it back.
    fn note_arrived(
        &mut self,
        lane: usize,
        index: PackIndex,
        arrived: BTreeSet<u32>,
    ) -> Result<(), CrossingError> {
        let Some(lane) = self.lanes.get_mut(lane) else {
            return Ok(());
        };
        // Answers come with every picture, and nearly all say what is known.
        let known = lane.sent_mut(index).map(|pack| &pack.arrived);
        if known.is_none_or(|known| *known == arrived) {
            return Ok(());
        }
        let mut next = lane.duplicate()?;
        if let Some(pack) = next.sent_mut(index) {
            pack.arrived = arrived;
        }
        self.host.save_lane(&next).map_err(CrossingError::Host)?;
        *lane = next;
        Ok(())
    }

    fn has_noticed(&self, noticed: Noticed) -> bool {
        self.noticed.contains_key(&noticed)
    }

    /// Gives up packs that are one large part, so that they are sealed again in small ones: what
    /// arrives of them by light is then of use to every other medium.
    fn cut_for_light(&mut self) -> Result<(), CrossingError> {
        for lane in &mut *self.lanes {
            let mut next = lane.duplicate()?;
            let is_one_large_part = |pack: &Outstanding| {
                pack.cut.count() == 1
                    && pack.cut.pack_bytes() > LIGHT_PART_BYTES
                    && goes_by_light(pack)
            };
            let large: Vec<_> = next
                .outstanding
                .extract_if(.., |_, pack| is_one_large_part(pack))
                .collect();
            if large.is_empty() {
                continue;
            }
            large.iter().for_each(|(_, pack)| next.retire(pack));
            self.host.save_lane(&next).map_err(CrossingError::Host)?;
            *lane = next;
        }
        Ok(())
    }

    fn seal_what_is_due(&mut self) -> Result<(), CrossingError> {
        let options = Options {
            part_bytes: LIGHT_PART_BYTES,
            pack_bytes: LIGHT_PACK_BYTES,
            ..Options::default()
        };
        for (lane, report) in self.lanes.iter_mut().zip(&mut self.report.lanes) {
            let mut due = compose::give_up(lane, self.host, &options)?;
            let all_count = due.len();
            due.retain(is_small_enough);
            report.items_waiting = all_count.saturating_sub(due.len()) as u64;
            compose::compose(lane, &due, report, self.host, &options, u64::MAX)?;
        }
        self.departures.refresh(self.lanes);
        Ok(())
    }
}

fn goes_by_light(pack: &Outstanding) -> bool {
    pack_format::light::Layout::new(pack.cut.pack_bytes()).is_ok()
}

fn is_small_enough(item: &PlannedItem) -> bool {
    match item {
        PlannedItem::Bundle { size_bytes, .. } => *size_bytes <= LIGHT_BUNDLE_BYTES_MAX,
        PlannedItem::Small { .. } => true,
    }
}

fn pieces_shown(showing: &Showing) -> Pieces {
    let needed = u64::from(showing.layout.source_symbols_in_all());
    Pieces {
        lane: showing.lane,
        here: match showing.needed {
            Some(still) => needed.saturating_sub(still.into()),
            None => {
                let wanted = showing.wanted_symbols();
                let arrived = needed.saturating_sub(wanted);
                arrived.saturating_add(showing.shown_count.min(wanted))
            }
        },
        needed,
        is_known: showing.needed.is_some(),
    }
}
