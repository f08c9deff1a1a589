//! A change replaces the keyring whole, or leaves it as it was.

use super::*;
use crate::fs::lock::FileLock;

#[test]
fn a_new_keyring_is_private_and_so_is_its_folder() {
    let place = Place::new();
    let path = place.folder.path().join("config/enwrap/keyring.json");
    let store = Store::new(Location::File(path.clone()), false);
    assert!(matches!(store.load(), Err(KeyringError::NotFound { .. })));
    assert_eq!(add(&store, "a").unwrap(), Saved::Created);
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    assert_eq!(aliases(&store), ["a"]);
}

#[test]
fn each_change_keeps_the_generation_before_it_and_the_last_ten_stay() {
    let place = Place::new();
    for number in 1..=13 {
        add(&place.store(), &format!("k{number}")).unwrap();
    }
    let names = place.names();
    let kept: BTreeSet<_> = (3..=12).map(|n| format!("keyring.json.{n}")).collect();
    assert_eq!(&names - &kept, BTreeSet::from(["keyring.json".into(), "keyring.json.lock".into()]));
    assert!(kept.is_subset(&names));
    let old = place.folder.path().join("keyring.json.12");
    assert_eq!(Store::new(Location::File(old), false).load().unwrap().keys().len(), 12);
}

#[test]
fn an_old_keyring_put_back_by_hand_overwrites_no_generation() {
    let place = Place::new();
    for alias in ["a", "b", "c"] {
        add(&place.store(), alias).unwrap();
    }
    let generation = |n: u32| place.folder.path().join(format!("keyring.json.{n}"));
    let second = fs::read(generation(2)).unwrap();
    fs::copy(generation(1), &place.path).unwrap();
    for alias in ["d", "e"] {
        add(&place.store(), alias).unwrap();
    }
    assert_eq!(fs::read(generation(2)).unwrap(), second);
    assert_eq!(aliases(&place.store()), ["a", "d", "e"]);
    assert_eq!(place.names().len(), 2 + 4, "{:?}", place.names());
}

#[test]
fn a_failed_step_leaves_the_keyring_as_it_was() {
    for fault in all_steps() {
        for named in [false, true] {
            let place = Place::new();
            add(&place.store(), "a").unwrap();
            let before = fs::read(&place.path).unwrap();
            let mut faults = vec![fault];
            faults.extend(named.then_some(Step::CreateUnnamed));
            let kind = if named { ErrorKind::FileTooLarge } else { ErrorKind::StorageFull };
            let result = fail_at(&faults, kind, || add(&place.store(), "b"));
            let case = format!("{fault:?} named: {named}");
            let harmless = matches!(
                fault,
                Step::CreateUnnamed
                    | Step::LinkUnnamed
                    | Step::HardLink
                    | Step::RenameWithoutReplacing
                    | Step::KeepGeneration
                    | Step::Close
            ) || (fault == Step::Link && named);
            assert_eq!(result.is_ok(), harmless, "{case}");
            if !harmless {
                assert_eq!(fs::read(&place.path).unwrap(), before, "{case}");
            }
            assert!(!place.names().iter().any(|name| name.ends_with(".tmp")), "{case}");
            // And the next change goes through.
            add(&place.store(), "c").unwrap();
            assert!(aliases(&place.store()).contains(&"c".to_owned()), "{case}");
        }
    }
}

#[test]
fn a_failed_first_save_leaves_no_keyring() {
    let closes = [Step::CloseDuplicate, Step::Close];
    for fault in
        [Step::Write, Step::SyncFile, Step::Link, Step::SyncFolder].into_iter().chain(closes)
    {
        let place = Place::new();
        let result = fail_at(&[fault], ErrorKind::StorageFull, || add(&place.store(), "a"));
        assert!(matches!(result, Err(KeyringError::Save(_))), "{fault:?}");
        assert_eq!(place.names(), BTreeSet::from(["keyring.json.lock".to_owned()]), "{fault:?}");
    }
}

#[test]
fn through_a_symlink_the_target_is_changed_and_everything_stays_beside_it() {
    let place = Place::new();
    let elsewhere = TempDir::new().unwrap();
    let link = elsewhere.path().join("link.json");
    symlink(&place.path, &link).unwrap();
    let store = Store::new(Location::File(link.clone()), false);
    add(&store, "a").unwrap();
    add(&store, "b").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
    assert_eq!(aliases(&place.store()), ["a", "b"]);
    assert!(place.names().contains("keyring.json.1"));
}

#[test]
fn a_change_that_fails_saves_nothing() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    let before = fs::read(&place.path).unwrap();
    let result = place.store().update(|keyring| {
        *keyring = RootKeys::default();
        Err::<(), _>(KeyringError::EmptyData { name: PathBuf::new() })
    });
    assert!(matches!(result, Err(KeyringError::EmptyData { .. })));
    assert_eq!(fs::read(&place.path).unwrap(), before);
}

#[test]
fn a_keyring_that_is_being_changed_names_who_changes_it() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    let held = saving::lock(&place.path, &place.path, Duration::ZERO).unwrap();
    let error = add(&place.store().waiting(Duration::ZERO), "b").unwrap_err();
    let id = std::process::id().to_string();
    assert!(matches!(error, KeyringError::Locked { holder, .. } if holder == id));
    assert_eq!(aliases(&place.store()), ["a"], "readers do not wait");
    drop(held);
    add(&place.store(), "b").unwrap();
}

#[test]
fn a_planted_link_receives_no_generation() {
    for faults in [&[][..], &[Step::KeepGeneration]] {
        let place = Place::new();
        let elsewhere = TempDir::new().unwrap();
        let planted = elsewhere.path().join("planted");
        add(&place.store(), "a").unwrap();
        for number in 1..=2 {
            let name = place.folder.path().join(format!("keyring.json.{number}"));
            symlink(&planted, name).unwrap();
        }
        fail_at(faults, ErrorKind::Unsupported, || add(&place.store(), "b")).unwrap();
        assert!(!planted.exists());
        assert_eq!(place.store().generation(3).unwrap().generation(), Some(3));
    }
}

#[test]
fn a_generation_is_copied_where_there_are_no_links() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    let before = fs::read(&place.path).unwrap();
    fail_at(&[Step::KeepGeneration], ErrorKind::Unsupported, || add(&place.store(), "b")).unwrap();
    let kept = place.folder.path().join("keyring.json.1");
    assert_eq!(fs::read(&kept).unwrap(), before);
    assert_eq!(fs::metadata(&kept).unwrap().mode() & 0o7777, 0o600);
}

#[test]
fn a_generation_that_is_the_keyring_itself_is_not_kept_twice() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    // As after a crash between the two steps of a save.
    fs::hard_link(&place.path, place.folder.path().join("keyring.json.1")).unwrap();
    add(&place.store(), "b").unwrap();
    let names = place.names();
    assert!(names.contains("keyring.json.1") && !names.contains("keyring.json.2"), "{names:?}");
}

#[test]
fn a_copy_named_by_its_date_is_never_removed() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    place.put("keyring.json.20261124", &fs::read(&place.path).unwrap());
    for n in 0..12 {
        add(&place.store(), &format!("k{n}")).unwrap();
    }
    let names = place.names();
    assert!(
        names.contains("keyring.json.20261124") && names.contains("keyring.json.12"),
        "{names:?}"
    );
}

#[test]
fn what_was_sealed_and_readable_is_its_owners_only_in_the_clear() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    place.store().reseal(Some(passphrase("one"))).unwrap();
    place.chmod("keyring.json", 0o644);
    place.sealed("one").reseal(None).unwrap();
    assert_eq!(fs::metadata(&place.path).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_change_that_makes_no_keyring_is_not_saved() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    let before = fs::read(&place.path).unwrap();
    let broken = place.store().update(|keyring| {
        keyring.add(generated("b")).unwrap();
        // A second key with the alias of the first.
        *keyring.key_mut("b").unwrap() = generated("a");
        Ok::<_, KeyringError>(())
    });
    assert!(matches!(broken, Err(KeyringError::File { fault: FileFault::Contradiction(_), .. })));
    assert_eq!(fs::read(&place.path).unwrap(), before);
}

#[test]
fn no_two_saves_share_salt_or_nonce_also_after_an_old_file_is_put_back() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    place.store().reseal(Some(passphrase("one"))).unwrap();
    let old = fs::read(&place.path).unwrap();
    let mut seals = BTreeSet::new();
    let mut note = || {
        let text = fs::read_to_string(&place.path).unwrap();
        let header: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let seal = &header["seal"];
        seals.insert(seal["salt"].to_string()) && seals.insert(seal["nonce"].to_string())
    };
    assert!(note());
    for alias in ["b", "c"] {
        add(&place.sealed("one"), alias).unwrap();
        assert!(note(), "{alias}");
    }
    fs::remove_file(&place.path).unwrap();
    place.put("keyring.json", &old);
    place.chmod("keyring.json", 0o600);
    add(&place.sealed("one"), "b").unwrap();
    assert!(note());
    let source = place.sealed("one").generation(2).unwrap().path;
    let source = Store::new(Location::File(source), false).operated_by(Box::new(Says("one")));
    place.sealed("one").restore(&source, true).unwrap();
    assert!(note());
}

#[test]
fn a_keyring_that_is_mounted_by_itself_stays_as_it_was() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    let before = fs::read(&place.path).unwrap();
    let result = fail_at(&[Step::Rename], ErrorKind::ResourceBusy, || add(&place.store(), "b"));
    assert!(matches!(result, Err(KeyringError::Save(_))));
    assert_eq!(fs::read(&place.path).unwrap(), before);
    assert_eq!(place.names().len(), 2, "a failure every night fills no folder");
    assert_eq!(aliases(&place.store()), ["a"]);
}

#[test]
fn what_cannot_become_a_keyring_is_said_to_be_what_it_is() {
    let place = Place::new();
    fs::create_dir(&place.path).unwrap();
    let error = add(&place.store(), "a").unwrap_err();
    let KeyringError::Io { source, .. } = &error else { panic!("{error}") };
    assert_eq!(source.kind(), ErrorKind::IsADirectory);
    let device = Store::new(Location::File(PathBuf::from("/dev/null")), false);
    assert!(matches!(add(&device, "a"), Err(KeyringError::ReadOnly { .. })));
    place.put("file", b"");
    let below = place.folder.path().join("file/more/keyring.json");
    let error = add(&Store::new(Location::File(below), false), "a").unwrap_err();
    let KeyringError::Io { action, source, .. } = &error else { panic!("{error}") };
    assert_eq!((*action, source.kind()), ("make the folder of", ErrorKind::NotADirectory));
}

/// A person who is asked while nobody else has to wait.
#[derive(Debug)]
struct Typist(PathBuf, bool);

impl Operator for Typist {
    fn passphrase(&self, _: &Path) -> Result<Passphrase, Box<dyn Error + Send + Sync>> {
        FileLock::take(&(&self.0).into(), Duration::ZERO).expect("the lock is free");
        Ok(passphrase("one"))
    }

    fn asks_a_person(&self) -> bool {
        self.1
    }

    fn on_readable_by_others(&self, _: &Path, _: u32) {}
}

#[test]
fn nobody_waits_for_somebody_who_types_a_passphrase() {
    for is_person in [true, false] {
        let place = Place::new();
        add(&place.store(), "a").unwrap();
        place.store().reseal(Some(passphrase("one"))).unwrap();
        let typist = || Box::new(Typist(place.path.clone(), is_person));
        add(&place.store().operated_by(typist()), "b").unwrap();
        assert_eq!(aliases(&place.sealed("one")), ["a", "b"]);
    }
}
