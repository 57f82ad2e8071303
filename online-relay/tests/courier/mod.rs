//! The courier between simulated vaults and real or hostile relays.

mod commands;
mod fetching;
mod keeping;
mod kills;
mod messages;
mod scripted;
mod trays;
mod trips;
mod troubles;
mod world;
