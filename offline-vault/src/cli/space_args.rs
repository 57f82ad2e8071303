//! The command line of spaces: who is in them, on which devices, with which keys.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What can be done with spaces.
#[derive(Debug, Subcommand)]
pub enum SpaceCommand {
    /// Begin a space; you are its first owner.
    Create(CreateSpace),
    /// List the spaces of this vault, and those you are invited to.
    List,
    /// Show a space: its members, what waits, how far each device has it.
    Show(NamedSpace),
    /// Invite a contact; the invitation leaves with the next sync.
    Invite(Invite),
    /// List the invitations that you gave and were given.
    Invitations,
    /// Accept an invitation: your vault makes keys for this space only.
    Join(Join),
    /// Leave a space. What you wrote stays with the others.
    Leave(NamedSpace),
    /// Open a mailbox for your device in this space only.
    Relay(SpaceRelay),
    /// Give a space another name in this vault.
    Rename(RenameSpace),
    /// Remove a space with everything in it from this vault.
    Forget(NamedSpace),
    /// Have every device work out the state and say whether it comes to the same.
    Checkpoint(NamedSpace),
}

/// A space.
#[derive(Debug, Args)]
pub struct NamedSpace {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
}

/// Arguments of `space create`.
#[derive(Debug, Args)]
pub struct CreateSpace {
    /// What the space is called, for everybody in it.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What you call yourself in it; it need not be the name on your card.
    #[arg(long = "as", value_name = "NAME")]
    pub own_name: String,
    /// An operator's invitation, as a text file, for a mailbox of this space only; without one the
    /// space goes by paired vaults.
    #[arg(long, value_name = "FILE")]
    pub relay: Vec<PathBuf>,
    /// How many devices a member may have.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub device_cap: u8,
    /// What new members may read of the past: none, checkpoint or full.
    #[arg(long, value_name = "HOW", default_value = "checkpoint")]
    pub history: String,
}

/// Arguments of `space invite`.
#[derive(Debug, Args)]
pub struct Invite {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// The contact.
    #[arg(long, value_name = "NICK")]
    pub to: String,
    /// courier, reader, suggester, editor, approver or admin.
    #[arg(long, value_name = "ROLE")]
    pub role: String,
    /// What they may read of the past [default: as the space has it].
    #[arg(long, value_name = "HOW")]
    pub history: Option<String>,
    /// After how many days the invitation is void.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    pub days: u32,
    /// Do not let them in by themselves when they accept: `member add` does.
    #[arg(long)]
    pub ask: bool,
}

/// Arguments of `space join`.
#[derive(Debug, Args)]
pub struct Join {
    /// The number of the invitation, as `space list` has it; `all` for all of a device link.
    #[arg(value_name = "INVITATION")]
    pub invitation: String,
    /// What you call yourself in the space.
    #[arg(long = "as", value_name = "NAME")]
    pub own_name: Option<String>,
    /// What this vault calls the space [default: its own name].
    #[arg(long, value_name = "SPACE")]
    pub name: Option<String>,
    /// An operator's invitation, as a text file, for a mailbox of this space only.
    #[arg(long, value_name = "FILE")]
    pub relay: Vec<PathBuf>,
}

/// Arguments of `space relay`.
#[derive(Debug, Args)]
pub struct SpaceRelay {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// The invitation that the relay's operator gave you, as a text file; one that no other space
    /// was given.
    #[arg(value_name = "FILE")]
    pub invitation: PathBuf,
}

/// Arguments of `space rename`.
#[derive(Debug, Args)]
pub struct RenameSpace {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// What it shall call it.
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// What can be done with members.
#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// List the members, their roles and devices, and who asks to be let in.
    List(NamedSpace),
    /// Let somebody in who has accepted an invitation that asks you first.
    Add(OneMember),
    /// Give a member another role.
    Role(MemberRole),
    /// Remove a member. What it wrote before others knew stays aside until somebody adopts it.
    Remove(RemoveMember),
}

/// A member of a space.
#[derive(Debug, Args)]
pub struct OneMember {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// The member's name, or the digits beside it.
    #[arg(value_name = "MEMBER")]
    pub member: String,
}

/// Arguments of `member role`.
#[derive(Debug, Args)]
pub struct MemberRole {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// The member's name, or the digits beside it.
    #[arg(value_name = "MEMBER")]
    pub member: String,
    /// courier, reader, suggester, editor, approver or admin; owners are made with `owner add`.
    #[arg(value_name = "ROLE")]
    pub role: String,
}

/// Arguments of `member remove`.
#[derive(Debug, Args)]
pub struct RemoveMember {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// The member's name, or the digits beside it.
    #[arg(value_name = "MEMBER")]
    pub member: String,
    /// Why, for everybody to see: retired, lost or silent.
    #[arg(long, value_name = "WHY")]
    pub reason: Option<String>,
}

/// What owners decide together.
#[derive(Debug, Subcommand)]
pub enum OwnerCommand {
    /// List the owners and the votes that are open.
    List(NamedSpace),
    /// Vote for making a member an owner; more than half of the owners have to.
    Add(OneMember),
    /// Vote for removing an owner; more than half of the owners have to.
    Remove(OneMember),
}

/// What can be done with devices.
#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// Make a second laptop yours in all your spaces: it is a contact whose words you compared.
    Link(LinkDevice),
    /// List the devices of a space and when something was last heard of each.
    List(NamedSpace),
    /// Remove a device: yours, or as an admin anybody's.
    Remove(RemoveDevice),
    /// Remove every device of which nothing was heard for long.
    Retire(RetireDevices),
}

/// Arguments of `device link`.
#[derive(Debug, Args)]
pub struct LinkDevice {
    /// The contact that is your other laptop.
    #[arg(value_name = "NICK")]
    pub contact: String,
    /// Only these spaces [default: all].
    #[arg(long = "space", value_name = "SPACE")]
    pub spaces: Vec<String>,
}

/// Arguments of `device remove`.
#[derive(Debug, Args)]
pub struct RemoveDevice {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// The digits of the device, as `device list` has them.
    #[arg(value_name = "DEVICE")]
    pub device: String,
    /// Why, for everybody to see: retired, lost or silent.
    #[arg(long, value_name = "WHY")]
    pub reason: Option<String>,
}

/// Arguments of `device retire`.
#[derive(Debug, Args)]
pub struct RetireDevices {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// Silent for at least so many days.
    #[arg(long, value_name = "N", default_value_t = 180)]
    pub days: u32,
}

/// What can be done with the keys of a space.
#[derive(Debug, Subcommand)]
pub enum EpochCommand {
    /// List the epochs: whose key each is, who has it, whether new content uses it.
    List(NamedSpace),
    /// Begin a new epoch for what is written from now on.
    New(InCompartment),
}

/// A space, or a compartment of it.
#[derive(Debug, Args)]
pub struct InCompartment {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// The compartment [default: the whole space].
    #[arg(long, value_name = "NAME")]
    pub compartment: Option<String>,
}

/// What can be done with reader sets inside a space.
#[derive(Debug, Subcommand)]
pub enum CompartmentCommand {
    /// List the compartments and who reads each.
    List(NamedSpace),
    /// Begin a compartment; you read it.
    Add(NamedCompartment),
    /// Let a member read a compartment.
    Admit(CompartmentMember),
    /// Take a compartment from a member.
    Expel(CompartmentMember),
}

/// A compartment.
#[derive(Debug, Args)]
pub struct NamedCompartment {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// The name of the compartment; every member of the space sees it.
    #[arg(value_name = "COMPARTMENT")]
    pub compartment: String,
}

/// A compartment and a member.
#[derive(Debug, Args)]
pub struct CompartmentMember {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// The name of the compartment.
    #[arg(value_name = "COMPARTMENT")]
    pub compartment: String,
    /// The member's name, or the digits beside it.
    #[arg(value_name = "MEMBER")]
    pub member: String,
}

/// Arguments of `adopt`.
#[derive(Debug, Args)]
pub struct Adopt {
    /// What this vault calls the space.
    #[arg(value_name = "SPACE")]
    pub space: String,
    /// The late work to take over, by its digits; without any it is listed to be read.
    #[arg(value_name = "SEGMENT")]
    pub segments: Vec<String>,
}

/// Something in a space.
#[derive(Debug, Args)]
pub struct SpaceItem {
    /// The space and the beginning of the item's digits, for example desk/3fa9.
    #[arg(value_name = "SPACE/ITEM")]
    pub item: String,
}

pub(super) const SPACE_EXAMPLES: &str = "\
Examples:
  offline-vault space create desk --as Amina
  offline-vault space invite desk --to bilal --role editor
  offline-vault sync --stick /media/stick
  offline-vault space join 1 --as Bilal                   in Bilal's vault, after a sync of his
  offline-vault space show desk

A space has no centre: every vault works out by itself, from the same signed operations, who is in
it. Your vault has other keys, another name and other mailboxes in each of your spaces, and nothing
that leaves it tells that two of them are one person's.";

pub(super) const MEMBER_EXAMPLES: &str = "\
Examples:
  offline-vault member list desk
  offline-vault member role desk Bilal approver
  offline-vault member remove desk Carla --reason lost

Roles, each with the rights of those before it: courier (carries what it cannot read), reader,
suggester (messages and proposals), editor, approver (merges proposals, adopts late work), admin
(adds, lowers and removes members), owner. Admins give roles up to approver, owners up to admin.
Who removes and is removed at the same time loses the role: an owner gives it back.";

pub(super) const OWNER_EXAMPLES: &str = "\
Examples:
  offline-vault owner add desk Bilal
  offline-vault owner list desk

Owners are changed by more than half of the owners: each votes with the same command. One owner
alone is a risk, because a lost vault cannot be replaced; two block each other; have three.";

pub(super) const DEVICE_EXAMPLES: &str = "\
Examples:
  offline-vault device link my-other-laptop
  offline-vault device list desk
  offline-vault device remove desk 5fc1 --reason lost

A linked laptop sees your list of spaces with the next sync and has keys of its own in each. Remove
a lost one at once: what is written afterwards is sealed with keys that it never gets.";

pub(super) const SEAL_EXAMPLES: &str = "\
Examples:
  offline-vault seal desk Carla

For owners. What the member wrote and you have not seen is void for everybody, whenever it comes:
content, but also removals. Use it when somebody who was removed keeps acting. What honest people
lose by it can be adopted.";

pub(super) const ADOPT_EXAMPLES: &str = "\
Examples:
  offline-vault adopt desk                     read the late work first
  offline-vault adopt desk 91c0 77ab

Late work is what somebody wrote without knowing that they had been removed, lowered or sealed.
It is kept aside and has no effect until an approver adopts it.";
