//! The command line of notes in spaces.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What can be done with notes.
#[derive(Debug, Subcommand)]
pub enum NoteCommand {
    /// Make a note.
    New(NewNote),
    /// List the notes of a space.
    List(ListNotes),
    /// Show the text of a note, and where it is.
    Show(OneNote),
    /// Give a note another text; what others change at the same time stays.
    Edit(EditNote),
    /// Give a note another title.
    Rename(RenameNote),
    /// Propose another text; an approver merges it.
    Suggest(SuggestNote),
    /// Show what is proposed for a note, line by line.
    Proposals(ListProposals),
    /// Merge a proposal into its note.
    Merge(DecideNote),
    /// Refuse a proposal.
    Refuse(DecideNote),
    /// Have every device destroy a note; counts who says that it has.
    Delete(OneNote),
}

/// Arguments of `note new`.
#[derive(Debug, Args)]
pub struct NewNote {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// Its title.
    #[arg(value_name = "TITLE")]
    pub title: String,
    /// The file with its text.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Who is to read it, if not everybody.
    #[arg(long, value_name = "NAME")]
    pub compartment: Option<String>,
}

/// Arguments of `note list`.
#[derive(Debug, Args)]
pub struct ListNotes {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// At most so many, those that changed last.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub limit: u32,
}

/// A note.
#[derive(Debug, Args)]
pub struct OneNote {
    /// The note, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
}

/// Arguments of `note edit`.
#[derive(Debug, Args)]
pub struct EditNote {
    /// The note, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
    /// The file with its new text [default: standard input].
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Arguments of `note rename`.
#[derive(Debug, Args)]
pub struct RenameNote {
    /// The note, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
    /// Its title from now on.
    #[arg(value_name = "TITLE")]
    pub title: String,
}

/// Arguments of `note suggest`.
#[derive(Debug, Args)]
pub struct SuggestNote {
    /// The note, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
    /// The file with the proposed text [default: standard input].
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Why.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub message: String,
}

/// Arguments of `note proposals`.
#[derive(Debug, Args)]
pub struct ListProposals {
    /// The note, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
    /// Those that were merged or refused, too.
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `note merge` and `note refuse`.
#[derive(Debug, Args)]
pub struct DecideNote {
    /// The note, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
    /// The digits of the proposal, as `note proposals` shows them.
    #[arg(value_name = "PROPOSAL")]
    pub proposal: String,
    /// Why.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub message: String,
}

pub(super) const NOTE_EXAMPLES: &str = "\
Examples:
  offline-vault note new desk \"Plan for March\" --file plan.txt
  offline-vault note list desk
  offline-vault note show desk/3fa9 > plan.txt
  offline-vault note edit desk/3fa9 --file plan.txt
  offline-vault note suggest desk/3fa9 --file plan.txt --message \"Tuesday suits more of us\"
  offline-vault note proposals desk/3fa9
  offline-vault note merge desk/3fa9 5c21
  offline-vault note refuse desk/3fa9 5c21 --message \"Wednesday is fixed\"

Editing writes the difference between the new text and the note as it is now, so that two people
can edit at once and both changes stay. Show a note, change that text, and give it back soon: what
came in between would be taken for something that you removed. What others wrote is read by a
process of its own, without keys, files or a network.";
