//! A sealed keyring as lines to print, and to type back.
//!
//! ```text
//!   1  M9QQ4W3R 5TB0A1F3 7XK2M9QW 3R5TB0A1 0000M9QQ  8GGT
//! end  37  9Q2D
//! ```
//!
//! A line has its number, up to 25 bytes in groups of eight characters of Crockford's base32 (no I, L, O
//! or U; what is mistaken for a digit counts as the digit), and a checksum over number and bytes, so that
//! a line that was mistyped, left out or exchanged is found by itself. The last line has the number of
//! lines and a checksum of all.

use data_encoding::{Encoding, Specification};
use sha2::{Digest as _, Sha256};

use crate::crypto::secret::SecretText;

/// Bytes a line: 40 characters, which an eye can follow.
const LINE: usize = 25;

const GROUP: usize = 8;

/// Characters of a checksum: 20 bits, so one of a million slips goes unseen, and then the keyring's own
/// checksum sees it.
const CHECK: usize = 4;

const TITLE: &str = "# An enwrap keyring, sealed with its passphrase. To put it back, type these
# lines into a file and run: enwrap keyring restore FILE
# Capitals or not, O or 0, I or L or 1: all the same.
";

/// Lines that are not what was printed, by their numbers on the paper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaperFault {
    /// Do not match their checksum.
    pub wrong: Vec<usize>,
    /// Are not there.
    pub missing: Vec<usize>,
    /// Lines of the file, counted from 1, that are none of a backup's.
    pub strange: Vec<usize>,
}

impl std::error::Error for PaperFault {}

impl std::fmt::Display for PaperFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |numbers: &[usize]| {
            numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        let mut parts = Vec::new();
        for (numbers, one, many) in [
            (&self.wrong, "line {} is mistyped", "lines {} are mistyped"),
            (&self.missing, "line {} is missing", "lines {} are missing"),
            (
                &self.strange,
                "line {} of the file is none of a backup's",
                "lines {} of the file are none of a backup's",
            ),
        ] {
            match numbers[..] {
                [] => {}
                [_] => parts.push(one.replace("{}", &list(numbers))),
                _ => parts.push(many.replace("{}", &list(numbers))),
            }
        }
        f.write_str(&parts.join("; "))
    }
}

#[expect(clippy::expect_used, reason = "a constant specification, which a test uses")]
fn base32() -> Encoding {
    let mut crockford = Specification::new();
    crockford.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    crockford.translate.from.push_str("abcdefghjkmnpqrstvwxyzOoIiLl");
    crockford.translate.to.push_str("ABCDEFGHJKMNPQRSTVWXYZ001111");
    crockford.encoding().expect("the alphabet has 32 characters")
}

fn checksum(label: &str, bytes: &[u8]) -> String {
    let digest = Sha256::new().chain_update(label).chain_update([0]).chain_update(bytes).finalize();
    base32().encode(&digest)[..CHECK].to_owned()
}

/// Whether `bytes` begin as a printed keyring does, with or without its title.
#[must_use]
pub fn is_paper(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().first().is_some_and(|first| *first == b'#' || first.is_ascii_digit())
}

/// The lines of a sealed keyring's file.
#[must_use]
pub fn print(file: &[u8]) -> String {
    let mut text = TITLE.to_owned();
    let mut lines = 0;
    for bytes in file.chunks(LINE) {
        lines += 1;
        let characters = base32().encode(bytes);
        let groups: Vec<&str> = characters
            .as_bytes()
            .chunks(GROUP)
            .filter_map(|it| std::str::from_utf8(it).ok())
            .collect();
        let check = checksum(&lines.to_string(), bytes);
        text.push_str(&format!("{lines:3}  {}  {check}\n", groups.join(" ")));
    }
    text.push_str(&format!("end  {lines}  {}\n", checksum("end", file)));
    text
}

/// Reads typed lines, in any order.
///
/// # Errors
/// [`PaperFault`], with every line that has to be looked at again.
pub fn read(text: &[u8]) -> Result<SecretText, PaperFault> {
    let mut fault = PaperFault::default();
    let mut lines: std::collections::BTreeMap<usize, Vec<u8>> = std::collections::BTreeMap::new();
    let mut end: Option<(usize, String)> = None;
    for (at, line) in String::from_utf8_lossy(text).lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_comment = words.first().is_none_or(|word| word.starts_with('#'));
        if is_comment {
            continue;
        }
        match words[..] {
            [word, count, check] if word.eq_ignore_ascii_case("end") => match count.parse() {
                Ok(count) => end = Some((count, check.to_owned())),
                Err(_) => fault.strange.push(at + 1),
            },
            [number, ref groups @ .., check] => match number.parse::<usize>() {
                Ok(number) => {
                    let bytes = base32().decode(groups.concat().as_bytes()).unwrap_or_default();
                    // Typed as read, so `o` may stand for `0` here too.
                    let is_right = is_same(&checksum(&number.to_string(), &bytes), check);
                    if bytes.is_empty() || !is_right {
                        fault.wrong.push(number);
                    }
                    lines.insert(number, bytes);
                }
                Err(_) => fault.strange.push(at + 1),
            },
            _ => fault.strange.push(at + 1),
        }
    }
    let count = end
        .as_ref()
        .map_or_else(|| lines.keys().max().map_or(1, |it| it.saturating_add(1)), |it| it.0);
    // The count was typed, and may be anything: it is bounded by more lines than any keyring on paper has.
    fault.missing = (1..=count.min(100_000)).filter(|number| !lines.contains_key(number)).collect();
    let mut file = SecretText::default();
    for bytes in lines.values() {
        file.push(bytes);
    }
    if fault == PaperFault::default() {
        let is_whole = end.is_some_and(|(count, check)| {
            count == lines.len() && is_same(&checksum("end", file.expose()), &check)
        });
        if is_whole {
            return Ok(file);
        }
        // Each line is right by itself, so the last line is wrong, or there is a line too many.
        fault.wrong.push(count);
    }
    Err(fault)
}

/// Whether `typed` reads as `printed`.
fn is_same(printed: &str, typed: &str) -> bool {
    // Compared as bits, since one character can be written in several ways.
    let bits = |text: &str| base32().decode(format!("{text}0000").as_bytes()).ok();
    typed.len() == CHECK && bits(printed) == bits(typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Vec<u8>, String) {
        let file: Vec<u8> = (0..=255).cycle().take(LINE * 11 + 3).collect();
        let text = print(&file);
        (file, text)
    }

    fn read_back(text: &str) -> Result<Vec<u8>, PaperFault> {
        read(text.as_bytes()).map(|file| file.expose().to_vec())
    }

    #[test]
    fn what_is_printed_reads_back_however_it_was_typed() {
        let (file, text) = sample();
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        assert_eq!(read_back(&text), Ok(file.clone()));
        let data: String =
            text.lines().filter(|line| !line.starts_with('#')).map(|l| format!("{l}\n")).collect();
        let typed = data.to_lowercase().replace('0', "o").replace("\n", "\r\n\r\n");
        let typed = typed.replace("1o  ", "10  ");
        assert_eq!(read_back(&typed), Ok(file.clone()));
        let mut lines: Vec<&str> = text.lines().collect();
        lines.reverse();
        assert_eq!(read_back(&lines.join("\n")), Ok(file));
        assert!(is_paper(text.as_bytes()) && is_paper(b"\n  1  AAAA") && !is_paper(b"{\"format\""));
    }

    #[test]
    fn each_wrong_line_is_named() {
        let (_, text) = sample();
        let lines: Vec<&str> = text.lines().collect();
        let at = |number: usize| {
            lines.iter().position(|l| l.trim().starts_with(&format!("{number} "))).unwrap()
        };
        // Every character of a line matters, its checksum's included.
        let line = lines[at(3)];
        for index in 5..line.len() {
            let old = line.as_bytes()[index];
            if old == b' ' {
                continue;
            }
            let new = if old == b'Z' { 'Y' } else { 'Z' };
            let typed = format!("{}{new}{}", &line[..index], &line[index + 1..]);
            let fault = read_back(&text.replace(line, &typed)).unwrap_err();
            assert_eq!(fault, PaperFault { wrong: vec![3], ..PaperFault::default() }, "{index}");
        }
        let missing = text.replace(lines[at(5)], "");
        assert_eq!(read_back(&missing).unwrap_err().missing, [5]);
        let cut = lines[..at(11)].join("\n");
        assert_eq!(read_back(&cut).unwrap_err().missing, [11]);
        let numbered_as_other = text.replace(lines[at(4)], &lines[at(4)].replacen('4', "6", 1));
        let fault = read_back(&numbered_as_other).unwrap_err();
        assert_eq!((fault.wrong, fault.missing), (vec![6], vec![4]));
        let fault = read_back(&format!("{text}hello\n")).unwrap_err();
        assert_eq!(fault.strange, [lines.len() + 1]);
        let expected = format!("line {} of the file is none of a backup's", lines.len() + 1);
        assert_eq!(fault.to_string(), expected);
        for strange in ["end  many  AAAA", "one  AAAA  AAAA"] {
            let fault = read_back(&format!("{text}{strange}\n{strange}\n")).unwrap_err();
            assert_eq!(fault.strange, [lines.len() + 1, lines.len() + 2], "{strange}");
        }
        let last = text.replace("end  12  ", "end  12  Z");
        assert!(read_back(&last).is_err());
        assert!(read_back(&text.replace("end  12", "end  99999999999")).is_err());
    }
}
