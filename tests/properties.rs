//! What holds of every message, whatever its size and however its bytes come and go: through the library as a program
//! sees it.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::{self, Read, Seek as _, SeekFrom, Write};
use std::num::NonZeroU32;

use enwrap::{
    DecryptAt, DecryptOptions, DecryptReader, EncryptOptions, EncryptWriter, Keyring,
    KeyringOptions, decrypt, encrypt,
};
use proptest::prelude::*;
use tempfile::TempDir;

/// A stream that reads or writes a few bytes at a time, and is interrupted before each of them.
struct Halting<T> {
    inner: T,
    most: usize,
    is_interrupted: bool,
}

impl<T> Halting<T> {
    fn new(inner: T, most: usize) -> Self {
        Self { inner, most, is_interrupted: false }
    }

    /// How many bytes of `len` the next call moves.
    fn next(&mut self, len: usize) -> io::Result<usize> {
        self.is_interrupted = !self.is_interrupted;
        if self.is_interrupted {
            Err(io::ErrorKind::Interrupted.into())
        } else {
            Ok(len.min(self.most))
        }
    }
}

impl<T: Read> Read for Halting<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.next(buffer.len())?;
        self.inner.read(&mut buffer[..len])
    }
}

impl<T: Write> Write for Halting<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.next(bytes.len())?;
        self.inner.write(&bytes[..len])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A size near a border between frames, with the length of the frames.
fn sizes() -> impl Strategy<Value = (usize, NonZeroU32)> {
    let frame_lengths = prop_oneof![Just(1u32), 2u32..70, Just(4096), Just(65_536)];
    (frame_lengths, 0usize..12, 0usize..3).prop_map(|(frame_length, frames, beside)| {
        let border = frames * usize::try_from(frame_length).unwrap();
        ((border + beside).saturating_sub(1), NonZeroU32::new(frame_length).unwrap())
    })
}

fn keyring() -> (TempDir, Keyring) {
    let folder = TempDir::new().unwrap();
    let keyring = KeyringOptions::new().create(folder.path().join("keyring.json")).unwrap();
    (folder, keyring)
}

fn text(len: usize) -> Vec<u8> {
    (0u8..=250).cycle().take(len).collect()
}

#[test]
fn what_was_encrypted_is_decrypted_whatever_its_size_and_however_its_bytes_come() {
    let (_folder, keyring) = keyring();
    let of_threads = 1usize..9;
    let of_reads = prop_oneof![1usize..100, Just(70_000)];
    let all = (sizes(), of_threads.clone(), of_threads, of_reads, any::<bool>());
    proptest!(ProptestConfig::with_cases(80), |(((len, frame_length), sealing, opening, most, is_signed) in all)| {
        let text = text(len);
        let options = EncryptOptions::new(&keyring).frame_length(frame_length).signed(is_signed);
        let mut message = Halting::new(Vec::new(), most);
        let read = encrypt(Halting::new(&text[..], most), &mut message, &options.clone().threads(sealing));
        prop_assert_eq!(read.unwrap(), text.len() as u64);
        let message = message.inner;
        let mut plaintext = Halting::new(Vec::new(), most);
        let open = DecryptOptions::new(&keyring).threads(opening);
        decrypt(Halting::new(&message[..], most), &mut plaintext, &open).unwrap();
        prop_assert!(plaintext.inner == text);

        let mut writer = EncryptWriter::new(Halting::new(Vec::new(), most), &options).unwrap();
        writer.write_all(&text).unwrap();
        let message = writer.finish().unwrap().inner;
        let mut plaintext = Vec::new();
        let mut reader = DecryptReader::new(Halting::new(&message[..], most), &open).unwrap();
        reader.read_to_end(&mut plaintext).unwrap();
        prop_assert!(plaintext == text);
    });
}

#[test]
fn any_part_is_the_slice_of_the_plaintext() {
    let (_folder, keyring) = keyring();
    let open = DecryptOptions::new(&keyring);
    let steps = proptest::collection::vec((0.0..1.2, 0usize..100_000), 1..6);
    proptest!(ProptestConfig::with_cases(40), |((len, frame_length) in sizes(), steps in steps)| {
        let text = text(len);
        let mut message = Vec::new();
        encrypt(&text[..], &mut message, &EncryptOptions::new(&keyring).frame_length(frame_length)).unwrap();
        let mut at = DecryptAt::new(&message[..], message.len() as u64, &open).unwrap();
        for (place, most) in steps {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a small text")]
            let start = (place * len as f64) as usize;
            at.seek(SeekFrom::Start(start as u64)).unwrap();
            let mut part = Vec::new();
            (&mut at).take(most as u64).read_to_end(&mut part).unwrap();
            let end = len.min(start.saturating_add(most));
            prop_assert!(part == text.get(start..end).unwrap_or_default());
        }
    });
}
