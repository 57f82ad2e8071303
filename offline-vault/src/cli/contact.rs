//! `contact`: people, their cards, and whether their words were compared.

use std::fmt::Write as _;
use std::path::Path;

use bundle_format::card::Card;
use carriers::qr::read_png;
use pack_format::light::Kind;
use pack_format::shown::Shown;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::args::ContactCommand;
use super::card::words;
use super::{CommandError, Context, Report, light};
use crate::files::read_bounded;
use crate::limits::{CARD_FILE_BYTES_MAX, HOW_CHARS_MAX};
use crate::names::LocalName;
use crate::store::Contact;
use crate::vault::{AddedCard, Unconfirmed, VaultError, WordsChallenge};

/// Carries out one of the commands on contacts.
pub(super) fn contact(context: &Context, command: ContactCommand) -> Result<Report, CommandError> {
    match command {
        ContactCommand::Add {
            file,
            camera,
            nickname,
        } => add(context, file.as_deref(), camera, nickname.as_deref()),
        ContactCommand::Verify {
            nickname,
            how,
            words,
        } => verify(context, &nickname, how.as_deref(), words.as_deref()),
        ContactCommand::Accept { item, nickname } => {
            super::items::accept(context, &item, nickname.as_deref())
        }
        ContactCommand::List => list(context),
        ContactCommand::Remove { nickname, discard } => remove(context, &nickname, discard),
    }
}

/// A name that the person typed.
pub(super) fn local_name(text: &str) -> Result<LocalName, CommandError> {
    Ok(LocalName::new(text).map_err(VaultError::LocalName)?)
}

fn add(
    context: &Context,
    file: Option<&Path>,
    camera: Option<String>,
    nickname: Option<&str>,
) -> Result<Report, CommandError> {
    let nickname = nickname.map(local_name).transpose()?;
    let card = match file {
        Some(file) => read_card(file)?,
        None => film_card(context, camera.unwrap_or_default())?,
    };
    let vault = context.vault()?;
    let added = vault.add_contact(&card, nickname.as_ref(), context.now())?;
    let contact = added.contact();
    let name = &contact.nickname;
    let mut text = match &added {
        AddedCard::New { .. } => format!("{name} is a contact now.\n"),
        AddedCard::Renewed { .. } => format!("The card of {name} is replaced by a newer one.\n"),
        AddedCard::Unchanged { .. } => format!("The card of {name} was here already.\n"),
    };
    let _ = writeln!(text, "name on the card  {}", Shown(card.name()));
    let _ = writeln!(text, "words             {}", words(&card));
    let _ = writeln!(text, "verified          {}", verified_text(contact));
    if contact.verification.is_none() {
        let _ = writeln!(
            text,
            "Next: compare the words with `offline-vault contact verify {name}`."
        );
    }
    let mut report = Report::new(text, contact_json(contact));
    if let AddedCard::New { same_name, .. } = &added
        && !same_name.is_empty()
    {
        let others: Vec<_> = same_name.iter().map(LocalName::as_str).collect();
        report = report.with_note(format!(
            "WARNING: {} has the same name on the card and is somebody else. If you know only \
             one person of this name, one of the two cards is false.",
            others.join(", ")
        ));
    }
    if let AddedCard::Renewed {
        new_incarnation: true,
        ..
    } = &added
    {
        report = report.with_note(format!(
            "{name} has restored their vault from a backup: what was on the way to them may \
             have to be sent again."
        ));
    }
    Ok(report)
}

/// A card from its text, or from a picture of its QR code.
/// A card in a single code, as `card --qr` makes it, or in moving ones.
fn film_card(context: &Context, camera: String) -> Result<Card, CommandError> {
    let is_card = |payload: &[u8]| Card::from_bytes(payload).is_ok();
    let bytes = light::film(context, camera, Kind::Card, &is_card)?;
    Ok(Card::from_bytes(&bytes).map_err(VaultError::Card)?)
}

fn read_card(file: &Path) -> Result<Card, CommandError> {
    let bytes = read_bounded(file, CARD_FILE_BYTES_MAX)?;
    let card = if bytes.starts_with(PNG_SIGNATURE) {
        Card::from_bytes(&read_png(&bytes)?)
    } else {
        let text = String::from_utf8(bytes).map_err(|_| CommandError::NotText { what: "the card" });
        Card::from_text(&text?)
    };
    Ok(card.map_err(VaultError::Card)?)
}

fn verify(
    context: &Context,
    nickname: &str,
    how: Option<&str>,
    heard: Option<&str>,
) -> Result<Report, CommandError> {
    let nickname = local_name(nickname)?;
    let vault = context.vault()?;
    let heard = match heard {
        Some(words) => Zeroizing::new(words.to_owned()),
        None => ask_two_words(context, &nickname, &vault.words_challenge(&nickname)?)?,
    };
    let how: String = match how {
        Some(how) => how.chars().take(HOW_CHARS_MAX).collect(),
        None => "words".to_owned(),
    };
    let contact = vault.verify_contact(&nickname, &heard, &how, context.now())?;
    let text = format!("{nickname} is verified: {}.", verified_text(&contact));
    Ok(Report::new(text, contact_json(&contact)))
}

/// Shows six of the eight words and has the other two typed as they are heard.
fn ask_two_words(
    context: &Context,
    nickname: &LocalName,
    challenge: &WordsChallenge,
) -> Result<Zeroizing<String>, CommandError> {
    let mut question = format!("Let {nickname} read their eight words aloud.\n");
    for (place, word) in (1..).zip(challenge.shown()) {
        let _ = writeln!(question, "  {place}  {}", word.unwrap_or("…"));
    }
    let [first, second] = challenge.places();
    let _ = write!(question, "Type word {first} as you hear it: ");
    let one = context.ask(&question)?;
    let two = context.ask(&format!("Type word {second} as you hear it: "))?;
    Ok(Zeroizing::new(challenge.heard([one.trim(), two.trim()])))
}

fn list(context: &Context) -> Result<Report, CommandError> {
    let contacts = context.vault()?.contacts()?;
    let mut text = String::new();
    for contact in &contacts {
        let _ = writeln!(text, "{}", contact.nickname);
        let _ = writeln!(text, "  name on the card  {}", Shown(contact.card.name()));
        let _ = writeln!(text, "  words             {}", words(&contact.card));
        let _ = writeln!(text, "  verified          {}", verified_text(contact));
    }
    if contacts.is_empty() {
        text.push_str("There are no contacts yet. Next: `offline-vault contact add FILE`.");
    }
    let contacts: Vec<_> = contacts.iter().map(contact_json).collect();
    Ok(Report::new(text, json!({ "contacts": contacts })))
}

fn remove(context: &Context, nickname: &str, discard: bool) -> Result<Report, CommandError> {
    let nickname = local_name(nickname)?;
    let unconfirmed = if discard {
        Unconfirmed::Discard
    } else {
        Unconfirmed::Keep
    };
    context
        .vault()?
        .remove_contact(&nickname, unconfirmed, context.now())?;
    let text = format!("{nickname} is no contact any more.");
    Ok(Report::new(text, json!({ "removed": nickname.as_str() })))
}

fn verified_text(contact: &Contact) -> String {
    match &contact.verification {
        Some(verification) => format!("{}, {}", verification.at, Shown(&verification.how)),
        None => "NOT VERIFIED".to_owned(),
    }
}

fn contact_json(contact: &Contact) -> Value {
    let verification = contact.verification.as_ref();
    json!({
        "nickname": contact.nickname.as_str(),
        "name": contact.card.name(),
        "words": contact.card.fingerprint().words(),
        "incarnation": contact.card.age().0,
        "serial": contact.card.age().1,
        "verified": verification.is_some(),
        "verified_at": verification.map(|verification| verification.at.0),
        "verified_how": verification.map(|verification| &verification.how),
    })
}

/// The first bytes of every PNG file.
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
