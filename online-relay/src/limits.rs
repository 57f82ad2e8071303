//! Every bound of the relay's protocol and of its server, beside the reason for it.

use std::time::Duration;

use pack_format::light::FRAME_BYTES_MAX;

/// Largest statement in a request body: an acknowledgement of 1,000 ids is 32,132 bytes.
pub const STATEMENT_BYTES_MAX: usize = 40 * 1024;
/// Largest request or response head. A ticket or a receipt takes 224 bytes of it.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How much of a body hyper reads at once; up to eight such pieces wait for the disk.
pub const READ_BYTES: usize = 64 * 1024;
/// Most header lines in a request.
pub const HEADERS_MAX: usize = 32;
/// Most bundles in one listing; the caller asks again for what follows.
pub const LIST_ITEMS_MAX: u64 = 1000;
/// Largest listing that a client reads. The largest honest one is about 130 KiB.
pub const LIST_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Largest other answer that a client reads into memory.
pub const ANSWER_BYTES_MAX: u64 = 16 * 1024;
/// Most open connections; more wait in the listen queue.
pub const CONNECTIONS_MAX: usize = 256;
/// Most uploads at once: each keeps one thread and one open file.
pub const UPLOADS_MAX: usize = 32;
/// Most downloads at once: each keeps one open file and some 200 KiB.
pub const DOWNLOADS_MAX: usize = 64;
/// Threads for disk and index: one per upload, and some for everything that is short.
pub const BLOCKING_THREADS_MAX: usize = UPLOADS_MAX + 16;
/// An upload is made durable at least this often, so that no more than this is sent twice.
pub const SYNC_STEP_BYTES: u64 = 16 * 1024 * 1024;
/// What is left free on the disk, so that the index can still be written.
pub const DISK_RESERVE_BYTES: u64 = 64 * 1024 * 1024;
/// How much of a file is held in memory on its way out.
pub const COPY_BYTES: usize = 64 * 1024;
/// How long either side waits for the other's next byte.
pub const STALL: Duration = Duration::from_secs(60);
/// How long a client may take to send a request's head, or to begin its next request.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a request waits for an older one about the same upload; below [`STALL`], so that the
/// client hears "busy" instead of nothing.
pub const CLAIM_TIMEOUT: Duration = Duration::from_secs(45);
/// How long running requests may take to end after the server was told to stop.
pub const STOP_GRACE: Duration = Duration::from_secs(30);
/// How long a client waits for a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How often a client goes on with an interrupted upload before it gives the error to its caller.
pub const UPLOAD_ATTEMPTS_MAX: u32 = 16;
/// Largest frame: what a QR code of version 40 holds at its lowest level of correction.
pub const TRAY_FRAME_BYTES_MAX: usize = FRAME_BYTES_MAX;
/// Largest body of frames: some 90 to 2,000 of them, held in memory.
pub const TRAY_BODY_BYTES_MAX: usize = 256 * 1024;
/// Most frames in one answer.
pub const TRAY_PAGE_FRAMES_MAX: u64 = 1000;
/// Largest list of a tray: the largest transfer, and a tenth for heads and spare symbols.
pub const TRAY_LIST_BYTES_MAX: u64 = 64 * 1024 * 1024 * 11 / 10;
/// Largest file of the phone's page: its decoder has 1.5 MiB.
pub const PAGE_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Most transfers on one list, so that its state fits a small answer.
pub const TRAY_TRANSFERS_MAX: usize = 32;
/// Largest other body about a tray: names of 32 transfers are below 1 KiB.
pub const TRAY_WISH_BYTES_MAX: usize = 4 * 1024;
