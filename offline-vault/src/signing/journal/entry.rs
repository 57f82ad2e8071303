//! One entry of the signature journal. Spec: spec/keys.md, "Signature journal".

use std::fmt;

use bundle_format::identity::{Identity, IdentityKey};
use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use pack_format::relay::{PublicKey, Signed, Statement};
use signing_format::key_reference::KeyReference;
use signing_format::limits::{APPROVALS_MAX, NAME_BYTES_MAX};
use signing_format::request::RequestHash;

use crate::clock::UnixTime;
use crate::limits::JOURNAL_NOTE_BYTES_MAX;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file was signed, with the signature beside it.
    FileSigned,
    /// A text was signed, with the signature around it.
    TextSigned,
    /// A git commit was signed.
    CommitSigned,
    /// A git tag was signed.
    TagSigned,
    /// A user id of a certificate was certified.
    Certified,
    /// A message was opened.
    Decrypted,
    /// A request was refused.
    Refused,
    /// A request for a key of another vault was approved.
    Approved,
    /// A key was made.
    KeyMade,
    /// A key was taken in from a file.
    KeyImported,
    /// The policy of a key was changed.
    PolicyChanged,
    /// The expiry of a key was changed.
    KeyRenewed,
    /// A subkey was added or exchanged.
    SubkeyChanged,
    /// A key was revoked.
    KeyRevoked,
    /// A key that knows no revocation was retired.
    KeyRetired,
    /// A key got another name.
    KeyRenamed,
    /// A key was removed.
    KeyRemoved,
    /// The secret of a key was written to a file or on paper, under a passphrase.
    KeyBackedUp,
}

impl EntryKind {
    const ALL: [(u8, Self, &'static str); 18] = [
        (1, Self::FileSigned, "file signed"),
        (2, Self::TextSigned, "text signed"),
        (3, Self::CommitSigned, "commit signed"),
        (4, Self::TagSigned, "tag signed"),
        (5, Self::Certified, "user id certified"),
        (6, Self::Decrypted, "message opened"),
        (7, Self::Refused, "request refused"),
        (8, Self::Approved, "request approved"),
        (9, Self::KeyMade, "key made"),
        (10, Self::KeyImported, "key imported"),
        (11, Self::PolicyChanged, "policy changed"),
        (12, Self::KeyRenewed, "key renewed"),
        (13, Self::SubkeyChanged, "subkeys changed"),
        (14, Self::KeyRevoked, "key revoked"),
        (15, Self::KeyRetired, "key retired"),
        (16, Self::KeyRenamed, "key renamed"),
        (17, Self::KeyRemoved, "key removed"),
        (18, Self::KeyBackedUp, "key backed up"),
    ];

    /// Whether the entry counts against what the key may do in a day.
    #[must_use]
    pub fn is_use(self) -> bool {
        matches!(
            self,
            Self::FileSigned
                | Self::TextSigned
                | Self::CommitSigned
                | Self::TagSigned
                | Self::Certified
                | Self::Decrypted
        )
    }

    fn code(self) -> u8 {
        let row = Self::ALL.into_iter().find(|(_, kind, _)| *kind == self);
        row.map_or(0, |(code, _, _)| code)
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = Self::ALL.into_iter().find(|(_, kind, _)| kind == self);
        formatter.write_str(row.map_or("", |(_, _, text)| text))
    }
}

/// What names the signed thing, by the function that the signature's form uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// Nothing was signed.
    None,
    /// The id of a git object in a SHA-1 repository.
    GitSha1([u8; 20]),
    /// The id of a git object in a SHA-256 repository.
    GitSha256([u8; 32]),
    /// The SHA-512 of a file.
    Sha512([u8; 64]),
    /// The BLAKE2b-512 of a file.
    Blake2b([u8; 64]),
    /// The BLAKE3 of a file or a message.
    Blake3([u8; 32]),
    /// The fingerprint of a certificate of version 4.
    FingerprintV4([u8; 20]),
    /// The fingerprint of a certificate of version 6.
    FingerprintV6([u8; 32]),
}

impl Digest {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::None => &[],
            Self::GitSha1(bytes) | Self::FingerprintV4(bytes) => bytes,
            Self::GitSha256(bytes) | Self::Blake3(bytes) | Self::FingerprintV6(bytes) => bytes,
            Self::Sha512(bytes) | Self::Blake2b(bytes) => bytes,
        }
    }
}

/// `sha512:…` and the like; a git id and a fingerprint as their tools show them.
impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lower = data_encoding::HEXLOWER.encode(self.as_bytes());
        match self {
            Self::None | Self::GitSha1(_) | Self::GitSha256(_) => formatter.write_str(&lower),
            Self::Sha512(_) => write!(formatter, "sha512:{lower}"),
            Self::Blake2b(_) => write!(formatter, "blake2b:{lower}"),
            Self::Blake3(_) => write!(formatter, "blake3:{lower}"),
            Self::FingerprintV4(_) | Self::FingerprintV6(_) => {
                formatter.write_str(&lower.to_uppercase())
            }
        }
    }
}

/// What is to be noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What happened.
    pub kind: EntryKind,
    /// The key it happened to or with, and its name here at that time.
    pub key: KeyReference,
    /// The key's name.
    pub key_name: String,
    /// The request, when there was one.
    pub request: Option<RequestHash>,
    /// What was signed.
    pub digest: Digest,
    /// The name of what was signed, as the requester gave it: a claim.
    pub name: String,
    /// The namespace of an SSH signature, else empty.
    pub namespace: String,
    /// Whose approvals it was signed with.
    pub approvers: Vec<PublicKey>,
    /// A sentence, for example the reason of a refusal.
    pub note: String,
}

impl Draft {
    /// Something that happened to a key, without a request.
    #[must_use]
    pub fn of_key(kind: EntryKind, key: KeyReference, key_name: &str, note: &str) -> Self {
        Self {
            kind,
            key,
            key_name: key_name.to_owned(),
            request: None,
            digest: Digest::None,
            name: String::new(),
            namespace: String::new(),
            approvers: Vec::new(),
            note: note.to_owned(),
        }
    }
}

/// `entry hash = BLAKE3-derive-key("causeway/signing/v1 journal hash", signed entry)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryHash(pub [u8; 32]);

impl EntryHash {
    /// What the first entry names as the one before.
    pub const BEFORE_THE_FIRST: Self = Self([0; 32]);

    /// The hash of a signed entry.
    #[must_use]
    pub fn of(entry: &Signed<Entry>) -> Self {
        Self(blake3::derive_key(HASH_LABEL, &entry.to_wire()))
    }
}

/// One entry. Its vault signs it, and it names the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    vault: PublicKey,
    number: u64,
    before: EntryHash,
    at: UnixTime,
    draft: Draft,
}

impl Entry {
    /// Signs what happened, after `last`. Texts that are too long are cut.
    #[must_use]
    pub fn sign(
        last: Option<&Signed<Self>>,
        draft: Draft,
        identity: &Identity,
        at: UnixTime,
    ) -> Signed<Self> {
        let mut draft = draft;
        cut(&mut draft.key_name, NAME_BYTES_MAX);
        cut(&mut draft.name, NAME_BYTES_MAX);
        cut(&mut draft.namespace, NAME_BYTES_MAX);
        cut(&mut draft.note, JOURNAL_NOTE_BYTES_MAX);
        draft.approvers.truncate(approvers_max());
        let number = last.map_or(0, |last| last.peek_statement().number);
        let entry = Self {
            vault: PublicKey(identity.key().0),
            number: number.saturating_add(1),
            before: last.map_or(EntryHash::BEFORE_THE_FIRST, EntryHash::of),
            at,
            draft,
        };
        entry.sign_with(identity)
    }

    fn sign_with(self, identity: &Identity) -> Signed<Self> {
        Statement::sign(self, identity.seed())
    }

    /// The identity of the vault that wrote it.
    #[must_use]
    pub fn vault(&self) -> IdentityKey {
        IdentityKey(self.vault.0)
    }

    /// From 1, without gaps.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The hash of the entry before.
    #[must_use]
    pub fn before(&self) -> EntryHash {
        self.before
    }

    /// The vault's clock, or its floor when the clock was behind it.
    #[must_use]
    pub fn at(&self) -> UnixTime {
        self.at
    }

    /// What happened.
    #[must_use]
    pub fn draft(&self) -> &Draft {
        &self.draft
    }
}

impl Wire for Entry {
    const WHAT: &'static str = "entry of a signature journal";

    fn write(&self, writer: &mut Writer) {
        let draft = &self.draft;
        writer.u8(VERSION).put(&self.vault.0).u64(self.number);
        writer.put(&self.before.0).put(&self.at.0.to_be_bytes());
        writer.u8(draft.kind.code());
        draft.key.write(writer);
        writer
            .text(&draft.key_name)
            .u8(u8::from(draft.request.is_some()));
        if let Some(request) = &draft.request {
            writer.put(&request.0);
        }
        write_digest(&draft.digest, writer);
        writer.text(&draft.name).text(&draft.namespace);
        writer.count(draft.approvers.len());
        for approver in &draft.approvers {
            writer.put(&approver.0);
        }
        writer.text(&draft.note);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u8("journal entry version")? != VERSION {
            return Err(DecodeError::Unknown {
                what: "journal entry version",
            });
        }
        Ok(Self {
            vault: PublicKey(reader.take_array("vault")?),
            number: reader.u64("entry number")?,
            before: EntryHash(reader.take_array("entry before")?),
            at: UnixTime(i64::from_be_bytes(reader.take_array("time")?)),
            draft: read_draft(reader)?,
        })
    }
}

impl Statement for Entry {
    const LABEL: &'static str = "causeway/signing/v1 journal entry";

    fn signer(&self) -> PublicKey {
        self.vault
    }
}

fn read_draft(reader: &mut Reader<'_>) -> Result<Draft, DecodeError> {
    let code = reader.u8("kind of entry")?;
    let row = EntryKind::ALL
        .into_iter()
        .find(|(known, _, _)| *known == code);
    let (_, kind, _) = row.ok_or(DecodeError::Unknown {
        what: "kind of entry",
    })?;
    let key = KeyReference::read(reader)?;
    let key_name = reader.text(NAME_BYTES_MAX, "key name")?.to_owned();
    let request = match reader.u8("flag")? {
        0 => None,
        1 => Some(RequestHash(reader.take_array("request hash")?)),
        _ => return Err(DecodeError::Unknown { what: "flag" }),
    };
    let digest = read_digest(reader)?;
    let name = reader.text(NAME_BYTES_MAX, "name")?.to_owned();
    let namespace = reader.text(NAME_BYTES_MAX, "namespace")?.to_owned();
    let mut approvers = Vec::new();
    for _ in 0..reader.count(APPROVALS_MAX, "approvers")? {
        approvers.push(PublicKey(reader.take_array("approver")?));
    }
    Ok(Draft {
        kind,
        key,
        key_name,
        request,
        digest,
        name,
        namespace,
        approvers,
        note: reader.text(JOURNAL_NOTE_BYTES_MAX, "note")?.to_owned(),
    })
}

fn write_digest(digest: &Digest, writer: &mut Writer) {
    let code = match digest {
        Digest::None => 0,
        Digest::GitSha1(_) => 1,
        Digest::GitSha256(_) => 2,
        Digest::Sha512(_) => 3,
        Digest::Blake2b(_) => 4,
        Digest::Blake3(_) => 5,
        Digest::FingerprintV4(_) => 6,
        Digest::FingerprintV6(_) => 7,
    };
    writer.u8(code).put(digest.as_bytes());
}

fn read_digest(reader: &mut Reader<'_>) -> Result<Digest, DecodeError> {
    let what = "digest";
    Ok(match reader.u8(what)? {
        0 => Digest::None,
        1 => Digest::GitSha1(reader.take_array(what)?),
        2 => Digest::GitSha256(reader.take_array(what)?),
        3 => Digest::Sha512(reader.take_array(what)?),
        4 => Digest::Blake2b(reader.take_array(what)?),
        5 => Digest::Blake3(reader.take_array(what)?),
        6 => Digest::FingerprintV4(reader.take_array(what)?),
        7 => Digest::FingerprintV6(reader.take_array(what)?),
        _ => return Err(DecodeError::Unknown { what }),
    })
}

fn cut(text: &mut String, limit_bytes: u16) {
    text.truncate(text.floor_char_boundary(usize::from(limit_bytes)));
}

fn approvers_max() -> usize {
    usize::try_from(APPROVALS_MAX).unwrap_or(usize::MAX)
}

/// The version of entries.
const VERSION: u8 = 1;
/// The label of the hash that chains entries.
const HASH_LABEL: &str = "causeway/signing/v1 journal hash";
