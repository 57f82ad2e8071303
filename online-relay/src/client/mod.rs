//! The courier's side of the relay's calls. Blocking, bounded, and believing nothing: receipts
//! are verified, listings are checked, and no more is read than was said.
//!
//! Spec: spec/relay.md, "Calls" and "What the courier checks".

mod error;
mod http;
mod transfer;
mod tray;

use std::time::Duration;

use pack_format::codec::Wire as _;
use pack_format::limits::BUNDLE_BYTES_MAX;
use pack_format::relay::{
    Acknowledgement, ContentId, FetchToken, OpenMailbox, PublicKey, RelayAddress, Signed,
};

pub use self::error::RelayError;
pub use self::http::ClientOptions;
pub use self::tray::{FramePage, TransferState, TrayClient, TrayListState, TrayState};

use self::http::{Http, bearer};
use crate::api::{AcknowledgedBody, ListBody, ListItem, RelayInfo, VERSION, read_hex32};
use crate::limits::{ANSWER_BYTES_MAX, LIST_BYTES_MAX, LIST_ITEMS_MAX};

/// One relay, as the courier sees it. A client keeps its connections: use one per mailbox where
/// the relay must not link mailboxes.
#[derive(Debug)]
pub struct RelayClient {
    http: Http,
    key: PublicKey,
}

/// How a mailbox came to be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It is open now, and the invitation is used up.
    Created,
    /// It was open before.
    AlreadyOpen,
}

/// One page of a mailbox, by rising sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// What waits.
    pub items: Vec<Listed>,
    /// Whether to ask again, after the last item's sequence.
    pub more: bool,
}

/// A bundle that the relay says it holds. Only its bytes prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its place in the mailbox, from 1.
    pub sequence: u64,
    /// The hash that its bytes have to have.
    pub content_id: ContentId,
    /// Its size, at most [`BUNDLE_BYTES_MAX`].
    pub size_bytes: u64,
}

impl RelayClient {
    /// A client for one relay. Nothing is sent yet.
    ///
    /// # Errors
    /// [`RelayError::BadUrl`]; [`RelayError::PlainHttp`] for `http://` to another machine;
    /// [`RelayError::OnionWithoutProxy`] for an onion service without a proxy.
    pub fn new(address: &RelayAddress, options: &ClientOptions) -> Result<Self, RelayError> {
        Ok(Self {
            http: Http::new(address, options)?,
            key: address.key(),
        })
    }

    /// Asks the relay which key it has. The answer is not signed: it finds a wrong address, not a
    /// liar; receipts find the liar.
    ///
    /// # Errors
    /// [`RelayError::WrongKey`] for another key; otherwise as the network has it.
    pub fn check_key(&self) -> Result<(), RelayError> {
        let response = self.http.small_get("/v1/relay", None)?;
        let info: RelayInfo = self.http.read_json(response, ANSWER_BYTES_MAX)?;
        if info.version != VERSION {
            return Err(RelayError::Lied {
                what: "it speaks another version",
            });
        }
        if read_hex32(&info.key) != Some(self.key.0) {
            return Err(RelayError::WrongKey {
                url: self.http.at(""),
            });
        }
        Ok(())
    }

    /// Opens a mailbox. To repeat it does no harm.
    ///
    /// # Errors
    /// [`RelayError::Refused`] with `code-unknown` for a used invitation and `key-taken` for keys
    /// of another mailbox.
    pub fn open_mailbox(&self, wish: &Signed<OpenMailbox>) -> Result<Opened, RelayError> {
        let response = self
            .http
            .post("/v1/mailboxes", None, &wish.to_wire(), &[200, 201])?;
        let created = response.status() == 201;
        self.http.read_small(response, ANSWER_BYTES_MAX)?;
        Ok(if created {
            Opened::Created
        } else {
            Opened::AlreadyOpen
        })
    }

    /// What waits in a mailbox behind `after`; 0 is from the beginning.
    ///
    /// # Errors
    /// [`RelayError::Lied`] when the list is not one: out of order, too long, or with sizes that
    /// no bundle has.
    pub fn list(&self, token: &FetchToken, after: u64) -> Result<Listing, RelayError> {
        let path = format!("/v1/mailbox?after={after}&limit={LIST_ITEMS_MAX}");
        let response = self.http.small_get(&path, Some(&bearer(&token.0)))?;
        let body: ListBody = self.http.read_json(response, LIST_BYTES_MAX)?;
        check_listing(&body, after)
    }

    /// Tells the relay what it may forget; returns how much it forgot now.
    ///
    /// # Errors
    /// As the network and the relay have it.
    pub fn acknowledge(&self, done: &Signed<Acknowledgement>) -> Result<u64, RelayError> {
        let response = self
            .http
            .post("/v1/acknowledgements", None, &done.to_wire(), &[200])?;
        let body: AcknowledgedBody = self.http.read_json(response, ANSWER_BYTES_MAX)?;
        let asked = done.peek_statement().content_ids.len() as u64;
        if body.acknowledged > asked {
            return Err(RelayError::Lied {
                what: "it forgot more than it was told to",
            });
        }
        Ok(body.acknowledged)
    }
}

fn check_listing(body: &ListBody, after: u64) -> Result<Listing, RelayError> {
    let lied = |what| RelayError::Lied { what };
    if body.items.len() as u64 > LIST_ITEMS_MAX {
        return Err(lied("the list is longer than asked for"));
    }
    if body.more && body.items.is_empty() {
        return Err(lied("the list is empty and yet goes on"));
    }
    let mut last = after;
    let mut items = Vec::with_capacity(body.items.len());
    for item in &body.items {
        if item.sequence <= last {
            return Err(lied("the list is out of order"));
        }
        last = item.sequence;
        items.push(check_item(item)?);
    }
    Ok(Listing {
        items,
        more: body.more,
    })
}

fn check_item(item: &ListItem) -> Result<Listed, RelayError> {
    let content_id = read_hex32(&item.content_id).map(ContentId);
    match content_id {
        Some(content_id) if item.size_bytes <= BUNDLE_BYTES_MAX => Ok(Listed {
            sequence: item.sequence,
            content_id,
            size_bytes: item.size_bytes,
        }),
        _ => Err(RelayError::Lied {
            what: "the list has an id or a size that cannot be",
        }),
    }
}

/// How long a caller pauses before it asks a busy relay again.
pub(crate) const BUSY_PAUSE: Duration = Duration::from_secs(1);
