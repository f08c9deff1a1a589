//! Every way to decrypt one message, and what must hold between their results.
//!
//! The reference is the decryption in order on one thread. The other ways are checked against its plaintext, the kind of
//! its error, which decides the exit code, and the text of its error.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Cursor, Read as _, Seek as _, SeekFrom};
use std::num::NonZeroUsize;

use enwrap::keys::envelope::NoRecords;
use enwrap::message::Limits;
use enwrap::message::structure::{Skip, is_whole_message};
use enwrap::operations::decrypt::{Commitment, DecryptPolicy, MessageOpener, OpenedMessage};
use enwrap::pipeline::range::ByteRange;
use enwrap::pipeline::salvage::Salvaged;
use enwrap::pipeline::{Jobs, NoProgress};
use enwrap::{DecryptAt, DecryptOptions, DecryptReader, Error, ErrorKind};

use crate::known_key;

/// Frames of at most 1 MiB, so that a claimed length costs the fuzzer little.
const FRAME_LENGTH: u32 = 1 << 20;

/// Returns the limits under which all paths read.
pub fn limits() -> Limits {
    Limits { frame_length: FRAME_LENGTH, ..Limits::default() }
}

/// Why a message was refused.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub kind: ErrorKind,
    pub text: String,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { kind: error.kind(), text: error.to_string() }
    }
}

/// What a decryption came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What was written, also before an error.
    pub plaintext: Vec<u8>,
    pub result: Result<(), Refusal>,
}

/// The choices that the fuzzer makes.
#[derive(Clone, Copy, Debug)]
pub struct Choices {
    /// How many bytes one read asks for.
    pub step: usize,
    /// A part of the plaintext, as its first byte and its length.
    pub part: (u64, u64),
}

fn options() -> DecryptOptions<'static> {
    DecryptOptions::new(known_key::keyring()).allow_uncommitted(true).max_frame_length(FRAME_LENGTH)
}

/// Decrypts `message` in every way, compares the results, and returns that of the reference.
pub fn agree(message: &[u8], choices: Choices) -> (Outcome, Option<(Salvaged, Vec<u8>)>) {
    let reference = in_order(message, 1);
    assert_eq!(in_order(message, 3), reference, "several threads");
    assert_eq!(through_reader(message, choices.step), reference, "as a reader");
    verified_first(message, &reference);
    at_any_place(message, choices, &reference);
    if reference.result.is_ok() {
        assert!(is_whole_message(&mut Passing(message)), "it has the structure of a message");
    }
    let salvaged = from_a_file(message, choices, &reference);
    (reference, salvaged)
}

fn in_order(message: &[u8], threads: usize) -> Outcome {
    let mut plaintext = Vec::new();
    let result = enwrap::decrypt(message, &mut plaintext, &options().threads(threads));
    if let Ok(len) = result {
        assert_eq!(len, plaintext.len() as u64);
    }
    Outcome { plaintext, result: result.map(drop).map_err(Refusal::from) }
}

fn through_reader(message: &[u8], step: usize) -> Outcome {
    let mut plaintext = Vec::new();
    let result = read_in_steps(message, step, &mut plaintext).map_err(Refusal::from);
    Outcome { plaintext, result }
}

fn read_in_steps(message: &[u8], step: usize, plaintext: &mut Vec<u8>) -> Result<(), Error> {
    let mut reader = DecryptReader::new(message, &options())?;
    let mut buffer = vec![0; step.max(1)];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => plaintext.extend_from_slice(&buffer[..read]),
            Err(error) => {
                assert!(reader.read(&mut buffer).is_err(), "an error is no end");
                return Err(error.into());
            }
        }
    }
}

/// Nothing of a message that does not hold is written.
fn verified_first(message: &[u8], reference: &Outcome) {
    let mut plaintext = Vec::new();
    let result = enwrap::verify_then_decrypt(Cursor::new(message), &mut plaintext, &options());
    let result = result.map(drop).map_err(Refusal::from);
    assert_eq!(result, reference.result, "verified first");
    let expected = if result.is_ok() { &reference.plaintext[..] } else { &[] };
    assert_eq!(plaintext, expected, "verified first");
}

/// A reader of any part agrees with the whole, where the part holds, and has the first error of the whole otherwise.
fn at_any_place(message: &[u8], choices: Choices, reference: &Outcome) {
    let mut reader = match DecryptAt::new(message.to_vec(), message.len() as u64, &options()) {
        Ok(reader) => reader,
        Err(error) => {
            let refusal = Refusal::from(error);
            if refusal.kind == ErrorKind::Refused {
                // A signed message, or one that is not in frames; or a limit.
                return;
            }
            assert_eq!(Err(refusal), reference.result, "at any place");
            return;
        }
    };
    let len = reader.plaintext_len();
    let mut plaintext = Vec::new();
    let result = reader.read_to_end(&mut plaintext).map(drop).map_err(|it| Error::from(it).into());
    if result.is_ok() {
        assert_eq!(len, plaintext.len() as u64);
    }
    assert_eq!(Outcome { plaintext, result }, *reference, "at any place");
    let (from, wanted) = choices.part;
    let from = from.min(len);
    let wanted = wanted.min(len - from);
    reader.seek(SeekFrom::Start(from)).unwrap();
    let mut part = vec![0; wanted as usize];
    if reader.read_exact(&mut part).is_ok() {
        assert_consistent(&part, from, &reference.plaintext);
    } else {
        assert!(reference.result.is_err());
    }
}

/// Asserts that `part` and `plaintext` have the same bytes where both have some.
fn assert_consistent(part: &[u8], from: u64, plaintext: &[u8]) {
    let rest = plaintext.get(from as usize..).unwrap_or_default();
    let both = rest.len().min(part.len());
    assert_eq!(part[..both], rest[..both], "a part from place {from} on");
}

thread_local! {
    // Made once: a file for each input would take most of the time.
    static FILES: RefCell<[File; 2]> =
        RefCell::new([tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap()]);
}

/// What the command line does with files: by position, a part, and salvage.
fn from_a_file(
    message: &[u8],
    choices: Choices,
    reference: &Outcome,
) -> Option<(Salvaged, Vec<u8>)> {
    let policy = DecryptPolicy {
        limits: limits(),
        commitment: Commitment::Optional,
        ..DecryptPolicy::default()
    };
    let services = [known_key::root_keys() as _];
    let opener = MessageOpener { services: &services, records: &NoRecords, policy: &policy };
    let Ok(opened) = OpenedMessage::open(&mut &message[..], &opener) else {
        assert!(reference.result.is_err());
        return None;
    };
    let opened = opened.with_jobs(Jobs::new(NonZeroUsize::new(2).unwrap()));
    let size = message.len() as u64;
    let source = message.to_vec();
    FILES.with_borrow_mut(|[output, salvage]| {
        output.set_len(0).unwrap();
        let written = opened.decrypt_file(&source, size, Some(output), &NoProgress).unwrap();
        if let Some(len) = written {
            assert_eq!(reference.result, Ok(()), "by position");
            assert_eq!(len, reference.plaintext.len() as u64, "by position");
            assert!(contents(output) == reference.plaintext, "by position");
        }
        part(&opened, &source, choices, reference);
        salvage.set_len(0).unwrap();
        let salvaged = opened.salvage(&source, size, salvage, &NoProgress).unwrap()?;
        let plaintext = contents(salvage);
        assert!(plaintext.starts_with(&reference.plaintext), "salvage has what was decrypted");
        if reference.result.is_ok() {
            assert_eq!(plaintext, reference.plaintext, "salvage of a whole message");
            assert_eq!(salvaged.bytes, plaintext.len() as u64);
            assert_eq!(salvaged.plaintext_len, Some(plaintext.len() as u64));
            assert!(salvaged.lost.is_empty());
        }
        Some((salvaged, plaintext))
    })
}

fn part(opened: &OpenedMessage, source: &Vec<u8>, choices: Choices, reference: &Outcome) {
    let (offset, length) = choices.part;
    let range = ByteRange { offset, length: Some(length) };
    let (size, mut part) = (source.len() as u64, Vec::new());
    let found = opened.decrypt_range(source, size, range, &mut part, &NoProgress).unwrap();
    let Some(found) = found else {
        let can_have_parts = opened.layout().is_some();
        assert!(!(can_have_parts && reference.result.is_ok()), "a part of a whole message");
        return;
    };
    assert_consistent(&part, offset, &reference.plaintext);
    if reference.result.is_ok() {
        let len = reference.plaintext.len() as u64;
        assert_eq!(found.plaintext_len, len);
        assert_eq!(found.written, length.min(len.saturating_sub(offset)));
    }
}

/// Returns the start of a file. A frame with a great number, which salvage puts to its place, makes a file of gigabytes
/// with a hole before the frame.
fn contents(file: &mut File) -> Vec<u8> {
    const MOST: u64 = 4 << 20;
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.take(MOST).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Bytes in memory, some of which can be passed over.
struct Passing<'a>(&'a [u8]);

impl io::Read for Passing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Skip for Passing<'_> {
    fn skip(&mut self, len: u64) -> io::Result<()> {
        self.0 = self.0.get(usize::try_from(len).unwrap_or(usize::MAX)..).unwrap_or_default();
        Ok(())
    }
}
