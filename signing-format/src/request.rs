//! A signing request: what a desk asks of a vault.
//!
//! Spec: spec/signing.md, "Request".

use std::fmt;
use std::str::FromStr;

use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use pack_format::relay::{BadSignature, PublicKey, Signed, Statement};
use pack_format::secret::Secret32;

use crate::approval::Approval;
use crate::key_reference::KeyReference;
use crate::limits::{APPROVALS_MAX, LIFE_SECS_MAX, NAME_BYTES_MAX, REASON_BYTES_MAX};
use crate::subject::{FileForm, GitForm, Subject};

/// A request's public name: 16 random bytes, shown as 32 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub [u8; 16]);

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl FromStr for RequestId {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let wrong = DecodeError::Rule {
            what: "a request id is 32 hex digits",
        };
        let bytes = data_encoding::HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .map_err(|_| wrong.clone())?;
        bytes.try_into().map(Self).map_err(|_| wrong)
    }
}

/// `request hash = BLAKE3-derive-key("causeway/signing/v1 request hash", signed request)`: what was
/// reviewed, approved and replied to, to the byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestHash(pub [u8; 32]);

/// What a desk asks a vault to do with one key.
#[derive(Debug)]
pub struct Request {
    /// The request's name.
    pub id: RequestId,
    /// When it was made, in seconds of Unix time by the desk's clock: a claim.
    pub created_at: u64,
    /// When the desk stops waiting, in seconds of Unix time; later than `created_at`, by at most
    /// [`LIFE_SECS_MAX`].
    pub expires_at: u64,
    /// Who asks, in their own words: a claim.
    pub requester: String,
    /// The key of the desk, which signs the request.
    pub requester_key: PublicKey,
    /// The one-time key that the reply is sealed with.
    pub reply_key: Secret32,
    /// The key that is to be used.
    pub key: KeyReference,
    /// Why, in the requester's words: a claim. May be empty.
    pub reason: String,
    /// What is asked for.
    pub subject: Subject,
}

impl Request {
    /// Whether the kind of key can do what is asked.
    fn check(&self) -> Result<(), DecodeError> {
        let rule = |what| Err(DecodeError::Rule { what });
        let life = self.expires_at.checked_sub(self.created_at);
        if !life.is_some_and(|secs| (1..=LIFE_SECS_MAX).contains(&secs)) {
            return rule("a request lives longer than it may, or not at all");
        }
        let is_ssh = matches!(self.key, KeyReference::Ssh(_));
        let is_minisign = matches!(self.key, KeyReference::Minisign { .. });
        let fits = match &self.subject {
            Subject::File(file) => match file.form {
                FileForm::OpenPgp | FileForm::OpenPgpClear => self.key.is_openpgp(),
                FileForm::Minisign { .. } => is_minisign,
                FileForm::Ssh { .. } => is_ssh,
            },
            Subject::Git(git) => match git.form {
                GitForm::OpenPgp => self.key.is_openpgp(),
                GitForm::Ssh => is_ssh,
            },
            Subject::Certify(_) | Subject::Decrypt(_) => self.key.is_openpgp(),
        };
        if !fits {
            return rule("the named key cannot make what is asked for");
        }
        Ok(())
    }
}

impl Wire for Request {
    const WHAT: &'static str = "signing request";

    fn write(&self, writer: &mut Writer) {
        writer
            .u8(VERSION)
            .put(&self.id.0)
            .u64(self.created_at)
            .u64(self.expires_at)
            .text(&self.requester)
            .put(&self.requester_key.0)
            .put(self.reply_key.expose());
        self.key.write(writer);
        writer.text(&self.reason);
        self.subject.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u8("request version")? != VERSION {
            return Err(DecodeError::Unknown {
                what: "request version",
            });
        }
        let request = Self {
            id: RequestId(reader.take_array("request id")?),
            created_at: reader.u64("request's time")?,
            expires_at: reader.u64("request's end")?,
            requester: reader.text(NAME_BYTES_MAX, "requester")?.to_owned(),
            requester_key: PublicKey(reader.take_array("requester's key")?),
            reply_key: Secret32::new(reader.take_array("reply key")?),
            key: KeyReference::read(reader)?,
            reason: reader.text(REASON_BYTES_MAX, "reason")?.to_owned(),
            subject: Subject::read(reader)?,
        };
        request.check()?;
        Ok(request)
    }
}

impl Statement for Request {
    const LABEL: &'static str = "causeway/signing/v1 request";

    fn signer(&self) -> PublicKey {
        self.requester_key
    }
}

/// A request as it crosses: signed by the desk, with the approvals that others have given.
#[derive(Debug)]
pub struct RequestParcel {
    /// The request.
    pub request: Signed<Request>,
    /// Approvals of this request, unchecked.
    pub approvals: Vec<Signed<Approval>>,
}

impl RequestParcel {
    /// The hash of the request without its approvals.
    #[must_use]
    pub fn hash(&self) -> RequestHash {
        request_hash(&self.request)
    }

    /// The request, if the desk's signature verifies.
    ///
    /// Nothing is checked of the approvals: whose they are, and whether their signatures verify,
    /// is for a vault that knows the approvers.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&self) -> Result<&Request, BadSignature> {
        self.request.verify()
    }
}

/// The encoding of a parcel of these: `signed request || count || approvals`.
#[must_use]
pub fn parcel_wire(
    request: &Signed<Request>,
    approvals: &[Signed<Approval>],
) -> zeroize::Zeroizing<Vec<u8>> {
    let mut writer = Writer::new();
    request.write(&mut writer);
    writer.count(approvals.len());
    for approval in approvals {
        approval.write(&mut writer);
    }
    zeroize::Zeroizing::new(writer.into_bytes())
}

/// `request hash` of a signed request.
#[must_use]
pub fn request_hash(request: &Signed<Request>) -> RequestHash {
    let bytes = zeroize::Zeroizing::new(request.to_wire());
    RequestHash(blake3::derive_key(HASH_LABEL, &bytes))
}

impl Wire for RequestParcel {
    const WHAT: &'static str = "signing request";

    fn write(&self, writer: &mut Writer) {
        writer.put(&parcel_wire(&self.request, &self.approvals));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let request = Signed::read(reader)?;
        let mut parcel = Self {
            request,
            approvals: Vec::new(),
        };
        let hash = parcel.hash();
        for _ in 0..reader.count(APPROVALS_MAX, "approvals")? {
            let approval = Signed::<Approval>::read(reader)?;
            let stated = approval.peek_statement();
            if stated.request_hash != hash {
                return Err(DecodeError::Rule {
                    what: "an approval is for another request",
                });
            }
            let before = parcel.approvals.last().map(Signed::peek_statement);
            if before.is_some_and(|before| before.approver >= stated.approver) {
                return Err(DecodeError::Rule {
                    what: "approvals are not in order",
                });
            }
            parcel.approvals.push(approval);
        }
        Ok(parcel)
    }
}

/// The version of requests.
const VERSION: u8 = 1;
/// The label of the request hash.
const HASH_LABEL: &str = "causeway/signing/v1 request hash";
