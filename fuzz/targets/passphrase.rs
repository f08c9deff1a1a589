//! Law: a key name that is read as that of a passphrase is written again as it was; an encrypted data key with it is
//! never tried at a cost out of bounds, and nobody is asked for a passphrase then.

#![no_main]

use enwrap::keys::passphrase::{Asking, Derivation, PROVIDER, PassphraseHolder, Passphrases};
use enwrap::keys::resolver::{ResolvePurpose, SetOrigin, resolve};
use enwrap::message::context::EncryptionContext;
use enwrap::message::encrypted_data_key::EncryptedDataKey;
use libfuzzer_sys::fuzz_target;

/// A person who has no passphrase to give, for a cost that is in bounds.
struct Nobody(bool);

impl PassphraseHolder for Nobody {
    fn passphrase(
        &self,
        _: Asking,
    ) -> Result<Option<enwrap::keyring::Passphrase>, Box<dyn std::error::Error + Send + Sync>> {
        assert!(self.0, "asked for what is never tried");
        Ok(None)
    }
}

fuzz_target!(|name: &[u8]| {
    let lengths_and_iv = [&[0, 0, 0, 0x80, 0, 0, 0, 0x0C][..], &[7; 12]].concat();
    let wrapped = EncryptedDataKey {
        provider_id: PROVIDER.into(),
        provider_info: [name, &lengths_and_iv].concat(),
        ciphertext: vec![0; 48],
    };
    let derivation = Derivation::named_by(&wrapped);
    if let Some(derivation) = derivation {
        assert_eq!(derivation.to_string().as_bytes(), name);
    }
    let may_ask = derivation.is_some_and(|derivation| derivation.cost.is_bounded());
    let passphrases = Passphrases::of(Box::new(Nobody(may_ask)));
    let sets = [(SetOrigin::Header, vec![wrapped])];
    let purpose = ResolvePurpose::Open { only: &[] };
    let resolution = resolve(&[&passphrases], sets, &EncryptionContext::default(), purpose, Some);
    assert!(resolution.opened.is_none());
    assert!(resolution.sets[0].keys[0].is_unknown());
});
