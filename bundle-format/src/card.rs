//! A contact card: what somebody must have to write to its owner, signed by the owner.
//!
//! Spec: spec/bundle.md, "Card".

use std::fmt;

use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use pack_format::relay::{RelayAddress, armour, unarmour};
use pack_format::secret::Secret32;
use pack_format::shown::is_hidden;
use thiserror::Error;

use crate::identity::{
    BadSignature, ENCAPSULATION_KEY_BYTES, EncapsulationKey, Fingerprint, Identity, IdentityKey,
};
use crate::limits::{CARD_RELAYS_MAX, NAME_BYTES_MAX};

/// Why bytes are not a card.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CardError {
    /// The bytes or the text are not a card of this version.
    #[error("this is not a contact card: {0}")]
    Decode(#[from] DecodeError),
    /// The card was altered after its owner signed it.
    #[error("the card was altered after it was signed")]
    Signature(#[from] BadSignature),
}

/// A mailbox of the card's owner, and the right to put bundles into it.
pub struct CardMailbox {
    /// The relay that holds the mailbox.
    pub relay: RelayAddress,
    /// The seed of the mailbox's send key: whoever has the card may send.
    pub send_seed: Secret32,
}

impl Clone for CardMailbox {
    fn clone(&self) -> Self {
        Self {
            relay: self.relay.clone(),
            send_seed: self.send_seed.duplicate(),
        }
    }
}

impl fmt::Debug for CardMailbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("CardMailbox")
            .field(&self.relay)
            .finish()
    }
}

/// A card whose signature was checked when it was read, or that was made here.
#[derive(Clone, Debug)]
pub struct Card {
    name: String,
    identity: IdentityKey,
    incarnation: u32,
    serial: u32,
    encapsulation_key: EncapsulationKey,
    mailboxes: Vec<CardMailbox>,
    signature: [u8; 64],
}

/// What goes on a new card.
#[derive(Debug)]
pub struct CardDraft {
    /// The name that the owner chose, 1 to [`NAME_BYTES_MAX`] bytes, without control characters.
    pub name: String,
    /// The owner's incarnation, from 1; a restore raises it.
    pub incarnation: u32,
    /// Rises with every card of one incarnation: of two cards the higher is the newer.
    pub serial: u32,
    /// The incarnation's encryption key.
    pub encapsulation_key: EncapsulationKey,
    /// Where bundles for the owner may be put; at most [`CARD_RELAYS_MAX`].
    pub mailboxes: Vec<CardMailbox>,
}

impl Card {
    /// Signs a new card.
    ///
    /// # Errors
    /// [`DecodeError`] when the name or the list of mailboxes is outside its limits.
    pub fn issue(identity: &Identity, draft: CardDraft) -> Result<Self, DecodeError> {
        check_name(&draft.name)?;
        if draft.mailboxes.len() > usize::from(CARD_RELAYS_MAX) {
            return Err(over_mailboxes(draft.mailboxes.len() as u64));
        }
        let mut card = Self {
            name: draft.name,
            identity: identity.key(),
            incarnation: draft.incarnation,
            serial: draft.serial,
            encapsulation_key: draft.encapsulation_key,
            mailboxes: draft.mailboxes,
            signature: [0; 64],
        };
        card.signature = identity.sign(LABEL, &card.body());
        Ok(card)
    }

    /// Reads a card and checks its signature.
    ///
    /// # Errors
    /// [`CardError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CardError> {
        let mut reader = Reader::new(bytes);
        let card = read_body(&mut reader)?;
        let card = Self {
            signature: reader.take_array("card signature")?,
            ..card
        };
        reader.finish("contact card")?;
        card.identity.verify(LABEL, &card.body(), &card.signature)?;
        Ok(card)
    }

    /// Reads the text form, `causeway-card-1:` and base64url.
    ///
    /// # Errors
    /// [`CardError`].
    pub fn from_text(text: &str) -> Result<Self, CardError> {
        Self::from_bytes(&unarmour(TEXT_PREFIX, text, "contact card")?)
    }

    /// The binary form, about 1.4 KB: it fits one QR code.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.body();
        bytes.extend_from_slice(&self.signature);
        bytes
    }

    /// The text form, one line.
    #[must_use]
    pub fn to_text(&self) -> String {
        armour(TEXT_PREFIX, &self.to_bytes())
    }

    /// The name that the owner chose. Other people may choose the same.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The owner's signing key.
    #[must_use]
    pub fn identity(&self) -> IdentityKey {
        self.identity
    }

    /// The fingerprint of the owner's signing key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.identity.fingerprint()
    }

    /// `(incarnation, serial)`: of two cards of one owner the larger is the newer.
    #[must_use]
    pub fn age(&self) -> (u32, u32) {
        (self.incarnation, self.serial)
    }

    /// The owner's encryption key.
    #[must_use]
    pub fn encapsulation_key(&self) -> &EncapsulationKey {
        &self.encapsulation_key
    }

    /// Where bundles for the owner may be put.
    #[must_use]
    pub fn mailboxes(&self) -> &[CardMailbox] {
        &self.mailboxes
    }

    fn body(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u8(VERSION).text(&self.name).put(&self.identity.0);
        writer.u32(self.incarnation).u32(self.serial);
        writer.put(self.encapsulation_key.as_bytes());
        writer.u8(u8::try_from(self.mailboxes.len()).unwrap_or(u8::MAX));
        for mailbox in &self.mailboxes {
            mailbox.relay.write(&mut writer);
            writer.put(mailbox.send_seed.expose());
        }
        writer.into_bytes()
    }
}

fn read_body(reader: &mut Reader<'_>) -> Result<Card, DecodeError> {
    if reader.u8("card version")? != VERSION {
        return Err(DecodeError::Unknown {
            what: "card version",
        });
    }
    let name = reader.text(NAME_BYTES_MAX, "name")?.to_owned();
    check_name(&name)?;
    let identity = IdentityKey(reader.take_array("identity key")?);
    let incarnation = reader.u32("incarnation")?;
    let serial = reader.u32("serial")?;
    let key = reader.take_array::<ENCAPSULATION_KEY_BYTES>("encryption key")?;
    let encapsulation_key = EncapsulationKey::new(key)?;
    let count = reader.u8("mailbox count")?;
    if count > CARD_RELAYS_MAX {
        return Err(over_mailboxes(u64::from(count)));
    }
    let mut mailboxes = Vec::new();
    for _ in 0..count {
        let relay = RelayAddress::read(reader)?;
        let send_seed = Secret32::new(reader.take_array("send seed")?);
        mailboxes.push(CardMailbox { relay, send_seed });
    }
    let signature = [0; 64];
    Ok(Card {
        name,
        identity,
        incarnation,
        serial,
        encapsulation_key,
        mailboxes,
        signature,
    })
}

/// A name is shown everywhere: no control characters, no invisible direction marks, no blanks at
/// its ends that would make two names look alike.
fn check_name(name: &str) -> Result<(), DecodeError> {
    let long = name.len() > usize::from(NAME_BYTES_MAX);
    if name.is_empty() || long || name.trim() != name || name.chars().any(is_hidden) {
        return Err(DecodeError::Rule {
            what: "a name has 1 to 64 bytes, no hidden characters and no blanks at its ends",
        });
    }
    Ok(())
}

fn over_mailboxes(found: u64) -> DecodeError {
    DecodeError::OverLimit {
        what: "mailboxes",
        found,
        limit: u64::from(CARD_RELAYS_MAX),
    }
}

const VERSION: u8 = 1;
const LABEL: &str = "causeway/card/v1";
const TEXT_PREFIX: &str = "causeway-card-1:";

#[cfg(test)]
mod tests {
    use pack_format::relay::PublicKey;

    use super::*;
    use crate::identity::DecapsulationKey;

    fn card() -> Card {
        let identity = Identity::from_seed(Secret32::new([1; 32]));
        let key = DecapsulationKey::from_seed(Secret32::new([2; 32])).encapsulation_key();
        let relay = RelayAddress::new("https://relay.example", PublicKey([4; 32])).unwrap();
        let draft = CardDraft {
            name: "Amina".to_owned(),
            incarnation: 1,
            serial: 1,
            encapsulation_key: key,
            mailboxes: vec![CardMailbox {
                relay,
                send_seed: Secret32::new([5; 32]),
            }],
        };
        Card::issue(&identity, draft).unwrap()
    }

    #[test]
    fn a_card_survives_its_text_form() {
        let read = Card::from_text(&format!("\n{}  ", card().to_text())).unwrap();
        assert_eq!(read.to_bytes(), card().to_bytes());
    }

    #[test]
    fn every_flipped_byte_of_a_card_is_refused() {
        let mut bytes = card().to_bytes();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert!(Card::from_bytes(&bytes).is_err(), "byte {at}");
            bytes[at] ^= 1;
        }
    }

    #[test]
    fn a_card_cut_at_any_length_is_refused() {
        let bytes = card().to_bytes();
        for len in 0..bytes.len() {
            assert!(Card::from_bytes(&bytes[..len]).is_err(), "cut to {len}");
        }
    }

    #[test]
    fn names_that_hide_something_are_refused() {
        for name in [
            "",
            " Amina",
            "Ami\u{202e}na",
            "A\nmina",
            "\u{200b}",
            &"x".repeat(65),
        ] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        assert!(check_name("أمينة").is_ok());
    }

    #[test]
    fn a_card_fits_one_qr_code() {
        assert!(card().to_bytes().len() < 2_900);
    }
}
