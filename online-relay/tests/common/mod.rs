//! A relay on a thread, the people around it, and raw HTTP for what no honest client sends.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use online_relay::client::{ClientOptions, RelayClient};
use online_relay::server::{self, Server, ServerConfig, ServerError};
use pack_format::relay::{
    Acknowledgement, ContentId, FetchToken, OpenMailbox, PublicKey, RelayAddress, Signed,
    Statement as _, StoredReceipt, Ticket,
};
use pack_format::secret::Secret32;
use tempfile::TempDir;

/// Opens the data directory. A process that another test is starting right now holds a copy of this
/// one's lock until it has begun.
fn bind(config: &ServerConfig) -> Server {
    for _ in 0..100 {
        match Server::bind(config) {
            Err(ServerError::InUse { .. }) => std::thread::sleep(Duration::from_millis(10)),
            bound => return bound.unwrap(),
        }
    }
    Server::bind(config).unwrap()
}

/// A relay that serves until it is dropped.
pub(crate) struct TestRelay {
    pub(crate) address: RelayAddress,
    pub(crate) socket: SocketAddr,
    pub(crate) data_dir: PathBuf,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _dir: Option<TempDir>,
}

impl TestRelay {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| ())
    }

    pub(crate) fn start_with(adjust: impl FnOnce(&mut ServerConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut relay = Self::start_in(&dir.path().join("relay"), adjust);
        relay._dir = Some(dir);
        relay
    }

    pub(crate) fn start_in(data_dir: &Path, adjust: impl FnOnce(&mut ServerConfig)) -> Self {
        let mut config = ServerConfig::new(data_dir.to_owned(), "127.0.0.1:0".parse().unwrap());
        adjust(&mut config);
        let server = bind(&config);
        let (address, socket) = (server.local_relay().unwrap(), server.address());
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            server.run(async {
                let _ = stopped.await;
            });
        });
        Self {
            address,
            socket,
            data_dir: data_dir.to_owned(),
            stop: Some(stop),
            thread: Some(thread),
            _dir: None,
        }
    }

    pub(crate) fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    pub(crate) fn client(&self) -> RelayClient {
        RelayClient::new(&self.address, &quick()).unwrap()
    }

    /// A person whose mailbox is open.
    pub(crate) fn member(&self, seed: u8) -> Person {
        let person = Person::new(seed);
        self.client()
            .open_mailbox(&person.wish(self, self.code()))
            .unwrap();
        person
    }

    /// A fresh invitation's code.
    pub(crate) fn code(&self) -> [u8; 16] {
        server::invite(&self.data_dir, None, None).unwrap().code
    }

    /// Sends raw bytes and reads until the relay closes or falls silent.
    pub(crate) fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.socket).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream.write_all(request).unwrap();
        Answer::read(&mut stream)
    }

    /// A request with a body and `connection: close`.
    pub(crate) fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut request = head(method, path, headers);
        if !headers.iter().any(|(name, _)| *name == "content-length") {
            request.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        self.raw(&[request.as_bytes(), body].concat())
    }

    /// Every file of the data directory, by its path inside it.
    pub(crate) fn files(&self) -> Vec<String> {
        fn walk(dir: &Path, root: &Path, into: &mut Vec<String>) {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, root, into);
                } else {
                    let inside = path.strip_prefix(root).unwrap();
                    into.push(inside.to_str().unwrap().to_owned());
                }
            }
        }
        let mut files = Vec::new();
        walk(&self.data_dir, &self.data_dir, &mut files);
        files.sort();
        files
    }

    /// The bytes of all bundle files, finished or not.
    pub(crate) fn blob_bytes(&self) -> u64 {
        let files = self.files();
        let blobs = files.iter().filter(|it| it.starts_with("blobs/"));
        blobs
            .map(|it| std::fs::metadata(self.data_dir.join(it)).unwrap().len())
            .sum()
    }

    pub(crate) fn blob_count(&self) -> usize {
        let files = self.files();
        files.iter().filter(|it| it.starts_with("blobs/")).count()
    }
}

impl Drop for TestRelay {
    fn drop(&mut self) {
        self.end();
    }
}

/// The start of a request, up to where further headers go.
pub(crate) fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: relay\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text
}

/// A raw answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        // A reset after the answer is as good as an end.
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        let (head, _) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
        Self {
            status: status.unwrap_or(0),
            body: bytes[(head.len() + 4).min(bytes.len())..].to_vec(),
            head: head.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// Status and code of a refusal.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        (self.status, self.header("causeway-error").unwrap_or("none"))
    }
}

/// Whoever owns a mailbox: the three rights, which a test hands out one by one.
pub(crate) struct Person {
    pub(crate) send: Secret32,
    pub(crate) ack: Secret32,
    pub(crate) token: FetchToken,
}

impl Person {
    pub(crate) fn new(seed: u8) -> Self {
        Self {
            send: Secret32::new([seed; 32]),
            ack: Secret32::new([seed ^ 0x80; 32]),
            token: FetchToken(Secret32::new([seed ^ 0x40; 32])),
        }
    }

    pub(crate) fn wish(&self, relay: &TestRelay, code: [u8; 16]) -> Signed<OpenMailbox> {
        self.wish_for(relay.address.key(), code)
    }

    pub(crate) fn wish_for(&self, relay_key: PublicKey, code: [u8; 16]) -> Signed<OpenMailbox> {
        self.open_mailbox_at(relay_key, code).sign(&self.ack)
    }

    pub(crate) fn open_mailbox(&self, relay: &TestRelay, code: [u8; 16]) -> OpenMailbox {
        self.open_mailbox_at(relay.address.key(), code)
    }

    fn open_mailbox_at(&self, relay_key: PublicKey, code: [u8; 16]) -> OpenMailbox {
        OpenMailbox {
            relay_key,
            code,
            send_key: PublicKey::of_seed(&self.send),
            fetch_id: self.token.id(),
            ack_key: PublicKey::of_seed(&self.ack),
        }
    }

    pub(crate) fn ticket(&self, relay: &TestRelay, bundle: &[u8]) -> Signed<Ticket> {
        self.ticket_for(relay.address.key(), bundle)
    }

    pub(crate) fn ticket_for(&self, relay_key: PublicKey, bundle: &[u8]) -> Signed<Ticket> {
        Ticket {
            relay_key,
            send_key: PublicKey::of_seed(&self.send),
            content_id: ContentId::of(bundle),
            size_bytes: bundle.len() as u64,
        }
        .sign(&self.send)
    }

    pub(crate) fn send(&self, relay: &TestRelay, bundle: &[u8]) -> Signed<StoredReceipt> {
        let ticket = self.ticket(relay, bundle);
        relay
            .client()
            .upload(&ticket, &bundle, &mut |_| ())
            .unwrap()
    }

    pub(crate) fn acknowledgement(
        &self,
        relay: &TestRelay,
        bundles: &[&[u8]],
    ) -> Signed<Acknowledgement> {
        Acknowledgement {
            relay_key: relay.address.key(),
            ack_key: PublicKey::of_seed(&self.ack),
            content_ids: bundles.iter().map(|it| ContentId::of(it)).collect(),
        }
        .sign(&self.ack)
    }

    pub(crate) fn bearer(&self) -> String {
        let token = data_encoding::BASE64URL_NOPAD.encode(self.token.0.expose());
        format!("Bearer {token}")
    }

    /// The content ids that wait, in order.
    pub(crate) fn waiting(&self, relay: &TestRelay) -> Vec<ContentId> {
        let listing = relay.client().list(&self.token, 0).unwrap();
        listing.items.iter().map(|it| it.content_id).collect()
    }
}

/// Options for tests: nothing on loopback takes long.
pub(crate) fn quick() -> ClientOptions {
    ClientOptions {
        connect_timeout: Duration::from_secs(5),
        stall: Duration::from_secs(5),
        ..ClientOptions::default()
    }
}

/// Bytes that look like a bundle.
pub(crate) fn bundle(size_bytes: usize, seed: u8) -> Vec<u8> {
    let mut bytes = vec![0; size_bytes];
    blake3::Hasher::new()
        .update(&[seed])
        .finalize_xof()
        .fill(&mut bytes);
    bytes
}

/// Waits until something that a server does on its own has happened.
pub(crate) fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    for _ in 0..500 {
        if happened() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("did not happen: {what}");
}
