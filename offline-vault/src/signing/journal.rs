//! The append-only, hash-chained, signed list of what the keys of this vault were used for.
