//! From where the next bundle for a peer begins.

use std::collections::VecDeque;

use pack_format::codec::{DecodeError, Reader, Wire, Writer};

use crate::ids::DeviceId;
use crate::sync::acknowledged::Acknowledged;
use crate::sync::extent::Extent;

/// What was sent to one peer lately. The vault keeps one for each peer device.
///
/// Bundle `k` begins where the bundles up to `k - 3` ended, so that each segment crosses three
/// times; every sixth begins where the peer's own signed word ends. Sending what is new "since the
/// last bundle" loses what was in a lost bundle; sending from the acknowledged base always is
/// far more than is needed, because acknowledgements are late.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendState {
    /// How many bundles were made: the number of the next one, from 0.
    bundles: u64,
    /// The counter of this device's summary in the last bundle.
    told: u64,
    /// Something came from the peer since, so that it waits for an acknowledgement.
    owes_answer: bool,
    /// After each of the last bundles, the newest first.
    history: VecDeque<After>,
}

/// What the peer had been sent, and what was held, when a bundle had been made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct After {
    sent: Extent,
    held: Extent,
    relayed: Extent,
}

/// What is known at the time of a bundle.
#[derive(Clone, Copy, Debug)]
pub struct Now<'a> {
    /// The device of this vault.
    pub own: DeviceId,
    /// What the peer has acknowledged.
    pub acknowledged: &'a Acknowledged,
    /// The highest number that is held of each device.
    pub held: &'a Extent,
    /// The counters of the newest summaries, that of this device among them.
    pub counters: &'a Extent,
    /// The peer has mailboxes, so that other devices reach it as well as this one does. Then what
    /// they wrote is passed on only when the peer has not acknowledged it two bundles later:
    /// otherwise each segment would cross as often as there are devices.
    pub is_reached_by_others: bool,
}

/// What the next bundle carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Of each device, the segments above this number.
    pub start: Extent,
    /// Of each device, the segments up to this number.
    pub until: Extent,
    /// Summaries with counters above these are passed on.
    pub told: Extent,
    /// It begins with what the peer has acknowledged.
    pub is_from_base: bool,
}

impl SendState {
    /// Nothing was sent yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the next bundle carries. Nothing is changed: a bundle that is not made in the end
    /// leaves no trace.
    #[must_use]
    pub fn plan(&self, now: &Now<'_>) -> Plan {
        let base = &now.acknowledged.extent;
        let before = self.history.get(OVERLAP_BUNDLES - 1);
        let is_from_base = self.bundles.is_multiple_of(BASE_EVERY) || before.is_none();
        let mut start = base.clone();
        let mut told = Extent::new();
        if let Some(before) = before.filter(|_| !is_from_base) {
            start.raise_all(&before.sent);
            told = before.relayed.clone();
        }
        Plan {
            start,
            until: self.until(now),
            told,
            is_from_base,
        }
    }

    fn until(&self, now: &Now<'_>) -> Extent {
        if !now.is_reached_by_others {
            return now.held.clone();
        }
        let earlier = self.history.get(HOLD_BACK_BUNDLES - 1);
        let mut until = earlier.map_or_else(Extent::new, |after| after.held.clone());
        until.raise(now.own, now.held.number(now.own));
        until
    }

    /// Whether a bundle is due: the peer has not acknowledged all that is held, has not been told
    /// this device's newest summary or that of another, or waits for an answer.
    ///
    /// What the peer asks for and fork proofs are for the caller to look at.
    #[must_use]
    pub fn is_due(&self, now: &Now<'_>) -> bool {
        let relayed = self.history.front().map(|after| &after.relayed);
        self.owes_answer
            || now.counters.number(now.own) > self.told
            || !now.acknowledged.extent.covers(now.held)
            || relayed.is_none_or(|relayed| !relayed.covers(now.counters))
    }

    /// Segments came from the peer, known ones among them: it waits for an acknowledgement.
    pub fn received(&mut self) {
        self.owes_answer = true;
    }

    /// A bundle was made, and brings the peer up to `sent` ([`Due::sent`]).
    ///
    /// [`Due::sent`]: crate::sync::Due::sent
    pub fn record(&mut self, now: &Now<'_>, sent: Extent) {
        self.bundles = self.bundles.saturating_add(1);
        self.told = now.counters.number(now.own);
        self.owes_answer = false;
        self.history.push_front(After {
            sent,
            held: now.held.clone(),
            relayed: now.counters.clone(),
        });
        self.history.truncate(OVERLAP_BUNDLES);
    }

    /// Up to where the peer had been sent the log with the latest bundle; none before the first.
    #[must_use]
    pub fn sent(&self) -> Option<&Extent> {
        self.history.front().map(|after| &after.sent)
    }

    /// How many bundles were made.
    #[must_use]
    pub fn bundles(&self) -> u64 {
        self.bundles
    }
}

impl Wire for SendState {
    const WHAT: &'static str = "what was sent";

    fn write(&self, writer: &mut Writer) {
        writer
            .varint(self.bundles)
            .varint(self.told)
            .u8(u8::from(self.owes_answer))
            .varint(self.history.len() as u64);
        for after in &self.history {
            after.sent.write(writer);
            after.held.write(writer);
            after.relayed.write(writer);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bundles = reader.varint("number of bundles")?;
        let told = reader.varint("summary counter")?;
        let owes_answer = match reader.u8("whether an answer is owed")? {
            0 => false,
            1 => true,
            _ => {
                return Err(DecodeError::Unknown {
                    what: "whether an answer is owed",
                });
            }
        };
        let count = reader.varint("remembered bundles")?;
        if count > OVERLAP_BUNDLES as u64 {
            return Err(DecodeError::OverLimit {
                what: "remembered bundles",
                found: count,
                limit: OVERLAP_BUNDLES as u64,
            });
        }
        let mut history = VecDeque::new();
        for _ in 0..count {
            history.push_back(After {
                sent: Extent::read(reader)?,
                held: Extent::read(reader)?,
                relayed: Extent::read(reader)?,
            });
        }
        Ok(Self {
            bundles,
            told,
            owes_answer,
            history,
        })
    }
}

/// In how many bundles each segment crosses.
const OVERLAP_BUNDLES: usize = 3;
/// Every how many bundles one begins with what is acknowledged.
const BASE_EVERY: u64 = 6;
/// How many bundles what others wrote waits for the acknowledgement of what they sent themselves.
const HOLD_BACK_BUNDLES: usize = 2;
