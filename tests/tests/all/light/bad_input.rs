//! What is filmed by mistake: a sentence says what was seen and what to do, and nothing changes.

use std::fs;
use std::path::{Path, PathBuf};

use pack_format::light::{BlockEncoder, Frame, FrameParts, Kind, Layout, TransferId};
use serde_json::Value;

use super::pair::{Pair, film, show_in_pictures};
use super::pictures::{code, room, write_jpeg, write_pgm};
use crate::people::{Ran, Site, entries, run, text_of};

/// The one code of something short, as the programs show it.
fn frame(kind: Kind, bytes: &[u8]) -> Vec<u8> {
    let layout = Layout::new(bytes.len() as u64).unwrap();
    let parts = FrameParts {
        kind,
        transfer: TransferId::of_message(bytes),
        layout,
        part_exponent: 0,
        single_block: false,
        block: 0,
        first_symbol: 0,
        count: u8::try_from(layout.source_symbols(0)).unwrap(),
    };
    let encoder = BlockEncoder::new(bytes, layout.symbol_bytes());
    Frame::build(&parts, |_, id, symbol| encoder.symbol(id, symbol))
}

/// Everything that a person can see of a vault.
fn seen_of(site: &Site) -> Vec<Value> {
    let asked = [
        &["inbox"][..],
        &["outbox"],
        &["contact", "list"],
        &["pair", "list"],
    ];
    asked.iter().map(|it| site.vault(it).ok()).collect()
}

/// What the vault says, as a person sees it, of a source of pictures.
fn says(site: &Site, source: &Path) -> Ran {
    run(&mut site.vault_command(&["sync", "--camera", text_of(source)]))
}

fn picture_of(pair: &Pair, name: &str, payload: &[u8]) -> PathBuf {
    let path = pair.path(name);
    write_pgm(&path, &code(payload));
    path
}

/// The source, the error's code, and words that tell what was seen or what to do.
type Mistake = (PathBuf, &'static str, &'static [&'static str]);

fn wrong_codes(pair: &Pair) -> Vec<Mistake> {
    let words = b"abandon ability able about above absent absorb abstract absurd abuse access";
    let pairing = frame(Kind::Pairing, words);
    let card = frame(Kind::Card, &[7; 1_000]);
    let of_others = frame(Kind::Pack, &[7; 1_000]);
    let mut damaged = of_others.clone();
    damaged[100] ^= 1;
    let mut newer = of_others.clone();
    newer[1] = 0x20;
    let wifi = b"WIFI:S:guests;T:WPA;P:welcome;;";
    let nothing = "crossing-light-nothing";
    vec![
        (
            picture_of(pair, "pairing.pgm", &pairing),
            nothing,
            &["pairing code", "`pair type`"],
        ),
        (
            picture_of(pair, "card.pgm", &card),
            nothing,
            &["contact card", "`contact add`"],
        ),
        (
            picture_of(pair, "others.pgm", &of_others),
            nothing,
            &["another transfer", "the right screen"],
        ),
        (
            picture_of(pair, "damaged.pgm", &damaged),
            nothing,
            &["misread", "hold the camera still"],
        ),
        (
            picture_of(pair, "newer.pgm", &newer),
            nothing,
            &["newer version"],
        ),
        (
            picture_of(pair, "wifi.pgm", wifi),
            nothing,
            &["not of Causeway"],
        ),
    ]
}

fn wrong_pictures(pair: &Pair) -> Vec<Mistake> {
    let path = |name| pair.path(name);
    write_pgm(&path("room.pgm"), &room());
    write_jpeg(&path("whole.jpg"), &code(b"anything"));
    let whole = fs::read(path("whole.jpg")).unwrap();
    fs::write(path("cut.jpg"), &whole[..whole.len() / 2]).unwrap();
    fs::write(path("empty.png"), b"").unwrap();
    fs::write(path("huge.pgm"), b"P5\n20000 20000\n255\n").unwrap();
    fs::write(path("flat.pgm"), b"P5\n0 0\n255\n").unwrap();
    fs::create_dir(path("no-pictures")).unwrap();
    let card = path("card.png");
    pair.bilal.vault(&["card", "--qr", text_of(&card)]).ok();
    fs::write(path("no-pictures").join("list.txt"), b"1").unwrap();
    vec![
        (
            card,
            "crossing-light-nothing",
            &["contact card", "`contact add`"],
        ),
        (
            path("room.pgm"),
            "crossing-light-nothing",
            &["no code", "fill the picture"],
        ),
        (
            path("cut.jpg"),
            "picture-not-understood",
            &["cut short", "PNG"],
        ),
        (
            path("empty.png"),
            "picture-not-understood",
            &["no PNG, JPEG or PGM", "PNG"],
        ),
        (path("huge.pgm"), "picture-too-large", &["huge.pgm", "Crop"]),
        (
            path("flat.pgm"),
            "picture-not-understood",
            &["flat.pgm", "PNG"],
        ),
        (
            path("no-pictures"),
            "pictures-none",
            &["no PNG, JPEG or PGM", "Give the folder"],
        ),
        (
            path("nowhere"),
            "pictures-not-there",
            &["there are no pictures", "Check the path"],
        ),
        (
            "/dev/video77".into(),
            "camera-not-found",
            &["no camera at", "first camera"],
        ),
    ]
}

#[test]
fn what_is_filmed_by_mistake_is_named_and_changes_nothing() {
    let pair = Pair::new();
    let before = seen_of(&pair.amina);
    for (source, code, words) in wrong_codes(&pair).into_iter().chain(wrong_pictures(&pair)) {
        let ran = says(&pair.amina, &source);
        ran.failed(1, code);
        for word in words {
            assert!(ran.stderr.contains(word), "no {word:?}: {ran:#?}");
        }
    }
    assert_eq!(seen_of(&pair.amina), before);
}

#[test]
fn wrong_use_of_the_options_is_refused_with_exit_code_2() {
    let pair = Pair::new();
    let text = pair.path("list.txt");
    fs::write(&text, b"1").unwrap();
    let folders = pair.path("*").join("*.png");
    for (arguments, word) in [
        (["--camera", text_of(&text)], "/dev/video0"),
        (["--camera", text_of(&folders)], "Give one folder"),
        (["--screen", "--terminal"], "cannot be used with"),
        (["--screen", "--stick=/tmp"], "cannot be used with"),
    ] {
        let arguments = [&["sync"][..], &arguments].concat();
        let ran = pair.amina.vault_as_text(&arguments);
        ran.exits(&[2]);
        assert!(ran.stderr.contains(word), "no {word:?}: {ran:#?}");
    }
}

#[test]
fn wrong_codes_among_the_right_ones_do_no_harm() {
    let pair = Pair::new();
    pair.amina.send("bilal", "Among strangers.");
    let shown = pair.path("shown");
    show_in_pictures(&pair.amina, &shown);
    for (at, (source, _, _)) in wrong_codes(&pair).iter().enumerate() {
        fs::copy(source, shown.join(format!("code-00000{at}-wrong.pgm"))).unwrap();
    }
    fs::write(shown.join("code-000001-torn.png"), b"\x89PNG\r\n").unwrap();
    let answer = film(&pair.bilal, &shown).ok();
    for seen in [
        "pairing",
        "card",
        "other-transfer",
        "damaged",
        "newer-version",
        "foreign",
    ] {
        assert_eq!(answer["light"]["codes_seen"][seen], 1, "{answer}");
    }
    assert_eq!(pair.bilal.messages(), ["Among strangers."]);
}

#[test]
fn wrong_codes_make_neither_contacts_nor_pairings() {
    let pair = Pair::new();
    let before = seen_of(&pair.amina);
    for (source, _, _) in wrong_codes(&pair) {
        let film = ["--camera", text_of(&source)];
        for begin in [&["contact", "add"][..], &["pair", "type", "--name", "new"]] {
            // What is no card or no pairing code in the right frame is refused by its own rules.
            let ran = pair.amina.vault(&[begin, &film[..]].concat());
            ran.exits(&[1, 2, 3]);
            assert!(!ran.codes.is_empty(), "{ran:#?}");
        }
    }
    assert_eq!(seen_of(&pair.amina), before);
}

#[test]
fn folder_with_codes_is_not_written_over() {
    let pair = Pair::new();
    pair.amina.send("bilal", "Once.");
    let shown = pair.path("shown");
    show_in_pictures(&pair.amina, &shown);
    let before = entries(&shown);
    let ran = pair.amina.vault(&["sync", "--images", text_of(&shown)]);
    ran.failed(2, "light-folder-in-use");
    assert_eq!(entries(&shown), before);
    let pdf = pair.path("pages.pdf");
    fs::write(&pdf, b"mine").unwrap();
    pair.amina
        .vault(&["sync", "--pdf", text_of(&pdf)])
        .exits(&[1]);
    assert_eq!(fs::read(&pdf).unwrap(), b"mine");
}
