//! The example of spec/pack.md is what the code makes.

use std::io;

use pack_format::{
    chunked::ReadAt,
    item::{Item, PackReceipts},
    pack::{BundleSource, PackPlan, PlannedItem, SealedPack},
    part::Cut,
    ratchet::{SendChain, Side},
    relay::ContentId,
    secret::Secret32,
    words::PairingCode,
};

struct NoBundles;

impl BundleSource for NoBundles {
    fn bundle(&self, _content_id: &ContentId) -> io::Result<Box<dyn ReadAt + '_>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// The lines of the example, by the formulas of the page where the code does not say them.
fn lines() -> Vec<(&'static str, String)> {
    let code = PairingCode::new([42; 16]);
    let root = code.root();
    let chain = root.derive("causeway/pairing/v1 shown to typed", b"");
    let (index, secret) = SendChain::new(&root, Side::Showed).advance();
    assert_eq!(index, 0);
    let bytes = Secret32::new(*secret.expose());
    let tag_key = bytes.derive("causeway/pack/v1 tag", b"");
    let receipts = PackReceipts {
        taken: vec![(0, 4), (6, 6)],
        partial: Vec::new(),
    };
    let item = PlannedItem::small(&Item::Receipts(receipts));
    let plan = PackPlan::new(vec![item]).unwrap();
    let cut = Cut::new(plan.sealed_bytes(), 1 << 20).unwrap();
    let pack = SealedPack::new(&secret, &plan, &NoBundles).unwrap();
    let mut sealed = vec![0; usize::try_from(pack.size_bytes()).unwrap()];
    pack.read_exact_at(&mut sealed, 0).unwrap();
    let header = secret.tag_key().header(0, &cut);
    // The plan of the page, field by field: one item of kind 2 and 40 bytes.
    let body = "00000002000000000000000000000000000000040000000000000006000000000000000600000000";
    let plan = format!("000000010200000028{body}");
    let plan = data_encoding::HEXLOWER.decode(plan.as_bytes()).unwrap();
    let salt_key = bytes.derive("causeway/pack/v1 salt", b"");
    let salt = blake3::keyed_hash(salt_key.expose(), &plan);
    assert_eq!(salt.as_bytes()[..24], sealed[..24]);
    vec![
        ("pairing code", hex(&[42; 16])),
        ("its words", code.words().join(" ")),
        ("root", hex(root.expose())),
        (
            "first chain key of the machine that showed it",
            hex(chain.expose()),
        ),
        ("its pack secret number 0", hex(secret.expose())),
        ("next chain key", {
            hex(chain.derive("causeway/pairing/v1 next", b"").expose())
        }),
        ("seal key", hex(secret.seal_key().expose())),
        (
            "salt key",
            hex(bytes.derive("causeway/pack/v1 salt", b"").expose()),
        ),
        ("tag key", hex(tag_key.expose())),
        ("info key", {
            hex(tag_key.derive("causeway/pack/v1 part info", b"").expose())
        }),
        ("salt", hex(&sealed[..24])),
        ("commitment", hex(&sealed[24..56])),
        ("first bytes of chunk 0", hex(&sealed[56..72])),
        (
            "BLAKE3 of the sealed pack",
            hex(blake3::hash(&sealed).as_bytes()),
        ),
        ("tag of part 0", hex(&header[..16])),
        ("sealed information", hex(&header[16..48])),
        ("its AEAD tag", hex(&header[48..])),
        ("name of part 0", secret.tag_key().name(0)),
    ]
}

#[test]
fn the_example_of_the_page_is_what_the_code_makes() {
    let page = include_str!("../../spec/pack.md");
    let missing: Vec<_> = lines()
        .into_iter()
        .map(|(what, value)| format!("- {what}: `{value}`"))
        .filter(|line| !page.contains(line))
        .collect();
    assert!(
        missing.is_empty(),
        "not on the page:\n{}",
        missing.join("\n")
    );
}
