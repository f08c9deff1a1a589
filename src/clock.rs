//! The current time, as enwrap stores and shows it.

use jiff::Timestamp;

/// Returns the current time in whole seconds. Fractions are dropped, so that a stored time is shown as it is stored.
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
