//! `card`: what others need to write to the vault's owner.

use std::fmt::Write as _;

use bundle_format::card::Card;
use carriers::qr::{render_png, render_terminal};
use pack_format::light::Kind;
use serde_json::json;

use super::args::CardArgs;
use super::work_args::Light;
use super::{CommandError, Context, Report, check_parent, light};
use crate::files::{Existing, write_whole};

/// Shows the card, or writes it where it was asked for.
pub(super) fn card(context: &Context, asked: &CardArgs) -> Result<Report, CommandError> {
    let targets = asked.output.iter().chain(&asked.qr);
    targets.clone().try_for_each(|path| check_parent(path))?;
    let card = context.vault()?.card()?;
    let existing = if asked.force {
        Existing::Replace
    } else {
        Existing::Keep
    };
    let shown = Light {
        screen: asked.screen,
        terminal: asked.terminal,
        ..Light::default()
    };
    let mut text = String::new();
    if shown.is_asked() {
        let means = light::open(context, &shown)?;
        let end = light::how_to_end(&shown);
        let headline = format!("Your card: film it on the other machine, then {end}.");
        light::show(context, means, Kind::Card, card.to_bytes(), &headline)?;
        let _ = writeln!(text, "Your words are: {}", words(&card));
    }
    if let Some(path) = &asked.output {
        write_whole(path, format!("{}\n", card.to_text()).as_bytes(), existing)?;
        let _ = writeln!(text, "Your card is in {}.", path.display());
    }
    if let Some(path) = &asked.qr {
        write_whole(path, &render_png(&card.to_bytes())?, existing)?;
        let _ = writeln!(text, "The picture of your card is in {}.", path.display());
    }
    if asked.qr_terminal {
        text.push_str(&render_terminal(&card.to_bytes())?);
    }
    if asked.words {
        let _ = writeln!(text, "{}", words(&card));
    }
    if text.is_empty() {
        let _ = writeln!(text, "{}", card.to_text());
    }
    let json = json!({
        "card": card.to_text(),
        "name": card.name(),
        "words": card.fingerprint().words(),
        "incarnation": card.age().0,
        "serial": card.age().1,
        "files": targets.map(|path| path.display().to_string()).collect::<Vec<_>>(),
    });
    let report = Report::new(text, json);
    Ok(if card.mailboxes().is_empty() && !asked.words {
        report.with_note(NO_MAILBOX)
    } else {
        report
    })
}

/// Said wherever somebody would otherwise wait for an answer in vain.
pub(super) const NO_MAILBOX: &str = "your card names no relay yet: answers and receipts reach you \
    only from a vault paired with yours; `offline-vault relay add FILE` makes a mailbox";

/// The eight words that people compare, in one line.
pub(super) fn words(card: &Card) -> String {
    card.fingerprint().words().join(" ")
}
