//! The operator's commands beside `serve`; both work while the server runs.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use pack_format::relay::{Invitation, PublicKey, RelayAddress};
use pack_format::secret::Secret32;
use zeroize::Zeroizing;

use super::data_dir::{read_key, write_new_file};
use super::error::ServerError;
use super::store::{Index, Status, StoreError};
use crate::tray::{TrayLinks, TrayPass, TrayToken};

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
    let index = open_index(data_dir)?;
    let relay = own_address(data_dir, &index, url)?;
    let mut code = [0; 16];
    getrandom::fill(&mut code).map_err(|source| StoreError::Randomness { source })?;
    let invitation = Invitation { relay, code };
    if let Some(path) = output {
        let text = invitation.to_text() + "\n";
        write_output(path, text.as_bytes())?;
    }
    index.add_invitation(&code)?;
    Ok(invitation)
}

/// Makes a tray, with a code for the courier and a link for the phone.
///
/// `url` and `output` are as for [`invite`]. With `picture` the phone's link goes to that PNG file
/// as a QR code as well.
///
/// # Errors
/// Any [`ServerError`] but those of `serve`.
pub fn make_tray(
    data_dir: &Path,
    url: Option<&str>,
    output: Option<&Path>,
    picture: Option<&Path>,
) -> Result<TrayLinks, ServerError> {
    let mut index = open_index(data_dir)?;
    let links = TrayLinks {
        courier: TrayPass {
            relay: own_address(data_dir, &index, url)?,
            token: random_token()?,
        },
        phone: random_token()?,
    };
    write_links(&links, output, picture)?;
    index.add_tray(&links.courier.token.id(), &links.phone.id())?;
    Ok(links)
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

/// The address of this relay, under the URL that is given or that `serve` was given.
fn own_address(
    data_dir: &Path,
    index: &Index,
    url: Option<&str>,
) -> Result<RelayAddress, ServerError> {
    let key = PublicKey::of_seed(&read_key(data_dir)?);
    let known = index.settings()?.url;
    let url = url.or(known.as_deref()).ok_or(ServerError::UrlUnknown)?;
    address(url, key)
}

fn random_token() -> Result<TrayToken, StoreError> {
    let mut token = Zeroizing::new([0; 32]);
    getrandom::fill(token.as_mut_slice()).map_err(|source| StoreError::Randomness { source })?;
    Ok(TrayToken(Secret32::new(*token)))
}

/// Writes both files or neither: one alone would hold tokens that open nothing.
fn write_links(
    links: &TrayLinks,
    output: Option<&Path>,
    picture: Option<&Path>,
) -> Result<(), ServerError> {
    let png = carriers::qr::render_png(links.phone_link().as_bytes())
        .map_err(|source| ServerError::Picture { source })?;
    let png = Zeroizing::new(png);
    if let Some(path) = picture {
        check_new(path)?;
    }
    if let Some(path) = output {
        write_output(path, links.to_text().as_bytes())?;
    }
    let Some(path) = picture else { return Ok(()) };
    write_output(path, &png).inspect_err(|_| {
        // It was made just now; that the picture failed is what counts.
        let _ = output.map(std::fs::remove_file);
    })
}

/// Refuses a path where something is.
fn check_new(path: &Path) -> Result<(), ServerError> {
    match path.exists() {
        true => Err(ServerError::Output {
            path: path.to_owned(),
            source: io::ErrorKind::AlreadyExists.into(),
        }),
        false => Ok(()),
    }
}

/// Writes a new file; one that exists is left alone.
fn write_output(path: &Path, bytes: &[u8]) -> Result<(), ServerError> {
    check_new(path)?;
    write_new_file(path, bytes).map_err(|source| ServerError::Output {
        path: path.to_owned(),
        source,
    })
}

fn open_index(data_dir: &Path) -> Result<Index, ServerError> {
    Index::open(data_dir)?.ok_or_else(|| ServerError::NotARelay {
        path: data_dir.to_owned(),
    })
}
