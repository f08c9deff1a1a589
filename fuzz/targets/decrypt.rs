//! Law: every path that decrypts a message (in order, on several threads, as a reader, by position, a part of it,
//! salvage, verified first) comes to the same plaintext and the same error.
//!
//! Input: flags, a place to damage, the choices of the readers, and the bytes of a message. With a flag, the message
//! gets valid tags first; what the fuzzer changed is then not found at the first tag.

#![no_main]

use enwrap_fuzz::paths::{Choices, agree, limits};
use enwrap_fuzz::sealer::{Repair, repaired};
use libfuzzer_sys::fuzz_target;

const TAGS: u8 = 1;
const FRAMES: u8 = 2;
const SIGNATURE: u8 = 4;
/// Many frames before the others: with fewer, no thread is started.
const LONG: u8 = 8;
const DAMAGE: u8 = 16;

/// The longest frames of which many are made.
const SHORT_FRAME: usize = 4;

fuzz_target!(|data: &[u8]| {
    let Some(([flags, place_0, place_1, step, from, len], message)) = data.split_first_chunk()
    else {
        return;
    };
    let has = |flag| flags & flag != 0;
    let mut message = message.to_vec();
    if has(TAGS) {
        let is_short = message.len() < 400 && frame_length(&message) <= SHORT_FRAME;
        let repair = Repair {
            frames: has(FRAMES),
            signature: has(SIGNATURE),
            frames_before: if has(LONG) && is_short { 2100 } else { 0 },
        };
        if let Some(new) = repaired(&message, &limits(), repair) {
            message = new;
        }
    }
    let place = usize::from(u16::from_be_bytes([*place_0, *place_1]));
    if has(DAMAGE) && !message.is_empty() {
        // Spread over the whole message, however long it is.
        let place = place * message.len() / (usize::from(u16::MAX) + 1);
        message[place] ^= 1;
    }
    let part = (u64::from(*from), u64::from(*len));
    agree(&message, Choices { step: usize::from(*step), part });
});

fn frame_length(message: &[u8]) -> usize {
    use enwrap::message::header::{ContentType, ParsedHeader};
    match ParsedHeader::read(message, &limits()).map(|header| header.fields.content) {
        Ok(ContentType::Framed(length)) => length.get() as usize,
        _ => usize::MAX,
    }
}
