//! What a crossing promises, with two machines and whatever may happen to what lies between them.

mod courier;
mod faults;
mod machine;
mod media;
mod raw;
mod spans;
mod trips;
