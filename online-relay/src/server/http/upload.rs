//! Takes bundles in. A receipt leaves only after the bundle is durable.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use pack_format::relay::{Statement as _, StoredReceipt, Ticket};
use tokio::sync::mpsc;

use super::refusal::Refusal;
use super::{Relay, read};
use crate::api;
use crate::limits::CLAIM_TIMEOUT;
use crate::server::claims::{Claim, TakenOver};
use crate::server::store::{Finished, Found, MailboxNumber, StoreError, Upload};

/// `HEAD /v1/blobs/{id}`: how much of a bundle is here. An upload of it that still runs is ended
/// first: whoever asks has lost that connection.
pub(super) async fn head(
    State(relay): State<Arc<Relay>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (ticket, mailbox) = admit(&relay, &id, &headers).await?;
    let (_claim, _) = claim(&relay, mailbox, &ticket).await?;
    match find(&relay, mailbox, &ticket).await? {
        Found::Stored { sequence } => Ok(receipt(&relay, StatusCode::OK, &ticket, sequence)),
        Found::Partial { durable_bytes } => {
            let name = HeaderName::from_static(api::UPLOAD_OFFSET);
            Ok(AppendHeaders([(name, HeaderValue::from(durable_bytes))]).into_response())
        }
    }
}

/// `PUT /v1/blobs/{id}`: the rest of a bundle.
pub(super) async fn put(
    State(relay): State<Arc<Relay>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let (ticket, mailbox) = admit(&relay, &id, &headers).await?;
    let offset = read::upload_offset(&headers)?;
    let end = offset.saturating_add(read::content_length(&headers)?);
    if end > ticket.size_bytes {
        return Err(Refusal::TooLong);
    }
    let place = Arc::clone(&relay.uploads)
        .try_acquire_owned()
        .map_err(|_| Refusal::Busy)?;
    let (claim, taken_over) = claim(&relay, mailbox, &ticket).await?;
    match find(&relay, mailbox, &ticket).await? {
        Found::Stored { sequence } => {
            return Ok(receipt(&relay, StatusCode::OK, &ticket, sequence));
        }
        Found::Partial { durable_bytes } if durable_bytes != offset => {
            return Err(Refusal::WrongOffset { durable_bytes });
        }
        Found::Partial { .. } if end < ticket.size_bytes => return Err(Refusal::Malformed),
        Found::Partial { .. } => {}
    }
    let upload = begin(&relay, mailbox, &ticket).await?;
    let (pipe, arriving) = mpsc::channel(PIPE_LEN);
    // The writer owns the claim: it outlives this request when the connection breaks.
    let writer = tokio::task::spawn_blocking(move || {
        let outcome = write_all(upload, arriving);
        drop((claim, place));
        outcome
    });
    let end = receive(&relay, body, pipe, taken_over).await;
    match writer.await.map_err(|_| Refusal::Failed)?? {
        Outcome::Finished(Finished::Stored { sequence }) => {
            Ok(receipt(&relay, StatusCode::CREATED, &ticket, sequence))
        }
        Outcome::Finished(Finished::HashDiffers) => Err(Refusal::HashDiffers),
        Outcome::Suspended { .. } if end == End::Stalled => Err(Refusal::Stalled),
        Outcome::Suspended { durable_bytes } => Err(Refusal::WrongOffset { durable_bytes }),
    }
}

/// The ticket and the mailbox that it opens.
async fn admit(
    relay: &Relay,
    id: &str,
    headers: &HeaderMap,
) -> Result<(Ticket, MailboxNumber), Refusal> {
    let ticket = read::ticket(headers, &read::content_id(id)?, relay.key)?;
    let key = ticket.send_key;
    let mailbox = relay
        .ask(move |store| store.mailbox_of_sender(&key))
        .await?
        .ok_or(Refusal::MailboxUnknown)?;
    Ok((ticket, mailbox))
}

async fn claim(
    relay: &Relay,
    mailbox: MailboxNumber,
    ticket: &Ticket,
) -> Result<(Claim, TakenOver), Refusal> {
    relay
        .claims
        .claim((mailbox, ticket.content_id), CLAIM_TIMEOUT)
        .await
        .ok_or(Refusal::Busy)
}

async fn find(relay: &Relay, mailbox: MailboxNumber, ticket: &Ticket) -> Result<Found, Refusal> {
    let (id, size_bytes) = (ticket.content_id, ticket.size_bytes);
    relay
        .ask(move |store| store.find(mailbox, &id, size_bytes))
        .await
}

async fn begin(relay: &Relay, mailbox: MailboxNumber, ticket: &Ticket) -> Result<Upload, Refusal> {
    let (store, ticket) = (Arc::clone(&relay.store), ticket.clone());
    relay
        .ask(move |_| Upload::begin(store, mailbox, &ticket))
        .await
}

/// Why no more bytes come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The body ended, the connection broke, or the writer gave up.
    Body,
    /// Nothing came for too long.
    Stalled,
    /// A newer request about the same upload came.
    TakenOver,
}

/// Passes the body on to the writer; the pipe is closed on return.
async fn receive(
    relay: &Relay,
    mut body: Body,
    pipe: mpsc::Sender<Bytes>,
    mut taken_over: TakenOver,
) -> End {
    loop {
        let next = tokio::time::timeout(relay.stall, read::next_bytes(&mut body));
        let bytes = tokio::select! {
            next = next => match next {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return End::Body,
                Err(_) => return End::Stalled,
            },
            () = taken_over.wait() => return End::TakenOver,
        };
        if pipe.send(bytes).await.is_err() {
            return End::Body;
        }
    }
}

/// What the writer did.
enum Outcome {
    Finished(Finished),
    Suspended { durable_bytes: u64 },
}

/// Writes what arrives, until the pipe is closed; then stores the whole or keeps the part.
fn write_all(
    mut upload: Upload,
    mut arriving: mpsc::Receiver<Bytes>,
) -> Result<Outcome, StoreError> {
    while let Some(bytes) = arriving.blocking_recv() {
        if let Err(err) = upload.write(&bytes) {
            // The first error is the one to tell; what came before it is kept if that works.
            let _ = upload.suspend();
            return Err(err);
        }
    }
    if upload.is_whole() {
        return upload.finish().map(Outcome::Finished);
    }
    let durable_bytes = upload.suspend()?;
    Ok(Outcome::Suspended { durable_bytes })
}

/// The signed answer to an upload. Ed25519 is deterministic: it is the same each time.
fn receipt(relay: &Relay, status: StatusCode, ticket: &Ticket, sequence: u64) -> Response {
    let signed = StoredReceipt {
        relay_key: relay.key,
        send_key: ticket.send_key,
        content_id: ticket.content_id,
        sequence,
    }
    .sign(&relay.seed);
    let headers = AppendHeaders([
        (HeaderName::from_static(api::RECEIPT), signed.to_header()),
        (
            HeaderName::from_static(api::UPLOAD_COMPLETE),
            "1".to_owned(),
        ),
    ]);
    (status, headers).into_response()
}

/// Pieces of a body between network and disk; each is at most hyper's read buffer.
const PIPE_LEN: usize = 8;
