//! What the service is asked, and what is known without a question.

use super::*;
use crate::keys::aws_kms::client::calls::KmsCalls;

#[test]
fn only_keys_that_were_chosen_are_asked() {
    let (maker, fake) = service(&[ONE, TWO], Discovery::Off);
    let (_, under_two) = wrapped(&maker, TWO);
    let reader = |names: &[&str], discovery: Discovery| {
        let mut reader = AwsKms::new(Box::new(fake.clone()), &RootKeys::default(), discovery);
        for name in names {
            reader.add(name.parse().unwrap());
        }
        reader
    };
    let before = fake.calls();
    assert!(open(&reader(&[ONE], Discovery::Off), &[], &under_two, "v").is_none());
    let other = Discovery::Accounts(vec!["444455556666".to_owned()]);
    assert!(open(&reader(&[], other), &[], &under_two, "v").is_none());
    assert!(open(&reader(&[TWO], Discovery::Off), from_ref(&key(ONE)), &under_two, "v").is_none());
    assert_eq!(fake.calls(), before, "nothing of this needed a question");
    for discovery in [Discovery::Everywhere, Discovery::Accounts(vec!["111122223333".to_owned()])] {
        let (_, used) = open(&reader(&[], discovery), &[], &under_two, "v").unwrap();
        assert_eq!(used.key, key(TWO));
    }
    // An alias can be any key of its account and region, and of a multi-Region key any replica serves.
    assert!(open(&reader(&[ALIAS], Discovery::Off), &[], &under_two, "v").is_some());
    let (_, under_one) = wrapped(&maker, ONE);
    assert!(open(&reader(&[ONE_IN_EUROPE], Discovery::Off), &[], &under_one, "v").is_some());
    assert!(open(&reader(&[ALIAS], Discovery::Off), &[], &under_one, "v").is_none());
}

#[test]
fn a_key_that_may_be_asked_is_known_without_a_question() {
    let (one, fake) = service(&[ONE], Discovery::Off);
    let (none, _) = service(&[], Discovery::Off);
    let (found, _) = service(&[], Discovery::Everywhere);
    let private = EcPrivateKey::generate(Curve::P384).unwrap();
    let version = KeyVersion::of_public_in_kms(1, private.public(), TWO.parse().unwrap());
    let mut keyring = RootKeys::default();
    let id = keyring.add(Key::import(Kind::P384, version).unwrap()).unwrap().id();
    let pair = AwsKms::new(Box::new(fake.clone()), &keyring, Discovery::Off);
    for (service, is_in_use, may_ask) in [
        (&one, true, [true, true, false]),
        (&none, false, [false, false, false]),
        (&found, true, [true, false, false]),
        // A pair opens no blob, and wraps without a call.
        (&pair, true, [false, false, false]),
    ] {
        let all = [&[][..], &[key(ONE)], &[key(TWO), id.into()]].map(|only| service.may_ask(only));
        assert_eq!((service.is_in_use(), all), (is_in_use, may_ask));
    }
    assert!(one.is_called_for(&key(ONE)) && !one.is_called_for(&key(TWO)));
    assert!(!pair.is_called_for(&id.into()) && !found.is_called_for(&key(ONE)));
    assert_eq!(fake.calls(), 0);
}

#[test]
fn what_an_alias_stands_for_is_asked_for_and_need_not_be_told() {
    let (service, fake) = service(&[], Discovery::Off);
    let identify = || service.identify(&ALIAS.parse().unwrap());
    assert_eq!(identify().unwrap(), Some(TWO.parse().unwrap()));
    for (cause, is_error) in
        [(KmsCause::AccessDenied, false), (KmsCause::NotAsked, false), (KmsCause::Disabled, true)]
    {
        fake.fail(cause);
        match identify() {
            Ok(found) => assert!(found.is_none() && !is_error),
            Err(error) => assert!(matches!(error, WrapError::Service(_)) && is_error),
        }
    }
}

#[test]
fn a_message_with_thousands_of_wraps_is_asked_for_a_few_times() {
    let (service, fake) = service(&[ONE], Discovery::Off);
    let (_, wrapped) = wrapped(&service, ONE);
    let forged = |number: u16| {
        let ciphertext = [&[0][..], &number.to_be_bytes()].concat();
        EncryptedDataKey { ciphertext, ..wrapped.clone() }
    };
    let services: [&dyn KeyService; 1] = [&service];
    let record =
        |index: u16| (SetOrigin::Record, (0..64).map(|n| forged(64 * index + n)).collect());
    let calls = |sets: Vec<(SetOrigin, Vec<EncryptedDataKey>)>| {
        let before = fake.calls();
        let found = resolve(&services, sets, &context(&[("k", "v")]), ResolvePurpose::Prove, Some);
        assert!(found.opened.is_some(), "what the header has is tried");
        fake.calls() - before
    };
    let header = (SetOrigin::Header, vec![wrapped.clone()]);
    assert_eq!(calls((0..64).map(record).chain([header.clone()]).collect()), 33);
    // What a record was not asked for is not known to be refused, and the header is asked for it.
    let copied = (SetOrigin::Record, vec![wrapped.clone()]);
    assert_eq!(calls((0..64).map(record).chain([copied, header.clone()]).collect()), 33);
    // Records repeat what the header has.
    let same = (SetOrigin::Record, vec![wrapped.clone(); 64]);
    assert_eq!(calls(vec![same.clone(), same, header]), 1);
}

#[test]
fn what_cannot_be_a_blob_of_the_service_is_not_sent() {
    let (service, fake) = service(&[ONE], Discovery::Off);
    let (_, mut wrapped) = wrapped(&service, ONE);
    let before = fake.calls();
    for len in [0, MOST_BLOB_BYTES + 1] {
        wrapped.ciphertext = vec![1; len];
        assert!(open(&service, &[], &wrapped, "v").is_none());
    }
    for (id, info) in [("aws-kms", ALIAS), ("aws-kms", "x"), ("aws-kms-x", ONE), ("ns", ONE)] {
        let (provider_id, provider_info) = (id.into(), info.into());
        let other = EncryptedDataKey { provider_id, provider_info, ciphertext: vec![1] };
        assert!(open(&service, &[], &other, "v").is_none(), "{id} {info}");
    }
    assert_eq!(fake.calls(), before);
    wrapped.ciphertext = vec![0; MOST_BLOB_BYTES];
    assert!(open(&service, &[], &wrapped, "v").is_none());
    assert_eq!(fake.calls(), before + 1);
}

#[test]
fn an_estimate_counts_what_would_be_asked_and_asks_nothing() {
    let (service, fake) = service(&[ONE, TWO], Discovery::Off);
    let (_, wrapped) = wrapped(&service, ONE);
    let before = fake.calls();
    let calls = Arc::new(KmsCalls::default());
    let estimate = service.estimated_in(Arc::clone(&calls));
    assert!(open(&estimate, &[], &wrapped, "v").is_none());
    assert_eq!((calls.expected(), calls.made(), fake.calls()), (1, 0, before));
    assert!(estimate.recipient(&key(TWO)).unwrap().generate(32, &context(&[])).is_err());
    assert_eq!((calls.expected(), calls.made(), fake.calls()), (2, 0, before));
}
