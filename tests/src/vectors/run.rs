//! Runs one vector: the payload goes to the code under test, and what comes of it is put into
//! words that can be compared.

use std::io::{self, Read};

use data_encoding::HEXLOWER;
use pack_format::chunked::{ChunkedError, Cobblestone, OpenedMessage, PREFIX_BYTES};
use pack_format::codec::Wire;
use pack_format::item::Item;
use pack_format::pack::{ItemSink, OpenedPack};
use pack_format::padding::padme;
use pack_format::part::{PART_HEADER_BYTES, PartFinder};
use pack_format::ratchet::{PackSecret, ReceiveChain, Side};
use pack_format::relay::{
    Acknowledgement, Invitation, OpenMailbox, Signed, Statement, StoredReceipt, Ticket,
};
use pack_format::secret::Secret32;
use pack_format::words::PairingCode;

use super::file::VectorFile;
use super::kind::Failure;
use super::run_light;
use super::run_signing;
use super::run_vault;
use super::team;

/// What an accepted payload holds, as `out-` lines; or why it was refused.
pub type Outcome = Result<Vec<(String, String)>, Failure>;

/// What a folder of vectors tests.
pub struct Part {
    /// The folder's name.
    pub name: &'static str,
    /// Which input keys its files may have.
    pub inputs: &'static [&'static str],
    /// Runs one. The payload is given beside the vector, so that a mutated one can be run too.
    run: fn(&VectorFile, &[u8]) -> Outcome,
}

impl Part {
    /// A folder.
    pub(super) const fn of(
        name: &'static str,
        inputs: &'static [&'static str],
        run: fn(&VectorFile, &[u8]) -> Outcome,
    ) -> Self {
        Self { name, inputs, run }
    }
}

/// The input keys of a bundle.
const BUNDLE_INPUTS: &[&str] = &[
    "own-identity-seed",
    "own-kem-seed",
    "chain-root",
    "taken",
    "own-copy-key",
    "own-copy-slots",
];
/// The input keys of a part's header.
const PART_INPUTS: &[&str] = &["pairing-root", "receiver", "taken", "look-deeper"];
/// The input keys of a signature that is put into armour.
const ARMOR_INPUTS: &[&str] = &["format", "signature", "public-key", "created-at", "issuer"];
/// The input keys of a sealed reply.
const REPLY_INPUTS: &[&str] = &["request-id", "request-hash", "reply-key"];

/// Every part.
#[must_use]
pub fn parts() -> Vec<&'static Part> {
    GENERAL_PARTS.iter().chain(&team::PARTS).collect()
}

static GENERAL_PARTS: [Part; 27] = [
    Part::of("answer", &["pack-secret"], run_light::answer),
    Part::of("block", &["symbol-bytes", "block-bytes"], run_light::block),
    Part::of("bundle", BUNDLE_INPUTS, run_vault::bundle),
    Part::of("card", &[], run_vault::card),
    Part::of("chunked", &["key", "context"], chunked),
    Part::of("fingerprint", &[], run_vault::fingerprint),
    Part::of("invitation", &[], invitation),
    Part::of("item", &["item-kind"], item),
    Part::of("light", &[], run_light::light),
    Part::of("manifest", &[], run_vault::manifest),
    Part::of("pack", &["pack-secret"], pack),
    Part::of("padding", &[], padding),
    Part::of("pairing", &[], pairing),
    Part::of("part", PART_INPUTS, part),
    Part::of("receipt", &[], run_vault::receipt),
    Part::of("sender", &[], run_vault::sender),
    Part::of("signing_approval", &[], run_signing::approval),
    Part::of("signing_armor", ARMOR_INPUTS, run_signing::armor),
    Part::of("signing_content", &["sealed-content"], run_signing::content),
    Part::of("signing_git_content", &[], run_signing::git_content),
    Part::of("signing_hash_state", &[], run_signing::hash_state),
    Part::of("signing_reply", REPLY_INPUTS, run_signing::reply),
    Part::of("signing_request", &[], run_signing::request),
    Part::of("slot", &["own-kem-seed", "chain-root"], run_vault::slot),
    Part::of("statement", &["statement"], statement),
    Part::of("symbol", &["symbol-bytes", "symbols"], run_light::symbol),
    Part::of("transfer", &["pack-secret"], run_light::transfer),
];

/// Runs a vector with its own payload.
pub fn run(vector: &VectorFile) -> Outcome {
    run_with(vector, &vector.payload)
}

/// Runs a vector's inputs with another payload.
pub fn run_with(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let part = parts().into_iter().find(|part| part.name == vector.part);
    let part = part.unwrap_or_else(|| panic!("{}: no such part", vector.path()));
    (part.run)(vector, payload)
}

/// One `out-` line.
#[expect(clippy::needless_pass_by_value, reason = "callers give fresh values")]
pub(super) fn out(key: &str, value: impl ToString) -> (String, String) {
    (format!("out-{key}"), value.to_string())
}

/// One `out-` line of bytes.
pub(super) fn out_hex(key: &str, bytes: &[u8]) -> (String, String) {
    out(key, HEXLOWER.encode(bytes))
}

/// BLAKE3 in hex: how outcomes name longer content.
pub(super) fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// A value has one encoding: what was accepted is written again as the same bytes.
pub(super) fn decode<T: Wire>(bytes: &[u8]) -> Result<T, Failure> {
    let value = T::from_wire(bytes)?;
    assert_eq!(value.to_wire(), bytes, "{} has a second encoding", T::WHAT);
    Ok(value)
}

/// Text that is not UTF-8 cannot reach a function that takes text.
pub(super) fn text(payload: &[u8]) -> Result<&str, Failure> {
    std::str::from_utf8(payload).map_err(|_| Failure::of("not-text"))
}

fn chunked(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let key = Secret32::new(vector.hex32("key"));
    let found_bytes = payload.len() as u64;
    let prefix = payload
        .first_chunk::<PREFIX_BYTES>()
        .ok_or(ChunkedError::Length { found_bytes })?;
    let cipher = Cobblestone::for_opening(&key, prefix, &vector.hex("context"))?;
    let message = OpenedMessage::new(payload, 0, cipher)?;
    let len = usize::try_from(message.plain_bytes()).unwrap();
    let plain = message.read(0, len)?;
    Ok(vec![out("bytes", len), out("blake3", hash(&plain))])
}

fn invitation(_: &VectorFile, payload: &[u8]) -> Outcome {
    let invitation = Invitation::from_text(text(payload)?)?;
    Ok(vec![
        out("url", invitation.relay.url()),
        out_hex("relay-key", &invitation.relay.key().0),
        out_hex("code", &invitation.code),
    ])
}

fn item(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let kind = vector.header("item-kind").unwrap().parse().unwrap();
    let item = Item::from_body(kind, payload)?;
    assert_eq!((item.kind(), item.body()), (kind, payload.to_vec()));
    Ok(vec![
        out("asks-for-receipt", item.asks_for_receipt()),
        out("blake3", hash(payload)),
    ])
}

#[derive(Default)]
struct Items(Vec<(String, String)>);

impl Items {
    fn push(&mut self, kind: u8, body: &[u8]) {
        let line = format!("{kind} {} {}", body.len(), hash(body));
        self.0.push(out("item", line));
    }
}

impl ItemSink for Items {
    fn bundle(&mut self, size_bytes: u64, body: &mut dyn Read) -> io::Result<()> {
        let mut bytes = Vec::new();
        body.read_to_end(&mut bytes)?;
        assert_eq!(bytes.len() as u64, size_bytes);
        self.push(1, &bytes);
        Ok(())
    }

    fn item(&mut self, item: Item) -> io::Result<()> {
        self.push(item.kind(), &item.body());
        Ok(())
    }
}

fn pack(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let secret = PackSecret::from_stored(vector.hex32("pack-secret"));
    let mut items = Items::default();
    OpenedPack::new(payload, &secret)?.read_items(&mut items)?;
    Ok(items.0)
}

fn padding(_: &VectorFile, payload: &[u8]) -> Outcome {
    let len = text(payload)?
        .parse()
        .map_err(|_| Failure::of("not-text"))?;
    Ok(vec![out("padded", padme(len))])
}

fn pairing(_: &VectorFile, payload: &[u8]) -> Outcome {
    let root = PairingCode::from_words(text(payload)?)?.root();
    Ok(vec![out_hex("root", root.expose())])
}

fn part(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let root = Secret32::new(vector.hex32("pairing-root"));
    let receiver = match vector.header("receiver").unwrap() {
        "showed" => Side::Showed,
        "typed" => Side::Typed,
        other => panic!("no side is called {other}"),
    };
    let mut chain = ReceiveChain::new(&root, receiver);
    take_all(&mut chain, vector);
    let mut finder = PartFinder::new(&[&chain]);
    if vector.header("look-deeper") == Some("yes") {
        finder.look_deeper();
    }
    let found = payload
        .first_chunk::<PART_HEADER_BYTES>()
        .filter(|header| header.len() == payload.len())
        .and_then(|header| finder.find(header))
        .ok_or(Failure::of("not-recognised"))?;
    Ok(vec![
        out("pack", found.pack),
        out("part", found.part),
        out("pack-bytes", found.cut.pack_bytes()),
        out("part-bytes", found.cut.part_bytes()),
        out("part-count", found.cut.count()),
        out("taken", found.taken),
    ])
}

/// Marks the numbers in `taken: 0 3` as taken in.
pub(super) fn take_all(chain: &mut ReceiveChain, vector: &VectorFile) {
    for index in vector
        .header("taken")
        .unwrap_or_default()
        .split_whitespace()
    {
        chain.take(index.parse().unwrap());
    }
}

fn statement(vector: &VectorFile, payload: &[u8]) -> Outcome {
    match vector.header("statement").unwrap() {
        "acknowledgement" => signed::<Acknowledgement>(vector, payload),
        "open-mailbox" => signed::<OpenMailbox>(vector, payload),
        "stored-receipt" => signed::<StoredReceipt>(vector, payload),
        "ticket" => signed::<Ticket>(vector, payload),
        other => panic!("no statement is called {other}"),
    }
}

fn signed<S: Statement>(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let signed = if vector.header("form") == Some("text") {
        let signed = Signed::<S>::from_header(text(payload)?)?;
        assert_eq!(signed.to_header().as_bytes(), payload);
        signed
    } else {
        decode::<Signed<S>>(payload)?
    };
    let statement = signed.verify()?;
    Ok(vec![
        out_hex("signer", &statement.signer().0),
        out("blake3", hash(&statement.to_wire())),
    ])
}
