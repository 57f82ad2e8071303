//! `relay`: the vault's own mailboxes.

use std::fmt::Write as _;
use std::path::Path;

use pack_format::relay::Invitation;
use pack_format::shown::Shown;
use serde_json::json;

use super::args::RelayCommand;
use super::{CommandError, Context, Report, read_text};
use crate::limits::CARD_FILE_BYTES_MAX;
use crate::vault::VaultError;

/// Carries out one of the commands on mailboxes.
pub(super) fn relay(context: &Context, command: &RelayCommand) -> Result<Report, CommandError> {
    match command {
        RelayCommand::Add { invitation } => add(context, invitation),
        RelayCommand::List => list(context),
    }
}

fn add(context: &Context, file: &Path) -> Result<Report, CommandError> {
    let text = read_text(file, CARD_FILE_BYTES_MAX, "the invitation")?;
    let invitation = Invitation::from_text(&text).map_err(VaultError::Invitation)?;
    let vault = context.vault()?;
    vault.add_relay(&invitation, context.now())?;
    let url = invitation.relay.url();
    let serial = vault.card()?.age().1;
    let text = format!(
        "You have a mailbox on {} now; your courier opens it at the next crossing.\n\
         Your card has changed. Contacts get the new one inside the next bundle that you send \
         them;\nto anybody else give it again with `offline-vault card`.",
        Shown(url)
    );
    Ok(Report::new(
        text,
        json!({ "relay": url, "card_serial": serial }),
    ))
}

/// How far the opening of a mailbox got, as far as this vault knows.
pub(super) fn mailbox_state(is_handed_over: bool) -> &'static str {
    if is_handed_over {
        "handed to a courier, which opens it"
    } else {
        "not handed to a courier yet"
    }
}

fn list(context: &Context) -> Result<Report, CommandError> {
    let (mut text, mut listed) = (String::new(), Vec::new());
    for mailbox in context.vault()?.relays()? {
        let url = mailbox.keys.relay.url();
        let state = mailbox_state(mailbox.opened);
        let _ = writeln!(text, "{}  {state}", Shown(url));
        listed.push(json!({ "relay": url, "handed_to_courier": mailbox.opened }));
    }
    if listed.is_empty() {
        text.push_str("There are no mailboxes yet. Next: `offline-vault relay add FILE`.");
    }
    Ok(Report::new(text, json!({ "relays": listed })))
}
