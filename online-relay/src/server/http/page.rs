//! Gives the phone's page out, with headers that let it load nothing but itself.
//!
//! Spec: spec/phone.md, "How it is served".

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

use super::Relay;
use crate::server::page::PageFile;

/// `GET /phone`: the page's own links are relative to the folder.
pub(super) async fn folder() -> Response {
    let mut response = answer(StatusCode::PERMANENT_REDIRECT, Body::empty());
    let place = HeaderValue::from_static("phone/");
    response.headers_mut().insert(LOCATION, place);
    response
}

/// `GET /phone/`
pub(super) async fn first(State(relay): State<Arc<Relay>>, headers: HeaderMap) -> Response {
    give(&relay, "", &headers)
}

/// `GET /phone/{name}`
pub(super) async fn file(
    State(relay): State<Arc<Relay>>,
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    match name {
        Ok(Path(name)) => give(&relay, &name, &headers),
        // Not even text.
        Err(_) => text(StatusCode::NOT_FOUND, NO_SUCH_FILE),
    }
}

/// What every answer under `/phone` carries, whoever gave it.
pub(super) async fn confine(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

fn give(relay: &Relay, name: &str, headers: &HeaderMap) -> Response {
    match &relay.page {
        None => text(StatusCode::NOT_FOUND, NOT_INSTALLED),
        Some(page) => match page.file(name) {
            None => text(StatusCode::NOT_FOUND, NO_SUCH_FILE),
            Some(file) => give_file(file, headers),
        },
    }
}

fn give_file(file: &PageFile, headers: &HeaderMap) -> Response {
    let known = headers.get(IF_NONE_MATCH).map(HeaderValue::as_bytes);
    let mut response = if known == Some(file.tag.as_bytes()) {
        answer(StatusCode::NOT_MODIFIED, Body::empty())
    } else {
        answer(StatusCode::OK, Body::from(file.bytes.clone()))
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.kind));
    // Digits and quotes only, so that it is always a header value.
    if let Ok(tag) = HeaderValue::from_str(&file.tag) {
        headers.insert(ETAG, tag);
    }
    response
}

fn text(status: StatusCode, words: &'static str) -> Response {
    let mut response = answer(status, Body::from(words));
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn answer(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

const NO_SUCH_FILE: &str = "There is no such file.\n";

const NOT_INSTALLED: &str = "The operator of this relay has not installed the phone page.\n\
     Carry with a stick, or ask the operator: `online-relay serve --phone-page DIR`.\n";

/// The page may run its own scripts and their WebAssembly, and talk to its own relay.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
     connect-src 'self'; style-src 'self'; img-src 'self' blob:; \
     media-src 'self' blob: mediastream:; manifest-src 'self'; worker-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 9] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    // The browser asks each time, and the tag spares the second copy.
    (CACHE_CONTROL, "no-cache"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-embedder-policy"),
        "require-corp",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), screen-wake-lock=(self), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];
