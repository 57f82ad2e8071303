//! Vectors of slots: the bytes in front of a bundle, and what one vault gets from them.

use pack_format::ratchet::Side;

use super::file::VectorFile;
use super::people::{BILAL, CAROL, CHAIN_ROOT, chain_secret, rng, secret_of};
use super::recipe::{
    BUNDLE_KEY, chain_slot, chain_slot_with, kem_slot, kem_slot_with_zero_share, slot_payload,
    stranger,
};
use super::run::{out, out_hex};

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = accepted();
    files.extend(refused());
    files
}

/// Bilal's vault with one chain.
fn bilal(vector: VectorFile) -> VectorFile {
    vector
        .with_hex("own-kem-seed", &BILAL.kem_seed())
        .with_hex("chain-root", &CHAIN_ROOT)
}

fn outs(opened_by: &str, kem: u8, chain: u8, sequence: u64) -> Vec<(String, String)> {
    vec![
        out("opened-by", opened_by),
        out_hex("bundle-key", &BUNDLE_KEY),
        out("slots", format!("{kem} {chain}")),
        out("sequence", sequence),
    ]
}

fn by_kem(root: [u8; 32]) -> String {
    format!("kem {}", data_encoding::HEXLOWER.encode(&root))
}

/// A slot for nobody in the vectors.
fn unused_kem(number: u64) -> Vec<u8> {
    kem_slot(
        &stranger(),
        &slot_payload(&[0; 32], 2, 2, 0),
        &mut rng(number),
    )
    .0
}

fn unused_chain(index: usize) -> Vec<u8> {
    chain_slot(
        &secret_of(&[99; 32], Side::Showed, index),
        &slot_payload(&[0; 32], 2, 2, 0),
    )
}

fn accepted() -> Vec<VectorFile> {
    let success = |condition, comment, opened_by: &str, counts: (u8, u8), sequence, front| {
        bilal(VectorFile::success("slot", condition, comment))
            .with_all(outs(opened_by, counts.0, counts.1, sequence))
            .bytes(front)
    };
    let chain = |index, kem, chain, sequence| {
        chain_slot(
            &chain_secret(index),
            &slot_payload(&BUNDLE_KEY, kem, chain, sequence),
        )
    };
    let (kem, root) = kem_slot(
        &BILAL.kem_key(),
        &slot_payload(&BUNDLE_KEY, 1, 0, 1),
        &mut rng(1),
    );
    let (second, second_root) = kem_slot(
        &BILAL.kem_key(),
        &slot_payload(&BUNDLE_KEY, 2, 2, 1),
        &mut rng(2),
    );
    let largest = (1 << 48) - 1;
    vec![
        success(
            "kem",
            "A KEM slot opens with the reader's key alone, and begins a chain.",
            &by_kem(root),
            (1, 0),
            1,
            kem,
        ),
        success(
            "kem_second",
            "Slots are tried in order until one opens.",
            &by_kem(second_root),
            (2, 2),
            1,
            [unused_kem(3), second, unused_chain(0), unused_chain(1)].concat(),
        ),
        success(
            "chain",
            "A chain slot opens with the next secret of the chain.",
            "chain 0 0",
            (0, 1),
            1,
            chain(0, 0, 1, 1),
        ),
        success(
            "chain_behind_kem",
            "Chain slots follow 0, 1, 2, … or 128 KEM slots.",
            "chain 0 3",
            (2, 2),
            4,
            [
                unused_kem(4),
                unused_kem(5),
                unused_chain(2),
                chain(3, 2, 2, 4),
            ]
            .concat(),
        ),
        success(
            "chain_last_of_window",
            "The 256th secret ahead is still looked for.",
            "chain 0 255",
            (0, 1),
            256,
            chain(255, 0, 1, 256),
        ),
        success(
            "not_counted",
            "Sequence 0: a bundle that nobody misses.",
            "chain 0 0",
            (0, 1),
            0,
            chain(0, 0, 1, 0),
        ),
        success(
            "largest_sequence",
            "The sequence has six bytes.",
            "chain 0 0",
            (0, 1),
            largest,
            chain(0, 0, 1, largest),
        ),
        success(
            "chain_other_nonce",
            "An opener takes the nonce from the slot and does not ask how it was made.",
            "chain 0 0",
            (0, 1),
            1,
            chain_slot_with(
                &chain_secret(0),
                [7; 12],
                &slot_payload(&BUNDLE_KEY, 0, 1, 1),
            ),
        ),
        success(
            "128_of_each",
            "As many slots as there may be; the counts reach beyond the bytes given.",
            "chain 0 0",
            (128, 128),
            1,
            chain(0, 128, 128, 1),
        ),
    ]
}

fn refused() -> Vec<VectorFile> {
    let refused = |condition, comment, front| {
        bilal(VectorFile::failure("slot", condition, "no-slot", comment)).bytes(front)
    };
    let right = slot_payload(&BUNDLE_KEY, 0, 1, 1);
    let counted = |kem, chain| {
        let payload = slot_payload(&BUNDLE_KEY, kem, chain, 1);
        chain_slot(&chain_secret(0), &payload)
    };
    let payload = slot_payload(&BUNDLE_KEY, 1, 0, 1);
    let (kem, _) = kem_slot(&BILAL.kem_key(), &payload, &mut rng(6));
    let flipped = |slot: &[u8], at: usize| {
        let mut slot = slot.to_vec();
        slot[at] ^= 1;
        slot
    };
    let chain = chain_slot(&chain_secret(0), &right);
    vec![
        refused("empty", "No bytes, no slot.", Vec::new()),
        refused(
            "kem_for_another",
            "A slot for Carol.",
            kem_slot(&CAROL.kem_key(), &payload, &mut rng(7)).0,
        ),
        refused(
            "kem_share_zero",
            "The X25519 share is zero and everything else fits: only the check of the share refuses it.",
            kem_slot_with_zero_share(&payload, &mut rng(8)),
        ),
        refused(
            "kem_altered_ciphertext",
            "One bit of the ML-KEM ciphertext.",
            flipped(&kem, 0),
        ),
        refused(
            "kem_altered_share",
            "One bit of the X25519 share.",
            flipped(&kem, 1088),
        ),
        refused(
            "kem_altered_payload",
            "One bit of the sealed payload.",
            flipped(&kem, 1120),
        ),
        refused(
            "kem_cut",
            "One byte is missing.",
            kem[..kem.len() - 1].to_vec(),
        ),
        refused(
            "kem_payload_of_39_bytes",
            "The payload has 40 bytes.",
            kem_slot(&BILAL.kem_key(), &payload[..39], &mut rng(9)).0,
        ),
        refused(
            "chain_altered_tag",
            "A tag that is not expected.",
            flipped(&chain, 0),
        ),
        refused(
            "chain_altered_nonce",
            "One bit of the nonce.",
            flipped(&chain, 12),
        ),
        refused(
            "chain_altered_payload",
            "One bit of the sealed payload.",
            flipped(&chain, 24),
        ),
        refused(
            "chain_of_another",
            "A secret of another chain.",
            chain_slot(&secret_of(&[51; 32], Side::Showed, 0), &right),
        ),
        refused(
            "chain_wrong_direction",
            "A secret of the chain's other direction.",
            chain_slot(&secret_of(&CHAIN_ROOT, Side::Typed, 0), &right),
        ),
        refused(
            "chain_beyond_window",
            "The 257th secret ahead is not looked for.",
            chain_slot(&chain_secret(256), &right),
        ),
        refused(
            "chain_not_aligned",
            "A chain slot that does not follow whole slots.",
            [&[0; 5], chain.as_slice()].concat(),
        ),
        refused(
            "3_kem_slots",
            "Counts are 0 or a power of two.",
            counted(3, 1),
        ),
        refused(
            "3_chain_slots",
            "Counts are 0 or a power of two.",
            counted(0, 3),
        ),
        refused("129_kem_slots", "More than 128.", counted(129, 1)),
        refused("255_chain_slots", "More than 128.", counted(0, 255)),
    ]
}
