//! Text armour: a message as base64 text, in lines of 64 characters.
//!
//! BEGIN and END lines are not written, because the AWS Encryption CLI refuses them. When text is read, such lines are
//! skipped, whatever their label, and so are CR characters and white space. A binary message begins with the byte 01 or
//! 02, and an armoured one with the character `A`, so the two are always told apart.

mod decoder;
mod encoder;

use std::io::{self, BufRead, Read};

pub use decoder::ArmorDecoder;
pub use encoder::ArmorEncoder;

/// The byte order mark in UTF-8, with which some programs begin a text.
const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// Why armoured text cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArmorError {
    /// The text has two bytes a character, as a PowerShell redirection writes it.
    #[error("this is UTF-16 text: a redirection has recoded the message")]
    Utf16,
    /// The text ends with a group of one character, which is less than a byte.
    #[error("truncated: the text ends inside a group of base64")]
    Cut,
    /// White space or a byte order mark stands before bytes that are not armour.
    #[error(
        "this is not an encrypted message: it begins with white space or a byte order mark, which only armoured text may"
    )]
    BlankStart,
    /// A character is not base64, or something follows the padding.
    #[error("this is no base64 of a message")]
    NotBase64,
}

impl From<ArmorError> for io::Error {
    fn from(error: ArmorError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

/// A reader of a message's bytes, from a source that may be armoured.
pub enum Unarmored<R> {
    /// The source is binary.
    Binary(R),
    /// The source is armoured, and is decoded as it is read.
    Armored(ArmorDecoder<R>),
}

impl<R: BufRead> Unarmored<R> {
    /// Examines the first bytes of `source`, and returns the reader for it.
    ///
    /// # Errors
    /// The error of `source`, [`ArmorError::Utf16`] or [`ArmorError::BlankStart`].
    pub fn detect(mut source: R) -> io::Result<Self> {
        let mut is_blank_before = false;
        loop {
            let start = match source.fill_buf() {
                Ok(start) => start,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            // White space and byte order marks may stand before armour. They may be all that a pipe has given so far.
            let is_blank = |byte: &u8| byte.is_ascii_whitespace() || BYTE_ORDER_MARK.contains(byte);
            let blank = start.iter().take_while(|byte| is_blank(byte)).count();
            is_blank_before |= blank > 0;
            match &start[blank..] {
                [] if blank > 0 => source.consume(blank),
                [0xFF | 0xFE, ..] | [b'A' | b'-', 0, ..] => return Err(ArmorError::Utf16.into()),
                [first @ (b'A' | b'-')] => {
                    // The byte that tells UTF-16 may come with the next read only.
                    let first = *first;
                    source.consume(blank + 1);
                    return if next_byte(&mut source)? == Some(0) {
                        Err(ArmorError::Utf16.into())
                    } else {
                        Ok(Self::Armored(ArmorDecoder::after(first, source)))
                    };
                }
                [b'A' | b'-', ..] => {
                    source.consume(blank);
                    return Ok(Self::Armored(ArmorDecoder::new(source)));
                }
                _ if is_blank_before => return Err(ArmorError::BlankStart.into()),
                _ => return Ok(Self::Binary(source)),
            }
        }
    }

    /// Returns whether the source is armoured.
    pub fn is_armored(&self) -> bool {
        matches!(self, Self::Armored(_))
    }

    /// Returns whether nothing but the message was in the text that was read so far, as with
    /// [`ArmorDecoder::is_armor_alone`]; a binary source has no text.
    pub fn is_alone(&self) -> bool {
        !matches!(self, Self::Armored(decoder) if !decoder.is_armor_alone())
    }

    /// Returns the source.
    pub fn get_ref(&self) -> &R {
        match self {
            Self::Binary(source) => source,
            Self::Armored(decoder) => &decoder.source,
        }
    }

    /// Returns the source, and drops what was decoded and not read.
    pub fn into_inner(self) -> R {
        match self {
            Self::Binary(source) => source,
            Self::Armored(decoder) => decoder.source,
        }
    }
}

impl<R: BufRead> Read for Unarmored<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Binary(source) => source.read(buffer),
            Self::Armored(decoder) => decoder.read(buffer),
        }
    }
}

/// Returns the next byte of `source` without taking it; `None` at the end.
fn next_byte(source: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        match source.fill_buf() {
            Ok(bytes) => return Ok(bytes.first().copied()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use std::io::Write as _;

    use super::*;
    use crate::fs::failing::Failing;

    fn armored(bytes: &[u8], writes: usize) -> String {
        let mut text = Vec::new();
        let mut encoder = ArmorEncoder::new(&mut text);
        for part in bytes.chunks(writes.max(1)) {
            encoder.write_all(part).unwrap();
        }
        encoder.finish().unwrap();
        String::from_utf8(text).unwrap()
    }

    fn unarmored(text: &[u8]) -> io::Result<(bool, Vec<u8>)> {
        let mut source = Unarmored::detect(text)?;
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes)?;
        Ok((source.is_armored(), bytes))
    }

    /// Returns `len` bytes that begin like a message.
    fn message(len: usize) -> Vec<u8> {
        (0..=250u8).cycle().skip(2).step_by(7).take(len).collect()
    }

    proptest! {
        #[test]
        fn armoured_bytes_are_decoded_however_they_were_written(len in 1usize..40_000, writes in 1usize..9_000) {
            let text = armored(&message(len), writes);
            prop_assert_eq!(unarmored(text.as_bytes()).unwrap(), (true, message(len)));
            prop_assert!(text.lines().all(|line| line.len() <= 64) && text.ends_with('\n'));
        }
    }

    #[test]
    fn an_interrupted_read_is_repeated_and_no_other() {
        use io::ErrorKind::{Interrupted, Other};

        let text = format!("  -----BEGIN A-----\n{}", armored(&message(100), 100));
        let mut buffer = [0; 200];
        for most in [1, 2, 4096] {
            let mut source =
                Unarmored::detect(Failing::new(text.as_bytes(), Interrupted, most)).unwrap();
            assert_eq!(source.read(&mut buffer).unwrap(), 100);
            assert_eq!(buffer[..100], message(100));
            let failing = || Failing::new(text.as_bytes(), Other, most);
            assert!(Unarmored::detect(failing()).is_err_and(|error| error.kind() == Other));
            assert!(ArmorDecoder::new(failing()).read(&mut buffer).is_err());
            assert!(next_byte(&mut failing()).is_err());
        }
    }

    #[test]
    fn labels_white_space_and_missing_padding_are_accepted() {
        let bytes = message(1000);
        let text = armored(&bytes, 1000);
        let one_line = text.replace('\n', "");
        for variant in [
            format!("-----BEGIN ANY LABEL-----\n{text}-----END ANY LABEL-----\n"),
            text.replace('\n', "\r\n"),
            format!("\u{FEFF}\n  {}\n\n", text.replace('\n', " \n\t")),
            text.trim_end().trim_end_matches('=').to_owned(),
            one_line,
        ] {
            assert_eq!(unarmored(variant.as_bytes()).unwrap(), (true, bytes.clone()), "{variant}");
        }
        assert_eq!(unarmored(&bytes).unwrap(), (false, bytes));
        assert_eq!(unarmored(b"").unwrap(), (false, Vec::new()));
    }

    #[test]
    fn only_armour_may_have_blanks_before_it_whatever_the_sizes_of_the_reads() {
        let bytes = message(100);
        let text = armored(&bytes, 100);
        let labelled = format!("-----BEGIN X-----\n{text}");
        for blank in ["\u{FEFF}", "\u{FEFF}\n\n", " ", "\r\n", "\x0C\t", "\n \u{FEFF}"] {
            for size in [1, 2, 3, 4, 8192] {
                let detect = |text: &[u8]| -> io::Result<Vec<u8>> {
                    let start = [blank.as_bytes(), text].concat();
                    let mut read = Vec::new();
                    Unarmored::detect(io::BufReader::with_capacity(size, &start[..]))?
                        .read_to_end(&mut read)?;
                    Ok(read)
                };
                for text in [&text, &labelled] {
                    assert_eq!(detect(text.as_bytes()).unwrap(), bytes, "{blank:?}, {size}");
                }
                for other in [&bytes[..], b"other text"] {
                    let error = detect(other).unwrap_err();
                    let error = error.get_ref().unwrap().downcast_ref();
                    assert_eq!(error, Some(&ArmorError::BlankStart), "{blank:?}, {size}");
                }
            }
        }
    }

    #[test]
    fn utf_16_is_recognised_whatever_the_sizes_of_the_reads() {
        let text = format!("-----BEGIN X-----\n{}", armored(&message(100), 100));
        for start in ["", "\n \u{FEFF}"] {
            for text in [&text[..], &text[18..], "A", "-"] {
                let wide: Vec<u8> = text.bytes().flat_map(|byte| [byte, 0]).collect();
                let wide = [start.as_bytes(), &wide].concat();
                for size in [1, 2, 3, 8192] {
                    let error = Unarmored::detect(io::BufReader::with_capacity(size, &wide[..]));
                    let error = error.err().unwrap();
                    let error = error.get_ref().unwrap().downcast_ref();
                    assert_eq!(error, Some(&ArmorError::Utf16), "{start:?}, {text}, {size}");
                }
            }
        }
    }

    #[test]
    fn lines_that_reading_passes_over_and_that_are_not_armour_are_known() {
        let text = armored(&message(100), 100);
        let is_alone = |text: String| {
            let mut source = Unarmored::detect(text.as_bytes()).unwrap();
            io::copy(&mut source, &mut io::sink()).unwrap();
            matches!(source, Unarmored::Armored(decoder) if decoder.is_armor_alone())
        };
        assert!(is_alone(text.clone()));
        assert!(is_alone(format!("-----BEGIN A B-----\r\n{text}-----END A B-----\r\n")));
        assert!(is_alone(format!("{text}-----END A B-----")));
        for line in ["- a secret", "-----END A secret", "-----END a secret-----", "-"] {
            assert!(!is_alone(format!("{text}{line}")), "{line}");
            assert!(!is_alone(format!("{line}\n{text}")), "{line}");
        }
        assert!(!is_alone(format!("{text}-----END {}-----", "A".repeat(70))));
    }

    #[test]
    fn cut_text_gives_a_truncated_message() {
        let bytes = message(100);
        let text = armored(&bytes, 100).replace('\n', "");
        for len in 1..text.len() {
            let mut source = Unarmored::detect(&text.as_bytes()[..len]).unwrap();
            let mut decoded = Vec::new();
            let result = source.read_to_end(&mut decoded);
            let fault = result
                .err()
                .map(|error| *error.get_ref().unwrap().downcast_ref::<ArmorError>().unwrap());
            // Six bits are no byte.
            assert_eq!(fault, (len % 4 == 1).then_some(ArmorError::Cut), "{len}");
            assert!(bytes.starts_with(&decoded) && decoded.len() + 1 >= len * 3 / 4, "{len}");
        }
    }

    #[test]
    fn text_that_is_not_base64_is_refused() {
        let fault = |text: &[u8]| {
            let error = unarmored(text).unwrap_err();
            *error.get_ref().unwrap().downcast_ref::<ArmorError>().unwrap()
        };
        let text = armored(&message(100), 100);
        assert_eq!(fault(text.replacen('A', "A!", 1).as_bytes()), ArmorError::NotBase64);
        assert_eq!(fault(format!("{text}AAAA").as_bytes()), ArmorError::NotBase64);
        assert_eq!(fault(b"Ag==AAAA"), ArmorError::NotBase64);
        for len in [99, 100, 101] {
            let text = armored(&message(len), len);
            for more in ["!", "=", "\0", "AAAA", "A", "AA", "AAA"] {
                let is_told = unarmored(format!("{text}{more}").as_bytes())
                    .map_or(true, |(_, bytes)| bytes.len() > len);
                assert!(is_told, "{len} bytes and '{more}'");
            }
        }
        let wide: Vec<u8> = text.bytes().flat_map(|byte| [byte, 0]).collect();
        assert_eq!(fault(&wide), ArmorError::Utf16);
        assert_eq!(fault(&[&[0xFF, 0xFE], &wide[..]].concat()), ArmorError::Utf16);
    }

    #[test]
    fn nothing_follows_the_padding_and_a_byte_order_mark_begins_a_line_only() {
        let bytes = message(1000);
        let text = armored(&bytes, 1000);
        let read = |text: &str| unarmored(text.as_bytes()).map(|(_, bytes)| bytes);
        assert!(text.contains('=') && read(&format!("{text}AAAA")).is_err());
        // Also where the padding ends what is decoded at once.
        let whole = armored(&message(12288 - 1), 12288);
        assert_eq!(whole.split_whitespace().map(str::len).sum::<usize>(), 16384);
        assert_eq!(read(&whole).unwrap(), message(12288 - 1));
        for more in ["AAAA", "A"] {
            assert!(read(&format!("{whole}{more}")).is_err(), "{more}");
        }
        let (first, second) = text.split_at(65);
        assert_eq!(read(&format!("{first}\u{FEFF}{second}")).unwrap(), bytes);
        assert!(read(&format!("{}\u{FEFF}{second}", first.trim_end())).is_err());
        // What is cut in a group of four may end in any character of the alphabet, and in no other.
        for (last, is_cut) in [('A', true), ('+', true), ('/', true), ('=', false), ('.', false)] {
            let error = read(&format!("{}{last}", &text[..64])).unwrap_err();
            let error = error.get_ref().unwrap().downcast_ref::<ArmorError>();
            assert_eq!(error == Some(&ArmorError::Cut), is_cut, "{last}: {error:?}");
        }
    }
}
