//! That all ways through a body agree: on the bytes, on the result, and on the first error.

use std::io::{Cursor, Seek as _, SeekFrom};

use super::placed_frames::{PlacedFrames, SizedSource};
use super::positional::PlacedOutput;
use super::*;
use crate::crypto::engine::{IV_LEN, Tag};
use crate::crypto::secret::{DataKey, SecretBytes};
use crate::message::Limits;
use crate::message::context::{EncryptionContext, PUBLIC_KEY};
use crate::message::derivation::derive;
use crate::message::layout::Layout;
use crate::message::signature::{PublicKey, Signer, Verifier};
use crate::message::suite::Suite;

const ID: [u8; 32] = [4; 32];

fn frame_key() -> crate::message::derivation::FrameKey {
    let data_key = DataKey::new(SecretBytes::copy_of(&[3; 32]));
    derive(Suite::COMMITTING, &data_key, &ID.into()).0
}

pub(super) fn sealer() -> (FrameSealer, Tag) {
    FrameSealer::begin(&frame_key(), &ID.into(), b"header", b"")
}

pub(super) fn opener() -> FrameOpener {
    let tag = sealer().1;
    FrameOpener::begin(&frame_key(), &ID.into(), b"header", b"", (&[0; IV_LEN], &tag)).unwrap()
}

fn jobs(jobs: usize) -> Jobs {
    Jobs::new(NonZeroUsize::new(jobs).unwrap())
}

pub(super) const FRAME: NonZeroU32 = NonZeroU32::new(10).unwrap();

pub(super) fn file_of(bytes: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

pub(super) fn contents(mut file: std::fs::File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

pub(super) fn sealed_in_order(plaintext: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    let body = sealer().0;
    let body = BodySealer::new(&body, FRAME);
    sequential::seal(body, &mut &plaintext[..], &mut message, &NoProgress).unwrap();
    message
}

/// Returns the message, and then every cut, flip and extension of it.
pub(super) fn damaged(message: &[u8]) -> Vec<Vec<u8>> {
    let mut variants = vec![message.to_vec(), [message, b"x"].concat()];
    variants.push([message, message].concat());
    variants.extend((0..message.len()).map(|len| message[..len].to_vec()));
    variants.extend((0..message.len()).map(|at| {
        let mut flipped = message.to_vec();
        flipped[at] ^= 0x81;
        flipped
    }));
    variants
}

/// The plaintext that was written, and the result, with an error as its text.
type OpenOutcome = (Vec<u8>, Result<u64, String>);

fn opened(message: &[u8], by: Jobs, verifier: Option<Verifier>) -> OpenOutcome {
    let (cipher, limits) = (opener(), Limits::default());
    let content = ContentType::Framed(FRAME);
    let body = BodyOpener { cipher: &cipher, content, start: 0, limits, verifier };
    let mut plaintext = Vec::new();
    let result = open(body, &mut &message[..], &mut plaintext, by, &NoProgress);
    (plaintext, result.map_err(|error| error.to_string()))
}

fn opened_by_position(message: &[u8], by: Jobs) -> Option<Vec<u8>> {
    let layout = Layout { header_len: 0, frame_length: FRAME };
    let (source, output) = (file_of(message), file_of(b""));
    let source = SizedSource { source: &source, claimed_len: message.len() as u64 };
    let cipher = opener();
    let frames = PlacedFrames { cipher: &cipher, layout, source };
    let opened = positional::open(&frames, Some(&output), by, &NoProgress).unwrap();
    let verified = positional::open(&frames, None, by, &NoProgress).unwrap();
    assert_eq!(opened, verified);
    let plaintext = contents(output);
    opened.map(|len| {
        assert_eq!(plaintext.len() as u64, len);
        plaintext
    })
}

#[test]
fn every_way_to_seal_writes_the_same_message() {
    for len in (0..40).chain([59, 60, 61, 119, 120, 121, 179, 180, 181, 1000, 1201]) {
        let plaintext: Vec<u8> = (0..=250).cycle().take(len).collect();
        let expected = sealed_in_order(&plaintext);
        for by in [2, 7] {
            let mut message = Vec::new();
            let mut source = &plaintext[..];
            let sealer = sealer().0;
            let body = BodySealer::new(&sealer, FRAME);
            let total = pool::seal(body, &mut source, &mut message, jobs(by), &NoProgress);
            assert_eq!(total.unwrap(), len as u64);
            assert!(message == expected, "{len} by {by}");
            // By position, and the rest in order. The claimed length may be too short.
            for claimed in [len, len / 2] {
                let layout = Layout { header_len: 0, frame_length: FRAME };
                let (file, mut output) = (file_of(&plaintext), file_of(b""));
                let source = SizedSource { source: &file, claimed_len: claimed as u64 };
                let placed = PlacedOutput { file: &output, layout };
                let frames =
                    positional::seal(&sealer, &source, placed, jobs(by), &NoProgress).unwrap();
                let next = NonZeroU32::MIN.saturating_add(frames);
                let mut rest = Cursor::new(&plaintext[frames as usize * 10..]);
                output.seek(SeekFrom::Start(layout.frame_start(next).unwrap())).unwrap();
                let body = BodySealer { first: next, ..body };
                sequential::seal(body, &mut rest, &mut output, &NoProgress).unwrap();
                assert!(contents(output) == expected, "{len} of {claimed} by {by}");
            }
        }
    }
}

#[test]
fn every_way_to_open_gives_the_same_result_for_every_cut_flip_and_extension() {
    let plaintext: Vec<u8> = (0..255).collect();
    // With a short and a full last frame, and with less than a run of frames, one run, and several.
    for len in [0, 5, 10, 55, 60, 65, 250, 255] {
        let variants = damaged(&sealed_in_order(&plaintext[..len]));
        for (index, variant) in variants.iter().enumerate() {
            let expected = opened(variant, Jobs::ONE, None);
            assert_eq!(expected.1.is_ok(), index == 0);
            for by in [2, 7] {
                assert_eq!(opened(variant, jobs(by), None), expected, "{index} by {by}");
                let by_position = opened_by_position(variant, jobs(by));
                let expected = expected.1.is_ok().then(|| expected.0.clone());
                // Short messages are not opened by position.
                if len >= 250 || by_position.is_some() {
                    assert_eq!(by_position, expected, "{index} by {by}");
                }
            }
        }
    }
}

fn signed_by_position(message: &[u8], by: Jobs, key: &PublicKey) -> Option<Vec<u8>> {
    let layout = Layout { header_len: 0, frame_length: FRAME };
    let (file, output, cipher) = (file_of(message), file_of(b""), opener());
    let open = |output| {
        let source = SizedSource { source: &file, claimed_len: message.len() as u64 };
        let frames = PlacedFrames { cipher: &cipher, layout, source };
        signed::open(frames, Verifier::new(key.clone()), output, by, &NoProgress).unwrap()
    };
    let opened = open(Some(&output));
    assert_eq!(opened, open(None));
    let plaintext = contents(output);
    opened.map(|len| {
        assert_eq!(plaintext.len() as u64, len);
        plaintext
    })
}

#[test]
fn what_is_sealed_by_position_is_signed_in_the_order_of_its_bytes() {
    for len in [0, 10, 60, 119, 120, 121, 1000, 1201] {
        let plaintext: Vec<u8> = (0..=250).cycle().take(len).collect();
        let expected = sealed_in_order(&plaintext);
        for by in [2, 7] {
            let mut signer = Signer::generate().unwrap();
            let mut context = EncryptionContext::default();
            context.insert_allowing_reserved(PUBLIC_KEY, &signer.public_key()).unwrap();
            let key = PublicKey::of(Suite::SIGNED, &context).unwrap().unwrap();
            let layout = Layout { header_len: 0, frame_length: FRAME };
            let (file, output, sealer) = (file_of(&plaintext), file_of(b""), sealer().0);
            let source = SizedSource { source: &file, claimed_len: len as u64 };
            let placed = PlacedOutput { file: &output, layout };
            let frames = signed::seal(&sealer, &source, placed, &mut signer, jobs(by), &NoProgress);
            let done = frames.unwrap() as usize * 42;
            assert!(contents(output)[..done] == expected[..done], "{len} by {by}");
            signer.update(&expected[done..]);
            let mut verifier = Verifier::new(key);
            verifier.update(&expected);
            assert!(verifier.verify(&signer.footer().unwrap()[2..]), "{len} by {by}");
        }
    }
}

#[test]
fn a_signature_is_checked_by_one_thread_and_by_several() {
    let signer = || Signer::generate().unwrap();
    let key = |signer: &Signer| {
        let mut context = EncryptionContext::default();
        context.insert_allowing_reserved(PUBLIC_KEY, &signer.public_key()).unwrap();
        PublicKey::of(Suite::SIGNED, &context).unwrap().unwrap()
    };
    let plaintext = [7; 255];
    let mut signer = signer();
    let key = key(&signer);
    let body = sealed_in_order(&plaintext);
    signer.update(&body);
    let footer = signer.footer().unwrap();
    let good = [&body[..], &footer].concat();
    let mut forged = good.clone();
    *forged.last_mut().unwrap() ^= 1;
    let flipped: Vec<_> = (0..body.len())
        .step_by(7)
        .map(|at| {
            let mut flipped = good.clone();
            flipped[at] ^= 1;
            flipped
        })
        .collect();
    let cut = &good[..good.len() - 1];
    let longer = [&good[..], b"x"].concat();
    for (variant, is_good) in [(&good[..], true), (&forged, false), (cut, false), (&longer, false)]
        .into_iter()
        .chain(flipped.iter().map(|it| (&it[..], false)))
    {
        let expected = opened(variant, Jobs::ONE, Some(Verifier::new(key.clone())));
        assert_eq!(expected.1.is_ok(), is_good);
        for by in [2, 7] {
            let verifier = Some(Verifier::new(key.clone()));
            assert_eq!(opened(variant, jobs(by), verifier), expected);
            let by_position = signed_by_position(variant, jobs(by), &key);
            assert_eq!(by_position, is_good.then(|| plaintext.to_vec()));
        }
    }
}

#[test]
fn a_failing_source_or_output_ends_the_work_with_its_error() {
    /// Fails after this many bytes.
    struct FailingAfter<T>(T, usize);

    impl<T: Read> Read for FailingAfter<T> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let read = self.0.read(buffer)?;
            self.1 = self.1.checked_sub(read).ok_or(io::ErrorKind::TimedOut)?;
            Ok(read)
        }
    }

    impl<T: Write> Write for FailingAfter<T> {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            self.1 = self.1.checked_sub(buffer.len()).ok_or(io::ErrorKind::StorageFull)?;
            self.0.write(buffer)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let (plaintext, message) = ([7; 2000], sealed_in_order(&[7; 2000]));
    for after in [0, 100, 500, 1900] {
        let mut written = Vec::new();
        let mut source = FailingAfter(&plaintext[..], after);
        let sealer = sealer().0;
        let body = BodySealer::new(&sealer, FRAME);
        let error = pool::seal(body, &mut source, &mut written, jobs(3), &NoProgress).unwrap_err();
        assert!(matches!(error, PipelineError::Read(_)), "{error}");
        // What was written cannot be taken for a whole message.
        assert!(opened(&written, Jobs::ONE, None).1.is_err());
        let mut output = FailingAfter(Vec::new(), after);
        let error =
            pool::seal(body, &mut &plaintext[..], &mut output, jobs(3), &NoProgress).unwrap_err();
        assert!(matches!(error, PipelineError::Write(_)), "{error}");
        let (cipher, limits, content) = (opener(), Limits::default(), ContentType::Framed(FRAME));
        let body = || BodyOpener { cipher: &cipher, content, start: 0, limits, verifier: None };
        let mut output = FailingAfter(Vec::new(), after);
        let error = open(body(), &mut &message[..], &mut output, jobs(3), &NoProgress).unwrap_err();
        assert!(matches!(error, PipelineError::Write(_)), "{error}");
        let mut source = FailingAfter(&message[..], after);
        let error = open(body(), &mut source, &mut Vec::new(), jobs(3), &NoProgress).unwrap_err();
        assert!(matches!(error, PipelineError::Message(MessageError::Read(_))), "{error}");
    }
}
