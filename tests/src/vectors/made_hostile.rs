//! Vectors of bundles that a courier, a relay, an outsider or an insider has had in hand.

use pack_format::codec::Wire as _;

use super::file::VectorFile;
use super::made_bundle::{HELLO, behind_zero_share, for_readers, seal_to};
use super::people::{AMINA, BILAL, CAROL, chain_secret, noise};
use super::recipe::{BUNDLE_KEY, Recipe, chain_slot, sender_to, slot_payload};
use super::signatures::{EMPTY_SIGNATURE, SMALL_ORDER_KEY, unreduced};

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = slots();
    files.extend(sealed_bytes());
    files.extend(trailers());
    files.extend(padding());
    files.extend(senders());
    files.extend(manifests());
    files
}

fn refused(condition: &str, kind: &str, comment: &str, bundle: Vec<u8>) -> VectorFile {
    BILAL
        .opens(VectorFile::failure("bundle", condition, kind, comment))
        .bytes(bundle)
}

fn because(
    condition: &str,
    kind: &str,
    reason: &str,
    comment: &str,
    bundle: Vec<u8>,
) -> VectorFile {
    BILAL
        .opens(VectorFile::failure("bundle", condition, kind, comment))
        .with("reason", reason)
        .bytes(bundle)
}

fn hello() -> Recipe {
    Recipe::new(HELLO)
}

fn slots() -> Vec<VectorFile> {
    let nobody = "not-for-this-vault";
    let counted = |kem, chain| {
        let payload = slot_payload(&BUNDLE_KEY, kem, chain, 1);
        hello().but(|recipe| recipe.front = chain_slot(&chain_secret(0), &payload))
    };
    let (for_carol, _) = seal_to(vec![(&CAROL, None)], HELLO, 30);
    let taken = BILAL
        .opens(VectorFile::failure(
            "bundle",
            "taken_in_before",
            nobody,
            "The same bundle again: the secret of its slot is gone.",
        ))
        .with("taken", "0");
    vec![
        refused("no_bytes", nobody, "No bytes.", Vec::new()),
        refused("junk", nobody, "What an outsider sends.", noise(1500)),
        refused("for_another", nobody, "A bundle for Carol.", for_carol),
        refused(
            "kem_share_zero",
            nobody,
            "Right in everything but the X25519 share of its slot.",
            behind_zero_share().seal(),
        ),
        taken.bytes(hello().seal()),
        refused(
            "slots_not_padded",
            nobody,
            "Three chain slots: not a power of two.",
            counted(0, 3).seal(),
        ),
        refused(
            "slots_counted_short",
            "commitment",
            "The slot says that no slot stands in front.",
            counted(0, 0).seal(),
        ),
        refused(
            "slots_counted_long",
            "commitment",
            "The slot says that two slots stand in front.",
            counted(0, 2).seal(),
        ),
        refused(
            "slots_beyond_end",
            "length",
            "The slot says that the content begins behind the end.",
            counted(128, 128).seal(),
        ),
    ]
}

fn sealed_bytes() -> Vec<VectorFile> {
    let bundle = hello().seal();
    let flipped = |at: usize| {
        let mut bundle = bundle.clone();
        bundle[at] ^= 1;
        bundle
    };
    let end = bundle.len();
    let other = hello().but(|recipe| recipe.bundle_key = [78; 32]).seal();
    let (mut four, _) = seal_to(
        vec![(&BILAL, Some(chain_secret(0))), (&CAROL, None)],
        HELLO,
        31,
    );
    four[5] ^= 1;
    let slot = 80;
    vec![
        refused(
            "altered_other_slot",
            "commitment",
            "One bit of a slot that is not the reader's own.",
            four,
        ),
        refused(
            "altered_salt",
            "commitment",
            "One bit of the salt.",
            flipped(slot),
        ),
        refused(
            "altered_commitment",
            "commitment",
            "One bit of the key commitment.",
            flipped(slot + 24),
        ),
        refused(
            "altered_chunk",
            "chunk-altered",
            "One bit of the content.",
            flipped(slot + 56),
        ),
        refused(
            "altered_tag",
            "chunk-altered",
            "One bit of the last tag.",
            flipped(end - 1),
        ),
        refused(
            "slots_of_another",
            "commitment",
            "The slot of one bundle before the content of another.",
            [&bundle[..slot], &other[slot..]].concat(),
        ),
        refused(
            "cut_in_prefix",
            "length",
            "The bundle ends inside the commitment.",
            bundle[..slot + 55].to_vec(),
        ),
        refused(
            "cut_before_chunks",
            "length",
            "The bundle ends behind the commitment.",
            bundle[..slot + 56].to_vec(),
        ),
        refused(
            "cut_in_tag",
            "length",
            "Fewer bytes than a tag.",
            bundle[..slot + 71].to_vec(),
        ),
        refused(
            "cut_last_byte",
            "chunk-altered",
            "The last byte is missing.",
            bundle[..end - 1].to_vec(),
        ),
        refused(
            "extended",
            "chunk-altered",
            "One byte follows.",
            [bundle.as_slice(), &[0]].concat(),
        ),
    ]
}

fn trailers() -> Vec<VectorFile> {
    let recipe = hello();
    let (offset, manifest) = (recipe.frames.len() as u64, recipe.manifest.len());
    let sender = recipe.sender.len() + 64;
    let with = |bytes: Vec<u8>| hello().but(|recipe| recipe.trailer = Some(bytes)).seal();
    let outside = "the footer lies outside the bundle";
    let raw = |offset: u64, manifest: u32, sender: u32| {
        let offset = offset.to_be_bytes();
        with(
            [
                offset.as_slice(),
                &manifest.to_be_bytes(),
                &sender.to_be_bytes(),
            ]
            .concat(),
        )
    };
    let small = |len: usize| u32::try_from(len).unwrap();
    let manifest_max = 16 << 20;
    vec![
        because(
            "plaintext_empty",
            "truncated",
            "bundle trailer",
            "Sealed, but nothing inside.",
            hello().seal_plain(b""),
        ),
        because(
            "plaintext_of_15_bytes",
            "truncated",
            "bundle trailer",
            "Shorter than a trailer.",
            hello().seal_plain(&[0; 15]),
        ),
        because(
            "trailer_of_zeros",
            "truncated",
            "sender block version",
            "No manifest, no sender block.",
            hello().seal_plain(&[0; 16]),
        ),
        because(
            "trailer_offset_2_to_the_64",
            "rule",
            outside,
            "An offset that overflows when it is added to.",
            raw(u64::MAX, small(manifest), small(sender)),
        ),
        because(
            "trailer_beyond_end",
            "rule",
            outside,
            "The sender block reaches into the trailer.",
            raw(offset + 40, small(manifest), small(sender)),
        ),
        because(
            "trailer_manifest_over_limit",
            "over-limit",
            "manifest length",
            "16 MiB and a byte.",
            raw(offset, manifest_max + 1, small(sender)),
        ),
        because(
            "trailer_sender_over_limit",
            "over-limit",
            "sender block length",
            "Longer than with 128 readers.",
            raw(offset, small(manifest), 46 + 64 + 32 * 128 + 1),
        ),
        because(
            "trailer_sender_shorter",
            "truncated",
            "sender signature",
            "The sender block is said to end early.",
            raw(offset, small(manifest), small(sender - 1)),
        ),
        because(
            "trailer_sender_longer",
            "trailing-bytes",
            "sender block",
            "The sender block is said to end late.",
            raw(offset, small(manifest), small(sender + 1)),
        ),
    ]
}

fn padding() -> Vec<VectorFile> {
    let plain = hello().plain().len();
    let content = plain - padding_len();
    let with = |bytes: Vec<u8>| hello().but(|recipe| recipe.padding = Some(bytes)).seal();
    let length = "the padding has another length";
    let mut marked = vec![0; padding_len()];
    if let Some(last) = marked.last_mut() {
        *last = 1;
    }
    vec![
        because(
            "padding_missing",
            "rule",
            length,
            "No padding where there must be some.",
            with(Vec::new()),
        ),
        because(
            "padding_one_byte_more",
            "rule",
            length,
            "One zero too many.",
            with(vec![0; padding_len() + 1]),
        ),
        because(
            "padding_to_the_next_size",
            "rule",
            length,
            "Padded to a Padmé size that is not the least.",
            with(vec![0; 1024 - content]),
        ),
        because(
            "padding_not_zero",
            "rule",
            "the padding is not zero",
            "A byte hidden in the padding.",
            with(marked),
        ),
    ]
}

fn padding_len() -> usize {
    let recipe = hello();
    let block = recipe.sender.len() + 64;
    let content = recipe.frames.len() + recipe.manifest.len() + block + 16;
    recipe.plain().len() - content
}

fn senders() -> Vec<VectorFile> {
    let bad = "bad-signature";
    let signature: [u8; 64] = {
        let recipe = hello();
        let at = recipe.frames.len() + recipe.manifest.len() + recipe.sender.len();
        recipe.plain()[at..at + 64].try_into().unwrap()
    };
    let signed = |change: &dyn Fn(&mut Recipe)| hello().but(|recipe| change(recipe)).seal();
    let other_head = hello()
        .but(|recipe| {
            recipe.front = chain_slot(&chain_secret(1), &slot_payload(&BUNDLE_KEY, 0, 1, 2));
        })
        .head();
    let small_order = sender_of(SMALL_ORDER_KEY);
    let manifest_only = hello().manifest;
    vec![
        refused(
            "sender_other_slots",
            bad,
            "The signature was made for other slots.",
            signed(&|recipe| recipe.signed_head = Some(other_head.clone())),
        ),
        refused(
            "sender_other_label",
            bad,
            "The signature was made for a card.",
            signed(&|recipe| recipe.label = "causeway/card/v1"),
        ),
        refused(
            "sender_other_key",
            bad,
            "Signed by Carol, in Amina's name.",
            signed(&|recipe| recipe.signer = CAROL.identity()),
        ),
        refused(
            "sender_signature_not_reduced",
            bad,
            "S + L in place of S.",
            signed(&|recipe| recipe.signature = Some(unreduced(&signature))),
        ),
        refused(
            "sender_of_small_order",
            bad,
            "A key under which a lax verifier accepts any message.",
            signed(&|recipe| {
                recipe.sender.clone_from(&small_order);
                recipe.signature = Some(EMPTY_SIGNATURE);
            }),
        ),
        refused(
            "sender_altered_manifest",
            bad,
            "The manifest is not the one that was signed.",
            signed(&|recipe| {
                recipe.signature = Some(signature);
                recipe.manifest = [&manifest_only[..manifest_only.len() - 1], &[0]].concat();
            }),
        ),
        refused(
            "sender_altered_time",
            bad,
            "The time is not the one that was signed.",
            signed(&|recipe| {
                recipe.signature = Some(signature);
                recipe.sender[44] ^= 1;
            }),
        ),
        because(
            "sender_version_2",
            "unknown",
            "sender block version",
            "A version that is not known.",
            signed(&|recipe| recipe.sender[0] = 2),
        ),
        because(
            "sender_readers_descending",
            "rule",
            "readers are not in order",
            "There is one order.",
            descending().seal(),
        ),
        because(
            "sender_trailing_byte",
            "trailing-bytes",
            "sender block",
            "A byte behind the signature.",
            signed(&|recipe| recipe.behind_signature = vec![0]),
        ),
        refused(
            "passed_on",
            "passed-on",
            "Signed for Carol, who sealed its key to Bilal: he would believe that Amina wrote to him.",
            for_readers(vec![CAROL.fingerprint()]).seal(),
        ),
        refused(
            "passed_on_own_name",
            "passed-on",
            "Signed for its own sender alone.",
            for_readers(vec![AMINA.fingerprint()]).seal(),
        ),
    ]
}

fn sender_of(key: [u8; 32]) -> Vec<u8> {
    let mut sender = sender_to(vec![BILAL.fingerprint()]);
    sender.identity.0 = key;
    sender.to_wire()
}

fn descending() -> Recipe {
    let mut sender = sender_to(vec![BILAL.fingerprint(), CAROL.fingerprint()]);
    sender.readers.reverse();
    hello().but(|recipe| recipe.sender = sender.to_wire())
}

fn manifests() -> Vec<VectorFile> {
    let signed = |change: &dyn Fn(&mut Recipe)| hello().but(|recipe| change(recipe)).seal();
    let another = "the frames have another length";
    vec![
        because(
            "manifest_version_2",
            "unknown",
            "manifest version",
            "Signed, but of a version that is not known.",
            signed(&|recipe| recipe.manifest[0] = 2),
        ),
        because(
            "manifest_trailing_byte",
            "trailing-bytes",
            "manifest",
            "Signed, but with a byte behind it.",
            signed(&|recipe| recipe.manifest.push(0)),
        ),
        because(
            "manifest_leaves_folder",
            "rule",
            "a path could leave its folder",
            "Signed, but a path would be written outside.",
            signed(&|recipe| {
                recipe.frames.clear();
                recipe.manifest =
                    b"\x01\0\0\0\x01\x05\0\x09../../etc\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
            }),
        ),
        because(
            "frames_shorter",
            "rule",
            another,
            "The manifest names more bytes than stand there.",
            signed(&|recipe| recipe.frames.truncate(4)),
        ),
        because(
            "frames_longer",
            "rule",
            another,
            "A byte that belongs to no frame.",
            signed(&|recipe| recipe.frames.push(0)),
        ),
        refused(
            "frame_replaced",
            "frame-replaced",
            "Another reader wrote other content under Amina's signature.",
            signed(&|recipe| recipe.frames = b"HELLO".to_vec()),
        ),
    ]
}
