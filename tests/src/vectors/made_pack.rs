//! Vectors of packs and of the items in them.

use std::io;

use pack_format::chunked::{Cobblestone, ReadAt, SALT_BYTES};
use pack_format::codec::{Wire as _, Writer};
use pack_format::item::{CourierReport, Item, PackReceipts, PartialPack};
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

/// A pack with any content, written from the specification.
fn seal_plain(plain: &[u8]) -> Vec<u8> {
    let key = Secret32::new(SECRET).derive("causeway/pack/v1 seal", b"");
    let cipher = Cobblestone::new(&key, &[0; SALT_BYTES], b"causeway/pack/v1");
    let mut bytes = cipher.prefix().to_vec();
    cipher.seal_run(0, plain, true, &mut bytes);
    bytes
}

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
    seal_plain(&[item(2, 8, &EMPTY_RECEIPTS), END.to_vec()].concat())
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
    all.push((1, bundle));
    let no_bundle = item(1, 0, b"");
    vec![
        success(
            "every_item",
            "As a machine seals it: 16 KiB, whatever is inside.",
            &all,
            sealed(planned, bundle),
        ),
        success(
            "receipts",
            "The reader does not ask for the padding's length.",
            &[(2, &EMPTY_RECEIPTS)],
            right(),
        ),
        success(
            "no_items",
            "An end mark and nothing else.",
            &[],
            seal_plain(&END),
        ),
        success(
            "bundle_of_no_bytes",
            "Not a bundle, but that is for the vault to say.",
            &[(1, b"")],
            seal_plain(&[no_bundle.as_slice(), &END].concat()),
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
            "cut_last_byte",
            "chunk-altered",
            "The last byte is missing.",
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
            "The salt is zero and cannot be another.",
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

fn refused_content() -> Vec<VectorFile> {
    let content = |condition, kind, reason, comment, plain: &[u8]| {
        refused(condition, kind, comment, seal_plain(plain)).with("reason", reason)
    };
    let receipts = item(2, 8, &EMPTY_RECEIPTS);
    let marked = [receipts.as_slice(), &END, &[0, 0, 1]].concat();
    let trailing = PackReceipts::default().to_wire();
    vec![
        content("content_empty", "truncated", "pack", "No end mark.", b""),
        content(
            "end_missing",
            "truncated",
            "pack",
            "The content ends behind an item.",
            &receipts,
        ),
        content(
            "end_cut",
            "truncated",
            "pack",
            "Half an end mark.",
            &[receipts.as_slice(), &END[..4]].concat(),
        ),
        content(
            "end_with_length",
            "rule",
            "the end mark has a length",
            "The end has nothing in it.",
            &item(0, 1, &[0]),
        ),
        content(
            "padding_not_zero",
            "rule",
            "the padding of a pack is not zero",
            "A byte hidden behind the end mark.",
            &marked,
        ),
        content(
            "item_of_2_to_the_64",
            "over-limit",
            "item",
            "A length that fits no memory.",
            &item(2, u64::MAX, &EMPTY_RECEIPTS),
        ),
        content(
            "bundle_of_2_to_the_64",
            "over-limit",
            "bundle",
            "A length that fits no medium.",
            &item(1, u64::MAX, &EMPTY_RECEIPTS),
        ),
        content(
            "item_over_64_kib",
            "over-limit",
            "item",
            "Items are held in memory.",
            &item(2, 65_537, &EMPTY_RECEIPTS),
        ),
        content(
            "item_beyond_end",
            "over-limit",
            "item",
            "Longer than the rest of the pack.",
            &item(2, 9, &EMPTY_RECEIPTS),
        ),
        content(
            "bundle_beyond_end",
            "over-limit",
            "bundle",
            "Longer than the rest of the pack.",
            &item(1, 9, &EMPTY_RECEIPTS),
        ),
        content(
            "item_kind_9",
            "unknown",
            "pack item",
            "A kind that is not known.",
            &[item(9, 0, b""), END.to_vec()].concat(),
        ),
        content(
            "item_longer_than_value",
            "trailing-bytes",
            "pack item",
            "A byte behind the value.",
            &[
                item(2, 9, &[trailing.as_slice(), &[0]].concat()),
                END.to_vec(),
            ]
            .concat(),
        ),
    ]
}
