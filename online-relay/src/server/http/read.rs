//! Reads what a request says: ids, headers, statements. Nothing here touches the disk.

use axum::body::{Body, HttpBody};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, RANGE};
use axum::http::{HeaderMap, HeaderName};
use hyper::body::Bytes;
use pack_format::codec::Wire as _;
use pack_format::relay::{ContentId, FetchId, FetchToken, PublicKey, Signed, Statement, Ticket};
use pack_format::secret::Secret32;
use zeroize::Zeroizing;

use super::Relay;
use super::refusal::Refusal;
use crate::api;
use crate::tray::{TrayId, TrayToken};

/// The content id of the path.
pub(super) fn content_id(text: &str) -> Result<ContentId, Refusal> {
    api::read_hex32(text)
        .map(ContentId)
        .ok_or(Refusal::Malformed)
}

/// The ticket of the header: of the right form, for this bundle and relay, and signed.
pub(super) fn ticket(
    headers: &HeaderMap,
    id: &ContentId,
    relay_key: PublicKey,
) -> Result<Ticket, Refusal> {
    let text = one(headers, &HeaderName::from_static(api::TICKET))?.ok_or(Refusal::Malformed)?;
    let signed = Signed::<Ticket>::from_header(text).map_err(|_| Refusal::Malformed)?;
    if signed.peek_statement().content_id != *id {
        return Err(Refusal::Malformed);
    }
    checked(&signed, |ticket| ticket.relay_key, relay_key).cloned()
}

/// A statement from a body that is no longer than [`crate::limits::STATEMENT_BYTES_MAX`].
pub(super) fn statement<S: Statement>(bytes: &[u8]) -> Result<Signed<S>, Refusal> {
    Signed::from_wire(bytes).map_err(|_| Refusal::Malformed)
}

/// The statement, if it is meant for this relay and its signature verifies.
pub(super) fn checked<S: Statement>(
    signed: &Signed<S>,
    meant_for: impl Fn(&S) -> PublicKey,
    relay_key: PublicKey,
) -> Result<&S, Refusal> {
    let statement = signed.verify().map_err(|_| Refusal::BadSignature)?;
    if meant_for(statement) == relay_key {
        Ok(statement)
    } else {
        Err(Refusal::OtherRelay)
    }
}

/// The id of the fetch token in `authorization`; the token itself is wiped.
pub(super) fn fetch_id(headers: &HeaderMap) -> Result<FetchId, Refusal> {
    Ok(FetchToken(bearer(headers)?).id())
}

/// The id of the tray's token in `authorization`; the token itself is wiped.
pub(super) fn tray_id(headers: &HeaderMap) -> Result<TrayId, Refusal> {
    Ok(TrayToken(bearer(headers)?).id())
}

fn bearer(headers: &HeaderMap) -> Result<Secret32, Refusal> {
    let text = one(headers, &AUTHORIZATION).ok().flatten();
    let token = text
        .and_then(|text| text.strip_prefix("Bearer "))
        .and_then(|text| data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok())
        .map(Zeroizing::new)
        .and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok())
        .ok_or(Refusal::TokenMissing)?;
    Ok(Secret32::new(token))
}

/// Where the body of an upload begins.
pub(super) fn upload_offset(headers: &HeaderMap) -> Result<u64, Refusal> {
    one(headers, &HeaderName::from_static(api::UPLOAD_OFFSET))?
        .and_then(decimal)
        .ok_or(Refusal::Malformed)
}

/// How long the body of an upload is.
pub(super) fn content_length(headers: &HeaderMap) -> Result<u64, Refusal> {
    let text = one(headers, &CONTENT_LENGTH)?.ok_or(Refusal::LengthMissing)?;
    decimal(text).ok_or(Refusal::Malformed)
}

/// `N` of `range: bytes=N-`, the only form of a range; `None` without the header.
pub(super) fn range_start(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let Some(text) = one(headers, &RANGE)? else {
        return Ok(None);
    };
    text.strip_prefix("bytes=")
        .and_then(|text| text.strip_suffix('-'))
        .and_then(decimal)
        .map(Some)
        .ok_or(Refusal::Malformed)
}

/// The next bytes of a body; `None` at its end or when the connection is gone.
pub(super) async fn next_bytes(body: &mut Body) -> Option<Bytes> {
    loop {
        let frame = std::future::poll_fn(|cx| std::pin::Pin::new(&mut *body).poll_frame(cx));
        // Trailers are passed over.
        if let Ok(bytes) = frame.await?.ok()?.into_data() {
            return Some(bytes);
        }
    }
}

/// A body that fits in memory and comes in reasonable time.
pub(super) async fn small_body(
    relay: &Relay,
    body: Body,
    limit_bytes: usize,
) -> Result<Bytes, Refusal> {
    let read = axum::body::to_bytes(body, limit_bytes);
    tokio::time::timeout(relay.stall, read)
        .await
        .map_err(|_| Refusal::Stalled)?
        .map_err(|_| Refusal::TooLong)
}

/// `after=N` and `limit=N` of a query, each at most once, in any order; 0 and `limit_max` where
/// they are left out.
pub(super) fn page(query: Option<&str>, limit_max: u64) -> Result<(u64, u64), Refusal> {
    let (mut after, mut limit) = (None, None);
    let pairs = query.unwrap_or_default().split('&');
    for pair in pairs.filter(|pair| !pair.is_empty()) {
        let (slot, value) = match pair.split_once('=') {
            Some(("after", value)) => (&mut after, value),
            Some(("limit", value)) => (&mut limit, value),
            _ => return Err(Refusal::Malformed),
        };
        let value = decimal(value).ok_or(Refusal::Malformed)?;
        if slot.replace(value).is_some() {
            return Err(Refusal::Malformed);
        }
    }
    let limit = limit.unwrap_or(limit_max);
    if limit == 0 || limit > limit_max {
        return Err(Refusal::Malformed);
    }
    Ok((after.unwrap_or(0), limit))
}

/// The text of a header that occurs at most once.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Refusal::Malformed),
        (Some(_), Some(_)) => Err(Refusal::Malformed),
    }
}

/// Decimal digits without sign, and without a leading zero but in "0".
pub(super) fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with(['0', '+']);
    canonical.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for text in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            "1 ",
            "1e3",
            "18446744073709551616",
        ] {
            assert_eq!(decimal(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_query_is_read_in_one_way_only() {
        assert_eq!(page(None, 1000).unwrap(), (0, 1000));
        assert_eq!(page(Some("limit=2&after=7"), 1000).unwrap(), (7, 2));
        for query in [
            "limit=0",
            "limit=1001",
            "after=1&after=1",
            "before=3",
            "after",
            "after=x",
        ] {
            assert!(page(Some(query), 1000).is_err(), "{query}");
        }
    }

    #[test]
    fn a_header_given_twice_is_refused() {
        let mut headers = HeaderMap::new();
        headers.append(CONTENT_LENGTH, 1.into());
        headers.append(CONTENT_LENGTH, 2.into());
        assert!(matches!(content_length(&headers), Err(Refusal::Malformed)));
    }

    #[test]
    fn only_an_open_range_is_understood() {
        for (text, expected) in [
            ("bytes=5-", Some(5)),
            ("bytes=5-9", None),
            ("bytes=-5", None),
        ] {
            let headers = HeaderMap::from_iter([(RANGE, text.parse().unwrap())]);
            assert_eq!(range_start(&headers).ok().flatten(), expected, "{text}");
        }
    }
}
