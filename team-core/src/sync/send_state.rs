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
    /// When the last bundle was made, in seconds since 1970.
    made_at: u64,
    /// The counter of this device's summary in the last bundle.
    told: u64,
    /// Something came from the peer since, so that it waits for an acknowledgement.
    owes_answer: bool,
    /// The counters of the summaries that had been passed on.
    relayed: Extent,
    /// After each of the last bundles, the newest first.
    history: VecDeque<After>,
}

/// How things were when a bundle had been made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct After {
    /// What the peer had been sent.
    sent: Extent,
    /// What was held.
    held: Extent,
    /// The counter of the peer's newest summary.
    peer_counter: u64,
}

/// What is known at the time of a bundle.
#[derive(Clone, Copy, Debug)]
pub struct Now<'a> {
    /// Seconds since 1970 on this vault's clock.
    pub at: u64,
    /// The device of this vault.
    pub own: DeviceId,
    /// The device that the bundle is for.
    pub peer: DeviceId,
    /// What the peer has acknowledged.
    pub acknowledged: &'a Acknowledged,
    /// The highest number that is held of each device.
    pub held: &'a Extent,
    /// The counters of the newest summaries, that of this device among them.
    pub counters: &'a Extent,
    /// The peer has mailboxes, so that other devices reach it as well as this one does. Then what
    /// they wrote is passed on only when it seems not to have come: otherwise each segment would
    /// cross as often as there are devices.
    pub is_reached_by_others: bool,
}

/// What the next bundle carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Of each device, the segments above this number.
    pub start: Extent,
    /// Of each device, the segments up to this number.
    pub until: Extent,
    /// The summaries with counters above these are passed on, that of the peer itself among them.
    pub relays_above: Extent,
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
        // What is sent although there is no news is what seems to be lost.
        let is_from_base = self.bundles.is_multiple_of(BASE_EVERY) || !self.has_news(now);
        Plan {
            start: self.start(now, is_from_base),
            until: self.until(now),
            relays_above: self.relays_above(now, is_from_base),
            is_from_base,
        }
    }

    fn start(&self, now: &Now<'_>, is_from_base: bool) -> Extent {
        let mut start = now.acknowledged.extent.clone();
        if is_from_base {
            return start;
        }
        if let Some(before) = self.history.get(OVERLAP_BUNDLES - 1) {
            start.raise_all(&before.sent);
        }
        if let Some(last) = self.history.front().filter(|_| now.is_reached_by_others) {
            // What others wrote had its overlap with those who wrote it.
            let others = last.sent.iter().filter(|(device, _)| *device != now.own);
            start.raise_all(&others.collect());
        }
        start
    }

    /// What others wrote goes to a peer that they reach themselves when the peer has made some
    /// summaries since that lack it, or when many bundles have been made since it came.
    fn until(&self, now: &Now<'_>) -> Extent {
        if !now.is_reached_by_others || !self.has_news(now) {
            return now.held.clone();
        }
        let counter = now.counters.number(now.peer);
        let patience = patience(now.own, now.peer);
        let mut until = Extent::new();
        for (back, after) in self.history.iter().enumerate() {
            let is_missed = after.peer_counter.saturating_add(patience) <= counter;
            if is_missed || back + 1 >= HOLD_BACK_BUNDLES {
                until = after.held.clone();
                break;
            }
        }
        until.raise(now.own, now.held.number(now.own));
        until
    }

    /// A few summaries of others go with each bundle, those first of which the peer was told
    /// longest ago; all go with some. Every other device does the same, in another order.
    ///
    /// The peer's own goes with each bundle from the base. A copy of the peer's vault may have made
    /// it: then it hides what the peer says and lacks, and who hears the peer say something older
    /// need have no way back to it.
    fn relays_above(&self, now: &Now<'_>, is_from_base: bool) -> Extent {
        if self.bundles.is_multiple_of(RELAY_ALL_EVERY) {
            return Extent::new();
        }
        let mut news: Vec<(u64, u8, DeviceId)> = now
            .counters
            .iter()
            .filter(|(device, _)| *device != now.own && *device != now.peer)
            .map(|(device, counter)| {
                let unsaid = counter.saturating_sub(self.relayed.number(device));
                (u64::MAX - unsaid, mix(now.own, device), device)
            })
            .collect();
        news.sort_unstable();
        let mut above = now.counters.clone();
        if is_from_base {
            above.lower(now.peer, 0);
        }
        for (_, _, device) in news.into_iter().take(RELAYS_MAX) {
            above.lower(device, self.relayed.number(device));
        }
        above
    }

    /// Whether a bundle is due: there is news, or three days after the last one the peer has not
    /// acknowledged all that is held or not been told the newest summary of another device.
    ///
    /// What the peer asks for and fork proofs are for the caller to look at.
    #[must_use]
    pub fn is_due(&self, now: &Now<'_>) -> bool {
        let is_quiet = now.at >= self.made_at.saturating_add(QUIET_SECS);
        let is_waiting = !now.acknowledged.extent.covers(now.held);
        self.has_news(now) || (is_quiet && (is_waiting || !self.relayed.covers(now.counters)))
    }

    /// Segments came from the peer, known ones among them: it waits for an acknowledgement.
    pub fn received(&mut self) {
        self.owes_answer = true;
    }

    /// A bundle was made as `plan` says, and brings the peer up to `sent` ([`Due::sent`]).
    ///
    /// [`Due::sent`]: crate::sync::Due::sent
    pub fn record(&mut self, now: &Now<'_>, plan: &Plan, sent: Extent) {
        self.bundles = self.bundles.saturating_add(1);
        self.made_at = now.at;
        self.told = now.counters.number(now.own);
        self.owes_answer = false;
        for (device, counter) in now.counters.iter() {
            if counter > plan.relays_above.number(device) {
                self.relayed.raise(device, counter);
            }
        }
        self.history.push_front(After {
            sent,
            held: now.held.clone(),
            peer_counter: now.counters.number(now.peer),
        });
        self.history.truncate(HOLD_BACK_BUNDLES);
    }

    /// Up to where the peer had been sent the log with the latest bundle; none before the first.
    #[must_use]
    pub fn sent(&self) -> Option<&Extent> {
        self.history.front().map(|after| &after.sent)
    }

    /// Whether there is something that the latest bundle did not carry: where there is not, the
    /// same again is for when that one seems to be lost.
    #[must_use]
    pub fn has_news(&self, now: &Now<'_>) -> bool {
        let held = self.history.front().map(|after| &after.held);
        self.owes_answer
            || now.counters.number(now.own) > self.told
            || held.is_none_or(|held| !held.covers(now.held))
    }

    /// How many bundles were made.
    #[must_use]
    pub fn bundles(&self) -> u64 {
        self.bundles
    }
}

/// After how many summaries that lack a segment of somebody else's this device passes it on: 2 to
/// 9, so that not everybody passes it on at once.
fn patience(own: DeviceId, peer: DeviceId) -> u64 {
    2 + u64::from(mix(own, peer) & 7)
}

/// A number that is another one for other pairs.
fn mix(own: DeviceId, other: DeviceId) -> u8 {
    let [own, ..] = own.0;
    let [other, ..] = other.0;
    own ^ other
}

impl Wire for SendState {
    const WHAT: &'static str = "what was sent";

    fn write(&self, writer: &mut Writer) {
        writer
            .varint(self.bundles)
            .varint(self.made_at)
            .varint(self.told)
            .u8(u8::from(self.owes_answer));
        self.relayed.write(writer);
        writer.varint(self.history.len() as u64);
        for after in &self.history {
            after.sent.write(writer);
            after.held.write(writer);
            writer.varint(after.peer_counter);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bundles = reader.varint("number of bundles")?;
        let made_at = reader.varint("time of the last bundle")?;
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
        let relayed = Extent::read(reader)?;
        let count = reader.varint("remembered bundles")?;
        if count > HOLD_BACK_BUNDLES as u64 {
            return Err(DecodeError::OverLimit {
                what: "remembered bundles",
                found: count,
                limit: HOLD_BACK_BUNDLES as u64,
            });
        }
        let mut history = VecDeque::new();
        for _ in 0..count {
            history.push_back(After {
                sent: Extent::read(reader)?,
                held: Extent::read(reader)?,
                peer_counter: reader.varint("summary counter")?,
            });
        }
        Ok(Self {
            bundles,
            made_at,
            told,
            owes_answer,
            relayed,
            history,
        })
    }
}

/// In how many bundles each segment crosses.
const OVERLAP_BUNDLES: usize = 3;
/// Every how many bundles one begins with what is acknowledged.
const BASE_EVERY: u64 = 6;
/// How many summaries of others go with a bundle.
const RELAYS_MAX: usize = 3;
/// With every how many bundles all of them go, also those that were passed on before.
const RELAY_ALL_EVERY: u64 = 24;
/// After how long without a bundle one is made although there is no news: three days.
const QUIET_SECS: u64 = 3 * 86_400;
/// After how many bundles what others wrote is passed on also when nothing was heard of the peer.
const HOLD_BACK_BUNDLES: usize = 6;
