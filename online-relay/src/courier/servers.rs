//! Which servers a courier may talk to: a vault or a bundle must never make it contact another.

use std::fmt;

use pack_format::relay::{PublicKey, RelayAddress};

use super::error::CourierError;

/// The URL of a server, in one spelling: no final slash, scheme and host in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerUrl(String);

impl ServerUrl {
    /// Reads a URL as a person types it.
    ///
    /// # Errors
    /// [`CourierError::BadServer`].
    pub fn parse(text: &str) -> Result<Self, CourierError> {
        let url = Self::of(text.trim());
        match RelayAddress::new(url.as_str(), PublicKey([0; 32])) {
            Ok(_) => Ok(url),
            Err(_) => Err(CourierError::BadServer {
                url: text.trim().to_owned(),
            }),
        }
    }

    /// The one spelling of a URL that was checked before, for comparing.
    pub(crate) fn of(url: &str) -> Self {
        let url = url.trim_end_matches('/');
        let host_at = url.find("://").map_or(0, |at| at.saturating_add(3));
        let (scheme, rest) = url.split_at_checked(host_at).unwrap_or((url, ""));
        let path_at = rest.find('/').unwrap_or(rest.len());
        let (host, path) = rest.split_at_checked(path_at).unwrap_or((rest, ""));
        Self(format!(
            "{}{}{path}",
            scheme.to_ascii_lowercase(),
            host.to_ascii_lowercase()
        ))
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_server_are_the_same() {
        for text in [
            "https://relay.example/a",
            " HTTPS://Relay.Example/a/ ",
            "https://relay.EXAMPLE/a//",
        ] {
            let url = ServerUrl::parse(text).unwrap();
            assert_eq!(url.as_str(), "https://relay.example/a", "{text}");
        }
        let url = ServerUrl::parse("https://relay.example/A").unwrap();
        assert_eq!(url.as_str(), "https://relay.example/A");
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for text in [
            "",
            "/",
            "relay.example",
            "ftp://relay.example",
            "http://a b",
        ] {
            assert!(ServerUrl::parse(text).is_err(), "{text}");
        }
    }
}
