//! Looks into mailboxes and fetches what waits there.

use std::collections::HashSet;
use std::io::{self, Write};

use super::shuffle;
use super::visit::{Stop, Visit};
use crate::client::{RelayClient, RelayError};
use crate::courier::limits::LISTED_MAX;
use crate::courier::progress::Cancel;
use crate::courier::store::{Mailbox, NO_BUNDLE, Partial, Store, StoreError, Wanted, Whole};
use crate::courier::trouble::Trouble;

impl Visit<'_> {
    /// Looks into every mailbox, in random order.
    pub(super) fn fetch(&mut self) -> Result<(), Stop> {
        let mut mailboxes = self.store.mailboxes(self.relay.number)?;
        shuffle(&mut mailboxes)?;
        for mailbox in mailboxes {
            self.go_on()?;
            let client = self.client()?;
            if self.list(&client, &mailbox)? {
                self.fetch_wanted(&client, &mailbox)?;
            }
        }
        Ok(())
    }

    /// Notes what a mailbox lists, always from its beginning: a relay that was restored from a
    /// backup uses sequence numbers again. False where there is no list.
    fn list(&mut self, client: &RelayClient, mailbox: &Mailbox) -> Result<bool, Stop> {
        let mut listed = HashSet::new();
        let mut after = 0;
        loop {
            self.go_on()?;
            let page = match client.list(&mailbox.token, after) {
                Ok(page) => page,
                Err(source) => {
                    self.failed(mailbox.lane, NO_BUNDLE, source)?;
                    return Ok(false);
                }
            };
            self.store
                .transact(|change| change.note_page(mailbox.number, &page.items))?;
            listed.extend(page.items.iter().map(|item| item.content_id));
            after = page.items.last().map_or(after, |last| last.sequence);
            if !page.more {
                self.store
                    .transact(|change| change.forget_unlisted(mailbox.number, &listed))?;
                return Ok(true);
            }
            if listed.len() >= LISTED_MAX {
                let trouble = Trouble::ListedTooMany {
                    url: self.url(),
                    listed_max: LISTED_MAX,
                };
                self.tell(mailbox.lane, NO_BUNDLE, trouble)?;
                return Ok(true);
            }
        }
    }

    fn fetch_wanted(&mut self, client: &RelayClient, mailbox: &Mailbox) -> Result<(), Stop> {
        let mut after = 0;
        loop {
            let batch = self.store.wanted(mailbox.number, after)?;
            let Some(last) = batch.last() else {
                return Ok(());
            };
            after = last.listed.sequence;
            for wanted in &batch {
                self.go_on()?;
                self.fetch_one(client, mailbox, wanted)?;
            }
        }
    }

    fn fetch_one(
        &mut self,
        client: &RelayClient,
        mailbox: &Mailbox,
        wanted: &Wanted,
    ) -> Result<(), Stop> {
        if self
            .store
            .transact(|change| change.arrived_before(wanted))?
        {
            self.count_fetched(wanted);
            return Ok(());
        }
        let content_id = wanted.listed.content_id;
        match self.download(client, mailbox, wanted) {
            Ok(whole) if whole.content_id() == content_id => {
                let (lane, relay) = (mailbox.lane, self.relay.number);
                self.store.keep_whole(wanted, &whole)?;
                self.store
                    .transact(|change| change.clear_report(lane, relay, &content_id))?;
                self.count_fetched(wanted);
                Ok(())
            }
            Ok(_) => {
                self.store
                    .transact(|change| change.throw_partial_away(wanted))?;
                let url = self.url();
                self.tell(mailbox.lane, content_id, Trouble::FetchedWrong { url })
            }
            // It was acknowledged since it was listed.
            Err(DownloadError::Relay(RelayError::BundleUnknown)) => {
                Ok(self.store.transact(|change| change.forget_wanted(wanted))?)
            }
            Err(DownloadError::Relay(source)) => self.failed(mailbox.lane, content_id, source),
            Err(DownloadError::Store(source @ StoreError::Full { .. })) => {
                let url = self.url();
                self.tell(mailbox.lane, content_id, Trouble::NotKept { url, source })
            }
            Err(DownloadError::Store(err)) => Err(err.into()),
        }
    }

    fn count_fetched(&mut self, wanted: &Wanted) {
        let report = &mut *self.report;
        report.bundles_fetched = report.bundles_fetched.saturating_add(1);
        report.bytes_fetched = report
            .bytes_fetched
            .saturating_add(wanted.listed.size_bytes);
    }

    /// All bytes of a bundle. Where those of an earlier run turn out to be wrong, whatever
    /// happened to them, everything is fetched once more before the relay is blamed.
    fn download(
        &mut self,
        client: &RelayClient,
        mailbox: &Mailbox,
        wanted: &Wanted,
    ) -> Result<Whole, DownloadError> {
        let partial = self.store.open_partial(wanted)?;
        let is_resumed = partial.is_resumed();
        let whole = self.download_rest(client, mailbox, wanted, partial)?;
        if !is_resumed || whole.content_id() == wanted.listed.content_id {
            return Ok(whole);
        }
        self.store
            .transact(|change| change.throw_partial_away(wanted))?;
        let partial = self.store.open_partial(wanted)?;
        self.download_rest(client, mailbox, wanted, partial)
    }

    fn download_rest(
        &mut self,
        client: &RelayClient,
        mailbox: &Mailbox,
        wanted: &Wanted,
        mut partial: Partial,
    ) -> Result<Whole, DownloadError> {
        let what = format!("Fetching from {}", self.relay.address.url());
        let cancel = self.watch.cancel().clone();
        let from_offset = partial.len_bytes();
        let mut sink = Sink {
            partial: &mut partial,
            store: &mut *self.store,
            cancel,
            failure: None,
        };
        let watch = &mut *self.watch;
        let total_bytes = wanted.listed.size_bytes;
        let mut progress = |done_bytes: u64| watch.at(&what, done_bytes, total_bytes);
        let token = &mailbox.token;
        let fetched = client.download(token, &wanted.listed, from_offset, &mut sink, &mut progress);
        if let Some(err) = sink.failure {
            return Err(err.into());
        }
        match fetched {
            Ok(()) => Ok(partial.into_whole(self.store)?),
            Err(err) => {
                // What came is kept for the next run.
                self.store.keep_partial(&mut partial)?;
                Err(DownloadError::Relay(err))
            }
        }
    }
}

enum DownloadError {
    Relay(RelayError),
    Store(StoreError),
}

impl From<StoreError> for DownloadError {
    fn from(err: StoreError) -> Self {
        Self::Store(err)
    }
}

/// Where a download's bytes go.
struct Sink<'a> {
    partial: &'a mut Partial,
    store: &'a mut Store,
    cancel: Cancel,
    /// Why the bytes could not be kept, in full.
    failure: Option<StoreError>,
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.cancel.is_set() {
            return Err(io::Error::other("cancelled"));
        }
        match self.partial.append(bytes, self.store) {
            Ok(()) => Ok(bytes.len()),
            Err(err) => {
                self.failure = Some(err);
                Err(io::Error::other("the bytes cannot be kept"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
