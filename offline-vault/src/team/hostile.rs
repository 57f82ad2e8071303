//! Bundles as large as a deceiving member can make them: what one of them costs whoever takes it
//! in. Run by hand: `cargo test --release -p offline-vault --lib team::hostile -- --ignored
//! --nocapture`.

use std::fs;
use std::time::Duration;

use pack_format::advice::Advice as _;
use pack_format::codec::Wire as _;
use team_content::index::ItemKind;
use team_content::message::{EditMessage, NewMessage};
use team_content::operation::Operation;
use team_core::control::{Control, encode_operations as encode_control};
use team_core::epoch::{ContentCodec, EpochKey};
use team_core::ids::{CompartmentId, EpochId, SegmentHash};
use team_core::limits::SYNC_SEGMENTS_MAX;
use team_core::segment::Kind;
use team_core::sync::SyncMessage;

use super::altered::sealed_for;
use super::bundle::SpaceArrival;
use super::checkpoints::{checkpoint, checkpoint_lines};
use super::items::ItemReference;
use super::keys::new_epoch;
use super::messages::{list, show};
use super::session::{Session, in_space, look};
use super::shown::{space, spaces};
use super::take_in::apply;
use super::tests::{digest, message, news, say, shared, titles};
use super::view::digits;
use crate::limits::ITEM_OPERATIONS_MAX;
use crate::store::ItemFilter;
use crate::vault::Vault;
use crate::work::tests::{NOW, Place, cross};

/// What a member writes past every check of its own vault.
struct Forger<'s, 'a> {
    session: &'s mut Session<'a>,
    epoch: (EpochId, EpochKey),
    codec: ContentCodec,
}

impl<'s, 'a> Forger<'s, 'a> {
    fn new(session: &'s mut Session<'a>) -> Self {
        Self {
            epoch: session.epoch_for(CompartmentId::WHOLE).unwrap(),
            codec: ContentCodec::new().unwrap(),
            session,
        }
    }

    /// Whether the device may write that much.
    fn control(&mut self, operations: &[Control]) -> bool {
        let payload = encode_control(operations);
        self.session.write_segment(Kind::Control, payload).is_ok()
    }

    fn content(&mut self, operations: &[Operation]) {
        let (id, key) = &self.epoch;
        let sealed = self.session.seal(&mut self.codec, (*id, key), operations);
        let (_, sealing, payload) = sealed.unwrap();
        let kind = Kind::Content(sealing);
        self.session.write_segment(kind, payload).unwrap();
    }
}

fn forge(vault: &Vault, forging: impl FnOnce(&mut Forger<'_, '_>)) {
    in_space(vault, "desk", NOW, |session| {
        forging(&mut Forger::new(session));
        Ok(())
    })
    .unwrap();
}

/// Processor time of this process so far.
fn processor_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks: u64 = [11, 12]
        .map(|at: usize| fields[at].parse::<u64>().unwrap())
        .iter()
        .sum();
    Duration::from_millis(ticks * 10)
}

fn memory(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Does something, and tells in words what it cost beside what was there before.
fn measured<T>(work: impl FnOnce() -> T) -> (T, String) {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let (before, begun) = (memory("VmRSS"), processor_time());
    let done = work();
    let (took, peak) = (processor_time() - begun, memory("VmHWM"));
    let text = format!(
        "{took:?} of processor time, {} MiB at most ({} MiB more than before)",
        peak / 1024,
        (peak - before) / 1024,
    );
    (done, text)
}

/// What taking a bundle in costs, and what it costs afterwards.
fn take_in(what: &str, vault: &Vault, place: &Place) {
    let (crossed, cost) = measured(|| cross(vault, &place.stick()));
    println!("{what}: {cost}; {:?}", news(&crossed));
    let begun = processor_time();
    look(vault, "desk", |view| Ok(view.own_role())).unwrap();
    println!("    the space worked out: {:?}", processor_time() - begun);
    let begun = processor_time();
    cross(vault, &place.stick());
    println!("    the next crossing: {:?}", processor_time() - begun);
}

fn hostile(what: &str, forging: impl FnOnce(&mut Forger<'_, '_>)) {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    forge(&bilal, forging);
    let begun = processor_time();
    cross(&bilal, &place.stick());
    println!("    (sealed in {:?})", processor_time() - begun);
    take_in(what, &amina, &place);
}

#[test]
#[ignore = "measures; run by hand"]
fn many_small_messages() {
    hostile("32,768 segments of one message", |forger| {
        many_messages(forger);
    });
}

/// As many segments as a sync message holds, of one message each.
fn many_messages(forger: &mut Forger<'_, '_>) {
    for _ in 0..SYNC_SEGMENTS_MAX {
        let one = message(forger.session, "x");
        forger.content(&[one]);
    }
}

/// A message whose name compresses well.
fn numbered(number: u32) -> Operation {
    let mut nonce = [0; 16];
    nonce[..4].copy_from_slice(&number.to_be_bytes());
    Operation::from(NewMessage {
        nonce,
        thread: None,
        reply_to: None,
        text: "x".to_owned(),
        attachments: Vec::new(),
    })
}

#[test]
#[ignore = "measures; run by hand"]
fn dense_messages() {
    hostile("100 segments of 8,000 messages", |forger| {
        for at in 0..100u32 {
            let many: Vec<_> = (0..8_000)
                .map(|number| numbered(at * 8_000 + number))
                .collect();
            forger.content(&many);
        }
    });
}

/// A message, and very many edits of it in few bytes.
fn edit_one_message(forger: &mut Forger<'_, '_>, segments: usize, edits_in_each: usize) {
    let first = message(forger.session, "x");
    let device = forger.session.view.own_device();
    let item = first.item(device);
    forger.content(&[first]);
    let edit = EditMessage {
        item,
        text: "y".to_owned(),
        replaces: Vec::new(),
    };
    let many = vec![Operation::from(edit); edits_in_each];
    for _ in 0..segments {
        forger.content(&many);
    }
}

#[test]
#[ignore = "measures; run by hand"]
fn dense_edits_of_one_item() {
    hostile("100 segments of 10,000 edits of one message", |forger| {
        edit_one_message(forger, 100, 10_000);
    });
}

#[test]
fn what_is_too_much_at_once_is_opened_by_later_crossings() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    say(&bilal, "before");
    forge(&bilal, |forger| edit_one_message(forger, 18, 16_000));
    say(&bilal, "after");
    cross(&bilal, &place.stick());
    let crossed = cross(&amina, &place.stick());
    let unopened = spaces(&amina).unwrap()[0].unopened;
    assert!(unopened > 0);
    let news = news(&crossed);
    let told = news.iter().filter(|one| one.contains("are safe here"));
    assert_eq!(told.count(), 1, "{news:?}");
    let shown = space(&amina, "desk").unwrap();
    let step = "each `offline-vault sync` opens more of it";
    assert!(
        shown.next.iter().any(|next| next.contains(step)),
        "{:?}",
        shown.next
    );
    assert!(titles(&amina).contains(&"before".to_owned()));
    let mut crossings = 0;
    while spaces(&amina).unwrap()[0].unopened > 0 {
        cross(&amina, &place.stick());
        crossings += 1;
        assert!(crossings < 6);
    }
    assert_eq!(titles(&amina), ["after", "before", "x"]);
    // More edits than count leave everything as it is for whoever reads and writes there.
    let row = look(&amina, "desk", |view| Ok(view.row())).unwrap();
    let (kind, filter) = (Some(ItemKind::Message), ItemFilter::default());
    let items = amina.store().read().items(row, kind, &filter, 9).unwrap();
    let edited = items.iter().find(|item| item.line.title == "x").unwrap();
    let which = format!("desk/{}", digits(&edited.item.0));
    let which = ItemReference::parse(&which).unwrap();
    assert!(show(&amina, &which).unwrap().line.edited);
    let counted = |count| {
        let tables = amina.store().read();
        let found = tables.operations_in_effect(edited.id, count, u64::MAX);
        found.unwrap().len() as u64
    };
    assert_eq!(counted(ITEM_OPERATIONS_MAX), ITEM_OPERATIONS_MAX);
    assert!(counted(u64::MAX) > 2 * ITEM_OPERATIONS_MAX);
    assert_eq!(list(&amina, "desk", None, 9).unwrap().messages.len(), 3);
}

#[test]
#[ignore = "measures; run by hand"]
fn large_messages() {
    hostile("1,000 segments of 62 KB", |forger| {
        for _ in 0..1_000 {
            let random: Vec<u8> = (0..7)
                .flat_map(|_| forger.session.rng().array::<4096>())
                .collect();
            let text = data_encoding::HEXLOWER.encode(&random);
            let one = message(forger.session, &text);
            forger.content(&[one]);
        }
    });
}

/// Deletions that have no effect, as many as one device can write in its life.
fn delete_nothing(forger: &mut Forger<'_, '_>, in_each: u32) {
    for at in 0.. {
        let one = |number: u32| {
            let mut name = [0; 32];
            name[..4].copy_from_slice(&u32::to_be_bytes(at));
            name[4..8].copy_from_slice(&number.to_be_bytes());
            Control::Delete(vec![SegmentHash(name)])
        };
        let many: Vec<_> = (0..in_each).map(one).collect();
        if !forger.control(&many) {
            break;
        }
    }
}

#[test]
fn who_has_used_up_its_control_still_writes_content_and_is_told_what_to_do() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    say(&bilal, "before");
    forge(&bilal, |forger| delete_nothing(forger, 1_000));
    let refused = new_epoch(&bilal, "desk", None, NOW).unwrap_err();
    assert!(refused.next_step().contains("device link"), "{refused}");
    say(&bilal, "after");
    checkpoint(&amina, "desk", NOW).unwrap();
    for vault in [&amina, &bilal, &amina] {
        let crossed = cross(vault, &place.stick());
        assert_eq!(crossed.spaces.failed_spaces, 0, "{:?}", news(&crossed));
    }
    assert_eq!(titles(&amina), ["after", "before"]);
    assert_eq!(digest(&amina), digest(&bilal));
    // What it has left is for what its owner asks for.
    let confirmed = look(&amina, "desk", |view| Ok(checkpoint_lines(view)))
        .unwrap()
        .remove(0)
        .confirmed;
    assert!(confirmed.is_empty(), "{confirmed:?}");
}

#[test]
#[ignore = "measures; run by hand"]
fn many_control_segments() {
    hostile(
        "all control of a device, in segments of one deletion",
        |forger| {
            delete_nothing(forger, 1);
        },
    );
}

#[test]
#[ignore = "measures; run by hand"]
fn dense_control_segments() {
    hostile(
        "all control of a device, in segments of 1,000 deletions",
        |forger| {
            delete_nothing(forger, 1_000);
        },
    );
}

#[test]
#[ignore = "measures; run by hand"]
fn segments_that_wait() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    forge(&bilal, many_messages);
    cross(&bilal, &place.stick());
    let arrival = sealed_for(&amina, &bilal);
    let mut sync = SyncMessage::from_wire(&arrival.sync).unwrap();
    // Everything follows one that never comes.
    let from = arrival.from;
    let first = sync.segments.iter().position(|it| {
        let segment = (*it).clone().verify(sync.space).unwrap();
        let fields = segment.header().fields();
        fields.device == from && fields.kind != Kind::Control
    });
    sync.segments.remove(first.unwrap());
    for number in [900, 901] {
        let again = SpaceArrival::claimed(arrival.space, from, number, sync.to_wire());
        let store = amina.store();
        let (taken, cost) = measured(|| store.write(|changes| apply(changes, again, NOW)));
        assert!(taken.unwrap().refused.is_none());
        println!("{} segments that wait: {cost}", sync.segments.len());
    }
    say(&bilal, "words");
    take_in("a bundle beside them", &amina, &place);
}

#[test]
#[ignore = "measures; run by hand"]
fn an_ordinary_message() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    say(&bilal, "words");
    cross(&bilal, &place.stick());
    take_in("one message", &amina, &place);
}
