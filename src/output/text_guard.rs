//! Tells text from what a terminal would act on.

/// Watches bytes on their way to a terminal, across writes: a character may be cut by a frame's end.
#[derive(Debug, Default)]
pub(crate) struct TextGuard {
    /// Continuation bytes that the last character still needs.
    needed: u8,
    /// Whether the next one decides between a letter and a C1 control (U+0080 to U+009F).
    is_after_c2: bool,
}

impl TextGuard {
    /// Whether a terminal shows these bytes, and does nothing else with them.
    pub(crate) fn is_text(&mut self, bytes: &[u8]) -> bool {
        bytes.iter().all(|byte| self.is_shown(*byte))
    }

    fn is_shown(&mut self, byte: u8) -> bool {
        let is_after_c2 = std::mem::take(&mut self.is_after_c2);
        if self.needed > 0 && matches!(byte, 0x80..=0xBF) {
            self.needed -= 1;
            return !(is_after_c2 && byte <= 0x9F);
        }
        self.needed = match byte {
            0xC2..=0xDF => 1,
            0xE0..=0xEF => 2,
            0xF0..=0xF4 => 3,
            _ => 0,
        };
        self.is_after_c2 = byte == 0xC2;
        // Alone, 0x80 to 0x9F are controls to a terminal that does not speak UTF-8.
        matches!(byte, b'\n' | b'\r' | b'\t' | 0x20..=0x7E | 0xA0..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_text(writes: &[&[u8]]) -> bool {
        let mut guard = TextGuard::default();
        writes.iter().all(|bytes| guard.is_text(bytes))
    }

    #[test]
    fn text_of_any_script_is_shown_also_when_cut() {
        let text = "Zeile 1\r\n\tZeile 2: äÀ€😀\n".as_bytes();
        for cut in 0..text.len() {
            assert!(is_text(&[&text[..cut], &text[cut..]]), "cut at {cut}");
        }
        assert!(is_text(&[b"latin-1: \xe4 \xdf"]));
    }

    #[test]
    fn controls_are_not() {
        for bytes in [&b"\x1b[2J"[..], b"\0", b"\x7f", b"\xc2\x9b2J", b"\x9b2J", b"\xe4\x1b"] {
            assert!(!is_text(&[bytes]), "{bytes:?}");
        }
        assert!(!is_text(&[b"\xc2", b"\x9b2J"]));
    }
}
