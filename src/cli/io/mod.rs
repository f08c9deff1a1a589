//! Where bytes come from and go to.

pub(crate) mod armored;
pub(crate) mod comparison;
pub(crate) mod destination;
pub(crate) mod generated;
pub(crate) mod message_file;
pub(crate) mod message_source;
pub(crate) mod metadata;
pub(crate) mod pipe;
pub(crate) mod plaintext;
pub(crate) mod side_by_side;
pub(crate) mod source;
mod sparse;
