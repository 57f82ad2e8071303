//! Keeps the screen on while codes are shown: nobody touches a machine that faces a camera.

use x11rb::{protocol::screensaver::ConnectionExt as _, rust_connection::RustConnection};

use crate::desktop::Desktop;

/// The X server's screensaver.
pub(crate) struct Screensaver {
    /// Kept for all windows of the program, which may not be able to make another. The server
    /// ends a suspension with the connection.
    connection: RustConnection,
}

impl Screensaver {
    /// Finds the one of this desktop. Wayland has a protocol for it, but it needs the window's
    /// own connection, which takes unsafe code.
    pub(crate) fn find() -> Option<Self> {
        if !Desktop::of_environment().is_x11() {
            return None;
        }
        let (connection, _) = x11rb::connect(None).ok()?;
        let version = connection
            .screensaver_query_version(1, 1)
            .ok()?
            .reply()
            .ok()?;
        // Suspending came with version 1.1.
        let has_suspend = (version.server_major_version, version.server_minor_version) >= (1, 1);
        has_suspend.then_some(Self { connection })
    }

    /// Keeps the screen on, or lets it go off again; whether the server has heard.
    pub(crate) fn suspend(&self, is_suspended: bool) -> bool {
        let asked = self.connection.screensaver_suspend(u32::from(is_suspended));
        asked.is_ok_and(|cookie| cookie.check().is_ok())
    }
}

/// For the person, where the screen could not be kept on.
pub(crate) const NOT_KEPT_ON: &str = "This desktop may switch the screen off: move the mouse now and then, or turn that off in its \
     settings.";
