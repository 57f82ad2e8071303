//! Vectors of content payloads under the key of an epoch.

use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use pack_format::secret::Secret32;

use super::super::file::VectorFile;
use super::super::people::noise;
use super::super::run::{hash, out};
use super::made_content::operation;
use super::wire::AMINA;

/// Where a payload belongs.
#[derive(Clone)]
struct Place {
    key: [u8; 32],
    epoch: [u8; 32],
    device: [u8; 32],
    number: u64,
    salt: [u8; 24],
}

impl Place {
    fn new() -> Self {
        Self {
            key: [0x6b; 32],
            epoch: [0x0e; 32],
            device: AMINA.id(),
            number: 2,
            salt: [0x5a; 24],
        }
    }

    fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn of_place(&self, label: &str) -> Secret32 {
        let number = self.number.to_be_bytes();
        let place = [self.epoch.as_slice(), &self.device, &number, &self.salt].concat();
        Secret32::new(self.key).derive(label, &place)
    }

    /// `nonce || AEAD(key, nonce, plain)` with a nonce of the caller's.
    fn seal_with(&self, nonce: [u8; 12], plain: &[u8]) -> Vec<u8> {
        let key = self.of_place("causeway/team/v1 content key");
        let cipher = ChaCha20Poly1305::new(key.expose().into());
        let sealed = cipher.encrypt(&Nonce::from(nonce), plain).unwrap();
        [nonce.as_slice(), &sealed].concat()
    }

    /// The payload whose plaintext is `form || body`.
    fn seal(&self, form: u8, body: &[u8]) -> Vec<u8> {
        self.seal_plain(&[&[form], body].concat())
    }

    fn seal_plain(&self, plain: &[u8]) -> Vec<u8> {
        let key = self.of_place("causeway/team/v1 content nonce");
        let nonce = blake3::keyed_hash(key.expose(), plain);
        self.seal_with(nonce.as_bytes()[..12].try_into().unwrap(), plain)
    }

    fn of(&self, file: VectorFile, payload: Vec<u8>) -> VectorFile {
        file.with_hex("epoch-key", &self.key)
            .with_hex("epoch", &self.epoch)
            .with_hex("device", &self.device)
            .with("number", self.number)
            .with_hex("salt", &self.salt)
            .bytes(payload)
    }
}

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = accepted();
    files.extend(elsewhere());
    files.extend(malformed());
    files
}

fn accepted() -> Vec<VectorFile> {
    let place = Place::new();
    let success = |condition, comment, content: &[u8], payload| {
        let made = VectorFile::success("team_sealed", condition, comment).with_all(vec![
            out("bytes", content.len()),
            out("blake3", hash(content)),
        ]);
        place.of(made, payload)
    };
    let short = operation(0x21, b"hello");
    let long = operation(0x21, &b"hello ".repeat(100));
    let packed = zstd::bulk::compress(&long, 3).unwrap();
    let most = vec![b'm'; 256 * 1024];
    let packed_most = zstd::bulk::compress(&most, 3).unwrap();
    vec![
        success(
            "stored",
            "Content that does not shrink.",
            &short,
            place.seal(0, &short),
        ),
        success(
            "compressed",
            "Content that shrinks.",
            &long,
            place.seal(1, &packed),
        ),
        success(
            "of_256_kib",
            "The longest content.",
            &most,
            place.seal(1, &packed_most),
        ),
        success(
            "other_nonce",
            "An opener takes the nonce from the payload: only the author could lose by it.",
            &short,
            place.seal_with([9; 12], &[&[0], short.as_slice()].concat()),
        ),
    ]
}

/// Payloads that were sealed for another place, or changed on the way.
fn elsewhere() -> Vec<VectorFile> {
    let place = Place::new();
    let content = operation(0x21, b"hello");
    let failure = |condition, comment, payload| {
        let made = VectorFile::failure("team_sealed", condition, "does-not-open", comment);
        place.of(made, payload)
    };
    let sealed_for = |change: &dyn Fn(&mut Place)| place.clone().but(change).seal(0, &content);
    let right = place.seal(0, &content);
    let flipped = |at: usize| {
        let mut payload = right.clone();
        payload[at] ^= 1;
        payload
    };
    vec![
        failure(
            "other_key",
            "Sealed under the key of somebody else.",
            sealed_for(&|place| place.key[0] ^= 1),
        ),
        failure(
            "other_epoch",
            "Sealed for another epoch.",
            sealed_for(&|place| place.epoch[0] ^= 1),
        ),
        failure(
            "other_device",
            "Content of one member does not pass for another's.",
            sealed_for(&|place| place.device[0] ^= 1),
        ),
        failure(
            "other_number",
            "Content of one segment does not pass for another's.",
            sealed_for(&|place| place.number += 1),
        ),
        failure(
            "other_salt",
            "Sealed with another salt.",
            sealed_for(&|place| place.salt[23] ^= 1),
        ),
        failure("altered_nonce", "A bit of the nonce.", flipped(0)),
        failure("altered_content", "A bit of the content.", flipped(14)),
        failure("altered_tag", "A bit of the tag.", flipped(right.len() - 1)),
        failure(
            "cut",
            "The last byte is missing.",
            right[..right.len() - 1].to_vec(),
        ),
        failure(
            "of_27_bytes",
            "Shorter than nonce and tag.",
            right[..27].to_vec(),
        ),
        failure("empty", "A payload of no bytes.", Vec::new()),
    ]
}

/// Payloads that open and break a rule: their author's program is wrong, or hostile.
fn malformed() -> Vec<VectorFile> {
    let place = Place::new();
    let failure = |condition, reason, comment, plain: Vec<u8>| {
        let made = VectorFile::failure("team_sealed", condition, "rule", comment);
        place.of(made.with("reason", reason), place.seal_plain(&plain))
    };
    let as_form = |form: u8, body: &[u8]| [&[form], body].concat();
    let size = "it does not state its length";
    let other_size = "it does not expand into the length that it states";
    let content = operation(0x21, &b"hello ".repeat(100));
    let packed = zstd::bulk::compress(&content, 3).unwrap();
    let empty_frame = zstd::bulk::compress(b"", 3).unwrap();
    let too_long = zstd::bulk::compress(&vec![b'm'; 256 * 1024 + 1], 3).unwrap();
    let incompressible = noise(64);
    let longer = zstd::bulk::compress(&incompressible, 3).unwrap();
    assert!(longer.len() >= incompressible.len());
    // Made as a stream, a frame does not say how long it is.
    let mut stream = zstd::stream::Encoder::new(Vec::new(), 3).unwrap();
    std::io::Write::write_all(&mut stream, &content).unwrap();
    let without_size = stream.finish().unwrap();
    vec![
        failure(
            "no_form",
            "it has no form",
            "An empty plaintext.",
            Vec::new(),
        ),
        failure(
            "form_2",
            "its form is not known",
            "Stored is 0, compressed is 1.",
            as_form(2, b"x"),
        ),
        failure(
            "content_empty",
            "it is empty",
            "A form and nothing behind it.",
            as_form(0, b""),
        ),
        failure(
            "not_zstd",
            size,
            "Called compressed, and is not.",
            as_form(1, &content),
        ),
        failure(
            "without_size",
            size,
            "A frame says how long it is before it is expanded.",
            as_form(1, &without_size),
        ),
        failure(
            "over_256_kib",
            "it is too long",
            "One byte more than content has.",
            as_form(1, &too_long),
        ),
        failure(
            "frame_cut",
            other_size,
            "A frame without its end.",
            as_form(1, &packed[..packed.len() - 1]),
        ),
        failure(
            "frame_followed",
            "something follows the frame",
            "An empty frame behind the frame: another payload for the same content.",
            as_form(1, &[packed.as_slice(), &empty_frame].concat()),
        ),
        failure(
            "compressed_to_more",
            "compressing did not make it shorter",
            "It would have been stored.",
            as_form(1, &longer),
        ),
    ]
}
