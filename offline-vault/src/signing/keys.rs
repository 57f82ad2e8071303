//! Signing keys: made, taken in, shown, given away, renewed, revoked, kept safe.
