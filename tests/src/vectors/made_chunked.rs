//! Vectors of chunked encryption with ChaCha20-Poly1305, which has none elsewhere.

use pack_format::chunked::{Cobblestone, SALT_BYTES};
use pack_format::secret::Secret32;

use super::file::VectorFile;
use super::people::noise;
use super::run::{hash, out};

const KEY: [u8; 32] = [9; 32];
const CONTEXT: &[u8] = b"causeway/vectors/v1";
const SALT: [u8; SALT_BYTES] = [3; SALT_BYTES];
const CHUNK: usize = 16 * 1024;

fn sealed(plain: &[u8]) -> Vec<u8> {
    let cipher = Cobblestone::new(&Secret32::new(KEY), &SALT, CONTEXT);
    let mut bytes = cipher.prefix().to_vec();
    cipher.seal_run(0, plain, true, &mut bytes);
    bytes
}

/// A message whose last chunk is full: what an encoder makes that forgets the empty one.
fn without_last_chunk(plain: &[u8]) -> Vec<u8> {
    let mut bytes = sealed(plain);
    bytes.truncate(bytes.len() - 16);
    bytes
}

pub(super) fn all() -> Vec<VectorFile> {
    let keyed = |vector: VectorFile| vector.with_hex("key", &KEY).with_hex("context", CONTEXT);
    let success = |condition, comment, plain: &[u8]| {
        keyed(VectorFile::success("chunked", condition, comment))
            .with_all(vec![out("bytes", plain.len()), out("blake3", hash(plain))])
            .bytes(sealed(plain))
    };
    let refused = |condition, kind, comment, bytes: Vec<u8>| {
        keyed(VectorFile::failure("chunked", condition, kind, comment)).bytes(bytes)
    };
    let short = sealed(b"hello");
    let flipped = |at: usize| {
        let mut bytes = short.clone();
        bytes[at] ^= 1;
        bytes
    };
    let other_context = VectorFile::failure(
        "chunked",
        "other_context",
        "commitment",
        "The key is right, but the message is something else.",
    );
    vec![
        success("empty", "One chunk of no bytes.", b""),
        success("short", "One chunk.", b"hello"),
        success(
            "full_chunk",
            "A full chunk is followed by an empty one.",
            &noise(CHUNK),
        ),
        refused("no_bytes", "length", "Shorter than the prefix.", Vec::new()),
        refused(
            "prefix_only",
            "length",
            "No chunk at all.",
            short[..56].to_vec(),
        ),
        refused(
            "cut_in_tag",
            "length",
            "Fewer bytes than a tag.",
            short[..71].to_vec(),
        ),
        refused(
            "cut",
            "chunk-altered",
            "The last byte is missing.",
            short[..short.len() - 1].to_vec(),
        ),
        refused(
            "last_chunk_full",
            "length",
            "The last chunk is always shorter than 16 KiB.",
            without_last_chunk(&noise(CHUNK)),
        ),
        refused(
            "altered_salt",
            "commitment",
            "One bit of the salt.",
            flipped(0),
        ),
        refused(
            "altered_commitment",
            "commitment",
            "One bit of the commitment.",
            flipped(55),
        ),
        refused(
            "altered_content",
            "chunk-altered",
            "One bit of the content.",
            flipped(56),
        ),
        refused(
            "altered_tag",
            "chunk-altered",
            "One bit of the tag.",
            flipped(short.len() - 1),
        ),
        refused(
            "chunk_of_another_place",
            "chunk-altered",
            "The chunk is sealed as number 1 and stands at number 0.",
            sealed_as_number_1(b"hello"),
        ),
        other_context
            .with_hex("key", &KEY)
            .with_hex("context", b"causeway/vectors/v2")
            .bytes(short),
    ]
}

/// A message whose only chunk carries another number.
fn sealed_as_number_1(plain: &[u8]) -> Vec<u8> {
    let cipher = Cobblestone::new(&Secret32::new(KEY), &SALT, CONTEXT);
    let mut chunk = plain.to_vec();
    let tag = cipher.seal_chunk(1, &mut chunk);
    [cipher.prefix().as_slice(), &chunk, &tag].concat()
}
