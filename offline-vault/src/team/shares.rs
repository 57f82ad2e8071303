//! Giving keys of epochs to readers who lack them.

use team_core::control::{Control, ShareEpoch};
use team_core::epoch::{EpochKey, Recipient, missing_shares, wrap};
use team_core::ids::CompartmentId;
use team_core::limits::CONTROL_KEPT_FOR_PEOPLE;

use super::TeamError;
use super::session::Session;

/// Wraps the keys that this vault holds to the devices that should have them and have not.
pub(super) fn share_keys(session: &mut Session<'_>) -> Result<(), TeamError> {
    if !session.has_control_left(CONTROL_KEPT_FOR_PEOPLE)? {
        return Ok(());
    }
    let mut compartments = vec![CompartmentId::WHOLE];
    compartments.extend(session.view.membership.compartments().map(|it| it.id));
    let mut shares = Vec::new();
    for compartment in compartments {
        let epochs = session.view.shared_epochs(compartment)?;
        let readers = session.view.readers_without(compartment, &epochs);
        if readers.is_empty() {
            continue;
        }
        for (epoch, devices) in missing_shares(&epochs, &readers) {
            let Some(key) = session.changes.epoch_key(session.view.row(), epoch)? else {
                continue;
            };
            let wraps = {
                let (view, rng) = session.view_and_rng();
                let known = view.readers(compartment);
                let recipients = devices.iter().filter_map(|device| {
                    let (prekey_number, prekey) = known.get(device)?;
                    Some(Recipient {
                        device: *device,
                        prekey_number: *prekey_number,
                        prekey,
                    })
                });
                let recipients: Vec<Recipient<'_>> = recipients.collect();
                let key = EpochKey::from_stored(key);
                wrap(&key, view.space_id(), compartment, &recipients, rng)
            };
            let mut given = wraps.into_iter().map(|wraps| ShareEpoch { epoch, wraps });
            let Some(first) = given.next() else { continue };
            // Who may not share a key, though it has it, leaves that to somebody who may.
            if session.check(&Control::ShareEpoch(first.clone())).is_err() {
                break;
            }
            shares.push(first);
            shares.extend(given);
        }
    }
    let mut segments: Vec<(usize, Vec<Control>)> = Vec::new();
    for share in shares {
        let count = share.wraps.len();
        let share = Control::ShareEpoch(share);
        match segments.last_mut() {
            Some((wraps, shares)) if wraps.saturating_add(count) <= WRAPS_IN_SEGMENT => {
                *wraps = wraps.saturating_add(count);
                shares.push(share);
            }
            _ => segments.push((count, vec![share])),
        }
    }
    // What is too much for one crossing is given with the next.
    for (_, shares) in segments.into_iter().take(SHARE_SEGMENTS_MAX) {
        session.write_control(&shares)?;
    }
    Ok(())
}

/// Wrapped keys in one segment, where several epochs share it: 50 of 1,188 bytes and their epochs.
const WRAPS_IN_SEGMENT: usize = 50;
/// Segments of wrapped keys in one crossing: 4 MiB.
const SHARE_SEGMENTS_MAX: usize = 64;
