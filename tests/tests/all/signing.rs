//! The signing room, from the desk to the vault and back, with both programs as they are shipped
//! and the programs that everybody else has as referees.

mod approvers;
mod commits;
mod daily;
mod files;
mod forgery;
mod journal;
mod keys;
mod kills;
mod large;
mod lying_courier;
mod lying_desk;
mod lying_machine;
mod lying_vault;
mod referees;
mod repository;
mod room;
mod terminal;
