//! At most one request works on one upload. A newer one takes over from an older one, because
//! the older one is most often a connection that broke without the server noticing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pack_format::relay::ContentId;
use tokio::sync::{OwnedMutexGuard, watch};

use super::store::MailboxNumber;

type Key = (MailboxNumber, ContentId);

/// All uploads that a request works on or waits for.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    slots: Mutex<HashMap<Key, Arc<Slot>>>,
}

#[derive(Debug)]
struct Slot {
    turn: Arc<tokio::sync::Mutex<()>>,
    /// The number of the newest request; an older one ends when it sees a larger number.
    newest: watch::Sender<u64>,
}

/// The right to work on one upload; dropped when the work is done.
#[derive(Debug)]
pub(crate) struct Claim {
    claims: Arc<Claims>,
    key: Key,
    /// Taken out only when the claim is dropped.
    turn: Option<OwnedMutexGuard<()>>,
}

/// Tells a request that a newer one waits for its place.
#[derive(Debug)]
pub(crate) struct TakenOver {
    own: u64,
    newest: watch::Receiver<u64>,
}

impl TakenOver {
    /// Returns when a newer request about the same upload has come.
    pub(crate) async fn wait(&mut self) {
        let own = self.own;
        // An error would mean that the slot is gone, which the claim beside this rules out.
        if self.newest.wait_for(|newest| *newest > own).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Claims {
    /// Waits until the older requests about this upload have ended; `None` when they take longer
    /// than `patience`, or when a newer request came meanwhile.
    pub(crate) async fn claim(
        self: &Arc<Self>,
        key: Key,
        patience: Duration,
    ) -> Option<(Claim, TakenOver)> {
        let slot = self.slot(key);
        let mut own = 0;
        slot.newest.send_modify(|newest| {
            *newest += 1;
            own = *newest;
        });
        let mut taken_over = TakenOver {
            own,
            newest: slot.newest.subscribe(),
        };
        let turn = Arc::clone(&slot.turn);
        drop(slot);
        let claim = tokio::select! {
            turn = tokio::time::timeout(patience, turn.lock_owned()) => turn.ok().map(|turn| Claim {
                claims: Arc::clone(self),
                key,
                turn: Some(turn),
            }),
            () = taken_over.wait() => None,
        };
        self.forget_idle(&key);
        claim.map(|claim| (claim, taken_over))
    }

    fn slot(&self, key: Key) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.entry(key).or_insert_with(|| {
            Arc::new(Slot {
                turn: Arc::default(),
                newest: watch::Sender::new(0),
            })
        });
        Arc::clone(slot)
    }

    /// Removes a slot that nobody holds or waits for.
    fn forget_idle(&self, key: &Key) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let idle =
            |slot: &Arc<Slot>| Arc::strong_count(slot) == 1 && Arc::strong_count(&slot.turn) == 1;
        if slots.get(key).is_some_and(idle) {
            slots.remove(key);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // The turn ends first, so that the slot can be seen to be idle.
        self.turn = None;
        self.claims.forget_idle(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(200);

    fn key(content: &[u8]) -> Key {
        (MailboxNumber::of_test(1), ContentId::of(content))
    }

    #[tokio::test]
    async fn a_newer_request_takes_over_and_leaves_nothing_behind() {
        let claims = Arc::new(Claims::default());
        let (older, mut taken_over) = claims.claim(key(b"a"), PATIENCE).await.unwrap();
        let newer = tokio::spawn({
            let claims = Arc::clone(&claims);
            async move { claims.claim(key(b"a"), PATIENCE).await.is_some() }
        });
        taken_over.wait().await;
        drop(older);
        assert!(newer.await.unwrap());
        assert!(claims.slots.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn work_that_does_not_end_keeps_its_claim() {
        let claims = Arc::new(Claims::default());
        let _older = claims.claim(key(b"a"), PATIENCE).await.unwrap();
        assert!(claims.claim(key(b"a"), PATIENCE).await.is_none());
        assert!(claims.claim(key(b"b"), PATIENCE).await.is_some());
    }
}
