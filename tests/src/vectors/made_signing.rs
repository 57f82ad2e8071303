//! Vectors of what requests carry: sealed content, states of hashes, approvals.

use pack_format::chunked::{Cobblestone, SALT_BYTES};
use pack_format::codec::Writer;
use pack_format::secret::Secret32;
use sha2::block_api::compress512;
use sha2::{Digest as _, Sha512};

use super::file::VectorFile;
use super::people::{BILAL, CAROL, Person, noise};
use super::run::{hash, out, out_hex};
use super::signatures::{EMPTY_SIGNATURE, SMALL_ORDER_KEY, unreduced};

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = contents();
    files.extend(refused_contents());
    files.extend(states());
    files.extend(refused_states());
    files.extend(approvals());
    files.extend(refused_approvals());
    files
}

pub(super) const CONTENT_KEY: [u8; 32] = [61; 32];
const CONTENT_SALT: [u8; SALT_BYTES] = [62; SALT_BYTES];

/// The content of a request, sealed.
pub(super) fn seal_content(plain: &[u8]) -> Vec<u8> {
    sealed_with(b"causeway/request-content/v1", plain)
}

fn sealed_with(context: &[u8], plain: &[u8]) -> Vec<u8> {
    let cipher = Cobblestone::new(&Secret32::new(CONTENT_KEY), &CONTENT_SALT, context);
    let mut bytes = cipher.prefix().to_vec();
    cipher.seal_run(0, plain, true, &mut bytes);
    bytes
}

/// `content id || key || bytes || hash`: what a request says of its content.
pub(super) fn sealed_content(plain: &[u8]) -> Vec<u8> {
    described(&seal_content(plain), plain.len() as u64, plain)
}

/// The same with any parts.
pub(super) fn described(sealed: &[u8], plain_bytes: u64, plain: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer
        .put(blake3::hash(sealed).as_bytes())
        .put(&CONTENT_KEY);
    writer.u64(plain_bytes).put(blake3::hash(plain).as_bytes());
    writer.into_bytes()
}

fn contents() -> Vec<VectorFile> {
    let success = |condition, comment, plain: &[u8]| {
        VectorFile::success("signing_content", condition, comment)
            .with_hex("sealed-content", &sealed_content(plain))
            .with_all(vec![out("bytes", plain.len()), out("blake3", hash(plain))])
            .bytes(seal_content(plain))
    };
    vec![
        success("empty", "An empty file can be signed.", b""),
        success("short", "One chunk.", b"hello\n"),
        success("two_chunks", "A full chunk and one byte.", &noise(16_385)),
    ]
}

fn refused_contents() -> Vec<VectorFile> {
    let plain = b"hello\n".as_slice();
    let right = seal_content(plain);
    let refused = |condition, kind, comment, told: Vec<u8>, bytes: Vec<u8>| {
        VectorFile::failure("signing_content", condition, kind, comment)
            .with_hex("sealed-content", &told)
            .bytes(bytes)
    };
    let altered = |at: usize| {
        let mut bytes = right.clone();
        bytes[at] ^= 1;
        bytes
    };
    let last = right.len() - 1;
    let told = |bytes: &[u8]| described(bytes, plain.len() as u64, plain);
    let other_label = sealed_with(b"causeway/reply/v1", plain);
    let longer = [right.as_slice(), &[0]].concat();
    vec![
        refused(
            "other_bytes",
            "other-hash",
            "Altered on the way: it has not the name that the request says.",
            told(&right),
            altered(last),
        ),
        refused(
            "altered_chunk",
            "chunk-altered",
            "The request names what does not authenticate.",
            told(&altered(last)),
            altered(last),
        ),
        refused(
            "altered_salt",
            "commitment",
            "One bit of the salt.",
            told(&altered(0)),
            altered(0),
        ),
        refused(
            "other_context",
            "commitment",
            "The right key, and sealed as a reply.",
            told(&other_label),
            other_label,
        ),
        refused(
            "cut",
            "length",
            "The request says how long it is.",
            told(&right[..last]),
            right[..last].to_vec(),
        ),
        refused(
            "extended",
            "length",
            "One byte more.",
            told(&longer),
            longer,
        ),
        refused(
            "other_size",
            "length",
            "The request says one byte less.",
            described(&right, plain.len() as u64 - 1, plain),
            right.clone(),
        ),
        refused(
            "other_plain_hash",
            "other-hash",
            "It opens, and is not what the request says.",
            described(&right, plain.len() as u64, b"hullo\n"),
            right.clone(),
        ),
        refused(
            "over_1_gib",
            "over-limit",
            "One byte too large; nothing is read.",
            described(&right, (1 << 30) + 1, plain),
            right.clone(),
        )
        .with("reason", "content size"),
        refused(
            "description_cut",
            "truncated",
            "The last byte of the hash is missing.",
            told(&right)[..103].to_vec(),
            right,
        )
        .with("reason", "content hash"),
    ]
}

/// The state after a file, from the compression function alone.
pub(super) fn state_of(file: &[u8]) -> Vec<u8> {
    let (blocks, tail) = file.as_chunks::<128>();
    let mut words = INITIAL;
    compress512(&mut words, blocks);
    state(words, file.len() as u64, tail)
}

/// `words || length || tail`
fn state(words: [u64; 8], len: u64, tail: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    for word in words {
        writer.u64(word);
    }
    writer.u64(len).put(tail);
    writer.into_bytes()
}

/// The first words of SHA-512 (FIPS 180-4, section 5.3.5).
const INITIAL: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

fn states() -> Vec<VectorFile> {
    let sizes = [
        (0, "Nothing: the words of the standard."),
        (1, "One byte of tail."),
        (111, "The length still fits behind it in one block."),
        (112, "The length needs another block."),
        (127, "The longest tail."),
        (128, "One block, and no tail."),
        (129, "One block and one byte."),
        (255, "The longest tail after a block."),
        (256, "Two blocks."),
        (1000, "Seven blocks and 104 bytes."),
    ];
    let files = sizes.map(|(len, comment)| {
        let file = noise(len);
        let sum = Sha512::digest(&file);
        let continued = Sha512::digest([file.as_slice(), b"trailer"].concat());
        VectorFile::success("signing_hash_state", &format!("of_{len}_bytes"), comment)
            .with_all(vec![
                out("bytes", len),
                out_hex("sha512", &sum),
                out_hex("continued", &continued),
            ])
            .bytes(state_of(&file))
    });
    files.to_vec()
}

fn refused_states() -> Vec<VectorFile> {
    let refused = |condition, kind, reason, comment, bytes: Vec<u8>| {
        VectorFile::failure("signing_hash_state", condition, kind, comment)
            .with("reason", reason)
            .bytes(bytes)
    };
    let right = state_of(&noise(200));
    let mut other_words = INITIAL;
    other_words[0] ^= 1;
    vec![
        refused(
            "cut_in_words",
            "truncated",
            "state of a SHA-512",
            "Seven words and a half.",
            right[..60].to_vec(),
        ),
        refused(
            "cut_in_length",
            "truncated",
            "length of the hashed file",
            "The length ends early.",
            right[..70].to_vec(),
        ),
        refused(
            "cut_in_tail",
            "truncated",
            "tail of the hashed file",
            "The length says one byte more.",
            right[..right.len() - 1].to_vec(),
        ),
        refused(
            "trailing_byte",
            "trailing-bytes",
            "state of a SHA-512",
            "The length says one byte less.",
            [right.as_slice(), &[0]].concat(),
        ),
        refused(
            "words_of_no_file",
            "rule",
            "not a state of SHA-512",
            "A file that fills no block leaves the first words as they are.",
            state(other_words, 5, b"hello"),
        ),
    ]
}

pub(super) const APPROVED_AT: u64 = 1_800_000_100;

/// A signed approval, written from the specification.
pub(super) fn approval_by(approver: &Person, request_hash: &[u8; 32]) -> Vec<u8> {
    let label = "causeway/signing/v1 approval";
    let body = approval_body(1, request_hash, &approver.identity().key().0);
    [body.as_slice(), &approver.identity().sign(label, &body)].concat()
}

fn approval_body(version: u8, request_hash: &[u8; 32], approver: &[u8; 32]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.u8(version).put(request_hash).put(approver);
    writer.u64(APPROVED_AT);
    writer.into_bytes()
}

const SOME_HASH: [u8; 32] = [63; 32];

fn approvals() -> Vec<VectorFile> {
    let outs = vec![
        out_hex("request-hash", &SOME_HASH),
        out_hex("approver", &BILAL.identity().key().0),
        out("approved-at", APPROVED_AT),
    ];
    let comment = "Signed by the identity that it names.";
    let vector = VectorFile::success("signing_approval", "right", comment);
    vec![vector.with_all(outs).bytes(approval_by(&BILAL, &SOME_HASH))]
}

fn refused_approvals() -> Vec<VectorFile> {
    let part = "signing_approval";
    let bad = |condition, comment, bytes: Vec<u8>| {
        VectorFile::failure(part, condition, "bad-signature", comment).bytes(bytes)
    };
    let wrong = |condition, kind, reason, comment, bytes: Vec<u8>| {
        VectorFile::failure(part, condition, kind, comment)
            .with("reason", reason)
            .bytes(bytes)
    };
    let right = approval_by(&BILAL, &SOME_HASH);
    let altered = |at: usize| {
        let mut bytes = right.clone();
        bytes[at] ^= 1;
        bytes
    };
    let (body, signature) = right.split_last_chunk::<64>().unwrap();
    let other_label = BILAL.identity().sign("causeway/signing/v1 request", body);
    let by_another = CAROL.identity().sign("causeway/signing/v1 approval", body);
    let small_order = approval_body(1, &SOME_HASH, &SMALL_ORDER_KEY);
    vec![
        bad("for_another_request", "Altered: the request.", altered(1)),
        bad("altered_time", "Altered: the time.", altered(72)),
        bad(
            "altered_signature",
            "Altered: the signature.",
            altered(140 - 8),
        ),
        bad(
            "by_another",
            "Signed by somebody whom it does not name.",
            [body, &by_another].concat(),
        ),
        bad(
            "other_label",
            "The same bytes, signed as a request.",
            [body, &other_label].concat(),
        ),
        bad(
            "signature_not_reduced",
            "S + L in place of S.",
            [body, &unreduced(signature)].concat(),
        ),
        bad(
            "key_of_small_order",
            "An approver for whom everybody can sign.",
            [small_order.as_slice(), &EMPTY_SIGNATURE].concat(),
        ),
        wrong(
            "version_2",
            "unknown",
            "approval version",
            "Another version.",
            [approval_body(2, &SOME_HASH, &[1; 32]).as_slice(), signature].concat(),
        ),
        wrong(
            "cut",
            "truncated",
            "approval",
            "The last byte is missing.",
            right[..right.len() - 1].to_vec(),
        ),
        wrong(
            "trailing_byte",
            "trailing-bytes",
            "approval",
            "A byte behind the signature.",
            [right.as_slice(), &[0]].concat(),
        ),
    ]
}
