//! Trays: takes frames in, gives them out, and says how far they are.
//!
//! Spec: spec/relay.md, "Trays".

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::de::DeserializeOwned;

use super::Relay;
use super::read;
use super::refusal::Refusal;
use crate::api::{
    DoneBody, DoneWish, FramesBody, TRAY_MORE, TRAY_PLACE, TrayBody, TrayListBody,
    TrayTransferBody, WantedWish,
};
use crate::limits::{
    TRAY_BODY_BYTES_MAX, TRAY_LIST_BYTES_MAX, TRAY_PAGE_FRAMES_MAX, TRAY_TRANSFERS_MAX,
    TRAY_WISH_BYTES_MAX,
};
use crate::server::store::{Left, TrayNumber, TrayTransfer};
use crate::tray::frame::FrameHead;
use crate::tray::{Face, TransferName, TrayList, split_frames};

/// `POST /v1/tray/frames`
pub(super) async fn leave(
    State(relay): State<Arc<Relay>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    // The token comes first: nobody without one makes the relay hold a body.
    let (tray, face) = admit(&relay, &headers).await?;
    let body = read::small_body(&relay, body, TRAY_BODY_BYTES_MAX).await?;
    let left = relay
        .ask(move |store| match read_frames(&body) {
            Some(frames) => store.leave_frames(tray, face.fills(), &frames).map(Some),
            None => Ok(None),
        })
        .await?
        .ok_or(Refusal::Malformed)?;
    match left {
        Left::Kept { new } => Ok(unkept(Json(FramesBody { new }))),
        Left::ListFull => Err(Refusal::TrayFull),
        Left::Closed => Err(Refusal::TrayUnknown),
    }
}

/// `GET /v1/tray/frames`
pub(super) async fn fetch(
    State(relay): State<Arc<Relay>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (tray, face) = admit(&relay, &headers).await?;
    let (after, limit) = read::page(query.as_deref(), TRAY_PAGE_FRAMES_MAX)?;
    let page = relay
        .ask(move |store| store.frames(tray, face.reads(), after, limit))
        .await?;
    let more = HeaderValue::from_static(if page.more { "1" } else { "0" });
    let kind = HeaderValue::from_static("application/octet-stream");
    let head = AppendHeaders([
        (CONTENT_TYPE, kind),
        (
            HeaderName::from_static(TRAY_PLACE),
            HeaderValue::from(page.last_place),
        ),
        (HeaderName::from_static(TRAY_MORE), more),
    ]);
    Ok(unkept((head, Body::from(page.body))))
}

/// `GET /v1/tray`
pub(super) async fn state(
    State(relay): State<Arc<Relay>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (tray, _) = admit(&relay, &headers).await?;
    let (from_phone, for_phone) = relay
        .ask(move |store| {
            Ok((
                store.tray_transfers(tray, TrayList::FromPhone)?,
                store.tray_transfers(tray, TrayList::ForPhone)?,
            ))
        })
        .await?;
    Ok(unkept(Json(TrayBody {
        from_phone: list_body(&from_phone),
        for_phone: list_body(&for_phone),
    })))
}

/// `POST /v1/tray/done`: its reader has a transfer, or whoever left it takes it back.
pub(super) async fn done(
    State(relay): State<Arc<Relay>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let (tray, face) = admit(&relay, &headers).await?;
    let wish: DoneWish = read_wish(&relay, body).await?;
    if wish.transfers.len() > TRAY_TRANSFERS_MAX {
        return Err(Refusal::Malformed);
    }
    let transfers = wish
        .transfers
        .iter()
        .map(|text| TransferName::from_text(text))
        .collect::<Option<Vec<_>>>()
        .ok_or(Refusal::Malformed)?;
    let remember = face.reads() == wish.list;
    let done = relay
        .ask(move |store| store.clear_transfers(tray, wish.list, &transfers, remember))
        .await?;
    Ok(unkept(Json(DoneBody { done })))
}

/// `POST /v1/tray/wanted`: the reader of a transfer asks for more of it.
pub(super) async fn want(
    State(relay): State<Arc<Relay>>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let (tray, face) = admit(&relay, &headers).await?;
    let wish: WantedWish = read_wish(&relay, body).await?;
    let transfer = TransferName::from_text(&wish.transfer).ok_or(Refusal::Malformed)?;
    let noted = relay
        .ask(move |store| store.want_symbols(tray, face.reads(), transfer, wish.symbols))
        .await?;
    match noted {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Refusal::TransferUnknown),
    }
}

/// `DELETE /v1/tray`: the courier closes the tray for good.
pub(super) async fn close(
    State(relay): State<Arc<Relay>>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    match admit(&relay, &headers).await? {
        (tray, Face::Courier) => relay.ask(move |store| store.close_tray(tray)).await?,
        (_, Face::Phone) => return Err(Refusal::CourierOnly),
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The tray of the request's token, and who asks.
async fn admit(relay: &Relay, headers: &HeaderMap) -> Result<(TrayNumber, Face), Refusal> {
    let id = read::tray_id(headers)?;
    relay
        .ask(move |store| store.tray(&id))
        .await?
        .ok_or(Refusal::TrayUnknown)
}

/// The frames of a body, each with its head; `None` when one is not a frame of a pack.
fn read_frames(body: &Bytes) -> Option<Vec<(FrameHead, &[u8])>> {
    let frames = split_frames(body)?;
    let heads = frames
        .into_iter()
        .map(|frame| Some((FrameHead::read(frame)?, frame)));
    let frames = heads.collect::<Option<Vec<_>>>()?;
    (!frames.is_empty()).then_some(frames)
}

async fn read_wish<T: DeserializeOwned>(relay: &Relay, body: Body) -> Result<T, Refusal> {
    let bytes = read::small_body(relay, body, TRAY_WISH_BYTES_MAX).await?;
    serde_json::from_slice(&bytes).map_err(|_| Refusal::Malformed)
}

fn list_body(transfers: &[TrayTransfer]) -> TrayListBody {
    TrayListBody {
        bytes: transfers.iter().map(|it| u64::from(it.frame_bytes)).sum(),
        limit_bytes: TRAY_LIST_BYTES_MAX,
        transfers: transfers.iter().map(transfer_body).collect(),
    }
}

fn transfer_body(found: &TrayTransfer) -> TrayTransferBody {
    TrayTransferBody {
        transfer: found.transfer.to_string(),
        frames: found.frame_count.into(),
        symbols: found.symbol_count.into(),
        needed: found.needed_symbols().into(),
        wanted: found.wanted_symbols.into(),
        done: found.taken,
    }
}

/// An answer that no browser keeps.
fn unkept(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, never);
    response
}
