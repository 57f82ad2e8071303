//! The command line: its words, its help, its examples.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::backup::{BACKUP_EXAMPLES, Backup, RESTORE_EXAMPLES, Restore};
use super::explain::{WHO_EXAMPLES, WhoCanRead};
use super::file_args::{FILE_EXAMPLES, FileCommand};
use super::key_args::{KEY_EXAMPLES, KeyCommand};
use super::message_args::{MESSAGE_EXAMPLES, MessageCommand};
use super::note_args::{NOTE_EXAMPLES, NoteCommand};
use super::record_args::{RECORD_EXAMPLES, RecordCommand};
use super::requests::{APPROVE_EXAMPLES, Approve, Refuse, RequestsCommand};
use super::signatures::{JOURNAL_EXAMPLES, Journal};
use super::space_args::{
    ADOPT_EXAMPLES, Adopt, CompartmentCommand, DEVICE_EXAMPLES, DeviceCommand, EpochCommand,
    MEMBER_EXAMPLES, MemberCommand, OWNER_EXAMPLES, OneMember, OwnerCommand, SEAL_EXAMPLES,
    SPACE_EXAMPLES, SpaceCommand,
};
use super::work_args::{
    INSPECT_EXAMPLES, Inspect, Item, OutboxCommand, SAVE_EXAMPLES, SEND_EXAMPLES, SYNC_EXAMPLES,
    Save, Send, Show, Sync,
};

/// The offline machine's vault: people, pairings and sealed work, on one disk, without a network.
#[derive(Debug, Parser)]
#[command(name = "offline-vault", version, after_long_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    /// Options of every command.
    pub options: Options,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// A line of a session: a command without the name of the program.
#[derive(Debug, Parser)]
#[command(name = "", no_binary_name = true, disable_version_flag = true)]
pub struct SessionLine {
    /// Answer with one JSON object.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
pub struct Options {
    /// The vault's directory [default: $CAUSEWAY_VAULT, else causeway/vault among your data].
    #[arg(long, global = true, value_name = "DIR")]
    pub vault: Option<PathBuf>,
    /// Read the passphrase from the first line of a file instead of asking for it.
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// The key file that the vault was made with.
    #[arg(long, global = true, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Answer with one JSON object on standard output.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new vault.
    #[command(after_long_help = INIT_EXAMPLES)]
    Init(Init),
    /// Show the vault, the machine it is on, and what protects it.
    Status,
    /// Show or write your own contact card.
    #[command(after_long_help = CARD_EXAMPLES)]
    Card(CardArgs),
    /// The people that you can write to.
    #[command(subcommand, after_long_help = CONTACT_EXAMPLES)]
    Contact(ContactCommand),
    /// The machines that packs go to and come from.
    #[command(subcommand, after_long_help = PAIR_EXAMPLES)]
    Pair(PairCommand),
    /// Your own mailboxes on relays.
    #[command(subcommand, after_long_help = RELAY_EXAMPLES)]
    Relay(RelayCommand),
    /// Seal files and a message for people, ready to carry.
    #[command(after_long_help = SEND_EXAMPLES)]
    Send(Send),
    /// One plug, both directions: take in what is there, write what is due.
    #[command(after_long_help = SYNC_EXAMPLES)]
    Sync(Sync),
    /// What is said in a space.
    #[command(subcommand, after_long_help = MESSAGE_EXAMPLES)]
    Message(MessageCommand),
    /// The files of a space.
    #[command(subcommand, after_long_help = FILE_EXAMPLES)]
    File(FileCommand),
    /// Texts that several write together in a space.
    #[command(subcommand, after_long_help = NOTE_EXAMPLES)]
    Note(NoteCommand),
    /// Typed fields that several fill in, in a space.
    #[command(subcommand, after_long_help = RECORD_EXAMPLES)]
    Record(RecordCommand),
    /// List what came.
    Inbox,
    /// Show the text and the files of something that came, or all of a signing request.
    Show(Show),
    /// List the signing requests that came, and what was said to them.
    #[command(after_long_help = APPROVE_EXAMPLES)]
    Requests {
        /// What to do [default: list].
        #[command(subcommand)]
        command: Option<RequestsCommand>,
    },
    /// Sign what signing requests ask for, after all of it was shown.
    #[command(after_long_help = APPROVE_EXAMPLES)]
    Approve(Approve),
    /// Refuse signing requests, and say why.
    #[command(after_long_help = APPROVE_EXAMPLES)]
    Refuse(Refuse),
    /// Write the files of something that came into a folder.
    #[command(after_long_help = SAVE_EXAMPLES)]
    Save(Save),
    /// What was sent and how far it got.
    Outbox {
        /// What to do [default: list].
        #[command(subcommand)]
        command: Option<OutboxCommand>,
    },
    /// Who has confirmed what.
    Receipts,
    /// Say where something is, why it has not arrived, and what to do; an item of a space is
    /// written like desk/3fa9.
    Explain(Item),
    /// Say who can read an item of a space.
    #[command(after_long_help = WHO_EXAMPLES)]
    WhoCanRead(WhoCanRead),
    /// Show what the vault has noted, newest first: refusals, changed cards, reports of couriers.
    #[command(after_long_help = JOURNAL_EXAMPLES)]
    Journal(Journal),
    /// The keys that sign: made, taken in, given away, renewed, revoked.
    #[command(subcommand, after_long_help = KEY_EXAMPLES)]
    Key(KeyCommand),
    /// Spaces: teams that share messages, files, notes and records without a centre.
    #[command(subcommand, after_long_help = SPACE_EXAMPLES)]
    Space(SpaceCommand),
    /// The members of a space and their roles.
    #[command(subcommand, after_long_help = MEMBER_EXAMPLES)]
    Member(MemberCommand),
    /// The owners of a space, who decide together.
    #[command(subcommand, after_long_help = OWNER_EXAMPLES)]
    Owner(OwnerCommand),
    /// The devices of the members of a space; your second laptop.
    #[command(subcommand, after_long_help = DEVICE_EXAMPLES)]
    Device(DeviceCommand),
    /// The keys that the content of a space is sealed with.
    #[command(subcommand)]
    Epoch(EpochCommand),
    /// Reader sets inside a space.
    #[command(subcommand)]
    Compartment(CompartmentCommand),
    /// Void what a member wrote and you have not seen; for owners.
    #[command(after_long_help = SEAL_EXAMPLES)]
    Seal(OneMember),
    /// Read late work, and take it over.
    #[command(after_long_help = ADOPT_EXAMPLES)]
    Adopt(Adopt),
    /// Show what a finder of a stick or a file would learn; needs no passphrase.
    #[command(after_long_help = INSPECT_EXAMPLES)]
    Inspect(Inspect),
    /// Write one sealed file from which a new vault can be made.
    #[command(after_long_help = BACKUP_EXAMPLES)]
    Backup(Backup),
    /// Make a new vault from a backup: the same person, a new incarnation.
    #[command(after_long_help = RESTORE_EXAMPLES)]
    Restore(Restore),
    /// Set another passphrase.
    ChangePassphrase(ChangePassphrase),
    /// Unlock once and give several commands, until `lock` or ten minutes without any.
    Unlock,
}

impl Command {
    /// Whether a window is to be opened, whose process has to be there before the lockdown.
    #[must_use]
    pub fn opens_window(&self) -> bool {
        match self {
            Self::Sync(asked) => asked.light.screen,
            Self::Card(asked) => asked.screen,
            Self::Pair(PairCommand::Show { screen, .. }) => *screen,
            _ => false,
        }
    }
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Your name as it will stand on your card.
    #[arg(long)]
    pub name: String,
    /// How the passphrase is slowed down.
    #[command(flatten)]
    pub kdf: Kdf,
}

/// How much work one guess of the passphrase is.
#[derive(Clone, Copy, Debug, Args)]
pub struct Kdf {
    /// Memory of the passphrase hash in MiB; less than the default only for small machines.
    #[arg(long, value_name = "N")]
    pub kdf_memory_mib: Option<u32>,
    /// Passes of the passphrase hash [default: as many as take about a second].
    #[arg(long, value_name = "N")]
    pub kdf_passes: Option<u32>,
}

/// Arguments of `card`.
#[derive(Debug, Args)]
pub struct CardArgs {
    /// Write the card as a text file.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write the card as a picture of a QR code.
    #[arg(long, value_name = "FILE.png")]
    pub qr: Option<PathBuf>,
    /// Show the card as a QR code in the terminal.
    #[arg(long)]
    pub qr_terminal: bool,
    /// Show the card in a window, for another machine to film.
    #[arg(long, conflicts_with_all = ["output", "qr", "qr_terminal", "words", "terminal"])]
    pub screen: bool,
    /// Show the card as moving codes, which fit a small terminal, for another machine to film.
    #[arg(long, conflicts_with_all = ["output", "qr", "qr_terminal", "words"])]
    pub terminal: bool,
    /// Show the eight words that others compare, and nothing else.
    #[arg(long)]
    pub words: bool,
    /// Overwrite files that exist.
    #[arg(long)]
    pub force: bool,
}

/// What can be done with contacts.
#[derive(Debug, Subcommand)]
pub enum ContactCommand {
    /// Take in a card, new or renewed.
    Add {
        /// The card: its text in a file, or a PNG picture of its QR code.
        #[arg(required_unless_present = "camera")]
        file: Option<PathBuf>,
        /// Film the card; DEVICE is a camera, or pictures or a video instead of one [default: the
        /// first camera].
        #[arg(
            long,
            value_name = "DEVICE",
            num_args = 0..=1,
            default_missing_value = "",
            conflicts_with = "file"
        )]
        camera: Option<String>,
        /// What you call the person [default: made from the name on the card].
        #[arg(long = "as", value_name = "NICK")]
        nickname: Option<String>,
    },
    /// Compare the eight words of a contact with the person themself.
    Verify {
        /// The contact.
        nickname: String,
        /// How you heard the words, for example "by phone".
        #[arg(long, value_name = "TEXT")]
        how: Option<String>,
        /// All eight words as you heard them, instead of being asked for two.
        #[arg(long, value_name = "WORDS")]
        words: Option<String>,
    },
    /// Add the sender of something that came, from the card that came with it.
    Accept {
        /// The item, for example in-7.
        item: String,
        /// What you call the person [default: made from the name on the card].
        #[arg(long = "as", value_name = "NICK")]
        nickname: Option<String>,
    },
    /// List the contacts.
    List,
    /// Remove a contact.
    Remove {
        /// The contact.
        nickname: String,
        /// Forget the bundles that they have not confirmed, too.
        #[arg(long)]
        discard: bool,
    },
}

/// What can be done with pairings.
#[derive(Debug, Subcommand)]
pub enum PairCommand {
    /// Show a new pairing code, to be typed on the other machine or filmed by it.
    Show {
        /// Which machine it is.
        #[command(flatten)]
        pair: PairArgs,
        /// Show the code in a window, too, for the other machine to film.
        #[arg(long, conflicts_with = "terminal")]
        screen: bool,
        /// Show the code as QR in this terminal, too, for the other machine to film.
        #[arg(long)]
        terminal: bool,
    },
    /// Type the code that the other machine shows.
    Type {
        /// Which machine it is.
        #[command(flatten)]
        pair: PairArgs,
        /// Read the code from a file, or from standard input with `-`, instead of asking for it.
        #[arg(long, value_name = "FILE")]
        code_file: Option<PathBuf>,
        /// Film the code instead of typing it; DEVICE is a camera, or pictures or a video instead
        /// of one [default: the first camera].
        #[arg(
            long,
            value_name = "DEVICE",
            num_args = 0..=1,
            default_missing_value = "",
            conflicts_with = "code_file"
        )]
        camera: Option<String>,
    },
    /// List the pairings.
    List,
    /// Forget a pairing and its keys.
    Remove {
        /// The pairing.
        name: String,
    },
}

/// Which machine is paired.
#[derive(Debug, Args)]
pub struct PairArgs {
    /// What you call the other machine.
    #[arg(long)]
    pub name: String,
    /// Whose vault it is; without it the other machine is a courier.
    #[arg(long, value_name = "NICK")]
    pub contact: Option<String>,
}

/// What can be done with mailboxes.
#[derive(Debug, Subcommand)]
pub enum RelayCommand {
    /// Make a mailbox from an operator's invitation.
    Add {
        /// The invitation, as a text file.
        invitation: PathBuf,
    },
    /// List your mailboxes.
    List,
}

/// Arguments of `change-passphrase`.
#[derive(Debug, Args)]
pub struct ChangePassphrase {
    /// Read the new passphrase from the first line of a file instead of asking for it.
    #[arg(long, value_name = "FILE")]
    pub new_passphrase_file: Option<PathBuf>,
    /// How the passphrase is slowed down [default: as before].
    #[command(flatten)]
    pub kdf: Kdf,
}

const EXAMPLES: &str = "\
Examples:
  offline-vault init --name Amina
  offline-vault card --qr amina.png
  offline-vault contact add bruno.txt
  offline-vault contact verify bruno --how \"by phone\"
  offline-vault pair show --name laptop

Exit codes: 0 done, 1 failed, 2 not understood, 3 refused because something did not verify.";

const INIT_EXAMPLES: &str = "\
Examples:
  offline-vault init --name Amina
  offline-vault init --name Amina --key-file /media/key/vault.keyfile
  offline-vault init --name Amina --kdf-memory-mib 64     on a machine with little memory

A key file is any file of at least 32 random bytes. It is needed at each unlocking: keep a copy.";

const CARD_EXAMPLES: &str = "\
Examples:
  offline-vault card                          the text, to be copied
  offline-vault card --output amina.txt
  offline-vault card --qr amina.png
  offline-vault card --screen                 for another machine to film
  offline-vault card --words                  read these aloud to the other person

Whoever has your card can write to you. It holds no secret that opens anything.";

const CONTACT_EXAMPLES: &str = "\
Examples:
  offline-vault contact add bruno.txt
  offline-vault contact add bruno.png --as bruno-lab
  offline-vault contact add --camera                  film the card on another screen or on paper
  offline-vault contact verify bruno --how \"in person\"
  offline-vault contact list";

const PAIR_EXAMPLES: &str = "\
Examples:
  offline-vault pair show --name laptop             then type the 13 words on the laptop
  offline-vault pair type --name laptop             when the laptop shows the words
  offline-vault pair type --name laptop --camera    film the code that the laptop shows
  offline-vault pair show --name bruno-vault --contact bruno
  offline-vault pair list

The code is shown once, and whoever has it can read what crosses: let nobody else see it.";

const RELAY_EXAMPLES: &str = "\
Examples:
  offline-vault relay add invitation.txt
  offline-vault relay list";
