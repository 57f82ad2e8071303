//! What the relay's HTTP calls look like, written once for the server and for the client.
//!
//! Spec: spec/relay.md, "Calls".

use serde::{Deserialize, Serialize};

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
