//! Looks for secrets in a stream, and replaces them.
//!
//! Every byte that belongs to an occurrence of any form of a secret is masked, whichever occurrences overlap it.
//! Occurrences that overlap become one `***`. The usual rule of a search and replace, the leftmost and longest match
//! and then on behind it, would show the rest of a second secret that overlaps the first.
//!
//! A byte is held back as long as it can still become a part of an occurrence, and no longer: the automaton's state
//! is the longest end of the stream that begins a form.

use std::collections::{HashMap, VecDeque};

use aho_corasick::automaton::Automaton;
use aho_corasick::automaton::StateID;
use aho_corasick::nfa::contiguous;
use aho_corasick::{Anchored, BuildError, MatchKind, StartKind, dfa};
use zeroize::Zeroize as _;

/// What stands in the place of a secret.
pub(crate) const STARS: &[u8] = b"***";

/// How many bytes of what begins like a secret are shown when nothing follows. More are masked, although it may turn
/// out that they were no secret.
const SHOWN: u64 = 3;

/// Up to this size of all forms together, the automaton is the faster one, which takes more memory by the byte.
const FAST_UP_TO: usize = 32 << 10;

/// The byte strings that are looked for.
pub(crate) struct Patterns {
    engine: Engine,
    /// How many bytes of a pattern each state stands for.
    depths: HashMap<StateID, u64>,
}

// Neither wipes its memory. It is there until the process ends, as the secrets are.
enum Engine {
    Fast(dfa::DFA),
    Small(contiguous::NFA),
}

impl Patterns {
    /// # Errors
    /// If the patterns are too many for the automaton.
    pub(crate) fn new<P: AsRef<[u8]>>(patterns: &[P]) -> Result<Self, BuildError> {
        let size: usize = patterns.iter().map(|pattern| pattern.as_ref().len()).sum();
        if size <= FAST_UP_TO {
            let engine = dfa::Builder::new()
                .match_kind(MatchKind::Standard)
                .start_kind(StartKind::Unanchored)
                .prefilter(false)
                .build(patterns)?;
            let depths = depths(&engine, patterns);
            return Ok(Self { engine: Engine::Fast(engine), depths });
        }
        let engine = contiguous::Builder::new()
            .match_kind(MatchKind::Standard)
            .prefilter(false)
            .build(patterns)?;
        let depths = depths(&engine, patterns);
        Ok(Self { engine: Engine::Small(engine), depths })
    }

    fn start(&self) -> StateID {
        match &self.engine {
            Engine::Fast(engine) => start(engine),
            Engine::Small(engine) => start(engine),
        }
    }

    /// Goes on from `state`. Calls `found` for each byte with which a pattern ends, with the number of bytes up to
    /// and including it, and the length of the longest such pattern.
    fn scan(&self, state: StateID, bytes: &[u8], found: impl FnMut(u64, u64)) -> StateID {
        match &self.engine {
            Engine::Fast(engine) => scan(engine, state, bytes, found),
            Engine::Small(engine) => scan(engine, state, bytes, found),
        }
    }
}

fn start(engine: &impl Automaton) -> StateID {
    engine.start_state(Anchored::No).unwrap_or_default()
}

fn scan(
    engine: &impl Automaton,
    mut state: StateID,
    bytes: &[u8],
    mut found: impl FnMut(u64, u64),
) -> StateID {
    let mut read = 0;
    for byte in bytes {
        state = engine.next_state(Anchored::No, state, *byte);
        read += 1;
        if engine.is_match(state) {
            let ends = (0..engine.match_len(state)).map(|index| engine.match_pattern(state, index));
            let longest = ends.map(|pattern| engine.pattern_len(pattern)).max().unwrap_or(0);
            found(read, longest as u64);
        }
    }
    state
}

fn depths<P: AsRef<[u8]>>(engine: &impl Automaton, patterns: &[P]) -> HashMap<StateID, u64> {
    let mut depths = HashMap::new();
    for pattern in patterns {
        let mut state = start(engine);
        for (before, byte) in pattern.as_ref().iter().enumerate() {
            state = engine.next_state(Anchored::No, state, *byte);
            depths.insert(state, before as u64 + 1);
        }
    }
    depths
}

/// Masks one stream. Places are counted in bytes from its beginning.
pub(crate) struct Mask<'a> {
    patterns: &'a Patterns,
    state: StateID,
    /// How much was read.
    read: u64,
    /// How much of that was released, as it is or masked.
    released: u64,
    /// What was read and not released.
    held: Vec<u8>,
    /// What is to be masked, in order: no two overlap. One stays until no later occurrence can overlap it.
    secrets: VecDeque<Secret>,
}

/// A run of bytes that becomes one `***`.
struct Secret {
    start: u64,
    end: u64,
    /// Whether its `***` was released.
    is_told: bool,
}

impl<'a> Mask<'a> {
    pub(crate) fn new(patterns: &'a Patterns) -> Self {
        let (held, secrets) = (Vec::new(), VecDeque::new());
        Self { patterns, state: patterns.start(), read: 0, released: 0, held, secrets }
    }

    /// Takes the next bytes. Appends to `output` all that is decided.
    pub(crate) fn push(&mut self, bytes: &[u8], output: &mut Vec<u8>) {
        self.held.extend_from_slice(bytes);
        let (before, patterns) = (self.read, self.patterns);
        self.state = patterns.scan(self.state, bytes, |read, len| {
            let end = before + read;
            self.cover(end - len, end);
        });
        self.read += bytes.len() as u64;
        self.release(self.undecided(), output);
    }

    /// Whether bytes are held back.
    pub(crate) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// How many bytes of the stream were released, as they are or masked.
    pub(crate) fn released(&self) -> u64 {
        self.released
    }

    /// Releases what is held back, because nothing has followed for a while and somebody may wait for it, such as for
    /// a question. What may be the beginning of a secret is shown if it is short, and else masked. When the rest of a
    /// secret comes later, it is masked too.
    pub(crate) fn idle(&mut self, output: &mut Vec<u8>) {
        if !self.is_holding() {
            return;
        }
        let start = self.undecided();
        if self.read - start > SHOWN {
            self.cover(start, self.read);
        }
        self.release(self.read, output);
    }

    /// Ends the stream: what is held back was no secret.
    pub(crate) fn finish(&mut self, output: &mut Vec<u8>) {
        self.release(self.read, output);
    }

    /// Where the longest end of the stream starts that can still become an occurrence.
    fn undecided(&self) -> u64 {
        self.read - self.patterns.depths.get(&self.state).copied().unwrap_or(0)
    }

    /// Has a run of bytes masked. It ends no earlier than all before it.
    fn cover(&mut self, start: u64, end: u64) {
        let mut secret = Secret { start, end, is_told: false };
        while let Some(last) = self.secrets.pop_back_if(|last| last.end > start) {
            secret.start = secret.start.min(last.start);
            secret.is_told |= last.is_told;
        }
        self.secrets.push_back(secret);
    }

    /// Releases what was read up to a place.
    fn release(&mut self, to: u64, output: &mut Vec<u8>) {
        let (to, base) = (to.max(self.released), self.released);
        let held = |from: u64, to: u64| {
            let index = |place: u64| usize::try_from(place - base).unwrap_or(usize::MAX);
            index(from)..index(to)
        };
        let mut at = base;
        for secret in self.secrets.iter_mut().filter(|secret| secret.end > base) {
            if secret.start >= to {
                break;
            }
            if secret.start > at {
                output.extend_from_slice(&self.held[held(at, secret.start)]);
            }
            if !secret.is_told {
                output.extend_from_slice(STARS);
                secret.is_told = true;
            }
            at = secret.end.min(to);
        }
        output.extend_from_slice(&self.held[held(at, to)]);
        self.held.drain(held(base, to));
        self.released = to;
        let undecided = self.undecided();
        while self.secrets.pop_front_if(|first| first.end <= undecided.min(to)).is_some() {}
    }
}

impl Drop for Mask<'_> {
    fn drop(&mut self) {
        self.held.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Masks all of a text by looking for every pattern at every place.
    fn obvious(patterns: &[Vec<u8>], text: &[u8]) -> Vec<u8> {
        let mut secrets: Vec<(usize, usize)> = Vec::new();
        for start in 0..text.len() {
            let here = patterns.iter().filter(|pattern| text[start..].starts_with(pattern));
            let Some(len) = here.map(Vec::len).max() else { continue };
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

    fn masked(patterns: &[impl AsRef<[u8]>], chunks: &[&[u8]], is_idle: bool) -> String {
        let patterns = Patterns::new(patterns).unwrap();
        let (mut mask, mut output) = (Mask::new(&patterns), Vec::new());
        for chunk in chunks {
            mask.push(chunk, &mut output);
            if is_idle {
                mask.idle(&mut output);
                assert!(!mask.is_holding());
            }
        }
        mask.finish(&mut output);
        String::from_utf8(output).unwrap()
    }

    proptest! {
        /// Two letters make secrets that overlap, contain and begin each other, in a text full of their parts.
        #[test]
        fn a_stream_is_masked_as_all_of_it_would_be(
            patterns in vec(vec(b'a'..=b'b', 1..6), 0..5),
            chunks in vec(vec(b'a'..=b'c', 0..9), 0..12),
        ) {
            let known = Patterns::new(&patterns).unwrap();
            let (mut mask, mut output) = (Mask::new(&known), Vec::new());
            let mut text = Vec::new();
            for chunk in &chunks {
                mask.push(chunk, &mut output);
                text.extend_from_slice(chunk);
                // What is held begins some pattern.
                let held = &mask.held;
                prop_assert!(held.is_empty() || patterns.iter().any(|it| it.starts_with(held)));
            }
            mask.finish(&mut output);
            prop_assert_eq!(output, obvious(&patterns, &text));
        }

        /// The same for any bytes, between which the secrets and their beginnings are put.
        #[test]
        fn secrets_of_any_bytes_are_masked(
            patterns in vec(vec(any::<u8>(), 4..40), 1..6),
            parts in vec((any::<prop::sample::Index>(), 0usize..50, vec(any::<u8>(), 0..8)), 0..12),
            cut in 1usize..70,
        ) {
            let mut text = Vec::new();
            for (which, len, between) in &parts {
                let pattern = which.get(&patterns);
                text.extend_from_slice(&pattern[..(*len).min(pattern.len())]);
                text.extend_from_slice(between);
            }
            let known = Patterns::new(&patterns).unwrap();
            let (mut mask, mut output) = (Mask::new(&known), Vec::new());
            text.chunks(cut).for_each(|chunk| mask.push(chunk, &mut output));
            mask.finish(&mut output);
            prop_assert_eq!(output, obvious(&patterns, &text));
        }

        /// However slowly a secret comes, no more than its first three bytes are shown.
        #[test]
        fn pauses_show_no_more_than_the_beginning(
            secrets in vec("[A-Z]{4,12}", 1..4),
            parts in vec((any::<prop::sample::Index>(), "[a-z]{1,3}"), 1..6),
            cuts in vec((1usize..6, any::<bool>()), 1..40),
        ) {
            let text: String =
                parts.iter().map(|(which, between)| format!("{}{between}", which.get(&secrets))).collect();
            let known = Patterns::new(&secrets).unwrap();
            let (mut mask, mut output) = (Mask::new(&known), Vec::new());
            let mut rest = text.as_bytes();
            for (len, is_idle) in cuts.iter().cycle() {
                let (chunk, after) = rest.split_at(rest.len().min(*len));
                mask.push(chunk, &mut output);
                if *is_idle {
                    mask.idle(&mut output);
                }
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            mask.finish(&mut output);
            let runs = output.split(|byte| !byte.is_ascii_uppercase());
            prop_assert!(runs.map(<[u8]>::len).max().unwrap_or(0) <= 3);
            // What is between the secrets is all there.
            let small = |text: &[u8]| -> Vec<u8> {
                text.iter().copied().filter(u8::is_ascii_lowercase).collect()
            };
            prop_assert_eq!(small(&output), small(text.as_bytes()));
        }
    }

    #[test]
    fn overlapping_secrets_show_nothing_of_either() {
        assert_eq!(masked(&["abcdef", "defghi"], &[b"<abcdefghi>"], false), "<***>");
        assert_eq!(masked(&["abcdef", "defghi"], &[b"<abcde", b"fgh", b"i>"], false), "<***>");
        assert_eq!(masked(&["abcd", "bc"], &[b"abcabcd"], false), "a******");
        assert_eq!(masked(&["bcde", "abcdef"], &[b"abcde", b"x"], false), "a***x");
        assert_eq!(masked(&[""; 0], &[b"all"], false), "all");
    }

    #[test]
    fn what_cannot_become_a_secret_is_not_held() {
        let patterns = Patterns::new(&["secret"]).unwrap();
        let (mut mask, mut output) = (Mask::new(&patterns), Vec::new());
        mask.push(b"Password: ", &mut output);
        assert_eq!((&output[..], mask.is_holding()), (&b"Password: "[..], false));
        mask.push(b"sec", &mut output);
        assert_eq!((&output[..], mask.is_holding()), (&b"Password: "[..], true));
    }

    #[test]
    fn a_secret_that_comes_slowly_shows_its_first_bytes_only() {
        let slowly: Vec<&[u8]> = b"-secret-sec-".chunks(1).collect();
        assert_eq!(masked(&["secret"], &slowly, true), "-sec***-sec-");
        assert_eq!(masked(&["secret"], &[b"secr", b"et", b"-"], true), "***-");
        // What only began like a secret stays masked.
        assert_eq!(masked(&["secret"], &[b"secr", b"ipt"], true), "***ipt");
    }

    #[test]
    fn many_and_long_secrets_are_masked_alike() {
        let long: Vec<Vec<u8>> = (0..40u8)
            .map(|first| {
                (0..1000u32).map(|at| first ^ (at.wrapping_mul(31) >> 3).to_le_bytes()[0]).collect()
            })
            .collect();
        let text = long.concat();
        let patterns = Patterns::new(&long).unwrap();
        assert!(matches!(patterns.engine, Engine::Small(_)));
        let (mut mask, mut output) = (Mask::new(&patterns), Vec::new());
        text.chunks(777).for_each(|chunk| mask.push(chunk, &mut output));
        mask.finish(&mut output);
        assert_eq!(output, obvious(&long, &text));
    }
}
