//! End-to-end tests of Causeway.
