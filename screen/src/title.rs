//! Which of the two programs a window belongs to: words and a colour that cannot be mistaken.

/// The program and the machine that a window belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Title {
    /// The vault, on the machine without a network.
    OfflineVault,
    /// The relay, on the machine with one.
    OnlineRelay,
}

impl Title {
    /// What stands over everything, always.
    #[must_use]
    pub const fn banner(self) -> &'static str {
        match self {
            Title::OfflineVault => "OFFLINE MACHINE",
            Title::OnlineRelay => "ONLINE MACHINE",
        }
    }

    /// The name of the program, beside the banner.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Title::OfflineVault => "Causeway vault",
            Title::OnlineRelay => "Causeway relay",
        }
    }

    /// The name of the window, for the desktop's lists.
    #[must_use]
    pub const fn window(self) -> &'static str {
        match self {
            Title::OfflineVault => "OFFLINE MACHINE · Causeway vault",
            Title::OnlineRelay => "ONLINE MACHINE · Causeway relay",
        }
    }

    /// The name that the desktop groups windows by.
    pub(crate) const fn application_id(self) -> &'static str {
        match self {
            Title::OfflineVault => "causeway-offline-vault",
            Title::OnlineRelay => "causeway-online-relay",
        }
    }

    /// Red, green and blue of the banner. White letters on either have a contrast above seven.
    pub(crate) const fn colour(self) -> [u8; 3] {
        match self {
            Title::OfflineVault => [0x0b, 0x5d, 0x3b],
            Title::OnlineRelay => [0x9a, 0x34, 0x12],
        }
    }
}
