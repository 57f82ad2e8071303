//! How many bytes the relay may hold. Nothing is ever evicted to make room.

use std::sync::{Mutex, PoisonError};

/// The bytes on disk, against the operator's quota.
#[derive(Debug)]
pub(crate) struct Budget {
    quota_bytes: u64,
    used_bytes: Mutex<u64>,
}

impl Budget {
    /// A budget of which `used_bytes` are taken; `None` is no quota.
    pub(crate) fn new(quota_bytes: Option<u64>, used_bytes: u64) -> Self {
        Self {
            quota_bytes: quota_bytes.unwrap_or(u64::MAX),
            used_bytes: Mutex::new(used_bytes),
        }
    }

    /// Whether that many more bytes fit now. Nothing is taken.
    pub(crate) fn fits(&self, bytes: u64) -> bool {
        let used = self
            .used_bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        used.checked_add(bytes)
            .is_some_and(|sum| sum <= self.quota_bytes)
    }

    /// Takes bytes; `false`, and nothing taken, when they do not fit.
    pub(crate) fn take(&self, bytes: u64) -> bool {
        let mut used = self
            .used_bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match used
            .checked_add(bytes)
            .filter(|sum| *sum <= self.quota_bytes)
        {
            Some(sum) => {
                *used = sum;
                true
            }
            None => false,
        }
    }

    /// Gives bytes back.
    pub(crate) fn give_back(&self, bytes: u64) {
        let mut used = self
            .used_bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *used = used.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_up_to_the_quota_and_not_one_byte_more() {
        let budget = Budget::new(Some(10), 4);
        assert!(budget.fits(6) && !budget.fits(7));
        assert!(budget.take(6) && !budget.take(1));
        budget.give_back(1);
        assert!(budget.take(1));
        assert!(!budget.take(u64::MAX));
    }
}
