//! Uploads and downloads: in constant memory, taken up where they stopped.

use std::io::{self, Read, Write};

use pack_format::chunked::ReadAt;
use pack_format::relay::{FetchToken, Signed, StoredReceipt, Ticket};
use ureq::SendBody;
use ureq::http::HeaderMap;

use super::error::RelayError;
use super::http::header;
use super::{BUSY_PAUSE, Listed, RelayClient, bearer};
use crate::api;
use crate::limits::{ANSWER_BYTES_MAX, COPY_BYTES, UPLOAD_ATTEMPTS_MAX};

/// What the relay holds of an upload.
enum Held {
    Stored(Box<Signed<StoredReceipt>>),
    Partial(u64),
}

impl RelayClient {
    /// Puts a bundle into the ticket's mailbox and returns the relay's verified receipt.
    ///
    /// Asks first how much the relay has and sends the rest. A connection that breaks is taken up
    /// again as long as each attempt leaves more with the relay than the one before. `progress`
    /// hears how many bytes of the bundle have gone out; it falls back after an interruption.
    ///
    /// # Errors
    /// [`RelayError::Source`] when `body` fails or has another size than the ticket;
    /// [`RelayError::Lied`] when the receipt is not for this bundle, mailbox and relay.
    pub fn upload(
        &self,
        ticket: &Signed<Ticket>,
        body: &dyn ReadAt,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Signed<StoredReceipt>, RelayError> {
        if body.size_bytes() != ticket.peek_statement().size_bytes {
            return Err(RelayError::Source {
                source: io::Error::new(io::ErrorKind::InvalidData, "its size is not the ticket's"),
            });
        }
        let mut before: Option<(u64, RelayError)> = None;
        for _ in 0..UPLOAD_ATTEMPTS_MAX {
            let offset = match self.ask_held(ticket) {
                Ok(Held::Stored(receipt)) => return Ok(*receipt),
                Ok(Held::Partial(offset)) => offset,
                Err(RelayError::Busy) => {
                    std::thread::sleep(BUSY_PAUSE);
                    continue;
                }
                Err(err) => return Err(err),
            };
            if let Some((old_offset, err)) = before
                && offset <= old_offset
            {
                return Err(err);
            }
            match self.send_rest(ticket, body, offset, progress) {
                Err(err) if err.may_resume() => before = Some((offset, err)),
                done => return done,
            }
        }
        Err(before.map_or(RelayError::Busy, |(_, err)| err))
    }

    /// Fetches a bundle's bytes from `from_offset` to its end into `sink`.
    ///
    /// The bytes are *not* checked against the content id: the caller hashes the whole when it
    /// has it. `progress` hears the offset reached in the bundle.
    ///
    /// # Errors
    /// [`RelayError::Lied`] when the relay's length is not the listed one; [`RelayError::Sink`]
    /// when `sink` fails. After [`RelayError::Interrupted`] or [`RelayError::Stalled`] `sink`
    /// holds what came, and the caller goes on from there.
    pub fn download(
        &self,
        token: &FetchToken,
        item: &Listed,
        from_offset: u64,
        sink: &mut dyn Write,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), RelayError> {
        let mut rest_bytes = match item.size_bytes.checked_sub(from_offset) {
            Some(0) => return Ok(()),
            Some(rest) => rest,
            None => {
                return Err(RelayError::Sink {
                    source: io::Error::new(io::ErrorKind::InvalidData, "more than the whole"),
                });
            }
        };
        let response = self
            .http
            .agent
            .get(self.http.at(&format!("/v1/blobs/{}", item.content_id)))
            .header("authorization", bearer(&token.0).as_str())
            .header("range", format!("bytes={from_offset}-"))
            .call()
            .map_err(|err| self.http.failure(err))?;
        let response = self.http.expect(response, &[206])?;
        check_range(response.headers(), item, from_offset, rest_bytes)?;
        let mut reader = response.into_body().into_reader();
        let mut piece = vec![0; COPY_BYTES];
        while rest_bytes > 0 {
            let len = reader
                .read(&mut piece)
                .map_err(|err| self.http.failure(err.into()))?;
            let read = piece.get(..len).unwrap_or_default();
            if read.is_empty() {
                return Err(self.http.failure(cut_short()));
            }
            rest_bytes = rest_bytes.checked_sub(len as u64).ok_or(TOO_MUCH)?;
            sink.write_all(read)
                .map_err(|source| RelayError::Sink { source })?;
            progress(item.size_bytes.saturating_sub(rest_bytes));
        }
        Ok(())
    }

    fn ask_held(&self, ticket: &Signed<Ticket>) -> Result<Held, RelayError> {
        let response = self
            .http
            .agent
            .head(self.http.at(&path_of(ticket)))
            .header(api::TICKET, ticket.to_header())
            .config()
            .timeout_global(Some(self.http.small_call()))
            .build()
            .call()
            .map_err(|err| self.http.failure(err))?;
        let response = self.http.expect(response, &[200])?;
        if header(response.headers(), api::UPLOAD_COMPLETE) == Some("1") {
            let receipt = self.checked_receipt(ticket, response.headers())?;
            return Ok(Held::Stored(Box::new(receipt)));
        }
        header(response.headers(), api::UPLOAD_OFFSET)
            .and_then(|text| text.parse().ok())
            .filter(|offset| *offset <= ticket.peek_statement().size_bytes)
            .map(Held::Partial)
            .ok_or(RelayError::Lied {
                what: "it holds more of the bundle than there is",
            })
    }

    fn send_rest(
        &self,
        ticket: &Signed<Ticket>,
        body: &dyn ReadAt,
        offset: u64,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Signed<StoredReceipt>, RelayError> {
        let size_bytes = ticket.peek_statement().size_bytes;
        let mut rest = Rest {
            body,
            at: offset,
            end: size_bytes,
            progress,
            failure: None,
        };
        let sent = self
            .http
            .agent
            .put(self.http.at(&path_of(ticket)))
            .header(api::TICKET, ticket.to_header())
            .header(api::UPLOAD_OFFSET, offset.to_string())
            .header(
                "content-length",
                size_bytes.saturating_sub(offset).to_string(),
            )
            // The relay can say no before the bundle is on its way.
            .header("expect", "100-continue")
            .content_type("application/octet-stream")
            .send(SendBody::from_reader(&mut rest));
        if let Some(source) = rest.failure {
            return Err(RelayError::Source { source });
        }
        let response = sent.map_err(|err| self.http.failure(err))?;
        let response = self.http.expect(response, &[200, 201])?;
        let receipt = self.checked_receipt(ticket, response.headers())?;
        self.http.read_small(response, ANSWER_BYTES_MAX)?;
        Ok(receipt)
    }

    /// The receipt of an answer: signed by this relay, for this bundle in this mailbox.
    fn checked_receipt(
        &self,
        ticket: &Signed<Ticket>,
        headers: &HeaderMap,
    ) -> Result<Signed<StoredReceipt>, RelayError> {
        let lied = |what| RelayError::Lied { what };
        let signed = header(headers, api::RECEIPT)
            .and_then(|text| Signed::<StoredReceipt>::from_header(text).ok())
            .ok_or(lied("it gives no receipt"))?;
        let receipt = signed
            .verify()
            .map_err(|_| lied("the receipt does not verify"))?;
        let ticket = ticket.peek_statement();
        if receipt.relay_key != self.key {
            return Err(lied("the receipt is signed by another relay"));
        }
        if receipt.send_key != ticket.send_key || receipt.content_id != ticket.content_id {
            return Err(lied("the receipt is for something else"));
        }
        Ok(signed)
    }
}

fn path_of(ticket: &Signed<Ticket>) -> String {
    format!("/v1/blobs/{}", ticket.peek_statement().content_id)
}

fn check_range(
    headers: &HeaderMap,
    item: &Listed,
    from_offset: u64,
    rest_bytes: u64,
) -> Result<(), RelayError> {
    let last = item.size_bytes.saturating_sub(1);
    let range = format!("bytes {from_offset}-{last}/{}", item.size_bytes);
    let length = rest_bytes.to_string();
    if header(headers, "content-range") == Some(range.as_str())
        && header(headers, "content-length") == Some(length.as_str())
    {
        return Ok(());
    }
    Err(RelayError::Lied {
        what: "the bundle has another length than was listed",
    })
}

fn cut_short() -> ureq::Error {
    ureq::Error::Io(io::ErrorKind::UnexpectedEof.into())
}

const TOO_MUCH: RelayError = RelayError::Lied {
    what: "it sends more than it should",
};

/// The bytes of a bundle that are still to be sent.
struct Rest<'a> {
    body: &'a dyn ReadAt,
    at: u64,
    end: u64,
    progress: &'a mut dyn FnMut(u64),
    /// Why the bundle could not be read: the HTTP library would report it as its own trouble.
    failure: Option<io::Error>,
}

impl Read for Rest<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let rest = self.end.saturating_sub(self.at);
        let len = usize::try_from(rest).map_or(buf.len(), |rest| rest.min(buf.len()));
        let Some(piece) = buf.get_mut(..len).filter(|piece| !piece.is_empty()) else {
            return Ok(0);
        };
        if let Err(err) = self.body.read_exact_at(piece, self.at) {
            let kind = err.kind();
            self.failure = Some(err);
            return Err(kind.into());
        }
        self.at = self.at.saturating_add(len as u64);
        (self.progress)(self.at);
        Ok(len)
    }
}
