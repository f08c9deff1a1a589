//! Law: what is printed is read back, also in small letters, with the lines in another order and with the characters
//! that people mistake for each other; with other mistakes in its groups it is refused.

#![no_main]

use arbitrary::Arbitrary;
use enwrap::keyring::paper;
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Typed<'a> {
    file: &'a [u8],
    is_small: bool,
    is_backwards: bool,
    /// A character of a group, as its line and its place, and what is typed for it.
    mistake: Option<(u8, u8, char)>,
    text: &'a [u8],
}

fuzz_target!(|typed: Typed<'_>| {
    // Anything may be typed.
    if let Ok(file) = paper::read(typed.text) {
        let printed = paper::print(file.expose());
        assert_eq!(paper::read(printed.as_bytes()).unwrap().expose(), file.expose());
    }
    let _ = paper::is_paper(typed.text);
    if typed.file.is_empty() {
        return;
    }
    let printed = paper::print(typed.file);
    assert!(paper::is_paper(printed.as_bytes()));
    let mut lines: Vec<String> =
        printed.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    if typed.is_small {
        lines.iter_mut().for_each(|line| *line = line.to_lowercase().replace('0', "o"));
        // Numbers are not base32.
        lines = restore_numbers(&lines, &printed);
    }
    let mut is_mistyped = false;
    if let Some((line, place, to)) = typed.mistake {
        let groups = lines.len() - 1;
        let line = &mut lines[usize::from(line) % groups];
        is_mistyped = mistype(line, usize::from(place), to);
    }
    if typed.is_backwards {
        lines.reverse();
    }
    match paper::read(lines.join("\n").as_bytes()) {
        Ok(file) => assert_eq!(file.expose(), typed.file),
        Err(fault) => {
            assert!(is_mistyped, "{fault}");
            assert!(!fault.to_string().is_empty(), "it says which line");
        }
    }
});

/// Puts the line numbers, and the last line, back in the place of what was typed.
fn restore_numbers(lines: &[String], printed: &str) -> Vec<String> {
    let originals = printed.lines().filter(|line| !line.starts_with('#'));
    let restored = lines.iter().zip(originals).map(|(line, original)| {
        if original.starts_with("end") {
            original.to_owned()
        } else {
            original[..3].to_owned() + &line[3..]
        }
    });
    restored.collect()
}

/// Types `to` for one character of the groups, not of the number or the checksum. Returns whether it is another one.
fn mistype(line: &mut String, place: usize, to: char) -> bool {
    let number = line.find("  ").map_or(0, |_| line.len() - line.trim_start().len());
    let start = number + line.trim_start().find("  ").unwrap() + 2;
    let end = line.rfind("  ").unwrap();
    let at = start + place % (end - start);
    let from = line.remove(at);
    line.insert(at, to);
    from != to
}
