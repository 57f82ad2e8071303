//! The worked example of spec/bundle.md: every number and every byte of it is made here.

use std::fmt::Write as _;

use pack_format::codec::Wire as _;

use super::made_bundle::HELLO;
use super::made_card::Draft;
use super::people::{AMINA, BILAL, CHAIN_ROOT, chain_secret};
use super::recipe::{BUNDLE_KEY, Recipe, sender_to, slot_payload};

const BEGIN: &str = "<!-- example: begin -->\n";
const END: &str = "<!-- example: end -->\n";

/// A document with the example between its marks made anew.
///
/// # Panics
/// When the document has no marks.
#[must_use]
pub fn with_example(document: &str) -> String {
    let (before, rest) = document.split_once(BEGIN).expect("the example has a begin");
    let (_, after) = rest.split_once(END).expect("the example has an end");
    format!("{before}{BEGIN}{}{END}{after}", example())
}

fn example() -> String {
    let mut text = String::new();
    keys(&mut text);
    card(&mut text);
    slot(&mut text);
    content(&mut text);
    text
}

/// A table of fields: offset, size, bytes.
struct Table<'a> {
    text: &'a mut String,
    offset: usize,
}

impl<'a> Table<'a> {
    fn new(text: &'a mut String) -> Self {
        text.push_str("\n| offset | size | field | bytes |\n|---|---|---|---|\n");
        Self { text, offset: 0 }
    }

    fn row(&mut self, field: &str, bytes: &[u8]) {
        let (offset, size) = (self.offset, bytes.len());
        let shown = shown(bytes);
        writeln!(self.text, "| {offset} | {size} | {field} | `{shown}` |").unwrap();
        self.offset += size;
    }
}

/// Hex, with the middle of long fields left out.
fn shown(bytes: &[u8]) -> String {
    let hex = data_encoding::HEXLOWER.encode(bytes);
    if bytes.len() <= 40 {
        hex
    } else {
        format!("{}…{}", &hex[..48], &hex[hex.len() - 16..])
    }
}

fn keys(text: &mut String) {
    let mut line = |what: &str, value: String| writeln!(text, "- {what}: `{value}`").unwrap();
    line("Amina's identity seed", shown(&[1; 32]));
    line("Amina's identity key", shown(&AMINA.identity().key().0));
    line("Amina's fingerprint", shown(&AMINA.fingerprint().0));
    line("in words", AMINA.fingerprint().words().join(" "));
    line("Amina's KEM seed", shown(&AMINA.kem_seed()));
    line("Bilal's fingerprint", shown(&BILAL.fingerprint().0));
    line("root of the chain from Amina to Bilal", shown(&CHAIN_ROOT));
    line("its secret number 0", shown(chain_secret(0).expose()));
}

fn card(text: &mut String) {
    let bytes = Draft::new("Amina").signed();
    let size = bytes.len();
    writeln!(
        text,
        "\nAmina's card without mailboxes, {size} bytes (`vectors/card/card_no_mailbox.txt`):"
    )
    .unwrap();
    let mut table = Table::new(text);
    let fields = [
        ("version", 1),
        ("name length", 2),
        ("name, \"Amina\"", 5),
        ("identity key", 32),
        ("incarnation", 4),
        ("serial", 4),
        ("encryption key", 1216),
        ("mailbox count", 1),
        ("signature", 64),
    ];
    rows(&mut table, &fields, &bytes);
}

fn rows(table: &mut Table<'_>, fields: &[(&str, usize)], mut bytes: &[u8]) {
    for (field, size) in fields {
        let (head, tail) = bytes.split_at(*size);
        table.row(field, head);
        bytes = tail;
    }
    assert!(bytes.is_empty(), "the example names every byte");
}

fn slot(text: &mut String) {
    let payload = slot_payload(&BUNDLE_KEY, 0, 1, 1);
    writeln!(
        text,
        "\nThe payload of the slot of a bundle from Amina to Bilal, {} bytes:",
        payload.len()
    )
    .unwrap();
    let mut table = Table::new(text);
    let fields = [
        ("bundle key", 32),
        ("KEM slots", 1),
        ("chain slots", 1),
        ("sequence", 6),
    ];
    rows(&mut table, &fields, &payload);
    text.push_str("\nThe slot that carries it:\n");
    let mut table = Table::new(text);
    let fields = [
        ("tag", 12),
        ("nonce", 12),
        ("sealed payload", 40),
        ("AEAD tag", 16),
    ];
    rows(&mut table, &fields, &Recipe::new(HELLO).front);
}

fn content(text: &mut String) {
    let recipe = Recipe::new(HELLO);
    let plain = recipe.plain();
    let manifest = recipe.manifest.as_slice();
    let content = recipe.frames.len() + manifest.len() + recipe.sender.len() + 64 + 16;
    let padding = plain.len() - content;
    writeln!(
        text,
        "\nIts plaintext with the message \"hello\", {content} bytes and {padding} of padding:"
    )
    .unwrap();
    let mut table = Table::new(text);
    let fields = [
        ("frame 0, stored: \"hello\"", 5),
        ("manifest: version", 1),
        ("entry count", 4),
        ("entry 0: kind, message", 1),
        ("size", 8),
        ("frame count", 4),
        ("frame 0: kind, stored", 1),
        ("stored length", 4),
        ("BLAKE3 of the frame", 32),
        ("sender block: version", 1),
        ("identity key", 32),
        ("incarnation", 4),
        ("created at", 8),
        ("reader count", 1),
        ("reader 0", 32),
        ("signature", 64),
        ("padding", padding),
        ("trailer: manifest offset", 8),
        ("manifest length", 4),
        ("sender block length", 4),
    ];
    rows(&mut table, &fields, &plain);
    assert_eq!(
        recipe.sender,
        sender_to(vec![BILAL.fingerprint()]).to_wire()
    );
    let bundle = recipe.seal();
    let size = bundle.len();
    writeln!(
        text,
        "\nThe bundle, {size} bytes (`vectors/bundle/bundle_message.txt`):"
    )
    .unwrap();
    let mut table = Table::new(text);
    let fields = [
        ("slot", 80),
        ("salt", 24),
        ("commitment", 32),
        ("chunk 0", plain.len()),
        ("its tag", 16),
    ];
    rows(&mut table, &fields, &bundle);
    text.push('\n');
}
