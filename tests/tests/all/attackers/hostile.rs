//! A hostile relay: stands before an honest one, passes calls on, and lies when it is told to.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the relay does with the calls that it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Passes everything on.
    Honest,
    /// Answers 500 to everything.
    Fails,
    /// Takes a call, says nothing for a while, and closes.
    Stalls,
    /// Breaks off every download after so many bytes.
    BreaksDownloads(usize),
    /// Breaks off every upload after so many bytes.
    BreaksUploads(usize),
    /// Gives other bytes of the right length.
    GivesOtherBytes,
    /// Changes its signed receipts.
    ChangesReceipts,
    /// Leaves everything out of its lists.
    HidesEverything,
}

/// The relay that couriers see.
pub(crate) struct HostileRelay {
    pub(crate) url: String,
    manner: Arc<Mutex<Manner>>,
}

impl HostileRelay {
    /// Stands before the relay at this address, honest at first.
    pub(crate) fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own_url = format!("http://{}", listener.local_addr().unwrap());
        let honest = url.strip_prefix("http://").unwrap().to_owned();
        let manner = Arc::new(Mutex::new(Manner::Honest));
        let shared = Arc::clone(&manner);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, honest) = (client.unwrap(), honest.clone());
                let manner = *shared.lock().unwrap();
                // A connection that breaks ends its thread; the tests see the consequences.
                thread::spawn(move || serve(client, &honest, manner));
            }
        });
        Self {
            url: own_url,
            manner,
        }
    }

    /// From the next call on it behaves like this.
    pub(crate) fn turn(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }
}

fn serve(mut client: TcpStream, honest: &str, manner: Manner) -> Option<()> {
    let head = read_head(&mut client)?;
    let is_blob = head.contains(" /v1/blobs/");
    let is_download = head.starts_with("GET ") && is_blob;
    match manner {
        Manner::Fails => return answer(&mut client, "500 Internal Server Error", ""),
        Manner::Stalls => {
            thread::sleep(STALL);
            return None;
        }
        Manner::HidesEverything if head.starts_with("GET /v1/mailbox") => {
            return answer(&mut client, "200 OK", "{\"items\":[],\"more\":false}");
        }
        _ => {}
    }
    let mut upstream = TcpStream::connect(honest).ok()?;
    upstream.write_all(closing(&head).as_bytes()).ok()?;
    let upload_bytes = match manner {
        Manner::BreaksUploads(bytes) if head.starts_with("PUT ") && is_blob => bytes,
        _ => usize::MAX,
    };
    pass_on(&client, &upstream, upload_bytes);
    let mut answer_head = read_head(&mut upstream)?;
    while answer_head.starts_with("HTTP/1.1 100") {
        client.write_all(answer_head.as_bytes()).ok()?;
        answer_head = read_head(&mut upstream)?;
    }
    if manner == Manner::ChangesReceipts {
        answer_head = change_receipt(&answer_head);
    }
    client.write_all(answer_head.as_bytes()).ok()?;
    let mut left = match manner {
        Manner::BreaksDownloads(bytes) if is_download => bytes,
        _ => usize::MAX,
    };
    let mut piece = [0; 16 * 1024];
    while left > 0 {
        let wanted = piece.len().min(left);
        let read = upstream.read(&mut piece[..wanted]).ok()?;
        if read == 0 {
            break;
        }
        if manner == Manner::GivesOtherBytes && is_download {
            piece[..read].iter_mut().for_each(|byte| *byte ^= 0x55);
        }
        client.write_all(&piece[..read]).ok()?;
        left = left.saturating_sub(read);
    }
    client.shutdown(Shutdown::Both).ok()
}

/// The rest of a call, on a thread of its own: the answer may come before its end.
fn pass_on(client: &TcpStream, upstream: &TcpStream, bytes: usize) {
    let (from, mut to) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
    thread::spawn(move || {
        let copied = std::io::copy(&mut (&from).take(bytes as u64), &mut to);
        if copied.is_ok_and(|copied| copied == bytes as u64) {
            // Both sides see a broken connection.
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        }
    });
}

pub(crate) fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

/// The head with a wish to close after the answer, so that one connection is one call.
pub(crate) fn closing(head: &str) -> String {
    let lines = head.trim_end().lines();
    let kept = lines.filter(|line| !line.to_lowercase().starts_with("connection:"));
    let kept: Vec<_> = kept.collect();
    format!("{}\r\nconnection: close\r\n\r\n", kept.join("\r\n"))
}

fn answer(client: &mut TcpStream, status: &str, body: &str) -> Option<()> {
    let len = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {len}\r\nconnection: close\r\n\r\n");
    client.write_all(head.as_bytes()).ok()?;
    client.write_all(body.as_bytes()).ok()?;
    client.shutdown(Shutdown::Both).ok()
}

/// Another last letter in the signature of a receipt.
fn change_receipt(head: &str) -> String {
    let lines = head.trim_end().lines().map(|line| {
        let is_receipt = line.to_lowercase().starts_with("causeway-receipt:");
        let middle = line.len().saturating_sub(40);
        match is_receipt {
            true if line[middle..].starts_with('A') => {
                format!("{}B{}", &line[..middle], &line[middle + 1..])
            }
            true => format!("{}A{}", &line[..middle], &line[middle + 1..]),
            false => line.to_owned(),
        }
    });
    let lines: Vec<_> = lines.collect();
    format!("{}\r\n\r\n", lines.join("\r\n"))
}

/// Shorter than the time for which a courier waits: what is tested is the break that follows.
const STALL: Duration = Duration::from_millis(700);
