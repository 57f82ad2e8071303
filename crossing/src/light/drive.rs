//! Drives a crossing by light: what the camera sees goes in, what the display wants comes out.

use std::{collections::BTreeMap, time::Duration};

use carriers::light::{Display, Status, Trouble, Wanted, Watched, Watcher, camera::CameraError};

use super::{
    noticed::Noticed,
    session::{LightCrossing, Pieces},
    told::{self, Advice},
};
use crate::{CrossingError, Host, Lane, Progress, SyncReport};

/// What films for a crossing: a camera, a folder of pictures, a tray.
pub trait Eyes {
    /// The next thing that was seen; `None` where there was nothing within `wait`.
    fn look(&mut self, wait: Duration) -> Option<Glimpse>;

    /// Whether it goes on for ever; a folder or a film is looked at to its end.
    fn is_endless(&self) -> bool {
        true
    }
}

/// One thing that was seen.
#[derive(Debug)]
#[non_exhaustive]
pub enum Glimpse {
    /// The payload of a code.
    Payload(Vec<u8>),
    /// Something else; what to do about it.
    Advice(String),
    /// There are no further pictures.
    Ended,
    /// There will be no further pictures because something failed.
    Failed(CameraError),
}

impl Eyes for Watcher {
    fn look(&mut self, wait: Duration) -> Option<Glimpse> {
        Some(match self.next(wait)? {
            Watched::Payload(payload) => Glimpse::Payload(payload),
            Watched::Nothing => Glimpse::Advice(NOTHING_SEEN.to_owned()),
            Watched::Unreadable { trouble, .. } => Glimpse::Advice(
                match trouble {
                    Trouble::TooSmall => TOO_SMALL,
                    Trouble::Blurred => BLURRED,
                }
                .to_owned(),
            ),
            Watched::Skipped(text) => Glimpse::Advice(format!("Left out: {text}.")),
            Watched::Failed(err) => Glimpse::Failed(err),
            Watched::Ended => Glimpse::Ended,
            _ => return None,
        })
    }

    fn is_endless(&self) -> bool {
        self.is_live()
    }
}

/// When a crossing by light ends, unless the person stops it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// When both machines have everything, as far as this one can know.
    WhenComplete,
    /// When every pack was shown with so many percent more than is needed at best: for pictures
    /// and paper.
    WhenShown {
        /// Percent.
        percent_more: u64,
    },
}

/// What a crossing by light shows on and films with. One of the two must be there.
pub struct Path<'a> {
    /// Where codes are shown.
    pub display: Option<&'a mut dyn Display>,
    /// What films.
    pub eyes: Option<&'a mut dyn Eyes>,
    /// When it ends.
    pub ending: Ending,
    /// What the pairings are called, in the order of the lanes.
    pub names: Vec<String>,
}

/// What a crossing by light did.
#[derive(Debug)]
pub struct LightReport {
    /// What was taken in and what is still to be carried.
    pub sync: SyncReport,
    /// The packs that were shown and not receipted.
    pub outgoing: Vec<Pieces>,
    /// The packs of which pieces are missing here; what arrived is kept.
    pub incoming: Vec<Pieces>,
    /// Whether the first of these was seen in this crossing; others may never come.
    pub lacks_pieces: bool,
    /// How often each kind of code was seen.
    pub noticed: BTreeMap<Noticed, u64>,
    /// Whether something was filmed with.
    pub has_filmed: bool,
    /// Why the camera stopped, if it did.
    pub failure: Option<CameraError>,
    /// The person stopped it before pictures or pages were enough.
    pub stopped_early: bool,
}

impl LightReport {
    /// Whether it ended well, for the exit code. What arrived counts and is kept either way.
    ///
    /// # Errors
    /// [`CrossingError::Camera`] when the camera failed; [`CrossingError::LightIncomplete`] when
    /// pieces are missing; [`CrossingError::LightNothing`] when nothing for this machine was
    /// seen; and [`CrossingError::LightDamaged`] and others of
    /// [`SyncReport::outcome`].
    pub fn outcome(&mut self) -> Result<(), CrossingError> {
        if let Some(err) = self.failure.take() {
            return Err(CrossingError::Camera(err));
        }
        if self.stopped_early {
            return Err(CrossingError::Cancelled);
        }
        self.sync.outcome().map_err(|err| match err {
            CrossingError::Damaged { damaged_count } => {
                CrossingError::LightDamaged { damaged_count }
            }
            err => err,
        })?;
        if let Some(pieces) = self.incoming.first().filter(|_| self.lacks_pieces) {
            return Err(CrossingError::LightIncomplete {
                here: pieces.here,
                needed: pieces.needed,
            });
        }
        let has_met = [Noticed::Taken, Noticed::TakenBefore, Noticed::Answer];
        let has_met = has_met.iter().any(|it| self.noticed.contains_key(it));
        if self.has_filmed && !has_met && self.outgoing.is_empty() {
            let seen = self.noticed.iter().max_by_key(|(_, count)| **count);
            return Err(CrossingError::LightNothing {
                seen: seen.and_then(|(noticed, _)| noticed.advice()),
            });
        }
        Ok(())
    }
}

/// Runs a crossing by light until it is complete or the person stops it.
///
/// # Errors
/// Any [`CrossingError`] of the host, of the folder for parts or of the display. What has arrived
/// is kept.
pub fn cross(
    lanes: &mut [Lane],
    host: &mut dyn Host,
    path: Path<'_>,
    progress: &mut dyn Progress,
) -> Result<LightReport, CrossingError> {
    let shows = path.display.is_some();
    let has_filmed = path.eyes.is_some();
    let mut drive = Drive {
        crossing: LightCrossing::begin(lanes, host, shows)?,
        path,
        progress,
        advice: Advice::default(),
        films: has_filmed,
        failure: None,
        linger_count: 0,
    };
    drive.run()?;
    let ends_when_shown = matches!(drive.path.ending, Ending::WhenShown { .. });
    let stopped_early = ends_when_shown && !drive.is_over();
    let Drive {
        crossing, failure, ..
    } = drive;
    Ok(LightReport {
        outgoing: crossing.all_outgoing(),
        incoming: crossing.incoming(),
        lacks_pieces: crossing.lacks_pieces(),
        noticed: crossing.noticed().clone(),
        has_filmed,
        failure,
        stopped_early,
        sync: crossing.end(),
    })
}

struct Drive<'a, 'd, 'p> {
    crossing: LightCrossing<'a>,
    path: Path<'d>,
    progress: &'p mut dyn Progress,
    advice: Advice,
    /// More may still be seen.
    films: bool,
    failure: Option<CameraError>,
    /// Sheets shown since everything was complete.
    linger_count: u32,
}

impl Drive<'_, '_, '_> {
    fn run(&mut self) -> Result<(), CrossingError> {
        while !self.progress.cancelled() && !self.is_over() {
            let wait = if self.path.display.is_some() {
                Duration::ZERO
            } else {
                LOOK_TIME
            };
            self.look(wait)?;
            let status = self.status();
            self.progress.status(&status);
            if !self.show(&status)? {
                break;
            }
        }
        Ok(())
    }

    /// Takes everything that was seen since the last sheet.
    fn look(&mut self, mut wait: Duration) -> Result<(), CrossingError> {
        let Some(eyes) = self.path.eyes.as_deref_mut().filter(|_| self.films) else {
            return Ok(());
        };
        for _ in 0..GLIMPSES_MAX {
            match eyes.look(wait) {
                None => break,
                Some(Glimpse::Payload(payload)) => {
                    self.advice.noticed(self.crossing.take(&payload)?);
                }
                Some(Glimpse::Advice(text)) => self.advice.say(text),
                Some(Glimpse::Ended) => {
                    self.films = false;
                    break;
                }
                Some(Glimpse::Failed(err)) => {
                    let goes_on = self.path.display.is_some();
                    let text = if goes_on {
                        SHOWING_GOES_ON
                    } else {
                        FILMING_ENDED
                    };
                    self.advice.say(text.to_owned());
                    self.failure = Some(err);
                    self.films = false;
                    break;
                }
            }
            wait = Duration::ZERO;
        }
        Ok(())
    }

    /// Shows the next sheet; false where the display wants none.
    fn show(&mut self, status: &Status) -> Result<bool, CrossingError> {
        let Some(display) = self.path.display.as_deref_mut() else {
            return Ok(true);
        };
        let demand = match display.wait().map_err(CrossingError::Display)? {
            Wanted::Sheet(demand) => demand,
            Wanted::Nothing => return Ok(false),
        };
        let sheet = self.crossing.sheet(demand)?;
        display
            .show(&sheet, status)
            .map_err(CrossingError::Display)?;
        if self.crossing.is_complete() {
            self.linger_count = self.linger_count.saturating_add(1);
        } else {
            self.linger_count = 0;
        }
        Ok(true)
    }

    fn is_over(&self) -> bool {
        if let Ending::WhenShown { percent_more } = self.path.ending {
            return self.crossing.was_shown(percent_more);
        }
        match (&self.path.display, &self.path.eyes) {
            // The other machine must see the last answer, too.
            (Some(_), Some(_)) => self.linger_count >= LINGER_SHEETS,
            // Nobody can answer: it ends at once where there is nothing to show.
            (Some(_), None) => self.crossing.all_outgoing().is_empty(),
            (None, Some(eyes)) if eyes.is_endless() => {
                !self.films || self.crossing.seems_complete()
            }
            (None, _) => !self.films,
        }
    }

    fn status(&mut self) -> Status {
        told::status(
            &self.crossing,
            &self.path.names,
            &mut self.advice,
            self.films,
            self.path.display.is_some(),
        )
    }
}

/// How long a machine that shows nothing waits for the next code before it looks whether it was
/// cancelled.
const LOOK_TIME: Duration = Duration::from_millis(100);

/// What is taken in between two sheets: a sheet must not wait for a busy camera.
const GLIMPSES_MAX: usize = 64;

/// Two to four seconds.
const LINGER_SHEETS: u32 = 36;

const NOTHING_SEEN: &str = "No code is in sight: point the camera at the other screen.";
const TOO_SMALL: &str = "The codes are too small to read: come closer, or make them coarser.";
const BLURRED: &str = "The codes are too blurred to read: hold still, and wipe the lens.";
const SHOWING_GOES_ON: &str = "Filming has failed; what has arrived is kept. Showing goes on.";
const FILMING_ENDED: &str = "Filming has failed; what has arrived is kept.";
