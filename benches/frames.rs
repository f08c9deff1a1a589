//! The frame cipher by frame size and direction, and the parsing of a header. Run it with and without
//! `--features aws-lc` to compare the engines.

#![expect(clippy::unwrap_used, reason = "a bench that panics has failed")]
#![expect(clippy::print_stdout, reason = "the table is for whoever runs it")]

use std::num::NonZeroU32;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use enwrap::crypto::engine::{Gcm, IV_LEN};
use enwrap::crypto::secret::SecretBytes;
use enwrap::keys::local::raw_aes::RawAes;
use enwrap::message::Limits;
use enwrap::message::frame::frame_iv;
use enwrap::message::header::ParsedHeader;
use enwrap::operations::encrypt::{MessageSealer, MessageSpec};
use enwrap::pipeline::NoProgress;

const FRAMES: [usize; 5] = [256, 4096, 65_536, 262_144, 1 << 20];

/// As long as a frame's.
const ASSOCIATED_DATA: [u8; 72] = [7; 72];

fn main() {
    println!("engine: {}", enwrap::crypto::engine::BULK);
    divan::main();
}

#[divan::bench(args = FRAMES)]
fn seal(bencher: Bencher<'_, '_>, frame: usize) {
    let gcm = Gcm::new(&[3; 32]).unwrap();
    let mut buffer = vec![5; frame];
    let mut sequence = NonZeroU32::MIN;
    bencher.counter(BytesCount::new(frame)).bench_local(|| {
        sequence = sequence.saturating_add(1);
        gcm.seal(&frame_iv(sequence.get()), &ASSOCIATED_DATA, black_box(&mut buffer))
    });
}

#[divan::bench(args = FRAMES)]
fn open(bencher: Bencher<'_, '_>, frame: usize) {
    let gcm = Gcm::new(&[3; 32]).unwrap();
    let mut sealed = vec![5; frame];
    let tag = gcm.seal(&[0; IV_LEN], &ASSOCIATED_DATA, &mut sealed);
    bencher.counter(BytesCount::new(frame)).with_inputs(|| sealed.clone()).bench_local_refs(
        |buffer| gcm.open(&[0; IV_LEN], &ASSOCIATED_DATA, black_box(buffer), &tag).unwrap(),
    );
}

#[divan::bench]
fn parse_header(bencher: Bencher<'_, '_>) {
    let key = RawAes::new("ns", "name", &SecretBytes::zeroed(32)).unwrap();
    let mut spec = MessageSpec::default();
    spec.context.insert("purpose", "bench").unwrap();
    let mut message = Vec::new();
    MessageSealer::new(&[Box::new(key)], &spec)
        .unwrap()
        .encrypt(&mut &b""[..], &mut message, &NoProgress)
        .unwrap();
    bencher.bench_local(|| {
        ParsedHeader::read(&mut black_box(&message[..]), &Limits::default()).unwrap()
    });
}
