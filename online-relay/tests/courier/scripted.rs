//! A relay that answers as a test says, one connection at a time.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use pack_format::relay::{ContentId, PublicKey, RelayAddress};
use pack_format::secret::Secret32;

/// A request, as far as a test looks at it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) head: String,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    }

    /// Where a download begins.
    pub(super) fn offset(&self) -> usize {
        let range = self.header("range").unwrap();
        let offset = range.trim_start_matches("bytes=").trim_end_matches('-');
        offset.parse().unwrap()
    }
}

/// Answers every request with what `answer` gives; keeps what was asked.
pub(super) struct ScriptedRelay {
    pub(super) address: RelayAddress,
    pub(super) asked: Arc<Mutex<Vec<Asked>>>,
    socket: SocketAddr,
}

impl ScriptedRelay {
    pub(super) fn start(mut answer: impl FnMut(&Asked) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let Some(request) = read_head(&mut stream) else {
                    return;
                };
                let response = answer(&request);
                notes.lock().unwrap().push(request);
                let _ = stream.write_all(&response);
            }
        });
        Self {
            address: RelayAddress::new(&format!("http://{socket}"), relay_key()).unwrap(),
            asked,
            socket,
        }
    }

    pub(super) fn paths(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|it| it.path.clone()).collect()
    }

    /// What was asked about bundles.
    pub(super) fn downloads(&self) -> Vec<usize> {
        let asked = self.asked.lock().unwrap();
        let blobs = asked.iter().filter(|it| it.path.starts_with("/v1/blobs/"));
        blobs.map(Asked::offset).collect()
    }
}

impl Drop for ScriptedRelay {
    fn drop(&mut self) {
        // A connection without a request ends the thread.
        let _ = TcpStream::connect(self.socket);
    }
}

fn read_head(stream: &mut TcpStream) -> Option<Asked> {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).is_ok_and(|len| len == 1) {
            seen.push(byte[0]);
        } else {
            return None;
        }
    }
    let head = String::from_utf8(seen).unwrap();
    let mut words = head.split(' ');
    Some(Asked {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        head: head.clone(),
    })
}

pub(super) fn relay_seed() -> Secret32 {
    Secret32::new([42; 32])
}

pub(super) fn relay_key() -> PublicKey {
    PublicKey::of_seed(&relay_seed())
}

pub(super) fn ok(body: &str) -> Vec<u8> {
    let len = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {len}\r\nconnection: close\r\n\r\n{body}")
        .into_bytes()
}

pub(super) fn status(line: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").into_bytes()
}

/// The answer to `GET /v1/relay`.
pub(super) fn info() -> Vec<u8> {
    let key = data_encoding::HEXLOWER.encode(&relay_key().0);
    ok(&format!("{{\"key\":\"{key}\",\"version\":1}}"))
}

/// A listing of bundles of these sizes.
pub(super) fn listing(items: &[(ContentId, usize)]) -> Vec<u8> {
    let items: Vec<String> = items
        .iter()
        .zip(1..)
        .map(|((content_id, size), sequence)| {
            format!(
                "{{\"sequence\":{sequence},\"content_id\":\"{content_id}\",\"size_bytes\":{size}}}"
            )
        })
        .collect();
    ok(&format!(
        "{{\"items\":[{}],\"more\":false}}",
        items.join(",")
    ))
}

/// A bundle from `from` on, of which only `given` bytes come.
pub(super) fn blob(bytes: &[u8], from: usize, given: usize) -> Vec<u8> {
    let size = bytes.len();
    let head = format!(
        "HTTP/1.1 206 x\r\ncontent-range: bytes {from}-{}/{size}\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        size - 1,
        size - from,
    );
    let end = (from + given).min(size);
    [head.as_bytes(), &bytes[from..end]].concat()
}
