//! Processes that enwrap starts.

pub(crate) mod producer;
