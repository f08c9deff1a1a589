//! Moves a body through the frame cipher.
//!
//! [`sequential`] works on any source and output, and decides every error; faster ways for special
//! cases use the same frame cipher and layout.

pub mod sequential;

use std::io;

use crate::message::MessageError;

/// Hears how far the work is; the pipeline shows nothing itself.
pub trait Progress: Sync {
    /// `bytes` more of plaintext are done.
    fn advance(&self, bytes: u64);
}

/// No one listens.
impl Progress for () {
    fn advance(&self, _bytes: u64) {}
}

/// Why a body did not come through.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The body is not whole and authentic, or could not be read.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The plaintext could not be read.
    #[error("reading failed")]
    Read(#[source] io::Error),
    /// The result could not be written.
    #[error("writing failed")]
    Write(#[source] io::Error),
    /// The plaintext needs more frames than the format can number.
    #[error("the input is too long: a message has at most 4294967294 frames")]
    TooLong,
}
