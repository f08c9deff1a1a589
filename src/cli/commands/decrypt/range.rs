//! `decrypt --offset --length`: some bytes of a message.

use clap::Args;

use enwrap::operations::decrypt::OpenedMessage;
use enwrap::operations::encrypt::PlaintextFile as _;
use enwrap::pipeline::NoProgress;
use enwrap::pipeline::range::{ByteRange, RangeResult};

use crate::cli::io::destination::{Destination, Target};
use crate::cli::io::message_source::MessageSource;
use crate::output::error::{Error, NoParts, UsageError};
use crate::output::progress::FileMeter;

#[derive(Debug, Args)]
#[command(next_help_heading = "Parts of a message")]
pub(crate) struct RangeArgs {
    /// Begin at byte N of the plaintext, reading only what is needed of a FILE
    ///
    /// What is written is authentic, and so is the length of the whole; other parts are not looked at. Of a
    /// signed message, of one that is not in frames, of armour and of a stream, there is no part that can be
    /// proved by itself: --verify-first reads all of it, and then writes the part.
    #[arg(long, value_name = "N", conflicts_with_all = ["recursive", "salvage", "remove_source"])]
    #[arg(hide_short_help = true)]
    offset: Option<u64>,

    /// Write at most N bytes
    #[arg(long, value_name = "N", conflicts_with_all = ["recursive", "salvage", "remove_source"])]
    #[arg(hide_short_help = true)]
    length: Option<u64>,
}

impl RangeArgs {
    /// The range that was asked for, if one was.
    pub(super) fn range(&self) -> Option<ByteRange> {
        (self.offset.is_some() || self.length.is_some())
            .then(|| ByteRange { offset: self.offset.unwrap_or(0), length: self.length })
    }
}

/// Decrypts a part of a message, and reads only what is needed for it.
pub(super) fn decrypt(
    opened: &OpenedMessage,
    message: &mut MessageSource,
    (range, target): (ByteRange, &Target),
    destination: &mut Destination,
    meter: &FileMeter<'_>,
) -> Result<RangeResult, Error> {
    if opened.layout().is_none() {
        return Err(
            NoParts::of(opened.header(), Some("read all of it first: --verify-first")).into()
        );
    }
    let Some(source) = message.positional() else {
        return Err(UsageError::new("only a file, and without armour, can be read in parts")
            .hint("read all of it first: --verify-first")
            .into());
    };
    let found = opened
        .decrypt_range(source, source.claimed_len(), range, destination, meter)
        .map_err(|error| target.name_in(error))?;
    if let Some(found) = found {
        return Ok(found);
    }
    // Reading all of it in order says what is wrong with a message.
    opened.decrypt(message, &mut std::io::sink(), &NoProgress)?;
    // Nothing is wrong with it, but bytes stand before it, or the system does not know the file's size.
    Err(UsageError::new("its size is not that of the message in it, and so no part can be proved")
        .hint("read all of it first: --verify-first")
        .into())
}
