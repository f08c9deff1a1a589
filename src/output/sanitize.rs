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
        if character.is_control() || is_bidirectional(character) {
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
        if character.is_control() || is_bidirectional(character) {
            // All of them are in the first plane: one unit of UTF-16.
            line.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            line.push(character);
        }
    }
    Ok(line)
}

/// Characters that reorder what stands around them (Unicode UAX #9), and line separators.
fn is_bidirectional(character: char) -> bool {
    matches!(
        character,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    )
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
    }

    #[test]
    fn json_means_the_same_and_moves_no_terminal() {
        let object = object_of!({ "k\u{202E}": "a\u{9b}2J\n\"ä\u{7f}" });
        let line = json(&object).unwrap();
        assert_eq!(line, r#"{"k\u202e":"a\u009b2J\n\"ä\u007f"}"#);
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), object);
    }
}
