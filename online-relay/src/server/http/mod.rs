//! The calls of the relay. Handlers read the request, ask the store, and write the answer.
//!
//! Spec: spec/relay.md, "Calls".

mod download;
mod mailboxes;
mod page;
mod read;
mod refusal;
mod trays;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::map_response;
use axum::routing::{get, post};
use axum::{Json, Router};
use pack_format::relay::PublicKey;
use pack_format::secret::Secret32;
use tokio::sync::Semaphore;

use self::refusal::Refusal;
use super::claims::Claims;
use super::page::PhonePage;
use super::store::{Store, StoreError};
use crate::api;
use crate::limits::{DOWNLOADS_MAX, UPLOADS_MAX};

/// What every request works with.
#[derive(Debug)]
pub(crate) struct Relay {
    store: Arc<Store>,
    key: PublicKey,
    seed: Secret32,
    claims: Arc<Claims>,
    uploads: Arc<Semaphore>,
    downloads: Arc<Semaphore>,
    page: Option<PhonePage>,
    pub(super) stall: Duration,
}

impl Relay {
    /// A relay that signs with `seed`, waits `stall` for a client's next byte, and gives `page`
    /// out to phones.
    pub(crate) fn new(
        store: Store,
        seed: Secret32,
        stall: Duration,
        page: Option<PhonePage>,
    ) -> Self {
        Self {
            store: Arc::new(store),
            key: PublicKey::of_seed(&seed),
            seed,
            claims: Arc::default(),
            uploads: Arc::new(Semaphore::new(UPLOADS_MAX)),
            downloads: Arc::new(Semaphore::new(DOWNLOADS_MAX)),
            page,
            stall,
        }
    }

    /// Asks the store on a thread that may block.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let store = Arc::clone(&self.store);
        tokio::task::spawn_blocking(move || question(&store))
            .await
            .map_err(|_| Refusal::Failed)?
            .map_err(Refusal::from)
    }
}

/// All routes. A path or method that is not here is answered with 404 or 405.
pub(crate) fn router(relay: Arc<Relay>) -> Router {
    Router::new()
        .route("/v1/relay", get(relay_info))
        .route("/v1/mailboxes", post(mailboxes::open))
        .route("/v1/mailbox", get(mailboxes::list))
        .route("/v1/acknowledgements", post(mailboxes::acknowledge))
        .route(
            "/v1/blobs/{id}",
            get(download::get).head(upload::head).put(upload::put),
        )
        .route("/v1/tray", get(trays::state).delete(trays::close))
        .route("/v1/tray/frames", get(trays::fetch).post(trays::leave))
        .route("/v1/tray/done", post(trays::done))
        .route("/v1/tray/wanted", post(trays::want))
        .merge(phone_router())
        .fallback(async || StatusCode::NOT_FOUND)
        .with_state(relay)
}

/// The phone's page; its headers are on refusals as well.
fn phone_router() -> Router<Arc<Relay>> {
    Router::new()
        .route("/phone", get(page::folder))
        .route("/phone/", get(page::first))
        .route("/phone/{*name}", get(page::file))
        .layer(map_response(page::confine))
}

async fn relay_info(State(relay): State<Arc<Relay>>) -> Json<api::RelayInfo> {
    Json(api::RelayInfo {
        key: api::write_hex32(&relay.key.0),
        version: api::VERSION,
    })
}
