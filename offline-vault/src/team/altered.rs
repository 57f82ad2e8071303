//! Sync messages that a member altered, through the whole of taking them in: no panic, nothing that
//! was there is lost, and nothing is believed that its author has not signed.

use std::collections::BTreeSet;

use bundle_format::random::HedgedRng;
use pack_format::codec::Wire as _;
use pack_format::secret::Secret32;
use team_core::control::{Control, encode_operations};
use team_core::ids::{CompartmentId, DeviceId};
use team_core::segment::Kind;
use team_core::sync::{SyncMessage, UncheckedSegment};

use super::TeamError;
use super::bundle::{SpaceArrival, SpaceListening};
use super::index::SqlLog;
use super::session::{in_space, look};
use super::take_in::apply;
use super::tests::{digest, message, say, shared, titles};
use crate::store::SpaceRow;
use crate::vault::Vault;
use crate::work::bundle_file::NewBundleFile;
use crate::work::tests::{NOW, Place, cross};

/// A seed tells the whole run.
struct Rng(HedgedRng);

impl Rng {
    fn new(seed: u64) -> Self {
        let none = Secret32::new([0; 32]);
        Self(HedgedRng::new(&none, &none, seed))
    }

    fn byte(&mut self) -> u8 {
        let [byte] = self.0.array();
        byte
    }

    /// A number below this one.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(u64::from_be_bytes(self.0.array()) % bound.max(1) as u64).unwrap()
    }
}

/// Two vaults with a shared past, and what Bilal's vault seals for Amina's next.
struct Fixture {
    _place: Place,
    amina: Vault,
    bilal: Vault,
    row: SpaceRow,
    from: DeviceId,
    sync: Vec<u8>,
    titles_before: Vec<String>,
    titles_after: BTreeSet<String>,
}

impl Fixture {
    fn new() -> Self {
        let place = Place::new();
        let (amina, bilal) = shared(&place);
        say(&amina, "from Amina");
        say(&bilal, "from Bilal");
        for vault in [&amina, &bilal, &amina] {
            cross(vault, &place.stick());
        }
        let titles_before = titles(&amina);
        say(&amina, "not sent yet");
        for text in ["one", "two", "three"] {
            say(&bilal, text);
        }
        in_space(&bilal, "desk", NOW, |session| {
            // What has no effect is carried too, and one segment is of two operations.
            session.write_unasked(&[Control::Seal(session.view.own_member().unwrap())])?;
            let two = [message(session, "four"), message(session, "five")];
            session.write_content(CompartmentId::WHOLE, &two)
        })
        .unwrap();
        cross(&bilal, &place.stick());
        let arrival = sealed_for(&amina, &bilal);
        let row = look(&amina, "desk", |view| Ok(view.row())).unwrap();
        Self {
            _place: place,
            row,
            from: arrival.from,
            sync: arrival.sync,
            titles_before,
            titles_after: titles(&bilal).into_iter().chain(titles(&amina)).collect(),
            amina,
            bilal,
        }
    }

    /// Takes a message in as one that came in a sealed bundle, for good or to look what happens.
    /// Tells whether any of it was read.
    fn take_in(&self, number: u64, sync: Vec<u8>, for_good: bool) -> Result<bool, TeamError> {
        let arrival = SpaceArrival::claimed(self.row, self.from, number, sync);
        let mut done = Ok(false);
        let written = self.amina.store().write(|changes| {
            done = apply(changes, arrival, NOW).map(|taken| taken.refused.is_none());
            if done.is_ok() {
                self.check();
            }
            match (&done, for_good) {
                (Ok(_), true) => Ok(()),
                // Any error undoes it.
                _ => Err(TeamError::Input {
                    what: "undone".to_owned(),
                }),
            }
        });
        assert_eq!(written.is_ok(), done.is_ok() && for_good);
        done
    }

    /// Nothing that was there is gone, and nothing is there that nobody wrote.
    fn check(&self) {
        let now = titles(&self.amina);
        for title in self
            .titles_before
            .iter()
            .chain([&"not sent yet".to_owned()])
        {
            assert!(now.contains(title), "{title} of {now:?}");
        }
        for title in &now {
            assert!(self.titles_after.contains(title), "{title}");
        }
    }

    /// The honest message still brings everything.
    fn end(&self, number: u64) {
        assert!(self.take_in(number, self.sync.clone(), true).unwrap());
        let now: BTreeSet<String> = titles(&self.amina).into_iter().collect();
        assert_eq!(now, self.titles_after);
        assert_eq!(digest(&self.amina), digest(&self.bilal));
        self.amina.store().check().unwrap();
    }
}

/// The bundle that lies sealed in one vault for a space of the other.
pub(super) fn sealed_for(reader: &Vault, sender: &Vault) -> SpaceArrival {
    let listening = SpaceListening::new(reader).unwrap();
    let sealed = std::fs::read_dir(sender.paths().bundles()).unwrap();
    for (number, entry) in (0u8..).zip(sealed) {
        let mut copy = NewBundleFile::create(&reader.paths().bundles(), [number; 16]).unwrap();
        let mut original = std::fs::File::open(entry.unwrap().path()).unwrap();
        copy.copy_from(&mut original).unwrap();
        copy.sync().unwrap();
        if let Ok(Some(arrival)) = listening.verify(reader, &copy)
            && SyncMessage::from_wire(&arrival.sync).is_ok_and(|it| it.segments.len() > 4)
        {
            return arrival;
        }
    }
    panic!("no bundle is sealed");
}

/// A message as somebody makes it who has the keys of a member's device, or has only its bytes.
fn alter(original: &SyncMessage, forged: &[UncheckedSegment], rng: &mut Rng) -> Vec<u8> {
    let mut message = original.clone();
    if rng.below(2) == 0 {
        for _ in 0..=rng.below(4) {
            let (one, other) = (
                rng.below(message.segments.len()),
                rng.below(message.segments.len()),
            );
            match rng.below(5) {
                0 if !message.segments.is_empty() => message.segments.swap(one, other),
                1 if !message.segments.is_empty() => {
                    message.segments.remove(one);
                }
                2 if !message.segments.is_empty() => {
                    let twice = message.segments[one].clone();
                    message.segments.insert(other, twice);
                }
                3 => message.relayed.push(message.have.clone()),
                _ => {
                    let one = forged[rng.below(forged.len())].clone();
                    message.segments.push(one);
                }
            }
        }
    }
    let mut bytes = message.to_wire();
    match rng.below(6) {
        0 => bytes.truncate(rng.below(bytes.len())),
        1 => {
            let (from, len) = (rng.below(bytes.len()), rng.below(200));
            let piece: Vec<u8> = bytes.iter().skip(from).take(len).copied().collect();
            let to = rng.below(bytes.len());
            if rng.below(2) == 0 {
                bytes.splice(to..to, piece);
            } else {
                let end = bytes.len().min(to + piece.len());
                bytes.splice(to..end, piece);
            }
        }
        2 | 3 => {
            for _ in 0..=rng.below(3) {
                let at = rng.below(bytes.len());
                bytes[at] ^= 1 << rng.below(8);
            }
        }
        4 => {
            let at = rng.below(bytes.len());
            bytes[at] = [0, 1, 0x7f, 0x80, 0xfe, 0xff][rng.below(6)];
        }
        _ => {}
    }
    bytes
}

/// Segments that Bilal's device signs and that break rules: random control payloads, control
/// operations it has no right to, content that does not open.
fn forged(bilal: &Vault, rng: &mut Rng) -> Vec<UncheckedSegment> {
    let mut forged = Vec::new();
    for _ in 0..8 {
        let payload: Vec<u8> = match rng.below(3) {
            0 => (0..rng.below(300)).map(|_| rng.byte()).collect(),
            1 => encode_operations(&[Control::Leave, Control::Leave]),
            _ => encode_operations(&[Control::Checkpoint([rng.byte(); 32])]),
        };
        // It is never stored at home, so that all of them claim the same number.
        let result = in_space(bilal, "desk", NOW, |session| {
            let (row, space) = (session.view.row(), session.view.space_id());
            let log = SqlLog::new(session.changes, row, space, NOW);
            let (segment, _) = session.draft(Kind::Control, payload, &log)?;
            forged.push(UncheckedSegment::carry(&segment, rng.below(4) > 0));
            Err::<(), _>(TeamError::Input {
                what: "undone".to_owned(),
            })
        });
        assert!(result.is_err());
    }
    forged
}

fn live_through(seed: u64, count: u64) {
    let mut rng = Rng::new(seed);
    let (mut read, mut refused, mut failed) = (0, 0, 0);
    let mut number = 1_000;
    for _ in 0..count.div_ceil(PER_FIXTURE) {
        let fixture = Fixture::new();
        let original = SyncMessage::from_wire(&fixture.sync).unwrap();
        let forged = forged(&fixture.bilal, &mut rng);
        for at in 0..PER_FIXTURE.min(count) {
            number += 1;
            let for_good = at % 50 == 49;
            // Forks would end Bilal's right to speak for good, and the rest would test nothing.
            let forged = if for_good { &[] } else { forged.as_slice() };
            let sync = alter_some(&original, forged, &mut rng);
            match fixture.take_in(number, sync, for_good) {
                Ok(true) => read += 1,
                Ok(false) => refused += 1,
                Err(err) => {
                    assert!(err.is_of_the_content(), "seed {seed}: {err}");
                    failed += 1;
                }
            }
            if for_good {
                fixture.check();
            }
        }
        fixture.check();
        fixture.end(number + 1);
        number += 2;
    }
    println!(
        "seed {seed}: {read} taken in as far as they were right, {refused} refused, {failed} undone"
    );
    assert!(read > count / 4, "{read} of {count}");
}

fn alter_some(original: &SyncMessage, forged: &[UncheckedSegment], rng: &mut Rng) -> Vec<u8> {
    if forged.is_empty() {
        let nothing = &original.segments[..1];
        alter(original, nothing, rng)
    } else {
        alter(original, forged, rng)
    }
}

#[test]
fn altered_messages_take_nothing_away_and_bring_nothing_wrong() {
    live_through(1, 300);
}

#[test]
#[ignore = "takes an hour"]
fn a_million_altered_messages() {
    let number = |name, otherwise| {
        let text = std::env::var(name).ok();
        text.map_or(otherwise, |text: String| text.parse().unwrap())
    };
    let count = number("CAUSEWAY_ALTERED", 1_000_000);
    live_through(number("CAUSEWAY_SEED", 2), count);
}

/// Altered messages for each pair of vaults.
const PER_FIXTURE: u64 = 1_000;
