//! Trays as the phone, the courier, the operator and strangers meet them.

mod frames;
mod handover;
mod operator;
mod refusals;
