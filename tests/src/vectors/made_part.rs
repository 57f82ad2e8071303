//! Vectors of part headers.

use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use pack_format::ratchet::Side;
use pack_format::secret::Secret32;

use super::file::VectorFile;
use super::people::secret_of;
use super::run::out;

const ROOT: [u8; 32] = [40; 32];
const MIB: u64 = 1 << 20;

/// `tag || AEAD(info)`, written from the specification.
fn header(pack: usize, part: u32, info: &[u8]) -> Vec<u8> {
    let secret = Secret32::new(*secret_of(&ROOT, Side::Showed, pack).expose());
    let tag_key = secret.derive("causeway/pack/v1 tag", b"");
    let tag = blake3::Hasher::new_keyed(tag_key.expose())
        .update(b"tag")
        .update(&part.to_be_bytes())
        .finalize();
    let key = tag_key.derive("causeway/pack/v1 part info", b"");
    let mut nonce = Nonce::default();
    nonce[8..].copy_from_slice(&part.to_be_bytes());
    let cipher = ChaCha20Poly1305::new(key.expose().into());
    let sealed = cipher.encrypt(&nonce, info).unwrap();
    [&tag.as_bytes()[..16], &sealed].concat()
}

fn info(pack_bytes: u64, part_bytes: u64) -> Vec<u8> {
    [
        pack_bytes.to_be_bytes().as_slice(),
        &part_bytes.to_be_bytes(),
        &[0; 16],
    ]
    .concat()
}

pub(super) fn all() -> Vec<VectorFile> {
    let receiver = |vector: VectorFile| {
        vector
            .with_hex("pairing-root", &ROOT)
            .with("receiver", "typed")
    };
    let mut files = accepted(receiver);
    files.extend(refused(receiver));
    files
}

fn accepted(receiver: impl Fn(VectorFile) -> VectorFile) -> Vec<VectorFile> {
    let success = |condition, comment, pack: usize, part, pack_bytes, part_bytes, taken| {
        let count = u64::div_ceil(pack_bytes, part_bytes);
        receiver(VectorFile::success("part", condition, comment))
            .with_all(vec![
                out("pack", pack),
                out("part", part),
                out("pack-bytes", pack_bytes),
                out("part-bytes", part_bytes),
                out("part-count", count),
                out("taken", taken),
            ])
            .bytes(header(pack, part, &info(pack_bytes, part_bytes)))
    };
    vec![
        success(
            "first",
            "The only part of a small pack.",
            0,
            0,
            16_472,
            MIB,
            false,
        ),
        success(
            "last_of_three",
            "Parts are counted from 0.",
            4,
            2,
            3 * MIB,
            MIB,
            false,
        ),
        success(
            "of_the_last_pack_of_the_window",
            "The 256th pack ahead.",
            255,
            0,
            100,
            MIB,
            false,
        ),
        success(
            "of_a_taken_pack",
            "A duplicate is recognised as one.",
            1,
            0,
            16_472,
            MIB,
            true,
        )
        .with("taken", "1"),
        success(
            "late",
            "Parts from 8 on are found after looking deeper.",
            0,
            99,
            100 * MIB,
            MIB,
            false,
        )
        .with("look-deeper", "yes"),
        success(
            "last_of_4096",
            "As many parts as there may be.",
            0,
            4095,
            4096 * MIB,
            MIB,
            false,
        )
        .with("look-deeper", "yes"),
        success(
            "of_256_gib",
            "The largest pack, in the largest parts.",
            0,
            7,
            256 << 30,
            1 << 30,
            false,
        ),
    ]
}

fn refused(receiver: impl Fn(VectorFile) -> VectorFile) -> Vec<VectorFile> {
    let refused = |condition, comment, bytes| {
        receiver(VectorFile::failure(
            "part",
            condition,
            "not-recognised",
            comment,
        ))
        .bytes(bytes)
    };
    let right = header(0, 0, &info(16_472, MIB));
    let flipped = |at: usize| {
        let mut bytes = right.clone();
        bytes[at] ^= 1;
        bytes
    };
    let sealed = |part, pack_bytes, part_bytes| header(0, part, &info(pack_bytes, part_bytes));
    let mut reserved = info(16_472, MIB);
    reserved[31] = 1;
    let other_side = VectorFile::failure(
        "part",
        "sent_back",
        "not-recognised",
        "The sender's own part: the two directions share no key.",
    );
    vec![
        refused("altered_tag", "One bit of the tag.", flipped(0)),
        refused(
            "altered_info",
            "One bit of the sealed information.",
            flipped(16),
        ),
        refused(
            "altered_end",
            "One bit of the authentication tag.",
            flipped(63),
        ),
        refused("cut", "63 bytes.", right[..63].to_vec()),
        refused(
            "reserved_not_zero",
            "A meaning that this version does not know.",
            header(0, 0, &reserved),
        ),
        refused(
            "of_a_moved_number",
            "The information of part 1 behind the tag of part 0.",
            [
                &header(0, 0, &info(3 * MIB, MIB))[..16],
                &header(0, 1, &info(3 * MIB, MIB))[16..],
            ]
            .concat(),
        ),
        refused(
            "beyond_the_count",
            "Part 3 of three.",
            sealed(3, 3 * MIB, MIB),
        ),
        refused("pack_of_no_bytes", "A pack has bytes.", sealed(0, 0, MIB)),
        refused(
            "pack_over_256_gib",
            "One byte too large.",
            sealed(0, (256 << 30) + 1, 1 << 30),
        ),
        refused(
            "pack_of_2_to_the_64",
            "A length that overflows when it is added to.",
            sealed(0, u64::MAX, 1 << 30),
        ),
        refused(
            "part_under_1_mib",
            "Parts are not cut smaller.",
            sealed(0, 3 * MIB, MIB - 1),
        ),
        refused(
            "part_of_no_bytes",
            "A division by zero.",
            sealed(0, 3 * MIB, 0),
        ),
        refused(
            "part_over_1_gib",
            "Parts are not cut larger.",
            sealed(0, 3 << 30, (1 << 30) + 1),
        ),
        refused(
            "4097_parts",
            "More parts than there may be.",
            sealed(0, 4096 * MIB + 1, MIB),
        ),
        refused(
            "beyond_the_window",
            "The 257th pack ahead is not looked for.",
            header(256, 0, &info(16_472, MIB)),
        ),
        refused(
            "late_not_looked_for",
            "Part 8, before looking deeper.",
            sealed(8, 100 * MIB, MIB),
        ),
        other_side
            .with_hex("pairing-root", &ROOT)
            .with("receiver", "showed")
            .bytes(right),
    ]
}
