//! Every byte of a message, lost or altered: the code that the field asks for, and no output.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::shell::Shell;

/// Three frames of up to 128 bytes, three context pairs, one encrypted data key of `my-ns: key-1`.
struct Sample {
    message: Vec<u8>,
    plaintext: Vec<u8>,
    header_len: usize,
    wrapping_key: String,
}

impl Sample {
    fn new() -> Self {
        let answers: Value =
            serde_json::from_str(include_str!("../vectors/known-answers.json")).unwrap();
        let of_suite = |answer: &&Value| answer["suite"] == "0478";
        let answer = answers.as_array().unwrap().iter().filter(of_suite).nth(1).unwrap();
        let bytes = |member: &str| hex::decode(answer[member].as_str().unwrap()).unwrap();
        let header_len = usize::try_from(answer["header_len"].as_u64().unwrap()).unwrap();
        let wrapping_key = answer["wrapping_key"].as_str().unwrap().to_owned();
        Self { message: bytes("message"), plaintext: bytes("plaintext"), header_len, wrapping_key }
    }

    fn shell(&self) -> Shell {
        let shell = Shell::bare();
        shell.write("key", &self.wrapping_key);
        let from = ["--namespace", "my-ns", "--name", "key-1", "--material-file", "key"];
        shell.ok(&[&["key", "import"], &from[..]].concat());
        shell.write("message", &self.message);
        shell.ok(&["decrypt", "message", "-o", "out"]);
        assert_eq!(shell.read("out"), self.plaintext);
        shell.write("out", "the old output");
        shell
    }
}

/// Runs `decrypt` on each variant, on both cores, and compares the code; the output never changes.
fn sweep(sample: &Sample, variants: &[(String, Vec<u8>, i32)]) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let shell = sample.shell();
                while let Some((name, bytes, code)) =
                    variants.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    shell.write("message", bytes);
                    let run = shell.run(&["decrypt", "message", "-f", "-o", "out"]);
                    assert_eq!(run.code, Some(*code), "{name}: {run:?}");
                    assert_eq!(shell.read("out"), b"the old output", "{name}");
                    assert_eq!(shell.names(), ["key", "message", "out"], "{name}");
                }
            });
        }
    });
}

#[test]
fn a_message_cut_at_any_byte() {
    let sample = Sample::new();
    let variants: Vec<_> = (0..sample.message.len())
        .map(|len| {
            let code = if len == 0 { 11 } else { 5 };
            (format!("cut to {len}"), sample.message[..len].to_vec(), code)
        })
        .collect();
    sweep(&sample, &variants);
}

#[test]
fn a_message_with_any_byte_altered() {
    let sample = Sample::new();
    let fields = fields(&sample);
    let mut variants = Vec::new();
    for mask in [0x01, 0x80] {
        for (at, (field, place)) in fields.iter().enumerate() {
            let mut bytes = sample.message.clone();
            bytes[at] ^= mask;
            let code = expected(*field, *place, mask);
            variants.push((format!("{field:?} byte {place} ^ {mask:#x}"), bytes, code));
        }
    }
    sweep(&sample, &variants);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Version,
    Suite,
    MessageId,
    ContextLen,
    ContextCount,
    ContextPartLen,
    /// ASCII text of the context.
    ContextText,
    /// The two bytes of a letter beyond ASCII.
    ContextLetter,
    KeyCount,
    ProviderIdLen,
    ProviderId,
    ProviderInfoLen,
    /// Key name, tag length, IV length: what the name is matched by.
    ProviderInfoName,
    ProviderInfoIv,
    CiphertextLen,
    Ciphertext,
    ContentType,
    FrameLength,
    CommitKey,
    HeaderTag,
    FrameMarker,
    FrameSequence,
    FrameIv,
    FinalLength,
    FrameCiphertext,
    FrameTag,
}

/// The field of each byte, and the byte's place in it.
fn fields(sample: &Sample) -> Vec<(Field, usize)> {
    use Field as F;
    let mut lens = vec![(F::Version, 1), (F::Suite, 2), (F::MessageId, 32), (F::ContextLen, 2)];
    lens.push((F::ContextCount, 2));
    for (text, len) in [
        (F::ContextText, 1), // a
        (F::ContextText, 1), // 1
        (F::ContextText, 7), // purpose
        (F::ContextText, 4), // test
        (F::ContextLetter, 2),
        (F::ContextLetter, 2),
    ] {
        lens.extend([(F::ContextPartLen, 2), (text, len)]);
    }
    lens.extend([(F::KeyCount, 2), (F::ProviderIdLen, 2), (F::ProviderId, 5)]);
    lens.extend([(F::ProviderInfoLen, 2), (F::ProviderInfoName, 5 + 8), (F::ProviderInfoIv, 12)]);
    lens.extend([(F::CiphertextLen, 2), (F::Ciphertext, 48), (F::ContentType, 1)]);
    lens.extend([(F::FrameLength, 4), (F::CommitKey, 32), (F::HeaderTag, 16)]);
    assert_eq!(lens.iter().map(|(_, len)| len).sum::<usize>(), sample.header_len);
    for _ in 0..2 {
        lens.extend([(F::FrameSequence, 4), (F::FrameIv, 12)]);
        lens.extend([(F::FrameCiphertext, 128), (F::FrameTag, 16)]);
    }
    let rest = sample.plaintext.len() - 2 * 128;
    lens.extend([(F::FrameMarker, 4), (F::FrameSequence, 4), (F::FrameIv, 12)]);
    lens.extend([(F::FinalLength, 4), (F::FrameCiphertext, rest), (F::FrameTag, 16)]);
    assert_eq!(lens.iter().map(|(_, len)| len).sum::<usize>(), sample.message.len());
    lens.into_iter().flat_map(|(field, len)| (0..len).map(move |place| (field, place))).collect()
}

/// The exit code that the order of checks gives.
fn expected(field: Field, place: usize, mask: u8) -> i32 {
    const NO_KEY: i32 = 3;
    const AUTHENTICATION: i32 = 4;
    const TRUNCATED: i32 = 5;
    const NOT_A_MESSAGE: i32 = 11;
    const POLICY: i32 = 16;
    let is_high_bit = mask == 0x80;
    match field {
        Field::Version | Field::Suite | Field::ContentType => NOT_A_MESSAGE,
        // A context of 32,799 bytes, when all there is are 611.
        Field::ContextLen if place == 0 && is_high_bit => TRUNCATED,
        // The pairs no longer fill their field, or leave it.
        Field::ContextLen | Field::ContextCount | Field::ContextPartLen => NOT_A_MESSAGE,
        // Text with the high bit is no UTF-8; other text is another context, which does not unwrap.
        Field::ContextText if is_high_bit => NOT_A_MESSAGE,
        Field::ContextText => AUTHENTICATION,
        // The first byte without its high bit, or the second, is no UTF-8 either.
        Field::ContextLetter if is_high_bit => NOT_A_MESSAGE,
        Field::ContextLetter => AUTHENTICATION,
        Field::KeyCount if place == 1 && !is_high_bit => NOT_A_MESSAGE, // none
        Field::KeyCount => POLICY,                                      // 129, 257 or 32,769
        Field::ProviderId | Field::ProviderInfoName => NO_KEY,
        Field::ProviderInfoIv | Field::Ciphertext => AUTHENTICATION,
        // A wrong length makes other bytes of this very message lengths in their turn. These lead
        // past the end; one byte or 256 more of ciphertext lead to a content type that is none.
        Field::CiphertextLen if place == 1 || !is_high_bit => NOT_A_MESSAGE,
        Field::ProviderIdLen | Field::ProviderInfoLen | Field::CiphertextLen => TRUNCATED,
        // Over 64 MiB; else another header than the tagged one.
        Field::FrameLength if place == 0 && is_high_bit => POLICY,
        // Zero: 128 without its only bit.
        Field::FrameLength if place == 3 && is_high_bit => NOT_A_MESSAGE,
        Field::FrameLength => AUTHENTICATION,
        // One byte more than there is; the other lengths are more than a frame holds.
        Field::FinalLength if place == 3 && !is_high_bit => TRUNCATED,
        Field::FinalLength => AUTHENTICATION,
        Field::MessageId
        | Field::CommitKey
        | Field::HeaderTag
        | Field::FrameMarker
        | Field::FrameSequence
        | Field::FrameIv
        | Field::FrameCiphertext
        | Field::FrameTag => AUTHENTICATION,
    }
}

/// A message of many runs of frames, at the jobs that take different ways through it, and as a stream.
#[test]
fn large_messages_have_the_same_code_on_every_way() {
    let shell = Shell::new();
    let plaintext = crate::shell::sample((3 << 20) + 12_345);
    shell.write("plain", &plaintext);
    for flags in [&[][..], &["--algorithm", "0x0578"], &["--frame-length", "1000"]] {
        for jobs in ["1", "2", "7"] {
            shell.ok(&[&["encrypt", "plain", "-f", "-o", "m", "-j", jobs], flags].concat());
            for jobs in ["1", "2", "7"] {
                shell.ok(&["decrypt", "m", "-f", "-o", "back", "-j", jobs]);
                assert!(shell.read("back") == plaintext, "{flags:?} {jobs}");
            }
        }
        let piped = shell.pipe(&[&["encrypt", "-j", "2"], flags].concat(), &plaintext).success();
        assert!(shell.pipe(&["decrypt", "-j", "2"], &piped.stdout).success().stdout == plaintext);
    }
    shell.ok(&["encrypt", "plain", "-f", "-o", "m"]);
    let message = shell.read("m");
    shell.write("out", "the old output");
    let frame = 65_568;
    for (at, code) in [(400_000, 5), (30 * frame, 5), (message.len() - 1, 5), (message.len(), 4)] {
        let mut cut = message.clone();
        cut.resize(at, 0);
        if code == 4 {
            cut.push(0);
        }
        same_code(&shell, &cut, code);
    }
    for at in [250, 8 * frame, 20 * frame + 1000, 47 * frame, message.len() - 1] {
        let mut flipped = message.clone();
        flipped[at] ^= 1;
        same_code(&shell, &flipped, 4);
    }
}

fn same_code(shell: &Shell, message: &[u8], code: i32) {
    shell.write("m", message);
    for jobs in ["1", "2", "7"] {
        for args in [&["decrypt", "m", "-f", "-o", "out"][..], &["verify", "m"]] {
            let run = shell.run(&[args, &["-j", jobs]].concat());
            assert_eq!(run.code, Some(code), "{run:?}");
        }
        let run = shell.pipe(&["decrypt", "-j", jobs], message);
        assert_eq!(run.code, Some(code), "{run:?}");
    }
    assert_eq!(shell.read("out"), b"the old output");
}
