//! Backups: one sealed file with what a person cannot get again, and a new vault made from it.
//!
//! The keys that open what is under way are not in it: the encryption key, the chains, the
//! pairings and the vault's own seed stay behind, and a restored vault is the next incarnation.
//! Spec: spec/backup.md.

mod error;
mod read;
mod record;
mod record_key;
mod restore;
mod sealed;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bundle_format::content::Progress;
use bundle_format::open::BundleKey;
use pack_format::chunked::ReadAt;
use pack_format::secret::Secret32;

pub use error::BackupError;
pub use read::{BackupContents, CheckedBackup};
pub use restore::{RestoreRequest, Restored, past_outbox};

use record::{ContactRecord, IncomingRecord, MailboxRecord, Owner, Record, SeenRecord};
use record_key::SigningKeyRecord;
use sealed::{Salts, SealingWriter};

use super::ItemId;
use super::bundle_file::BundleFile;
use crate::clock::UnixTime;
use crate::files::{
    Existing, FileError, create_private, put_in_place, remove_if_present, with_suffix,
};
use crate::passphrase::Passphrase;
use crate::store::{Incoming, OutgoingKind, PastItem, PastReader, Tables};
use crate::vault::Vault;
use crate::vault_key::KdfCost;

/// What a backup is to be.
#[derive(Debug)]
pub struct BackupRequest<'a> {
    /// The file.
    pub path: &'a Path,
    /// Opens the backup. It may be the vault's own.
    pub passphrase: &'a Passphrase,
    /// How much work one guess is: [`KdfCost::OF_BACKUP`] but in tests. A file made with another
    /// cost is opened with that cost only.
    pub cost: KdfCost,
    /// Whether a file of that name may be replaced.
    pub existing: Existing,
    /// What to do when the disk has damaged bundles of the inbox.
    pub damaged: DamagedBundles,
}

/// What to do when the disk has damaged bundles of the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamagedBundles {
    /// Make no backup, and name them.
    Refuse,
    /// Make a backup that says of them what they were, without their bytes, and name them.
    Skip,
}

/// A backup that was written, read back and verified.
#[derive(Debug)]
pub struct Backup {
    /// What it holds, as it was read back.
    pub contents: BackupContents,
    /// Bytes of the file.
    pub size_bytes: u64,
    /// Items of which only the description is in it, because the disk has damaged them.
    pub skipped: Vec<ItemId>,
}

/// How many bytes `progress` of [`backup`] counts up to, about: writing and reading back.
///
/// # Errors
/// [`BackupError::Vault`].
pub fn backup_work_bytes(vault: &Vault) -> Result<u64, BackupError> {
    Ok(bundle_bytes(&vault.store().read().incoming()?).saturating_mul(2))
}

fn bundle_bytes(rows: &[Incoming]) -> u64 {
    let sizes = rows.iter().map(|row| row.bundle.size_bytes);
    sizes.fold(0, u64::saturating_add)
}

/// Writes a backup and reads it back. The file has its name only once all of it was verified, so
/// that a bad medium never costs the backup that was there before.
///
/// # Errors
/// [`BackupError`]; no part of a file is left then.
pub fn backup(
    vault: &Vault,
    request: &BackupRequest<'_>,
    now: UnixTime,
    progress: &mut Progress<'_>,
) -> Result<Backup, BackupError> {
    let path = request.path;
    if request.existing == Existing::Keep && path.symlink_metadata().is_ok() {
        let path = path.to_path_buf();
        return Err(FileError::Exists { path }.into());
    }
    check_room(path, bundle_bytes(&vault.store().read().incoming()?))?;
    let mut rng = vault.rng()?;
    let salts = Salts {
        passphrase: rng.array(),
        message: rng.array(),
    };
    let key = sealed::key_of(request.passphrase, &salts.passphrase, request.cost)?;
    let temporary = Temporary::create(path)?;
    let writing = |err| FileError::of("write", &temporary.path)(err);
    let out = SealingWriter::new(&temporary.file, &key, &salts).map_err(writing)?;
    let mut gather = Gather::new(vault, out, progress);
    let gathered = gather.all(now);
    let (skipped, written_bytes) = (std::mem::take(&mut gather.damaged), gather.done_bytes);
    gathered.map_err(|failure| failure.named(&temporary.path))?;
    if request.damaged == DamagedBundles::Refuse && !skipped.is_empty() {
        return Err(BackupError::DamagedBundles { items: skipped });
    }
    gather.out.finish().map_err(writing)?;
    temporary.sync()?;
    let (contents, size_bytes) = read_back(&temporary, &key, &mut |done| {
        progress(written_bytes.saturating_add(done))
    })?;
    put_in_place(&temporary.path, path, request.existing)?;
    vault
        .store()
        .write(|changes| changes.note(now, "A backup was written and read back."))?;
    Ok(Backup {
        contents,
        size_bytes,
        skipped,
    })
}

/// Opens a backup and verifies all of it. Nothing is written anywhere.
///
/// # Errors
/// [`BackupError::Locked`], [`BackupError::Damaged`], [`BackupError::Content`],
/// [`BackupError::Newer`], [`BackupError::Read`], [`BackupError::Stopped`].
pub fn read_backup(
    path: &Path,
    passphrase: &Passphrase,
    cost: KdfCost,
    progress: &mut Progress<'_>,
) -> Result<CheckedBackup, BackupError> {
    // The person may well have named a link.
    let real = path.canonicalize().map_err(FileError::of("find", path))?;
    let file = BundleFile::open(&real).map_err(FileError::of("open", path))?;
    let salt = sealed::read_salt(&file)?;
    let key = sealed::key_of(passphrase, &salt, cost)?;
    CheckedBackup::check(sealed::open(file, &key)?, progress)
}

/// Verifies what lies on the disk, not what the machine remembers of it.
fn read_back(
    written: &Temporary,
    key: &Secret32,
    progress: &mut Progress<'_>,
) -> Result<(BackupContents, u64), BackupError> {
    // Advice that a file system does not take leaves the check as it is.
    let _ = rustix::fs::fadvise(&written.file, 0, None, rustix::fs::Advice::DontNeed);
    let file = BundleFile::open(&written.path).map_err(BackupError::Read)?;
    let size_bytes = file.size_bytes();
    let checked = sealed::open(file, key)
        .and_then(|message| CheckedBackup::check(message, progress))
        .map_err(|err| match err {
            BackupError::Stopped => BackupError::Stopped,
            other => BackupError::NotReadBack {
                source: Box::new(other),
            },
        })?;
    Ok((checked.contents().clone(), size_bytes))
}

/// The file while it is written: `FILE.part`, removed when it is dropped. One that is there is
/// what an earlier backup to the same name left when the machine stopped.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    fn create(path: &Path) -> Result<Self, FileError> {
        let path = with_suffix(path, ".part");
        remove_if_present(&path)?;
        let file = create_private(&path)?;
        Ok(Self { path, file })
    }

    fn sync(&self) -> Result<(), FileError> {
        self.file
            .sync_all()
            .map_err(FileError::of("write", &self.path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Once it has its name there is nothing to remove; a leftover goes with the next backup.
        let _ = remove_if_present(&self.path);
    }
}

/// Whether about that many bytes have room beside `path`.
fn check_room(path: &Path, content_bytes: u64) -> Result<(), BackupError> {
    let needed_bytes = content_bytes
        .saturating_add(content_bytes / 8)
        .saturating_add(ROOM_BYTES);
    let existing = path.ancestors().skip(1).find_map(|dir| {
        let dir = if dir.as_os_str().is_empty() {
            Path::new(".")
        } else {
            dir
        };
        rustix::fs::statvfs(dir).ok()
    });
    let free_bytes = existing.map_or(u64::MAX, |stat| stat.f_bavail.saturating_mul(stat.f_frsize));
    if free_bytes < needed_bytes {
        return Err(BackupError::DiskFull {
            free_bytes,
            needed_bytes,
        });
    }
    Ok(())
}

/// Why gathering ended early.
enum GatherError {
    Write(io::Error),
    Other(BackupError),
}

impl GatherError {
    fn named(self, path: &Path) -> BackupError {
        match self {
            Self::Write(err) => FileError::of("write", path)(err).into(),
            Self::Other(err) => err,
        }
    }
}

impl<E: Into<BackupError>> From<E> for GatherError {
    fn from(err: E) -> Self {
        Self::Other(err.into())
    }
}

/// Puts a vault into a writer, record after record.
struct Gather<'a, 'p, W: Write> {
    vault: &'a Vault,
    out: SealingWriter<W>,
    progress: &'a mut Progress<'p>,
    done_bytes: u64,
    damaged: Vec<ItemId>,
}

impl<'a, 'p, W: Write> Gather<'a, 'p, W> {
    fn new(vault: &'a Vault, out: SealingWriter<W>, progress: &'a mut Progress<'p>) -> Self {
        Self {
            vault,
            out,
            progress,
            done_bytes: 0,
            damaged: Vec::new(),
        }
    }

    fn all(&mut self, now: UnixTime) -> Result<(), GatherError> {
        let tables = self.vault.store().read();
        self.bytes(&[record::VERSION])?;
        self.record(&Record::Owner(owner(&tables, now)?))?;
        for contact in tables.contacts()? {
            self.record(&Record::Contact(Box::new(ContactRecord {
                nickname: contact.nickname,
                card: contact.card,
                added_at: contact.added_at,
                verification: contact.verification,
            })))?;
        }
        for mailbox in tables.card_mailboxes()? {
            let (keys, opened) = (mailbox.keys, mailbox.opened);
            self.record(&Record::Mailbox(Box::new(MailboxRecord { keys, opened })))?;
        }
        for item in past(&tables)? {
            self.record(&Record::Past(item))?;
        }
        for (content_id, seen, acknowledged) in tables.all_seen()? {
            self.record(&Record::Seen(SeenRecord {
                content_id,
                seen,
                acknowledged,
            }))?;
        }
        for row in tables.incoming()? {
            self.incoming(row)?;
        }
        self.signing(&tables)?;
        self.record(&Record::End)
    }

    fn signing(&mut self, tables: &Tables<'_>) -> Result<(), GatherError> {
        for key in tables.signing_keys()? {
            let secret = tables.signing_key_secret(key.id)?;
            let record = SigningKeyRecord::new(key, secret);
            self.record(&Record::SigningKey(Box::new(record)))?;
        }
        for entry in tables.signature_entries()? {
            self.record(&Record::SignatureEntry(Box::new(entry)))?;
        }
        Ok(())
    }

    fn incoming(&mut self, row: Incoming) -> Result<(), GatherError> {
        let path = self.vault.paths().bundles().join(&row.bundle.file);
        let file = BundleFile::open(&path)
            .ok()
            .filter(|file| !row.damaged && file.size_bytes() == row.bundle.size_bytes);
        let content_id = row.bundle.content_id;
        let item = ItemId::In(row.id);
        let body_bytes = file.as_ref().map_or(0, ReadAt::size_bytes);
        self.record(&Record::Incoming(Box::new(incoming_record(
            row, body_bytes,
        ))))?;
        let hash = match &file {
            Some(file) => self.bundle(file)?,
            None => None,
        };
        let is_intact = hash == Some(content_id.0);
        self.bytes(&[u8::from(is_intact)])?;
        if !is_intact {
            self.damaged.push(item);
        }
        Ok(())
    }

    /// Copies a bundle and returns its hash; `None` when the disk does not give all of it. What it
    /// does not give is made up for with zeros: the length was promised.
    fn bundle(&mut self, file: &BundleFile) -> Result<Option<[u8; 32]>, GatherError> {
        let (mut hasher, mut is_read) = (blake3::Hasher::new(), true);
        let mut piece = vec![0; COPY_BYTES];
        let (mut at, size) = (0, file.size_bytes());
        while at < size {
            let len = usize::try_from(size - at).unwrap_or(usize::MAX);
            piece.truncate(len);
            is_read = is_read && file.read_exact_at(&mut piece, at).is_ok();
            if !is_read {
                piece.fill(0);
            }
            hasher.update(&piece);
            self.bytes(&piece)?;
            at += piece.len() as u64;
            self.done_bytes += piece.len() as u64;
            if !(self.progress)(self.done_bytes) {
                return Err(BackupError::Stopped.into());
            }
        }
        Ok(is_read.then(|| *hasher.finalize().as_bytes()))
    }

    fn record(&mut self, record: &Record) -> Result<(), GatherError> {
        self.bytes(&record.to_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), GatherError> {
        self.out.write_all(bytes).map_err(GatherError::Write)
    }
}

fn owner(tables: &Tables<'_>, now: UnixTime) -> Result<Owner, BackupError> {
    let meta = tables.meta()?;
    Ok(Owner {
        identity_seed: meta.identity_seed,
        name: meta.own_name,
        incarnation: meta.incarnation,
        made_at: now,
    })
}

fn incoming_record(row: Incoming, body_bytes: u64) -> IncomingRecord {
    let bundle = row.bundle;
    IncomingRecord {
        content_id: bundle.content_id,
        bundle_key: BundleKey {
            secret: bundle.bundle_key.secret,
            counts: bundle.bundle_key.counts,
        },
        sender_identity: bundle.sender_identity,
        of_contact: bundle.contact_id.is_some(),
        incarnation: bundle.incarnation,
        sequence: bundle.sequence,
        created_at: bundle.created_at,
        taken_at: bundle.taken_at,
        read_at: row.read_at,
        saved_at: row.saved_at,
        summary: bundle.summary,
        receipted: row.receipted,
        body_bytes,
    }
}

/// What was sent, by earlier incarnations and by this one, without the bundles: a description and
/// how far each got.
fn past(tables: &Tables<'_>) -> Result<Vec<PastItem>, BackupError> {
    let mut items = tables.past()?;
    let outgoing = tables.outgoing()?;
    for row in outgoing.iter().filter(|it| it.kind == OutgoingKind::Work) {
        let mut readers = Vec::new();
        for recipient in tables.recipients(row.id)? {
            let Some(contact) = tables.contact(recipient.contact_id)? else {
                continue;
            };
            readers.push(PastReader {
                nickname: contact.nickname,
                sequence: recipient.sequence,
                state: recipient.state,
                state_at: recipient.state_at,
            });
        }
        readers.sort_by(|one, other| one.nickname.cmp(&other.nickname));
        items.push(PastItem {
            created_at: row.created_at,
            size_bytes: row.size_bytes,
            summary: row.summary.clone(),
            readers,
        });
    }
    Ok(items)
}

/// Bytes moved at once.
const COPY_BYTES: usize = 1024 * 1024;
/// Records, padding, database.
const ROOM_BYTES: u64 = 1024 * 1024;
