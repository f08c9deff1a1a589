//! The service's own blobs: which keys open one, and where a data key goes when it is wrapped again.

use super::*;
use crate::keys::aws_kms::blobs::RewrapBlobError;

#[test]
fn a_data_key_moves_within_a_region_without_leaving_the_service() {
    let keyring = entries(&[ONE_IN_EUROPE, TWO, THREE]);
    let fake = Fake::default();
    let service = AwsKms::new(Box::new(fake.clone()), &keyring, Discovery::Off);
    let own = context(&[("k", "v")]);
    let id = |arn| id_of(&keyring, arn).into();
    let (_, blob) = service.generate_blob(&id(TWO), 32, &own).unwrap();
    let moved = service.rewrap_blob(&[], &blob.blob, &own, &id(THREE), &own).unwrap();
    assert_eq!((moved.source.as_str(), moved.wrapped.key.as_str()), (TWO, THREE));
    assert_eq!(fake.0.seen.load(Ordering::Relaxed), 1, "only the one that was generated");
    service.rewrap_blob(&[], &blob.blob, &own, &id(ONE_IN_EUROPE), &own).unwrap();
    assert_eq!(fake.0.seen.load(Ordering::Relaxed), 2);
    // A key without a region is in the one that is configured, which the service knows.
    let mut service = service;
    service.add("aws-kms:alias/two".parse().unwrap());
    let bare = key("aws-kms:alias/two");
    service.rewrap_blob(&[id(TWO)], &blob.blob, &own, &bare, &own).unwrap();
    assert_eq!(fake.0.seen.load(Ordering::Relaxed), 2);
    // A call that is about two keys says so.
    fake.fail(KmsCause::AccessDenied);
    let denied = service.rewrap_blob(&[id(TWO)], &blob.blob, &own, &id(THREE), &own);
    let Err(RewrapBlobError::Unwrap(UnwrapError::Service(error))) = denied else {
        unreachable!("the service was not asked")
    };
    let error = error.source.downcast_ref::<KmsError>().unwrap();
    assert_eq!(error.key, format!("{TWO}, or {THREE}"));
}

#[test]
fn a_blob_is_opened_by_the_keys_that_may_be_used_and_by_no_other() {
    let (maker, fake) = service(&[ONE, TWO], Discovery::Off);
    let own = context(&[("k", "v")]);
    let (data_key, blob) = maker.generate_blob(&key(TWO), 24, &own).unwrap();
    let opened = maker.decrypt_blob(&[], &blob.blob, &own).unwrap();
    assert_eq!((opened.data_key, opened.key.as_str()), (data_key, TWO));
    let refused = maker.decrypt_blob(from_ref(&key(ONE)), &blob.blob, &own);
    assert!(matches!(refused, Err(UnwrapError::Refused)));
    let nobody = AwsKms::new(Box::new(fake.clone()), &RootKeys::default(), Discovery::Off);
    let before = fake.calls();
    assert!(matches!(nobody.decrypt_blob(&[], &blob.blob, &own), Err(UnwrapError::Refused)));
    assert_eq!(fake.calls(), before);
    let other = Discovery::Accounts(vec!["444455556666".to_owned()]);
    let mut other = AwsKms::new(Box::new(fake.clone()), &RootKeys::default(), other);
    assert!(matches!(other.decrypt_blob(&[], &blob.blob, &own), Err(UnwrapError::Refused)));
    // Nor is it wrapped again under a key that may be used.
    other.add(ONE.parse().unwrap());
    let rewrapped = other.rewrap_blob(&[], &blob.blob, &own, &key(ONE), &own);
    assert!(matches!(rewrapped, Err(RewrapBlobError::Unwrap(UnwrapError::Refused))));
}

#[test]
fn a_service_that_does_not_answer_decides_before_a_key_that_is_off() {
    let mut keyring = entries(&[ONE, TWO, THREE]);
    let fake = Fake::default();
    let own = context(&[("k", "v")]);
    let (_, blob) = {
        let service = AwsKms::new(Box::new(fake.clone()), &keyring, Discovery::Off);
        service.generate_blob(&id_of(&keyring, THREE).into(), 32, &own).unwrap()
    };
    let off = id_of(&keyring, TWO).to_string();
    keyring.key_mut(&off).unwrap().switch(None, State::Disabled).unwrap();
    let service = AwsKms::new(Box::new(fake.clone()), &keyring, Discovery::Off);
    let only = [ONE, TWO].map(|arn| id_of(&keyring, arn).into());
    let closed = service.decrypt_blob(&only, &blob.blob, &own).unwrap_err();
    assert!(matches!(closed, UnwrapError::Key(KeyError::Unusable { .. })), "{closed}");
    *fake.0.denied.lock().unwrap() = Some(ONE);
    let closed = service.decrypt_blob(&only, &blob.blob, &own).unwrap_err();
    assert!(matches!(closed, UnwrapError::Service(_)), "{closed}");
}
