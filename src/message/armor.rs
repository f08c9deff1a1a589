//! Text armour: the message in base64, in lines of 64 characters, and nothing else.
//!
//! No BEGIN and END lines are written, because the AWS Encryption CLI refuses them; they are tolerated in
//! reading, whatever their label, as are CRLF and white space. A message in binary begins with 01 or 02, in
//! base64 with `A`, so the two are never mistaken for each other.

use std::io::{self, BufRead, Read, Write};

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, PAD, STANDARD};

/// Bytes that make a line of 64 characters.
const LINE_BYTES: usize = 48;

/// In UTF-8. Some programs begin a text with it.
const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// Characters that are decoded together: whole quanta.
const CHUNK_CHARACTERS: usize = 16 << 10;

/// What is wrong with armoured text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArmorError {
    /// Two bytes a character, as a PowerShell redirection writes.
    #[error("this is UTF-16 text: a redirection has recoded the message")]
    Utf16,
    /// The text ends inside a character group that holds not one byte yet.
    #[error("truncated: the text ends inside a group of base64")]
    Cut,
    /// A character that base64 does not have, or something after its end.
    #[error("this is no base64 of a message")]
    NotBase64,
}

impl From<ArmorError> for io::Error {
    fn from(error: ArmorError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

/// A message's bytes, whether they come armoured or not.
pub enum Unarmored<R> {
    /// The bytes themselves.
    Binary(R),
    /// Decoded on the way.
    Armored(ArmorDecoder<R>),
}

impl<R: BufRead> Unarmored<R> {
    /// Looks at the first bytes of `source`.
    ///
    /// # Errors
    /// The source's own, or [`ArmorError::Utf16`].
    pub fn detect(mut source: R) -> io::Result<Self> {
        loop {
            let start = match source.fill_buf() {
                Ok(start) => start,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            // No message begins so, and a pipe may give its first bytes one by one.
            let is_blank = |byte: &u8| byte.is_ascii_whitespace() || BYTE_ORDER_MARK.contains(byte);
            let blank = start.iter().take_while(|byte| is_blank(byte)).count();
            match &start[blank..] {
                [] if blank > 0 => source.consume(blank),
                [0xFF | 0xFE, ..] | [b'A' | b'-', 0, ..] => return Err(ArmorError::Utf16.into()),
                [b'A' | b'-', ..] => return Ok(Self::Armored(ArmorDecoder::new(source))),
                _ => {
                    source.consume(blank);
                    return Ok(Self::Binary(source));
                }
            }
        }
    }

    /// Whether the message came armoured.
    pub fn is_armored(&self) -> bool {
        matches!(self, Self::Armored(_))
    }

    /// The source itself.
    pub fn get_ref(&self) -> &R {
        match self {
            Self::Binary(source) => source,
            Self::Armored(decoder) => &decoder.source,
        }
    }

    /// Gives the source back.
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

/// Decodes base64 on the way, in constant memory however long its lines are.
pub struct ArmorDecoder<R> {
    source: R,
    /// Base64 without what is tolerated around it.
    characters: Vec<u8>,
    decoded: Vec<u8>,
    taken: usize,
    is_line_start: bool,
    is_label: bool,
    /// Padding was seen: nothing may follow.
    is_padded: bool,
    /// The text ends inside a group.
    is_cut: bool,
}

impl<R: BufRead> ArmorDecoder<R> {
    fn new(source: R) -> Self {
        Self {
            source,
            characters: Vec::with_capacity(CHUNK_CHARACTERS),
            decoded: Vec::new(),
            taken: 0,
            is_line_start: true,
            is_label: false,
            is_padded: false,
            is_cut: false,
        }
    }

    /// Takes characters until there is a chunk, and returns whether the source has ended.
    fn collect(&mut self) -> io::Result<bool> {
        loop {
            let bytes = match self.source.fill_buf() {
                Ok([]) => return Ok(true),
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let mut used = 0;
            for byte in bytes {
                if self.characters.len() == CHUNK_CHARACTERS {
                    break;
                }
                used += 1;
                match byte {
                    b'\n' => (self.is_line_start, self.is_label) = (true, false),
                    b'-' if self.is_line_start => self.is_label = true,
                    _ if self.is_label => {}
                    b' ' | b'\t' | b'\r' => {}
                    byte if self.is_line_start && BYTE_ORDER_MARK.contains(byte) => {}
                    _ => {
                        self.is_line_start = false;
                        self.characters.push(*byte);
                    }
                }
            }
            self.source.consume(used);
            if self.characters.len() == CHUNK_CHARACTERS {
                return Ok(false);
            }
        }
    }

    fn decode(&mut self, is_end: bool) -> io::Result<()> {
        // A message that is cut is cut wherever it is: what is left of a quantum has no padding.
        const CUT: GeneralPurpose = GeneralPurpose::new(
            &ALPHABET,
            GeneralPurposeConfig::new()
                .with_decode_allow_trailing_bits(true)
                .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
        );
        const WHOLE: GeneralPurpose = GeneralPurpose::new(&ALPHABET, PAD);
        if self.is_padded && !self.characters.is_empty() {
            return Err(ArmorError::NotBase64.into());
        }
        let quanta = self.characters.len() / 4 * 4;
        self.is_padded |= self.characters[..quanta].ends_with(b"=");
        self.decoded.clear();
        self.taken = 0;
        let (whole, cut) = self.characters.split_at(quanta);
        if self.is_padded && !cut.is_empty() {
            return Err(ArmorError::NotBase64.into());
        }
        let mut decoded = WHOLE.decode_vec(whole, &mut self.decoded);
        if is_end && cut.len() > 1 {
            decoded = decoded.and_then(|()| CUT.decode_vec(cut, &mut self.decoded));
        }
        decoded.map_err(|_| ArmorError::NotBase64)?;
        // Six bits are no byte: whoever asks for more is told, after what there is.
        let rest = if cut.len() == 1 { cut } else { &[] };
        if rest.iter().any(|byte| !byte.is_ascii_alphanumeric() && !b"+/".contains(byte)) {
            return Err(ArmorError::NotBase64.into());
        }
        self.is_cut = !rest.is_empty();
        self.characters.clear();
        Ok(())
    }
}

impl<R: BufRead> Read for ArmorDecoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.decoded.len() {
            if self.is_cut {
                return Err(ArmorError::Cut.into());
            }
            let is_end = self.collect()?;
            if is_end && self.characters.is_empty() {
                return Ok(0);
            }
            self.decode(is_end)?;
        }
        let len = buffer.len().min(self.decoded.len() - self.taken);
        buffer[..len].copy_from_slice(&self.decoded[self.taken..self.taken + len]);
        self.taken += len;
        Ok(len)
    }
}

/// Armours what is written to it.
pub struct ArmorEncoder<W> {
    output: W,
    /// Less than a line.
    pending: Vec<u8>,
}

impl<W: Write> ArmorEncoder<W> {
    /// Begins at the start of a line.
    pub fn new(output: W) -> Self {
        Self { output, pending: Vec::with_capacity(LINE_BYTES) }
    }

    /// Writes the last, short line.
    ///
    /// # Errors
    /// The output's own.
    pub fn finish(mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.pending);
        self.output.write_all(lines(&rest).as_bytes())
    }
}

impl<W: Write> Write for ArmorEncoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = std::mem::take(&mut self.pending);
        all.extend_from_slice(bytes);
        let whole = all.len() / LINE_BYTES * LINE_BYTES;
        self.output.write_all(lines(&all[..whole]).as_bytes())?;
        self.pending.extend_from_slice(&all[whole..]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

fn lines(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() / LINE_BYTES * 65 + 70);
    for line in bytes.chunks(LINE_BYTES) {
        STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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

    /// Bytes that begin as a message does.
    fn message(len: usize) -> Vec<u8> {
        (0..=250u8).cycle().skip(2).step_by(7).take(len).collect()
    }

    proptest! {
        #[test]
        fn comes_back_however_it_was_written(len in 1usize..40_000, writes in 1usize..9_000) {
            let text = armored(&message(len), writes);
            prop_assert_eq!(unarmored(text.as_bytes()).unwrap(), (true, message(len)));
            prop_assert!(text.lines().all(|line| line.len() <= 64) && text.ends_with('\n'));
        }
    }

    #[test]
    fn what_others_put_around_it_is_tolerated() {
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
    fn a_pipe_that_gives_one_byte_at_a_time_is_no_other_file() {
        let (bytes, mut read) = (message(100), Vec::new());
        let text = format!("\u{FEFF}\n\n{}", armored(&bytes, 100));
        let slow = io::BufReader::with_capacity(1, text.as_bytes());
        Unarmored::detect(slow).unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read, bytes);
    }

    #[test]
    fn cut_text_is_a_cut_message() {
        let bytes = message(100);
        let text = armored(&bytes, 100).replace('\n', "");
        for len in 1..text.len() {
            let mut source = Unarmored::detect(&text.as_bytes()[..len]).unwrap();
            let mut decoded = Vec::new();
            let result = source.read_to_end(&mut decoded);
            assert_eq!(result.is_err(), len % 4 == 1, "{len}: six bits are no byte");
            assert!(bytes.starts_with(&decoded) && decoded.len() + 1 >= len * 3 / 4, "{len}");
        }
    }

    #[test]
    fn other_text_is_refused() {
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
}
