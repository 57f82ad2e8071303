//! A relay that writes everything down: stands before an honest one and changes nothing.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::attackers::hostile::{closing, read_head};

/// A call and its answer.
pub(super) struct Call {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    answer_head: String,
    pub(super) answer: Vec<u8>,
}

impl Call {
    /// The path without its query.
    pub(super) fn path(&self) -> &str {
        let path = self.head.split(' ').nth(1).unwrap();
        path.split('?').next().unwrap()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    pub(super) fn answer_header(&self, name: &str) -> Option<&str> {
        header(&self.answer_head, name)
    }

    pub(super) fn header_names(&self) -> Vec<String> {
        let lines = self.head.lines().skip(1);
        let names = lines.filter_map(|line| line.split_once(':'));
        names.map(|(name, _)| name.to_lowercase()).collect()
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// What the couriers talk to.
pub(super) struct Recorder {
    pub(super) url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Recorder {
    /// Stands before the relay at this address.
    pub(super) fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own_url = format!("http://{}", listener.local_addr().unwrap());
        let honest = url.strip_prefix("http://").unwrap().to_owned();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&calls);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, honest) = (client.unwrap(), honest.clone());
                let calls = Arc::clone(&shared);
                // A connection that breaks ends its thread; the tests see the consequences.
                thread::spawn(move || pass_on(client, &honest, &calls));
            }
        });
        Self {
            url: own_url,
            calls,
        }
    }

    /// The calls since the last time.
    pub(super) fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

/// One call and its answer. It is written down before the client can know that it has ended.
fn pass_on(mut client: TcpStream, honest: &str, calls: &Mutex<Vec<Call>>) -> Option<()> {
    let head = read_head(&mut client)?;
    let mut upstream = TcpStream::connect(honest).ok()?;
    upstream.write_all(closing(&head).as_bytes()).ok()?;
    let size = header(&head, "content-length").map_or(0, |size| size.parse().unwrap());
    let (from, mut to) = (client.try_clone().ok()?, upstream.try_clone().ok()?);
    let uploading = thread::spawn(move || {
        let mut body = Vec::new();
        let mut from = from.take(size);
        let mut piece = [0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut piece) {
            body.extend(&piece[..read]);
            if to.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        body
    });
    let mut answer_head = read_head(&mut upstream)?;
    while answer_head.starts_with("HTTP/1.1 100") {
        client.write_all(answer_head.as_bytes()).ok()?;
        answer_head = read_head(&mut upstream)?;
    }
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).ok()?;
    // Who waits for a leave to send does not get one any more.
    client.shutdown(Shutdown::Read).ok()?;
    let body = uploading.join().unwrap();
    calls.lock().unwrap().push(Call {
        head,
        body,
        answer_head: answer_head.clone(),
        answer: answer.clone(),
    });
    client.write_all(answer_head.as_bytes()).ok()?;
    client.write_all(&answer).ok()?;
    client.shutdown(Shutdown::Both).ok()
}
