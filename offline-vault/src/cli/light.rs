//! `sync` by light: a screen that is filmed, a camera that films.

use std::fmt::Write as _;

use carriers::light::screen::Machine;
use crossing::CrossingError;
use crossing::light::{Choice, LightReport, Means, Pieces, Written, film_message, show_message};
use pack_format::light::Kind;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::contact::local_name;
use super::progress::{Meter, takes_terminal};
use super::sync::{crossed_json, end, write_arrived, write_without_way};
use super::work_args::{Light, Sync};
use super::{CommandError, Context, Report};
use crate::vault::Vault;
use crate::wording::count_text;
use crate::work::{self, Crossed, WorkError, sync_light};

impl Light {
    /// Whether anything is to go by light.
    pub(super) fn is_asked(&self) -> bool {
        let shows = self.screen || self.terminal || self.images.is_some() || self.pdf.is_some();
        shows || self.camera.is_some()
    }

    /// What the two programs call the same.
    pub(super) fn choice(&self) -> Choice {
        Choice {
            window: self.screen,
            terminal: self.terminal,
            images: self.images.clone(),
            pdf: self.pdf.clone(),
            camera: self.camera.clone(),
        }
    }
}

/// Opens what is shown on and filmed with.
pub(super) fn open(context: &Context, light: &Light) -> Result<Means, CommandError> {
    if light.terminal {
        takes_terminal();
    }
    let means = Means::open(&light.choice(), Machine::Offline, context.take_screen());
    Ok(means.map_err(WorkError::from)?)
}

/// How a person ends what is shown, for the end of a sentence.
pub(super) fn how_to_end(light: &Light) -> &'static str {
    if light.terminal {
        "press Ctrl-C"
    } else {
        "close this"
    }
}

/// Shows a card or a pairing code until the person has had enough of it.
pub(super) fn show(
    context: &Context,
    mut means: Means,
    kind: Kind,
    message: Vec<u8>,
    headline: &str,
) -> Result<(), CommandError> {
    let meter = Meter::new("Showing", None, context.options.json);
    if let (Some(display), _) = means.parts() {
        show_message(kind, message, headline, display, &meter).map_err(WorkError::from)?;
    }
    means.close().map_err(WorkError::from)?;
    Ok(())
}

/// Films a card or a pairing code.
pub(super) fn film(
    context: &Context,
    camera: String,
    kind: Kind,
    is_message: &dyn Fn(&[u8]) -> bool,
) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let choice = Choice {
        camera: Some(camera),
        ..Choice::default()
    };
    let mut means = Means::open(&choice, Machine::Offline, None).map_err(WorkError::from)?;
    let mut meter = Meter::new("Filming", None, context.options.json);
    let filmed = match means.parts() {
        (_, Some(eyes)) => film_message(kind, is_message, eyes, &mut meter),
        _ => Err(CrossingError::LightNothing { seen: None }),
    };
    Ok(filmed.map_err(WorkError::from)?)
}

/// Carries out `sync` by light.
pub(super) fn sync(context: &Context, vault: &Vault, asked: &Sync) -> Result<Report, CommandError> {
    let with = asked.with.as_deref().map(local_name).transpose()?;
    // Before a folder or a window is opened for nobody.
    if vault.pairings()?.is_empty() {
        return Err(WorkError::NoPairing.into());
    }
    let mut means = open(context, &asked.light)?;
    // A terminal that is full of codes has its own lines for what a person is told, and pictures
    // and pages are written in a moment.
    let light = &asked.light;
    let is_elsewhere = light.terminal || light.images.is_some() || light.pdf.is_some();
    let is_quiet = context.options.json || is_elsewhere;
    let mut meter = Meter::new("Crossing by light", None, is_quiet);
    let ending = means.ending();
    let (display, eyes) = means.parts();
    let way = work::Light {
        display,
        eyes,
        ending,
    };
    let crossed = sync_light(vault, with.as_ref(), way, context.now(), &mut meter);
    drop(meter);
    let written = means.close().map_err(WorkError::from)?;
    let (crossed, light) = crossed?;
    let mut text = String::new();
    write_written(&mut text, written);
    write_arrived(&mut text, vault, &crossed)?;
    if let Some(light) = &light {
        write_light(&mut text, &crossed, light);
    }
    write_without_way(&mut text, &crossed);
    let mut json = crossed_json(&crossed);
    if let (Some(fields), Some(light)) = (json.as_object_mut(), &light) {
        fields.insert("light".to_owned(), light_json(&crossed, light));
    }
    end(crossed, Report::new(text, json))
}

fn write_written(text: &mut String, written: Option<Written>) {
    let _ = match written {
        Some(Written::Pictures(count)) => {
            writeln!(text, "Wrote {}.", count_text(count as u64, "picture"))
        }
        Some(Written::Pages(count)) => {
            writeln!(text, "Wrote {}.", count_text(count as u64, "page"))
        }
        None => Ok(()),
    };
}

fn write_light(text: &mut String, crossed: &Crossed, light: &LightReport) {
    for pieces in &light.incoming {
        let _ = writeln!(
            text,
            "From {}: {} of {} pieces of a pack have arrived and are kept.",
            name(crossed, pieces),
            pieces.here,
            pieces.needed
        );
    }
    for lane in &crossed.lanes {
        let packs: Vec<_> = light
            .outgoing
            .iter()
            .filter(|pieces| name(crossed, pieces) == lane.name.as_str())
            .collect();
        write_outgoing(text, lane.name.as_str(), &packs);
    }
    let too_large: u64 = crossed.lanes.iter().map(|it| it.report.items_waiting).sum();
    if too_large > 0 {
        let _ = writeln!(
            text,
            "Items that are too large for light or wait for others: {too_large}. Carry them on a \
             stick: `offline-vault sync --stick PATH`."
        );
    }
    let taken: u32 = crossed.lanes.iter().map(|it| it.report.packs_taken).sum();
    let is_calm = crossed.outcome.is_ok();
    if is_calm
        && taken == 0
        && light.incoming.is_empty()
        && light.outgoing.is_empty()
        && too_large == 0
    {
        text.push_str("There was nothing new in either direction.\n");
    }
}

/// What is known of the packs that were shown to one machine.
fn write_outgoing(text: &mut String, name: &str, packs: &[&Pieces]) {
    let arrived = packs.iter().filter(|pieces| pieces.has_all()).count();
    if arrived > 0 {
        let packs = count_text(arrived as u64, "pack");
        let _ = writeln!(text, "Arrived at {name}, without a receipt yet: {packs}.");
    }
    for pieces in packs.iter().filter(|it| it.is_known && !it.has_all()) {
        let _ = writeln!(
            text,
            "{name} has {} of {} pieces of a pack; the rest is still to be carried.",
            pieces.here, pieces.needed
        );
    }
    let unknown: Vec<_> = packs.iter().filter(|pieces| !pieces.is_known).collect();
    if !unknown.is_empty() {
        let here: u64 = unknown.iter().map(|pieces| pieces.here).sum();
        let needed = unknown.iter().map(|pieces| pieces.needed).sum();
        let _ = writeln!(
            text,
            "Shown to {name}: of {} {here} of {}. It is not known whether they arrived: the vault keeps \
             them until a receipt returns.",
            count_text(unknown.len() as u64, "pack"),
            count_text(needed, "piece")
        );
    }
}

fn name<'a>(crossed: &'a Crossed, pieces: &Pieces) -> &'a str {
    let lane = crossed.lanes.get(pieces.lane);
    lane.map_or("another machine", |lane| lane.name.as_str())
}

fn light_json(crossed: &Crossed, light: &LightReport) -> Value {
    let pieces = |all: &[Pieces]| {
        let each = all.iter().map(|pieces| {
            json!({
                "pairing": name(crossed, pieces),
                "pieces": pieces.here,
                "needed": pieces.needed,
                "is_known": pieces.is_known,
            })
        });
        each.collect::<Vec<_>>()
    };
    let noticed = light.noticed.iter();
    let noticed = noticed.map(|(what, count)| (what.code().to_owned(), json!(count)));
    json!({
        "outgoing": pieces(&light.outgoing),
        "incoming": pieces(&light.incoming),
        "codes_seen": noticed.collect::<serde_json::Map<_, _>>(),
    })
}
