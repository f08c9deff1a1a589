use std::collections::BTreeSet;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use tempfile::TempDir;

use super::*;
use crate::clock::now;
use crate::fs::atomic_file::fault::{Step, all_steps, fail_at};
use crate::keyring::format::seal::passphrase;
use crate::keyring::model::deletion::Doomed;
use crate::keyring::{Key, KeyVersion, Material};

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

    /// The same, opened by someone who says this passphrase.
    fn sealed(&self, word: &'static str) -> Store {
        self.store().operated_by(Box::new(Says(word)))
    }

    /// The files of the folder, but the keyring's own, that hold the material in hex or as it is.
    fn holding(&self, material: &Material) -> Vec<String> {
        let hex = material.to_hex();
        let holds = |bytes: &[u8]| {
            [hex.expose(), material.secret().expose()]
                .iter()
                .any(|needle| bytes.windows(needle.len()).any(|window| window == *needle))
        };
        self.names()
            .into_iter()
            .filter(|name| holds(&fs::read(self.folder.path().join(name)).unwrap()))
            .collect()
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.folder.path().join(name);
        let mut file = File::options().write(true).create_new(true).open(path).unwrap();
        file.write_all(bytes).unwrap();
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

/// An operator with a passphrase, or with none.
#[derive(Debug)]
struct Says(&'static str);

impl Operator for Says {
    fn passphrase(&self, _: &Path) -> Result<Passphrase, Box<dyn Error + Send + Sync>> {
        Ok(passphrase(self.0))
    }

    fn warn_of_readers(&self, _: &Path, mode: u32) {
        assert!(mode & 0o044 != 0);
    }
}

fn material_of(store: &Store, alias: &str) -> Material {
    let keyring = store.load().unwrap();
    let KeyVersion { material, .. } = keyring.key(alias).unwrap().current();
    material.as_ref().unwrap().duplicate()
}

fn generated(alias: &str) -> Key {
    Key::generate(BTreeSet::from([alias.parse().unwrap()]), "").unwrap()
}

fn add(store: &Store, alias: &str) -> Result<Saved, KeyringError> {
    let saved = store.update(|keyring| {
        keyring.add(generated(alias)).unwrap();
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
            let harmless =
                matches!(fault, Step::CreateUnnamed | Step::KeepGeneration | Step::CloseDuplicate)
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
fn a_missing_keyring_with_generations_is_never_started_anew() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    add(&place.store(), "b").unwrap();
    fs::remove_file(&place.path).unwrap();
    assert!(matches!(place.store().load(), Err(KeyringError::Lost { .. })));
    let error = add(&place.store(), "c").unwrap_err();
    assert!(matches!(error, KeyringError::Lost { newest: 1, .. }));
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
        *keyring = Keyring::default();
        Err::<(), _>(KeyringError::EmptyData)
    });
    assert!(matches!(result, Err(KeyringError::EmptyData)));
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
        Store::new(Location::Data { name: "DATA".into(), text: secret }, false)
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
    assert!(!place.store().check().unwrap().findings.is_empty());
    assert!(place.store().destroy_due(&[], now()).unwrap().is_empty());
    assert!(place.holding(&material).is_empty());
    assert!(place.store().check().unwrap().findings.is_empty());
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

#[test]
fn a_sealed_keyring_may_be_read_by_others_but_not_written() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    place.store().reseal(Some(passphrase("one"))).unwrap();
    place.chmod("keyring.json", 0o644);
    assert_eq!(aliases(&place.sealed("one")), ["a"]);
    place.chmod("keyring.json", 0o664);
    let refused = place.sealed("one").load();
    assert!(matches!(refused, Err(KeyringError::OpenToOthers { .. })));
}

#[test]
fn a_keyring_without_write_permission_is_not_replaced() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    place.chmod("keyring.json", 0o400);
    assert!(matches!(add(&place.store(), "b"), Err(KeyringError::ReadOnly { .. })));
    assert_eq!(aliases(&place.store()), ["a"]);
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
