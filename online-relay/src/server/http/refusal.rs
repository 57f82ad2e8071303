//! Every answer of the server that is not a success.
//!
//! Spec: spec/relay.md, "Refusals".

use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::api;
use crate::server::store::StoreError;

/// Why a request is refused. The client sees the status and the code, nothing else.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The path, a header or the body is not of the form of this call.
    Malformed,
    /// The fetch token is missing or not one.
    TokenMissing,
    /// The statement's signature does not verify.
    BadSignature,
    /// The statement is for another relay.
    OtherRelay,
    /// The invitation's code is not known or used up.
    CodeUnknown,
    /// Only the courier of the tray may do this.
    CourierOnly,
    /// There is no mailbox with this key or token.
    MailboxUnknown,
    /// The mailbox does not hold this bundle, or not any more.
    BundleUnknown,
    /// There is no tray with this token.
    TrayUnknown,
    /// The tray's list does not hold this transfer, or not any more.
    TransferUnknown,
    /// Nothing came for too long.
    Stalled,
    /// The body does not begin where the server goes on.
    WrongOffset {
        /// Where the server goes on.
        durable_bytes: u64,
    },
    /// One of the keys belongs to another mailbox.
    KeyTaken,
    /// An upload without `content-length`.
    LengthMissing,
    /// The body is longer than it may be.
    TooLong,
    /// The download was to begin behind the end.
    RangeBeyondEnd,
    /// The bytes are not those of the content id.
    HashDiffers,
    /// The disk or the index failed.
    Failed,
    /// All places for this kind of request are taken.
    Busy,
    /// The quota or the disk is full.
    Full,
    /// The tray's list is full.
    TrayFull,
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TokenMissing => StatusCode::UNAUTHORIZED,
            Self::BadSignature | Self::OtherRelay | Self::CodeUnknown | Self::CourierOnly => {
                StatusCode::FORBIDDEN
            }
            Self::MailboxUnknown
            | Self::BundleUnknown
            | Self::TrayUnknown
            | Self::TransferUnknown => StatusCode::NOT_FOUND,
            Self::Stalled => StatusCode::REQUEST_TIMEOUT,
            Self::WrongOffset { .. } | Self::KeyTaken => StatusCode::CONFLICT,
            Self::LengthMissing => StatusCode::LENGTH_REQUIRED,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RangeBeyondEnd => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::HashDiffers => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Full | Self::TrayFull => StatusCode::INSUFFICIENT_STORAGE,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TokenMissing => "token-missing",
            Self::BadSignature => "bad-signature",
            Self::OtherRelay => "other-relay",
            Self::CodeUnknown => "code-unknown",
            Self::CourierOnly => "courier-only",
            Self::MailboxUnknown => "mailbox-unknown",
            Self::BundleUnknown => "bundle-unknown",
            Self::TrayUnknown => "tray-unknown",
            Self::TransferUnknown => "transfer-unknown",
            Self::Stalled => "stalled",
            Self::WrongOffset { .. } => "wrong-offset",
            Self::KeyTaken => "key-taken",
            Self::LengthMissing => "length-missing",
            Self::TooLong => "too-long",
            Self::RangeBeyondEnd => "range-beyond-end",
            Self::HashDiffers => "hash-differs",
            Self::Failed => "server-failed",
            Self::Busy => "busy",
            Self::Full => "relay-full",
            Self::TrayFull => "tray-full",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.code()).into_response();
        let headers = response.headers_mut();
        headers.insert(api::ERROR, HeaderValue::from_static(self.code()));
        if let Self::WrongOffset { durable_bytes } = self {
            headers.insert(api::UPLOAD_OFFSET, HeaderValue::from(durable_bytes));
        }
        response
    }
}

/// A full disk is the client's to know; any other failure is told to the operator, here and only
/// here, without anything about the request.
impl From<StoreError> for Refusal {
    fn from(err: StoreError) -> Self {
        if matches!(err, StoreError::Full { .. }) {
            return Self::Full;
        }
        crate::report::report(&err, crate::report::Form::Text);
        Self::Failed
    }
}
