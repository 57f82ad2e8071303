//! Every bound of segments and operations, beside the reason for it. Checked before allocation.

/// Largest payload of one segment, as carried: one segment is held in memory, many at a time.
pub const PAYLOAD_BYTES_MAX: u32 = 64 * 1024;
/// Largest content payload before compression: a hostile one expands to no more.
pub const CONTENT_BYTES_MAX: usize = 256 * 1024;
/// Most operations in one control segment.
pub const CONTROL_OPERATIONS_MAX: usize = 1024;
/// Most operations in one content segment.
pub const CONTENT_OPERATIONS_MAX: usize = 16 * 1024;
/// Most segments of other devices that one segment names: more devices than a space may have.
pub const DEPS_MAX: u16 = 1024;
/// Most branches of one forked device that an author sees: whoever signs a thousand branches makes
/// nobody else's segments longer by them.
pub const BRANCHES_SEEN_MAX: usize = 16;
/// Most devices of one space, those removed among them.
pub const DEVICES_MAX: usize = 1024;
/// Longest name of a space, a member or a compartment, in bytes of UTF-8.
pub const NAME_BYTES_MAX: u16 = 64;
/// Most mailboxes of one device in one space.
pub const ROUTES_MAX: u8 = 4;
/// Most devices of one member that a policy may allow.
pub const DEVICE_CAP_MAX: u8 = 16;
/// Most devices that one member ever adds, those removed and those added again among them: one
/// after the other, without a bound, they would fill up the devices of the space for everybody.
pub const DEVICES_ADDED_MAX: usize = 64;
/// How often one device gives one member a role, or lets it into one compartment: each grant is
/// looked at for each operation of the member.
pub const GRANTS_ALIKE_MAX: usize = 64;
/// Most control that one device writes in its life: its operations, the segments that they name,
/// the started KiB of the payloads, and [`CONTROL_SEGMENT_COST`] for each segment. Everybody works
/// the membership out from all of it, for ever. A new key for 300 devices takes some 400.
pub const CONTROL_WRITTEN_MAX: u64 = 1 << 19;
/// What a control segment counts for beside what is in it: it is stored, verified and put in order.
pub const CONTROL_SEGMENT_COST: u64 = 8;
/// A device confirms what others ask it to only while more than this is left of
/// [`CONTROL_WRITTEN_MAX`]: nobody uses up by asking what others need for keys.
pub const CONTROL_KEPT_FOR_KEYS: u64 = CONTROL_WRITTEN_MAX / 2;
/// A device makes and passes on keys only while more than this is left: enough to go on with
/// another device, and for what else a person asks for.
pub const CONTROL_KEPT_FOR_PEOPLE: u64 = 1 << 14;
/// Most key wraps in one operation: 54 of 1,188 bytes fit one segment beside its other fields.
pub const WRAPS_MAX: u32 = 54;
/// Most segments that one deletion, confirmation or adoption names.
pub const SEGMENTS_NAMED_MAX: u32 = 1024;
/// Largest segment number: a have-summary has five bytes for it.
pub const SEGMENT_NUMBER_MAX: u64 = (1 << 40) - 1;
/// Largest sync message: it is held in memory, with what is made of it.
pub const SYNC_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Largest counter of a have-summary: a larger one would leave no room above it.
pub const HAVE_COUNTER_MAX: u64 = (1 << 40) - 1;
/// Most segments in one sync message: as many signatures as are verified, and segments as are
/// stored, in some seconds.
pub const SYNC_SEGMENTS_MAX: u32 = 32_768;
/// Most summaries of third parties in one sync message: one for each device of a space.
pub const SYNC_HAVES_MAX: u32 = 1024;
/// Most fork proofs in one sync message: one for each device of a space.
pub const SYNC_PROOFS_MAX: u32 = 1024;
/// Most devices in a have-summary: as many as a space may have.
pub const HAVE_HEADS_MAX: u32 = 1024;
/// Most blobs and payloads that one summary asks for: 32 KB of names.
pub const WANTS_MAX: u32 = 1000;
/// Most bytes of segments that wait for others, of all who passed them on.
pub const PENDING_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most bytes of segments that one device passed on and that wait: nobody takes the room of others.
pub const PENDING_BYTES_PER_SOURCE_MAX: u64 = 8 * 1024 * 1024;
