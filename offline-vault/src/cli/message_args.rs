//! The command line of messages in spaces.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What can be done with messages.
#[derive(Debug, Subcommand)]
pub enum MessageCommand {
    /// Write a message to everybody in a space, or to one compartment.
    Send(SendMessage),
    /// List the newest messages, thread by thread.
    List(ListMessages),
    /// Show a message and where it is; it counts as read from then on.
    Show(OneMessage),
    /// Give a message of your own another text.
    Edit(EditMessage),
    /// Have every device destroy a message; counts who says that it has.
    Delete(OneMessage),
    /// Write the files that belong to a message into a folder.
    Save(SaveMessage),
}

/// Arguments of `message send`.
#[derive(Debug, Args)]
pub struct SendMessage {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// The text.
    #[command(flatten)]
    pub text: MessageText,
    /// A message of the thread that it belongs to.
    #[arg(long, value_name = "ITEM")]
    pub thread: Option<String>,
    /// The message that it answers.
    #[arg(long, value_name = "ITEM")]
    pub reply_to: Option<String>,
    /// A file that belongs to it; give it again for each further file.
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,
    /// Who is to read it, if not everybody.
    #[arg(long, value_name = "NAME")]
    pub compartment: Option<String>,
}

/// The text of a message.
#[derive(Debug, Args)]
pub struct MessageText {
    /// The text. Without TEXT it is read from standard input, so that it does not stay in the
    /// shell's history.
    #[arg(long, value_name = "TEXT", num_args = 0..=1, default_missing_value = "")]
    pub message: Option<String>,
    /// Read the text from a file.
    #[arg(long, value_name = "FILE", conflicts_with = "message")]
    pub message_file: Option<PathBuf>,
}

/// Arguments of `message list`.
#[derive(Debug, Args)]
pub struct ListMessages {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// Only the thread of this message.
    #[arg(long, value_name = "ITEM")]
    pub thread: Option<String>,
    /// At most so many, the newest.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub limit: u32,
}

/// A message.
#[derive(Debug, Args)]
pub struct OneMessage {
    /// The message, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
}

/// Arguments of `message edit`.
#[derive(Debug, Args)]
pub struct EditMessage {
    /// The message, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
    /// The text.
    #[command(flatten)]
    pub text: MessageText,
}

/// Arguments of `message save`.
#[derive(Debug, Args)]
pub struct SaveMessage {
    /// The message, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
    /// The folder to write into; it is made if it is not there, and nothing in it is overwritten.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
}

pub(super) const MESSAGE_EXAMPLES: &str = "\
Examples:
  offline-vault message send desk                                then type, end with Ctrl-D
  offline-vault message send desk --message=\"We meet on Tuesday.\"
  offline-vault message send desk --reply-to 3fa9 --message-file answer.txt
  offline-vault message send desk --attach photo.jpg --message=\"As you asked.\"
  offline-vault message list desk
  offline-vault message show desk/3fa9
  offline-vault message edit desk/3fa9 --message=\"We meet on Wednesday.\"
  offline-vault message delete desk/3fa9
  offline-vault message save desk/3fa9 --to ~/work

A message leaves with the next sync; `message show` says which devices have it. Deleting destroys
it on every device that learns of it, and each of them confirms; who has written it down keeps
what they wrote. A removed member keeps what it had.";
