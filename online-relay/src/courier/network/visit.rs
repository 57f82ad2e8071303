//! One visit to one relay: opens mailboxes, hands in what vaults have signed, uploads.

use std::io;

use pack_format::chunked::ReadAt;
use pack_format::relay::{ContentId, PublicKey};

use super::{RelayReport, shuffle};
use crate::client::{ClientOptions, RelayClient, RelayError};
use crate::courier::progress::{Cancel, Watch};
use crate::courier::store::{
    BlobReader, Change, KnownRelay, LaneNumber, MailboxToOpen, NO_BUNDLE, Store, StoreError,
    WaitingAcknowledgement, WaitingTicket,
};
use crate::courier::trouble::Trouble;

/// Why a visit ends early.
pub(super) enum Stop {
    /// The relay cannot be used now, or should not be.
    Leave,
    /// The person stopped it.
    Cancelled,
    /// This machine failed.
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(err: StoreError) -> Self {
        Self::Store(err)
    }
}

/// A visit to a relay that may be contacted.
pub(super) struct Visit<'a> {
    pub(super) store: &'a mut Store,
    pub(super) relay: &'a KnownRelay,
    options: &'a ClientOptions,
    pub(super) watch: &'a mut Watch,
    pub(super) report: &'a mut RelayReport,
    troubles: Vec<Trouble>,
    /// Something went wrong that concerns no single bundle.
    relay_failed: bool,
    server_failures: u32,
}

impl<'a> Visit<'a> {
    pub(super) fn new(
        store: &'a mut Store,
        relay: &'a KnownRelay,
        options: &'a ClientOptions,
        watch: &'a mut Watch,
        report: &'a mut RelayReport,
    ) -> Self {
        Self {
            store,
            relay,
            options,
            watch,
            report,
            troubles: Vec::new(),
            relay_failed: false,
            server_failures: 0,
        }
    }

    /// What did not go well.
    pub(super) fn into_troubles(self) -> Vec<Trouble> {
        self.troubles
    }

    /// Does everything that there is to do. Acknowledgements come before uploads: they make room.
    pub(super) fn run(&mut self) -> Result<(), Stop> {
        self.go_on()?;
        let checked = self.client()?.check_key();
        if let Err(source) = checked {
            return Err(self.leave(source)?);
        }
        self.open_mailboxes()?;
        self.acknowledge()?;
        self.upload()?;
        self.fetch()?;
        if !self.relay_failed {
            let number = self.relay.number;
            self.store
                .transact(|change| change.clear_relay_reports(number))?;
        }
        Ok(())
    }

    pub(super) fn url(&self) -> String {
        self.relay.address.url().to_owned()
    }

    /// Stops where the person wants that.
    pub(super) fn go_on(&self) -> Result<(), Stop> {
        if self.watch.cancel().is_set() {
            Err(Stop::Cancelled)
        } else {
            Ok(())
        }
    }

    /// A client with connections of its own: mailboxes share none.
    pub(super) fn client(&mut self) -> Result<RelayClient, Stop> {
        match RelayClient::new(&self.relay.address, self.options) {
            Ok(client) => Ok(client),
            Err(source) => Err(self.leave(source)?),
        }
    }

    /// The relay is of no use in this visit: every vault that has business with it is told.
    fn leave(&mut self, source: RelayError) -> Result<Stop, Stop> {
        let url = self.url();
        let trouble = Trouble::Relay { url, source };
        let (number, told) = (self.relay.number, trouble.to_report(NO_BUNDLE));
        self.store
            .transact(|change| change.report_to_all(number, &told))?;
        self.troubles.push(trouble);
        self.relay_failed = true;
        Ok(Stop::Leave)
    }

    /// A call for one vault failed: the vault is told, and the visit goes on if it can.
    pub(super) fn failed(
        &mut self,
        lane: LaneNumber,
        content_id: ContentId,
        source: RelayError,
    ) -> Result<(), Stop> {
        self.go_on()?;
        if matches!(source, RelayError::ServerFailed { .. }) {
            self.server_failures = self.server_failures.saturating_add(1);
        }
        if ends_visit(&source) || self.server_failures >= SERVER_FAILURES_MAX {
            return Err(self.leave(source)?);
        }
        let url = self.url();
        self.tell(lane, content_id, Trouble::Relay { url, source })
    }

    /// Notes a trouble and tells the vault that it concerns.
    pub(super) fn tell(
        &mut self,
        lane: LaneNumber,
        content_id: ContentId,
        trouble: Trouble,
    ) -> Result<(), Stop> {
        self.relay_failed |= content_id == NO_BUNDLE;
        let (number, told) = (self.relay.number, trouble.to_report(content_id));
        self.store
            .transact(|change| change.report(lane, number, &told))?;
        self.troubles.push(trouble);
        Ok(())
    }

    fn open_mailboxes(&mut self) -> Result<(), Stop> {
        let mut mailboxes = self.store.mailboxes_to_open(self.relay.number)?;
        shuffle(&mut mailboxes)?;
        for mailbox in mailboxes {
            self.go_on()?;
            self.open_mailbox(&mailbox)?;
        }
        Ok(())
    }

    fn open_mailbox(&mut self, mailbox: &MailboxToOpen) -> Result<(), Stop> {
        match self.client()?.open_mailbox(&mailbox.statement) {
            Ok(_) => {
                self.store
                    .transact(|change| change.mailbox_opened(mailbox.number))?;
                self.report.mailboxes_opened = self.report.mailboxes_opened.saturating_add(1);
                Ok(())
            }
            Err(source) if is_final(&source) => {
                let settle = |change: &mut Change<'_>| change.mailbox_refused(mailbox.number);
                self.give_up(mailbox.lane, source, settle)
            }
            Err(source) => self.failed(mailbox.lane, NO_BUNDLE, source),
        }
    }

    fn acknowledge(&mut self) -> Result<(), Stop> {
        let mut after = 0;
        loop {
            let batch = self
                .store
                .waiting_acknowledgements(self.relay.number, after)?;
            let Some(last) = batch.last() else {
                return Ok(());
            };
            after = last.number;
            for waiting in &batch {
                self.go_on()?;
                self.acknowledge_one(waiting)?;
            }
        }
    }

    fn acknowledge_one(&mut self, waiting: &WaitingAcknowledgement) -> Result<(), Stop> {
        match self.client()?.acknowledge(&waiting.statement) {
            Ok(count) => {
                self.store
                    .transact(|change| change.drop_acknowledgement(waiting.number))?;
                let done = &mut self.report.bundles_acknowledged;
                *done = done.saturating_add(count);
                Ok(())
            }
            Err(source) if is_final(&source) => {
                let settle = |change: &mut Change<'_>| change.drop_acknowledgement(waiting.number);
                self.give_up(waiting.lane, source, settle)
            }
            Err(source) => self.failed(waiting.lane, NO_BUNDLE, source),
        }
    }

    /// What the relay will never do is settled here, and the vault is told once; both are one
    /// transaction.
    fn give_up(
        &mut self,
        lane: LaneNumber,
        source: RelayError,
        settle: impl FnOnce(&mut Change<'_>) -> Result<(), StoreError>,
    ) -> Result<(), Stop> {
        let url = self.url();
        let trouble = Trouble::Relay { url, source };
        let (relay, told) = (self.relay.number, trouble.to_report(NO_BUNDLE));
        self.store.transact(|change| {
            settle(change)?;
            change.report_given_up(lane, relay, &told)
        })?;
        self.troubles.push(trouble);
        Ok(())
    }

    fn upload(&mut self) -> Result<(), Stop> {
        let total_bytes = self.store.waiting(self.relay.number)?.bytes;
        let mut current: Option<(PublicKey, RelayClient)> = None;
        let (mut after, mut done_bytes) = (0, 0);
        loop {
            let batch = self.store.waiting_tickets(self.relay.number, after)?;
            let Some(last) = batch.last() else {
                return Ok(());
            };
            after = last.number;
            for ticket in &batch {
                self.go_on()?;
                let send_key = ticket.ticket.peek_statement().send_key;
                let client = match current.take().filter(|(key, _)| *key == send_key) {
                    Some((_, client)) => client,
                    None => self.client()?,
                };
                self.upload_one(&client, ticket, done_bytes, total_bytes)?;
                current = Some((send_key, client));
                let size_bytes = ticket.ticket.peek_statement().size_bytes;
                done_bytes = size_bytes.saturating_add(done_bytes);
            }
        }
    }

    fn upload_one(
        &mut self,
        client: &RelayClient,
        ticket: &WaitingTicket,
        before_bytes: u64,
        total_bytes: u64,
    ) -> Result<(), Stop> {
        let statement = ticket.ticket.peek_statement();
        let (content_id, size_bytes) = (statement.content_id, statement.size_bytes);
        let url = self.url();
        if !ticket.is_here {
            return self.tell(ticket.lane, content_id, Trouble::BundleMissing { url });
        }
        let body = match self.store.open_bundle(&content_id) {
            Ok(blob) => Cancellable {
                blob,
                cancel: self.watch.cancel().clone(),
            },
            Err(source) => {
                return self.failed(ticket.lane, content_id, RelayError::Source { source });
            }
        };
        let what = format!("Uploading to {url}");
        let watch = &mut *self.watch;
        // A receipt alone may be for what was sent before, and its answer was lost.
        let mut was_sent = false;
        let mut progress = |sent_bytes: u64| {
            was_sent = true;
            watch.at(&what, sent_bytes.saturating_add(before_bytes), total_bytes);
        };
        match client.upload(&ticket.ticket, &body, &mut progress) {
            Ok(receipt) => {
                let number = self.relay.number;
                self.store
                    .transact(|change| change.note_stored(number, ticket, &receipt))?;
                if was_sent {
                    let report = &mut *self.report;
                    report.bundles_uploaded = report.bundles_uploaded.saturating_add(1);
                    report.bytes_uploaded = report.bytes_uploaded.saturating_add(size_bytes);
                }
                Ok(())
            }
            Err(source) => self.failed(ticket.lane, content_id, source),
        }
    }
}

/// A bundle that stops giving bytes when the person wants to stop.
struct Cancellable {
    blob: BlobReader,
    cancel: Cancel,
}

impl ReadAt for Cancellable {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        if self.cancel.is_set() {
            return Err(io::Error::other("cancelled"));
        }
        self.blob.read_exact_at(buf, offset)
    }

    fn size_bytes(&self) -> u64 {
        self.blob.size_bytes()
    }
}

/// Whether nothing more is to be had from this relay now, or nothing more should be taken.
fn ends_visit(err: &RelayError) -> bool {
    matches!(
        err,
        RelayError::BadUrl { .. }
            | RelayError::PlainHttp { .. }
            | RelayError::OnionWithoutProxy { .. }
            | RelayError::Unreachable { .. }
            | RelayError::Interrupted { .. }
            | RelayError::Stalled { .. }
            | RelayError::Busy
            | RelayError::WrongKey { .. }
            | RelayError::Lied { .. }
    )
}

/// Whether the relay will say the same for ever: only the vault can make another statement.
fn is_final(err: &RelayError) -> bool {
    matches!(err, RelayError::Refused { .. } | RelayError::MailboxUnknown)
}

/// A relay that fails this often in one visit is left alone.
const SERVER_FAILURES_MAX: u32 = 3;
