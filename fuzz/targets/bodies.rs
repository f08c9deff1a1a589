//! Law: of frames with valid tags, exactly those are accepted that stand in their order, with their own numbers, lengths
//! and kinds, up to one final frame at the end of the message. Salvage takes a frame only to the place of its number.
//!
//! Whoever holds the data key can make such frames, so no tag finds what is wrong with them.

#![no_main]

use std::num::NonZeroU32;

use arbitrary::Arbitrary;
use enwrap::ErrorKind;
use enwrap::message::frame::frame_iv;
use enwrap::message::header::ContentType;
use enwrap_fuzz::paths::{Choices, Outcome, agree};
use enwrap_fuzz::sealer::{Kind, begin, fields};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Body {
    /// The frame length, less 1.
    frame_length: u8,
    frames: Vec<Frame>,
    behind: Vec<u8>,
    step: u8,
    part: (u8, u8),
}

/// A frame, with what is wrong about it. All zero is a right one.
#[derive(Arbitrary, Debug)]
struct Frame {
    /// Whether its first bytes are those of a final frame.
    is_dressed_as_final: bool,
    /// The kind that its tag covers; `None` is the one that its first bytes say.
    sealed_as: Option<Kind>,
    /// What is added to the number that the tag covers, and to the one in the first bytes.
    sealed_number_off: i8,
    number_off: i8,
    /// By how much it is shorter than a full frame.
    missing: u8,
    /// What is added to the length in the first bytes of a final frame.
    length_off: i8,
    has_other_iv: bool,
    is_tag_wrong: bool,
}

/// A frame as it was sealed, for the model.
struct Sealed {
    plaintext: Vec<u8>,
    number: u32,
    /// Whether it is right at its place.
    is_right: bool,
    is_final: bool,
    is_number_right: bool,
}

fuzz_target!(|body: Body| {
    let length = u32::from(body.frame_length % 32) + 1;
    let content = ContentType::Framed(NonZeroU32::new(length).unwrap());
    let (mut message, sealer) = begin(&mut fields(content));
    let mut frames = Vec::new();
    for (place, frame) in (1u32..).zip(&body.frames) {
        let number = |off: i8| place.wrapping_add_signed(i32::from(off));
        let dressed = if frame.is_dressed_as_final { Kind::Final } else { Kind::Regular };
        let kind = frame.sealed_as.unwrap_or(dressed);
        let len = (length as usize + 8).saturating_sub(usize::from(frame.missing % 48) + 8);
        let len = if frame.missing >= 240 { length as usize + 3 } else { len };
        let plaintext = vec![place as u8 | 0x80; len];
        let (sealed_number, written) = (number(frame.sealed_number_off), number(frame.number_off));
        let claimed = (len as u32).wrapping_add_signed(i32::from(frame.length_off));
        let iv = frame_iv(if frame.has_other_iv { !written } else { written });
        let mut part = plaintext.clone();
        let mut tag = sealer.seal(kind, sealed_number, &iv, &mut part);
        tag[0] ^= u8::from(frame.is_tag_wrong);
        if frame.is_dressed_as_final {
            message.extend([0xFF; 4]);
        }
        message.extend(written.to_be_bytes());
        message.extend(iv);
        if frame.is_dressed_as_final {
            message.extend(claimed.to_be_bytes());
        }
        message.extend([&part[..], &tag].concat());
        let is_length_right = match dressed {
            Kind::Final => claimed == len as u32 && claimed <= length,
            _ => len == length as usize,
        };
        let is_right = kind == dressed
            && sealed_number == place
            && written == place
            && is_length_right
            && !frame.is_tag_wrong;
        let is_number_right = written == place;
        let is_final = frame.is_dressed_as_final;
        frames.push(Sealed {
            plaintext,
            number: sealed_number,
            is_right,
            is_final,
            is_number_right,
        });
    }
    message.extend(&body.behind);
    let part = (u64::from(body.part.0), u64::from(body.part.1));
    let (outcome, salvaged) = agree(&message, Choices { step: usize::from(body.step), part });
    check(&outcome, &frames, body.behind.len());
    let (salvaged, saved) = salvaged.expect("the header holds");
    assert_placed(&saved, length as usize, &frames);
    assert!(salvaged.frames <= frames.len() as u64);
});

/// The model: the right frames up to the first final one are released, and it only if nothing follows.
fn check(outcome: &Outcome, frames: &[Sealed], behind: usize) {
    let right = frames.iter().take_while(|frame| frame.is_right).count();
    let last = frames[..right].iter().position(|frame| frame.is_final);
    let is_whole = last.is_some_and(|last| last + 1 == frames.len()) && behind == 0;
    let released = if is_whole { right } else { last.unwrap_or(right) };
    let plaintext: Vec<u8> =
        frames[..released].iter().flat_map(|frame| frame.plaintext.clone()).collect();
    assert_eq!(outcome.plaintext, plaintext);
    let Err(refusal) = &outcome.result else {
        assert!(is_whole, "the model refuses it");
        return;
    };
    assert!(!is_whole, "the model accepts it: {refusal:?}");
    match refusal.kind {
        ErrorKind::Truncated => assert!(last.is_none(), "its end is there"),
        ErrorKind::Authentication => {}
        _ => panic!("another kind of error: {refusal:?}"),
    }
    if last.is_some() {
        assert!(refusal.text.contains("bytes follow the end"), "{refusal:?}");
    } else if right == frames.len() && behind == 0 {
        assert_eq!(refusal.kind, ErrorKind::Truncated);
    } else if right < frames.len() && frames[right].is_number_right && !frames[right].is_final {
        assert!(!refusal.text.contains("carries the number"), "{refusal:?}");
    }
}

/// What salvage wrote to the place of frame n was sealed as frame n.
fn assert_placed(saved: &[u8], length: usize, frames: &[Sealed]) {
    for (number, found) in (1u32..).zip(saved.chunks(length)) {
        let is_hole = found.iter().all(|byte| *byte == 0);
        let is_sealed =
            || frames.iter().any(|frame| frame.number == number && frame.plaintext == found);
        assert!(is_hole || is_sealed(), "frame {number}");
    }
}
