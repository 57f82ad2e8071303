//! Vectors of blobs: sealed chunks of files.

use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use pack_format::secret::Secret32;

use super::super::file::VectorFile;
use super::super::run::{hash, out, out_hex};

const EPOCH_KEY: [u8; 32] = [0x6b; 32];

/// A blob and what opens it, around any plaintext.
struct Blob {
    key: [u8; 32],
    carried: Vec<u8>,
}

impl Blob {
    fn of(plain: &[u8]) -> Self {
        let secret = Secret32::new(EPOCH_KEY).derive("causeway/team/v1 blob secret", b"");
        Self::under(
            *blake3::keyed_hash(secret.expose(), plain).as_bytes(),
            plain,
        )
    }

    fn under(key: [u8; 32], plain: &[u8]) -> Self {
        let cipher = ChaCha20Poly1305::new((&key).into());
        let carried = cipher.encrypt(&Nonce::from([0; 12]), plain).unwrap();
        Self { key, carried }
    }

    fn file(&self, made: VectorFile, size_bytes: u32) -> VectorFile {
        made.with_hex("blob-id", blake3::hash(&self.carried).as_bytes())
            .with_hex("blob-key", &self.key)
            .with("size-bytes", size_bytes)
            .bytes(self.carried.clone())
    }
}

fn form(form: u8, body: &[u8]) -> Vec<u8> {
    [&[form], body].concat()
}

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = accepted();
    files.extend(refused());
    files
}

fn accepted() -> Vec<VectorFile> {
    let success = |condition, comment, chunk: &[u8], plain: &[u8]| {
        let blob = Blob::of(plain);
        let made = VectorFile::success("team_blob", condition, comment)
            .with_hex("epoch-key", &EPOCH_KEY)
            .with_all(vec![
                out("blake3", hash(chunk)),
                out_hex("sealed-key", &blob.key),
            ]);
        blob.file(made, u32::try_from(chunk.len()).unwrap())
    };
    let long = b"chunk ".repeat(100);
    let packed = zstd::bulk::compress(&long, 3).unwrap();
    let most = vec![b'm'; 1 << 20];
    let packed_most = zstd::bulk::compress(&most, 3).unwrap();
    vec![
        success(
            "stored",
            "A chunk that does not shrink.",
            b"chunk",
            &form(0, b"chunk"),
        ),
        success(
            "compressed",
            "A chunk that shrinks.",
            &long,
            &form(1, &packed),
        ),
        success(
            "of_1_mib",
            "The largest chunk.",
            &most,
            &form(1, &packed_most),
        ),
    ]
}

fn refused() -> Vec<VectorFile> {
    let failure = |condition, kind, comment, blob: &Blob, size_bytes| {
        let made = VectorFile::failure("team_blob", condition, kind, comment);
        blob.file(made, size_bytes)
    };
    let right = Blob::of(&form(0, b"chunk"));
    let with_payload = |condition, comment, carried: Vec<u8>| {
        let made = VectorFile::failure("team_blob", condition, "other-hash", comment);
        let mut file = right.file(made, 5);
        file.payload = carried;
        file
    };
    let mut altered = right.carried.clone();
    altered[0] ^= 1;
    let other_key = Blob {
        key: [1; 32],
        carried: right.carried.clone(),
    };
    let short = Blob {
        key: right.key,
        carried: right.carried[..15].to_vec(),
    };
    let long = b"chunk ".repeat(100);
    let packed = zstd::bulk::compress(&long, 3).unwrap();
    let empty_frame = zstd::bulk::compress(b"", 3).unwrap();
    let too_long = zstd::bulk::compress(&vec![b'm'; (1 << 20) + 1], 3).unwrap();
    vec![
        with_payload("altered", "A bit was changed on the way.", altered),
        with_payload(
            "cut",
            "The last byte is missing.",
            right.carried[..21].to_vec(),
        ),
        failure(
            "other_key",
            "does-not-open",
            "The operation names a key that is not the blob's.",
            &other_key,
            5,
        ),
        failure(
            "of_15_bytes",
            "does-not-open",
            "Shorter than a tag.",
            &short,
            5,
        ),
        failure(
            "shorter_than_named",
            "rule",
            "Stored, with fewer bytes than the operation names.",
            &right,
            6,
        ),
        failure(
            "longer_than_named",
            "rule",
            "Stored, with more bytes than the operation names.",
            &right,
            4,
        ),
        failure(
            "expands_to_less",
            "rule",
            "Compressed, with fewer bytes than named.",
            &Blob::of(&form(1, &packed)),
            601,
        ),
        failure(
            "expands_to_more",
            "rule",
            "Compressed, with more bytes than named.",
            &Blob::of(&form(1, &packed)),
            599,
        ),
        failure("no_form", "rule", "An empty plaintext.", &Blob::of(b""), 5),
        failure(
            "form_2",
            "rule",
            "Stored is 0, compressed is 1.",
            &Blob::of(&form(2, b"chunk")),
            5,
        ),
        failure(
            "not_zstd",
            "rule",
            "Called compressed, and is not.",
            &Blob::of(&form(1, b"chunk")),
            600,
        ),
        failure(
            "frame_followed",
            "rule",
            "An empty frame behind the frame: another blob for the same chunk.",
            &Blob::of(&form(1, &[packed.as_slice(), &empty_frame].concat())),
            600,
        ),
        failure(
            "of_no_bytes",
            "rule",
            "The operation names an impossible length.",
            &right,
            0,
        ),
        failure(
            "over_1_mib",
            "rule",
            "One byte more than a chunk has.",
            &Blob::of(&form(1, &too_long)),
            (1 << 20) + 1,
        ),
    ]
}
