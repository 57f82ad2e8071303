//! Keeps the screen on while codes are shown: nobody touches a machine that faces a camera.

use std::env;

use x11rb::{
    connection::Connection as _, protocol::screensaver::ConnectionExt as _,
    rust_connection::RustConnection,
};

/// Lives as long as the screen is to stay on.
pub(crate) struct ScreenKeptOn {
    /// The server ends the suspension with the connection.
    _connection: RustConnection,
}

impl ScreenKeptOn {
    /// Asks the X server to suspend its screensaver. Nothing where there is none to ask: Wayland
    /// has a protocol for it, but it needs the window's own connection, which takes unsafe code.
    pub(crate) fn ask() -> Option<Self> {
        if is_set("WAYLAND_DISPLAY") || !is_set("DISPLAY") {
            return None;
        }
        let (connection, _) = x11rb::connect(None).ok()?;
        let version = connection
            .screensaver_query_version(1, 1)
            .ok()?
            .reply()
            .ok()?;
        // Suspending came with version 1.1.
        if (version.server_major_version, version.server_minor_version) < (1, 1) {
            return None;
        }
        connection.screensaver_suspend(1).ok()?.check().ok()?;
        connection.flush().ok()?;
        Some(Self {
            _connection: connection,
        })
    }
}

/// Whether there is a desktop at all.
pub(crate) fn has_desktop() -> bool {
    is_set("WAYLAND_DISPLAY") || is_set("DISPLAY")
}

fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// For the person, where the screen could not be kept on.
pub(crate) const NOT_KEPT_ON: &str = "This desktop may switch the screen off: move the mouse now and then, or turn that off in its \
     settings.";
