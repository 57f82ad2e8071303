//! Reading a backup: record after record, every byte authenticated before it is used.

use std::collections::BTreeSet;
use std::io::Read as _;

use bundle_format::content::Progress;
use pack_format::chunked::{MessageStream, OpenedMessage};
use pack_format::codec::{DecodeError, Reader};
use pack_format::secret::Secret32;
use signing_format::key_reference::KeyReference;
use zeroize::Zeroizing;

use super::BackupError;
use super::record::{IncomingRecord, Owner, Record, VERSION, VERSION_FIRST};
use super::record_key::SigningKeyRecord;
use super::sealed::padded_bytes;
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::signing::journal::Entry;
use crate::store::PastItem;
use crate::work::bundle_file::BundleFile;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupContents {
    /// The name on its owner's card.
    pub name: String,
    /// The incarnation that made it.
    pub incarnation: u32,
    /// When it was made, by that machine's clock.
    pub made_at: UnixTime,
    /// How many contacts it holds.
    pub contact_count: u64,
    /// How many bundles of the inbox.
    pub bundle_count: u64,
    /// Bytes in them.
    pub bundle_bytes: u64,
    /// How many of these the disk had damaged: their bytes are not in it.
    pub damaged_count: u64,
    /// How many signing keys it holds.
    pub key_count: u64,
    /// How many entries of the signature journal.
    pub signature_count: u64,
    /// What had been sent, and how far it had got.
    pub past: Vec<PastItem>,
}

/// A backup of which every byte was verified, so that restoring does not stop half-way.
pub struct CheckedBackup {
    message: OpenedMessage<BundleFile>,
    contents: BackupContents,
    identity_seed: Secret32,
}

impl CheckedBackup {
    /// Reads the whole message. Nothing is written anywhere.
    pub(super) fn check(
        message: OpenedMessage<BundleFile>,
        progress: &mut Progress<'_>,
    ) -> Result<Self, BackupError> {
        let mut records = Records::new(&message)?;
        let Record::Owner(owner) = records.next()? else {
            return Err(rule("a backup begins with its owner"));
        };
        let contents = check_rest(&mut records, &owner, progress)?;
        Ok(Self {
            message,
            contents,
            identity_seed: owner.identity_seed,
        })
    }

    /// What it holds.
    #[must_use]
    pub fn contents(&self) -> &BackupContents {
        &self.contents
    }

    pub(super) fn identity_seed(&self) -> &Secret32 {
        &self.identity_seed
    }

    /// Its records once more, after the owner.
    pub(super) fn records(&self) -> Result<Records<'_>, BackupError> {
        let mut records = Records::new(&self.message)?;
        records.next()?;
        Ok(records)
    }
}

fn check_rest(
    records: &mut Records<'_>,
    owner: &Owner,
    progress: &mut Progress<'_>,
) -> Result<BackupContents, BackupError> {
    let mut contents = BackupContents {
        name: owner.name.clone(),
        incarnation: owner.incarnation,
        made_at: owner.made_at,
        contact_count: 0,
        bundle_count: 0,
        bundle_bytes: 0,
        damaged_count: 0,
        key_count: 0,
        signature_count: 0,
        past: Vec::new(),
    };
    let mut order = Order::default();
    let mut contacts = BTreeSet::new();
    let (mut last_name, mut last_seen) = (None, None);
    loop {
        match records.next()? {
            Record::Owner(_) => return Err(rule("a backup has one owner")),
            Record::Contact(contact) => {
                let is_new = contacts.insert(contact.card.identity());
                if !is_new || last_name.as_ref() >= Some(&contact.nickname) {
                    return Err(rule("contacts are not in order"));
                }
                last_name = Some(contact.nickname);
                contents.contact_count += 1;
            }
            Record::Mailbox(_) => {}
            Record::Past(item) => contents.past.push(item),
            Record::Seen(seen) => {
                if last_seen >= Some(seen.content_id) {
                    return Err(rule("bundles that came before are not in order"));
                }
                last_seen = Some(seen.content_id);
            }
            Record::Incoming(incoming) => {
                if incoming.of_contact && !contacts.contains(&incoming.sender_identity) {
                    return Err(rule("a bundle belongs to a contact that is not there"));
                }
                let is_intact = records.copy_bundle(&incoming, &mut |_| Ok(()), progress)?;
                contents.bundle_count += 1;
                contents.bundle_bytes += incoming.body_bytes;
                contents.damaged_count += u64::from(!is_intact);
            }
            Record::SigningKey(key) => {
                order.key(&key)?;
                contents.key_count += 1;
            }
            Record::SignatureEntry(entry) => {
                order.entry(entry.peek_statement())?;
                contents.signature_count += 1;
            }
            Record::End => return Ok(contents),
        }
    }
}

/// What came so far of what has to come in order.
#[derive(Default)]
struct Order {
    keys: BTreeSet<KeyReference>,
    last_name: Option<LocalName>,
    last_entry: u64,
}

impl Order {
    fn key(&mut self, key: &SigningKeyRecord) -> Result<(), BackupError> {
        let is_new = self.keys.insert(key.reference);
        if !is_new || self.last_name.as_ref() >= Some(&key.name) {
            return Err(rule("signing keys are not in order"));
        }
        self.last_name = Some(key.name.clone());
        Ok(())
    }

    /// Whether the journal as a whole is good, is for whoever reads it: a backup keeps it as it
    /// is.
    fn entry(&mut self, entry: &Entry) -> Result<(), BackupError> {
        if entry.number() <= self.last_entry {
            return Err(rule("signatures are not in order"));
        }
        self.last_entry = entry.number();
        Ok(())
    }
}

/// The records of an opened backup, from front to back.
pub(super) struct Records<'a> {
    stream: MessageStream<'a, BundleFile>,
    message_bytes: u64,
    read_bytes: u64,
    last_kind: u8,
    version: u8,
}

impl<'a> Records<'a> {
    fn new(message: &'a OpenedMessage<BundleFile>) -> Result<Self, BackupError> {
        let mut records = Self {
            stream: MessageStream::new(message, 0),
            message_bytes: message.plain_bytes(),
            read_bytes: 0,
            last_kind: 0,
            version: 0,
        };
        let [version] = records.array::<1>()?;
        if !(VERSION_FIRST..=VERSION).contains(&version) {
            return Err(BackupError::Newer {
                found: version,
                known: VERSION,
            });
        }
        records.version = version;
        Ok(records)
    }

    /// The next record; after the end, that nothing but padding follows.
    pub(super) fn next(&mut self) -> Result<Record, BackupError> {
        let head = self.array::<5>()?;
        let mut reader = Reader::new(&head);
        let kind = reader.u8("record kind")?;
        let len = reader.count(Record::body_bytes_max(kind), "record")?;
        if kind < self.last_kind {
            return Err(rule("records are not in order"));
        }
        self.last_kind = kind;
        let mut body = Zeroizing::new(vec![0; len]);
        self.fill(&mut body)?;
        let record = Record::from_body(self.version, kind, &body)?;
        if matches!(record, Record::End) {
            self.check_padding()?;
        }
        Ok(record)
    }

    /// Hands the bytes of a bundle to `sink` and says whether they are what was once taken in.
    /// What is given to `sink` is authenticated as part of the backup, and no more than that.
    pub(super) fn copy_bundle(
        &mut self,
        incoming: &IncomingRecord,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), BackupError>,
        progress: &mut Progress<'_>,
    ) -> Result<bool, BackupError> {
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; COPY_BYTES];
        let mut left = incoming.body_bytes;
        while left > 0 {
            let len = usize::try_from(left).unwrap_or(usize::MAX).min(COPY_BYTES);
            piece.truncate(len);
            self.fill(&mut piece)?;
            hasher.update(&piece);
            sink(&piece)?;
            left -= len as u64;
            if !progress(self.read_bytes) {
                return Err(BackupError::Stopped);
            }
        }
        let is_intact = match self.array::<1>()? {
            [0] => false,
            [1] => true,
            _ => return Err(DecodeError::Unknown { what: "flag" }.into()),
        };
        if is_intact && *hasher.finalize().as_bytes() != incoming.content_id.0 {
            return Err(rule("a bundle is not the one that was taken in"));
        }
        Ok(is_intact)
    }

    fn check_padding(&mut self) -> Result<(), BackupError> {
        if padded_bytes(self.read_bytes) != self.message_bytes {
            return Err(rule("the padding has another length"));
        }
        let mut piece = vec![0; COPY_BYTES];
        loop {
            let len = self
                .stream
                .read(&mut piece)
                .map_err(BackupError::of_stream)?;
            match piece.get(..len) {
                None | Some([]) => return Ok(()),
                Some(read) if read.iter().any(|byte| *byte != 0) => {
                    return Err(rule("the padding is not zero"));
                }
                Some(_) => {}
            }
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BackupError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, buf: &mut [u8]) -> Result<(), BackupError> {
        self.stream
            .read_exact(buf)
            .map_err(BackupError::of_stream)?;
        self.read_bytes += buf.len() as u64;
        Ok(())
    }
}

fn rule(what: &'static str) -> BackupError {
    DecodeError::Rule { what }.into()
}

/// Bytes moved at once.
const COPY_BYTES: usize = 1024 * 1024;
