//! Vectors of whole bundles.

use bundle_format::content::HeldContents;
use bundle_format::manifest::{BundlePath, EntryKind};
use bundle_format::seal::{Reader, SealRequest, Sealed, seal};
use bundle_format::slot::SlotKey;
use pack_format::codec::Wire as _;
use pack_format::ratchet::{PackSecret, Side};

use super::file::VectorFile;
use super::people::{AMINA, BILAL, CAROL, Person, chain_secret, rng, secret_of};
use super::recipe::{
    BUNDLE_KEY, Recipe, chain_slot, frame, kem_slot_with_zero_share, slot_payload,
};
use super::run::{hash, out};
use super::run_vault::sender_outs;

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = accepted();
    files.extend(sealed_by_the_library());
    files.extend(compressed());
    files.extend(super::made_hostile::all());
    files
}

pub(super) const HELLO: &[(EntryKind, &[u8])] = &[(EntryKind::Message, b"hello")];

/// A bundle to Bilal that he must accept, in chain slot 0.
fn success(condition: &str, comment: &str, recipe: &Recipe) -> VectorFile {
    success_as(condition, comment, "chain 0 0", 1, recipe)
}

fn success_as(
    condition: &str,
    comment: &str,
    opened_by: &str,
    sequence: u64,
    recipe: &Recipe,
) -> VectorFile {
    BILAL
        .opens(VectorFile::success("bundle", condition, comment))
        .with_all(vec![out("opened-by", opened_by), out("sequence", sequence)])
        .with_all(recipe.outs.clone())
        .bytes(recipe.seal())
}

fn accepted() -> Vec<VectorFile> {
    let path = |path| BundlePath::new(path).unwrap();
    let file = |name, executable| EntryKind::File {
        path: path(name),
        executable,
    };
    let tree: Vec<(EntryKind, &[u8])> = vec![
        (EntryKind::Message, b"read this first"),
        (file("a/empty", false), b""),
        (file("a/letter", false), b"Dear Bilal"),
        (EntryKind::Folder(path("b")), b""),
        (file("run", true), b"#!/bin/sh\n"),
    ];
    let not_counted = Recipe::new(HELLO).but(|recipe| {
        recipe.front = chain_slot(&chain_secret(0), &slot_payload(&BUNDLE_KEY, 0, 1, 0));
    });
    let own_copy = Recipe::new(HELLO);
    vec![
        success("message", "The smallest useful bundle.", &Recipe::new(HELLO)),
        success("empty", "No entries, no frames.", &Recipe::new(&[])),
        success("tree", "Files, an empty folder, an executable.", &Recipe::new(&tree)),
        success_as("not_counted", "Sequence 0.", "chain 0 0", 0, &not_counted),
        VectorFile::success(
            "bundle",
            "own_copy",
            "The sender opens its own bundle with the key that it kept, and is not among the readers.",
        )
        .with_hex("own-copy-key", &BUNDLE_KEY)
        .with("own-copy-slots", "0 1")
        .with_all(own_copy.outs.clone())
        .bytes(own_copy.seal()),
    ]
}

/// Seals as the vault does; `seed` sets every random choice.
pub(super) fn seal_to(
    readers: Vec<(&Person, Option<PackSecret>)>,
    entries: &[(EntryKind, &[u8])],
    seed: u64,
) -> (Vec<u8>, Sealed) {
    let identity = AMINA.identity();
    let keys: Vec<_> = readers.iter().map(|(reader, _)| reader.kem_key()).collect();
    let to = readers
        .into_iter()
        .zip(&keys)
        .map(|((reader, chain), key)| Reader {
            fingerprint: reader.fingerprint(),
            sequence: 1,
            key: chain.map_or(SlotKey::Kem(key), SlotKey::Chain),
        });
    let request = SealRequest {
        identity: &identity,
        incarnation: 1,
        created_at: 1_700_000_000,
        readers: to.collect(),
    };
    let mut bundle = Vec::new();
    let mut contents = HeldContents::new(entries.to_vec());
    let sealed = seal(
        &request,
        &mut contents,
        &mut bundle,
        &mut rng(seed),
        &mut |_| true,
    )
    .unwrap();
    (bundle, sealed)
}

fn sealed_by_the_library() -> Vec<VectorFile> {
    let chain_for_carol = || secret_of(&[51; 32], Side::Showed, 0);
    let sealed = |condition, comment, readers: Vec<(&Person, Option<PackSecret>)>, seed| {
        let named = readers
            .iter()
            .map(|(reader, _)| reader.fingerprint())
            .collect();
        let bilal_by_chain = readers[0].1.is_some();
        let (bundle, sealed) = seal_to(readers, HELLO, seed);
        let opened_by = sealed.chain_roots[0].as_ref().map(|root| {
            let root = data_encoding::HEXLOWER.encode(root.expose());
            format!("kem {root}")
        });
        assert_eq!(bilal_by_chain, opened_by.is_none());
        let opened_by = opened_by.unwrap_or_else(|| "chain 0 0".to_owned());
        BILAL
            .opens(VectorFile::success("bundle", condition, comment))
            .with_all(vec![out("opened-by", opened_by), out("sequence", 1)])
            .with_all(sender_outs(&super::recipe::sender_to(named)))
            .with("out-entry", format!("{} message 5", hash(b"hello")))
            .bytes(bundle)
    };
    vec![
        sealed(
            "sealed_kem",
            "As a vault seals to somebody new.",
            vec![(&BILAL, None)],
            20,
        ),
        sealed(
            "sealed_chain",
            "As a vault seals to a contact.",
            vec![(&BILAL, Some(chain_secret(0)))],
            21,
        ),
        sealed(
            "sealed_both_kinds",
            "Two readers, one of each kind of slot.",
            vec![(&BILAL, Some(chain_secret(0))), (&CAROL, None)],
            22,
        ),
        sealed(
            "sealed_three_readers",
            "Three readers hide among four slots.",
            vec![
                (&BILAL, Some(chain_secret(0))),
                (&CAROL, Some(chain_for_carol())),
                (&AMINA, Some(secret_of(&[52; 32], Side::Showed, 0))),
            ],
            23,
        ),
    ]
}

fn compressed() -> Vec<VectorFile> {
    let zeros = vec![0; (1 << 20) + 10];
    let file = EntryKind::File {
        path: BundlePath::new("zeros").unwrap(),
        executable: false,
    };
    let (full, rest) = (zip(&zeros[..1 << 20]), &zeros[1 << 20..]);
    let frames = vec![frame(true, &full), frame(false, rest)];
    let two = Recipe::with_frames(&[(file, &zeros)], frames)
        .but(|recipe| recipe.frames = [full.as_slice(), rest].concat());
    let text = b"word ".repeat(100);
    let message = |stored: Vec<u8>| {
        Recipe::with_frames(&[(EntryKind::Message, &text)], vec![frame(true, &stored)])
            .but(|recipe| recipe.frames = stored)
    };
    let split = [zip(&text[..250]), zip(&text[250..])].concat();
    let refused = |condition, comment, recipe: &Recipe| {
        BILAL
            .opens(VectorFile::failure("bundle", condition, "rule", comment))
            .with("reason", "a frame does not expand to its declared length")
            .bytes(recipe.seal())
    };
    let expands = |content: &[u8]| message(zip(content));
    let longer = b"word ".repeat(101);
    let bomb = zip(&vec![b'w'; 1 << 20]);
    assert!(bomb.len() < text.len());
    vec![
        success(
            "compressed_frame",
            "A frame that shrank.",
            &message(zip(&text)),
        ),
        success(
            "compressed_frame_of_two",
            "A frame may be several zstd frames in a row.",
            &message(split),
        ),
        success(
            "two_frames",
            "A compressed frame of 1 MiB and a stored one.",
            &two,
        ),
        refused(
            "frame_expands_to_more",
            "Five bytes more than declared.",
            &expands(&longer),
        ),
        refused(
            "frame_expands_to_less",
            "Five bytes fewer than declared.",
            &expands(&text[5..]),
        ),
        refused(
            "frame_bomb",
            "1 MiB where 500 bytes are declared: nothing is expanded beyond those.",
            &message(bomb),
        ),
        refused(
            "frame_not_zstd",
            "Signed, but not zstd.",
            &message(b"word word word".to_vec()),
        ),
        refused(
            "frame_zstd_cut",
            "Signed, but cut.",
            &message(zip(&text)[..20].to_vec()),
        ),
    ]
}

fn zip(content: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(content, 3).unwrap()
}

/// Slots that only the check of the X25519 share refuses, in front of a bundle that is right.
pub(super) fn behind_zero_share() -> Recipe {
    Recipe::new(HELLO).but(|recipe| {
        recipe.front = kem_slot_with_zero_share(&slot_payload(&BUNDLE_KEY, 1, 0, 1), &mut rng(24));
    })
}

/// Amina's sender block for readers that are not Bilal alone.
pub(super) fn for_readers(readers: Vec<bundle_format::identity::Fingerprint>) -> Recipe {
    Recipe::new(HELLO).but(|recipe| recipe.sender = super::recipe::sender_to(readers).to_wire())
}
