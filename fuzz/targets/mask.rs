//! Law: however a text comes in pieces, it is masked as a search for every form at every place of all of it says, and
//! no form of a secret is left in it, also not where the text pauses.

#![no_main]

use arbitrary::Arbitrary;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "the program uses more of it")]
#[path = "../../src/cli/masking/mod.rs"]
mod masking;

use masking::forms::{self, SHORTEST};
use masking::mask::{Mask, Patterns, STARS};

#[derive(Arbitrary, Debug)]
struct Command<'a> {
    secrets: Vec<&'a [u8]>,
    output: Vec<Piece<'a>>,
    /// The lengths of the pieces in which the output is read.
    reads: Vec<u8>,
    /// Whether nothing comes for a while between them.
    pauses: bool,
}

#[derive(Arbitrary, Debug)]
enum Piece<'a> {
    Text(&'a [u8]),
    Secret(u8),
    /// A part of a form: which one, where, how long.
    Part(u16, u8, u8),
}

const MOST_SECRETS: usize = 4;
const LONGEST_SECRET: usize = 100;
const LONGEST_OUTPUT: usize = 2048;

fuzz_target!(|command: Command<'_>| {
    let secrets: Vec<&[u8]> = command
        .secrets
        .iter()
        .take(MOST_SECRETS)
        .map(|secret| &secret[..secret.len().min(LONGEST_SECRET)])
        .collect();
    let forms = forms::all(secrets.iter().copied());
    let forms: Vec<&[u8]> = forms.iter().map(|form| &form[..]).collect();
    assert!(forms.iter().all(|form| form.len() >= SHORTEST));
    let text = text(&command.output, &secrets, &forms);

    let patterns = Patterns::new(&forms).unwrap();
    let (mut mask, mut masked) = (Mask::new(&patterns), Vec::new());
    let mut rest = &text[..];
    for len in command.reads.iter().chain(std::iter::repeat(&u8::MAX)) {
        if rest.is_empty() {
            break;
        }
        let (read, after) = rest.split_at(rest.len().min(usize::from(*len)));
        mask.push(read, &mut masked);
        if command.pauses {
            mask.idle(&mut masked);
            assert!(!mask.is_holding());
        }
        rest = after;
    }
    mask.finish(&mut masked);
    assert!(!mask.is_holding() && mask.released() == text.len() as u64);

    if !command.pauses {
        assert_eq!(masked, obvious(&forms, &text));
    }
    // A form with a star in it can be made of the stars that stand for another one.
    let has_stars = |form: &[u8]| form.contains(&STARS[0]);
    for form in forms.iter().filter(|form| !has_stars(form)) {
        assert!(!is_in(form, &masked), "a form is left");
    }
    for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
        let all = [secret.to_vec(), hex::encode(secret).into(), STANDARD.encode(secret).into()];
        for form in all.iter().filter(|form| !has_stars(form)) {
            assert!(!is_in(form, &masked), "a secret is left");
        }
    }
});

fn text(output: &[Piece<'_>], secrets: &[&[u8]], forms: &[&[u8]]) -> Vec<u8> {
    let mut text = Vec::new();
    for piece in output {
        match *piece {
            Piece::Text(bytes) => text.extend_from_slice(bytes),
            Piece::Secret(which) if !secrets.is_empty() => {
                text.extend_from_slice(secrets[usize::from(which) % secrets.len()]);
            }
            Piece::Part(which, from, len) if !forms.is_empty() => {
                let form = forms[usize::from(which) % forms.len()];
                let from = usize::from(from) % form.len();
                text.extend_from_slice(&form[from..form.len().min(from + usize::from(len))]);
            }
            Piece::Secret(_) | Piece::Part(..) => {}
        }
    }
    text.truncate(LONGEST_OUTPUT);
    text
}

fn is_in(form: &[u8], text: &[u8]) -> bool {
    text.windows(form.len()).any(|it| it == form)
}

/// Masks all of a text by looking for every form at every place.
fn obvious(forms: &[&[u8]], text: &[u8]) -> Vec<u8> {
    let mut secrets: Vec<(usize, usize)> = Vec::new();
    for start in 0..text.len() {
        let here = forms.iter().filter(|form| text[start..].starts_with(form));
        let Some(len) = here.map(|form| form.len()).max() else { continue };
        match secrets.last_mut() {
            Some((_, end)) if *end > start => *end = (*end).max(start + len),
            _ => secrets.push((start, start + len)),
        }
    }
    let (mut masked, mut at) = (Vec::new(), 0);
    for (start, end) in secrets {
        masked.extend_from_slice(&text[at..start]);
        masked.extend_from_slice(STARS);
        at = end;
    }
    masked.extend_from_slice(&text[at..]);
    masked
}
