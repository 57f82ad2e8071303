//! Vectors of cards.

use bundle_format::card::Card;
use data_encoding::BASE64URL_NOPAD;
use pack_format::codec::Writer;

use super::file::VectorFile;
use super::people::{AMINA, BILAL};
use super::run_vault::card_outs;
use super::signatures::{EMPTY_SIGNATURE, SMALL_ORDER_KEY, unreduced};

/// The fields of a card, as they are written.
#[derive(Clone)]
pub(super) struct Draft {
    version: u8,
    name: Vec<u8>,
    identity: [u8; 32],
    kem_key: Vec<u8>,
    mailboxes: Vec<(String, [u8; 32], [u8; 32])>,
}

impl Draft {
    pub(super) fn new(name: &str) -> Self {
        Self {
            version: 1,
            name: name.as_bytes().to_vec(),
            identity: AMINA.identity().key().0,
            kem_key: AMINA.kem_key().as_bytes().to_vec(),
            mailboxes: Vec::new(),
        }
    }

    fn mailbox(mut self, url: &str) -> Self {
        let number = u8::try_from(self.mailboxes.len()).unwrap();
        let mailbox = (url.to_owned(), [60 + number; 32], [70 + number; 32]);
        self.mailboxes.push(mailbox);
        self
    }

    fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(super) fn body(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u8(self.version);
        writer.u16(u16::try_from(self.name.len()).unwrap());
        writer.put(&self.name).put(&self.identity).u32(1).u32(7);
        writer.put(&self.kem_key);
        writer.u8(u8::try_from(self.mailboxes.len()).unwrap());
        for (url, key, seed) in &self.mailboxes {
            writer.text(url).put(key).put(seed);
        }
        writer.into_bytes()
    }

    fn signed_with(&self, label: &str) -> Vec<u8> {
        let body = self.body();
        let signature = AMINA.identity().sign(label, &body);
        [body.as_slice(), &signature].concat()
    }

    pub(super) fn signed(&self) -> Vec<u8> {
        self.signed_with("causeway/card/v1")
    }
}

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = accepted();
    files.extend(refused_fields());
    files.extend(refused_forms());
    files.extend(refused_signatures());
    files
}

fn success(condition: &str, comment: &str, card: Vec<u8>) -> VectorFile {
    let outs = card_outs(&Card::from_bytes(&card).unwrap());
    VectorFile::success("card", condition, comment)
        .with_all(outs)
        .bytes(card)
}

fn failure(condition: &str, kind: &str, reason: &str, comment: &str, card: Vec<u8>) -> VectorFile {
    VectorFile::failure("card", condition, kind, comment)
        .with("reason", reason)
        .bytes(card)
}

const RELAY: &str = "https://relay.example";

fn accepted() -> Vec<VectorFile> {
    let four = (1..=4).fold(Draft::new("Amina"), |draft, number| {
        draft.mailbox(&format!("http://127.0.0.1:{number}"))
    });
    let text = |card: &Draft, shape: &dyn Fn(String) -> String| {
        let line = format!("causeway-card-1:{}", BASE64URL_NOPAD.encode(&card.signed()));
        shape(line)
    };
    let outs = card_outs(&Card::from_bytes(&Draft::new("Amina").signed()).unwrap());
    vec![
        success(
            "no_mailbox",
            "A person who is reached by stick alone.",
            Draft::new("Amina").signed(),
        ),
        success(
            "one_mailbox",
            "The usual card.",
            Draft::new("Amina").mailbox(RELAY).signed(),
        ),
        success(
            "four_mailboxes",
            "As many relays as a card may name.",
            four.signed(),
        ),
        success(
            "name_of_64_bytes",
            "The longest name.",
            Draft::new(&"n".repeat(64)).signed(),
        ),
        success(
            "name_in_arabic",
            "Names are UTF-8 in any script.",
            Draft::new("أمينة").signed(),
        ),
        VectorFile::success("card", "text", "The text form.")
            .with_all(outs.clone())
            .text(&text(&Draft::new("Amina"), &|line| line)),
        VectorFile::success(
            "card",
            "text_in_white_space",
            "White space around the text form is ignored.",
        )
        .with_all(outs)
        .text(&text(&Draft::new("Amina"), &|line| {
            format!("\n  {line}\t\n")
        })),
    ]
}

fn refused_fields() -> Vec<VectorFile> {
    let name_rule = "a name has 1 to 64 bytes, no hidden characters and no blanks at its ends";
    let named = |condition, comment, name| {
        let card = Draft::new(name).signed();
        failure(condition, "rule", name_rule, comment, card)
    };
    let with_key = |change: &dyn Fn(&mut Vec<u8>)| {
        let draft = Draft::new("Amina");
        draft.but(|draft| change(&mut draft.kem_key)).signed()
    };
    let url_rule = "relay URL is not http(s)://host without a final slash";
    let at = |condition, comment, url| {
        let card = Draft::new("Amina").mailbox(url).signed();
        failure(condition, "rule", url_rule, comment, card)
    };
    let five = (1..=5).fold(Draft::new("Amina"), |draft, _| draft.mailbox(RELAY));
    let share_of_order_8 = data_encoding::HEXLOWER
        .decode(b"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")
        .unwrap();
    let long_url = format!("https://{}", "u".repeat(248));
    vec![
        failure(
            "version_2",
            "unknown",
            "card version",
            "A version that is not known.",
            Draft::new("Amina").but(|draft| draft.version = 2).signed(),
        ),
        named("name_empty", "A card has a name.", ""),
        named(
            "name_with_blank_end",
            "Two names must not look alike.",
            "Amina ",
        ),
        named(
            "name_with_control",
            "A name must not move the cursor.",
            "Ami\u{1b}na",
        ),
        named(
            "name_with_direction_mark",
            "A name must not turn the line round.",
            "Ami\u{202e}na",
        ),
        named(
            "name_with_zero_width",
            "A name must not hide a character.",
            "Ami\u{200b}na",
        ),
        failure(
            "name_of_65_bytes",
            "over-limit",
            "name",
            "One byte too long.",
            Draft::new(&"n".repeat(65)).signed(),
        ),
        failure(
            "name_not_utf8",
            "rule",
            "text is not UTF-8",
            "Names are UTF-8.",
            Draft::new("Amina")
                .but(|draft| draft.name = vec![0xff, 0xfe])
                .signed(),
        ),
        failure(
            "kem_key_not_reduced",
            "rule",
            "the encryption key is not one",
            "A coefficient of the ML-KEM key is not below q (FIPS 203, section 7.2).",
            with_key(&|key| key[..3].fill(0xff)),
        ),
        failure(
            "kem_key_share_zero",
            "rule",
            "the encryption key has a weak half",
            "The X25519 half is zero: everybody knows the secret that it gives.",
            with_key(&|key| key[1184..].fill(0)),
        ),
        failure(
            "kem_key_share_of_order_8",
            "rule",
            "the encryption key has a weak half",
            "The X25519 half has order 8.",
            with_key(&|key| key[1184..].copy_from_slice(&share_of_order_8)),
        ),
        failure(
            "five_mailboxes",
            "over-limit",
            "mailboxes",
            "One relay too many.",
            five.signed(),
        ),
        at(
            "relay_other_scheme",
            "Relays speak HTTP.",
            "ftp://relay.example",
        ),
        at("relay_without_host", "A URL names a host.", "https://"),
        at(
            "relay_with_final_slash",
            "One relay has one URL.",
            "https://relay.example/",
        ),
        at(
            "relay_with_blank",
            "A URL has visible ASCII only.",
            "https://relay example",
        ),
        at(
            "relay_not_ascii",
            "A URL has visible ASCII only.",
            "https://relây.example",
        ),
        failure(
            "relay_url_of_256_bytes",
            "over-limit",
            "relay URL",
            "One byte too long.",
            Draft::new("Amina").mailbox(&long_url).signed(),
        ),
    ]
}

fn refused_forms() -> Vec<VectorFile> {
    let card = Draft::new("Amina").mailbox(RELAY).signed();
    let cut = |condition, field, len: usize| {
        let comment = format!("Cut inside the field: {field}.");
        failure(
            condition,
            "truncated",
            field,
            &comment,
            card[..len].to_vec(),
        )
    };
    let text = |condition, kind, reason, comment, text: &str| {
        VectorFile::failure("card", condition, kind, comment)
            .with("reason", reason)
            .text(text)
    };
    let encoded = BASE64URL_NOPAD.encode(&card);
    let not_base64 = "the text is not base64url";
    // 1433 bytes leave the last character with unused bits; setting one makes a second text form.
    let mut trailing_bits = BASE64URL_NOPAD.encode(&Draft::new("Ami").signed());
    let last = trailing_bits.pop().unwrap();
    assert!(
        matches!(last, 'A' | 'Q' | 'g' | 'w'),
        "the last character has 4 unused bits"
    );
    trailing_bits.push(char::from(u8::try_from(last).unwrap() + 1));
    vec![
        cut("empty", "card version", 0),
        cut("cut_in_name", "name", 5),
        cut("cut_in_identity", "identity key", 20),
        cut("cut_in_kem_key", "encryption key", 100),
        cut("cut_in_relay", "relay URL", 1275),
        cut("cut_in_signature", "card signature", card.len() - 1),
        failure(
            "trailing_byte",
            "trailing-bytes",
            "contact card",
            "Nothing follows the signature.",
            [card.as_slice(), &[0]].concat(),
        ),
        text(
            "text_other_prefix",
            "unknown",
            "contact card",
            "Another kind of object.",
            &format!("causeway-card-2:{encoded}"),
        ),
        text(
            "text_without_prefix",
            "unknown",
            "contact card",
            "The prefix says what it is.",
            &encoded,
        ),
        text(
            "text_with_padding",
            "rule",
            not_base64,
            "The text form has no padding.",
            &format!("causeway-card-1:{encoded}="),
        ),
        text(
            "text_broken_line",
            "rule",
            not_base64,
            "The text form is one line.",
            &format!("causeway-card-1:{}\n{}", &encoded[..64], &encoded[64..]),
        ),
        text(
            "text_trailing_bits",
            "rule",
            not_base64,
            "Unused bits of the last character are zero: a card has one text form.",
            &format!("causeway-card-1:{trailing_bits}"),
        ),
    ]
}

fn refused_signatures() -> Vec<VectorFile> {
    let draft = Draft::new("Amina");
    let card = draft.signed();
    let (body, signature) = card.split_last_chunk::<64>().unwrap();
    let failure = |condition, comment, card| {
        VectorFile::failure("card", condition, "bad-signature", comment).bytes(card)
    };
    let mut renamed = card.clone();
    renamed[3] ^= 0x20;
    let small = draft
        .clone()
        .but(|draft| draft.identity = SMALL_ORDER_KEY)
        .body();
    let not_a_point = draft
        .clone()
        .but(|draft| draft.identity = [0x02; 32])
        .signed();
    vec![
        failure(
            "altered_name",
            "The name was changed after signing.",
            renamed,
        ),
        failure(
            "other_identity",
            "Signed by Amina, in Bilal's name.",
            draft
                .clone()
                .but(|draft| draft.identity = BILAL.identity().key().0)
                .signed(),
        ),
        failure(
            "other_label",
            "A signature made for a bundle is none for a card.",
            draft.signed_with("causeway/bundle/v1 sender"),
        ),
        failure(
            "signature_not_reduced",
            "S + L in place of S: a second signature of one card.",
            [body, &unreduced(signature)].concat(),
        ),
        failure(
            "identity_of_small_order",
            "The key is the neutral element, under which a lax verifier accepts any message.",
            [small.as_slice(), &EMPTY_SIGNATURE].concat(),
        ),
        failure(
            "identity_not_a_point",
            "The key is not on the curve.",
            not_a_point,
        ),
    ]
}
