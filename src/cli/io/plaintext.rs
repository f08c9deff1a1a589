//! From an opened message to its plaintext: as it comes, or only after all of the message was verified.

use std::env;
use std::io::{self, Cursor, Read as _, Seek as _, Write};

use enwrap::crypto::secret::fill_random;
use enwrap::fs::atomic_file::AtomicFile;
use enwrap::operations::decrypt::{MessageOpener, OpenedMessage};
use enwrap::operations::encrypt::PlaintextFile as _;
use enwrap::operations::verify_first::Verified;
use enwrap::pipeline::{PipelineError, Progress};

use super::destination::Destination;
use super::message_source::MessageSource;
use crate::output::error::Error;

/// Decrypts the rest of a message to `destination`, or to nowhere, which verifies it. Returns the plaintext's length.
///
/// Files are read and written by position, on all threads. Everything else is decrypted in order, and so is a file
/// where that fails: what is wrong with a message is decided in one place.
pub(crate) fn decrypt(
    opened: &OpenedMessage,
    message: &mut MessageSource,
    destination: Option<&mut Destination>,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    let is_stream = destination.as_deref().is_some_and(Destination::is_stream);
    if let Some(source) = message.positional().filter(|_| !is_stream) {
        let file = destination.as_deref().and_then(Destination::file);
        let len = opened.decrypt_file(source, source.claimed_len(), file, progress)?;
        if let Some(len) = len {
            return Ok(len);
        }
        if let Some(file) = file {
            file.set_len(0).map_err(PipelineError::Write)?;
        }
    }
    match destination {
        Some(destination) => opened.decrypt(message, destination, progress),
        None => opened.decrypt(message, &mut io::sink(), progress),
    }
}

/// Verifies all of a message whose header was read from `message`, and then decrypts it to `output`. Returns the
/// message as the second pass opened it, and the plaintext's length.
///
/// A file is read twice. Anything else is copied as it comes, during the first pass, to a file without a name in the
/// temporary folder, and the second pass reads the copy.
pub(crate) fn decrypt_verified(
    opened: &OpenedMessage,
    mut message: MessageSource,
    opener: &MessageOpener<'_>,
    output: &mut impl Write,
    progress: &dyn Progress,
) -> Result<(OpenedMessage, u64), Error> {
    let header = Cursor::new(opened.read_header().raw().to_vec());
    if message.source().is_file() {
        let verified = Verified::new(header.chain(&mut message), None, opener)?;
        return Ok(verified.release(message.rewound()?, opener, output, progress)?);
    }
    // Only a name where the system has no files without one. It is random, since somebody who could guess it could
    // put a link there before the file is made.
    let mut random = [0; 8];
    fill_random(&mut random)?;
    let name = format!("enwrap-spool-{}", hex::encode(random));
    let copy = AtomicFile::create(&env::temp_dir().join(name))?;
    let mut file = copy.file();
    let verified = Verified::new(header.chain(&mut message), Some(file), opener)?;
    file.rewind()?;
    Ok(verified.release(file, opener, output, progress)?)
}
