//! What a vault, a courier and a relay server say to each other: signed statements and ids.
//!
//! A mailbox has three capabilities, each its own key, so that holding one gives none of the
//! others: *send* (put a bundle in), *fetch* (list and read), *acknowledge* (let the server
//! forget). Only a vault can acknowledge, so that a lost stick loses nothing.
//! Spec: spec/relay.md.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use thiserror::Error;

use crate::codec::{DecodeError, Reader, Wire, Writer};
use crate::limits::{ACK_IDS_MAX, BUNDLE_BYTES_MAX, URL_BYTES_MAX};
use crate::secret::Secret32;

/// BLAKE3 of a bundle's sealed bytes: its name on relays and in packs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(pub [u8; 32]);

impl ContentId {
    /// The id of bytes that are at hand.
    #[must_use]
    pub fn of(sealed: &[u8]) -> Self {
        Self(*blake3::hash(sealed).as_bytes())
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for ContentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A public Ed25519 key of one of the roles below, 32 bytes as in RFC 8032.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl PublicKey {
    /// The public half of a signing seed.
    #[must_use]
    pub fn of_seed(seed: &Secret32) -> Self {
        Self(
            SigningKey::from_bytes(seed.expose())
                .verifying_key()
                .to_bytes(),
        )
    }
}

/// A signature does not verify: the statement was altered or made by somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the signature of {what} does not verify")]
pub struct BadSignature {
    /// The statement's name.
    pub what: &'static str,
}

/// Where a relay is, and the key it signs its receipts with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RelayAddress {
    url: String,
    key: PublicKey,
}

impl RelayAddress {
    /// An address from its parts.
    ///
    /// `url` is `http://` or `https://` with visible ASCII only, no trailing slash, at most
    /// [`URL_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// [`DecodeError::Rule`] or [`DecodeError::OverLimit`] otherwise.
    pub fn new(url: &str, key: PublicKey) -> Result<Self, DecodeError> {
        if url.len() > usize::from(URL_BYTES_MAX) {
            return Err(DecodeError::OverLimit {
                what: "relay URL",
                found: url.len() as u64,
                limit: u64::from(URL_BYTES_MAX),
            });
        }
        let host = url
            .strip_prefix("http://")
            .or_else(|| url.strip_prefix("https://"));
        let visible = url.bytes().all(|byte| byte.is_ascii_graphic());
        if !visible || url.ends_with('/') || host.is_none_or(str::is_empty) {
            return Err(DecodeError::Rule {
                what: "relay URL is not http(s)://host without a final slash",
            });
        }
        Ok(Self {
            url: url.to_owned(),
            key,
        })
    }

    /// The base URL, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The key that signs the relay's receipts.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.key
    }
}

impl Wire for RelayAddress {
    const WHAT: &'static str = "relay address";

    fn write(&self, writer: &mut Writer) {
        writer.text(&self.url).put(&self.key.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let url = reader.text(URL_BYTES_MAX, "relay URL")?;
        let key = PublicKey(reader.take_array("relay key")?);
        Self::new(url, key)
    }
}

/// What an operator hands to a new user: the relay's address and a code that opens one mailbox.
///
/// As text: `causeway-invitation-1:` and unpadded base64url of the encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The relay.
    pub relay: RelayAddress,
    /// A single-use code; the server keeps only its hash.
    pub code: [u8; 16],
}

impl Invitation {
    const PREFIX: &'static str = "causeway-invitation-1:";

    /// The text form, one line.
    #[must_use]
    pub fn to_text(&self) -> String {
        armour(Self::PREFIX, &self.to_wire())
    }

    /// Reads the text form; white space around it is ignored.
    ///
    /// # Errors
    /// Any [`DecodeError`].
    pub fn from_text(text: &str) -> Result<Self, DecodeError> {
        Self::from_wire(&unarmour(Self::PREFIX, text, "invitation")?)
    }
}

impl Wire for Invitation {
    const WHAT: &'static str = "invitation";

    fn write(&self, writer: &mut Writer) {
        self.relay.write(writer);
        writer.put(&self.code);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            relay: RelayAddress::read(reader)?,
            code: reader.take_array("invitation code")?,
        })
    }
}

/// `prefix || base64url(bytes)` without padding: how small public objects look as text.
#[must_use]
pub fn armour(prefix: &str, bytes: &[u8]) -> String {
    format!("{prefix}{}", data_encoding::BASE64URL_NOPAD.encode(bytes))
}

/// The inverse of [`armour`]; white space around the text is ignored.
///
/// # Errors
/// [`DecodeError::Unknown`] for another prefix, [`DecodeError::Rule`] for bad base64url.
pub fn unarmour(prefix: &str, text: &str, what: &'static str) -> Result<Vec<u8>, DecodeError> {
    let body = text
        .trim()
        .strip_prefix(prefix)
        .ok_or(DecodeError::Unknown { what })?;
    data_encoding::BASE64URL_NOPAD
        .decode(body.as_bytes())
        .map_err(|_| DecodeError::Rule {
            what: "the text is not base64url",
        })
}

/// The right to read one mailbox: a bearer secret that the server knows only by its [`FetchId`].
#[derive(Debug)]
pub struct FetchToken(pub Secret32);

/// `fetch id = BLAKE3-derive-key("causeway/relay/v1 fetch id", fetch token)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FetchId(pub [u8; 32]);

impl FetchToken {
    /// The id under which the server finds the mailbox.
    #[must_use]
    pub fn id(&self) -> FetchId {
        FetchId(blake3::derive_key(
            "causeway/relay/v1 fetch id",
            self.0.expose(),
        ))
    }
}

/// A statement that only the holder of one key can make.
///
/// `signature = Ed25519(seed, label || 0x00 || body)`; verified with `verify_strict` only.
pub trait Statement: Wire {
    /// The domain-separation label.
    const LABEL: &'static str;

    /// The key that must have signed.
    fn signer(&self) -> PublicKey;

    /// Signs the statement. The seed must belong to [`Statement::signer`]: a signature by another
    /// key is made, and no one accepts it.
    fn sign(self, seed: &Secret32) -> Signed<Self> {
        let key = SigningKey::from_bytes(seed.expose());
        let signature = key.sign(&signed_bytes::<Self>(&self.to_wire())).to_bytes();
        Signed {
            statement: self,
            signature,
        }
    }
}

fn signed_bytes<S: Statement>(body: &[u8]) -> Vec<u8> {
    [S::LABEL.as_bytes(), &[0], body].concat()
}

/// A statement with a signature that has not been checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed<S> {
    statement: S,
    signature: [u8; 64],
}

impl<S: Statement> Signed<S> {
    /// The statement, only if its signature verifies.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&self) -> Result<&S, BadSignature> {
        let bad = BadSignature { what: S::WHAT };
        let key = VerifyingKey::from_bytes(&self.statement.signer().0).map_err(|_| bad)?;
        let message = signed_bytes::<S>(&self.statement.to_wire());
        key.verify_strict(&message, &Signature::from_bytes(&self.signature))
            .map_err(|_| bad)?;
        Ok(&self.statement)
    }

    /// The statement before its signature is checked: for routing only.
    #[must_use]
    pub fn peek_statement(&self) -> &S {
        &self.statement
    }

    /// Text for HTTP headers: unpadded base64url of the encoding.
    #[must_use]
    pub fn to_header(&self) -> String {
        data_encoding::BASE64URL_NOPAD.encode(&self.to_wire())
    }

    /// The inverse of [`Signed::to_header`].
    ///
    /// # Errors
    /// Any [`DecodeError`].
    pub fn from_header(text: &str) -> Result<Self, DecodeError> {
        let bytes = data_encoding::BASE64URL_NOPAD
            .decode(text.as_bytes())
            .map_err(|_| DecodeError::Rule {
                what: "the text is not base64url",
            })?;
        Self::from_wire(&bytes)
    }
}

impl<S: Statement> Wire for Signed<S> {
    const WHAT: &'static str = S::WHAT;

    fn write(&self, writer: &mut Writer) {
        self.statement.write(writer);
        writer.put(&self.signature);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            statement: S::read(reader)?,
            signature: reader.take_array(S::WHAT)?,
        })
    }
}

/// "Open a mailbox with these keys": made by the vault that will own it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenMailbox {
    /// The relay this is meant for; another relay refuses it.
    pub relay_key: PublicKey,
    /// The invitation's code.
    pub code: [u8; 16],
    /// Whoever holds the seed of this key may send.
    pub send_key: PublicKey,
    /// Whoever holds the token of this id may fetch.
    pub fetch_id: FetchId,
    /// Whoever holds the seed of this key may acknowledge; it signs this statement.
    pub ack_key: PublicKey,
}

impl Wire for OpenMailbox {
    const WHAT: &'static str = "open-mailbox statement";

    fn write(&self, writer: &mut Writer) {
        writer
            .put(&self.relay_key.0)
            .put(&self.code)
            .put(&self.send_key.0);
        writer.put(&self.fetch_id.0).put(&self.ack_key.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            relay_key: PublicKey(reader.take_array("relay key")?),
            code: reader.take_array("invitation code")?,
            send_key: PublicKey(reader.take_array("send key")?),
            fetch_id: FetchId(reader.take_array("fetch id")?),
            ack_key: PublicKey(reader.take_array("acknowledge key")?),
        })
    }
}

impl Statement for OpenMailbox {
    const LABEL: &'static str = "causeway/relay/v1 open mailbox";

    fn signer(&self) -> PublicKey {
        self.ack_key
    }
}

/// "This one bundle may be put into this mailbox": made by the sending vault for its courier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The relay this is meant for.
    pub relay_key: PublicKey,
    /// Names the mailbox and signs the ticket.
    pub send_key: PublicKey,
    /// The bundle.
    pub content_id: ContentId,
    /// The bundle's size, at most [`BUNDLE_BYTES_MAX`].
    pub size_bytes: u64,
}

impl Wire for Ticket {
    const WHAT: &'static str = "ticket";

    fn write(&self, writer: &mut Writer) {
        writer
            .put(&self.relay_key.0)
            .put(&self.send_key.0)
            .put(&self.content_id.0);
        writer.u64(self.size_bytes);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let ticket = Self {
            relay_key: PublicKey(reader.take_array("relay key")?),
            send_key: PublicKey(reader.take_array("send key")?),
            content_id: ContentId(reader.take_array("content id")?),
            size_bytes: reader.u64("bundle size")?,
        };
        if ticket.size_bytes > BUNDLE_BYTES_MAX {
            return Err(DecodeError::OverLimit {
                what: "bundle size",
                found: ticket.size_bytes,
                limit: BUNDLE_BYTES_MAX,
            });
        }
        Ok(ticket)
    }
}

impl Statement for Ticket {
    const LABEL: &'static str = "causeway/relay/v1 ticket";

    fn signer(&self) -> PublicKey {
        self.send_key
    }
}

/// "These bundles are safely in the vault; the relay may forget them."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The relay this is meant for.
    pub relay_key: PublicKey,
    /// Names the mailbox and signs the statement.
    pub ack_key: PublicKey,
    /// At most [`ACK_IDS_MAX`].
    pub content_ids: Vec<ContentId>,
}

impl Wire for Acknowledgement {
    const WHAT: &'static str = "acknowledgement";

    fn write(&self, writer: &mut Writer) {
        writer
            .put(&self.relay_key.0)
            .put(&self.ack_key.0)
            .count(self.content_ids.len());
        for id in &self.content_ids {
            writer.put(&id.0);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let relay_key = PublicKey(reader.take_array("relay key")?);
        let ack_key = PublicKey(reader.take_array("acknowledge key")?);
        let count = reader.count(ACK_IDS_MAX, "acknowledged ids")?;
        let content_ids = (0..count)
            .map(|_| reader.take_array("content id").map(ContentId))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            relay_key,
            ack_key,
            content_ids,
        })
    }
}

impl Statement for Acknowledgement {
    const LABEL: &'static str = "causeway/relay/v1 acknowledgement";

    fn signer(&self) -> PublicKey {
        self.ack_key
    }
}

/// "I have stored this bundle durably": the relay's signed answer to an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReceipt {
    /// Signs the receipt.
    pub relay_key: PublicKey,
    /// The mailbox, by its send key.
    pub send_key: PublicKey,
    /// The bundle.
    pub content_id: ContentId,
    /// The bundle's place in the mailbox, from 1.
    pub sequence: u64,
}

impl Wire for StoredReceipt {
    const WHAT: &'static str = "stored receipt";

    fn write(&self, writer: &mut Writer) {
        writer
            .put(&self.relay_key.0)
            .put(&self.send_key.0)
            .put(&self.content_id.0);
        writer.u64(self.sequence);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            relay_key: PublicKey(reader.take_array("relay key")?),
            send_key: PublicKey(reader.take_array("send key")?),
            content_id: ContentId(reader.take_array("content id")?),
            sequence: reader.u64("sequence")?,
        })
    }
}

impl Statement for StoredReceipt {
    const LABEL: &'static str = "causeway/relay/v1 stored receipt";

    fn signer(&self) -> PublicKey {
        self.relay_key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(seed: &Secret32) -> Ticket {
        Ticket {
            relay_key: PublicKey([1; 32]),
            send_key: PublicKey::of_seed(seed),
            content_id: ContentId::of(b"bundle"),
            size_bytes: 6,
        }
    }

    #[test]
    fn a_statement_verifies_and_survives_a_header() {
        let seed = Secret32::new([5; 32]);
        let signed = ticket(&seed).sign(&seed);
        let read = Signed::<Ticket>::from_header(&signed.to_header()).unwrap();
        assert_eq!(read.verify().unwrap(), &ticket(&seed));
    }

    #[test]
    fn a_ticket_with_any_byte_changed_does_not_verify() {
        let seed = Secret32::new([5; 32]);
        let mut bytes = ticket(&seed).sign(&seed).to_wire();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            let accepted = Signed::<Ticket>::from_wire(&bytes).is_ok_and(|it| it.verify().is_ok());
            assert!(!accepted, "byte {at}");
            bytes[at] ^= 1;
        }
    }

    #[test]
    fn a_statement_signed_by_another_key_does_not_verify() {
        let seed = Secret32::new([5; 32]);
        assert!(
            ticket(&seed)
                .sign(&Secret32::new([6; 32]))
                .verify()
                .is_err()
        );
    }

    #[test]
    fn a_ticket_over_the_size_limit_is_refused() {
        let seed = Secret32::new([5; 32]);
        let huge = Ticket {
            size_bytes: u64::MAX,
            ..ticket(&seed)
        };
        assert!(Signed::<Ticket>::from_wire(&huge.sign(&seed).to_wire()).is_err());
    }

    #[test]
    fn an_invitation_survives_its_text_form() {
        let relay = RelayAddress::new("http://127.0.0.1:8410", PublicKey([2; 32])).unwrap();
        let invitation = Invitation {
            relay,
            code: [3; 16],
        };
        let text = format!(" {}\n", invitation.to_text());
        assert_eq!(Invitation::from_text(&text).unwrap(), invitation);
    }

    #[test]
    fn relay_urls_that_could_mislead_are_refused() {
        for url in [
            "",
            "ftp://x",
            "http://",
            "http://x/",
            "http://a b",
            "http://\u{202e}x",
        ] {
            assert!(RelayAddress::new(url, PublicKey([0; 32])).is_err(), "{url}");
        }
    }
}
