//! Where the desktop is, as the environment says.

use std::env;

use crate::{ScreenError, Title};

/// What the environment says about the desktop; what is empty counts as not set.
#[derive(Debug, Default)]
pub(crate) struct Desktop {
    wayland: Option<String>,
    x11: Option<String>,
    bus: Option<String>,
}

impl Desktop {
    pub(crate) fn of_environment() -> Self {
        let set = |name: &str| {
            let value = env::var_os(name).filter(|value| !value.is_empty());
            value.map(|value| value.to_string_lossy().into_owned())
        };
        Self {
            wayland: set("WAYLAND_DISPLAY"),
            x11: set("DISPLAY"),
            bus: set("DBUS_SESSION_BUS_ADDRESS"),
        }
    }

    /// Whether windows open on an X server. Where there is Wayland as well, they open there.
    pub(crate) fn is_x11(&self) -> bool {
        self.wayland.is_none() && self.x11.is_some()
    }

    /// Refuses a machine without a desktop, and for the vault one whose desktop or its bus is
    /// reached over a network: the codes would cross it, and the vault opens no such connection.
    pub(crate) fn check(&self, title: Title) -> Result<(), ScreenError> {
        if self.wayland.is_none() && self.x11.is_none() {
            return Err(ScreenError::NoDesktop);
        }
        if title == Title::OfflineVault && !self.is_local() {
            return Err(ScreenError::NotOpened {
                reason: OVER_A_NETWORK.into(),
            });
        }
        Ok(())
    }

    fn is_local(&self) -> bool {
        // An X server of this machine has no host in front of its number.
        let x11 = self.x11.as_deref().unwrap_or(":");
        let bus = self.bus.as_deref().unwrap_or_default();
        let mut addresses = bus.split(';').filter(|address| !address.is_empty());
        (x11.starts_with(':') || x11.starts_with("unix:"))
            && addresses.all(|address| address.starts_with("unix:"))
    }
}

const OVER_A_NETWORK: &str = "the desktop is reached over a network";

#[cfg(test)]
mod tests {
    use super::*;

    fn desktop(wayland: &str, x11: &str, bus: &str) -> Desktop {
        let set = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
        Desktop {
            wayland: set(wayland),
            x11: set(x11),
            bus: set(bus),
        }
    }

    #[test]
    fn desktops_of_this_machine_are_used_by_both() {
        for found in [
            desktop("wayland-0", "", ""),
            desktop("wayland-0", ":0", "unix:path=/run/user/1000/bus"),
            desktop("", ":0.0", "unix:abstract=/tmp/a;unix:path=/b"),
            desktop("", "unix:1", ""),
        ] {
            found.check(Title::OfflineVault).unwrap();
            found.check(Title::OnlineRelay).unwrap();
        }
        assert!(desktop("", ":0", "").is_x11());
        assert!(!desktop("wayland-0", ":0", "").is_x11());
    }

    #[test]
    fn vault_refuses_a_desktop_that_is_reached_over_a_network() {
        for found in [
            desktop("", "localhost:10.0", ""),
            desktop("", "tcp/there:0", ""),
            desktop("wayland-0", "there:0", ""),
            desktop("", ":0", "tcp:host=there,port=1"),
            desktop("", ":0", "unix:path=/b;nonce-tcp:host=there"),
            desktop("", ":0", "unixexec:path=ssh"),
        ] {
            let err = found.check(Title::OfflineVault).unwrap_err();
            assert!(
                matches!(err, ScreenError::NotOpened { .. }),
                "{found:?}: {err}"
            );
            found.check(Title::OnlineRelay).unwrap();
        }
    }

    #[test]
    fn a_machine_without_a_desktop_is_said_so() {
        let err = desktop("", "", "unix:path=/b").check(Title::OnlineRelay);
        assert!(matches!(err, Err(ScreenError::NoDesktop)));
    }
}
