use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use tempfile::TempDir;

use super::*;
use crate::atomic_file::fault::{Step, all_steps, fail_at};
use crate::keyring::Key;

struct Place {
    folder: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("keyring.json");
        Self { folder, path }
    }

    fn store(&self) -> Store {
        Store::new(Location::File(self.path.clone()), false)
    }

    fn names(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn chmod(&self, name: &str, mode: u32) {
        let path = self.folder.path().join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn add(store: &Store, alias: &str) -> Result<Saved, KeyringError> {
    let saved = store.update(|keyring| {
        let aliases = BTreeSet::from([alias.parse().unwrap()]);
        keyring.add(Key::generate(aliases, "").unwrap()).unwrap();
        Ok::<_, KeyringError>(())
    });
    saved.map(|((), saved)| saved)
}

fn aliases(store: &Store) -> Vec<String> {
    store.load().unwrap().aliases().iter().map(ToString::to_string).collect()
}

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
    assert_eq!(Store::new(Location::File(old), false).load().unwrap().keys.len(), 12);
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
            let result = fail_at(&faults, ErrorKind::StorageFull, || add(&place.store(), "b"));
            let case = format!("{fault:?} named: {named}");
            let harmless = matches!(fault, Step::CreateUnnamed | Step::KeepGeneration)
                || (fault == Step::Link && named);
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
    for fault in [Step::Write, Step::SyncFile, Step::Link, Step::SyncFolder] {
        let place = Place::new();
        let result = fail_at(&[fault], ErrorKind::StorageFull, || add(&place.store(), "a"));
        assert!(matches!(result, Err(KeyringError::Save(_))), "{fault:?}");
        assert_eq!(place.names(), BTreeSet::from(["keyring.json.lock".to_owned()]), "{fault:?}");
    }
}

#[test]
fn a_missing_keyring_with_generations_is_never_started_anew() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    add(&place.store(), "b").unwrap();
    fs::remove_file(&place.path).unwrap();
    assert!(matches!(place.store().load(), Err(KeyringError::Lost { .. })));
    let error = add(&place.store(), "c").unwrap_err();
    let expected = place.folder.path().join("keyring.json.1");
    assert!(matches!(error, KeyringError::Lost { newest, .. } if newest == expected));
    assert!(!place.path.exists());
}

#[test]
fn a_keyring_that_others_may_read_or_replace_is_refused() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    let tolerant = Store::new(Location::File(place.path.clone()), true);
    for mode in [0o640, 0o604, 0o644, 0o440] {
        place.chmod("keyring.json", mode);
        let error = place.store().load().unwrap_err();
        assert!(matches!(error, KeyringError::OpenToOthers { mode: m, .. } if m == mode));
        assert!(tolerant.load().is_ok(), "{mode:o}");
    }
    for mode in [0o620, 0o602] {
        place.chmod("keyring.json", mode);
        assert!(matches!(tolerant.load(), Err(KeyringError::OpenToOthers { .. })), "{mode:o}");
    }
    place.chmod("keyring.json", 0o600);
    for (mode, fine) in [(0o770, false), (0o702, false), (0o1777, true), (0o755, true)] {
        place.chmod(".", mode);
        let result = place.store().load();
        assert_eq!(result.is_ok(), fine, "{mode:o}: {result:?}");
        assert_eq!(add(&place.store(), &format!("m{mode:o}")).is_ok(), fine, "{mode:o}");
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
        keyring.keys.clear();
        Err::<(), _>(KeyringError::EmptyData)
    });
    assert!(matches!(result, Err(KeyringError::EmptyData)));
    assert_eq!(fs::read(&place.path).unwrap(), before);
}

#[test]
fn a_lock_that_is_held_names_its_holder_and_one_left_behind_does_nothing() {
    let place = Place::new();
    let lock = beside(&place.path, ".lock");
    File::options().write(true).create_new(true).open(&lock).unwrap();
    add(&place.store(), "a").unwrap();
    assert_eq!(fs::read_to_string(&lock).unwrap(), format!("{}\n", std::process::id()));
    let held = Lock::take(&place.path, &place.path, Duration::ZERO).unwrap();
    let error = Lock::take(&place.path, &place.path, Duration::ZERO).unwrap_err();
    assert!(
        matches!(error, KeyringError::Locked { holder, .. } if holder == std::process::id().to_string())
    );
    drop(held);
    Lock::take(&place.path, &place.path, Duration::ZERO).unwrap();
}

#[test]
fn a_lock_that_others_planted_is_not_written_to() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    let before = fs::read(&place.path).unwrap();
    let lock = beside(&place.path, ".lock");
    for plant in [symlink::<&str, &PathBuf>, |from: &str, to: &PathBuf| {
        fs::hard_link(to.with_file_name(from), to)
    }] {
        fs::remove_file(&lock).unwrap();
        plant("keyring.json", &lock).unwrap();
        assert!(matches!(add(&place.store(), "b"), Err(KeyringError::Io { action: "lock", .. })));
        assert_eq!(fs::read(&place.path).unwrap(), before);
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
fn data_is_the_text_or_base64_of_it_and_read_only() {
    use base64::Engine as _;

    let place = Place::new();
    add(&place.store(), "a").unwrap();
    let text = fs::read(&place.path).unwrap();
    let encoded = base64::engine::general_purpose::STANDARD.encode(&text);
    let (first, second) = encoded.split_at(76);
    let wrapped = format!("{first}\n{second}\n");
    let store = |data: &[u8]| {
        let mut secret = SecretText::default();
        secret.push(data);
        Store::new(Location::Data(secret), false)
    };
    // As `$(cat keyring.json)` has it, and a box of a CI system that was filled on Windows.
    let cut = text.trim_ascii_end();
    let crlf = String::from_utf8(text.clone()).unwrap().replace('\n', "\r\n");
    for data in [&text, cut, crlf.as_bytes(), encoded.as_bytes(), wrapped.as_bytes()] {
        assert_eq!(aliases(&store(data)), ["a"]);
        assert!(matches!(add(&store(data), "b"), Err(KeyringError::ReadOnly { .. })));
    }
    assert!(matches!(store(b" \n").load(), Err(KeyringError::EmptyData)));
    let fault = store(b"!!!").load().unwrap_err();
    assert!(matches!(fault, KeyringError::File { fault: FileFault::NotAKeyring, .. }));
}
