//! Opens, lists and empties mailboxes.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use pack_format::relay::{Acknowledgement, OpenMailbox};

use super::Relay;
use super::read;
use super::refusal::Refusal;
use crate::api::{AcknowledgedBody, ListBody, ListItem, write_hex32};
use crate::limits::{LIST_ITEMS_MAX, STATEMENT_BYTES_MAX};
use crate::server::store::Opening;

/// `POST /v1/mailboxes`
pub(super) async fn open(
    State(relay): State<Arc<Relay>>,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let bytes = read::small_body(&relay, body, STATEMENT_BYTES_MAX).await?;
    let signed = read::statement::<OpenMailbox>(&bytes)?;
    let wish = read::checked(&signed, |wish| wish.relay_key, relay.key)?.clone();
    // One key for two rights would let a courier's ticket maker acknowledge.
    if wish.send_key == wish.ack_key {
        return Err(Refusal::Malformed);
    }
    match relay.ask(move |store| store.open_mailbox(&wish)).await? {
        Opening::Created => Ok(StatusCode::CREATED),
        Opening::AlreadyOpen => Ok(StatusCode::OK),
        Opening::CodeUnknown => Err(Refusal::CodeUnknown),
        Opening::KeyTaken => Err(Refusal::KeyTaken),
    }
}

/// `GET /v1/mailbox`
pub(super) async fn list(
    State(relay): State<Arc<Relay>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<ListBody>, Refusal> {
    let fetch_id = read::fetch_id(&headers)?;
    let (after, limit) = read::page(query.as_deref(), LIST_ITEMS_MAX)?;
    let mut found = relay
        .ask(move |store| match store.mailbox_of_fetcher(&fetch_id)? {
            // One more than asked for tells whether there is more.
            Some(mailbox) => store.list(mailbox, after, limit + 1).map(Some),
            None => Ok(None),
        })
        .await?
        .ok_or(Refusal::MailboxUnknown)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let items = found
        .iter()
        .map(|waiting| ListItem {
            sequence: waiting.sequence,
            content_id: write_hex32(&waiting.content_id.0),
            size_bytes: waiting.size_bytes,
        })
        .collect();
    Ok(Json(ListBody { items, more }))
}

/// `POST /v1/acknowledgements`
pub(super) async fn acknowledge(
    State(relay): State<Arc<Relay>>,
    body: Body,
) -> Result<Json<AcknowledgedBody>, Refusal> {
    let bytes = read::small_body(&relay, body, STATEMENT_BYTES_MAX).await?;
    let signed = read::statement::<Acknowledgement>(&bytes)?;
    let done = read::checked(&signed, |done| done.relay_key, relay.key)?.clone();
    let acknowledged = relay
        .ask(move |store| match store.mailbox_of_owner(&done.ack_key)? {
            Some(mailbox) => store.acknowledge(mailbox, &done.content_ids).map(Some),
            None => Ok(None),
        })
        .await?
        .ok_or(Refusal::MailboxUnknown)?;
    Ok(Json(AcknowledgedBody { acknowledged }))
}
