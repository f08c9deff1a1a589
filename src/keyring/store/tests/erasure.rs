//! Destroyed keys and old passphrases leave no file beside the keyring.

use super::*;
use crate::keyring::format::seal::SealError;
use crate::keyring::store::check::Finding;

#[test]
fn after_a_change_of_the_passphrase_no_file_beside_the_keyring_holds_the_old_form() {
    let place = Place::new();
    for alias in ["a", "b", "c"] {
        add(&place.store(), alias).unwrap();
    }
    let material = material_of(&place.store(), "a");
    // A process that was killed between giving a new generation a name and renaming it.
    place.put(".enwrap-0123456789abcdef.tmp", &fs::read(&place.path).unwrap());
    assert_eq!(place.holding(&material).len(), 4);
    place.store().reseal(Some(passphrase("one"))).unwrap();
    assert!(place.holding(&material).is_empty());
    let alone = BTreeSet::from(["keyring.json".to_owned(), "keyring.json.lock".to_owned()]);
    assert_eq!(place.names(), alone);
    assert!(matches!(place.store().load(), Err(KeyringError::NoPassphrase { .. })));
    // Changes keep the seal, and their generations are sealed too.
    add(&place.sealed("one"), "d").unwrap();
    assert!(place.holding(&material).is_empty() && place.names().len() == 3);
    place.sealed("one").reseal(Some(passphrase("two"))).unwrap();
    assert_eq!(place.names(), alone);
    let wrong = place.sealed("one").load();
    let fault = FileFault::Sealed(SealError::Passphrase);
    assert!(matches!(wrong, Err(KeyringError::File { fault: f, .. }) if f == fault));
    place.sealed("two").reseal(None).unwrap();
    assert_eq!(place.names(), alone);
    assert_eq!(aliases(&place.store()), ["a", "b", "c", "d"]);
}

#[test]
fn what_is_not_ours_to_remove_is_named_before_anything_is_changed() {
    use base64::Engine as _;

    let place = Place::new();
    add(&place.store(), "a").unwrap();
    let copy = fs::read(&place.path).unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(&copy);
    place.put("copy.json", &copy);
    place.put("one-line", text.as_bytes());
    place.put("unrelated", b"{}");
    // A temporary file of an export that was killed; and a name that only looks like a generation.
    place.put(".enwrap-0123456789abcdef.tmp", &[b"[", &copy[1..]].concat());
    place.put("keyring.json.20261124", &copy);
    for _ in 0..2 {
        let error = place.store().reseal(Some(passphrase("one"))).unwrap_err();
        let KeyringError::Elsewhere { files } = &error else { panic!("{error}") };
        assert_eq!(files.len(), 4, "{error}");
        assert!(
            !place.store().is_sealed().unwrap(),
            "nothing is changed, so a second run says the same"
        );
    }
    for name in ["copy.json", "one-line", ".enwrap-0123456789abcdef.tmp", "keyring.json.20261124"] {
        fs::remove_file(place.folder.path().join(name)).unwrap();
    }
    place.store().reseal(Some(passphrase("one"))).unwrap();
    place.put("sealed.json", &fs::read(&place.path).unwrap());
    let error = place.sealed("one").reseal(Some(passphrase("two"))).unwrap_err();
    assert!(error.to_string().contains("sealed.json"), "{error}");
}

/// A keyring whose key `a` has an old version that is due.
fn with_something_due(place: &Place, store: &Store) -> Material {
    add(store, "a").unwrap();
    let material = material_of(store, "a");
    with_something_due_in(store);
    assert_eq!(place.holding(&material).len(), 3);
    material
}

fn with_something_due_in(store: &Store) {
    add(store, "b").unwrap();
    let change = store.update(|keyring| {
        let key = keyring.key_mut("a").unwrap();
        key.rotate().unwrap();
        let date = now() - Duration::from_secs(1);
        key.schedule_deletion(Doomed::OldVersions, date).unwrap();
        Ok::<_, KeyringError>(())
    });
    change.unwrap();
}

#[test]
fn after_a_purge_no_file_beside_the_keyring_holds_what_was_destroyed() {
    let place = Place::new();
    let material = with_something_due(&place, &place.store());
    let unrelated = material_of(&place.store(), "b");
    let destroyed = place.store().destroy_due(&[], now()).unwrap();
    assert_eq!(destroyed.len(), 1);
    assert!(place.holding(&material).is_empty());
    assert_eq!(place.holding(&unrelated), ["keyring.json"]);
    assert_eq!(place.store().load().unwrap().key("a").unwrap().versions().len(), 1);
    // Generations without it stay, and nothing due changes nothing.
    add(&place.store(), "c").unwrap();
    let before = place.names();
    assert!(place.store().destroy_due(&[], now()).unwrap().is_empty());
    assert_eq!(place.names(), before);
}

#[test]
fn generations_without_what_is_destroyed_stay_and_so_do_those_of_what_was_not() {
    let place = Place::new();
    add(&place.store(), "older").unwrap();
    add(&place.store(), "a").unwrap();
    with_something_due_in(&place.store());
    assert_eq!(place.store().destroy_due(&[], now()).unwrap().len(), 1);
    // The first one, from before there was a key to destroy.
    assert!(place.names().contains("keyring.json.1"), "{:?}", place.names());
    // What a generation says is due, and the keyring has taken back, is nothing that a purge has left over.
    let store = place.store();
    let change = |run: &dyn Fn(&mut Key)| {
        let changed = store.update(|keyring| {
            run(keyring.key_mut("b").unwrap());
            Ok::<_, KeyringError>(())
        });
        changed.unwrap();
    };
    change(&|key| {
        key.schedule_deletion(Doomed::Key, now() - Duration::from_secs(1)).unwrap();
    });
    change(&|key| {
        key.cancel_deletion(None).unwrap();
    });
    let before = place.names();
    assert!(store.destroy_due(&[], now()).unwrap().is_empty());
    assert_eq!(place.names(), before);
}

#[test]
fn a_sealed_keyring_of_somebody_else_stops_no_purge() {
    let place = Place::new();
    let other = Place::new();
    add(&other.store(), "theirs").unwrap();
    other.store().reseal(Some(passphrase("another"))).unwrap();
    with_something_due(&place, &place.store());
    place.put("theirs.json", &fs::read(&other.path).unwrap());
    assert_eq!(place.sealed("one").destroy_due(&[], now()).unwrap().len(), 1);
}

#[test]
fn a_generation_in_the_clear_beside_a_sealed_keyring_is_found() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    let clear = fs::read(&place.path).unwrap();
    place.store().reseal(Some(passphrase("one"))).unwrap();
    add(&place.sealed("one"), "b").unwrap();
    let findings = || place.sealed("one").check(|_, _| Ok(true)).unwrap().findings;
    assert_eq!(findings(), []);
    place.put("keyring.json.9", &clear);
    assert_eq!(findings(), [Finding::Unsealed(place.folder.path().join("keyring.json.9"))]);
}

#[test]
fn a_purge_that_was_killed_before_it_cleaned_is_finished_by_the_next() {
    let place = Place::new();
    let material = with_something_due(&place, &place.store());
    // What the first half of a purge does.
    let half = place.store().update(|keyring| {
        drop(keyring.destroy_due(&[], now()));
        Ok::<_, KeyringError>(())
    });
    half.unwrap();
    assert_eq!(place.holding(&material).len(), 3);
    assert!(!place.store().check(|_, _| Ok(true)).unwrap().findings.is_empty());
    assert!(place.store().destroy_due(&[], now()).unwrap().is_empty());
    assert!(place.holding(&material).is_empty());
    assert!(place.store().check(|_, _| Ok(true)).unwrap().findings.is_empty());
}

#[test]
fn an_export_beside_the_keyring_stops_a_purge_as_often_as_it_is_tried() {
    let place = Place::new();
    let material = with_something_due(&place, &place.store());
    let hex = material.to_hex();
    place.put("exported.json", &[b"[{\"material\": \"", hex.expose(), b"\"}]"].concat());
    for _ in 0..2 {
        let error = place.store().destroy_due(&[], now()).unwrap_err();
        assert!(matches!(error, KeyringError::Elsewhere { .. }), "{error}");
        assert_eq!(place.holding(&material).len(), 4);
    }
    fs::remove_file(place.folder.path().join("exported.json")).unwrap();
    assert_eq!(place.store().destroy_due(&[], now()).unwrap().len(), 1);
    assert!(place.holding(&material).is_empty());
}

#[test]
fn a_generation_that_is_the_last_place_of_other_keys_is_not_cleaned_unasked() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    let old = fs::read(&place.path).unwrap();
    with_something_due_in(&place.store());
    fs::remove_file(&place.path).unwrap();
    place.put("keyring.json", &old);
    place.chmod("keyring.json", 0o600);
    let before = place.names();
    assert!(place.store().destroy_due(&[], now()).unwrap().is_empty());
    assert_eq!(place.names(), before);
}

#[test]
fn a_sealed_keyring_is_purged_through_its_seal() {
    let place = Place::new();
    with_something_due(&place, &place.store());
    place.store().reseal(Some(passphrase("one"))).unwrap();
    add(&place.sealed("one"), "c").unwrap();
    assert_eq!(place.names().len(), 3);
    assert_eq!(place.sealed("one").destroy_due(&[], now()).unwrap().len(), 1);
    // Both generations held it: the one before `c`, and the one before this.
    assert_eq!(place.names().len(), 2);
}

/// Removing generation 1 fails, as that of an immutable file does.
fn with_generation_1_stuck<T>(run: impl FnOnce() -> T) -> T {
    fail_at(&[Step::RemoveGeneration(1)], ErrorKind::PermissionDenied, run)
}

#[test]
fn what_could_not_be_removed_is_removed_by_the_next_purge() {
    let place = Place::new();
    let material = with_something_due(&place, &place.store());
    let error = with_generation_1_stuck(|| place.store().destroy_due(&[], now())).unwrap_err();
    let KeyringError::Remains { files } = &error else { panic!("{error}") };
    assert_eq!(*files, [place.folder.path().join("keyring.json.1")]);
    // The generation that says what was due is still there, and holds the material too.
    assert_eq!(place.holding(&material), ["keyring.json.1", "keyring.json.3"]);
    // It is not forgotten either, however many changes come.
    with_generation_1_stuck(|| {
        for n in 0..12 {
            add(&place.store(), &format!("k{n}")).unwrap();
        }
    });
    assert!(place.holding(&material).contains(&"keyring.json.3".to_owned()));
    assert!(with_generation_1_stuck(|| place.store().destroy_due(&[], now())).is_err());
    assert!(place.store().destroy_due(&[], now()).unwrap().is_empty());
    assert!(place.holding(&material).is_empty());
}

#[test]
fn a_purge_remembers_the_purges_before_it_that_are_not_finished() {
    let place = Place::new();
    let first = with_something_due(&place, &place.store());
    with_generation_1_stuck(|| place.store().destroy_due(&[], now())).unwrap_err();
    // A second purge, of a key that the generations of the first one hold as in use.
    let second = material_of(&place.store(), "b");
    let change = place.store().update(|keyring| {
        let date = now() - Duration::from_secs(1);
        keyring.key_mut("b").unwrap().schedule_deletion(Doomed::Key, date).unwrap();
        Ok::<_, KeyringError>(())
    });
    change.unwrap();
    with_generation_1_stuck(|| place.store().destroy_due(&[], now())).unwrap_err();
    assert!(place.holding(&first).contains(&"keyring.json.1".to_owned()));
    assert!(place.store().destroy_due(&[], now()).unwrap().is_empty());
    assert!(place.holding(&first).is_empty() && place.holding(&second).is_empty());
}

#[test]
fn what_cannot_be_looked_at_stops_a_purge_and_a_new_passphrase() {
    for step in [Step::LookBeside, Step::OpenBeside] {
        let place = Place::new();
        let material = with_something_due(&place, &place.store());
        place.put("other", b"nothing of ours");
        let refused = |run: &dyn Fn() -> bool| fail_at(&[step], ErrorKind::PermissionDenied, run);
        assert!(refused(&|| place.store().destroy_due(&[], now()).is_err()), "{step:?}");
        assert!(refused(&|| place.store().reseal(Some(passphrase("one"))).is_err()), "{step:?}");
        assert_eq!(place.holding(&material).len(), 3, "nothing was changed");
        assert!(!place.store().is_sealed().unwrap());
        place.store().destroy_due(&[], now()).unwrap();
        assert!(place.holding(&material).is_empty());
    }
}
