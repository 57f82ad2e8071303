//! The content of a backup: one record after the other. Spec: spec/backup.md, "Records".

use bundle_format::card::Card;
use bundle_format::identity::IdentityKey;
use bundle_format::limits::SLOTS_MAX;
use bundle_format::open::BundleKey;
use bundle_format::slot::SlotCounts;
use pack_format::codec::{DecodeError, Reader, Wire as _, Writer};
use pack_format::relay::{ContentId, FetchToken, RelayAddress, Signed};
use pack_format::secret::Secret32;
use zeroize::Zeroizing;

use super::record_key::{KEY_RECORD_BYTES_MAX, SigningKeyRecord};
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::signing::journal::Entry;
use crate::store::{NewMailbox, PastItem, PastReader, RecipientState, Seen, Verification};

/// One record.
pub(super) enum Record {
    Owner(Owner),
    Contact(Box<ContactRecord>),
    Mailbox(Box<MailboxRecord>),
    Past(PastItem),
    Seen(SeenRecord),
    /// The bytes of the bundle follow, and one byte that says whether they are intact.
    Incoming(Box<IncomingRecord>),
    SigningKey(Box<SigningKeyRecord>),
    /// An entry of the signature journal, as it was written.
    SignatureEntry(Box<Signed<Entry>>),
    End,
}

/// Whose backup it is.
pub(super) struct Owner {
    pub(super) identity_seed: Secret32,
    pub(super) name: String,
    pub(super) incarnation: u32,
    /// When it was made, by that machine's clock.
    pub(super) made_at: UnixTime,
}

/// A contact. Numbers and chains are of one incarnation and left out.
pub(super) struct ContactRecord {
    pub(super) nickname: LocalName,
    pub(super) card: Card,
    pub(super) added_at: UnixTime,
    pub(super) verification: Option<Verification>,
}

/// A mailbox of the owner.
pub(super) struct MailboxRecord {
    pub(super) keys: NewMailbox,
    pub(super) opened: bool,
}

/// A bundle that came before.
pub(super) struct SeenRecord {
    pub(super) content_id: ContentId,
    pub(super) seen: Seen,
    pub(super) acknowledged: bool,
}

/// A bundle of the inbox.
pub(super) struct IncomingRecord {
    pub(super) content_id: ContentId,
    pub(super) bundle_key: BundleKey,
    pub(super) sender_identity: IdentityKey,
    /// Whether it belongs to the contact with that key.
    pub(super) of_contact: bool,
    pub(super) incarnation: u32,
    pub(super) sequence: u64,
    pub(super) created_at: UnixTime,
    pub(super) taken_at: UnixTime,
    pub(super) read_at: Option<UnixTime>,
    pub(super) saved_at: Option<UnixTime>,
    pub(super) summary: String,
    pub(super) receipted: bool,
    /// Bytes of the bundle that follow.
    pub(super) body_bytes: u64,
}

impl Record {
    /// Kinds rise from record to record.
    pub(super) fn kind(&self) -> u8 {
        match self {
            Self::Owner(_) => KIND_OWNER,
            Self::Contact(_) => KIND_CONTACT,
            Self::Mailbox(_) => KIND_MAILBOX,
            Self::Past(_) => KIND_PAST,
            Self::Seen(_) => KIND_SEEN,
            Self::Incoming(_) => KIND_INCOMING,
            Self::SigningKey(_) => KIND_SIGNING_KEY,
            Self::SignatureEntry(_) => KIND_SIGNATURE_ENTRY,
            Self::End => KIND_END,
        }
    }

    /// `record = kind[1] || length[4] || body`.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut body = Writer::new();
        match self {
            Self::Owner(owner) => owner.write(&mut body),
            Self::Contact(contact) => contact.write(&mut body),
            Self::Mailbox(mailbox) => mailbox.write(&mut body),
            Self::Past(item) => write_past(item, &mut body),
            Self::Seen(seen) => seen.write(&mut body),
            Self::Incoming(incoming) => incoming.write(&mut body),
            Self::SigningKey(key) => key.write(&mut body),
            Self::SignatureEntry(entry) => entry.write(&mut body),
            Self::End => {}
        }
        let body = Zeroizing::new(body.into_bytes());
        let mut record = Writer::new();
        record.u8(self.kind()).count(body.len()).put(&body);
        Zeroizing::new(record.into_bytes())
    }

    /// Most bytes in the body of a record of this kind.
    pub(super) fn body_bytes_max(kind: u8) -> u32 {
        if kind == KIND_SIGNING_KEY {
            KEY_RECORD_BYTES_MAX
        } else {
            RECORD_BYTES_MAX
        }
    }

    /// Reads the body of a record of this kind, in a backup of this version.
    pub(super) fn from_body(version: u8, kind: u8, body: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let is_known = if version < VERSION {
            kind <= KIND_END_OF_1
        } else {
            kind != KIND_END_OF_1
        };
        let record = match kind {
            _ if !is_known => return Err(DecodeError::Unknown { what: "record" }),
            KIND_OWNER => Self::Owner(Owner::read(&mut reader)?),
            KIND_CONTACT => Self::Contact(Box::new(ContactRecord::read(&mut reader)?)),
            KIND_MAILBOX => Self::Mailbox(Box::new(MailboxRecord::read(&mut reader)?)),
            KIND_PAST => Self::Past(read_past(&mut reader)?),
            KIND_SEEN => Self::Seen(SeenRecord::read(&mut reader)?),
            KIND_INCOMING => Self::Incoming(Box::new(IncomingRecord::read(&mut reader)?)),
            KIND_SIGNING_KEY => Self::SigningKey(Box::new(SigningKeyRecord::read(&mut reader)?)),
            KIND_SIGNATURE_ENTRY => Self::SignatureEntry(Box::new(Signed::read(&mut reader)?)),
            KIND_END | KIND_END_OF_1 => Self::End,
            _ => return Err(DecodeError::Unknown { what: "record" }),
        };
        reader.finish("record")?;
        Ok(record)
    }
}

impl Owner {
    fn write(&self, writer: &mut Writer) {
        writer.put(self.identity_seed.expose()).text(&self.name);
        writer.u32(self.incarnation);
        put_time(writer, self.made_at);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            identity_seed: secret(reader, "identity seed")?,
            name: reader.text(TEXT_BYTES_MAX, "name")?.to_owned(),
            incarnation: reader.u32("incarnation")?,
            made_at: time(reader)?,
        })
    }
}

impl ContactRecord {
    fn write(&self, writer: &mut Writer) {
        writer.text(self.nickname.as_str());
        let card = self.card.to_bytes();
        writer.count(card.len()).put(&card);
        put_time(writer, self.added_at);
        put_optional(writer, self.verification.as_ref(), |writer, it| {
            put_time(writer, it.at);
            writer.text(cut(&it.how));
        });
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let nickname = local_name(reader)?;
        let len = reader.count(RECORD_BYTES_MAX, "card")?;
        let card = reader.take(len, "card")?;
        let card = Card::from_bytes(card).map_err(|_| DecodeError::Rule {
            what: "a card in it does not verify",
        })?;
        Ok(Self {
            nickname,
            card,
            added_at: time(reader)?,
            verification: optional(reader, |reader| {
                Ok(Verification {
                    at: time(reader)?,
                    how: reader.text(TEXT_BYTES_MAX, "how")?.to_owned(),
                })
            })?,
        })
    }
}

impl MailboxRecord {
    fn write(&self, writer: &mut Writer) {
        self.keys.relay.write(writer);
        writer.put(self.keys.send_seed.expose());
        writer.put(self.keys.fetch_token.0.expose());
        writer.put(self.keys.ack_seed.expose());
        writer.put(&self.keys.code).u8(u8::from(self.opened));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let keys = NewMailbox {
            relay: RelayAddress::read(reader)?,
            send_seed: secret(reader, "send seed")?,
            fetch_token: FetchToken(secret(reader, "fetch token")?),
            ack_seed: secret(reader, "acknowledgement seed")?,
            code: reader.take_array("invitation code")?,
        };
        let opened = flag(reader)?;
        Ok(Self { keys, opened })
    }
}

fn write_past(item: &PastItem, writer: &mut Writer) {
    put_time(writer, item.created_at);
    writer.u64(item.size_bytes).text(cut(&item.summary));
    writer.u8(u8::try_from(item.readers.len()).unwrap_or(u8::MAX));
    for reader in &item.readers {
        writer.text(reader.nickname.as_str()).u64(reader.sequence);
        writer.u8(state_code(reader.state));
        put_time(writer, reader.state_at);
    }
}

fn read_past(reader: &mut Reader<'_>) -> Result<PastItem, DecodeError> {
    let created_at = time(reader)?;
    let size_bytes = reader.u64("bundle size")?;
    let summary = reader.text(TEXT_BYTES_MAX, "summary")?.to_owned();
    let mut readers: Vec<PastReader> = Vec::new();
    let count = usize::from(reader.u8("reader count")?);
    if count > SLOTS_MAX {
        return Err(DecodeError::OverLimit {
            what: "readers",
            found: count as u64,
            limit: SLOTS_MAX as u64,
        });
    }
    for _ in 0..count {
        let nickname = local_name(reader)?;
        if readers.last().is_some_and(|it| it.nickname >= nickname) {
            return Err(DecodeError::Rule {
                what: "readers are not in order",
            });
        }
        readers.push(PastReader {
            nickname,
            sequence: reader.u64("sequence")?,
            state: state(reader.u8("state")?)?,
            state_at: time(reader)?,
        });
    }
    Ok(PastItem {
        created_at,
        size_bytes,
        summary,
        readers,
    })
}

impl SeenRecord {
    fn write(&self, writer: &mut Writer) {
        writer.put(&self.content_id.0);
        put_time(writer, self.seen.taken_at);
        writer.u8(u8::from(self.acknowledged));
        put_optional(writer, self.seen.refused.as_ref(), |writer, why| {
            writer.text(cut(why));
        });
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let content_id = ContentId(reader.take_array("content id")?);
        let taken_at = time(reader)?;
        let acknowledged = flag(reader)?;
        let refused = optional(reader, |reader| {
            Ok(reader.text(TEXT_BYTES_MAX, "reason")?.to_owned())
        })?;
        Ok(Self {
            content_id,
            seen: Seen { taken_at, refused },
            acknowledged,
        })
    }
}

impl IncomingRecord {
    fn write(&self, writer: &mut Writer) {
        writer.put(&self.content_id.0);
        writer.put(self.bundle_key.secret.expose());
        writer.put(&self.bundle_key.counts.to_bytes());
        writer.put(&self.sender_identity.0);
        writer.u8(u8::from(self.of_contact));
        writer.u32(self.incarnation).u64(self.sequence);
        put_time(writer, self.created_at);
        put_time(writer, self.taken_at);
        put_optional(writer, self.read_at.as_ref(), |writer, at| {
            put_time(writer, *at);
        });
        put_optional(writer, self.saved_at.as_ref(), |writer, at| {
            put_time(writer, *at);
        });
        writer.text(cut(&self.summary));
        writer.u8(u8::from(self.receipted)).u64(self.body_bytes);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            content_id: ContentId(reader.take_array("content id")?),
            bundle_key: BundleKey {
                secret: secret(reader, "bundle key")?,
                counts: SlotCounts::from_bytes(reader.take_array("slot counts")?)?,
            },
            sender_identity: IdentityKey(reader.take_array("sender")?),
            of_contact: flag(reader)?,
            incarnation: reader.u32("incarnation")?,
            sequence: reader.u64("sequence")?,
            created_at: time(reader)?,
            taken_at: time(reader)?,
            read_at: optional(reader, time)?,
            saved_at: optional(reader, time)?,
            summary: reader.text(TEXT_BYTES_MAX, "summary")?.to_owned(),
            receipted: flag(reader)?,
            body_bytes: reader.u64("bundle length")?,
        })
    }
}

pub(super) fn put_time(writer: &mut Writer, time: UnixTime) {
    writer.put(&time.0.to_be_bytes());
}

pub(super) fn time(reader: &mut Reader<'_>) -> Result<UnixTime, DecodeError> {
    Ok(UnixTime(i64::from_be_bytes(reader.take_array("time")?)))
}

fn secret(reader: &mut Reader<'_>, what: &'static str) -> Result<Secret32, DecodeError> {
    let bytes = Zeroizing::new(reader.take_array::<32>(what)?);
    Ok(Secret32::new(*bytes))
}

/// `0`, or `1` and the value.
pub(super) fn put_optional<T>(
    writer: &mut Writer,
    value: Option<&T>,
    put: impl FnOnce(&mut Writer, &T),
) {
    writer.u8(u8::from(value.is_some()));
    if let Some(value) = value {
        put(writer, value);
    }
}

pub(super) fn optional<T>(
    reader: &mut Reader<'_>,
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    flag(reader)?.then(|| read(reader)).transpose()
}

fn flag(reader: &mut Reader<'_>) -> Result<bool, DecodeError> {
    match reader.u8("flag")? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(DecodeError::Unknown { what: "flag" }),
    }
}

/// A name, in its one spelling.
pub(super) fn local_name(reader: &mut Reader<'_>) -> Result<LocalName, DecodeError> {
    let text = reader.text(TEXT_BYTES_MAX, "nickname")?;
    LocalName::new(text)
        .ok()
        .filter(|name| name.as_str() == text)
        .ok_or(DecodeError::Rule {
            what: "a nickname is not one",
        })
}

fn state_code(state: RecipientState) -> u8 {
    match state {
        RecipientState::Ready => 1,
        RecipientState::OnStick => 2,
        RecipientState::WithCourier => 3,
        RecipientState::WithRelay => 4,
        RecipientState::TakenIn => 5,
        RecipientState::Confirmed => 6,
    }
}

fn state(code: u8) -> Result<RecipientState, DecodeError> {
    Ok(match code {
        1 => RecipientState::Ready,
        2 => RecipientState::OnStick,
        3 => RecipientState::WithCourier,
        4 => RecipientState::WithRelay,
        5 => RecipientState::TakenIn,
        6 => RecipientState::Confirmed,
        _ => return Err(DecodeError::Unknown { what: "state" }),
    })
}

/// The beginning of a text that is only shown, so that a record keeps below its limit.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(usize::from(TEXT_BYTES_MAX)))
        .unwrap_or_default()
}

/// The version of the records that are written. Those of version 1 are read.
pub(super) const VERSION: u8 = 2;
/// The first version.
pub(super) const VERSION_FIRST: u8 = 1;
/// Longest text in a record, in bytes.
const TEXT_BYTES_MAX: u16 = 2048;
/// Longest record but for the bundle that follows one. It is held in memory.
pub(super) const RECORD_BYTES_MAX: u32 = 64 * 1024;

const KIND_OWNER: u8 = 1;
const KIND_CONTACT: u8 = 2;
const KIND_MAILBOX: u8 = 3;
const KIND_PAST: u8 = 4;
const KIND_SEEN: u8 = 5;
const KIND_INCOMING: u8 = 6;
/// The end of a backup of version 1, which knows nothing of what follows.
const KIND_END_OF_1: u8 = 7;
const KIND_SIGNING_KEY: u8 = 8;
const KIND_SIGNATURE_ENTRY: u8 = 9;
/// Behind every kind that may ever come.
const KIND_END: u8 = 255;
