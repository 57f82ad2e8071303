//! The command line of files in spaces.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What can be done with files.
#[derive(Debug, Subcommand)]
pub enum FileCommand {
    /// Put files and folders into a space; what is there already becomes the next version.
    Add(AddFiles),
    /// List the files of a space.
    List(ListFiles),
    /// Write a file into a folder, whole and compared, or not at all.
    Save(SaveFile),
    /// Show all versions of a file, and where it is.
    Versions(OneFile),
    /// Move or rename a file.
    Move(MoveFile),
    /// Take a file out of the tree; its versions stay.
    Remove(OneFile),
    /// Have every device destroy a file with all its versions; counts who says that it has.
    Delete(OneFile),
}

/// Arguments of `file add`.
#[derive(Debug, Args)]
pub struct AddFiles {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// Files and folders; they keep their names, and nothing else about them is told.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// The folder of the space that they go into.
    #[arg(long, value_name = "FOLDER")]
    pub to: Option<String>,
    /// Who is to read them, if not everybody.
    #[arg(long, value_name = "NAME")]
    pub compartment: Option<String>,
    /// Leave links, devices and sockets inside folders out instead of stopping.
    #[arg(long)]
    pub skip_special: bool,
}

/// Arguments of `file list`.
#[derive(Debug, Args)]
pub struct ListFiles {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// Only what is in this folder.
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<String>,
    /// Say where each file is, too.
    #[arg(long)]
    pub long: bool,
    /// Those that were removed or deleted, instead of those that are there.
    #[arg(long)]
    pub removed: bool,
    /// At most so many, those that changed last.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub limit: u32,
}

/// Arguments of `file save`.
#[derive(Debug, Args)]
pub struct SaveFile {
    /// The file, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
    /// The folder to write into; it is made if it is not there, and nothing in it is overwritten.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Which version, as `file versions` numbers them [default: the newest].
    #[arg(long, value_name = "N")]
    pub version: Option<usize>,
}

/// A file.
#[derive(Debug, Args)]
pub struct OneFile {
    /// The file, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
}

/// Arguments of `file move`.
#[derive(Debug, Args)]
pub struct MoveFile {
    /// The file, for example desk/3fa9.
    #[arg(value_name = "ITEM")]
    pub item: String,
    /// Where it is to be, with folders.
    #[arg(value_name = "PATH")]
    pub to: String,
}

pub(super) const FILE_EXAMPLES: &str = "\
Examples:
  offline-vault file add desk report/ notes.txt
  offline-vault file add desk photo.jpg --to pictures/2026
  offline-vault file list desk --long
  offline-vault file versions desk/91c0
  offline-vault file save desk/91c0 --to ~/work
  offline-vault file save desk/91c0 --version 2 --to ~/old
  offline-vault file move desk/91c0 archive/report.odt
  offline-vault file remove desk/91c0
  offline-vault file delete desk/91c0

A file is cut into pieces, and a new version carries only the pieces that changed. A large file may
come in several bundles: what is missing is asked for with each sync, and saving says how many
pieces are still to come. Versions that two people put at the same time are both kept: save both,
and add the one that is to be the next.";
