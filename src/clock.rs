//! The time as enwrap stores and shows it.

use jiff::Timestamp;

/// The time, in whole seconds: what the file stores is what is shown.
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
