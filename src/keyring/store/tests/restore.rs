//! Restoring says what is gained and what is lost, and loses nothing unasked.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::keyring::Key;
use crate::keyring::KeyringError;
use crate::keyring::format::seal::passphrase;
use crate::keyring::store::Location;
use crate::keyring::store::Store;
use crate::keyring::store::restore::{Compared, Restored};

fn store(path: &Path) -> Store {
    Store::new(Location::File(path.to_path_buf()), false)
}

fn add(store: &Store, alias: &str) {
    let key = Key::generate([alias.parse().unwrap()].into(), "").unwrap();
    let id = store.update(|keyring| Ok::<_, KeyringError>(keyring.add(key).unwrap().id()));
    id.unwrap();
}

fn aliases(path: &Path) -> Vec<String> {
    store(path).load().unwrap().aliases().iter().map(ToString::to_string).collect()
}

/// A keyring with `a` and `b`, and a copy from before `b`.
fn prepared() -> (TempDir, PathBuf, PathBuf) {
    let folder = TempDir::new().unwrap();
    let (path, copy) = (folder.path().join("keyring.json"), folder.path().join("copy"));
    add(&store(&path), "a");
    fs::copy(&path, &copy).unwrap();
    add(&store(&path), "b");
    (folder, path, copy)
}

#[test]
fn what_would_be_lost_is_named_and_needs_force() {
    let (_folder, path, copy) = prepared();
    let id = store(&path).load().unwrap().key("b").unwrap().id();
    let error = store(&path).restore(&store(&copy), false).unwrap_err();
    let lost = vec![format!("{id} version 1")];
    assert!(matches!(&error, KeyringError::WouldLose { versions, .. } if *versions == lost));
    assert_eq!(aliases(&path), ["a", "b"]);
    let restored = store(&path).restore(&store(&copy), true).unwrap();
    assert_eq!(
        restored,
        Restored {
            gained: vec![],
            lost,
            is_sealed: false,
            clear_generations: false,
            lacks: vec![],
            compared: Compared::Current
        }
    );
    assert_eq!(aliases(&path), ["a"]);
    // And what was replaced is a generation, from which it comes back.
    let newest = store(&path).generation(2).unwrap();
    let restored = store(&path).restore(&store(&newest.path), false).unwrap();
    assert_eq!(restored.gained.len(), 1);
    assert_eq!(aliases(&path), ["a", "b"]);
    let missing = store(&path).generation(9).unwrap_err();
    assert!(matches!(missing, KeyringError::NoGeneration { numbers, .. } if numbers == [1, 2, 3]));
}

#[test]
fn where_the_keyring_is_damaged_or_lost_its_newest_generation_says_what_would_be_lost() {
    for damaged in [true, false] {
        let (_folder, path, copy) = prepared();
        add(&store(&path), "c");
        fs::remove_file(&path).unwrap();
        if damaged {
            let file = fs::File::options().write(true).create_new(true).open(&path).unwrap();
            std::io::Write::write_all(&mut &file, b"{}").unwrap();
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
        let error = store(&path).restore(&store(&copy), false).unwrap_err();
        assert!(matches!(error, KeyringError::WouldLose { .. }), "{error}");
        let newest = store(&path).generation(2).unwrap();
        store(&path).restore(&store(&newest.path), false).unwrap();
        assert_eq!(aliases(&path), ["a", "b"]);
        assert_eq!(store(&path).generation(3).is_ok(), damaged);
    }
}

#[test]
fn a_machine_without_a_keyring_gets_one() {
    let (folder, _, copy) = prepared();
    let new = folder.path().join("new/keyring.json");
    store(&new).restore(&store(&copy), false).unwrap();
    assert_eq!(aliases(&new), ["a"]);
}

#[test]
fn a_slip_of_the_hand_seals_nothing() {
    use crate::keyring::store::Operator;

    #[derive(Debug)]
    struct Says(&'static str);

    impl Operator for Says {
        fn passphrase(
            &self,
            _: &Path,
        ) -> Result<crate::keyring::Passphrase, Box<dyn std::error::Error + Send + Sync>> {
            Ok(passphrase(self.0))
        }

        fn on_readable_by_others(&self, _: &Path, _: u32) {}
    }

    let (folder, path, copy) = prepared();
    fs::hard_link(&copy, folder.path().join("elsewhere")).unwrap();
    let elsewhere = TempDir::new().unwrap();
    let clear = elsewhere.path().join("copy");
    fs::copy(&copy, &clear).unwrap();
    fs::remove_file(&copy).unwrap();
    fs::remove_file(folder.path().join("elsewhere")).unwrap();
    store(&path).reseal(Some(passphrase("right"))).unwrap();
    let typo = || store(&path).operated_by(Box::new(Says("typo")));
    let right = || store(&path).operated_by(Box::new(Says("right")));
    let closed = typo().restore(&store(&clear), false).unwrap_err();
    assert!(matches!(closed, KeyringError::File { .. }), "{closed}");
    // With no passphrase at all, nothing is known of what would be lost.
    let closed = store(&path).restore(&store(&clear), false).unwrap_err();
    assert!(matches!(closed, KeyringError::NoPassphrase { .. }), "{closed}");
    // The right one, and what was sealed stays sealed.
    assert!(right().restore(&store(&clear), true).unwrap().is_sealed);
    assert!(right().load().is_ok());
    // By force, and without a passphrase that opens anything: in the clear, and it says so.
    assert!(!typo().restore(&store(&clear), true).unwrap().is_sealed);
    assert_eq!(aliases(&path), ["a"]);
    // Sealed over what is in the clear: the earlier generations are named.
    let sealed = elsewhere.path().join("sealed");
    fs::copy(&clear, &sealed).unwrap();
    store(&sealed).reseal(Some(passphrase("right"))).unwrap_err();
    fs::remove_file(&clear).unwrap();
    store(&sealed).reseal(Some(passphrase("right"))).unwrap();
    let source = store(&sealed).operated_by(Box::new(Says("right")));
    let restored = store(&path).restore(&source, true).unwrap();
    assert!(restored.is_sealed && restored.clear_generations);
}

#[test]
fn what_no_passphrase_opens_is_replaced_by_force_only() {
    let (_folder, path, copy) = prepared();
    let elsewhere = TempDir::new().unwrap();
    let clear = elsewhere.path().join("copy");
    fs::copy(&copy, &clear).unwrap();
    fs::remove_file(&copy).unwrap();
    store(&path).reseal(Some(passphrase("right"))).unwrap();
    let restore = |force| store(&path).restore(&store(&clear), force);
    assert!(matches!(restore(false), Err(KeyringError::NoPassphrase { .. })));
    let restored = restore(true).unwrap();
    assert_eq!((restored.is_sealed, restored.compared), (false, Compared::Nothing));
    assert_eq!(aliases(&path), ["a"]);
}

#[test]
fn a_generation_is_compared_with_all_that_is_known() {
    let (_folder, path, _copy) = prepared();
    add(&store(&path), "c");
    let named = |alias: &str| {
        format!("{} version 1", store(&path).load().unwrap().key(alias).unwrap().id())
    };
    let (b, c) = (named("b"), named("c"));
    // The keyring itself knows what generation 1 lacks.
    let first = store(&path).generation(1).unwrap().path;
    let restored = store(&path).restore(&store(&first), true).unwrap();
    assert_eq!((restored.lost, restored.lacks.len()), (vec![b.clone(), c.clone()], 0));
    assert_eq!(restored.compared, Compared::Current);
    // Now it does not, but its newer generations still do.
    let restored = store(&path).restore(&store(&first), false).unwrap();
    assert_eq!((restored.lost.len(), restored.lacks), (0, vec![b.clone(), c.clone()]));
    // Where the keyring is gone, what its last change added is in no generation.
    fs::remove_file(&path).unwrap();
    let second = store(&path).generation(2).unwrap().path;
    let restored = store(&path).restore(&store(&second), true).unwrap();
    assert_eq!((restored.lacks, restored.compared), (vec![c], Compared::Generation));
}
