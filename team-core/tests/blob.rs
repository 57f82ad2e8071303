//! Chunks of files, and blobs.

use std::io::{self, Read};

use pack_format::secret::Secret32;
use proptest::prelude::*;
use team_core::blob::{
    BLOB_BYTES_MAX, BlobCodec, BlobError, BlobId, BlobKey, BlobSecret, CHUNK_BYTES_MAX,
    CHUNK_BYTES_MIN, Chunker, PlainHash, SealedBlob,
};
use team_core::epoch::EpochKey;

fn secret(byte: u8) -> BlobSecret {
    BlobSecret::of(&EpochKey::from_stored(Secret32::new([byte; 32])))
}

fn seal(chunk: &[u8]) -> SealedBlob {
    BlobCodec::new().unwrap().seal(&secret(1), chunk).unwrap()
}

fn open(blob: &SealedBlob) -> Result<Vec<u8>, BlobError> {
    let mut codec = BlobCodec::new().unwrap();
    codec.open(blob.id, &blob.key, blob.size_bytes, &blob.carried)
}

fn noise(seed: u8, len: usize) -> Vec<u8> {
    let mut noise = vec![0; len];
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[seed]).finalize_xof().fill(&mut noise);
    noise
}

fn chunks(content: &[u8]) -> Vec<Vec<u8>> {
    Chunker::new(content).map(Result::unwrap).collect()
}

#[test]
fn a_chunk_comes_back() {
    for chunk in [vec![7], noise(1, CHUNK_BYTES_MAX), vec![0; CHUNK_BYTES_MAX]] {
        let blob = seal(&chunk);
        assert!(blob.carried.len() <= BLOB_BYTES_MAX);
        assert_eq!(open(&blob).unwrap(), chunk);
    }
}

#[test]
fn equal_chunks_are_one_blob_inside_an_epoch_and_never_across() {
    let chunk = noise(1, 5000);
    assert_eq!(seal(&chunk), seal(&chunk));
    let other = BlobCodec::new().unwrap().seal(&secret(2), &chunk).unwrap();
    assert_ne!(other.id, seal(&chunk).id);
    assert_ne!(other.key, seal(&chunk).key);
    assert_ne!(other.carried[..16], seal(&chunk).carried[..16]);
}

#[test]
fn chunks_of_no_or_too_many_bytes_are_refused() {
    let mut codec = BlobCodec::new().unwrap();
    for len in [0, CHUNK_BYTES_MAX + 1] {
        let refused = codec.seal(&secret(1), &vec![0; len]).unwrap_err();
        assert!(matches!(refused, BlobError::ChunkLength { .. }));
        let len = u32::try_from(len).unwrap();
        let refused = codec.open(BlobId([0; 32]), &BlobKey([0; 32]), len, b"");
        assert!(matches!(refused, Err(BlobError::ChunkLength { .. })));
    }
}

#[test]
fn insider_cannot_name_a_wrong_key_or_length() {
    let blob = seal(b"a chunk of a file");
    let wrong_key = SealedBlob {
        key: BlobKey([9; 32]),
        ..seal(b"a chunk of a file")
    };
    let refused = open(&wrong_key).unwrap_err();
    assert!(matches!(refused, BlobError::Unopenable { id } if id == blob.id));
    for size_bytes in [blob.size_bytes - 1, blob.size_bytes + 1] {
        let wrong = SealedBlob {
            size_bytes,
            ..seal(b"a chunk of a file")
        };
        let refused = open(&wrong).unwrap_err();
        assert!(matches!(refused, BlobError::Form { .. }));
    }
}

#[test]
fn courier_cannot_put_another_blob_under_a_name() {
    let (one, other) = (seal(b"one"), seal(b"other"));
    let mixed = SealedBlob {
        carried: other.carried,
        ..one
    };
    assert!(matches!(
        open(&mixed).unwrap_err(),
        BlobError::OtherBlob { .. }
    ));
}

#[test]
fn a_compressed_chunk_expands_to_its_length_only() {
    let blob = seal(&vec![7; CHUNK_BYTES_MAX]);
    assert!(blob.carried.len() < 1000);
    let short = SealedBlob {
        size_bytes: 1000,
        ..blob
    };
    assert!(matches!(open(&short).unwrap_err(), BlobError::Form { .. }));
}

#[test]
fn nothing_of_a_key_or_a_plain_hash_is_shown() {
    assert_eq!(format!("{:?}", BlobKey([7; 32])), "BlobKey([redacted])");
    assert_eq!(
        format!("{:?}", PlainHash::of(b"chunk")),
        "PlainHash([redacted])"
    );
    assert_eq!(format!("{:?}", secret(1)), "BlobSecret([redacted])");
}

#[test]
fn an_empty_file_has_no_chunk() {
    assert!(chunks(b"").is_empty());
}

#[test]
fn chunks_have_the_lengths_they_may_have_and_make_up_the_file() {
    let content = noise(1, 6_000_001);
    let chunks = chunks(&content);
    let (last, rest) = chunks.split_last().unwrap();
    assert!((1..=CHUNK_BYTES_MAX).contains(&last.len()));
    for chunk in rest {
        assert!((CHUNK_BYTES_MIN..=CHUNK_BYTES_MAX).contains(&chunk.len()));
    }
    assert_eq!(chunks.concat(), content);
    let same = vec![0; 3 * CHUNK_BYTES_MAX + 5];
    let lengths: Vec<_> = self::chunks(&same).iter().map(Vec::len).collect();
    assert_eq!(
        lengths,
        [CHUNK_BYTES_MAX, CHUNK_BYTES_MAX, CHUNK_BYTES_MAX, 5]
    );
}

/// Vaults that cut otherwise carry every chunk twice.
#[test]
fn cuts_are_where_every_version_makes_them() {
    let lengths: Vec<_> = chunks(&noise(1, 2_000_000)).iter().map(Vec::len).collect();
    assert_eq!(lengths, CUTS);
}

const CUTS: [usize; 8] = [
    296_077, 91_172, 266_704, 165_135, 210_577, 448_075, 428_313, 93_947,
];

#[test]
fn a_change_in_the_middle_makes_few_new_chunks() {
    let before = noise(1, 8_000_000);
    let mut after = before.clone();
    after.splice(3_000_000..3_000_000, *b"put in");
    let known = chunks(&before);
    let new = chunks(&after);
    let changed = new.iter().filter(|chunk| !known.contains(chunk)).count();
    assert!(new.len() > 15 && changed <= 3, "{changed} of {}", new.len());
}

/// Gives one byte at a time, and is interrupted again and again.
struct Slow<'a>(&'a [u8], bool);

impl Read for Slow<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let len = buf.len().min(1000);
        self.0.read(&mut buf[..len])
    }
}

#[test]
fn a_slow_source_is_cut_alike() {
    let content = noise(2, 1_500_000);
    let slow: Vec<_> = Chunker::new(Slow(&content, false))
        .map(Result::unwrap)
        .collect();
    assert_eq!(slow, chunks(&content));
}

#[test]
fn a_source_that_fails_ends_with_its_error() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }
    let begun = io::Cursor::new(noise(1, 10));
    let mut chunks = Chunker::new(begun.chain(Failing));
    assert!(chunks.next().unwrap().is_err());
    assert!(chunks.next().is_none());
}

proptest! {
    #[test]
    fn courier_cannot_alter_a_blob(
        chunk in prop::collection::vec(any::<u8>(), 1..500),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut blob = seal(&chunk);
        let at = at.index(blob.carried.len());
        blob.carried[at] ^= 1 << bit;
        let refused = open(&blob).unwrap_err();
        prop_assert!(matches!(refused, BlobError::OtherBlob { .. }), "{}", refused);
        // Also under the name that the altered bytes have.
        blob.id = BlobId::of(&blob.carried);
        let refused = open(&blob).unwrap_err();
        prop_assert!(matches!(refused, BlobError::Unopenable { .. }), "{}", refused);
    }

    #[test]
    fn any_chunk_comes_back(chunk in prop::collection::vec(any::<u8>(), 1..5000)) {
        prop_assert_eq!(open(&seal(&chunk)).unwrap(), chunk);
    }
}
