//! The command line of everyday work: sending, crossing, reading, saving, asking where things are.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

/// Arguments of `send`.
#[derive(Debug, Args)]
pub struct Send {
    /// Who is to get it; give it again for each further reader.
    #[arg(long = "to", value_name = "NICK", required = true)]
    pub to: Vec<String>,
    /// Files and folders; they keep their names, and nothing else about them is told.
    pub paths: Vec<PathBuf>,
    /// A text for the readers. Without TEXT it is read from standard input, so that it does not
    /// stay in the shell's history.
    #[arg(long, value_name = "TEXT", num_args = 0..=1, default_missing_value = "", require_equals = true)]
    pub message: Option<String>,
    /// Read the text from a file.
    #[arg(long, value_name = "FILE", conflicts_with = "message")]
    pub message_file: Option<PathBuf>,
    /// Leave links, devices and sockets inside folders out instead of stopping.
    #[arg(long)]
    pub skip_special: bool,
    /// Send although a reader's words were never compared; asks for a sentence to be typed.
    #[arg(long)]
    pub unverified: bool,
}

/// Arguments of `sync`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("way").required(true).multiple(true).args([
    "stick", "raw", "screen", "terminal", "images", "pdf", "camera",
])))]
pub struct Sync {
    /// The folder under which the stick appears.
    #[arg(long, value_name = "PATH")]
    pub stick: Option<PathBuf>,
    /// A whole device, a tape or an image file instead, without a file system; it is overwritten.
    #[arg(long, value_name = "DEVICE", conflicts_with = "stick")]
    pub raw: Option<PathBuf>,
    /// Write over a device or file that holds something else.
    #[arg(long, requires = "raw")]
    pub overwrite: bool,
    /// The largest piece on the medium, in MiB; a damaged piece is sent again alone.
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub part_mib: u32,
    /// By light, without a medium.
    #[command(flatten)]
    pub light: Light,
    /// By light only with this paired machine, not with all in turn.
    #[arg(long = "with", value_name = "NAME", conflicts_with_all = ["stick", "raw"])]
    pub with: Option<String>,
}

/// How codes are shown and filmed.
#[derive(Clone, Debug, Default, Args)]
pub struct Light {
    /// Show what is due as codes in a window, for another machine or a phone to film.
    #[arg(long, group = "show", conflicts_with_all = ["stick", "raw"])]
    pub screen: bool,
    /// Show the codes in this terminal.
    #[arg(long, group = "show", conflicts_with_all = ["stick", "raw"])]
    pub terminal: bool,
    /// Write the codes as PNG pictures into a new folder.
    #[arg(long, value_name = "DIR", group = "show", conflicts_with_all = ["stick", "raw", "camera"])]
    pub images: Option<PathBuf>,
    /// Write the codes as pages for paper.
    #[arg(long, value_name = "FILE", group = "show", conflicts_with_all = ["stick", "raw", "camera"])]
    pub pdf: Option<PathBuf>,
    /// Film codes with a camera; DEVICE is a camera, a folder or list of pictures, or a video
    /// file (.y4m, .mjpeg) [default: the first camera].
    #[arg(
        long,
        value_name = "DEVICE",
        num_args = 0..=1,
        default_missing_value = "",
        conflicts_with_all = ["stick", "raw"]
    )]
    pub camera: Option<String>,
}

/// Arguments of `save`.
#[derive(Debug, Args)]
pub struct Save {
    /// The item, for example in-7, or out-12 as long as the vault has its copy.
    pub item: String,
    /// The folder to write into; it is made if it is not there, and nothing in it is overwritten.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The item, for example in-7, or the signing request, for example req-3.
    pub item: String,
    /// Of a signing request, print all of it at once and count it as shown: after you have read
    /// it. In a terminal it is shown page by page without this.
    #[arg(long)]
    pub whole: bool,
}

/// One item.
#[derive(Debug, Args)]
pub struct Item {
    /// The item, for example in-7 or out-12.
    pub item: String,
}

/// What can be done with the outbox.
#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    /// List what was sent and how far it got.
    List,
    /// Have a bundle go out once more with the next crossing.
    Again(Item),
    /// Forget a bundle. What has left cannot be called back; its readers see a gap.
    Withdraw(Item),
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// A file, or the folder under which a stick appears.
    pub path: PathBuf,
}

pub(super) const SEND_EXAMPLES: &str = "\
Examples:
  offline-vault send --to bruno report/ notes.txt --message            then type, end with Ctrl-D
  offline-vault send --to bruno --message=\"Please check page 4.\"      stays in the shell's history
  offline-vault send --to bruno --to carla photo.jpg
  offline-vault send --to bruno --message-file letter.txt

The bundle is compressed, sealed, signed and padded, and then ready to carry: plug in a stick and
run `offline-vault sync --stick PATH`. Files keep their names and whether they can be run; their
dates and owners stay here.";

pub(super) const SYNC_EXAMPLES: &str = "\
Examples:
  offline-vault sync --stick /media/stick
  offline-vault sync --raw /dev/sdb              without a file system; the device is overwritten
  offline-vault sync --screen --camera           two laptops face to face, both directions
  offline-vault sync --screen                    one way: a phone or another camera films
  offline-vault sync --camera                    one way: film another screen
  offline-vault sync --camera 'photos/*.jpg'     pictures that were taken elsewhere
  offline-vault sync --pdf pages.pdf             on paper

One plug does both directions: what is on the stick is verified and taken in, what is due is
written, read back and compared. Pull the stick when it says so. A stick that is lost, full,
damaged or pulled too early loses nothing: run the same command again, with any stick.

By light, nothing touches both machines. Where both have a screen and a camera, give --screen and
--camera on both: each stops by itself when the other has everything. Otherwise let one side film
until it says that it is complete. What has arrived is kept, and any other way goes on with it: a
stick carries what the camera did not see.";

pub(super) const SAVE_EXAMPLES: &str = "\
Examples:
  offline-vault save in-7 --to ~/work

All of the bundle is verified before the first byte is written; a text is saved as message.txt.";

pub(super) const INSPECT_EXAMPLES: &str = "\
Examples:
  offline-vault inspect /media/stick
  offline-vault inspect amina.txt

Needs no passphrase: it shows what somebody without any key would learn.";
