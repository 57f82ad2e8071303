//! What the relay's HTTP calls look like, written once for the server and for the client.
//!
//! Spec: spec/relay.md, "Calls".

use serde::{Deserialize, Serialize};

use crate::tray::TrayList;

/// The number in front of every path and in [`RelayInfo::version`].
pub const VERSION: u32 = 1;
/// Carries a signed ticket, in base64url.
pub const TICKET: &str = "causeway-ticket";
/// Carries a signed receipt, in base64url.
pub const RECEIPT: &str = "causeway-receipt";
/// Carries the code of a refusal, so that `HEAD` can say it too.
pub const ERROR: &str = "causeway-error";
/// How many bytes of an upload the server holds durably, or where a body begins.
pub const UPLOAD_OFFSET: &str = "upload-offset";
/// `1` when the bundle is stored.
pub const UPLOAD_COMPLETE: &str = "upload-complete";
/// The place of the last frame of an answer, or where the caller stood.
pub const TRAY_PLACE: &str = "causeway-place";
/// `1` when more frames follow those of an answer, otherwise `0`.
pub const TRAY_MORE: &str = "causeway-more";

/// `GET /v1/relay`.
#[derive(Debug, Serialize, Deserialize)]
pub struct RelayInfo {
    /// The relay's public key, 64 lower-case hexadecimal digits.
    pub key: String,
    /// [`VERSION`].
    pub version: u32,
}

/// `GET /v1/mailbox`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListBody {
    /// What waits, by rising sequence.
    pub items: Vec<ListItem>,
    /// Whether more follows the last item.
    pub more: bool,
}

/// One bundle of a [`ListBody`].
#[derive(Debug, Serialize, Deserialize)]
pub struct ListItem {
    /// The place in the mailbox, from 1.
    pub sequence: u64,
    /// 64 lower-case hexadecimal digits.
    pub content_id: String,
    /// The bundle's size.
    pub size_bytes: u64,
}

/// `POST /v1/acknowledgements`.
#[derive(Debug, Serialize, Deserialize)]
pub struct AcknowledgedBody {
    /// How many bundles this call made the relay forget.
    pub acknowledged: u64,
}

/// `GET /v1/tray`.
#[derive(Debug, Serialize, Deserialize)]
pub struct TrayBody {
    /// What a phone left for the courier.
    pub from_phone: TrayListBody,
    /// What the courier left for a phone to show.
    pub for_phone: TrayListBody,
}

/// One list of a [`TrayBody`].
#[derive(Debug, Serialize, Deserialize)]
pub struct TrayListBody {
    /// The bytes of the frames on it.
    pub bytes: u64,
    /// The most bytes that it may hold.
    pub limit_bytes: u64,
    /// The transfers, the oldest first.
    pub transfers: Vec<TrayTransferBody>,
}

/// One transfer of a [`TrayListBody`].
#[derive(Debug, Serialize, Deserialize)]
pub struct TrayTransferBody {
    /// A [`crate::tray::TransferName`] as text.
    pub transfer: String,
    /// How many frames ever came.
    pub frames: u64,
    /// How many different symbols they brought.
    pub symbols: u64,
    /// How many symbols the transfer is made of.
    pub needed: u64,
    /// How many more symbols the reader asked for.
    pub wanted: u64,
    /// Whether the reader is done with it; its frames are gone then.
    pub done: bool,
}

/// `POST /v1/tray/frames`.
#[derive(Debug, Serialize, Deserialize)]
pub struct FramesBody {
    /// How many of the frames were not there before.
    pub new: u64,
}

/// What `POST /v1/tray/done` is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoneWish {
    /// Which list.
    pub list: TrayList,
    /// Each a [`crate::tray::TransferName`] as text.
    pub transfers: Vec<String>,
}

/// `POST /v1/tray/done`.
#[derive(Debug, Serialize, Deserialize)]
pub struct DoneBody {
    /// How many of the transfers were on the list.
    pub done: u64,
}

/// What `POST /v1/tray/wanted` is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedWish {
    /// A [`crate::tray::TransferName`] as text.
    pub transfer: String,
    /// How many more symbols are asked for.
    pub symbols: u32,
}

/// Reads 64 lower-case hexadecimal digits; any other spelling of the same bytes is refused.
#[must_use]
pub fn read_hex32(text: &str) -> Option<[u8; 32]> {
    let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
    bytes.try_into().ok()
}

/// 64 lower-case hexadecimal digits.
#[must_use]
pub fn write_hex32(bytes: &[u8; 32]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
