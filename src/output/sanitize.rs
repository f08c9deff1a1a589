//! Names from outside, made safe to show.
//!
//! A file name or a key name in a message is anyone's text: escape sequences in it could rewrite the
//! terminal, and bidirectional marks could show another name than the one meant.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use serde::Serialize;

/// `name` with everything escaped that is not plain text.
pub(crate) fn name(name: impl AsRef<OsStr>) -> String {
    let mut shown = String::new();
    for chunk in name.as_ref().as_bytes().utf8_chunks() {
        shown.push_str(&text(chunk.valid()));
        for byte in chunk.invalid() {
            shown.push_str(&format!("\\x{byte:02x}"));
        }
    }
    shown
}

/// `text` with control and direction-changing characters escaped.
pub(crate) fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unseen(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// `record` as one line of JSON in which, beyond what JSON asks for, everything is escaped that a terminal would
/// act on. Such characters stand in strings only, so the line means the same.
pub(crate) fn json(record: &impl Serialize) -> serde_json::Result<String> {
    let mut line = String::new();
    for character in serde_json::to_string(record)?.chars() {
        if is_unseen(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                line.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            line.push(character);
        }
    }
    Ok(line)
}

/// Whether a character would act on the terminal, or have a name look like another one: controls, characters that
/// reorder what stands around them (Unicode UAX #9), line separators, characters without width, and tags.
fn is_unseen(character: char) -> bool {
    let is_bidirectional = matches!(
        character,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    );
    let has_no_width = matches!(
        character,
        '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2065}'
            | '\u{206A}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}'
    );
    let is_tag = matches!(character, '\u{E0000}'..='\u{E0FFF}');
    character.is_control() || is_bidirectional || has_no_width || is_tag
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json as object_of};

    use super::*;

    #[test]
    fn plain_names_stay_and_hostile_ones_are_shown_for_what_they_are() {
        assert_eq!(name("Bericht März.pdf"), "Bericht März.pdf");
        assert_eq!(name("a\nb\x1b[2J"), "a\\u{a}b\\u{1b}[2J");
        assert_eq!(name("\u{202E}fdp.exe"), "\\u{202e}fdp.exe");
        assert_eq!(name(OsStr::from_bytes(b"a\xffb")), "a\\xffb");
        // Without width, a soft hyphen, and tags: each would look like the plain name.
        assert_eq!(name("a\u{200B}b\u{00AD}c"), "a\\u{200b}b\\u{ad}c");
        assert_eq!(name("a\u{E0062}"), "a\\u{e0062}");
    }

    #[test]
    fn json_means_the_same_and_moves_no_terminal() {
        let object = object_of!({ "k\u{202E}": "a\u{9b}2J\n\"ä\u{7f}\u{E0041}" });
        let line = json(&object).unwrap();
        assert_eq!(line, r#"{"k\u202e":"a\u009b2J\n\"ä\u007f\udb40\udc41"}"#);
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), object);
    }
}
