//! minisign: public keys, signature files, and checking them.
