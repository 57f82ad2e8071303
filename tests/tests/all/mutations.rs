//! Every accepted vector, changed at random: never a panic, never other content.
//!
//! The changes are those of a courier (any byte of what is sealed) and of an insider or a paired
//! machine (any byte of what is inside, sealed again with the right key).

use std::cell::Cell;

use bundle_format::identity::DecapsulationKey;
use bundle_format::slot::SlotOpener;
use causeway_tests::vectors::file::VectorFile;
use causeway_tests::vectors::run::{Outcome, run_with};
use causeway_tests::vectors::{desk_signs, stored, unstored};
use pack_format::chunked::{Cobblestone, OpenedMessage, PREFIX_BYTES};
use pack_format::ratchet::{PackSecret, ReceiveChain, Side};
use pack_format::secret::Secret32;

use crate::vectors::read_all;

/// Numbers that are the same for the same name.
struct Dice {
    source: blake3::OutputReader,
}

impl Dice {
    fn new(name: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("causeway/vectors/v1 mutations");
        hasher.update(name.as_bytes());
        Self {
            source: hasher.finalize_xof(),
        }
    }

    /// A number below `limit`; 0 below 0 and 1.
    fn below(&mut self, limit: usize) -> usize {
        let mut bytes = [0; 8];
        self.source.fill(&mut bytes);
        let number = u64::from_be_bytes(bytes) % (limit as u64).max(1);
        usize::try_from(number).unwrap()
    }

    /// A flipped bit, a cut, an insertion, a repetition, an extreme value, or a piece of itself.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let len = self.below(9);
        let end = (at + len).min(bytes.len());
        match self.below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 => bytes.truncate(at),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            4 => bytes[at..end].fill(if len.is_multiple_of(2) { 0xff } else { 0 }),
            _ => {
                let from = self.below(bytes.len() + 1);
                let piece = bytes[from..(from + len).min(bytes.len())].to_vec();
                bytes.splice(at..end, piece);
            }
        }
    }
}

fn accepted(parts: &[&str]) -> Vec<VectorFile> {
    let files = read_all().into_iter();
    let files = files.filter(|file| file.expect() == "success");
    files
        .filter(|file| parts.contains(&file.part.as_str()))
        .collect()
}

/// What a part promises of a changed payload.
#[derive(Clone, Copy, PartialEq)]
enum Promise {
    /// It is refused, or it says the same: nobody can change it unseen.
    Authentic,
    /// It is refused, or it is another value of the format: what changed it is allowed to say so.
    WellFormed,
}

/// Runs changed payloads; `seal` makes a payload of changed bytes.
fn try_mutations(
    vector: &VectorFile,
    original: &[u8],
    promise: Promise,
    seal: impl Fn(&[u8]) -> Vec<u8>,
) -> usize {
    let mut dice = Dice::new(&vector.path());
    let refused = Cell::new(0);
    for round in 0..rounds(vector) {
        let mut changed = original.to_vec();
        for _ in 0..=dice.below(3) {
            dice.mutate(&mut changed);
        }
        let outcome: Outcome = run_with(vector, &seal(&changed));
        match outcome {
            Ok(outs) if promise == Promise::Authentic => {
                assert_eq!(outs, vector.outs(), "{}, round {round}", vector.path());
            }
            Ok(_) => {}
            Err(_) => refused.set(refused.get() + 1),
        }
    }
    refused.get()
}

/// Changed payloads of one vector. Looking deeper makes a million tags each time.
fn rounds(vector: &VectorFile) -> usize {
    if vector.header("look-deeper").is_some() {
        3
    } else {
        100
    }
}

#[test]
fn what_is_signed_or_sealed_is_never_accepted_with_other_content() {
    let parts = [
        "bundle",
        "card",
        "chunked",
        "pack",
        "pairing",
        "part",
        "signing_approval",
        "signing_content",
        "signing_reply",
        "signing_request",
        "slot",
        "statement",
    ];
    let mut files = accepted(&parts);
    files.retain(|file| !is_approved(file));
    let refused: usize = files
        .iter()
        .map(|file| try_mutations(file, &file.payload, Promise::Authentic, <[u8]>::to_vec))
        .sum();
    let share = refused * 100 / files.iter().map(rounds).sum::<usize>();
    assert!(share > 80, "only {share} % of the changes mattered");
}

#[test]
fn what_is_neither_signed_nor_sealed_is_read_without_a_panic() {
    // Running a vector also checks that what is accepted is written again as the same bytes.
    let parts = [
        "invitation",
        "item",
        "manifest",
        "padding",
        "receipt",
        "sender",
        "signing_git_content",
        "signing_hash_state",
    ];
    for file in accepted(&parts) {
        try_mutations(&file, &file.payload, Promise::WellFormed, <[u8]>::to_vec);
    }
}

#[test]
fn a_misread_code_is_never_accepted_with_other_content() {
    for file in accepted(&["answer", "light"]) {
        try_mutations(&file, &file.payload, Promise::Authentic, <[u8]>::to_vec);
    }
}

#[test]
fn any_symbols_are_put_together_without_a_panic() {
    for file in accepted(&["symbol", "transfer"]) {
        try_mutations(&file, &file.payload, Promise::WellFormed, <[u8]>::to_vec);
    }
    for file in accepted(&["block"]) {
        try_mutations(&file, &file.payload, Promise::WellFormed, whole_symbols);
    }
}

/// Only whole symbols reach a decoder, each of the length that the frame says.
fn whole_symbols(bytes: &[u8]) -> Vec<u8> {
    let record_bytes = 64;
    bytes[..bytes.len() / record_bytes * record_bytes].to_vec()
}

/// Takes a bundle apart as one of its readers can: its plaintext, and how to seal another.
fn insider(vector: &VectorFile) -> (Vec<u8>, impl Fn(&[u8]) -> Vec<u8>) {
    let bundle = &vector.payload;
    let own_key = DecapsulationKey::from_seed(Secret32::new(vector.hex32("own-kem-seed")));
    let root = Secret32::new(vector.hex32("chain-root"));
    let chain = ReceiveChain::new(&root, Side::Typed);
    let opener = SlotOpener::new(&own_key, &[&chain]);
    let (payload, _) = opener.open(bundle).unwrap();
    let start = payload.counts.bytes();
    let hash = blake3::hash(&bundle[..start]);
    let context = [b"causeway/bundle/v1".as_slice(), hash.as_bytes()].concat();
    resealer(bundle, start, payload.bundle_key, context)
}

/// The plaintext of a message and how to seal another in its place.
fn resealer(
    sealed: &[u8],
    start: usize,
    key: Secret32,
    context: Vec<u8>,
) -> (Vec<u8>, impl Fn(&[u8]) -> Vec<u8> + use<>) {
    let prefix: &[u8; PREFIX_BYTES] = sealed[start..].first_chunk().unwrap();
    let cipher = Cobblestone::for_opening(&key, prefix, &context).unwrap();
    let message = OpenedMessage::new(sealed, start as u64, cipher).unwrap();
    let len = usize::try_from(message.plain_bytes()).unwrap();
    let plain = message.read(0, len).unwrap().to_vec();
    let head = sealed[..start + PREFIX_BYTES].to_vec();
    let salt = *prefix.first_chunk().unwrap();
    let seal = move |plain: &[u8]| {
        let mut bytes = head.clone();
        Cobblestone::new(&key, &salt, &context).seal_run(0, plain, true, &mut bytes);
        bytes
    };
    (plain, seal)
}

#[test]
fn insider_cannot_change_a_bundle_in_any_way() {
    let files = accepted(&["bundle"]).into_iter();
    for file in files.filter(|file| file.header("own-copy-key").is_none()) {
        let (plain, seal) = insider(&file);
        try_mutations(&file, &plain, Promise::Authentic, seal);
    }
}

#[test]
fn paired_machine_can_seal_any_bytes_without_a_panic() {
    for file in accepted(&["pack"]) {
        let secret = PackSecret::from_stored(file.hex32("pack-secret"));
        let context = b"causeway/pack/v1".to_vec();
        let (plain, seal) = resealer(&file.payload, 0, secret.seal_key(), context);
        try_mutations(&file, &plain, Promise::WellFormed, seal);
    }
}

/// Whether a request comes with approvals, which whoever carries it can take away.
fn is_approved(file: &VectorFile) -> bool {
    file.header("out-approval").is_some()
}

#[test]
fn approvals_can_be_lost_and_never_be_changed() {
    let files = accepted(&["signing_request"]).into_iter();
    for file in files.filter(is_approved) {
        let (asked, given) = split_approvals(file.outs());
        let mut dice = Dice::new(&file.path());
        for round in 0..rounds(&file) {
            let mut changed = file.payload.clone();
            dice.mutate(&mut changed);
            let Ok(outs) = run_with(&file, &changed) else {
                continue;
            };
            let (still_asked, still_given) = split_approvals(outs);
            assert_eq!(still_asked, asked, "{}, round {round}", file.path());
            let mut verified = still_given.iter().filter(|it| it.ends_with(" verifies"));
            assert!(verified.all(|it| given.contains(it)), "round {round}");
        }
    }
}

/// What is asked for, and the lines of those who approved it.
fn split_approvals(outs: Vec<(String, String)>) -> (Vec<(String, String)>, Vec<String>) {
    let (given, asked): (Vec<_>, Vec<_>) =
        outs.into_iter().partition(|(key, _)| key == "out-approval");
    (asked, given.into_iter().map(|(_, line)| line).collect())
}

#[test]
fn a_desk_can_sign_any_bytes_without_a_panic() {
    for file in accepted(&["signing_request"]) {
        // The signature and a count of no approvals stand behind the body.
        let body = &file.payload[..file.payload.len() - 68];
        if !is_approved(&file) {
            try_mutations(&file, body, Promise::WellFormed, desk_signs);
        }
    }
}

#[test]
fn a_desk_can_compress_any_git_objects_without_a_panic() {
    for file in accepted(&["signing_git_content"]) {
        try_mutations(&file, unstored(&file.payload), Promise::WellFormed, stored);
    }
}

#[test]
fn a_vault_can_seal_any_reply_without_a_panic() {
    let front_bytes = 16 + 4;
    for file in accepted(&["signing_reply"]) {
        let key = Secret32::new(file.hex32("reply-key"));
        let context = [b"causeway/reply/v1".as_slice(), &file.hex("request-hash")].concat();
        let (plain, seal) = resealer(&file.payload, front_bytes, key, context);
        let carry = |plain: &[u8]| {
            let mut bytes = seal(plain);
            let len = u32::try_from(bytes.len() - front_bytes).unwrap();
            bytes[16..front_bytes].copy_from_slice(&len.to_be_bytes());
            bytes
        };
        try_mutations(&file, &plain, Promise::WellFormed, carry);
    }
}
