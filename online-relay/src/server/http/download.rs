//! Gives bundles out, in constant memory.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, State};
use axum::http::header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tokio::io::AsyncReadExt as _;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::refusal::Refusal;
use super::{Relay, read};
use crate::limits::COPY_BYTES;

/// `GET /v1/blobs/{id}`
pub(super) async fn get(
    State(relay): State<Arc<Relay>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let fetch_id = read::fetch_id(&headers)?;
    let id = read::content_id(&id)?;
    let range_start = read::range_start(&headers)?;
    let waiting = relay
        .ask(move |store| match store.mailbox_of_fetcher(&fetch_id)? {
            Some(mailbox) => store.waiting(mailbox, &id).map(Some),
            None => Ok(None),
        })
        .await?
        .ok_or(Refusal::MailboxUnknown)?
        .ok_or(Refusal::BundleUnknown)?;
    if range_start.is_some_and(|start| start >= waiting.size_bytes) {
        return Err(Refusal::RangeBeyondEnd);
    }
    let place = Arc::clone(&relay.downloads)
        .try_acquire_owned()
        .map_err(|_| Refusal::Busy)?;
    let start = range_start.unwrap_or(0);
    let size_bytes = waiting.size_bytes;
    let file = relay
        .ask(move |store| store.open_waiting(&waiting, start))
        .await?
        .ok_or(Refusal::BundleUnknown)?;
    let file = tokio::fs::File::from_std(file);
    let rest_bytes = size_bytes.saturating_sub(start);
    let (pipe, arriving) = mpsc::channel(PIPE_LEN);
    tokio::spawn(pump(file, rest_bytes, pipe, Arc::clone(&relay), place));
    let body = FileBody {
        arriving,
        rest_bytes,
    };
    Ok(answer(body, range_start, size_bytes))
}

fn answer(body: FileBody, range_start: Option<u64>, size_bytes: u64) -> Response {
    let mut response = Response::new(Body::new(body));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(start) = range_start {
        let last = size_bytes.saturating_sub(1);
        // Digits and ASCII only, so that it is always a header value.
        if let Ok(value) = HeaderValue::from_str(&format!("bytes {start}-{last}/{size_bytes}")) {
            headers.insert(CONTENT_RANGE, value);
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

/// Reads the file into the pipe. It ends early when the client takes nothing for too long or the
/// file ends too soon; the client sees a body that is too short.
async fn pump(
    mut file: tokio::fs::File,
    mut rest_bytes: u64,
    pipe: mpsc::Sender<Bytes>,
    relay: Arc<Relay>,
    place: OwnedSemaphorePermit,
) {
    // A client that reads slowly frees a whole piece at a time: it gets twice the patience.
    let patience = relay.stall.saturating_mul(2);
    while rest_bytes > 0 {
        let want = usize::try_from(rest_bytes).map_or(COPY_BYTES, |rest| rest.min(COPY_BYTES));
        let mut piece = vec![0; want];
        match file.read(&mut piece).await {
            Ok(len) if len > 0 => piece.truncate(len),
            _ => break,
        }
        rest_bytes = rest_bytes.saturating_sub(piece.len() as u64);
        let sent = tokio::time::timeout(patience, pipe.send(piece.into())).await;
        if !matches!(sent, Ok(Ok(()))) {
            break;
        }
    }
    drop(place);
}

/// A body of known length that comes through a pipe.
struct FileBody {
    arriving: mpsc::Receiver<Bytes>,
    rest_bytes: u64,
}

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let Poll::Ready(next) = self.arriving.poll_recv(cx) else {
            return Poll::Pending;
        };
        Poll::Ready(match next {
            Some(bytes) => {
                self.rest_bytes = self.rest_bytes.saturating_sub(bytes.len() as u64);
                Some(Ok(Frame::data(bytes)))
            }
            None if self.rest_bytes == 0 => None,
            None => Some(Err(io::ErrorKind::UnexpectedEof.into())),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest_bytes == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest_bytes)
    }
}

/// Pieces of a file between disk and network.
const PIPE_LEN: usize = 2;
