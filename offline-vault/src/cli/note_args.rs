//! The command line of notes in spaces.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

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
    /// Make words of a note bold, italic, a link, a heading or an item of a list.
    Mark(MarkNote),
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

/// Arguments of `note mark`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("mark").required(true))]
pub struct MarkNote {
    /// The note, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
    /// The words, as they stand in the text. Headings and lists are of their whole lines.
    #[arg(value_name = "WORDS")]
    pub words: String,
    /// Which of them, from 1, where they stand there several times.
    #[arg(long, value_name = "N")]
    pub nth: Option<usize>,
    /// Bold letters.
    #[arg(long, group = "mark")]
    pub bold: bool,
    /// Italic letters.
    #[arg(long, group = "mark")]
    pub italic: bool,
    /// A link; it is shown, and never followed.
    #[arg(long, value_name = "URL", group = "mark")]
    pub link: Option<String>,
    /// A heading of this level, 1 to 6.
    #[arg(long, value_name = "LEVEL", group = "mark", value_parser = clap::value_parser!(u8).range(1..=6))]
    pub heading: Option<u8>,
    /// An item of a list at this depth, 0 to 7.
    #[arg(long, value_name = "DEPTH", group = "mark", value_parser = clap::value_parser!(u8).range(0..=7))]
    pub list: Option<u8>,
    /// Take marks of this kind off.
    #[arg(long, value_name = "KIND", group = "mark", value_enum)]
    pub clear: Option<ClearedMark>,
}

/// What `note mark --clear` takes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClearedMark {
    /// Bold letters.
    Bold,
    /// Italic letters.
    Italic,
    /// Links.
    Link,
    /// Headings.
    Heading,
    /// Items of lists.
    List,
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
  offline-vault note mark desk/3fa9 \"Saturday at noon\" --bold
  offline-vault note mark desk/3fa9 \"What to bring\" --heading 2
  offline-vault note suggest desk/3fa9 --file plan.txt --message \"Tuesday suits more of us\"
  offline-vault note proposals desk/3fa9
  offline-vault note merge desk/3fa9 5c21
  offline-vault note refuse desk/3fa9 5c21 --message \"Wednesday is fixed\"

Editing writes the difference between the new text and the note as it is now, so that two people
can edit at once and both changes stay. Show a note, change that text, and give it back soon: what
came in between would be taken for something that you removed. Marks stay where their words stay;
`note show` names them beside the text, and --json has their places. What others wrote is read by a
process of its own, without keys, files or a network.";
