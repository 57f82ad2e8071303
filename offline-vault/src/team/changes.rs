//! What changed in a space between two moments, in sentences for the person.

use super::view::View;

/// What is different `after`: who came and went, whose role is another, what is to be looked at.
pub(super) fn between(before: &View<'_>, after: &View<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for member in after.membership.members() {
        let was = before.membership.member(member.id).map(|it| it.role);
        let who = after.member_text(member.id);
        match (was.flatten(), member.role) {
            (None, Some(role)) => lines.push(format!("{who} is a member now, as {role}.")),
            (Some(was), Some(role)) if was != role => {
                lines.push(format!("{who} was {was} and is {role} now."));
            }
            (Some(was), None) => {
                lines.push(format!("{who}, who was {was}, is no member any more."));
            }
            _ => {}
        }
        let devices_before = before.membership.member(member.id);
        let devices_before = devices_before.map_or(&[][..], |it| it.devices.as_slice());
        for device in &member.devices {
            if was.is_some() && !devices_before.contains(device) {
                let digits = super::view::digits(&device.0);
                lines.push(format!("{who} has a further device now: {digits}."));
            }
        }
    }
    let (ignored_before, ignored) = (before.membership.ignored(), after.membership.ignored());
    for one in ignored {
        if !ignored_before.contains(one) {
            let who = after.device_text(one.deed.by);
            lines.push(format!(
                "an operation of {who} has no effect: {}.",
                one.reason
            ));
        }
    }
    for checkpoint in after.membership.checkpoints() {
        let known = before.membership.checkpoints().iter();
        let contradicted_before = known
            .filter(|it| it.deed.operation == checkpoint.deed.operation)
            .any(|it| !it.contradicted.is_empty());
        if !checkpoint.contradicted.is_empty() && !contradicted_before {
            let mut names: Vec<String> = Vec::new();
            for device in &checkpoint.contradicted {
                names.push(after.device_text(*device));
            }
            lines.push(format!(
                "ALARM: {} come to another state than the checkpoint says. Compare what you see \
                 with theirs before you rely on it.",
                names.join(", ")
            ));
        }
    }
    lines
}
