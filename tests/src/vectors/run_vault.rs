//! Runs the vectors of what only a vault can open.

use std::io;

use bundle_format::card::Card;
use bundle_format::content::EntrySink;
use bundle_format::identity::{DecapsulationKey, Identity, IdentityKey};
use bundle_format::manifest::{Entry, EntryKind, Manifest};
use bundle_format::open::{BundleKey, Depth, UncheckedBundle, VerifiedBundle};
use bundle_format::receipt::Receipt;
use bundle_format::sender::Sender;
use bundle_format::slot::{OpenedBy, SlotCounts, SlotOpener};
use data_encoding::HEXLOWER;
use pack_format::ratchet::{ReceiveChain, Side};
use pack_format::relay::PublicKey;
use pack_format::secret::Secret32;

use super::file::VectorFile;
use super::kind::Failure;
use super::run::{Outcome, decode, hash, out, out_hex, take_all, text};

pub(super) fn card(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let card = if vector.header("form") == Some("text") {
        Card::from_text(text(payload)?)?
    } else {
        let card = Card::from_bytes(payload)?;
        assert_eq!(card.to_bytes(), payload, "a card has a second encoding");
        card
    };
    Ok(card_outs(&card))
}

/// What a card says.
pub(super) fn card_outs(card: &Card) -> Vec<(String, String)> {
    let (incarnation, serial) = card.age();
    let mut outs = vec![
        out("name", card.name()),
        out_hex("fingerprint", &card.fingerprint().0),
        out("incarnation", incarnation),
        out("serial", serial),
        out("kem-key-blake3", hash(card.encapsulation_key().as_bytes())),
    ];
    outs.extend(card.mailboxes().iter().map(|mailbox| {
        let key = HEXLOWER.encode(&mailbox.relay.key().0);
        let send = HEXLOWER.encode(&PublicKey::of_seed(&mailbox.send_seed).0);
        out("mailbox", format!("{} {key} {send}", mailbox.relay.url()))
    }));
    outs
}

pub(super) fn fingerprint(_: &VectorFile, payload: &[u8]) -> Outcome {
    let Ok(key) = payload.try_into() else {
        return Err(Failure::of("not-text"));
    };
    let fingerprint = IdentityKey(key).fingerprint();
    Ok(vec![
        out_hex("fingerprint", &fingerprint.0),
        out("words", fingerprint.words().join(" ")),
    ])
}

pub(super) fn manifest(_: &VectorFile, payload: &[u8]) -> Outcome {
    let manifest = decode::<Manifest>(payload)?;
    let entries = manifest.entries().iter();
    let frames = manifest.frames().iter().map(|frame| {
        let kind = if frame.compressed {
            "compressed"
        } else {
            "stored"
        };
        let line = format!(
            "{kind} {} {}",
            frame.stored_bytes,
            HEXLOWER.encode(&frame.hash)
        );
        out("frame", line)
    });
    Ok(entries
        .map(|entry| out("entry", entry_line(entry)))
        .chain(frames)
        .collect())
}

/// One entry: kind, size, path.
pub(super) fn entry_line(entry: &Entry) -> String {
    let kind = match &entry.kind {
        EntryKind::Message => "message",
        EntryKind::Card => "card",
        EntryKind::Receipts => "receipts",
        EntryKind::Invitation => "invitation",
        EntryKind::Folder(_) => "folder",
        EntryKind::File {
            executable: false, ..
        } => "file",
        EntryKind::File { .. } => "executable",
        other => panic!("no word for {other:?}"),
    };
    let path = entry.kind.path().map_or("", |path| path.as_str());
    format!("{kind} {} {path}", entry.size_bytes)
        .trim_end()
        .to_owned()
}

pub(super) fn receipt(_: &VectorFile, payload: &[u8]) -> Outcome {
    let receipt = decode::<Receipt>(payload)?;
    let taken = receipt.taken.iter().map(|it| {
        let id = it.content_id;
        out("taken", format!("{} {id}", it.sequence))
    });
    let missing = receipt.missing.iter();
    let missing = missing.map(|(first, last)| out("missing", format!("{first} {last}")));
    let incarnation = vec![out("incarnation", receipt.incarnation)];
    Ok(incarnation
        .into_iter()
        .chain(taken)
        .chain(missing)
        .collect())
}

pub(super) fn sender(_: &VectorFile, payload: &[u8]) -> Outcome {
    let sender = decode::<Sender>(payload)?;
    Ok(sender_outs(&sender))
}

/// What a sender block says.
pub(super) fn sender_outs(sender: &Sender) -> Vec<(String, String)> {
    let mut outs = vec![
        out_hex("sender", &sender.identity.fingerprint().0),
        out("incarnation", sender.incarnation),
        out("created-at", sender.created_at),
    ];
    outs.extend(sender.readers.iter().map(|it| out_hex("reader", &it.0)));
    outs
}

/// The vault of a vector: its keys and chains. The sender of a chain is the side that "showed".
struct Vault {
    own_key: DecapsulationKey,
    chains: Vec<ReceiveChain>,
}

impl Vault {
    fn of(vector: &VectorFile) -> Self {
        let mut chains: Vec<_> = vector
            .all("chain-root")
            .map(|root| super::file::unhex(root).try_into().unwrap())
            .map(|root| ReceiveChain::new(&Secret32::new(root), Side::Typed))
            .collect();
        if let Some(chain) = chains.first_mut() {
            take_all(chain, vector);
        }
        let own_key = DecapsulationKey::from_seed(Secret32::new(vector.hex32("own-kem-seed")));
        Self { own_key, chains }
    }

    fn opener(&self) -> SlotOpener<'_> {
        SlotOpener::new(&self.own_key, &self.chains.iter().collect::<Vec<_>>())
    }
}

fn opened_by(by: &OpenedBy) -> (String, String) {
    match by {
        OpenedBy::Chain { chain, index } => out("opened-by", format!("chain {chain} {index}")),
        OpenedBy::Kem { chain_root } => {
            let root = HEXLOWER.encode(chain_root.expose());
            out("opened-by", format!("kem {root}"))
        }
    }
}

pub(super) fn slot(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let vault = Vault::of(vector);
    let opened = vault.opener().open(payload);
    let (payload, by) = opened.ok_or(Failure::of("no-slot"))?;
    Ok(vec![
        opened_by(&by),
        out_hex("bundle-key", payload.bundle_key.expose()),
        out(
            "slots",
            format!("{} {}", payload.counts.kem(), payload.counts.chain()),
        ),
        out("sequence", payload.sequence),
    ])
}

pub(super) fn bundle(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let (unlocked, own, mut outs) = if vector.header("own-copy-key").is_some() {
        let unlocked = UncheckedBundle::new(payload).unlock_with(own_copy(vector))?;
        (unlocked, None, Vec::new())
    } else {
        let vault = Vault::of(vector);
        let identity = Identity::from_seed(Secret32::new(vector.hex32("own-identity-seed")));
        let (unlocked, opened) = UncheckedBundle::new(payload).unlock(&vault.opener())?;
        let outs = vec![opened_by(&opened.by), out("sequence", opened.sequence)];
        (unlocked, Some(identity.key().fingerprint()), outs)
    };
    let verified = unlocked
        .verify_sender(own.as_ref())?
        .verify_content(Depth::Full, &mut |_| true)?;
    outs.extend(sender_outs(verified.sender()));
    outs.extend(released(&verified));
    Ok(outs)
}

fn own_copy(vector: &VectorFile) -> BundleKey {
    let counts: Vec<usize> = vector
        .header("own-copy-slots")
        .unwrap()
        .split(' ')
        .map(|count| count.parse().unwrap())
        .collect();
    BundleKey {
        secret: Secret32::new(vector.hex32("own-copy-key")),
        counts: SlotCounts::for_readers(counts[0], counts[1]).unwrap(),
    }
}

#[derive(Default)]
struct Released(Vec<(String, Vec<u8>)>);

impl EntrySink for Released {
    fn begin(&mut self, index: usize, entry: &Entry) -> io::Result<()> {
        assert_eq!(index, self.0.len());
        self.0.push((entry_line(entry), Vec::new()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.last_mut().unwrap().1.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn released(verified: &VerifiedBundle<&[u8]>) -> Vec<(String, String)> {
    let mut released = Released::default();
    verified.release(&mut released, &mut |_| true).unwrap();
    for (index, entry) in verified.manifest().entries().iter().enumerate() {
        let content = &released.0[index].1;
        assert_eq!(content.len() as u64, entry.size_bytes);
        if entry.kind.path().is_none() {
            assert_eq!(&verified.small_entry(index).unwrap(), content);
        }
    }
    let lines = released.0.iter();
    lines
        .map(|(entry, content)| out("entry", format!("{} {entry}", hash(content))))
        .collect()
}
