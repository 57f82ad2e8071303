//! Every bound of git objects in a request, beside the reason for it. Checked before allocation.

/// Largest object, in bytes: a person reads what they sign, and nobody reads 32 MiB of one file.
pub const OBJECT_BYTES_MAX: u32 = 32 << 20;
/// Most objects that are only shown: the trees and files of as many commits as a request may have,
/// see [`OBJECTS_MAX`](crate::limits::OBJECTS_MAX), of forty changed objects each.
pub const MATERIAL_OBJECTS_MAX: u32 = 20_000;
/// Largest content of a request after decompression, in bytes: it is held in memory, beside what is shown of it.
pub const DECOMPRESSED_BYTES_MAX: usize = 64 << 20;
/// Largest commit or tag that is signed, in bytes: its message is read to the end.
pub const SIGNED_BYTES_MAX: usize = 1 << 20;
/// Most parents of a commit: the largest merge known, in the Linux kernel, has 66.
pub const PARENTS_MAX: usize = 128;
/// Most header lines of a commit beside the core ones.
pub const HEADERS_MAX: usize = 64;
/// Most entries of one tree: it bounds the work of one comparison.
pub const TREE_ENTRIES_MAX: usize = 100_000;
/// Deepest directory that is walked. No build of anything nests deeper.
pub const TREE_DEPTH_MAX: usize = 128;
/// Longest path that is walked, in bytes: Linux opens no longer one.
pub const PATH_BYTES_MAX: usize = 4096;
/// Most differences that are listed for the commits of one request together. Trees may name one
/// subtree many times, and commits one tree, so the number of paths is not bounded by the number of
/// objects.
pub const DIFFERENCES_MAX: usize = 20_000;
/// Most bytes of the paths of those differences, for the same reason: each is shown, and more than
/// once.
pub const DIFFERENCE_PATHS_BYTES_MAX: usize = 8 << 20;
/// Most bytes of trees that are read to compare the commits of one request with their first
/// parents, and as many again with the other parents of merges.
pub const TREE_BYTES_COMPARED_MAX: usize = 256 << 20;
/// Most parents after the first with which a merge is compared: it is done for each of them.
pub const OTHER_PARENTS_COMPARED_MAX: usize = 8;
/// Largest side of a file that is compared line by line, in bytes.
pub const TEXT_BYTES_MAX: usize = 8 << 20;
/// Most bytes that are compared line by line for the commits of one request together: one large
/// file may stand at thousands of paths, in hundreds of commits.
pub const TEXT_BYTES_PER_REQUEST_MAX: usize = 32 << 20;
/// Most lines of differences that are shown for the commits of one request together. Each takes
/// many times its length in memory, and nobody reads as many.
pub const LINES_PER_REQUEST_MAX: usize = 200_000;
/// Most lines on a side for which differences are searched; beyond it the old lines are shown as
/// removed and the new ones as added. The search recurses, and its depth grows with the lines.
pub const DIFF_LINES_MAX: usize = 100_000;
/// Longest armoured signature, in bytes: the largest of an OpenPGP key in use, with room.
pub const ARMOR_BYTES_MAX: usize = 64 * 1024;
