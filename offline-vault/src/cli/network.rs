//! Whether this machine is on a network, as far as the system tells.

use std::fs;
use std::path::Path;

/// The answer of a check. What could not be found out is never shown as good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// As it should be.
    Ok,
    /// Not as it should be, in one sentence.
    Problem(String),
    /// Not found out, and why.
    CannotTell(String),
}

impl Finding {
    /// One line for the person.
    #[must_use]
    pub(super) fn text(&self) -> String {
        match self {
            Self::Ok => "OK".to_owned(),
            Self::Problem(what) => format!("Problem: {what}"),
            Self::CannotTell(why) => format!("Cannot tell: {why}"),
        }
    }

    /// The same in one word, for programs.
    #[must_use]
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Problem(_) => "problem",
            Self::CannotTell(_) => "cannot-tell",
        }
    }
}

/// Reads `operstate` of every interface under `net`, which is `/sys/class/net`, except the
/// loopback one.
#[must_use]
pub(super) fn interfaces(net: &Path) -> Finding {
    let Ok(entries) = fs::read_dir(net) else {
        return Finding::CannotTell(format!("{} cannot be read", net.display()));
    };
    let (mut up, mut unclear) = (Vec::new(), Vec::new());
    for entry in entries {
        let Ok(entry) = entry else {
            return Finding::CannotTell(format!("{} cannot be read", net.display()));
        };
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == "lo" || !entry.path().is_dir() {
            continue;
        }
        let state = fs::read_to_string(entry.path().join("operstate")).unwrap_or_default();
        match state.trim() {
            "up" => up.push(name),
            "down" | "notpresent" => {}
            // Tunnels and some drivers never say more than "unknown".
            _ => unclear.push(name),
        }
    }
    up.sort_unstable();
    unclear.sort_unstable();
    if !up.is_empty() {
        Finding::Problem(format!("{} is up", up.join(", ")))
    } else if !unclear.is_empty() {
        Finding::CannotTell(format!(
            "{} does not say whether it is up",
            unclear.join(", ")
        ))
    } else {
        Finding::Ok
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(states: &[(&str, Option<&str>)]) -> Finding {
        let dir = tempfile::tempdir().unwrap();
        for (name, state) in states {
            fs::create_dir(dir.path().join(name)).unwrap();
            if let Some(state) = state {
                fs::write(dir.path().join(name).join("operstate"), state).unwrap();
            }
        }
        interfaces(dir.path())
    }

    #[test]
    fn an_interface_that_is_up_is_a_problem() {
        let found = net(&[("lo", Some("unknown\n")), ("eth0", Some("up\n"))]);
        assert_eq!(found, Finding::Problem("eth0 is up".to_owned()));
    }

    #[test]
    fn an_interface_that_does_not_say_is_never_ok() {
        let unknown = net(&[("tun0", Some("unknown\n"))]);
        let silent = net(&[("eth0", None)]);
        assert!(matches!(unknown, Finding::CannotTell(_)));
        assert!(matches!(silent, Finding::CannotTell(_)));
        let nowhere = interfaces(Path::new("/nowhere/at/all"));
        assert!(matches!(nowhere, Finding::CannotTell(_)));
    }

    #[test]
    fn interfaces_that_are_down_are_fine() {
        let found = net(&[("lo", Some("unknown\n")), ("eth0", Some("down\n"))]);
        assert_eq!(found, Finding::Ok);
    }
}
