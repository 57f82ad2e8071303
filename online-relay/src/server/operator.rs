//! The operator's commands beside `serve`; both work while the server runs.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use pack_format::relay::{Invitation, PublicKey, RelayAddress};

use super::data_dir::{read_key, write_new_file};
use super::error::ServerError;
use super::store::{Index, Status, StoreError};

/// Makes an invitation for one mailbox; it is good until it is used.
///
/// `url` replaces the one that `serve` was started with. With `output` the text goes to that file
/// before the code becomes valid, so that no valid code is lost on the way.
///
/// # Errors
/// Any [`ServerError`] but those of `serve`.
pub fn invite(
    data_dir: &Path,
    url: Option<&str>,
    output: Option<&Path>,
) -> Result<Invitation, ServerError> {
    let key = PublicKey::of_seed(&read_key(data_dir)?);
    let index = open_index(data_dir)?;
    let known = index.settings()?.url;
    let url = url.or(known.as_deref()).ok_or(ServerError::UrlUnknown)?;
    let relay = address(url, key)?;
    let mut code = [0; 16];
    getrandom::fill(&mut code).map_err(|source| StoreError::Randomness { source })?;
    let invitation = Invitation { relay, code };
    if let Some(path) = output {
        let text = invitation.to_text() + "\n";
        let failed = |source| ServerError::Output {
            path: path.to_owned(),
            source,
        };
        if path.exists() {
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        write_new_file(path, text.as_bytes()).map_err(failed)?;
    }
    index.add_invitation(&code)?;
    Ok(invitation)
}

/// Counts what the relay holds.
///
/// # Errors
/// [`ServerError::NotARelay`] or [`ServerError::Store`].
pub fn status(data_dir: &Path) -> Result<Status, ServerError> {
    Ok(open_index(data_dir)?.status()?)
}

/// The address that goes into invitations.
pub(super) fn address(url: &str, key: PublicKey) -> Result<RelayAddress, ServerError> {
    RelayAddress::new(url, key).map_err(|source| ServerError::UrlUnusable { source })
}

/// The URL of an address that is only known by listening; `None` when it listens everywhere,
/// because then no address is better than another.
pub(super) fn url_of(address: SocketAddr) -> Option<String> {
    (!address.ip().is_unspecified()).then(|| format!("http://{address}"))
}

fn open_index(data_dir: &Path) -> Result<Index, ServerError> {
    Index::open(data_dir)?.ok_or_else(|| ServerError::NotARelay {
        path: data_dir.to_owned(),
    })
}
