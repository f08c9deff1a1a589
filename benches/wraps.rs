//! What one data key costs to wrap and to unwrap, by the kind of the root key.

#![expect(clippy::unwrap_used, reason = "a bench that panics has failed")]

use std::collections::BTreeSet;

use divan::Bencher;
use enwrap::crypto::secret::DataKey;
use enwrap::keyring::{Key, Kind, RootKeys};
use enwrap::keys::service::{KeyService as _, Recipient};
use enwrap::message::context::EncryptionContext;
use enwrap::message::encrypted_data_key::EncryptedDataKey;

fn main() {
    divan::main();
}

fn keyring(kind: Kind) -> RootKeys {
    let mut keyring = RootKeys::default();
    let key = match kind.curve() {
        None => Key::generate(BTreeSet::new(), ""),
        Some(curve) => Key::generate_pair(curve, BTreeSet::new(), ""),
    };
    keyring.add(key.unwrap()).unwrap();
    keyring
}

fn recipient(keyring: &RootKeys) -> Box<dyn Recipient + '_> {
    keyring.recipient(&keyring.keys()[0].id().into()).unwrap()
}

fn wrapped(keyring: &RootKeys) -> (DataKey, EncryptedDataKey) {
    recipient(keyring).generate(32, &EncryptionContext::default()).unwrap()
}

#[divan::bench(args = Kind::MADE_HERE)]
fn wrap(bencher: Bencher<'_, '_>, kind: Kind) {
    let keyring = keyring(kind);
    let (data_key, _) = wrapped(&keyring);
    bencher.bench(|| recipient(&keyring).wrap(&data_key, &EncryptionContext::default()).unwrap());
}

#[divan::bench(args = Kind::MADE_HERE)]
fn unwrap(bencher: Bencher<'_, '_>, kind: Kind) {
    let keyring = keyring(kind);
    let (_, wrapped) = wrapped(&keyring);
    bencher.bench(|| {
        let candidates = keyring.candidates(&wrapped);
        candidates[0].unwrapper.unwrap(&wrapped, &EncryptionContext::default()).unwrap()
    });
}
