//! Which changes of a note are read, and which are left out.
//!
//! What the process makes of a note is kept as a snapshot together with the names of the changes
//! that were handed to it, in their order. As long as the order only goes on, later ones are added
//! to it; in all other cases, and when one of the later ones is refused, the note is made from its
//! beginning. So every vault with the same changes leaves out the same, whatever it has kept.

use note_protocol::{Content, NoteError, Opened, Refusal};
use pack_format::codec::{DecodeError, Reader, Writer};
use team_content::fold::Written;
use team_content::item_id::Dot;
use team_core::ids::DeviceId;

/// A note as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) content: Content,
    /// What stands for the note, with the changes in it.
    pub(super) cache: Cache,
}

/// A snapshot, and which changes it was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cache {
    /// In the order in which they are read.
    pub(super) changes: Vec<Taken>,
    pub(super) snapshot: Option<Vec<u8>>,
}

/// A change that was handed to the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) dot: Dot,
    /// Left out, as in every vault, for itself or for what it builds on.
    pub(super) refused: bool,
}

/// Reads a note by a function that opens a snapshot with updates, in a process of its own.
pub(super) fn read<U>(
    open: impl Fn(Option<&[u8]>, &[&Written<U>]) -> Result<Opened, NoteError>,
    updates: &[Written<U>],
    cache: Cache,
) -> Result<Read, NoteError> {
    let updates: Vec<&Written<U>> = updates.iter().collect();
    if let Some(later) = cache.later(&updates) {
        match open(cache.snapshot.as_deref(), later) {
            Ok(opened) if opened.refused.is_empty() => return Ok(cache.with(later, opened)),
            Err(err) if !is_of_content(&err) => return Err(err),
            _ => {}
        }
    }
    from_beginning(|updates| open(None, updates), &updates)
}

/// Reads a note without those changes for which it cannot be read at all.
fn from_beginning<U>(
    open: impl Fn(&[&Written<U>]) -> Result<Opened, NoteError>,
    updates: &[&Written<U>],
) -> Result<Read, NoteError> {
    let mut left = updates.to_vec();
    let mut readable = 0;
    for _ in 0..SEARCHES_MAX {
        let failed = match open(&left) {
            Ok(opened) => return Ok(Cache::of(updates, &left, opened)),
            Err(err) if !is_of_content(&err) => return Err(err),
            Err(err) => err,
        };
        readable = readable_len(&open, &left, readable)?;
        if readable < left.len() {
            // What failed once and not again was the machine: no change is blamed for that.
            let with_it = left.get(..=readable).unwrap_or_default();
            match open(with_it) {
                Ok(_) => return Err(failed),
                Err(err) if !is_of_content(&err) => return Err(err),
                Err(_) => {}
            }
            left.remove(readable);
        }
    }
    open(&left).map(|opened| Cache::of(updates, &left, opened))
}

/// How many of the changes, none of which can be read together, can be read from the first on.
/// At least `readable` can.
///
/// Nothing but the changes decides where it looks: two vaults find the same.
fn readable_len<U>(
    open: impl Fn(&[&Written<U>]) -> Result<Opened, NoteError>,
    updates: &[&Written<U>],
    readable: usize,
) -> Result<usize, NoteError> {
    let (mut readable, mut unreadable) = (readable, updates.len());
    if readable == 0 {
        // What fails without a change is not the fault of one.
        open(&[])?;
    }
    while unreadable.saturating_sub(readable) > 1 {
        let middle = readable.midpoint(unreadable);
        match open(updates.get(..middle).unwrap_or_default()) {
            Ok(_) => readable = middle,
            Err(err) if !is_of_content(&err) => return Err(err),
            Err(_) => unreadable = middle,
        }
    }
    Ok(readable)
}

/// Whether a change may lead to this, and not only the machine or the programs on it.
pub(super) fn is_of_content(err: &NoteError) -> bool {
    match err {
        // It gave up by itself, or its limits ended it; whatever else ends it, ends anything.
        NoteError::Ended { signal } => {
            matches!(signal, None | Some(SIGABRT | SIGSEGV | SIGXCPU))
        }
        NoteError::Nonsense(_) => true,
        NoteError::Refused(refusal) => !matches!(refusal, Refusal::Request | Refusal::Unconfined),
        _ => false,
    }
}

impl Cache {
    /// The changes that were left out.
    pub(super) fn refused(&self) -> impl Iterator<Item = Dot> {
        let refused = self.changes.iter().filter(|change| change.refused);
        refused.map(|change| change.dot)
    }

    /// How many changes are in the snapshot.
    pub(super) fn held_count(&self) -> usize {
        self.changes.len().saturating_sub(self.refused().count())
    }

    /// With changes that were just made on top of it.
    pub(super) fn extend(&mut self, dots: impl IntoIterator<Item = Dot>) {
        let taken = dots.into_iter().map(|dot| Taken {
            dot,
            refused: false,
        });
        self.changes.extend(taken);
    }

    /// What comes after what it holds; nothing where the note must be made from its beginning.
    fn later<'a, 'b, U>(&self, updates: &'a [&'b Written<U>]) -> Option<&'a [&'b Written<U>]> {
        self.snapshot.as_ref()?;
        let (before, later) = updates.split_at_checked(self.changes.len())?;
        let mut both = self.changes.iter().zip(before);
        let goes_on = both.all(|(taken, update)| taken.dot == update.dot);
        let is_exact = later.is_empty() || self.refused().next().is_none();
        (goes_on && is_exact).then_some(later)
    }

    fn with<U>(mut self, later: &[&Written<U>], opened: Opened) -> Read {
        self.extend(later.iter().map(|update| update.dot));
        self.snapshot = opened.snapshot.or(self.snapshot);
        Read {
            content: opened.content,
            cache: self,
        }
    }

    /// For all changes: those that are not among the rest were left out beforehand, and of the
    /// rest those that the process refused.
    fn of<U>(all: &[&Written<U>], rest: &[&Written<U>], opened: Opened) -> Read {
        let mut refused = opened.refused.iter().map(|it| it.index).peekable();
        let mut rest = (0..).zip(rest).peekable();
        let changes = all.iter().map(|update| {
            let handed_in = rest.next_if(|(_, next)| next.dot == update.dot);
            let is_accepted =
                handed_in.is_some_and(|(index, _)| refused.next_if_eq(&index).is_none());
            Taken {
                dot: update.dot,
                refused: !is_accepted,
            }
        });
        Read {
            content: opened.content,
            cache: Self {
                changes: changes.collect(),
                snapshot: opened.snapshot,
            },
        }
    }

    /// `u8(0) || varint count || (device || varint number || varint index || flag) of each ||
    /// snapshot`, where the flag is 1 for a change that was left out.
    ///
    /// Vaults of before began with the count; what they kept does not read, or is of no use.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u8(0).varint(self.changes.len() as u64);
        for Taken { dot, refused } in &self.changes {
            dot.device.write(&mut writer);
            writer.varint(dot.number).varint(dot.index.into());
            writer.u8((*refused).into());
        }
        writer.put(self.snapshot.as_deref().unwrap_or_default());
        writer.into_bytes()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        if reader.u8("form")? != 0 {
            return Err(DecodeError::Unknown { what: "form" });
        }
        let mut changes = Vec::new();
        for _ in 0..reader.varint("changes")? {
            let device = DeviceId::read(&mut reader)?;
            let number = reader.varint("number")?;
            let index = reader.varint("index")?;
            let index = u32::try_from(index).map_err(|_| DecodeError::Unknown { what: "index" })?;
            let dot = Dot {
                device,
                number,
                index,
            };
            let refused = match reader.u8("flag")? {
                0 => false,
                1 => true,
                _ => return Err(DecodeError::Unknown { what: "flag" }),
            };
            changes.push(Taken { dot, refused });
        }
        let snapshot = reader.rest();
        Ok(Self {
            changes,
            snapshot: (!snapshot.is_empty()).then(|| snapshot.to_vec()),
        })
    }
}

/// It gave up.
const SIGABRT: i32 = 6;
/// It read where nothing is.
const SIGSEGV: i32 = 11;
/// It used up its processor time.
const SIGXCPU: i32 = 24;
/// Changes for which a note cannot be read at all that are searched for: each search takes as many
/// runs of the process as the number of changes has binary digits.
const SEARCHES_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use note_protocol::{Part, Place, RefusedUpdate};
    use team_core::ids::MemberId;

    use super::*;

    fn dot(number: u64) -> Dot {
        Dot {
            device: DeviceId([3; 32]),
            number,
            index: 1,
        }
    }

    /// Changes that each add their words, named by their places.
    fn changes(words: &[&'static str]) -> Vec<Written<&'static str>> {
        let changes = (1..).zip(words).map(|(number, words)| Written {
            dot: dot(number),
            author: MemberId([1; 32]),
            claimed_at: 0,
            value: *words,
        });
        changes.collect()
    }

    /// A process that adds words to the snapshot, stumbles over `bomb`, and refuses `foreign`.
    fn open(
        snapshot: Option<&[u8]>,
        updates: &[&Written<&'static str>],
    ) -> Result<Opened, NoteError> {
        let mut text = String::from_utf8(snapshot.unwrap_or_default().to_vec()).unwrap();
        let mut refused = Vec::new();
        for (index, update) in (0..).zip(updates) {
            match update.value {
                "bomb" => return Err(NoteError::Ended { signal: Some(24) }),
                "foreign" => refused.push(RefusedUpdate {
                    index,
                    refusal: Refusal::Unreadable {
                        place: Place::Update(index),
                    },
                }),
                words => text.push_str(words),
            }
        }
        Ok(Opened {
            snapshot: Some(text.clone().into_bytes()),
            content: Content::new(text, Vec::new()).unwrap(),
            version: [].into_iter().collect(),
            refused,
        })
    }

    fn refused(read: &Read) -> Vec<u64> {
        read.cache.refused().map(|dot| dot.number).collect()
    }

    #[test]
    fn changes_that_end_the_process_are_left_out_with_those_it_refuses() {
        let changes = changes(&["a", "bomb", "b", "foreign", "bomb", "bomb", "c"]);
        let read = read(open, &changes, Cache::default()).unwrap();
        assert_eq!(read.content.text(), "abc");
        assert_eq!(refused(&read), [2, 4, 5, 6]);
        assert_eq!(read.cache.held_count(), 3);
    }

    #[test]
    fn one_change_among_many_is_found_in_few_runs() {
        let mut words = vec!["a"; 1000];
        words[700] = "bomb";
        let runs = Cell::new(0);
        let counted = |snapshot: Option<&[u8]>, updates: &[&Written<&'static str>]| {
            runs.set(runs.get() + 1);
            open(snapshot, updates)
        };
        let read = read(counted, &changes(&words), Cache::default()).unwrap();
        assert_eq!(refused(&read), [701]);
        assert!(runs.get() <= 14, "{} runs", runs.get());
    }

    #[test]
    fn a_note_that_too_many_changes_spoil_is_an_error() {
        let mut words = ["bomb"; 9];
        assert!(read(open, &changes(&words), Cache::default()).is_err());
        words[3] = "a";
        assert!(read(open, &changes(&words), Cache::default()).is_ok());
    }

    #[test]
    fn no_change_is_left_out_for_what_happens_once() {
        let runs = Cell::new(0);
        let stumbles = |snapshot: Option<&[u8]>, updates: &[&Written<&'static str>]| {
            runs.set(runs.get() + 1);
            if runs.get() == 1 {
                return Err(NoteError::Ended { signal: Some(6) });
            }
            open(snapshot, updates)
        };
        let changes = changes(&["a", "b", "c"]);
        assert!(read(stumbles, &changes, Cache::default()).is_err());
        let again = read(stumbles, &changes, Cache::default()).unwrap();
        assert_eq!(again.content.text(), "abc");
    }

    #[test]
    fn no_change_is_blamed_for_the_machine() {
        let runs = Cell::new(0);
        let errors: [fn() -> NoteError; 4] = [
            || NoteError::Ended { signal: Some(9) },
            || NoteError::Refused(Refusal::Unconfined),
            || NoteError::Refused(Refusal::Request),
            || NoteError::Machine(std::io::ErrorKind::OutOfMemory.into()),
        ];
        for err in errors {
            runs.set(0);
            let fails = |_: Option<&[u8]>, _: &[&Written<&'static str>]| {
                runs.set(runs.get() + 1);
                Err(err())
            };
            assert!(read(fails, &changes(&["a", "b"]), Cache::default()).is_err());
            assert_eq!(runs.get(), 1);
        }
        // A process that never gives a proper answer does not give one for an empty note either.
        let part = Part::Text;
        let fails = |_: Option<&[u8]>, _: &[&Written<&'static str>]| {
            runs.set(runs.get() + 1);
            Err(NoteError::Refused(Refusal::TooLarge { part }))
        };
        runs.set(0);
        assert!(read(fails, &changes(&["a", "b"]), Cache::default()).is_err());
        assert_eq!(runs.get(), 2);
    }

    /// Whatever a vault has kept, it reads what one reads that has kept nothing.
    #[test]
    fn what_was_kept_changes_nothing() {
        let all = changes(&["a", "foreign", "b", "bomb", "c", "foreign", "d"]);
        let whole = read(open, &all, Cache::default()).unwrap();
        for len in 0..=all.len() {
            let early = read(open, &all[..len], Cache::default()).unwrap();
            let late = read(open, &all, early.cache.clone()).unwrap();
            assert_eq!(late, whole, "after {len}");
            // Some came late but belong before the others.
            let early = read(open, &all[len..], Cache::default()).unwrap();
            let late = read(open, &all, early.cache).unwrap();
            assert_eq!(late, whole, "without the first {len}");
        }
    }

    #[test]
    fn a_note_that_did_not_change_is_not_read_from_its_beginning_again() {
        let changes = changes(&["a", "foreign", "bomb", "b"]);
        let before = read(open, &changes, Cache::default()).unwrap();
        let once = |snapshot: Option<&[u8]>, updates: &[&Written<&'static str>]| {
            assert!(snapshot.is_some() && updates.is_empty());
            open(snapshot, updates)
        };
        let again = read(once, &changes, before.cache.clone()).unwrap();
        assert_eq!(again, before);
    }

    #[test]
    fn what_is_kept_of_a_note_reads_as_it_was_written() {
        let taken = |number, refused| Taken {
            dot: dot(number),
            refused,
        };
        let cache = Cache {
            changes: vec![taken(300, false), taken(1, true)],
            snapshot: Some(vec![1, 2, 3]),
        };
        assert_eq!(Cache::from_bytes(&cache.to_bytes()), Ok(cache));
        let empty = Cache::default();
        assert_eq!(Cache::from_bytes(&empty.to_bytes()), Ok(empty));
        for of_before in [&[0][..], &[1, 2, 3]] {
            assert!(Cache::from_bytes(of_before).is_err());
        }
    }
}
