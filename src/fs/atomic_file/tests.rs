use std::io::ErrorKind;
use std::os::unix::fs::symlink;

use std::os::unix::fs::MetadataExt as _;
use std::time::SystemTime;

use tempfile::TempDir;

use super::fault::{all_steps, fail_at};
use super::*;

const NOBODY: u32 = 65_534;

const NEW: Publication = Publication {
    access: Access::Mode(0o644),
    existing: Existing::Refuse,
    durability: Durability::Synced,
    modified: None,
    is_now_if_replaced: false,
    owner: None,
};
const REPLACE: Publication = Publication { existing: Existing::Replace, ..NEW };

fn write(target: &Path, text: &[u8], publication: Publication) -> Result<(), AtomicFileError> {
    let mut file = AtomicFile::create(target)?;
    file.write_all(text).map_err(|source| failed("write", target, source))?;
    file.publish(publication).map(|_| ())
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// A file system with neither `O_TMPFILE` nor hard links nor a rename that does not replace.
const POOR: [Step; 3] = [Step::CreateUnnamed, Step::HardLink, Step::RenameWithoutReplacing];

/// Runs `test` with all calls, and on file systems that lack some.
fn on_every_file_system(test: impl Fn(&[Step])) {
    test(&[]);
    test(&[Step::CreateUnnamed]);
    test(&[Step::LinkUnnamed]);
    test(&[Step::CreateUnnamed, Step::HardLink]);
    test(&POOR);
}

#[test]
fn a_new_file_has_the_bytes_mode_and_time_asked_for() {
    on_every_file_system(|faults| {
        let folder = TempDir::new().unwrap();
        let target = folder.path().join("out");
        let modified = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        let publication =
            Publication { access: Access::Mode(0o4640), modified: Some(modified), ..NEW };
        fail_at(faults, ErrorKind::Unsupported, || write(&target, b"text", publication)).unwrap();
        let metadata = fs::metadata(&target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"text");
        assert_eq!(metadata.mode() & 0o7777, 0o640, "no setuid bit");
        assert_eq!(metadata.modified().unwrap(), modified);
        assert_eq!(names(&folder), ["out"]);
    });
}

#[test]
fn a_file_that_exists_is_refused_even_when_it_appeared_meanwhile() {
    on_every_file_system(|faults| {
        let folder = TempDir::new().unwrap();
        let target = folder.path().join("out");
        let result = fail_at(faults, ErrorKind::Unsupported, || {
            let file = AtomicFile::create(&target).unwrap();
            let mut rival = File::options().write(true).create_new(true).open(&target).unwrap();
            rival.write_all(b"first").unwrap();
            file.publish(NEW)
        });
        assert!(matches!(result, Err(AtomicFileError::Exists { path }) if path == target));
        assert_eq!(fs::read(&target).unwrap(), b"first");
        assert_eq!(names(&folder), ["out"]);
    });
}

#[test]
fn a_replaced_file_keeps_its_mode_and_a_link_stays_a_link() {
    on_every_file_system(|faults| {
        let folder = TempDir::new().unwrap();
        let (target, link) = (folder.path().join("real"), folder.path().join("link"));
        write(&target, b"old", Publication { access: Access::Mode(0o604), ..NEW }).unwrap();
        symlink("real", &link).unwrap();
        fail_at(faults, ErrorKind::Unsupported, || write(&link, b"new", REPLACE)).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(fs::metadata(&target).unwrap().mode() & 0o7777, 0o604);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(names(&folder).len(), 2);
    });
}

#[test]
fn a_failed_step_leaves_no_new_file_and_the_old_one_as_it_was() {
    for publication in [NEW, REPLACE] {
        for fault in all_steps() {
            for named in [false, true] {
                let folder = TempDir::new().unwrap();
                let target = folder.path().join("out");
                if publication.existing == Existing::Replace {
                    write(&target, b"old", NEW).unwrap();
                }
                let mut faults = vec![fault];
                faults.extend(named.then_some(Step::CreateUnnamed));
                let result = fail_at(&faults, ErrorKind::StorageFull, || {
                    write(&target, b"new", publication)
                });
                let case = format!("{fault:?} {:?} named: {named}", publication.existing);
                // These faults change nothing: there is a fallback, or the step is not taken.
                let harmless = match fault {
                    Step::CreateUnnamed
                    | Step::LinkUnnamed
                    | Step::HardLink
                    | Step::RenameWithoutReplacing
                    | Step::KeepGeneration => true,
                    Step::Rename => publication.existing == Existing::Refuse,
                    // A duplicate was closed before, and told what there was to tell.
                    Step::Close => publication.existing == Existing::Replace,
                    Step::Link => publication.existing == Existing::Replace && named,
                    _ => false,
                };
                assert_eq!(result.is_ok(), harmless, "{case}");
                // After the rename the new file is in place and complete.
                let replaced = harmless || fault == Step::SyncFolder;
                match publication.existing {
                    Existing::Replace | Existing::ReplaceOnly(_) => {
                        let expected: &[u8] = if replaced { b"new" } else { b"old" };
                        assert_eq!(fs::read(&target).unwrap(), expected, "{case}");
                        assert_eq!(names(&folder), ["out"], "{case}");
                    }
                    Existing::Refuse => {
                        assert_eq!(names(&folder).len(), usize::from(harmless), "{case}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_mode_that_is_not_kept_is_the_new_one() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("out");
    write(&target, b"old", NEW).unwrap();
    write(&target, b"new", Publication { access: Access::OwnerOnly, ..REPLACE }).unwrap();
    assert_eq!(fs::metadata(&target).unwrap().mode() & 0o7777, 0o600);
}

/// The access of a file that root has written over one of another user, by what was asked for.
#[test]
fn what_replaces_another_users_file_is_ours_with_the_mode_of_a_new_file() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for (access, expected) in [
        (Access::Mode(0o644), 0o644),
        (Access::OwnerOnlyInPlaceOfOthers(0o644), 0o600),
        (Access::OwnerOnly, 0o600),
    ] {
        let folder = TempDir::new().unwrap();
        let target = folder.path().join("out");
        write(&target, b"old", Publication { access: Access::Mode(0o666), ..NEW }).unwrap();
        let ours = fs::metadata(&target).unwrap();
        std::os::unix::fs::chown(&target, Some(NOBODY), Some(NOBODY)).unwrap();
        write(&target, b"new", Publication { access, ..REPLACE }).unwrap();
        let new = fs::metadata(&target).unwrap();
        assert_eq!((new.uid(), new.gid()), (ours.uid(), ours.gid()), "{access:?}");
        assert_eq!(new.mode() & 0o7777, expected, "{access:?}");
    }
}

#[test]
fn what_replaces_a_file_of_ours_keeps_its_mode_where_others_have_none_left() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("out");
    write(&target, b"old", NEW).unwrap();
    let access = Access::OwnerOnlyInPlaceOfOthers(0o600);
    write(&target, b"new", Publication { access, ..REPLACE }).unwrap();
    assert_eq!(fs::metadata(&target).unwrap().mode() & 0o7777, 0o644);
}

#[test]
fn an_owner_and_a_time_are_those_that_were_asked_for() {
    let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    assert_eq!(NEW.modified(Some(time)).modified, Some(time));
    assert_eq!(NEW.owned_by(Some((1, 2))).owner, Some((1, 2)));
}

#[test]
fn what_is_replaced_keeps_its_group_or_that_group_may_do_nothing() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for (owner, group, mode) in [(None, NOBODY, 0o664), (Some((0, 0)), 0, 0o604)] {
        let folder = TempDir::new().unwrap();
        let target = folder.path().join("out");
        write(&target, b"old", Publication { access: Access::Mode(0o664), ..NEW }).unwrap();
        std::os::unix::fs::chown(&target, None, Some(NOBODY)).unwrap();
        write(&target, b"new", Publication { owner, ..REPLACE }).unwrap();
        let new = fs::metadata(&target).unwrap();
        assert_eq!((new.gid(), new.mode() & 0o7777), (group, mode), "{owner:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_replaces_a_file_with_an_acl_is_for_its_owner_only() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("out");
    write(&target, b"old", NEW).unwrap();
    // Version 2; the owner, user 1, the group, the mask and others, each with its permissions.
    let entries: [(u16, u16, u32); 5] =
        [(1, 6, u32::MAX), (2, 4, 1), (4, 0, u32::MAX), (16, 4, u32::MAX), (32, 0, u32::MAX)];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        list.extend(tag.to_le_bytes().into_iter().chain(permissions.to_le_bytes()));
        list.extend(id.to_le_bytes());
    }
    let flags = rustix::fs::XattrFlags::empty();
    if rustix::fs::setxattr(&target, "system.posix_acl_access", &list, flags).is_err() {
        // A file system without access control lists.
        return;
    }
    assert_eq!(fs::metadata(&target).unwrap().mode() & 0o7777, 0o640);
    let published = AtomicFile::create(&target).unwrap().publish(REPLACE).unwrap();
    assert_eq!(published, Published { dropped_acl: true });
    assert_eq!(fs::metadata(&target).unwrap().mode() & 0o7777, 0o600);
    let published = AtomicFile::create(&target).unwrap().publish(REPLACE).unwrap();
    assert_eq!(published, Published { dropped_acl: false });
}

/// Runs in a separate process, because no temporary file can be created or dropped afterwards.
#[test]
#[expect(clippy::disallowed_methods, reason = "this test runs itself in another process")]
fn a_signal_handler_removes_what_has_a_temporary_name() {
    const FOLDER: &str = "ENWRAP_TEST_FOLDER";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let folder = Path::new(&folder);
        let create = || AtomicFile::create(&folder.join("out")).unwrap();
        let mut file = fail_at(&[Step::CreateUnnamed], ErrorKind::Unsupported, create);
        file.write_all(b"text").unwrap();
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
        temporary::remove_all();
        std::mem::forget(file);
        return;
    }
    let folder = TempDir::new().unwrap();
    let name = "fs::atomic_file::tests::a_signal_handler_removes_what_has_a_temporary_name";
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    assert!(child.status.success() && String::from_utf8_lossy(&child.stdout).contains("1 passed"));
    assert!(names(&folder).is_empty());
}

#[test]
fn names_of_descriptors_are_recognised() {
    for name in ["/dev/fd/3", "/dev/stdin", "/proc/self/fd/0", "/proc/17/fd/4"] {
        assert!(is_descriptor(Path::new(name)), "{name}");
    }
    for name in ["/dev/shm/k", "/dev/null", "/proc/self/status", "dev/fd/3", "/dev/fd/"] {
        assert!(!is_descriptor(Path::new(name)), "{name}");
    }
}

#[test]
fn dropping_a_file_leaves_nothing() {
    on_every_file_system(|faults| {
        let folder = TempDir::new().unwrap();
        let target = folder.path().join("out");
        fail_at(faults, ErrorKind::Unsupported, || {
            let mut file = AtomicFile::create(&target).unwrap();
            file.write_all(b"text").unwrap();
            assert_eq!(names(&folder).len(), usize::from(!faults.is_empty()));
            for name in names(&folder) {
                assert!(temporary::is_temporary_name(name.as_ref()), "{name}");
            }
        });
        assert!(names(&folder).is_empty());
    });
}

#[test]
fn the_target_of_a_dangling_link_is_created() {
    let folder = TempDir::new().unwrap();
    let link = folder.path().join("link");
    symlink("target", &link).unwrap();
    write(&link, b"text", REPLACE).unwrap();
    assert_eq!(fs::read(folder.path().join("target")).unwrap(), b"text");
    symlink("loop", folder.path().join("loop")).unwrap();
    assert!(resolve_symlinks(&folder.path().join("loop")).is_err());
}

#[test]
fn a_file_that_cannot_be_created_is_named_with_its_folder() {
    let folder = TempDir::new().unwrap();
    let error = AtomicFile::create(&folder.path().join("none/out")).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot create '{}'", folder.path().join("none/out").display())
    );
}

#[test]
fn temporary_names_are_recognised() {
    for (name, expected) in [
        (".enwrap-0123456789abcdef.tmp", true),
        (".enwrap-0123456789abcde.tmp", false),
        (".enwrap-0123456789abcdeg.tmp", false),
        ("enwrap-0123456789abcdef.tmp", false),
    ] {
        assert_eq!(temporary::is_temporary_name(name.as_ref()), expected, "{name}");
    }
}

#[test]
fn a_placeholder_that_cannot_be_replaced_is_removed() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("out");
    let faults = [&POOR[..], &[Step::Rename]].concat();
    let result = fail_at(&faults, ErrorKind::Unsupported, || write(&target, b"text", NEW));
    assert!(matches!(result, Err(AtomicFileError::Io { action: "create", .. })));
    assert!(names(&folder).is_empty());
}

#[test]
fn what_a_killed_run_left_is_removed_and_what_is_being_written_stays() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    let make = |name: &str| File::options().write(true).create_new(true).open(path(name)).unwrap();
    let (left, held) = (".enwrap-0123456789abcdef.tmp", ".enwrap-fedcba9876543210.tmp");
    drop(make(left));
    let open = make(held);
    open.try_lock().unwrap();
    drop(make(".enwrap-notes.tmp"));
    // What no run has made is not touched, and not waited for.
    let (link, fifo) = (".enwrap-1111111111111111.tmp", ".enwrap-2222222222222222.tmp");
    symlink(".enwrap-notes.tmp", path(link)).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, path(fifo), rustix::fs::FileType::Fifo, Mode::RUSR, 0)
        .unwrap();
    fail_at(&[Step::CreateUnnamed], ErrorKind::Unsupported, || write(&path("out"), b"", NEW))
        .unwrap();
    let mut names = names(&folder);
    names.sort();
    assert_eq!(names, [link, fifo, held, ".enwrap-notes.tmp", "out"]);
    let found = leftovers::take_found();
    assert!(found.contains(&leftovers::Leftover { path: path(left), is_removed: true }));
}

#[test]
fn a_result_has_the_time_of_its_source_if_it_is_new_and_is_known_to_be_another_if_it_is_not() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("out");
    let long_ago = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    let publication = REPLACE.modified_if_new(Some(long_ago));
    write(&target, b"one", publication).unwrap();
    let modified = || fs::metadata(&target).unwrap().modified().unwrap();
    assert_eq!(modified(), long_ago);
    write(&target, b"two", publication).unwrap();
    assert!(modified() > long_ago);
}

#[test]
fn a_file_that_is_replaced_only_as_it_was_seen_stays_where_it_changed() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("out");
    write(&target, b"", NEW).unwrap();
    let seen = Seen::of(&fs::metadata(&target).unwrap());
    let mut file = AtomicFile::create(&target).unwrap();
    file.write_all(b"ours").unwrap();
    File::options().append(true).open(&target).unwrap().write_all(b"theirs").unwrap();
    let published = file.publish(NEW.redone(Some(seen)));
    assert!(matches!(published, Err(AtomicFileError::Exists { .. })));
    assert_eq!(fs::read(&target).unwrap(), b"theirs");
    let seen = Seen::of(&fs::metadata(&target).unwrap());
    write(&target, b"ours", NEW.redone(Some(seen))).unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"ours");
    assert_eq!(names(&folder), ["out"]);
    // Nor does it come back where it was removed.
    let seen = Seen::of(&fs::metadata(&target).unwrap());
    let file = AtomicFile::create(&target).unwrap();
    fs::remove_file(&target).unwrap();
    let published = file.publish(NEW.redone(Some(seen)));
    assert!(matches!(published, Err(AtomicFileError::Exists { .. })));
    assert!(names(&folder).is_empty());
}
