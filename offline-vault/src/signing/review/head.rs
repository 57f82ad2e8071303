//! Who asks, for what, with which key, and who has approved: the same for every kind of request.

use signing_format::key_reference::KeyReference;
use signing_format::request::{Request, RequestHash};

use super::text::{escaped, in_words, quoted_lines};
use super::{Line, Section};
use crate::clock::UnixTime;

/// What the vault knows about a request besides the request.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// The pairing that it came by.
    pub(crate) pairing: Option<String>,
    /// What the owner calls the key; `None` when it is not in this vault.
    pub(crate) key_name: Option<String>,
    /// Whether the key is revoked or retired.
    pub(crate) key_retired: bool,
    /// When it came, by this machine's clock.
    pub(crate) taken_at: Option<UnixTime>,
    /// How many requests of this desk were signed here before.
    pub(crate) signed_before: u32,
    /// Approvals whose signature verifies: who, whether their words were compared, and when.
    pub(crate) approvals: Vec<ShownApproval>,
    /// Approvals that do not verify, or are of nobody known here.
    pub(crate) foreign_approvals: u32,
}

/// An approval, for the person.
#[derive(Clone, Debug)]
pub(crate) struct ShownApproval {
    /// What the owner of this vault calls the approver.
    pub(crate) nickname: String,
    /// Whether the words of their card were compared.
    pub(crate) verified: bool,
    /// When they approved, by their clock.
    pub(crate) approved_at: UnixTime,
}

/// The first section of every review. The time at which it is made is *not* part of it, so that
/// the same request is the same review a minute later.
pub(crate) fn head(request: &Request, hash: &RequestHash, around: &Surroundings) -> Section {
    let mut lines = vec![
        Line::Field("Request", request.id.to_string()),
        Line::Field("Hash", data_encoding::HEXLOWER.encode(&hash.0)),
        Line::Field(
            "By way of",
            around
                .pairing
                .clone()
                .unwrap_or_else(|| "a pairing that was removed".to_owned()),
        ),
        Line::Field("From", from_text(request)),
        Line::Field("Desk", desk_text(request, around)),
        Line::Field("Key", key_text(&request.key, around)),
        Line::Field("Asked", claimed(request.created_at)),
        Line::Field("Expires", claimed(request.expires_at)),
    ];
    if around
        .taken_at
        .is_some_and(|taken| is_dated_ahead(request.created_at, taken))
    {
        lines.push(Line::Warning(
            "The desk's clock is ahead of this machine's by more than a day: one of them is wrong, \
             and the request may last longer than it should."
                .to_owned(),
        ));
    }
    if request.reason.is_empty() {
        lines.push(Line::Field("Reason", "none given".to_owned()));
    } else {
        lines.push(Line::Field(
            "Reason",
            "in the requester's words:".to_owned(),
        ));
        lines.extend(quoted_lines(request.reason.as_bytes()));
    }
    for approval in &around.approvals {
        let verified = if approval.verified {
            ""
        } else {
            " (NOT VERIFIED: does not count)"
        };
        let text = format!(
            "{}{verified}, {} by their clock",
            approval.nickname, approval.approved_at
        );
        lines.push(Line::Field("Approved by", text));
    }
    if around.foreign_approvals > 0 {
        lines.push(Line::Warning(format!(
            "{} approvals are of nobody that this vault knows, or do not verify; they do not count.",
            around.foreign_approvals
        )));
    }
    Section {
        title: "Who asks".to_owned(),
        lines,
    }
}

/// Our words first: what a requester calls themself could go on like ours.
fn from_text(request: &Request) -> String {
    if request.requester.is_empty() {
        return "nobody named".to_owned();
    }
    format!("a claim: {}", escaped(request.requester.as_bytes()))
}

fn desk_text(request: &Request, around: &Surroundings) -> String {
    let words = in_words(&request.requester_key.0);
    match around.signed_before {
        0 => format!("{words} — NEW: nothing of this desk was signed here before"),
        1 => format!("{words} — one request of it was signed here before"),
        count => format!("{words} — {count} requests of it were signed here before"),
    }
}

fn key_text(key: &KeyReference, around: &Surroundings) -> String {
    match &around.key_name {
        Some(name) => {
            let retired = if around.key_retired {
                " — REVOKED OR RETIRED: it signs nothing any more"
            } else {
                ""
            };
            format!("{name}, {} {key}{retired}", key.kind_text())
        }
        None => format!(
            "{} {key} — not in this vault: you approve for another that has it",
            key.kind_text()
        ),
    }
}

fn is_dated_ahead(created_at: u64, taken_at: UnixTime) -> bool {
    UnixTime::of_secs(created_at).0 > taken_at.0.saturating_add(24 * 60 * 60)
}

/// A time by the desk's clock.
fn claimed(unix_secs: u64) -> String {
    let time = UnixTime::of_secs(unix_secs);
    format!("{time} by the desk's clock (a claim)")
}
