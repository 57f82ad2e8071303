//! People: taking in their cards, comparing their words.

use bundle_format::card::Card;
use pack_format::shown::Shown;
use pack_format::words::{FINGERPRINT_WORDS, WordsError, split_words};

use super::{Vault, VaultError};
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::store::{Changes, Contact, RecipientState, Tables, Verification};

/// What becomes of bundles that a removed contact has not confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unconfirmed {
    /// The contact is not removed while there are any.
    Keep,
    /// They are forgotten with the contact.
    Discard,
}

/// What became of a card.
#[derive(Debug)]
pub enum AddedCard {
    /// A new contact, not verified.
    New {
        /// The contact.
        contact: Contact,
        /// Other contacts whose cards carry the same name.
        same_name: Vec<LocalName>,
    },
    /// A newer card of a person who was known.
    Renewed {
        /// The contact, with the new card.
        contact: Contact,
        /// They have restored their vault since.
        new_incarnation: bool,
    },
    /// The card was there.
    Unchanged {
        /// The contact.
        contact: Contact,
    },
}

impl AddedCard {
    /// Whom it concerns.
    #[must_use]
    pub fn contact(&self) -> &Contact {
        match self {
            Self::New { contact, .. }
            | Self::Renewed { contact, .. }
            | Self::Unchanged { contact } => contact,
        }
    }
}

/// A contact's eight words with two left out, for the person to type as they hear them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordsChallenge {
    words: Vec<&'static str>,
    blanks: [usize; 2],
}

impl WordsChallenge {
    /// The words in order; `None` where one is to be typed.
    #[must_use]
    pub fn shown(&self) -> Vec<Option<&'static str>> {
        let words = self.words.iter().copied().enumerate();
        words
            .map(|(at, word)| (!self.blanks.contains(&at)).then_some(word))
            .collect()
    }

    /// The places to be typed, from 1, in order.
    #[must_use]
    pub fn places(&self) -> [usize; 2] {
        self.blanks.map(|at| at + 1)
    }

    /// The eight words as they were heard, when `typed` are those of [`WordsChallenge::places`].
    #[must_use]
    pub fn heard(&self, typed: [&str; 2]) -> String {
        let mut heard: Vec<&str> = self.words.clone();
        for (at, word) in self.blanks.into_iter().zip(typed) {
            if let Some(place) = heard.get_mut(at) {
                *place = word;
            }
        }
        heard.join(" ")
    }
}

impl Vault {
    /// Takes in a card: of a new person under `nickname` or one made from the name on the card,
    /// or a newer one of a known person.
    ///
    /// # Errors
    /// [`VaultError::CardIsOwn`], [`VaultError::CardOlder`], [`VaultError::AlreadyKnown`],
    /// [`VaultError::NicknameTaken`], [`VaultError::LocalName`], [`VaultError::Store`].
    pub fn add_contact(
        &self,
        card: &Card,
        nickname: Option<&LocalName>,
        now: UnixTime,
    ) -> Result<AddedCard, VaultError> {
        if card.identity() == self.identity.key() {
            return Err(VaultError::CardIsOwn);
        }
        self.store.write(
            |changes| match changes.contact_with_identity(card.identity())? {
                Some(known) => renew(changes, known, card, nickname, now),
                None => add_new(changes, card, nickname, now),
            },
        )
    }

    /// All contacts, by nickname.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    pub fn contacts(&self) -> Result<Vec<Contact>, VaultError> {
        Ok(self.store.read().contacts()?)
    }

    /// One contact.
    ///
    /// # Errors
    /// [`VaultError::ContactUnknown`], [`VaultError::Store`].
    pub fn contact(&self, nickname: &LocalName) -> Result<Contact, VaultError> {
        known_contact(&self.store.read(), nickname)
    }

    /// The contact's words with two left out, at random places.
    ///
    /// # Errors
    /// [`VaultError::ContactUnknown`], [`VaultError::Store`], [`VaultError::Random`].
    pub fn words_challenge(&self, nickname: &LocalName) -> Result<WordsChallenge, VaultError> {
        let words = self.contact(nickname)?.card.fingerprint().words();
        // 56 pairs of different places; 2^64 is far above, so that none is noticeably likelier.
        let random = u64::from_be_bytes(self.rng()?.array());
        let count = FINGERPRINT_WORDS as u64;
        let first = random % count;
        let second = (first + 1 + random / count % (count - 1)) % count;
        let mut blanks = [first, second].map(|at| usize::try_from(at).unwrap_or(0));
        blanks.sort_unstable();
        Ok(WordsChallenge { words, blanks })
    }

    /// Notes that the contact read out `heard`, if these are the words of their card.
    ///
    /// # Errors
    /// [`VaultError::ContactUnknown`], [`VaultError::Words`] for another number of words,
    /// [`VaultError::WordsDiffer`], [`VaultError::Store`].
    pub fn verify_contact(
        &self,
        nickname: &LocalName,
        heard: &str,
        how: &str,
        now: UnixTime,
    ) -> Result<Contact, VaultError> {
        let heard = split_words(heard);
        if heard.len() != FINGERPRINT_WORDS {
            return Err(VaultError::Words(WordsError::Count {
                expected: FINGERPRINT_WORDS,
                found: heard.len(),
            }));
        }
        self.store.write(|changes| {
            let contact = known_contact(changes, nickname)?;
            if heard != contact.card.fingerprint().words() {
                return Err(VaultError::WordsDiffer {
                    nickname: nickname.clone(),
                });
            }
            let how = how.to_owned();
            changes.set_contact_verified(contact.id, &Verification { at: now, how })?;
            changes.note(
                now,
                &format!("The words of {nickname} were compared and right."),
            )?;
            known_contact(changes, nickname)
        })
    }

    /// Removes a contact, the key chains with them and what was outstanding for them.
    ///
    /// # Errors
    /// [`VaultError::ContactUnknown`], [`VaultError::ContactAwaits`], [`VaultError::Store`].
    pub fn remove_contact(
        &self,
        nickname: &LocalName,
        unconfirmed: Unconfirmed,
        now: UnixTime,
    ) -> Result<(), VaultError> {
        self.store.write(|changes| {
            let contact = known_contact(changes, nickname)?;
            let waiting = changes
                .recipients_of_contact(contact.id)?
                .into_iter()
                .filter(|it| {
                    it.sequence > 0 && it.state < RecipientState::Confirmed && !it.stranded
                });
            let count = waiting.count();
            if count > 0 && unconfirmed == Unconfirmed::Keep {
                let nickname = nickname.clone();
                return Err(VaultError::ContactAwaits { nickname, count });
            }
            changes.remove_contact(contact.id)?;
            changes.note(now, &format!("The contact {nickname} was removed."))?;
            Ok(())
        })
    }
}

/// The contact with a nickname, which must be there.
pub(super) fn known_contact(
    tables: &Tables<'_>,
    nickname: &LocalName,
) -> Result<Contact, VaultError> {
    tables
        .contact_named(nickname)?
        .ok_or_else(|| VaultError::ContactUnknown {
            nickname: nickname.clone(),
        })
}

fn add_new(
    changes: &Changes<'_>,
    card: &Card,
    nickname: Option<&LocalName>,
    now: UnixTime,
) -> Result<AddedCard, VaultError> {
    let nickname = match nickname {
        Some(nickname) => nickname.clone(),
        None => LocalName::from_card_name(card.name())?,
    };
    if changes.contact_named(&nickname)?.is_some() {
        return Err(VaultError::NicknameTaken { nickname });
    }
    let shown_name = card.name().to_lowercase();
    let namesakes = changes.contacts()?.into_iter();
    let same_name = namesakes
        .filter(|other| other.card.name().to_lowercase() == shown_name)
        .map(|other| other.nickname)
        .collect();
    let id = changes.insert_contact(&nickname, card, now)?;
    changes.adopt_incoming(id, card.identity())?;
    let name = Shown(card.name());
    changes.note(now, &format!("The card of {nickname} ({name}) was added."))?;
    Ok(AddedCard::New {
        contact: known_contact(changes, &nickname)?,
        same_name,
    })
}

fn renew(
    changes: &Changes<'_>,
    known: Contact,
    card: &Card,
    nickname: Option<&LocalName>,
    now: UnixTime,
) -> Result<AddedCard, VaultError> {
    let name = known.nickname.clone();
    if nickname.is_some_and(|asked| *asked != name) {
        return Err(VaultError::AlreadyKnown { nickname: name });
    }
    if card.to_bytes() == known.card.to_bytes() {
        return Ok(AddedCard::Unchanged { contact: known });
    }
    if card.age() <= known.card.age() {
        return Err(VaultError::CardOlder { nickname: name });
    }
    let new_incarnation = card.age().0 > known.card.age().0;
    if new_incarnation {
        changes.begin_incarnation(known.id)?;
    }
    changes.set_contact_card(known.id, card)?;
    changes.note(now, &format!("The card of {name} was renewed."))?;
    Ok(AddedCard::Renewed {
        contact: known_contact(changes, &name)?,
        new_incarnation,
    })
}
