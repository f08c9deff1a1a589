//! Which files are read as a keyring, and which are refused.

use super::super::folders::require_private_folders;
use super::*;
use crate::crypto::secret::SecretText;
use sha2::Digest as _;

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
        assert!(tolerant.load().is_ok() && place.store().as_copy().load().is_ok(), "{mode:o}");
    }
    for mode in [0o620, 0o602] {
        place.chmod("keyring.json", mode);
        assert!(matches!(tolerant.load(), Err(KeyringError::OpenToOthers { .. })), "{mode:o}");
        assert!(place.store().as_copy().load().is_err(), "{mode:o}");
    }
    place.chmod("keyring.json", 0o600);
    for (mode, fine) in [(0o770, false), (0o702, false), (0o1777, false), (0o755, true)] {
        place.chmod(".", mode);
        let result = place.store().load();
        assert_eq!(result.is_ok(), fine, "{mode:o}: {result:?}");
        assert_eq!(add(&place.store(), &format!("m{mode:o}")).is_ok(), fine, "{mode:o}");
    }
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
    assert!(matches!(store(b" \n").load(), Err(KeyringError::EmptyData { .. })));
    let fault = store(b"!!!").load().unwrap_err();
    assert!(matches!(fault, KeyringError::File { fault: FileFault::NotAKeyring, .. }));
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
fn a_store_can_be_shared_by_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Store>();
}

#[test]
fn a_folder_above_the_keyring_that_others_can_change_is_refused() {
    let place = Place::new();
    let own = place.folder.path().join("a/b");
    let store = Store::new(Location::File(own.join("keyring.json")), false);
    add(&store, "a").unwrap();
    let link = place.folder.path().join("link");
    symlink("a/../a/b", &link).unwrap();
    let through_link = Store::new(Location::File(link.join("keyring.json")), false);
    assert!(through_link.load().is_ok());
    for (mode, fine) in [(0o777, false), (0o720, false), (0o1777, true), (0o755, true)] {
        place.chmod("a", mode);
        for store in [&store, &through_link] {
            let result = store.load();
            assert_eq!(result.is_ok(), fine, "{mode:o}: {result:?}");
            let Err(error) = result else { continue };
            let KeyringError::FolderOpenToOthers { folder, .. } = &error else { panic!("{error}") };
            assert!(folder.ends_with("a"), "{error}");
            assert!(error.to_string().starts_with("others can write to '"), "{error}");
        }
    }
    // A link in a shared folder belongs to whoever made it, and can be changed by its owner.
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::lchown(&link, Some(4_242), None).unwrap();
        let error = through_link.load().unwrap_err();
        assert!(matches!(error, KeyringError::FolderOpenToOthers { owner: 4_242, .. }), "{error}");
        assert!(error.to_string().starts_with("another user owns '"), "{error}");
    }
}

#[test]
fn links_above_the_keyring_are_followed_as_far_as_the_system_does() {
    let place = Place::new();
    let path = |name: String| place.folder.path().join(name);
    fs::create_dir(path("0".to_owned())).unwrap();
    for number in 1..=41 {
        symlink((number - 1).to_string(), path(number.to_string())).unwrap();
    }
    let require =
        |number: u32| require_private_folders(&path(number.to_string()).join("keyring.json"), None);
    assert!(require(40).is_ok());
    let error = require(41).unwrap_err();
    let KeyringError::Io { source, .. } = error else { panic!("{error}") };
    assert_eq!(source.raw_os_error(), Some(rustix::io::Errno::LOOP.raw_os_error()));
}

#[test]
fn a_folder_that_others_can_change_is_shown_with_its_mode() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    place.chmod("", 0o777);
    let error = place.store().load().unwrap_err();
    assert!(matches!(error, KeyringError::FolderOpenToOthers { mode: 0o777, .. }), "{error:?}");
}

#[test]
fn a_sealed_keyring_is_exported_without_its_passphrase_and_only_a_whole_one_in_the_clear() {
    let place = Place::new();
    add(&place.store(), "a").unwrap();
    let clear = fs::read(&place.path).unwrap();
    assert_eq!(place.store().export().unwrap().expose(), clear);
    // A body that is no keyring, with a checksum that is right.
    let text = String::from_utf8(clear).unwrap();
    let (header, _) = text.split_once('\n').unwrap();
    let mut header: serde_json::Value = serde_json::from_str(header).unwrap();
    header["sha256"] = hex::encode(sha2::Sha256::digest("{}\n")).into();
    place.put("damaged", format!("{header}\n{{}}\n").as_bytes());
    place.chmod("damaged", 0o600);
    let damaged = Store::new(Location::File(place.folder.path().join("damaged")), false);
    assert!(matches!(damaged.export(), Err(KeyringError::File { .. })));
    fs::remove_file(place.folder.path().join("damaged")).unwrap();
    place.store().reseal(Some(passphrase("one"))).unwrap();
    let sealed = fs::read(&place.path).unwrap();
    assert_eq!(place.store().export().unwrap().expose(), sealed);
}

#[test]
fn a_folder_that_cannot_be_looked_at_is_not_said_to_have_no_keyring() {
    let place = Place::new();
    place.put("other", b"");
    let load = || place.store().load().unwrap_err();
    assert!(matches!(load(), KeyringError::NotFound { .. }));
    let error = fail_at(&[Step::LookBeside], ErrorKind::PermissionDenied, load);
    assert!(matches!(error, KeyringError::Io { .. }), "{error}");
    let remnants = || place.store().remnants();
    assert_eq!(remnants().unwrap().len(), 1);
    assert!(fail_at(&[Step::LookBeside], ErrorKind::PermissionDenied, remnants).is_err());
}
