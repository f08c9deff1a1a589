//! From text to the bytes of a message.

use std::io::{self, BufRead, Read};

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, PAD};

use super::{ArmorError, BYTE_ORDER_MARK};

/// The number of characters that are decoded together; a multiple of 4, the characters of a base64 group.
const CHUNK_CHARACTERS: usize = 16 << 10;

/// The number of characters of the longest line that is taken for a BEGIN or END line of base64.
const LONGEST_LABEL: usize = 76;

/// A reader that decodes armoured text, in constant memory, however long the lines are.
pub struct ArmorDecoder<R> {
    pub(super) source: R,
    /// The base64 characters that are not yet decoded.
    characters: Vec<u8>,
    /// The decoded bytes, of which `taken` were read.
    decoded: Vec<u8>,
    taken: usize,
    is_line_start: bool,
    /// Whether the current line begins with `-`, as BEGIN and END lines do, and is skipped.
    is_label: bool,
    /// The first bytes of that line.
    label: Vec<u8>,
    /// Whether a line was skipped that is neither a BEGIN nor an END line.
    has_other_lines: bool,
    /// Whether padding was decoded, which nothing may follow.
    is_padded: bool,
    /// Whether the text ends with a single character of a group.
    is_cut: bool,
}

impl<R: BufRead> ArmorDecoder<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            characters: Vec::with_capacity(CHUNK_CHARACTERS),
            decoded: Vec::new(),
            taken: 0,
            is_line_start: true,
            is_label: false,
            label: Vec::new(),
            has_other_lines: false,
            is_padded: false,
            is_cut: false,
        }
    }

    /// Returns a decoder of a text whose first character was taken from `source` already.
    pub(super) fn after(first: u8, source: R) -> Self {
        let mut decoder = Self::new(source);
        if first == b'-' {
            decoder.is_label = true;
            decoder.label.push(first);
        } else {
            decoder.is_line_start = false;
            decoder.characters.push(first);
        }
        decoder
    }

    /// Whether all text so far was armour: base64, white space, and BEGIN and END lines. Other lines that begin with
    /// `-` are passed over in reading too, and may hold anything.
    pub fn is_armor_alone(&self) -> bool {
        !self.has_other_lines && (!self.is_label || is_begin_or_end(&self.label))
    }

    /// Collects characters until a chunk is full, and returns whether the source has ended.
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
                    b'\n' => {
                        self.has_other_lines |= self.is_label && !is_begin_or_end(&self.label);
                        (self.is_line_start, self.is_label) = (true, false);
                    }
                    b'-' if self.is_line_start && !self.is_label => {
                        self.is_label = true;
                        self.label.clear();
                        self.label.push(b'-');
                    }
                    byte if self.is_label => {
                        if self.label.len() <= LONGEST_LABEL {
                            self.label.push(*byte);
                        }
                    }
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

    /// Decodes the collected characters. `is_end` tells that none follow.
    fn decode(&mut self, is_end: bool) -> io::Result<()> {
        // The last group of a cut text is incomplete and has no padding. It is decoded as far as possible, so that the
        // message counts as truncated and not as invalid text.
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
        // A single character has six bits, which is less than a byte. It is reported by the read that follows the
        // decoded bytes.
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

/// Whether a line is as those that some programs write around base64: `-----BEGIN NAME-----`.
fn is_begin_or_end(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let label = line
        .strip_prefix(b"-----BEGIN ")
        .or_else(|| line.strip_prefix(b"-----END "))
        .and_then(|rest| rest.strip_suffix(b"-----"));
    line.len() <= LONGEST_LABEL
        && label.is_some_and(|label| {
            label
                .iter()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ')
        })
}
