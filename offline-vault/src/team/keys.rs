//! The keys that content is sealed with, and the compartments that have keys of their own.

use team_core::control::Control;
use team_core::epoch::{Choice, choose};
use team_core::ids::{CompartmentId, DeviceId, EpochId};
use team_core::membership::{Compartment, EpochInfo};
use team_core::name::Name;

use super::TeamError;
use super::brought::News;
use super::late::write_and_judge;
use super::session::{in_space, look};
use super::view::View;
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::vault::Vault;

/// An epoch as lists show it.
#[derive(Clone, Debug)]
pub struct EpochLine {
    /// Which; its first digits name it.
    pub id: EpochId,
    /// The compartment, escaped; none for the space as a whole.
    pub compartment: Option<String>,
    /// Who made it, escaped.
    pub by: String,
    /// When, by its maker's clock: a claim.
    pub made_at: Option<UnixTime>,
    /// Whether this vault has the key.
    pub is_held: bool,
    /// Whether new content is sealed with it.
    pub is_in_use: bool,
    /// Why nothing is sealed with it any more, where there is a reason of its own.
    pub refused: Option<String>,
    /// Whose devices the key was given to, escaped.
    pub recipients: Vec<String>,
    /// Whose devices read the compartment now and were not given the key, escaped.
    pub without: Vec<String>,
    /// Segments here that wait for the key.
    pub waiting: u64,
}

/// The epochs of a space: those of each compartment together, newest last.
///
/// # Errors
/// [`TeamError::SpaceUnknown`].
pub fn epochs(vault: &Vault, space: &str) -> Result<(LocalName, Vec<EpochLine>), TeamError> {
    look(vault, space, |view| {
        let waiting = view.tables.waiting_epochs(view.row())?;
        let mut infos: Vec<&EpochInfo> = view.membership.epochs().collect();
        infos.sort_by_key(|epoch| {
            let place = view.places.of(epoch.operation.segment);
            (epoch.compartment, place, epoch.id)
        });
        let mut lines = Vec::new();
        for epoch in infos {
            let count = waiting.iter().find(|(id, _)| *id == epoch.id);
            let count = count.map_or(0, |(_, count)| *count);
            lines.push(epoch_line(view, epoch, count)?);
        }
        Ok((view.name().clone(), lines))
    })
}

fn epoch_line(view: &View<'_>, epoch: &EpochInfo, waiting: u64) -> Result<EpochLine, TeamError> {
    let readers = view.membership.reading_devices(epoch.compartment);
    let known = view.known_epochs(epoch.compartment);
    let texts = |devices: &mut dyn Iterator<Item = &DeviceId>| -> Vec<String> {
        devices.map(|device| view.device_text(*device)).collect()
    };
    let node = view.graph.node(epoch.operation.segment);
    let key = view.tables.epoch_key(view.row(), epoch.id)?;
    let is_chosen = matches!(choose(&known, &readers), Choice::Use(id) if id == epoch.id);
    Ok(EpochLine {
        id: epoch.id,
        compartment: view.compartment_text(epoch.compartment),
        by: view.device_text(epoch.author),
        made_at: node.map(|node| UnixTime::of_secs(node.claimed_at)),
        is_held: key.is_some(),
        is_in_use: is_chosen,
        refused: epoch.refused.map(|refused| refused.to_string()),
        recipients: texts(&mut epoch.recipients.iter()),
        without: texts(&mut readers.difference(&epoch.recipients)),
        waiting,
    })
}

/// Begins a new epoch of a compartment, or of the space as a whole.
///
/// # Errors
/// [`TeamError::NotFound`] for a compartment; [`TeamError::RoleNeeded`] and
/// [`TeamError::NotAllowed`] when it is not the person's to do.
pub fn new_epoch(
    vault: &Vault,
    space: &str,
    compartment: Option<&str>,
    now: UnixTime,
) -> Result<(LocalName, EpochLine), TeamError> {
    in_space(vault, space, now, |session| {
        let compartment = session.view.find_compartment(compartment)?;
        let (id, _) = session.new_epoch(compartment)?;
        let view = &session.view;
        let epoch = view.membership.epoch(id);
        let epoch = epoch.ok_or_else(|| TeamError::State {
            which: "the new epoch".to_owned(),
            state: "has no effect".to_owned(),
        })?;
        Ok((view.name().clone(), epoch_line(view, epoch, 0)?))
    })
}

/// A compartment as lists show it.
#[derive(Clone, Debug)]
pub struct CompartmentLine {
    /// Which.
    pub id: CompartmentId,
    /// What it is called, escaped.
    pub name: String,
    /// Who reads it, escaped.
    pub readers: Vec<String>,
    /// Whether the person does.
    pub is_read: bool,
}

/// The compartments of a space.
///
/// # Errors
/// [`TeamError::SpaceUnknown`].
pub fn compartments(
    vault: &Vault,
    space: &str,
) -> Result<(LocalName, Vec<CompartmentLine>), TeamError> {
    look(vault, space, |view| {
        let compartments = view.membership.compartments();
        let lines = compartments.map(|it| compartment_line(view, it));
        Ok((view.name().clone(), lines.collect()))
    })
}

fn compartment_line(view: &View<'_>, compartment: &Compartment) -> CompartmentLine {
    let readers = view.membership.readers(compartment.id);
    let own = view.own_member();
    CompartmentLine {
        id: compartment.id,
        name: pack_format::shown::Shown(compartment.name.as_str()).to_string(),
        is_read: own.is_some_and(|own| readers.contains(&own)),
        readers: readers.iter().map(|id| view.member_text(*id)).collect(),
    }
}

/// Begins a compartment, which the person reads.
///
/// # Errors
/// [`TeamError::State`] when there is one of that name; [`TeamError::Format`] for a name that
/// cannot be one; [`TeamError::RoleNeeded`] for one who is no admin.
pub fn add_compartment(
    vault: &Vault,
    space: &str,
    called: &str,
    now: UnixTime,
) -> Result<(LocalName, CompartmentLine), TeamError> {
    let name = Name::new(called).map_err(TeamError::Format)?;
    in_space(vault, space, now, |session| {
        if session.view.find_compartment(Some(called)).is_ok() {
            return Err(TeamError::State {
                which: pack_format::shown::Shown(called).to_string(),
                state: "is a compartment already".to_owned(),
            });
        }
        let id = CompartmentId(session.rng().array());
        session.write_control(&[Control::AddCompartment(id, name)])?;
        if let Some(own) = session.view.own_member() {
            session.write_control(&[Control::Admit(id, own)])?;
        }
        Ok((session.view.name().clone(), line_of(&session.view, id)?))
    })
}

/// What became of a change of the readers of a compartment.
#[derive(Debug)]
pub struct ReadersChanged {
    /// What this vault calls the space.
    pub space: LocalName,
    /// The compartment as it is now.
    pub compartment: CompartmentLine,
    /// The member, escaped.
    pub member: String,
    /// What else came of it.
    pub news: Vec<News>,
}

/// Lets a member read a compartment, or takes it from them.
///
/// # Errors
/// [`TeamError::NotFound`] for the compartment, [`TeamError::MemberUnknown`],
/// [`TeamError::State`] when there is nothing to change; [`TeamError::RoleNeeded`] and
/// [`TeamError::NotAllowed`] when it is not the person's to do.
pub fn set_reader(
    vault: &Vault,
    space: &str,
    compartment: &str,
    who: &str,
    reads: bool,
    now: UnixTime,
) -> Result<ReadersChanged, TeamError> {
    in_space(vault, space, now, |session| {
        let id = session.view.find_compartment(Some(compartment))?;
        let member = session.view.find_member(who)?.id;
        let text = session.view.member_text(member);
        if session.view.membership.readers(id).contains(&member) == reads {
            let state = if reads {
                "reads it already"
            } else {
                "does not read it"
            };
            return Err(TeamError::State {
                which: text,
                state: state.to_owned(),
            });
        }
        let operation = if reads {
            Control::Admit(id, member)
        } else {
            Control::Expel(id, member)
        };
        write_and_judge(session, &[operation])?;
        Ok(ReadersChanged {
            space: session.view.name().clone(),
            compartment: line_of(&session.view, id)?,
            member: text,
            news: std::mem::take(&mut session.brought.news),
        })
    })
}

fn line_of(view: &View<'_>, id: CompartmentId) -> Result<CompartmentLine, TeamError> {
    let mut compartments = view.membership.compartments();
    let found = compartments.find(|it| it.id == id);
    let found = found.ok_or_else(|| TeamError::State {
        which: "the compartment".to_owned(),
        state: "has no effect".to_owned(),
    })?;
    Ok(compartment_line(view, found))
}
