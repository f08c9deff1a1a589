//! How many calls were made, for the summary of a run.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of calls, which several threads add to.
#[derive(Debug, Default)]
pub struct KmsCalls {
    made: AtomicU64,
    throttled: AtomicU64,
    expected: AtomicU64,
}

impl KmsCalls {
    /// The calls that were sent. One that is sent again after an error is still one.
    #[must_use]
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// The answers that there are too many requests, also those after which the call was sent again and done.
    #[must_use]
    pub fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }

    /// The calls that a dry run would have made.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.expected.load(Ordering::Relaxed)
    }

    /// Counts calls that a dry run would have made.
    pub fn expect(&self, calls: u64) {
        self.expected.fetch_add(calls, Ordering::Relaxed);
    }

    #[cfg_attr(not(feature = "aws-kms"), expect(dead_code, reason = "there are no calls"))]
    pub(super) fn add_made(&self) {
        self.made.fetch_add(1, Ordering::Relaxed);
    }

    #[cfg_attr(not(feature = "aws-kms"), expect(dead_code, reason = "there are no calls"))]
    pub(super) fn add_throttled(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
    }
}
