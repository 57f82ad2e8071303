//! Vectors of packs and of the items in them.

use std::io;

use pack_format::chunked::{Cobblestone, ReadAt, SALT_BYTES};
use pack_format::codec::{Wire as _, Writer};
use pack_format::item::{CourierReport, Item, PackReceipts, PartialPack, SigningBytes};
use pack_format::pack::{BundleSource, PackPlan, PlannedItem, SealedPack};
use pack_format::ratchet::PackSecret;
use pack_format::relay::{ContentId, FetchToken};
use pack_format::secret::Secret32;

use super::file::VectorFile;
use super::made_statement::{acknowledgement, open_mailbox, relay, stored_receipt, ticket};
use super::run::{hash, out};

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = accepted();
    files.extend(refused_seals());
    files.extend(refused_content());
    files.extend(super::made_item::all());
    files
}

const SECRET: [u8; 32] = [8; 32];

fn item_line(kind: u8, body: &[u8]) -> (String, String) {
    out("item", format!("{kind} {} {}", body.len(), hash(body)))
}

fn success(condition: &str, comment: &str, items: &[(u8, &[u8])], bytes: Vec<u8>) -> VectorFile {
    let outs = items.iter().map(|(kind, body)| item_line(*kind, body));
    VectorFile::success("pack", condition, comment)
        .with_hex("pack-secret", &SECRET)
        .with_all(outs.collect())
        .bytes(bytes)
}

fn refused(condition: &str, kind: &str, comment: &str, bytes: Vec<u8>) -> VectorFile {
    VectorFile::failure("pack", condition, kind, comment)
        .with_hex("pack-secret", &SECRET)
        .bytes(bytes)
}

/// One bundle, held in memory.
struct OneBundle(Vec<u8>);

impl BundleSource for OneBundle {
    fn bundle(&self, content_id: &ContentId) -> io::Result<Box<dyn ReadAt + '_>> {
        assert_eq!(*content_id, ContentId::of(&self.0));
        Ok(Box::new(self.0.as_slice()))
    }
}

/// Every kind of item that a pack carries.
pub(super) fn every_item() -> Vec<Item> {
    let receipts = PackReceipts {
        taken: vec![(0, 4), (6, 6)],
        partial: vec![PartialPack {
            index: 7,
            part_count: 3,
            missing: vec![0, 2],
        }],
    };
    let report = CourierReport {
        content_id: ContentId([0; 32]),
        code: "relay-full".to_owned(),
        text: "the relay has no room".to_owned(),
    };
    vec![
        Item::Receipts(receipts),
        Item::Open(relay(), open_mailbox()),
        Item::Fetch(relay(), FetchToken(Secret32::new([81; 32]))),
        Item::Ticket(relay(), ticket()),
        Item::Acknowledge(relay(), acknowledgement()),
        Item::Stored(stored_receipt()),
        Item::Report(report),
        Item::Request(SigningBytes::new(super::made_request::right().parcel()).unwrap()),
        Item::Reply(SigningBytes::new(super::made_reply::refusal()).unwrap()),
    ]
}

/// A pack as the library seals it.
fn sealed(items: Vec<PlannedItem>, bundle: &[u8]) -> Vec<u8> {
    let plan = PackPlan::new(items).unwrap();
    let source = OneBundle(bundle.to_vec());
    let pack = SealedPack::new(&PackSecret::from_stored(SECRET), &plan, &source).unwrap();
    let mut bytes = vec![0; usize::try_from(pack.size_bytes()).unwrap()];
    pack.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

/// A pack with any content and salt, written from the specification.
fn seal_plain_with(salt: &[u8; SALT_BYTES], plain: &[u8]) -> Vec<u8> {
    let key = Secret32::new(SECRET).derive("causeway/pack/v1 seal", b"");
    let cipher = Cobblestone::new(&key, salt, b"causeway/pack/v1");
    let mut bytes = cipher.prefix().to_vec();
    cipher.seal_run(0, plain, true, &mut bytes);
    bytes
}

/// The same, with a salt that comes of no plan: readers do not ask.
fn seal_plain(plain: &[u8]) -> Vec<u8> {
    seal_plain_with(&[34; SALT_BYTES], plain)
}

/// `BLAKE3-keyed(secret/"causeway/pack/v1 salt", plan)[..24]`
fn salt_of(plan: &[u8]) -> [u8; SALT_BYTES] {
    let key = Secret32::new(SECRET).derive("causeway/pack/v1 salt", b"");
    let hash = blake3::keyed_hash(key.expose(), plan);
    hash.as_bytes()[..SALT_BYTES].try_into().unwrap()
}

/// The content with zeros behind it, up to the smallest length of a pack.
fn padded(content: &[u8]) -> Vec<u8> {
    padded_to(CONTENT_SMALLEST, content)
}

/// The content with zeros behind it.
fn padded_to(len: usize, content: &[u8]) -> Vec<u8> {
    assert!(content.len() <= len);
    let mut plain = content.to_vec();
    plain.resize(len, 0);
    plain
}

const CONTENT_SMALLEST: usize = 16_384;

/// `kind || length || body`
fn item(kind: u8, len: u64, body: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.u8(kind).u64(len).put(body);
    writer.into_bytes()
}

/// Receipts of nothing.
const EMPTY_RECEIPTS: [u8; 8] = [0; 8];
const END: [u8; 9] = [0; 9];

fn right() -> Vec<u8> {
    seal_plain(&padded(
        &[item(2, 8, &EMPTY_RECEIPTS), END.to_vec()].concat(),
    ))
}

/// A bundle of as many bytes, none of them zero.
fn filler(len: usize) -> Vec<u8> {
    item(1, len as u64, &vec![b'x'; len])
}

/// Every kind of item and `bundle`, written from the specification with the salt of their plan.
fn written(items: &[(u8, &[u8])], bundle: &[u8]) -> Vec<u8> {
    let mut plan = Writer::new();
    let mut content = Vec::new();
    plan.count(items.len() + 1);
    for (kind, body) in items {
        plan.u8(*kind).count(body.len()).put(body);
        content.extend(item(*kind, body.len() as u64, body));
    }
    let len = bundle.len() as u64;
    plan.u8(1).put(blake3::hash(bundle).as_bytes()).u64(len);
    content.extend([item(1, len, bundle), END.to_vec()].concat());
    seal_plain_with(&salt_of(&plan.into_bytes()), &padded(&content))
}

fn accepted() -> Vec<VectorFile> {
    let items = every_item();
    let bundle = b"any bytes: a pack does not look into bundles";
    let content_id = ContentId::of(bundle);
    let mut planned: Vec<_> = items.iter().map(PlannedItem::small).collect();
    planned.push(PlannedItem::Bundle {
        content_id,
        size_bytes: bundle.len() as u64,
    });
    let bodies: Vec<_> = items
        .iter()
        .map(|item| (item.kind(), item.body()))
        .collect();
    let mut all: Vec<(u8, &[u8])> = bodies
        .iter()
        .map(|(kind, body)| (*kind, body.as_slice()))
        .collect();
    let every_item = written(&all, bundle);
    assert!(
        every_item == sealed(planned, bundle),
        "the library seals something else than the specification says"
    );
    all.push((1, bundle));
    let no_bundle = item(1, 0, b"");
    let long = filler(20_000);
    vec![
        success(
            "every_item",
            "As a machine seals it: 16 KiB, whatever is inside.",
            &all,
            every_item,
        ),
        success(
            "receipts",
            "A reader takes the salt from the pack and does not ask how it was made.",
            &[(2, &EMPTY_RECEIPTS)],
            right(),
        ),
        success(
            "no_items",
            "An end mark and nothing else.",
            &[],
            seal_plain(&padded(&END)),
        ),
        success(
            "bundle_of_no_bytes",
            "Not a bundle, but that is for the vault to say.",
            &[(1, b"")],
            seal_plain(&padded(&[no_bundle.as_slice(), &END].concat())),
        ),
        success(
            "longer_than_16_kib",
            "20,018 bytes of content are padded to 20,480.",
            &[(1, &long[9..])],
            seal_plain(&padded_to(20_480, &[long.as_slice(), &END].concat())),
        ),
    ]
}

fn refused_seals() -> Vec<VectorFile> {
    let pack = right();
    let flipped = |at: usize| {
        let mut pack = pack.clone();
        pack[at] ^= 1;
        pack
    };
    vec![
        refused("empty", "length", "No bytes.", Vec::new()),
        refused(
            "cut_in_prefix",
            "length",
            "Cut inside the commitment.",
            pack[..55].to_vec(),
        ),
        refused(
            "cut_before_chunks",
            "length",
            "Cut behind the commitment.",
            pack[..56].to_vec(),
        ),
        refused(
            "cut_in_chunk",
            "chunk-altered",
            "Cut inside the first chunk.",
            pack[..pack.len() - 17].to_vec(),
        ),
        refused(
            "cut_last_chunk",
            "length",
            "Cut behind the first chunk, which is full: an empty one must follow.",
            pack[..pack.len() - 16].to_vec(),
        ),
        refused(
            "cut_last_byte",
            "length",
            "The last byte is missing: no chunk is as short as that.",
            pack[..pack.len() - 1].to_vec(),
        ),
        refused(
            "extended",
            "chunk-altered",
            "One byte follows.",
            [pack.as_slice(), &[0]].concat(),
        ),
        refused(
            "altered_salt",
            "commitment",
            "One bit of the salt, which the commitment binds.",
            flipped(0),
        ),
        refused(
            "altered_commitment",
            "commitment",
            "One bit of the commitment.",
            flipped(24),
        ),
        refused(
            "altered_chunk",
            "chunk-altered",
            "One bit of the content.",
            flipped(56),
        ),
        refused(
            "altered_tag",
            "chunk-altered",
            "One bit of the tag.",
            flipped(pack.len() - 1),
        ),
        VectorFile::failure(
            "pack",
            "other_secret",
            "commitment",
            "A pack of another number.",
        )
        .with_hex("pack-secret", &[9; 32])
        .bytes(pack),
    ]
}

fn content(condition: &str, kind: &str, reason: &str, comment: &str, plain: &[u8]) -> VectorFile {
    refused(condition, kind, comment, seal_plain(plain)).with("reason", reason)
}

fn refused_content() -> Vec<VectorFile> {
    let mut files = refused_ends();
    files.extend(refused_padding());
    files.extend(refused_lengths());
    files.extend(refused_items());
    files
}

fn refused_ends() -> Vec<VectorFile> {
    vec![
        content("content_empty", "truncated", "pack", "No end mark.", b""),
        content(
            "end_missing",
            "truncated",
            "pack",
            "The content ends behind an item.",
            &filler(CONTENT_SMALLEST - 9),
        ),
        content(
            "end_cut",
            "truncated",
            "pack",
            "Half an end mark.",
            &padded(&filler(CONTENT_SMALLEST - 9 - 4)),
        ),
        content(
            "end_with_length",
            "rule",
            "the end mark has a length",
            "The end has nothing in it.",
            &padded(&item(0, 1, &[0])),
        ),
    ]
}

fn refused_padding() -> Vec<VectorFile> {
    let marked = [item(2, 8, &EMPTY_RECEIPTS), END.to_vec(), vec![0, 0, 1]].concat();
    let short = [item(2, 8, &EMPTY_RECEIPTS), END.to_vec()].concat();
    let long = [filler(20_000), END.to_vec()].concat();
    let length = |condition, comment, plain: &[u8]| {
        let reason = "the padding of a pack has another length";
        content(condition, "rule", reason, comment, plain)
    };
    vec![
        content(
            "padding_not_zero",
            "rule",
            "the padding of a pack is not zero",
            "A byte hidden behind the end mark.",
            &padded(&marked),
        ),
        length("padding_missing", "Less than 16 KiB.", &short),
        length(
            "padding_one_byte_more",
            "There is one length.",
            &padded_to(CONTENT_SMALLEST + 1, &short),
        ),
        length(
            "padding_to_the_next_size",
            "A length that padding gives, but not to this content.",
            &padded_to(32_768, &short),
        ),
        length(
            "padding_of_longer_missing",
            "20,018 bytes of content are not padded to 20,480.",
            &long,
        ),
    ]
}

fn refused_lengths() -> Vec<VectorFile> {
    let over = |condition, reason, comment, kind, len| {
        let plain = padded(&item(kind, len, &EMPTY_RECEIPTS));
        content(condition, "over-limit", reason, comment, &plain)
    };
    let rest = CONTENT_SMALLEST as u64 - 9;
    vec![
        over(
            "item_of_2_to_the_64",
            "item",
            "A length that fits no memory.",
            2,
            u64::MAX,
        ),
        over(
            "bundle_of_2_to_the_64",
            "bundle",
            "A length that fits no medium.",
            1,
            u64::MAX,
        ),
        content(
            "item_over_64_kib",
            "over-limit",
            "item",
            "Items are held in memory.",
            &padded_to(65_536 + 2048, &item(2, 65_537, &[0; 65_537])),
        ),
        over(
            "item_beyond_end",
            "item",
            "Longer than the rest of the pack.",
            2,
            rest + 1,
        ),
        over(
            "bundle_beyond_end",
            "bundle",
            "Longer than the rest of the pack.",
            1,
            rest + 1,
        ),
    ]
}

fn refused_items() -> Vec<VectorFile> {
    let trailing = [PackReceipts::default().to_wire(), vec![0]].concat();
    vec![
        content(
            "item_kind_11",
            "unknown",
            "pack item",
            "A kind that is not known.",
            &padded(&item(11, 0, b"")),
        ),
        content(
            "item_longer_than_value",
            "trailing-bytes",
            "pack item",
            "A byte behind the value.",
            &padded(&item(2, 9, &trailing)),
        ),
    ]
}
