//! The store-and-forward server: mailboxes and trays that only hold ciphertext.
//!
//! It reads no clock, writes no log, and knows no user: a mailbox is three public keys.
//! Spec: spec/relay.md.

mod claims;
mod data_dir;
mod error;
mod http;
mod operator;
mod page;
mod patience;
mod store;

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use pack_format::relay::{PublicKey, RelayAddress};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use self::error::ServerError;
pub use self::operator::{invite, make_tray, status};
pub use self::page::installed_phone_page;
pub use self::store::{Recovered, Status, StoreError};

use self::data_dir::DataDir;
use self::http::Relay;
use self::page::PhonePage;
use self::patience::Impatient;
use self::store::{Settings, Store};
use crate::limits::{
    BLOCKING_THREADS_MAX, CONNECTIONS_MAX, HEAD_BYTES_MAX, HEAD_TIMEOUT, HEADERS_MAX, READ_BYTES,
    STALL, STOP_GRACE,
};

/// What `serve` is started with.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where everything is kept; made on the first start.
    pub data_dir: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The URL under which the world reaches the relay, for invitations.
    pub url: Option<String>,
    /// The most bytes of bundles to hold.
    pub quota_bytes: Option<u64>,
    /// Whether bundles whose files are gone are forgotten instead of refusing to start.
    pub accept_loss: bool,
    /// The folder of the phone's page; without one `/phone/` says that there is none.
    pub phone_page: Option<PathBuf>,
    /// How long to wait for a client's next byte.
    pub stall: Duration,
    /// How long running requests may take after the server was told to stop.
    pub stop_grace: Duration,
}

impl ServerConfig {
    /// The usual settings.
    #[must_use]
    pub fn new(data_dir: PathBuf, listen: SocketAddr) -> Self {
        Self {
            data_dir,
            listen,
            url: None,
            quota_bytes: None,
            accept_loss: false,
            phone_page: None,
            stall: STALL,
            stop_grace: STOP_GRACE,
        }
    }
}

/// A server that listens; it answers as soon as it runs.
#[derive(Debug)]
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    key: PublicKey,
    relay: Arc<Relay>,
    recovered: Recovered,
    stop_grace: Duration,
    /// Locked until the server is gone.
    _data_dir: DataDir,
}

impl Server {
    /// Opens the data directory, makes it on the first start, and begins to listen.
    ///
    /// # Errors
    /// Any [`ServerError`] but those of the other commands.
    pub fn bind(config: &ServerConfig) -> Result<Self, ServerError> {
        let data_dir = DataDir::open(&config.data_dir)?;
        let seed = data_dir.key()?;
        let key = PublicKey::of_seed(&seed);
        if let Some(url) = &config.url {
            operator::address(url, key)?;
        }
        let folder = config.phone_page.as_deref();
        let page = folder.map(PhonePage::open).transpose()?;
        let (store, recovered) =
            Store::open(data_dir.path(), config.quota_bytes, config.accept_loss)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .enable_all()
            .build()
            .map_err(|source| ServerError::Runtime { source })?;
        let cannot_listen = |source| ServerError::Listen {
            address: config.listen,
            source,
        };
        let listener = runtime
            .block_on(TcpListener::bind(config.listen))
            .map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        store.remember(&Settings {
            url: config.url.clone().or_else(|| operator::url_of(address)),
            quota_bytes: config.quota_bytes,
        })?;
        Ok(Self {
            runtime,
            listener,
            address,
            key,
            relay: Arc::new(Relay::new(store, seed, config.stall, page)),
            recovered,
            stop_grace: config.stop_grace,
            _data_dir: data_dir,
        })
    }

    /// Where it really listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key that signs the receipts.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// What was repaired at the start.
    #[must_use]
    pub fn recovered(&self) -> Recovered {
        self.recovered
    }

    /// The relay's address as seen from this machine.
    ///
    /// # Errors
    /// [`ServerError::UrlUnusable`] never happens for a socket address.
    pub fn local_relay(&self) -> Result<RelayAddress, ServerError> {
        operator::address(&format!("http://{}", self.address), self.key)
    }

    /// Serves until `stop` is ready, then lets running requests end; uploads that take longer
    /// keep what they have.
    pub fn run(self, stop: impl Future<Output = ()>) {
        let router = http::router(Arc::clone(&self.relay));
        // A client that reads slowly frees a whole buffer at a time: it gets twice the patience.
        let stall = self.relay.stall.saturating_mul(2);
        let serving = serve(self.listener, router, stop, stall, self.stop_grace);
        self.runtime.block_on(serving);
        // Dropping the runtime waits for the writers, so that every upload is kept.
        drop(self.runtime);
    }

    /// Serves until the process is told to end by Ctrl-C or SIGTERM.
    ///
    /// # Errors
    /// [`ServerError::Runtime`] when the signals cannot be caught.
    pub fn run_until_signal(self) -> Result<(), ServerError> {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |source| ServerError::Runtime { source };
        let entered = self.runtime.enter();
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        drop(entered);
        self.run(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        Ok(())
    }
}

async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    stall: Duration,
    stop_grace: Duration,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let connections = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = accept(&listener, &places);
        let (stream, place) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        let connection = protocol().serve_connection(
            TokioIo::new(Impatient::new(stream, stall)),
            TowerToHyperService::new(router.clone()),
        );
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // A client that breaks the connection off is no event for the operator.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    // Whoever takes longer than this is cut off; uploads keep what has come.
    let _ = tokio::time::timeout(stop_grace, connections.shutdown()).await;
}

/// The next connection, as soon as there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        if let Ok(place) = Arc::clone(places).acquire_owned().await
            && let Ok((stream, _)) = listener.accept().await
        {
            return (stream, place);
        }
        // Out of file descriptors, most likely: others have to end first.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// HTTP/1.1 with bounds, and without the `date` header: the server reads no clock.
fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(READ_BYTES)
        .max_header_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .auto_date_header(false);
    protocol
}
