//! Packs that cross by light, between two machines without a real screen or camera.

use carriers::light::Demand;
use crossing::{
    Lane,
    light::{LightCrossing, MessageEyes, MessageShow, Noticed},
};
use pack_format::light::{Frame, Kind};
use tempfile::TempDir;

use crate::machine::{Machine, lanes, noise, pair};

/// What a code of version 27 holds.
const ONE_CODE: Demand = Demand {
    code_count: 1,
    payload_bytes: 1465,
};

/// One run of the program on one machine.
fn with<T>(machine: &mut Machine, run: impl FnOnce(&mut LightCrossing<'_>) -> T) -> T {
    let mut lanes = machine.lanes();
    let mut crossing = LightCrossing::begin(&mut lanes, machine, true).unwrap();
    let value = run(&mut crossing);
    let _report = crossing.end();
    value
}

/// What one machine shows in `count` sheets to nobody.
fn shown(machine: &mut Machine, count: usize) -> Vec<Vec<u8>> {
    with(machine, |crossing| {
        (0..count)
            .flat_map(|_| crossing.sheet(ONE_CODE).unwrap().codes)
            .collect()
    })
}

/// What one machine makes of codes.
fn film(machine: &mut Machine, codes: &[Vec<u8>]) -> Vec<Noticed> {
    with(machine, |crossing| {
        let codes = codes.iter();
        codes.map(|code| crossing.take(code).unwrap()).collect()
    })
}

/// Decides which codes are lost, the same at each run.
struct Weather {
    state: u64,
    lost_percent: u64,
}

impl Weather {
    fn new(lost_percent: u64) -> Self {
        Self {
            state: 0x5eed,
            lost_percent,
        }
    }

    fn loses(&mut self) -> bool {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % 100 < self.lost_percent
    }
}

/// Two machines face to face, until both are complete or so many sheets were shown. Gives the
/// number of codes that each has shown.
fn face_to_face(
    one: &mut Machine,
    other: &mut Machine,
    lost_percent: u64,
    sheets_max: usize,
) -> (usize, usize) {
    let mut weather = Weather::new(lost_percent);
    let (mut lanes_one, mut lanes_other) = (one.lanes(), other.lanes());
    let mut first = LightCrossing::begin(&mut lanes_one, one, true).unwrap();
    let mut second = LightCrossing::begin(&mut lanes_other, other, true).unwrap();
    let mut counts = (0, 0);
    for _ in 0..sheets_max {
        counts.0 += show(&mut first, &mut second, &mut weather);
        counts.1 += show(&mut second, &mut first, &mut weather);
        if first.is_complete() && second.is_complete() {
            break;
        }
    }
    let _reports = (first.end(), second.end());
    counts
}

fn show(from: &mut LightCrossing<'_>, to: &mut LightCrossing<'_>, weather: &mut Weather) -> usize {
    let sheet = from.sheet(ONE_CODE).unwrap();
    for code in sheet.codes.iter().chain(&sheet.corner) {
        if !weather.loses() {
            to.take(code).unwrap();
        }
    }
    sheet.codes.len()
}

#[test]
fn both_directions_cross_and_are_receipted_and_both_stop_by_themselves() {
    for lost_percent in [0, 30] {
        let (mut vault, mut courier) = pair();
        let (out, back) = (noise(1, 300_000), noise(2, 20_000));
        vault.send(&out);
        courier.send(&back);
        face_to_face(&mut vault, &mut courier, lost_percent, 5_000);
        assert!(courier.received() == [out] && vault.received() == [back]);
        assert_eq!((vault.outbox_len(), courier.outbox_len()), (0, 0));
        assert_eq!((vault.spooled_files(), courier.spooled_files()), (0, 0));
    }
}

#[test]
fn a_machine_that_is_only_filmed_needs_no_answer() {
    let (mut vault, mut courier) = pair();
    let bundle = noise(3, 200_000);
    vault.send(&bundle);
    let codes = shown(&mut vault, 160);
    let noticed = film(&mut courier, &codes);
    assert!(noticed.contains(&Noticed::Taken));
    assert!(courier.received() == [bundle]);
    assert_eq!(
        vault.outbox_len(),
        1,
        "the sender keeps its copy until a receipt returns"
    );
}

#[test]
fn pieces_survive_a_restart_of_both_programs_and_are_never_shown_again() {
    let (mut vault, mut courier) = pair();
    let bundle = noise(4, 400_000);
    vault.send(&bundle);
    let mut symbol_count = 0;
    let mut seen = std::collections::BTreeSet::new();
    while courier.received().is_empty() {
        let codes = shown(&mut vault, 40);
        for code in &codes {
            let frame = Frame::parse(code).unwrap();
            for (block, id, _) in frame.symbols() {
                assert!(seen.insert((block, id)), "a piece was shown twice");
                symbol_count += 1;
            }
        }
        film(&mut courier, &codes);
    }
    assert!(courier.received() == [bundle]);
    let needed = 400_000_usize.div_ceil(480);
    assert!(
        symbol_count < needed + needed / 10 + 120,
        "{symbol_count} of {needed}"
    );
}

#[test]
fn what_light_began_a_stick_ends_without_sending_a_part_again() {
    let (mut vault, mut courier) = pair();
    let bundle = noise(5, 3_500_000);
    vault.send(&bundle);
    // Two of the four parts take some 1,500 codes.
    face_to_face(&mut vault, &mut courier, 10, 1_900);
    let missing = courier.lane().incoming().remove(0).missing;
    assert!((1..4).contains(&missing.len()), "{missing:?} are missing");
    let stick = TempDir::new().unwrap();
    let report = vault.sync(stick.path());
    assert_eq!(report.lanes[0].parts_written as usize, missing.len());
    courier.sync(stick.path());
    assert!(courier.received() == [bundle]);
    vault.sync(stick.path());
    assert_eq!((vault.outbox_len(), courier.spooled_files()), (0, 0));
}

#[test]
fn what_a_stick_began_light_ends_without_showing_a_part_again() {
    let (mut vault, mut courier) = pair();
    let bundle = noise(6, 3_500_000);
    vault.send(&bundle);
    let stick = TempDir::new().unwrap();
    vault.sync(stick.path());
    let first = std::fs::read_dir(stick.path()).unwrap().next().unwrap();
    std::fs::remove_file(first.unwrap().path()).unwrap();
    courier.sync(stick.path());
    vault.sync(stick.path());
    let (codes, _) = face_to_face(&mut vault, &mut courier, 0, 3_000);
    assert!(courier.received() == [bundle]);
    assert_eq!(vault.outbox_len(), 0);
    assert!(codes < 2_185 / 3 + 100, "{codes} codes for one part");
}

#[test]
fn codes_of_others_never_disturb_a_transfer() {
    let (mut vault, mut courier) = pair();
    let bundle = noise(7, 100_000);
    vault.send(&bundle);
    let (strange_vault, _) = lanes(9);
    let mut strange = Machine::new(&[strange_vault]);
    strange.send(&noise(8, 100_000));
    let ours = shown(&mut vault, 130);
    let theirs = shown(&mut strange, 130);
    let mixed: Vec<_> = ours.into_iter().zip(theirs).collect();
    let noticed: Vec<_> = with(&mut courier, |crossing| {
        let mut noticed = Vec::new();
        for (ours, theirs) in &mixed {
            let codes: [&[u8]; 5] = [
                theirs,
                b"https://example.org/",
                b"WIFI:T:WPA;S:net;P:pass;;",
                &[0xc8, 0x10],
                ours,
            ];
            noticed.extend(codes.map(|code| crossing.take(code).unwrap()));
        }
        noticed
    });
    for expected in [
        Noticed::OtherTransfer,
        Noticed::Foreign,
        Noticed::Damaged,
        Noticed::Taken,
    ] {
        assert!(noticed.contains(&expected), "{expected:?}");
    }
    assert!(courier.received() == [bundle]);
}

#[test]
fn forged_pieces_yield_nothing_wrong_and_the_transfer_heals() {
    let (mut vault, mut courier) = pair();
    let bundle = noise(10, 100_000);
    vault.send(&bundle);
    let codes = shown(&mut vault, 10);
    let forged = forge(&codes[0]);
    assert_eq!(film(&mut courier, &[forged]), [Noticed::Pieces]);
    film(&mut courier, &codes);
    let noticed = film(&mut courier, &shown(&mut vault, 100));
    assert!(noticed.contains(&Noticed::Refused), "{noticed:?}");
    assert!(courier.received().is_empty());
    film(&mut courier, &shown(&mut vault, 120));
    assert!(courier.received() == [bundle]);
}

/// The same code with another content, and a sum that is right.
fn forge(code: &[u8]) -> Vec<u8> {
    let frame = Frame::parse(code).unwrap();
    let symbols: Vec<_> = frame.symbols().map(|(_, _, it)| it.to_vec()).collect();
    let mut at = 0;
    Frame::build(frame.parts(), |_, _, symbol| {
        symbol.copy_from_slice(&symbols[at]);
        symbol[0] ^= 1;
        at += 1;
    })
}

#[test]
fn forged_lengths_are_kept_apart_from_the_true_transfer() {
    let (mut vault, mut courier) = pair();
    let bundle = noise(12, 100_000);
    vault.send(&bundle);
    let codes = shown(&mut vault, 130);
    let true_frame = Frame::parse(&codes[0]).unwrap();
    for megabytes in 1..=64_u64 {
        let mut parts = *true_frame.parts();
        parts.layout = pack_format::light::Layout::new(megabytes << 20).unwrap();
        parts.count = 1;
        let forged = Frame::build(&parts, |_, _, symbol| symbol.fill(7));
        film(&mut courier, &[codes[0].clone(), codes[1].clone(), forged]);
    }
    film(&mut courier, &codes);
    assert!(courier.received() == [bundle]);
}

#[test]
fn an_answer_that_the_paired_machine_did_not_make_changes_nothing() {
    let (mut vault, mut courier) = pair();
    vault.send(&noise(13, 100_000));
    let codes = shown(&mut vault, 130);
    let answer = with(&mut courier, |crossing| {
        codes
            .iter()
            .for_each(|code| assert_ne!(crossing.take(code).unwrap(), Noticed::Foreign));
        crossing.answer().unwrap()
    });
    let (strange_vault, strange_courier) = lanes(9);
    let mut strange = (
        Machine::new(&[strange_vault]),
        Machine::new(&[strange_courier]),
    );
    strange.0.send(&noise(14, 10_000));
    assert_eq!(
        film(&mut strange.0, std::slice::from_ref(&answer)),
        [Noticed::OtherTransfer]
    );
    let mut altered = answer.clone();
    altered[10] ^= 1;
    assert_ne!(film(&mut vault, &[altered]), [Noticed::Answer]);
    assert_eq!(film(&mut vault, &[answer]), [Noticed::Answer]);
    assert_eq!(vault.outbox_len(), 1, "an answer is no receipt");
}

#[test]
fn a_bundle_that_is_too_large_for_light_waits_for_a_stick() {
    let (mut vault, _) = pair();
    vault.send(&noise(15, 61 << 20));
    let mut lanes: Vec<Lane> = vault.lanes();
    let mut crossing = LightCrossing::begin(&mut lanes, &mut vault, true).unwrap();
    assert!(crossing.sheet(ONE_CODE).unwrap().codes.is_empty());
    assert_eq!(crossing.end().lanes[0].items_waiting, 1);
    let stick = TempDir::new().unwrap();
    assert!(vault.sync(stick.path()).lanes[0].parts_written > 60);
}

#[test]
fn a_card_crosses_in_codes_of_any_size() {
    let card = noise(16, 3_000);
    for payload_bytes in [106, 520, 1465, 2953] {
        let mut show = MessageShow::new(Kind::Card, card.clone()).unwrap();
        let mut eyes = MessageEyes::new(Kind::Card);
        let demand = Demand {
            code_count: 2,
            payload_bytes,
        };
        let codes = std::iter::repeat_with(|| show.sheet(demand).codes).flatten();
        let mut codes = codes.step_by(2).take(200);
        let read = codes.find_map(|code| eyes.take(&code).ok());
        assert!(read == Some(card.clone()), "{payload_bytes}");
    }
}

#[test]
fn what_is_no_card_is_named_where_a_card_is_wanted() {
    let (mut vault, _) = pair();
    vault.send(&noise(17, 1_000));
    let pack = shown(&mut vault, 1).remove(0);
    let mut eyes = MessageEyes::new(Kind::Card);
    assert_eq!(eyes.take(&pack), Err(Noticed::Pack));
    assert_eq!(eyes.take(b"https://example.org/"), Err(Noticed::Foreign));
    let pairing = MessageShow::new(Kind::Pairing, vec![1; 20])
        .unwrap()
        .sheet(ONE_CODE);
    assert_eq!(eyes.take(&pairing.codes[0]), Err(Noticed::Pairing));
}

#[test]
fn a_sender_learns_how_much_of_what_it_shows_arrives() {
    let (mut vault, mut courier) = pair();
    vault.send(&noise(18, 900_000));
    let mut weather = Weather::new(40);
    let (mut lanes_vault, mut lanes_courier) = (vault.lanes(), courier.lanes());
    let mut sender = LightCrossing::begin(&mut lanes_vault, &mut vault, true).unwrap();
    let mut receiver = LightCrossing::begin(&mut lanes_courier, &mut courier, true).unwrap();
    assert_eq!(sender.heard_percent(), None);
    let mut heard = Vec::new();
    for _ in 0..200 {
        show(&mut sender, &mut receiver, &mut weather);
        show(&mut receiver, &mut sender, &mut Weather::new(0));
        heard.extend(sender.heard_percent());
    }
    let sum: usize = heard.iter().map(|it| usize::from(*it)).sum();
    let mean = sum / heard.len();
    assert!((50..70).contains(&mean), "{mean} % of 60 %");
}

/// A frame that claims another length for the transfer of `code`, with as many symbols as fill it.
fn claim(code: &[u8], total_bytes: u64, block: u8) -> Vec<u8> {
    let mut parts = *Frame::parse(code).unwrap().parts();
    parts.layout = pack_format::light::Layout::new(total_bytes).unwrap();
    parts.single_block = parts.layout.block_count() > 1;
    parts.block = block;
    parts.first_symbol = 0;
    parts.count = u8::try_from(parts.layout.source_symbols(block).min(20)).unwrap();
    Frame::build(&parts, |_, _, symbol| symbol.fill(7))
}

#[test]
fn a_forged_length_that_is_reached_at_once_costs_nothing_that_was_kept() {
    let (mut vault, mut courier) = pair();
    let bundle = noise(20, 1_500_000);
    vault.send(&bundle);
    let stick = TempDir::new().unwrap();
    vault.sync(stick.path());
    let mut parts: Vec<_> = std::fs::read_dir(stick.path()).unwrap().collect();
    std::fs::remove_file(parts.remove(0).unwrap().path()).unwrap();
    courier.sync(stick.path());
    let codes = shown(&mut vault, 5);
    let kept = (courier.lane().incoming(), courier.spooled_files());
    for total_bytes in [1, 60, 600, 16_000] {
        film(&mut courier, &[claim(&codes[0], total_bytes, 0)]);
    }
    assert_eq!((courier.lane().incoming(), courier.spooled_files()), kept);
}

#[test]
fn a_forged_cut_never_stands_in_the_way_of_a_stick() {
    let (mut vault, mut courier) = pair();
    let bundle = noise(21, 200_000);
    vault.send(&bundle);
    let codes = shown(&mut vault, 1);
    // The last block of this length has one symbol: it is complete at once.
    film(&mut courier, &[claim(&codes[0], (1 << 20) + 1, 1)]);
    assert_eq!(
        courier.lane().incoming().len(),
        1,
        "the forged part is kept"
    );
    let stick = TempDir::new().unwrap();
    vault.sync(stick.path());
    courier.sync(stick.path());
    assert!(courier.received() == [bundle]);
    assert_eq!(courier.spooled_files(), 0);
}

#[test]
fn a_forged_cut_never_stands_in_the_way_of_the_true_codes() {
    let (mut vault, mut courier) = pair();
    let bundle = noise(22, 200_000);
    vault.send(&bundle);
    let codes = shown(&mut vault, 190);
    film(&mut courier, &[claim(&codes[0], (1 << 20) + 1, 1)]);
    film(&mut courier, &codes);
    assert!(courier.received() == [bundle]);
    assert_eq!(courier.spooled_files(), 0);
}

#[test]
fn two_lengths_for_one_transfer_leave_an_answer_that_can_be_read() {
    let (mut vault, mut courier) = pair();
    vault.send(&noise(23, 200_000));
    let codes = shown(&mut vault, 3);
    let answer = with(&mut courier, |crossing| {
        crossing.take(&claim(&codes[0], 900_000, 0)).unwrap();
        codes.iter().for_each(|code| {
            crossing.take(code).unwrap();
        });
        crossing.answer().unwrap()
    });
    assert_eq!(film(&mut vault, &[answer]), [Noticed::Answer]);
}

#[test]
fn what_is_whole_and_could_not_be_taken_in_is_tried_again() {
    let (mut vault, mut courier) = pair();
    let bundle = noise(24, 100_000);
    vault.send(&bundle);
    let codes = shown(&mut vault, 130);
    // The store fails at the commit, and a folder is in the way of parts at the next attempt.
    let lane_dir = courier.spool_path().join(courier.lane_id().to_string());
    std::fs::write(&lane_dir, b"in the way").unwrap();
    let mut lanes = courier.lanes();
    let mut crossing = LightCrossing::begin(&mut lanes, &mut courier, false).unwrap();
    let failed = codes.iter().any(|code| crossing.take(code).is_err());
    assert!(failed && crossing.answer().is_some());
    drop(crossing);
    std::fs::remove_file(&lane_dir).unwrap();
    with(&mut courier, |_| ());
    assert!(courier.received() == [bundle]);
}

#[test]
fn one_pairing_alone_keeps_what_others_have_begun() {
    let ((one, other_one), (two, _)) = (lanes(1), lanes(2));
    let mut sender = Machine::new(&[other_one]);
    let mut receiver = Machine::new(&[one, two]);
    sender.send(&noise(25, 100_000));
    let codes = shown(&mut sender, 20);
    film(&mut receiver, &codes);
    let mut alone = receiver.lanes();
    alone.remove(0);
    drop(LightCrossing::begin(&mut alone, &mut receiver, false).unwrap());
    let pieces = with(&mut receiver, |crossing| crossing.incoming());
    assert_eq!(pieces.len(), 1);
}

#[test]
fn a_pairing_that_is_forgotten_leaves_no_pieces() {
    let (mut vault, mut courier) = pair();
    vault.send(&noise(26, 100_000));
    film(&mut courier, &shown(&mut vault, 20));
    assert_eq!(courier.spooled_files(), 1);
    crossing::forget_lane(courier.spool_path(), courier.lane_id()).unwrap();
    assert!(with(&mut courier, |crossing| crossing.incoming()).is_empty());
}
