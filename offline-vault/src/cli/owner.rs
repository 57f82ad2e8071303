//! `owner`: what the owners of a space decide together.

use std::fmt::Write as _;

use serde_json::json;

use super::member::{member_json, member_lines};
use super::space_args::{NamedSpace, OneMember, OwnerCommand};
use super::space_text::{news_json, vote_json, vote_text, write_news};
use super::{CommandError, Context, Report};
use crate::team::members;
use crate::wording::count_text;

/// Carries out one of the commands on owners.
pub(super) fn owner(context: &Context, command: OwnerCommand) -> Result<Report, CommandError> {
    match command {
        OwnerCommand::List(asked) => list(context, &asked),
        OwnerCommand::Add(asked) => vote(context, &asked, true),
        OwnerCommand::Remove(asked) => vote(context, &asked, false),
    }
}

fn list(context: &Context, asked: &NamedSpace) -> Result<Report, CommandError> {
    let found = members::owners(context.vault()?, &asked.space)?;
    let mut text = String::new();
    for owner in &found.owners {
        for line in member_lines(owner) {
            let _ = writeln!(text, "{line}");
        }
    }
    let needed = u64::try_from(found.needed).unwrap_or(u64::MAX);
    let _ = writeln!(text, "A change takes {}.", count_text(needed, "vote"));
    for vote in &found.votes {
        let _ = writeln!(text, "{}", vote_text(vote));
    }
    let json = json!({
        "space": found.space.as_str(),
        "owners": found.owners.iter().map(member_json).collect::<Vec<_>>(),
        "votes_needed": found.needed,
        "may_vote": found.may_vote,
        "votes": found.votes.iter().map(vote_json).collect::<Vec<_>>(),
    });
    Ok(Report::new(text, json))
}

fn vote(context: &Context, asked: &OneMember, adds: bool) -> Result<Report, CommandError> {
    let (vault, now) = (context.vault()?, context.now());
    let voted = members::vote(vault, &asked.space, &asked.member, adds, now)?;
    let (name, space) = (&voted.vote.member, &voted.space);
    let missing = u64::try_from(voted.vote.missing).unwrap_or(u64::MAX);
    let mut text = match (missing, adds) {
        (0, true) => format!("{name} is an owner of {space} now.\n"),
        (0, false) => format!("{name} is no owner of {space} any more, and no member.\n"),
        (missing, _) => format!(
            "Your vote is written; it takes {} more, with the same command in the vaults of other \
             owners.\n",
            count_text(missing, "vote")
        ),
    };
    write_news(&mut text, &voted.news);
    text.push_str("The others hear of it with the next sync.");
    let json = json!({
        "space": space.as_str(),
        "vote": vote_json(&voted.vote),
        "in_effect": missing == 0,
        "news": news_json(&voted.news),
    });
    Ok(Report::new(text, json))
}
