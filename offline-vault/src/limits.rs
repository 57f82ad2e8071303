//! Every bound of the vault's own files and texts, beside the reason for it.

/// Fewest characters of a new passphrase. Six random words have about thirty.
pub const PASSPHRASE_CHARS_MIN: usize = 10;
/// Most bytes read from a passphrase file: a passphrase is one line.
pub const PASSPHRASE_BYTES_MAX: u64 = 4096;
/// Least memory of the passphrase hash, in MiB. Below it, guessing on graphics cards is cheap.
pub const KDF_MEMORY_MIB_MIN: u32 = 64;
/// Memory of the passphrase hash when the person does not choose, in MiB.
pub const KDF_MEMORY_MIB_DEFAULT: u32 = 256;
/// Most memory of the passphrase hash, in MiB. A larger value in a key file is damage.
pub const KDF_MEMORY_MIB_MAX: u32 = 4096;
/// Most passes of the passphrase hash. More are no use: memory is what makes guessing dear.
pub const KDF_PASSES_MAX: u32 = 10;
/// Fewest bytes of a key file: below 32 it could be guessed.
pub const KEY_FILE_BYTES_MIN: u64 = 32;
/// Most bytes of a key file. It is read whole at each unlocking.
pub const KEY_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Longest name that a person gives to a contact or a pairing, in characters.
pub const LOCAL_NAME_CHARS_MAX: usize = 32;
/// Most bytes of a card or an invitation as a file; a picture of a card has about 20 KB.
pub const CARD_FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Most bytes of a file that holds a typed pairing code.
pub const CODE_FILE_BYTES_MAX: u64 = 4096;
/// Longest note on how a contact was verified, in characters.
pub const HOW_CHARS_MAX: usize = 200;
/// How long an unlocked session waits for a line before it locks itself.
pub const SESSION_IDLE_SECS: u64 = 600;
/// How long a session that is told to end may finish its command. Keys are gone within a second.
pub const SESSION_STOP_MILLIS: u64 = 800;
/// Most files sent at once. A bundle's manifest holds about this many.
pub const WALK_ENTRIES_MAX: usize = 500_000;
/// Most signing requests that wait at once: more than anybody reviews, and a bound for a desk that
/// asks without end.
pub const REQUESTS_WAITING_MAX: u32 = 100;
/// Most room that the contents of waiting requests take together: a bound for a desk that would
/// fill the disk.
pub const REQUEST_CONTENTS_BYTES_MAX: u64 = 4 << 30;
/// Most approvers of one signing key: more than a team that decides together.
pub const POLICY_APPROVERS_MAX: usize = 16;
/// Most namespaces that the policy of a signing key names.
pub const POLICY_NAMESPACES_MAX: usize = 32;
/// Most signatures a day that a policy can allow. The day's entries of the journal are counted.
pub const POLICY_PER_DAY_MAX: u32 = 100_000;
/// Most bytes of a file with signing keys: a key ring of somebody who has signed for decades.
pub const KEY_IMPORT_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Longest comment of a signing key, in bytes: one line.
pub const KEY_COMMENT_BYTES_MAX: usize = 255;
/// Largest stored half of a signing key, in bytes; a certificate that many have certified is large.
pub const KEY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Longest note in an entry of the signature journal, in bytes: a reason of a refusal.
pub const JOURNAL_NOTE_BYTES_MAX: u16 = 4096;
/// Most bytes of an exported signature journal: about a million entries.
pub const JOURNAL_EXPORT_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Most operations of members that one bundle makes a vault open: some seconds of work. The rest is
/// opened with the crossings that follow.
pub const OPENED_AT_ONCE_MAX: u64 = 65_536;
/// Most bytes of members' content that one bundle makes a vault open, for the same reason.
pub const OPENED_AT_ONCE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most operations of one device on one item that count, from its first on: all that count are held
/// in memory together, and nobody's are crowded out by another's.
pub const ITEM_OPERATIONS_MAX: u64 = 131_072;
/// Most bytes of these operations, for the same reason.
pub const ITEM_BYTES_MAX: u64 = 16 * 1024 * 1024;
