//! Opening a keyring of 1,000 keys, beside the parsing of its JSON alone.
//!
//! The goal: opening (reading, permissions, checksum, parsing, contradictions) costs under three times the
//! parsing.

#![expect(clippy::unwrap_used, reason = "a bench that panics has failed")]

use std::collections::BTreeSet;

use divan::{Bencher, black_box};
use enwrap::keyring::{Key, KeyringError, Location, RootKeys, Store};
use tempfile::TempDir;

const KEYS: usize = 1000;

fn main() {
    divan::main();
}

fn store(folder: &TempDir) -> Store {
    let store = Store::new(Location::File(folder.path().join("keyring.json")), false);
    let filled = store.update(|keyring| {
        for n in 0..KEYS {
            let aliases = BTreeSet::from([format!("key-{n}").parse().unwrap()]);
            keyring.add(Key::generate(aliases, "a key of the bench").unwrap()).unwrap();
        }
        Ok::<_, KeyringError>(())
    });
    filled.unwrap();
    store
}

#[divan::bench]
fn parse_json(bencher: Bencher<'_, '_>) {
    let folder = TempDir::new().unwrap();
    let text = store(&folder).export().unwrap();
    let body = text.expose().iter().position(|byte| *byte == b'\n').unwrap();
    bencher.bench_local(|| -> RootKeys {
        serde_json::from_slice(black_box(&text.expose()[body..])).unwrap()
    });
}

#[divan::bench]
fn open(bencher: Bencher<'_, '_>) {
    let folder = TempDir::new().unwrap();
    let store = store(&folder);
    bencher.bench_local(|| black_box(&store).load().unwrap());
}
