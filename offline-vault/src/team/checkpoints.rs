//! Checkpoints: what the state comes to, so that every device says whether it comes to the same.

use std::collections::BTreeSet;

use team_core::control::{Control, encode_operations};
use team_core::ids::{DeviceId, SegmentHash};
use team_core::log::{Draft, write};
use team_core::segment::Kind;

use super::TeamError;
use super::index::SqlLog;
use super::session::{Session, in_space};
use super::view::View;
use crate::clock::UnixTime;
use crate::names::LocalName;
use crate::vault::Vault;

/// A checkpoint: what its author comes to, for every device to compare.
#[derive(Clone, Debug)]
pub struct CheckpointLine {
    /// The segment that says it; its first digits name it.
    pub segment: SegmentHash,
    /// Who wrote it, escaped.
    pub by: String,
    /// When, by its author's clock: a claim.
    pub claimed_at: UnixTime,
    /// Whose devices come to the same, escaped.
    pub confirmed: Vec<String>,
    /// Whose devices come to something else: an alarm.
    pub contradicted: Vec<String>,
    /// Whose devices have not answered.
    pub open: Vec<String>,
}

/// Writes a checkpoint.
///
/// # Errors
/// [`TeamError::RoleNeeded`] for one who is no editor.
pub fn checkpoint(
    vault: &Vault,
    space: &str,
    now: UnixTime,
) -> Result<(LocalName, CheckpointLine), TeamError> {
    in_space(vault, space, now, |session| {
        session.check(&Control::Checkpoint([0; 32]))?;
        let digest = digest_of_next(session)?;
        let segment = session.write_control(&[Control::Checkpoint(digest)])?;
        let lines = checkpoint_lines(&session.view);
        let written = lines.into_iter().find(|line| line.segment == segment);
        let written = written.ok_or_else(|| TeamError::State {
            which: "the checkpoint".to_owned(),
            state: "has no effect".to_owned(),
        })?;
        Ok((session.view.name().clone(), written))
    })
}

/// The digest of the state in the past of the segment that this device writes next: what others
/// come to when they confirm it.
///
/// A draft that is never kept has the same past as the segment itself: it follows the same
/// segments, whatever it says.
fn digest_of_next(session: &Session<'_>) -> Result<[u8; 32], TeamError> {
    let view = &session.view;
    let draft = Draft {
        kind: Kind::Control,
        payload: encode_operations(&[Control::Checkpoint([0; 32])]),
        claimed_at: session.now.to_secs(),
    };
    let identity = session.identity();
    let log = SqlLog::new(session.changes, view.row(), view.space_id(), session.now);
    let drafted = write(view.space_id(), identity, draft, &log);
    let (segment, accepted) = drafted.map_err(|err| TeamError::Input {
        what: err.to_string(),
    })?;
    let mut graph = view.graph.clone();
    let links = accepted.links.map(|links| *links).unwrap_or_default();
    graph.insert(links.into_node(&segment));
    Ok(graph.digest_before(segment.header().hash()))
}

/// The checkpoints of a space, newest first.
pub(super) fn checkpoint_lines(view: &View<'_>) -> Vec<CheckpointLine> {
    let checkpoints = view.membership.checkpoints().iter();
    let mut lines: Vec<CheckpointLine> = checkpoints
        .map(|checkpoint| {
            let texts = |devices: &BTreeSet<DeviceId>| {
                let texts = devices.iter().map(|device| view.device_text(*device));
                texts.collect::<Vec<String>>()
            };
            let active = view.membership.devices().filter(|device| device.active);
            let open = active.map(|device| device.id).filter(|id| {
                *id != checkpoint.deed.by
                    && !checkpoint.confirmed.contains(id)
                    && !checkpoint.contradicted.contains(id)
            });
            CheckpointLine {
                segment: checkpoint.deed.operation.segment,
                by: view.device_text(checkpoint.deed.by),
                claimed_at: UnixTime::of_secs(checkpoint.deed.claimed_at),
                confirmed: texts(&checkpoint.confirmed),
                contradicted: texts(&checkpoint.contradicted),
                open: texts(&open.collect()),
            }
        })
        .collect();
    lines.sort_by_key(|line| std::cmp::Reverse(view.places.of(line.segment)));
    lines
}
