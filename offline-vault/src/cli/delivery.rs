//! What every command about items of spaces says alike: where an item is, who reads it, how far
//! its deletion got.

use std::fmt::Write as _;
use std::path::PathBuf;

use pack_format::shown::Shown;
use serde_json::{Value, json};

use super::Report;
use crate::team::delivery::{Delivery, DeviceDelivery};
use crate::team::items::Deletion;
use crate::wording::count_text;

/// One line for each device.
pub(super) fn delivery_lines(delivery: &Delivery) -> String {
    let mut text = String::new();
    for device in &delivery.devices {
        let _ = writeln!(text, "  {}", device_line(device));
    }
    text
}

/// `Bilal: confirmed, as of 2026-11-03 14:05 UTC; it still asked for 3 pieces then`.
fn device_line(device: &DeviceDelivery) -> String {
    let mut text = format!("{}: {}", device.who, device.state.words());
    if let Some(as_of) = device.as_of {
        let _ = write!(text, ", as of {as_of}");
    }
    if device.lacks_pieces > 0 {
        let _ = write!(
            text,
            "; it still asked for {} then",
            count_text(device.lacks_pieces as u64, "piece")
        );
    }
    text
}

pub(super) fn delivery_json(delivery: &Delivery) -> Value {
    let devices = delivery.devices.iter().map(|device| {
        json!({
            "device": device.device,
            "who": device.who,
            "state": device.state.words(),
            "as_of": device.as_of.map(|at| at.0),
            "lacks_pieces": device.lacks_pieces,
        })
    });
    json!({
        "summary": delivery.summary(),
        "devices": devices.collect::<Vec<_>>(),
    })
}

pub(super) fn deletion_json(deletion: Option<Deletion>) -> Value {
    let deletion = deletion.map(|it| json!({ "asked": it.asked, "confirmed": it.confirmed }));
    json!(deletion)
}

/// What was written into a folder.
pub(super) fn saved(item: &str, paths: &[PathBuf]) -> Report {
    let mut text = format!("Verified and saved {}:\n", Shown(item));
    for path in paths {
        let _ = writeln!(text, "  {}", Shown(&path.to_string_lossy()));
    }
    let paths = paths.iter().map(|path| path.to_string_lossy());
    let paths: Vec<_> = paths.map(std::borrow::Cow::into_owned).collect();
    Report::new(text, json!({ "item": item, "saved": paths }))
}
