//! Keyrings of 1,000 and of 4,000 keys: the parsing of the JSON alone, opening, checking, and adding as many keys.
//!
//! The goals: opening (reading, permissions, checksum, parsing, contradictions) costs under three times the
//! parsing, and four times the keys cost some four times the time.

#![expect(clippy::unwrap_used, reason = "a bench that panics has failed")]

use std::collections::BTreeSet;

use divan::{Bencher, black_box};
use enwrap::keyring::{Key, KeyringError, Location, RootKeys, Store};
use enwrap::operations::keyring_check;
use tempfile::TempDir;

const KEYS: [usize; 2] = [1000, 4000];

fn main() {
    divan::main();
}

fn new_keys(count: usize, prefix: &str) -> Vec<Key> {
    let aliases = |n| BTreeSet::from([format!("{prefix}-{n}").parse().unwrap()]);
    (0..count).map(|n| Key::generate(aliases(n), "a key of the bench").unwrap()).collect()
}

fn store(folder: &TempDir, keys: usize) -> Store {
    let store = Store::new(Location::File(folder.path().join("keyring.json")), false);
    let filled = store.update(|keyring| {
        keyring.add_all(new_keys(keys, "key")).unwrap();
        Ok::<_, KeyringError>(())
    });
    filled.unwrap();
    store
}

#[divan::bench(args = KEYS)]
fn parse_json(bencher: Bencher<'_, '_>, keys: usize) {
    let folder = TempDir::new().unwrap();
    let text = store(&folder, keys).export().unwrap();
    let body = text.expose().iter().position(|byte| *byte == b'\n').unwrap();
    bencher.bench_local(|| -> RootKeys {
        serde_json::from_slice(black_box(&text.expose()[body..])).unwrap()
    });
}

#[divan::bench(args = KEYS)]
fn open(bencher: Bencher<'_, '_>, keys: usize) {
    let folder = TempDir::new().unwrap();
    let store = store(&folder, keys);
    bencher.bench_local(|| black_box(&store).load().unwrap());
}

#[divan::bench(args = KEYS)]
fn check(bencher: Bencher<'_, '_>, keys: usize) {
    let folder = TempDir::new().unwrap();
    let store = store(&folder, keys);
    bencher.bench_local(|| keyring_check::check(black_box(&store), None).unwrap());
}

#[divan::bench(args = KEYS)]
fn add_as_many(bencher: Bencher<'_, '_>, keys: usize) {
    let folder = TempDir::new().unwrap();
    let store = store(&folder, keys);
    let inputs = || (store.load().unwrap(), new_keys(keys, "new"));
    bencher.with_inputs(inputs).bench_local_values(|(mut keyring, new)| {
        keyring.add_all(new).unwrap();
        keyring
    });
}
