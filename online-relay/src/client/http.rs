//! The HTTP side of the client: one agent, no redirects, no surprises from the environment.

use std::io::{self, Read};
use std::time::Duration;

use pack_format::relay::RelayAddress;
use pack_format::secret::Secret32;
use serde::de::DeserializeOwned;
use ureq::http::{HeaderMap, Response, Uri};
use ureq::typestate::WithoutBody;
use ureq::{Agent, Body, Proxy, RequestBuilder, Timeout};
use zeroize::Zeroizing;

use super::error::RelayError;
use crate::api;
use crate::limits::{ANSWER_BYTES_MAX, CONNECT_TIMEOUT, HEAD_BYTES_MAX, STALL};

/// How to reach relays.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// `socks5://[user:password@]host[:port]`. The proxy resolves the relay's name, so that no
    /// name is asked for on the network outside it; another user name is another circuit in Tor.
    pub proxy: Option<String>,
    /// Whether `http://` to another machine is allowed outside `.onion`.
    pub plain_http: bool,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long to wait for the next byte.
    pub stall: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            proxy: None,
            plain_http: false,
            connect_timeout: CONNECT_TIMEOUT,
            stall: STALL,
        }
    }
}

/// An agent for one relay.
#[derive(Debug)]
pub(super) struct Http {
    pub(super) agent: Agent,
    url: String,
    stall: Duration,
}

impl Http {
    pub(super) fn new(address: &RelayAddress, options: &ClientOptions) -> Result<Self, RelayError> {
        check_url(address.url(), options)?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A relay must not send the courier, or its token, to another place.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // Without this the environment would choose a proxy.
            .proxy(options.proxy.as_deref().map(socks_proxy).transpose()?)
            .user_agent("")
            .accept_encoding("")
            .max_response_header_size(HEAD_BYTES_MAX)
            .timeout_resolve(Some(options.connect_timeout))
            .timeout_connect(Some(options.connect_timeout))
            .timeout_per_read(Some(options.stall))
            .timeout_per_write(Some(options.stall))
            .timeout_await_100(Some(options.stall.min(AWAIT_100)))
            .build();
        Ok(Self {
            agent: config.into(),
            url: address.url().to_owned(),
            stall: options.stall,
        })
    }

    /// The relay's URL with a path behind it.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// How long a small call may take in all: a relay that sends a byte now and then must not
    /// hold the courier for days.
    pub(super) fn small_call(&self) -> Duration {
        self.stall.saturating_mul(SMALL_CALL_STALLS)
    }

    /// A small `GET`, with an `authorization` or without.
    pub(super) fn small_get(
        &self,
        path: &str,
        bearer: Option<&str>,
    ) -> Result<Response<Body>, RelayError> {
        let mut request = self.agent.get(self.at(path));
        if let Some(bearer) = bearer {
            request = request.header("authorization", bearer);
        }
        self.call(request, &[200])
    }

    /// A `DELETE`, which answers nothing.
    pub(super) fn small_delete(
        &self,
        path: &str,
        bearer: &str,
    ) -> Result<Response<Body>, RelayError> {
        let request = self.agent.delete(self.at(path));
        self.call(request.header("authorization", bearer), &[204])
    }

    fn call(
        &self,
        request: RequestBuilder<WithoutBody>,
        expected: &[u16],
    ) -> Result<Response<Body>, RelayError> {
        let response = request
            .config()
            .timeout_global(Some(self.small_call()))
            .build()
            .call()
            .map_err(|err| self.failure(err))?;
        self.expect(response, expected)
    }

    /// A small `POST`, with an `authorization` or without.
    pub(super) fn post(
        &self,
        path: &str,
        bearer: Option<&str>,
        body: &[u8],
        expected: &[u16],
    ) -> Result<Response<Body>, RelayError> {
        let mut request = self.agent.post(self.at(path));
        if let Some(bearer) = bearer {
            request = request.header("authorization", bearer);
        }
        let response = request
            .config()
            .timeout_global(Some(self.small_call()))
            .build()
            .content_type("application/octet-stream")
            .send(body)
            .map_err(|err| self.failure(err))?;
        self.expect(response, expected)
    }

    /// Reads a small answer of a form that the call has.
    pub(super) fn read_json<T: DeserializeOwned>(
        &self,
        response: Response<Body>,
        limit: u64,
    ) -> Result<T, RelayError> {
        let bytes = self.read_small(response, limit)?;
        serde_json::from_slice(&bytes).map_err(|_| RelayError::Lied {
            what: "its answer is not of the form of this call",
        })
    }

    /// Tells apart what ureq reports.
    pub(super) fn failure(&self, err: ureq::Error) -> RelayError {
        let url = self.url.clone();
        match err {
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => RelayError::Unreachable {
                url,
                source: io::ErrorKind::TimedOut.into(),
            },
            ureq::Error::Timeout(_) => RelayError::Stalled {
                waited: self.stall,
                url,
            },
            ureq::Error::Io(source) if broke(source.kind()) => {
                RelayError::Interrupted { url, source }
            }
            ureq::Error::Io(source) => RelayError::Unreachable { url, source },
            ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => RelayError::Lied {
                what: "it does not speak HTTP",
            },
            ureq::Error::BodyExceedsLimit(_) => RelayError::Lied {
                what: "it sends more than it should",
            },
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                RelayError::BadUrl { what: "relay", url }
            }
            other => RelayError::Unreachable {
                url,
                source: io::Error::other(other),
            },
        }
    }

    /// Reads a small answer.
    pub(super) fn read_small(
        &self,
        response: Response<Body>,
        limit: u64,
    ) -> Result<Vec<u8>, RelayError> {
        let mut bytes = Vec::new();
        // One byte more than allowed shows that there is more.
        let mut body = response
            .into_body()
            .into_reader()
            .take(limit.saturating_add(1));
        body.read_to_end(&mut bytes)
            .map_err(|err| self.failure(err.into()))?;
        if bytes.len() as u64 > limit {
            return Err(RelayError::Lied {
                what: "it sends more than it should",
            });
        }
        Ok(bytes)
    }

    /// Passes on an answer with one of these statuses; any other becomes its error.
    pub(super) fn expect(
        &self,
        response: Response<Body>,
        expected: &[u16],
    ) -> Result<Response<Body>, RelayError> {
        let status = response.status().as_u16();
        if expected.contains(&status) {
            return Ok(response);
        }
        let reason = known_reason(header(response.headers(), api::ERROR).unwrap_or_default());
        // A short rest is read, so that the connection can be used again.
        let _ = self.read_small(response, ANSWER_BYTES_MAX);
        Err(match (status, reason) {
            (404, "bundle-unknown") => RelayError::BundleUnknown,
            (404, "mailbox-unknown") => RelayError::MailboxUnknown,
            (404, "tray-unknown") => RelayError::TrayUnknown,
            (404, "transfer-unknown") => RelayError::TransferUnknown,
            (403, "other-relay") => RelayError::WrongKey {
                url: self.url.clone(),
            },
            (422, _) => RelayError::HashDiffers,
            (503, _) => RelayError::Busy,
            (507, "tray-full") => RelayError::TrayFull,
            (507, _) => RelayError::Full,
            (400..=499, _) => RelayError::Refused { status, reason },
            _ => RelayError::ServerFailed { status },
        })
    }
}

/// `Bearer` and the token in base64url; wiped when dropped, which the HTTP library's copy is not.
pub(super) fn bearer(token: &Secret32) -> Zeroizing<String> {
    let text = Zeroizing::new(data_encoding::BASE64URL_NOPAD.encode(token.expose()));
    Zeroizing::new(format!("Bearer {}", text.as_str()))
}

/// A header's text.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The relay's code for a reason, only if it is one of ours: it is shown to a person.
fn known_reason(text: &str) -> &'static str {
    const KNOWN: &[&str] = &[
        "malformed",
        "token-missing",
        "bad-signature",
        "other-relay",
        "code-unknown",
        "mailbox-unknown",
        "bundle-unknown",
        "courier-only",
        "tray-unknown",
        "transfer-unknown",
        "tray-full",
        "stalled",
        "wrong-offset",
        "key-taken",
        "length-missing",
        "too-long",
        "range-beyond-end",
    ];
    KNOWN
        .iter()
        .find(|known| **known == text)
        .copied()
        .unwrap_or("no known reason")
}

/// The kinds that a connection shows which once stood.
fn broke(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::WriteZero
    )
}

fn check_url(url: &str, options: &ClientOptions) -> Result<(), RelayError> {
    let bad = || RelayError::BadUrl {
        what: "relay",
        url: url.to_owned(),
    };
    let uri: Uri = url.parse().map_err(|_| bad())?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(bad)?;
    let has_user = uri
        .authority()
        .is_some_and(|found| found.as_str().contains('@'));
    let known_scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    if has_user || uri.query().is_some() || !known_scheme {
        return Err(bad());
    }
    if is_onion(host) && options.proxy.is_none() {
        return Err(RelayError::OnionWithoutProxy {
            url: url.to_owned(),
        });
    }
    if uri.scheme_str() == Some("https") || options.plain_http || stays_private(host) {
        return Ok(());
    }
    Err(RelayError::PlainHttp {
        url: url.to_owned(),
    })
}

/// Whether plain HTTP to this host is not seen by a network: this machine, or an onion service.
fn stays_private(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = host
        .parse::<std::net::IpAddr>()
        .is_ok_and(|address| address.is_loopback());
    loopback || host == "localhost" || is_onion(host)
}

/// Whether only Tor can resolve the name.
fn is_onion(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host.ends_with(".onion")
}

/// A SOCKS5 proxy that resolves names itself, in both spellings.
fn socks_proxy(text: &str) -> Result<Proxy, RelayError> {
    let bad = || RelayError::BadUrl {
        what: "proxy",
        // What stands before the `@` may be a password.
        url: text.rsplit('@').next().unwrap_or_default().to_owned(),
    };
    let rest = text
        .strip_prefix("socks5h://")
        .or_else(|| text.strip_prefix("socks5://"))
        .ok_or_else(bad)?;
    Proxy::new(&format!("socks5h://{rest}")).map_err(|_| bad())
}

/// How long to wait for the relay to ask for a body before it is sent unasked.
const AWAIT_100: Duration = Duration::from_secs(5);
const SMALL_CALL_STALLS: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn check_url(url: &str, plain_http: bool) -> Result<(), RelayError> {
        let options = ClientOptions {
            proxy: Some("socks5://127.0.0.1:9050".to_owned()),
            plain_http,
            ..ClientOptions::default()
        };
        super::check_url(url, &options)
    }

    #[test]
    fn an_onion_service_is_not_asked_for_without_a_proxy() {
        for url in [
            "http://abc.onion",
            "https://ABC.Onion:8",
            "http://abc.onion.",
        ] {
            for plain_http in [false, true] {
                let options = ClientOptions {
                    plain_http,
                    ..ClientOptions::default()
                };
                let checked = super::check_url(url, &options);
                assert!(
                    matches!(checked, Err(RelayError::OnionWithoutProxy { .. })),
                    "{url}"
                );
            }
        }
    }

    #[test]
    fn plain_http_leaves_the_machine_only_when_allowed() {
        for url in [
            "http://127.0.0.1:1",
            "http://[::1]:1",
            "http://abc.onion",
            "https://x.example",
        ] {
            assert!(check_url(url, false).is_ok(), "{url}");
        }
        for url in [
            "http://relay.example",
            "http://192.168.0.2",
            "http://onion.example",
        ] {
            assert!(
                matches!(check_url(url, false), Err(RelayError::PlainHttp { .. })),
                "{url}"
            );
            assert!(check_url(url, true).is_ok(), "{url}");
        }
    }

    #[test]
    fn urls_with_a_user_or_a_query_are_refused() {
        for url in ["https://a@b", "https://a?b", "https://", "nonsense"] {
            assert!(
                matches!(check_url(url, true), Err(RelayError::BadUrl { .. })),
                "{url}"
            );
        }
    }

    #[test]
    fn the_proxy_resolves_names_in_both_spellings() {
        for text in ["socks5://127.0.0.1:9050", "socks5h://a:b@127.0.0.1:9050"] {
            assert!(!socks_proxy(text).unwrap().resolve_target(), "{text}");
        }
    }

    #[test]
    fn a_bad_proxy_is_named_without_its_password() {
        let err = socks_proxy("http://user:secret@host").unwrap_err();
        assert!(!err.to_string().contains("secret"), "{err}");
    }
}
