//! The command line of signing keys: its words, its help, its examples.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use crate::signing::policy::UseKind;

/// What can be done with signing keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key; its secret never leaves the vault but in a backup.
    #[command(after_long_help = GENERATE_EXAMPLES)]
    Generate(Generate),
    /// Take in a secret key of GnuPG or another OpenPGP program, of OpenSSH, or of minisign.
    #[command(after_long_help = IMPORT_EXAMPLES)]
    Import(Import),
    /// List the keys.
    List,
    /// Show one key: what it is, until when, what it may do, what it did.
    Show(Key),
    /// Write the public half, for everybody.
    #[command(after_long_help = EXPORT_EXAMPLES)]
    Export(Export),
    /// OpenPGP: set when the key ends.
    Renew(Renew),
    /// OpenPGP: add a subkey.
    AddSubkey(AddSubkey),
    /// OpenPGP: a new signing subkey takes over.
    Rotate(Rotate),
    /// OpenPGP: say that user ids of somebody else's certificate are theirs.
    #[command(after_long_help = CERTIFY_EXAMPLES)]
    Certify(Certify),
    /// Revoke a key, with what was made for it at its birth; a key of another kind is retired.
    #[command(after_long_help = REVOKE_EXAMPLES)]
    Revoke(Revoke),
    /// Give a key another name.
    Rename {
        /// The key.
        name: String,
        /// Its new name.
        new_name: String,
    },
    /// Remove a key and its secret for good; asks for its name to be typed.
    Remove(Key),
    /// Write the secret under a passphrase, to a file or on paper, as its own tools read it.
    #[command(after_long_help = BACKUP_EXAMPLES)]
    Backup(KeyBackup),
    /// Show or set what a key may be used for.
    #[command(after_long_help = POLICY_EXAMPLES)]
    Policy(SetPolicy),
}

/// One key.
#[derive(Debug, Args)]
pub struct Key {
    /// The key.
    pub name: String,
}

/// The kinds of keys that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NewKind {
    /// OpenPGP, version 4: every program reads it.
    Openpgp,
    /// OpenPGP, version 6: newer programs only, and GnuPG does not read it.
    OpenpgpV6,
    /// SSH (Ed25519): for git and `ssh-keygen -Y`.
    Ssh,
    /// minisign.
    Minisign,
}

/// Arguments of `key generate`.
#[derive(Debug, Args)]
pub struct Generate {
    /// What you call the key.
    pub name: String,
    /// What kind of key.
    #[arg(long, value_enum, default_value_t = NewKind::Openpgp)]
    pub kind: NewKind,
    /// OpenPGP: whose key it is, as "Name <address>"; give it again for each further one.
    #[arg(long = "user-id", value_name = "TEXT")]
    pub user_ids: Vec<String>,
    /// SSH: a comment, for example an address.
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// OpenPGP: how long it is valid, for example 90d, 18m or 2y, or `forever`.
    #[arg(long = "for", value_name = "TIME", default_value = "2y")]
    pub valid_for: String,
    /// OpenPGP: a key that only signs, to which nobody can encrypt.
    #[arg(long)]
    pub no_encryption: bool,
}

/// Arguments of `key import`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("from").required(true).args(["file", "camera"])))]
pub struct Import {
    /// The file of the secret key.
    pub file: Option<PathBuf>,
    /// Film the pages of a backup on paper instead; DEVICE is a camera, or a folder of pictures
    /// [default: the first camera].
    #[arg(long, value_name = "DEVICE", num_args = 0..=1, default_missing_value = "")]
    pub camera: Option<String>,
    /// What you call the key [default: made from its user id or comment].
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Read the passphrase of the key from the first line of a file instead of asking for it.
    #[arg(long, value_name = "FILE")]
    pub key_passphrase_file: Option<PathBuf>,
}

/// Arguments of `key export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The key.
    pub name: String,
    /// Write it to a file instead of showing it.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace a file that exists.
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `key renew`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("end").required(true).args(["until", "valid_for"])))]
pub struct Renew {
    /// The key.
    pub name: String,
    /// The day on which it ends, as 2027-12-31, UTC.
    #[arg(long, value_name = "DATE")]
    pub until: Option<String>,
    /// How long it is valid from now, for example 90d, 18m or 2y, or `forever`.
    #[arg(long = "for", value_name = "TIME")]
    pub valid_for: Option<String>,
}

/// What a subkey is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SubkeyUse {
    /// To sign.
    Signing,
    /// To encrypt to.
    Encryption,
}

/// Arguments of `key add-subkey`.
#[derive(Debug, Args)]
pub struct AddSubkey {
    /// The key.
    pub name: String,
    /// What it is for.
    #[arg(long, value_enum)]
    pub purpose: SubkeyUse,
    /// How long it is valid, for example 90d, 18m or 2y, or `forever`: never longer than the key.
    #[arg(long = "for", value_name = "TIME", default_value = "forever")]
    pub valid_for: String,
}

/// Arguments of `key rotate`.
#[derive(Debug, Args)]
pub struct Rotate {
    /// The key.
    pub name: String,
    /// How long the new subkey is valid, for example 90d, 18m or 2y, or `forever`: never longer
    /// than the key.
    #[arg(long = "for", value_name = "TIME", default_value = "forever")]
    pub valid_for: String,
    /// Revoke the old signing subkeys as superseded; GnuPG and git then say of everything that
    /// they signed that its key is revoked.
    #[arg(long)]
    pub revoke_old: bool,
}

/// Arguments of `key certify`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["user_ids", "all"])))]
pub struct Certify {
    /// Your key.
    pub name: String,
    /// Their certificate.
    pub file: PathBuf,
    /// A user id that is theirs; give it again for each further one.
    #[arg(long = "user-id", value_name = "TEXT")]
    pub user_ids: Vec<String>,
    /// All user ids in the certificate are theirs.
    #[arg(long)]
    pub all: bool,
    /// The certificate with your certifications, for its owner.
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
    /// Replace a file that exists.
    #[arg(long)]
    pub force: bool,
}

/// Why a key is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RevokeReason {
    /// Somebody else may have it: all that it ever signed becomes doubtful.
    Compromised,
    /// Another key takes its place: what it signed stays good.
    Superseded,
    /// It is not used any more: what it signed stays good.
    Retired,
}

/// Arguments of `key revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// The key.
    pub name: String,
    /// OpenPGP: why; without it the revocation made at the key's birth is used, which says
    /// nothing and makes all that it ever signed doubtful.
    #[arg(long, value_enum)]
    pub reason: Option<RevokeReason>,
    /// Where to write what others need: the revoked certificate, or the line of an SSH key
    /// revocation list.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace a file that exists.
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `key backup`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("to").required(true).args(["output", "paper"])))]
pub struct KeyBackup {
    /// The key.
    pub name: String,
    /// The file.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Pages with the text of the file and the same as QR codes.
    #[arg(long, value_name = "FILE.pdf")]
    pub paper: Option<PathBuf>,
    /// Read the passphrase that protects it from the first line of a file instead of asking.
    #[arg(long, value_name = "FILE")]
    pub key_passphrase_file: Option<PathBuf>,
    /// Replace a file that exists.
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `key policy`.
#[derive(Debug, Args)]
pub struct SetPolicy {
    /// The key.
    pub name: String,
    /// The kinds of use: file, text, git-commit, git-tag, certify, decrypt.
    #[arg(long, value_name = "KINDS", value_delimiter = ',', num_args = 1..)]
    pub allow: Option<Vec<UseKind>>,
    /// SSH: the namespaces, or `any`.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', num_args = 1..)]
    pub namespaces: Option<Vec<String>>,
    /// Most signatures within 24 hours.
    #[arg(long, value_name = "N")]
    pub per_day: Option<u32>,
    /// A contact whose approval counts; give it again for each further one. What was set before
    /// is replaced.
    #[arg(
        long = "approver",
        value_name = "CONTACT",
        conflicts_with = "no_approvers"
    )]
    pub approvers: Vec<String>,
    /// Nobody's approval counts, and none is needed.
    #[arg(long)]
    pub no_approvers: bool,
    /// How many of the approvers must have approved a request before this vault signs it.
    #[arg(long, value_name = "N", conflicts_with = "no_approvers")]
    pub approvals: Option<u8>,
}

pub(super) const KEY_EXAMPLES: &str = "\
Examples:
  offline-vault key generate release --user-id \"Amina <amina@example.org>\"
  offline-vault key generate git --kind ssh --comment amina@example.org
  offline-vault key import secret-key.asc --name release
  offline-vault key export git --output git.pub
  offline-vault key policy git --allow git-commit,git-tag --per-day 50
  offline-vault key backup release --paper release.pdf

Secrets stay in the sealed vault; passphrases are typed or read from files, never arguments.";

const GENERATE_EXAMPLES: &str = "\
Examples:
  offline-vault key generate release --user-id \"Amina <amina@example.org>\" --for 1y
  offline-vault key generate new --kind openpgp-v6 --user-id \"Amina\"
  offline-vault key generate git --kind ssh --comment amina@example.org
  offline-vault key generate files --kind minisign

An OpenPGP key has a primary key that certifies, a subkey that signs, and one that others encrypt
to. What revokes it is made at once and kept in the vault.";

const IMPORT_EXAMPLES: &str = "\
Examples:
  gpg --export-secret-keys --armor amina@example.org > key.asc      on the machine with GnuPG
  offline-vault key import key.asc --name release
  offline-vault key import id_ed25519 --name git
  offline-vault key import minisign.key --key-passphrase-file PASS
  offline-vault key import --camera pages/                          pictures of a backup on paper

The file is left as it is: destroy it, and what else holds the secret.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  offline-vault key export release --output release.asc
  offline-vault key export git >> ~/.config/git/allowed-keys

OpenPGP gives an armoured certificate, SSH a line, minisign a .pub file.";

const CERTIFY_EXAMPLES: &str = "\
Examples:
  offline-vault key certify release bruno.asc --user-id \"Bruno <bruno@example.org>\" \\
      --output bruno-certified.asc

Compare the fingerprint with its owner first; it is shown and asked for.";

const REVOKE_EXAMPLES: &str = "\
Examples:
  offline-vault key revoke release --output release-revoked.asc
  offline-vault key revoke git --output git.krl-line

The file is public: give it to everybody who has the key. An SSH line is added to a list with
`ssh-keygen -k -u -f revoked.krl FILE`. minisign keys cannot be revoked: tell those who use it.
Nothing is signed with the key from then on.";

const BACKUP_EXAMPLES: &str = "\
Examples:
  offline-vault key backup release --output /media/disk/release.asc
  offline-vault key backup release --paper release.pdf            print it, then remove the file
  offline-vault key backup git --output git.key --key-passphrase-file PASS

The file is what GnuPG, ssh-keygen or minisign reads, under a passphrase; whoever finds it can
guess at that for years: take six random words. The backup of the whole vault holds all keys too.";

const POLICY_EXAMPLES: &str = "\
Examples:
  offline-vault key policy git                                     shows it
  offline-vault key policy git --allow git-commit,git-tag --namespaces git
  offline-vault key policy release --per-day 5
  offline-vault key policy release --approver bruno --approver carla --approvals 2

What is not given stays as it is. Approvers are contacts whose words you have compared; they
approve a request in their own vaults, and it is signed here once enough of them have.";
