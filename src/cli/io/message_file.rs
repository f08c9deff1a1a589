//! What the header and the structure of a message tell of the file that it is in.

use enwrap::fs::file_at::FileAt;
use enwrap::fs::read_full::read_full;
use enwrap::message::header::{ContentType, ParsedHeader};
use enwrap::message::layout::Layout;
use enwrap::message::structure;
use enwrap::message::{Limits, MessageError};

use super::message_source::MessageSource;
use crate::output::error::Cause;

/// Whether a file is a message, judged by its header only. `None` if it cannot be read.
pub(crate) fn is_message(path: &FileAt) -> Option<bool> {
    let mut message = match MessageSource::open(path) {
        Ok(message) => message,
        Err(error) => {
            use MessageError::{Armor, Foreign};
            let is_other = matches!(error.cause(), Cause::Message(Armor(_) | Foreign(_)));
            return is_other.then_some(false);
        }
    };
    match ParsedHeader::read(&mut message, &Limits::default()) {
        Ok(_) => Some(true),
        Err(MessageError::Read(_)) => None,
        Err(_) => Some(false),
    }
}

/// Whether a file is one message from its first byte to its last, judged by its structure.
pub(crate) fn is_whole_message(path: &FileAt) -> bool {
    MessageSource::open(path)
        .is_ok_and(|mut message| structure::is_whole_message(&mut message) && message.is_alone())
}

/// Whether the message in a file is as long as a message of `plaintext_len` bytes is. Where the length is no criterion,
/// as with armour, the message must be whole.
pub(crate) fn has_length_of(path: &FileAt, plaintext_len: u64) -> bool {
    let Ok(mut message) = MessageSource::open(path) else { return false };
    let Ok(header) = ParsedHeader::read(&mut message, &Limits::default()) else { return false };
    let ContentType::Framed(frame_length) = header.fields.content else {
        return is_whole_message(path);
    };
    let layout = Layout { header_len: header.len(), frame_length };
    let (body, size) = (layout.message_len(plaintext_len), message.source().size());
    match body.zip(size) {
        _ if message.is_armored() => is_whole_message(path),
        // The footer's length varies with the signature.
        Some((body, size)) if header.fields.public_key.is_some() => {
            size > body && is_whole_message(path)
        }
        Some((body, size)) => size == body,
        None => false,
    }
}

/// Whether a file has nothing but zeros, as a message never has.
pub(crate) fn is_zeroed(path: &FileAt) -> bool {
    let mut chunk = [0; 64 << 10];
    let Ok(mut file) = path.open() else { return false };
    loop {
        match read_full(&mut file, &mut chunk) {
            Ok(0) => return true,
            Ok(read) if chunk[..read].iter().all(|byte| *byte == 0) => {}
            Ok(_) | Err(_) => return false,
        }
    }
}
