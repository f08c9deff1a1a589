//! What a secret can look like in the output of a command: itself, its lines, and the usual encodings of each.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use zeroize::Zeroizing;

/// Shorter secrets, and shorter lines of a secret, are not masked: they stand in any output by chance.
pub(crate) const SHORTEST: usize = 4;

/// The widths at which `base64` and `openssl base64` break their output into lines.
const LINE_WIDTHS: [usize; 2] = [76, 64];

/// Every byte string that is masked for these secrets, each once.
pub(crate) fn all<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Vec<Form> {
    let mut forms = Forms::default();
    for secret in secrets {
        forms.add_all_of(secret);
        for line in lines(secret).filter(|line| *line != secret) {
            forms.add_all_of(line);
        }
    }
    forms.0.into_iter().map(Zeroizing::new).collect()
}

/// The lines of a secret that are long enough to be masked, without what ends them.
pub(crate) fn lines(secret: &[u8]) -> impl Iterator<Item = &[u8]> {
    secret
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| line.len() >= SHORTEST)
}

/// One of the byte strings. It has no room to spare: of a secret of many lines there are hundreds of thousands.
pub(crate) type Form = Zeroizing<Vec<u8>>;

#[derive(Default)]
struct Forms(BTreeSet<Vec<u8>>);

impl Forms {
    fn add(&mut self, form: &[u8]) {
        if form.len() >= SHORTEST {
            self.0.insert(form.to_vec());
        }
    }

    /// Adds a form, and wipes the buffer that it was made in.
    fn add_made(&mut self, form: String) {
        self.add(Zeroizing::new(form).as_bytes());
    }

    fn add_all_of(&mut self, secret: &[u8]) {
        if secret.len() < SHORTEST {
            return;
        }
        self.add(secret);
        self.add_made(hex::encode(secret));
        self.add_made(hex::encode_upper(secret));
        self.add_base64(secret);
        self.add_percent(secret);
        self.add_json(secret);
        self.add_quoted_for_a_shell(secret);
    }

    fn add_base64(&mut self, secret: &[u8]) {
        for engine in [&STANDARD, &URL_SAFE] {
            let alone = Zeroizing::new(engine.encode(secret));
            self.add(alone.as_bytes());
            self.add(alone.trim_end_matches('=').as_bytes());
            for width in LINE_WIDTHS.into_iter().filter(|width| alone.len() > *width) {
                for line in alone.as_bytes().chunks(width) {
                    self.add(line);
                }
            }
            // Inside a longer text, the secret begins at any of the three bytes of a group. Only the characters count
            // whose six bits are all the secret's.
            for before in 0..3 {
                let mut text = Zeroizing::new(vec![0; before]);
                text.extend_from_slice(secret);
                let encoded = Zeroizing::new(engine.encode(&*text));
                let first = (before * 8).div_ceil(6);
                let end = text.len() * 8 / 6;
                self.add(&encoded.as_bytes()[first..end]);
            }
        }
    }

    fn add_percent(&mut self, secret: &[u8]) {
        // Which characters stay as they are: by RFC 3986; also '/', as in Python's quote; and as in JavaScript's
        // encodeURIComponent.
        for kept in [&b"-._~"[..], b"-._~/", b"-._~!*'()"] {
            let is_kept = |byte: u8| byte.is_ascii_alphanumeric() || kept.contains(&byte);
            for is_upper in [true, false] {
                let mut encoded = String::with_capacity(3 * secret.len());
                for byte in secret {
                    match (*byte, is_upper) {
                        (byte, _) if is_kept(byte) => encoded.push(char::from(byte)),
                        (byte, true) => encoded.push_str(&format!("%{byte:02X}")),
                        (byte, false) => encoded.push_str(&format!("%{byte:02x}")),
                    }
                }
                // In the fields of a form, a space is a plus sign.
                self.add_made(encoded.replace("%20", "+"));
                self.add_made(encoded);
            }
        }
    }

    /// The inside of a JSON string: as it is usually written; with everything beyond ASCII escaped, and with `/` too;
    /// and with what HTML and scripts would act on escaped, as Go and .NET write it, with digits in either case.
    fn add_json(&mut self, secret: &[u8]) {
        let Ok(text) = std::str::from_utf8(secret) else { return };
        let Ok(quoted) = serde_json::to_string(text) else { return };
        let quoted = Zeroizing::new(quoted);
        let inside = &quoted[1..quoted.len() - 1];
        self.add(inside.as_bytes());
        let ascii = escaped(inside, lower, |char| !char.is_ascii());
        self.add_made(ascii.replace('/', "\\/"));
        self.add_made(ascii);
        for digits in [lower as Digits, upper] {
            let scripts =
                escaped(inside, digits, |char| !char.is_ascii() || "<>&'+`".contains(char));
            self.add_made(scripts.replace("\\\"", &digits(u16::from(b'"'))));
            self.add_made(scripts);
            self.add_made(escaped(inside, digits, |char| "<>&\u{2028}\u{2029}".contains(char)));
        }
    }

    /// Inside single quotes, as `set -x` shows it, and with a backslash before what is special, as `printf %q`.
    fn add_quoted_for_a_shell(&mut self, secret: &[u8]) {
        let Ok(text) = std::str::from_utf8(secret) else { return };
        self.add_made(text.replace('\'', "'\\''"));
        let mut escaped = String::with_capacity(2 * text.len());
        for char in text.chars() {
            if char.is_ascii() && !char.is_ascii_alphanumeric() && !"_/.,:=@%^+-".contains(char) {
                escaped.push('\\');
            }
            escaped.push(char);
        }
        self.add_made(escaped);
    }
}

/// How JSON escapes a unit of UTF-16.
type Digits = fn(u16) -> String;

fn lower(unit: u16) -> String {
    format!("\\u{unit:04x}")
}

fn upper(unit: u16) -> String {
    format!("\\u{unit:04X}")
}

/// The text with these characters escaped.
fn escaped(text: &str, digits: Digits, is_escaped: impl Fn(char) -> bool) -> String {
    let mut written = String::with_capacity(6 * text.len());
    for char in text.chars() {
        if is_escaped(char) {
            written.extend(char.encode_utf16(&mut [0; 2]).iter().map(|unit| digits(*unit)));
        } else {
            written.push(char);
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
        all([secret]).iter().map(|form| form.to_vec()).collect()
    }

    fn has(secret: &[u8], form: &str) {
        let forms = forms(secret);
        assert!(forms.contains(&form.as_bytes().to_vec()), "{form} is missing");
    }

    #[test]
    fn every_usual_form_is_there() {
        has(b"p\xc3\xa4ss/w\"rd", "p\u{e4}ss/w\"rd");
        has(b"p\xc3\xa4ss/w\"rd", "70c3a473732f77227264");
        has(b"p\xc3\xa4ss/w\"rd", "70C3A473732F77227264");
        has(b"p\xc3\xa4ss/w\"rd", "p%C3%A4ss%2Fw%22rd");
        has(b"p\xc3\xa4ss/w\"rd", "p%c3%a4ss/w%22rd");
        has(b"p\xc3\xa4ss/w\"rd", "p\u{e4}ss/w\\\"rd");
        has(b"p\xc3\xa4ss/w\"rd", "p\\u00e4ss\\/w\\\"rd");
        has("key \u{1f511}".as_bytes(), "key \\ud83d\\udd11");
        has("key \u{1f511}".as_bytes(), "key+%F0%9F%94%91");
        has(b"p<ss&word>1", "p\\u003css\\u0026word\\u003e1");
        has("p\u{e4}ss".as_bytes(), "p\\u00E4ss");
        has(b"it's-a", "it'\\''s-a");
        has(b"it's a", "it\\'s\\ a");
        has(b"\xff\xfe\xfd\xfc", "//79/A==");
        has(b"\xff\xfe\xfd\xfc", "__79_A");
    }

    #[test]
    fn base64_is_found_at_every_place_of_a_longer_text() {
        let secret = b"correct horse";
        for before in 0..7 {
            for after in 0..4 {
                let text = [&vec![b'x'; before][..], secret, &vec![b'y'; after]].concat();
                let encoded = STANDARD.encode(&text);
                let longest = forms(secret)
                    .into_iter()
                    .filter(|form| encoded.as_bytes().windows(form.len()).any(|it| it == form))
                    .map(|form| form.len())
                    .max();
                // 13 bytes are 104 bits: 16 or 17 whole characters.
                assert!(longest.unwrap() >= 16, "{before} {after}");
            }
        }
    }

    #[test]
    fn lines_are_masked_and_short_ones_are_not() {
        let found = forms(b"first line\r\nab\nthird");
        assert!(found.contains(&b"first line".to_vec()) && found.contains(&b"third".to_vec()));
        assert!(!found.iter().any(|form| form == b"ab" || form == b"first line\r"));
        assert!(forms(b"abc").is_empty() && forms(b"").is_empty());
    }

    #[test]
    fn broken_lines_of_base64_are_forms() {
        let secret: Vec<u8> = (0..=255).collect();
        let encoded = STANDARD.encode(&secret);
        for width in [64, 76] {
            for line in encoded.as_bytes().chunks(width) {
                assert!(forms(&secret).contains(&line.to_vec()));
            }
        }
    }
}
