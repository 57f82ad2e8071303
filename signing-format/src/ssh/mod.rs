//! SSH signatures: public keys, the SSHSIG form, and checking them.
