//! Git objects that are signed, and what a person has to see of them.
