//! Vectors of words that people compare and type, and of padded sizes.

use pack_format::words::PairingCode;

use super::file::VectorFile;
use super::people::{AMINA, BILAL, Person};
use super::run::{out, out_hex};

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = pairing();
    files.extend(fingerprints());
    files.extend(padding());
    files
}

fn pairing() -> Vec<VectorFile> {
    let code = || PairingCode::new([42; 16]);
    let words = code().words();
    let root = || vec![out_hex("root", &pairing_root(&[42; 16]))];
    let success =
        |condition, comment| VectorFile::success("pairing", condition, comment).with_all(root());
    let refused =
        |condition, kind, comment| VectorFile::failure("pairing", condition, kind, comment);
    let replaced = |at: usize, word: &str| {
        let mut words = words.clone();
        words[at] = word;
        words.join(" ")
    };
    let mut swapped = words.clone();
    swapped.swap(0, 1);
    assert_ne!(swapped[0], swapped[1]);
    let zeros = PairingCode::new([0; 16]).words().join(" ");
    vec![
        success("thirteen_words", "As they are shown.").text(&words.join(" ")),
        success(
            "typed_freely",
            "Any case, any white space, commas, hyphens and full stops between.",
        )
        .text(&format!("  {}. ", words.join(",\n-").to_uppercase())),
        VectorFile::success("pairing", "of_zeros", "The code of sixteen zero bytes.")
            .with_all(vec![out_hex("root", &pairing_root(&[0; 16]))])
            .text(&zeros),
        refused("no_words", "word-count", "Nothing was typed.").text(" "),
        refused("twelve_words", "word-count", "One word is missing.").text(&words[1..].join(" ")),
        refused("fourteen_words", "word-count", "One word too many.")
            .text(&format!("{} zoo", words.join(" "))),
        refused("word_misspelt", "word-not-on-list", "A letter too many.")
            .text(&replaced(3, "abandonn")),
        refused(
            "word_shortened",
            "word-not-on-list",
            "Four letters name a word, but are not it.",
        )
        .text(&replaced(3, "aban")),
        refused(
            "word_replaced",
            "word-checksum",
            "A word of the list, but not the one shown.",
        )
        .text(&replaced(3, "zoo")),
        refused(
            "last_word_replaced",
            "word-checksum",
            "The last word holds the end of the checksum.",
        )
        .text(&replaced(
            12,
            if words[12] == "zoo" { "abandon" } else { "zoo" },
        )),
        refused(
            "words_swapped",
            "word-checksum",
            "Two words in the other order.",
        )
        .text(&swapped.join(" ")),
    ]
}

fn pairing_root(code: &[u8; 16]) -> [u8; 32] {
    blake3::derive_key("causeway/pairing/v1 root", code)
}

fn fingerprints() -> Vec<VectorFile> {
    let one = |condition, comment, person: &Person| {
        let key = person.identity().key();
        let label = "causeway/identity/v1 fingerprint";
        let fingerprint = blake3::derive_key(label, &key.0);
        VectorFile::success("fingerprint", condition, comment)
            .with_all(vec![
                out_hex("fingerprint", &fingerprint),
                out("words", person.fingerprint().words().join(" ")),
            ])
            .bytes(key.0)
    };
    vec![
        one("of_amina", "The key of the seed 0101…01.", &AMINA),
        one("of_bilal", "The key of the seed 0202…02.", &BILAL),
    ]
}

fn padding() -> Vec<VectorFile> {
    let sizes: [(&str, u64, u64); 9] = [
        ("0", 0, 0),
        ("1", 1, 1),
        ("9", 9, 10),
        ("exact", 1024, 1024),
        ("one_more", 1025, 1088),
        ("1_million", 1_000_000, 1_015_808),
        ("1_gib_and_1", (1 << 30) + 1, (1 << 30) + (1 << 25)),
        ("2_to_the_62", 1 << 62, 1 << 62),
        ("2_to_the_64", u64::MAX, u64::MAX),
    ];
    let files = sizes.map(|(condition, len, padded)| {
        let comment = format!("Padmé of {len}.");
        VectorFile::success("padding", condition, &comment)
            .with_all(vec![out("padded", padded)])
            .text(&len.to_string())
    });
    files.to_vec()
}
