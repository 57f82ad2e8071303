//! What each signing key may be used for.
