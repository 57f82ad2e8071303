//! Trays as the phone, the courier, the operator and strangers meet them.

mod frames;

pub(crate) use self::frames::crc32c;
mod handover;
mod operator;
mod refusals;
