//! Changing which keys open messages that exist: rewrap, reencrypt, and what knows what opens what.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use base64::Engine as _;
use serde_json::Value;

use crate::shell::{ENWRAP, Shell, sample};

/// A tree with three messages in two folders, and things that are none.
fn tree() -> Shell {
    let shell = Shell::new();
    fs::create_dir_all(shell.path("tree/deep")).unwrap();
    for (name, len) in [("tree/a", 10), ("tree/b", 100_000), ("tree/deep/c", 0)] {
        shell.write(name, sample(len));
        shell.ok(&["encrypt", name]);
        fs::remove_file(shell.path(name)).unwrap();
    }
    shell.write("tree/plain", "no message");
    std::os::unix::fs::symlink("b.enwrap", shell.path("tree/link")).unwrap();
    shell.sh("mkfifo tree/fifo").success();
    shell
}

fn opens(shell: &Shell, file: &str) -> bool {
    shell.run(&["verify", file]).code == Some(0)
}

fn bytes_and_times(shell: &Shell, file: &str) -> (Vec<u8>, i64, u64) {
    let metadata = fs::metadata(shell.path(file)).unwrap();
    (shell.read(file), metadata.mtime_nsec(), metadata.ino())
}

#[test]
fn after_rotate_rewrap_and_purge_everything_opens_and_no_message_was_touched() {
    let shell = tree();
    let files = ["tree/a.enwrap", "tree/b.enwrap", "tree/deep/c.enwrap"];
    let before = files.map(|file| bytes_and_times(&shell, file));
    shell.ok(&["key", "rotate", "main"]);
    for file in files {
        Shell::chmod(&shell.path(file), 0o400);
    }
    let run = shell.run(&["rewrap", "-r", "tree", "--envelope", "tree.envelope"]).success();
    run.says(&["3 rewrapped, 0 already so; 2 links or special files, 1 not a message"]);
    let run = shell.run(&["rewrap", "-r", "tree", "--envelope", "tree.envelope"]).success();
    run.says(&["0 rewrapped, 3 already so"]);
    assert_eq!(String::from_utf8(shell.read("tree.envelope")).unwrap().lines().count(), 3);
    shell.ok(&["-q", "key", "delete", "main", "--old-versions"]);
    shell.let_the_days_pass();
    let purge = ["key", "purge", "--yes", "--check", "tree"];
    shell.run(&purge).failure(14).says(&[
        "3 files need",
        "3 messages and 0 wrapped data keys checked",
        "2 files could not be checked",
    ]);
    let purge = [&purge[..], &["--envelope", "tree.envelope"]].concat();
    // A link and a FIFO could stand for anything, so they stop it too.
    let run = shell.run(&purge).failure(14);
    run.says(&["tree/link: it was not checked", "tree/fifo: it was not checked", "2 files could"]);
    for odd in ["tree/link", "tree/fifo"] {
        fs::remove_file(shell.path(odd)).unwrap();
    }
    shell.run(&purge).success().says(&["3 files open only through an envelope file"]);
    assert_eq!(files.map(|file| bytes_and_times(&shell, file)), before);
    shell.fails(&["verify", files[0]], 3).says(&["tree/a.enwrap.envelope"]);
    let verify = [&["verify", "--envelope", "tree.envelope"][..], &files].concat();
    shell.ok(&verify);
    // For a pipe too; and beside the message it needs no flag.
    let message = shell.read(files[1]);
    let plaintext = shell.pipe(&["decrypt", "--envelope", "tree.envelope"], &message).success();
    assert_eq!(plaintext.stdout, sample(100_000));
    shell.write("tree/b.enwrap.envelope", shell.read("tree.envelope"));
    assert!(opens(&shell, files[1]) && !opens(&shell, files[0]));
}

#[test]
fn a_record_grants_and_takes_nothing_away_and_reencrypt_does() {
    let shell = Shell::new();
    shell.ok(&["keygen", "b"]);
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    let with = |key: &str| {
        let run = shell.run(&["decrypt", "a.enwrap", "-o", "-", "--only-key", key]);
        (run.code, run.text())
    };
    shell.fails(&["decrypt", "a.enwrap", "-o", "-", "--only-key", "b"], 3).says(&["--only-key"]);
    shell.run(&["rewrap", "-k", "b", "a.enwrap"]).success().says(&["leaves out default"]);
    // The removed recipient still opens it, as the documents say.
    assert_eq!((with("b"), with("main")), ((Some(0), "text".into()), (Some(0), "text".into())));
    shell.run(&["rewrap", "-k", "b", "a.enwrap"]).success().says(&["already so"]);
    let old = shell.read("a.enwrap");
    // Whoever can write the envelope file could have made that record, so nobody goes unasked.
    shell.ok(&["reencrypt", "a.enwrap"]);
    assert_eq!((with("b").0, with("main").0), (Some(0), Some(0)));
    shell
        .run(&["reencrypt", "-k", "b", "a.enwrap"])
        .success()
        .says(&["no longer opened by default"]);
    assert_eq!((with("b").0, with("main").0), (Some(0), Some(3)));
    // What was kept of the old one still opens with the old key.
    shell.write("kept.enwrap", old);
    assert!(opens(&shell, "kept.enwrap"));
}

#[test]
fn adding_keeps_those_that_open_it_and_a_dry_run_writes_nothing() {
    let shell = Shell::new();
    shell.ok(&["keygen", "b"]);
    shell.ok(&["keygen", "c"]);
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    let before = shell.snapshot();
    let run =
        shell.run(&["--json", "rewrap", "--add", "-k", "b", "--dry-run", "a.enwrap"]).success();
    assert_eq!(run.json()[0]["keys"].as_array().unwrap().len(), 2);
    assert_eq!(shell.snapshot(), before);
    shell.ok(&["rewrap", "--add", "-k", "b", "a.enwrap"]);
    shell.ok(&["rewrap", "--add", "-k", "c", "a.enwrap"]);
    let record = String::from_utf8(shell.read("a.enwrap.envelope")).unwrap();
    let record: Value = serde_json::from_str(record.lines().last().unwrap()).unwrap();
    assert_eq!(record["encrypted_data_keys"].as_array().unwrap().len(), 3);
    for key in ["main", "b", "c"] {
        shell.ok(&["verify", "a.enwrap", "--only-key", key]);
    }
    shell.fails(&["rewrap", "--add", "a.enwrap"], 2);
    shell.fails(&["rewrap"], 2);
    shell.fails(&["rewrap", "-"], 2).says(&["--envelope"]);
    let several = ["rewrap", "a.enwrap", "--envelope", "x", "--envelope", "y"];
    shell.fails(&several, 2);
}

#[test]
fn a_message_with_a_bound_pair_is_rewrapped_by_whoever_knows_it() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a", "-c", "stored=1", "--bind", "bound=2"]);
    shell.ok(&["key", "rotate", "main"]);
    shell.fails(&["rewrap", "a.enwrap"], 4);
    shell.fails(&["rewrap", "a.enwrap", "-c", "bound=3"], 6);
    shell.ok(&["rewrap", "a.enwrap", "-c", "bound=2"]);
    shell.fails(&["rewrap", "a.enwrap", "-c", "stored=2"], 6);
    let usage = ["key", "usage", "a.enwrap", "--fail-if-stale"];
    shell.fails(&usage, 14);
    shell.ok(&[&usage[..], &["-c", "bound=2"]].concat());
    // Encrypted again, it is bound as before.
    shell.ok(&["reencrypt", "a.enwrap", "-c", "bound=2", "--set-context", "stored=9"]);
    shell.fails(&["verify", "a.enwrap"], 4);
    shell.ok(&["verify", "a.enwrap", "-c", "bound=2", "-c", "stored=9"]);
}

#[test]
fn messages_without_commitment_are_refused_and_their_records_ignored() {
    let shell = Shell::new();
    let answers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/known-answers.json");
    let answers: Value = serde_json::from_slice(&fs::read(answers).unwrap()).unwrap();
    let is_old = |answer: &&Value| {
        answer["suite"] == "0178"
            && answer["key_name"] == "key-1"
            && answer["encryption_context_in"].as_object().unwrap().is_empty()
    };
    let answer = answers.as_array().unwrap().iter().find(is_old).unwrap();
    let message = hex::decode(answer["message"].as_str().unwrap()).unwrap();
    shell.write("old.enwrap", &message);
    shell.write("key", answer["wrapping_key"].as_str().unwrap());
    let from = ["--namespace", "my-ns", "--name", "key-1", "--material-file", "key"];
    shell.ok(&[&["key", "import", "theirs"], &from[..]].concat());
    shell.fails(&["rewrap", "old.enwrap"], 16).says(&["no key commitment", "enwrap reencrypt"]);
    let id = hex::encode(&message[4..20]);
    shell.write(
        "old.enwrap.envelope",
        format!("{{\"message_id\":\"{id}\",\"encrypted_data_keys\":[],\"created\":\"2026-01-01T00:00:00Z\"}}\n"),
    );
    let allow = ["--commitment-policy", "require-encrypt-allow-decrypt"];
    let run = shell.run(&[&["verify", "old.enwrap"][..], &allow].concat()).success();
    run.says(&["envelope records are ignored"]);
    // Encrypted again, it commits.
    shell.ok(&[&["reencrypt", "old.enwrap"][..], &allow].concat());
    let inspected = shell.run(&["--json", "inspect", "old.enwrap"]).json().remove(0);
    assert_eq!(inspected["suite"], "0x0478");
    shell.ok(&["verify", "old.enwrap"]);
}

#[test]
fn reencrypt_keeps_what_a_message_is_and_changes_what_it_is_told() {
    let shell = Shell::new();
    shell.write("plain", sample(200_000));
    let encrypt = ["encrypt", "plain", "-o", "m", "-f", "-c", "a=1", "-c", "b=2"];
    let inspect = || shell.run(&["--json", "inspect", "m"]).success().json().remove(0);
    for more in [&[][..], &["-a"], &["--algorithm", "0x0578"], &["--frame-length", "1000"]] {
        shell.ok(&[&encrypt[..], more].concat());
        Shell::chmod(&shell.path("m"), 0o640);
        let old = inspect();
        shell.ok(&["reencrypt", "m"]);
        let new = inspect();
        for member in ["suite", "frame_length", "plaintext_bytes", "armored", "signed"] {
            assert_eq!(new[member], old[member], "{member}");
        }
        assert_ne!(new["message_id"], old["message_id"]);
        assert_eq!((&new["encryption_context"]["a"], shell.mode("m")), (&"1".into(), 0o640));
        assert_eq!(shell.run(&["decrypt", "m", "-o", "-"]).success().stdout, sample(200_000));
    }
    let change =
        ["reencrypt", "m", "--set-context", "a=9", "--unset-context", "b", "--bind", "c=3"];
    shell.ok(&change);
    assert_eq!(inspect()["encryption_context"], serde_json::json!({ "a": "9" }));
    shell.fails(&["verify", "m"], 4);
    shell.ok(&["verify", "m", "-c", "c=3"]);
    shell.fails_harmlessly(&["reencrypt", "m", "--set-context", "aws-crypto-x=1"], 2);
    // Elsewhere, and from a pipe.
    shell.ok(&["encrypt", "plain", "-o", "m", "-f"]);
    shell.fails_harmlessly(&["reencrypt", "m", "-o", "plain"], 8);
    shell.ok(&["reencrypt", "m", "-o", "n"]);
    let piped = shell.pipe(&["reencrypt", "-"], &shell.read("n")).success().stdout;
    let plaintext = shell.pipe(&["decrypt"], &piped).success().stdout;
    assert!(plaintext == sample(200_000) && shell.read("n") != shell.read("m"));
}

#[test]
fn a_message_that_does_not_hold_is_not_replaced() {
    let shell = Shell::new();
    shell.write("plain", sample(300_000));
    shell.ok(&["encrypt", "plain", "-o", "good"]);
    let good = shell.read("good");
    let signed = ["encrypt", "plain", "-f", "-o", "good", "--algorithm", "0x0578"];
    shell.ok(&signed);
    let mut forged = shell.read("good");
    *forged.last_mut().unwrap() ^= 1;
    let mut damaged = good.clone();
    damaged[250_000] ^= 1;
    for (name, bytes, code) in [
        ("cut", &good[..good.len() - 1], 5),
        ("damaged", &damaged, 4),
        ("longer", &[&good[..], b"x"].concat(), 4),
        ("forged", &forged, 4),
    ] {
        shell.write(name, bytes);
        shell.fails_harmlessly(&["reencrypt", name], code);
    }
    let before = shell.snapshot();
    shell.sh("ulimit -f 100; enwrap reencrypt good").failure(1).says(&["'good'", "File too large"]);
    assert_eq!(shell.snapshot(), before);
}

#[test]
fn keys_that_are_not_here_are_not_dropped_unasked() {
    let (shell, other) = (Shell::new(), Shell::bare());
    shell.ok(&["keygen", "theirs"]);
    shell.write("a", "text");
    shell.ok(&["encrypt", "a", "-k", "main", "-k", "theirs"]);
    let export = shell.run(&["key", "export", "main"]).success().stdout;
    other.pipe(&["key", "import", "main"], &export).success();
    other.write("a.enwrap", shell.read("a.enwrap"));
    let id = shell.run(&["--json", "key", "show", "theirs"]).json()[0]["key_id"].to_string();
    let run = other.fails_harmlessly(&["reencrypt", "a.enwrap"], 3);
    run.says(&[id.trim_matches('"'), "--drop-unknown-keys"]);
    other.ok(&["reencrypt", "a.enwrap", "--drop-unknown-keys"]);
    assert_eq!(other.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
    other.write("a.enwrap", shell.read("a.enwrap"));
    other.ok(&["keygen", "mine"]);
    other.ok(&["reencrypt", "a.enwrap", "-k", "mine"]);
    other.ok(&["verify", "a.enwrap", "--only-key", "mine"]);
}

#[test]
fn a_tree_is_encrypted_again_and_one_bad_file_stops_only_itself() {
    let shell = tree();
    shell.write("tree/bad.enwrap", &shell.read("tree/b.enwrap")[..50_000]);
    let bad = shell.read("tree/bad.enwrap");
    let run = shell.run(&["reencrypt", "-r", "tree"]).failure(12);
    run.says(&["tree/bad.enwrap: truncated", "3 reencrypted", "1 of 4 files failed"]);
    assert_eq!(shell.read("tree/bad.enwrap"), bad);
    assert!(opens(&shell, "tree/deep/c.enwrap"));
    shell.fails(&["reencrypt", "tree"], 2).says(&["-r"]);
    shell.fails(&["rewrap", "tree"], 2).says(&["-r"]);
}

#[test]
fn usage_tells_which_versions_open_what() {
    let shell = tree();
    shell.ok(&["keygen", "b"]);
    shell.ok(&["key", "rotate", "main"]);
    shell.ok(&["rewrap", "tree/a.enwrap"]);
    let mut stranger = shell.read("tree/b.enwrap");
    let at = stranger.windows(6).position(|window| window == b"enwrap").unwrap();
    stranger[at] = b'E';
    shell.write("tree/stranger.enwrap", stranger);
    let run = shell.run(&["key", "usage", "-r", "tree"]).success();
    let text = run.text();
    assert!(text.contains("tree/b.enwrap: needs an old version"), "{text}");
    assert!(text.contains("tree/stranger.enwrap: no key here opens it"), "{text}");
    assert!(text.contains("version 1  old      3"), "{text}");
    assert!(text.contains("version 2  current  1"), "{text}");
    let lines = shell.run(&["--json", "key", "usage", "-r", "tree"]).success().json();
    let summary = lines.iter().find(|line| line["type"] == "summary").unwrap();
    for (member, count) in [("messages", 4), ("need_old_version", 2), ("closed", 1)] {
        assert_eq!(summary[member], count, "{member}");
    }
    assert_eq!(
        summary["skipped"],
        serde_json::json!({"not_messages": 1, "envelopes": 1, "locks": 1, "special": 2})
    );
    run.says(&["4 messages; 2 links or special files, 1 envelope file, 1 lock, 1 not a message"]);
    shell.fails(&["key", "usage", "-r", "tree", "--fail-if-stale"], 14).says(&["3 files are"]);
}

#[test]
fn a_forged_name_costs_no_key() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    shell.ok(&["key", "rotate", "main"]);
    // A record that names the current version, as anybody can write one.
    shell.ok(&["rewrap", "a.enwrap"]);
    let record = String::from_utf8(shell.read("a.enwrap.envelope")).unwrap();
    let mut forged: Value = serde_json::from_str(&record).unwrap();
    let standard = base64::engine::general_purpose::STANDARD;
    let mut key = standard.decode(forged["encrypted_data_keys"][0].as_str().unwrap()).unwrap();
    *key.last_mut().unwrap() ^= 1;
    forged["encrypted_data_keys"][0] = standard.encode(key).into();
    shell.write("a.enwrap.envelope", format!("{forged}\n"));
    // By name it is fine; by proof it is not.
    shell.ok(&["key", "usage", "a.enwrap"]);
    shell.fails(&["key", "usage", "a.enwrap", "--fail-if-stale"], 14);
    shell.ok(&["-q", "key", "delete", "main", "--old-versions"]);
    shell.let_the_days_pass();
    shell.fails(&["key", "purge", "--yes", "--check", "a.enwrap"], 14).says(&["1 file needs"]);
    shell.ok(&["key", "undelete", "main"]);
    shell.ok(&["key", "enable", "main"]);
    // And it stops no true one from being written, also after a torn line.
    shell.write("a.enwrap.envelope", format!("{forged}\n{}", &record[..100]));
    shell
        .run(&["rewrap", "a.enwrap"])
        .success()
        .says(&["1 line that is no record was passed over"]);
    shell.ok(&["key", "usage", "a.enwrap", "--fail-if-stale"]);
    shell.ok(&["-q", "key", "delete", "main", "--old-versions"]);
    shell.let_the_days_pass();
    shell.ok(&["key", "purge", "--yes", "--check", "a.enwrap"]);
    assert_eq!(shell.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
}

#[test]
fn two_rewraps_of_one_tree_at_once_lose_no_record() {
    let shell = Shell::new();
    fs::create_dir(shell.path("tree")).unwrap();
    for n in 0..40 {
        shell.write(&format!("tree/{n}"), "text");
        shell.ok(&["encrypt", &format!("tree/{n}")]);
    }
    for key in ["b", "c"] {
        shell.ok(&["keygen", key]);
    }
    let children = ["b", "c"]
        .map(|key| shell.start(&["rewrap", "-r", "tree", "--envelope", "e", "--add", "-k", key]));
    for child in children {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    assert_eq!(String::from_utf8(shell.read("e")).unwrap().lines().count(), 80);
    for key in ["b", "c"] {
        let files: Vec<String> = (0..40).map(|n| format!("tree/{n}.enwrap")).collect();
        let mut args = vec!["verify", "--envelope", "e", "--only-key", key];
        args.extend(files.iter().map(String::as_str));
        shell.ok(&args);
    }
    // Nor its meaning: the newest record of each has what both added.
    shell.ok(&["reencrypt", "-r", "tree", "--envelope", "e"]);
    for key in ["b", "c", "main"] {
        shell.ok(&["verify", "tree/7.enwrap", "--only-key", key]);
    }
}

#[test]
fn a_rewrap_reads_the_header_and_nothing_else() {
    let shell = Shell::new();
    shell.write("a", sample(300_000));
    shell.ok(&["encrypt", "a", "-o", "whole"]);
    // What follows the header could be anything, of any size: a terabyte of nothing.
    let header = &shell.read("whole")[..1000];
    shell.write("sparse", header);
    let file = fs::File::options().write(true).open(shell.path("sparse")).unwrap();
    file.set_len(1 << 40).unwrap();
    file.set_permissions(fs::Permissions::from_mode(0o400)).unwrap();
    shell.ok(&["keygen", "b"]);
    shell.ok(&["rewrap", "-k", "b", "sparse"]);
    assert!(shell.read("sparse.envelope").len() < 1000);
}

/// A message under a version that is due to be destroyed, and its bytes.
fn due() -> (Shell, Vec<u8>) {
    let shell = Shell::new();
    fs::create_dir(shell.path("t")).unwrap();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    shell.ok(&["key", "rotate", "main"]);
    shell.ok(&["-q", "key", "delete", "main", "--old-versions"]);
    shell.let_the_days_pass();
    let message = shell.read("a.enwrap");
    (shell, message)
}

#[test]
fn no_disguise_of_a_message_has_its_key_destroyed() {
    let (shell, message) = due();
    let text = base64::engine::general_purpose::STANDARD.encode(&message);
    let mut renamed = message.clone();
    // One bit of the name: version 1 becomes another one, which exists, or does not.
    let at = message.windows(2).position(|window| window == b"/1").unwrap() + 1;
    renamed[at] ^= 2;
    let mut stranger = message.clone();
    stranger[at - 20] ^= 1;
    let mut cut = message.clone();
    cut.truncate(100);
    for (name, bytes) in [
        ("plain", message.clone()),
        ("mail.envelope", message.clone()),
        ("m.envelope.lock", message.clone()),
        (".enwrap-0123456789abcdef.tmp", message.clone()),
        ("armoured", text.clone().into_bytes()),
        ("begin", format!("-----BEGIN X-----\n{text}\n-----END X-----\n").into_bytes()),
        ("blank", format!("\n\n{text}").into_bytes()),
        ("blank-binary", [b"\n", &message[..]].concat()),
        ("renamed", renamed),
        ("stranger", stranger),
        ("cut", cut),
    ] {
        let path = format!("t/{name}");
        shell.write(&path, &bytes);
        let run = shell.fails(&["key", "purge", "--yes", "--check", "t"], 14);
        assert!(run.stderr.contains("1 file needs"), "{name}: {run:?}");
        shell.fails(&["key", "purge", "--yes", "--check", &path], 14);
        fs::remove_file(shell.path(&path)).unwrap();
    }
    shell.fails(&["key", "purge", "--yes", "--check", "-"], 2);
    shell.fails(&["key", "purge", "--yes", "--check", "/dev/null"], 2);
    // And what is no message stops nothing, also where it begins like text in two-byte characters.
    shell.write("t/picture.jpg", b"\xff\xd8\xff\xe0 a picture");
    shell.write("t/letter", "A letter to you");
    shell.write("t/envelope", "{}");
    shell.write("t/empty", "");
    let run = shell.run(&["key", "purge", "--yes", "--check", "t"]).success();
    run.says(&[
        "0 messages and 0 wrapped data keys checked; 4 not messages",
        "not seen by this check: copies elsewhere, and messages inside archives",
    ]);
    for args in
        [&["rewrap", "-r", "t"][..], &["reencrypt", "-r", "t"], &["key", "usage", "-r", "t"]]
    {
        shell.ok(args);
    }
}

#[test]
fn no_flipped_bit_of_a_message_has_its_key_destroyed() {
    let (shell, message) = due();
    let header_len = message.len() - 4 - 4 - 12 - 4 - "text".len() - 16;
    let text = base64::engine::general_purpose::STANDARD.encode(&message);
    let lines: Vec<&[u8]> = text.as_bytes().chunks(64).collect();
    let armored = [&lines.join(&b'\n')[..], b"\n"].concat();
    let labelled = [b"-----BEGIN X-----\n", &armored[..], b"-----END X-----\n"].concat();
    let forms = [
        ("bare", &message, header_len),
        ("armored", &armored, header_len * 4 / 3),
        ("labelled", &labelled, header_len * 4 / 3 + 18),
    ];
    for (form, bytes, len) in forms {
        fs::create_dir(shell.path(form)).unwrap();
        for bit in 0..len * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            shell.write(&format!("{form}/{bit}"), flipped);
        }
        // A lost byte, wherever it was.
        for at in 0..len {
            shell.write(&format!("{form}/lost-{at}"), [&bytes[..at], &bytes[at + 1..]].concat());
        }
        let run = shell.fails(&["key", "purge", "--yes", "--check", form], 14);
        run.says(&[&format!("{} files need", len * 9)]);
    }
}

#[test]
fn wrapped_data_keys_count_in_every_form_and_copies_of_the_keyring_do_not() {
    let (shell, _) = due();
    shell.ok(&["key", "undelete", "main"]);
    shell.ok(&["key", "enable", "main"]);
    let new = shell.ok(&["datakey", "-k", "main", "--blob-out", "t/new.json", "-c", "a=b"]);
    fs::remove_file(shell.path("t/new.json")).unwrap();
    shell.write("t/new.json", new);
    let old = Shell::new();
    old.ok(&["keygen", "b"]);
    let export = old.run(&["key", "export", "b"]).success().stdout;
    fs::create_dir(shell.path("blobs")).unwrap();
    for (file, args) in [
        ("json", &["datakey", "-k", "b"][..]),
        ("base64", &["datakey", "-k", "b", "--without-plaintext", "--format", "base64"]),
        ("raw", &["datakey", "-k", "b", "--without-plaintext", "--format", "raw"]),
    ] {
        shell.write(&format!("blobs/{file}"), old.run(args).success().stdout);
    }
    shell.pipe(&["key", "import", "b"], &export).success();
    shell.ok(&["-q", "key", "delete", "b"]);
    shell.ok(&["-q", "key", "delete", "main", "--old-versions"]);
    shell.let_the_days_pass();
    let purge = ["key", "purge", "--yes", "--dry-run", "--check"];
    let run = shell.fails(&[&purge[..], &["blobs"]].concat(), 14);
    run.says(&["3 wrapped data keys", "3 files need"]);
    // Its context proves that another version opens it; without it, nothing does.
    shell.ok(&[&purge[..], &["t", "-c", "a=b"]].concat());
    shell.fails(&[&purge[..], &["t"]].concat(), 14);
    shell.ok(&["keyring", "backup", "t/copy.json"]);
    shell.ok(&[&purge[..], &["t", "-c", "a=b"]].concat());
    for sign in ["t/unreadable.enwrap", "t/torn.envelope"] {
        shell.write(sign, "nothing that can be read");
        shell.fails(&[&purge[..], &["t", "-c", "a=b"]].concat(), 14).says(&["1 file needs"]);
        fs::remove_file(shell.path(sign)).unwrap();
    }
    shell.write("t/script", "#!/bin/sh\nexec enwrap verify \"$1\"\n");
    shell.ok(&[&purge[..], &["t", "-c", "a=b"]].concat());
}

#[test]
fn keys_that_others_added_stay_until_somebody_says_that_they_go() {
    let (ours, theirs) = (Shell::new(), Shell::new());
    ours.write("a", "text");
    ours.ok(&["encrypt", "a"]);
    // Their keyring has our key, to decrypt with, and one of their own.
    let export = ours.run(&["key", "export", "main"]).success().stdout;
    theirs.pipe(&["key", "import", "ours"], &export).success();
    theirs.write("a.enwrap", ours.read("a.enwrap"));
    theirs.ok(&["rewrap", "a.enwrap", "--add", "-k", "main"]);
    let id = theirs.run(&["--json", "key", "show", "main"]).json()[0]["key_id"].clone();
    ours.write("a.enwrap.envelope", theirs.read("a.enwrap.envelope"));
    ours.ok(&["key", "rotate", "main"]);
    ours.ok(&["rewrap", "a.enwrap"]);
    theirs.write("a.enwrap.envelope", ours.read("a.enwrap.envelope"));
    theirs.ok(&["verify", "a.enwrap", "--only-key", "main"]);
    let run = ours.fails_harmlessly(&["reencrypt", "a.enwrap"], 3);
    run.says(&[id.as_str().unwrap(), "--drop-unknown-keys"]);
    // Also where a newer record leaves them out.
    ours.ok(&["rewrap", "a.enwrap", "-k", "main"]);
    ours.fails_harmlessly(&["reencrypt", "a.enwrap"], 3);
    ours.run(&["reencrypt", "a.enwrap", "-k", "main"]).success().says(&["under default version 2"]);
}

#[test]
fn after_a_purge_reencrypt_goes_on_with_the_keys_that_are_left() {
    let (shell, _) = due();
    shell.ok(&["key", "undelete", "main"]);
    shell.ok(&["key", "enable", "main"]);
    shell.ok(&["rewrap", "a.enwrap"]);
    shell.ok(&["-q", "key", "delete", "main", "--old-versions"]);
    shell.let_the_days_pass();
    let run = shell.run(&["key", "purge", "--yes", "--check", "a.enwrap"]).success();
    run.says(&["1 file opens only through an envelope file"]);
    shell.ok(&["reencrypt", "a.enwrap"]);
    assert!(!shell.path("a.enwrap.envelope").exists());
    assert_eq!(shell.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
}

#[test]
fn what_stands_under_the_name_of_an_envelope_stops_nothing() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    fs::create_dir(shell.path("a.enwrap.envelope")).unwrap();
    shell.run(&["verify", "a.enwrap"]).success().says(&["warning", "a.enwrap.envelope"]);
    fs::remove_dir(shell.path("a.enwrap.envelope")).unwrap();
    shell.sh("mkfifo a.enwrap.envelope").success();
    shell.run(&["verify", "a.enwrap"]).success().says(&["warning", "not a plain file"]);
    shell.fails(&["verify", "a.enwrap", "--envelope", "a.enwrap.envelope"], 1);
    let long = "x".repeat(248);
    shell.ok(&["encrypt", "a", "-o", &long]);
    shell.ok(&["verify", &long]);
    // Refused where anybody could have left it, as an output is.
    fs::create_dir(shell.path("shared")).unwrap();
    Shell::chmod(&shell.path("shared"), 0o1777);
    shell.ok(&["encrypt", "a", "-o", "shared/m"]);
    shell.ok(&["key", "rotate", "main"]);
    if std::os::unix::fs::lchown(shell.path("a"), Some(0), None).is_ok() {
        std::os::unix::fs::symlink(shell.path("a"), shell.path("shared/m.envelope")).unwrap();
        std::os::unix::fs::lchown(shell.path("shared/m.envelope"), Some(65_534), None).unwrap();
        shell.fails(&["rewrap", "shared/m"], 2).says(&["another user"]);
        assert_eq!(shell.read("a"), b"text");
    }
}

#[test]
fn reencrypt_says_what_it_would_do_and_does_nothing() {
    let shell = Shell::new();
    shell.ok(&["keygen", "b"]);
    fs::create_dir(shell.path("tree")).unwrap();
    shell.write("tree/a", "text");
    shell.write("tree/other", "no message");
    shell.ok(&["encrypt", "-k", "main", "-k", "b", "tree/a"]);
    let before = shell.snapshot();
    let told = shell.run(&["reencrypt", "-r", "--dry-run", "tree"]).success();
    assert_eq!(told.text(), "would encrypt tree/a.enwrap again under default, b");
    told.says(&["1 would be reencrypted; 2 not messages"]);
    let told = shell.run(&["reencrypt", "--dry-run", "-k", "b", "tree/a.enwrap"]).success();
    assert_eq!(told.text(), "would encrypt tree/a.enwrap again under b");
    let json = shell.run(&["--json", "reencrypt", "--dry-run", "tree/a.enwrap"]).success().json();
    assert_eq!((&json[0]["path"], &json[0]["message_id"]), (&"tree/a.enwrap".into(), &Value::Null));
    assert!(json[0]["old_message_id"].is_string());
    // What a run would refuse is refused.
    shell.fails(&["reencrypt", "--dry-run", "tree/other"], 11);
    shell.fails(&["reencrypt", "--dry-run", "-"], 2).says(&["standard input"]);
    shell.fails(&["reencrypt", "--dry-run", "-c", "of=x", "tree/a.enwrap"], 6);
    // Nobody has to think of a new passphrase for a run that does nothing.
    let told = shell.run(&["reencrypt", "--dry-run", "-p", "tree/a.enwrap"]).success();
    assert_eq!(told.text(), "would encrypt tree/a.enwrap again under a new passphrase");
    assert_eq!(shell.snapshot(), before);
}

#[test]
fn reencrypt_and_rewrap_refuse_before_the_first_file() {
    let shell = tree();
    shell.ok(&["keygen", "off"]);
    shell.ok(&["key", "disable", "off"]);
    for verb in ["rewrap", "reencrypt"] {
        shell.fails(&[verb, "-r", "tree", "-k", "off"], 7).says(&["is disabled"]);
        shell.fails(&[verb, "-", "-"], 2);
    }
    shell.fails(&["--json", "reencrypt", "tree/a.enwrap", "-o", "-"], 2);
    let run = shell.pipe(&["--json", "reencrypt", "-"], &shell.read("tree/a.enwrap")).failure(2);
    assert!(run.text().lines().count() == 1, "{run:?}");
    // A key of the message that is off is named once, with all that is to be said.
    shell.ok(&["encrypt", "tree/plain", "-k", "main", "-o", "two"]);
    shell.ok(&["key", "disable", "main"]);
    shell.fails_harmlessly(&["reencrypt", "two"], 7).says(&["error: two: key '", "is disabled"]);
}

#[test]
fn a_lock_that_is_held_loses_no_record() {
    let shell = tree();
    shell.ok(&["key", "rotate", "main"]);
    shell.write("e.lock", "4242\n");
    let mut holder = shell.command("flock", &["e.lock", "-c", "echo held; cat"]);
    let mut holder = holder
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut held = [0; 5];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut held).unwrap();
    let rewrap = ["--lock-timeout", "0", "rewrap", "-r", "tree", "--envelope", "e"];
    let run = shell.fails(&rewrap, 1);
    run.says(&["locked by process 4242", "--lock-timeout"]);
    assert!(!shell.path("e").exists());
    drop(holder.stdin.take());
    holder.wait().unwrap();
    shell.run(&rewrap).success().says(&["3 rewrapped"]);
}

#[test]
fn a_message_that_was_replaced_meanwhile_gets_no_record_and_no_success() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    shell.ok(&["encrypt", "a", "-o", "other"]);
    shell.ok(&["key", "rotate", "main"]);
    shell.write("a.enwrap.envelope.lock", "4242\n");
    let mut holder = shell.command("flock", &["a.enwrap.envelope.lock", "-c", "echo held; cat"]);
    let mut holder = holder
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut held = [0; 5];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut held).unwrap();
    let mut rewrap = shell.command(ENWRAP, &["--lock-timeout", "60", "rewrap", "a.enwrap"]);
    let rewrap = rewrap.stderr(std::process::Stdio::piped()).spawn().unwrap();
    // It has read the message when it waits for the lock; only root can see that of a process that is not dumpable.
    let descriptors = format!("/proc/{}/fd", rewrap.id());
    let waits = || {
        let mut open = fs::read_dir(&descriptors).ok()?.filter_map(Result::ok);
        let is_lock = |path: std::path::PathBuf| path.ends_with("a.enwrap.envelope.lock");
        Some(open.any(|it| fs::read_link(it.path()).is_ok_and(is_lock)))
    };
    while waits() == Some(false) {
        std::thread::yield_now();
    }
    let can_see = waits().is_some();
    shell.sh("mv other a.enwrap").success();
    drop(holder.stdin.take());
    holder.wait().unwrap();
    let run = rewrap.wait_with_output().unwrap();
    if can_see {
        assert_eq!(run.status.code(), Some(1), "{run:?}");
        let stderr = String::from_utf8(run.stderr).unwrap();
        assert!(stderr.contains("it changed meanwhile"), "{stderr}");
        assert!(!shell.path("a.enwrap.envelope").exists());
    }
}

#[test]
fn what_stands_beside_a_message_goes_when_it_is_replaced_and_is_listed_before() {
    let shell = Shell::new();
    shell.ok(&["keygen", "b"]);
    shell.write("a", "text");
    shell.ok(&["encrypt", "a", "-c", "x=y=z"]);
    shell.ok(&["rewrap", "--add", "-k", "b", "a.enwrap"]);
    let text = shell.ok(&["inspect", "a.enwrap"]);
    assert!(text.contains("(b version 1), in a.enwrap.envelope"), "{text}");
    let json = shell.run(&["--json", "inspect", "a.enwrap"]).success().json();
    let listed = json[0]["envelope_keys"].as_array().unwrap();
    assert!(listed.iter().any(|key| key["aliases"] == serde_json::json!(["b"])));
    assert!(listed.iter().all(|key| key["envelope"] == "a.enwrap.envelope"));
    shell.ok(&["reencrypt", "a.enwrap"]);
    for gone in ["a.enwrap.envelope", "a.enwrap.envelope.lock"] {
        assert!(!shell.path(gone).exists(), "{gone}");
    }
    for key in ["main", "b"] {
        shell.ok(&["verify", "a.enwrap", "--only-key", key]);
    }
    shell.ok(&["encrypt", "a", "-c", "x=y", "-o", "other"]);
    let (first, second) = (shell.ok(&["inspect", "a.enwrap"]), shell.ok(&["inspect", "other"]));
    assert!(first.contains("x=y=z") && second.contains("x=y"));
    // A pair's key that has the sign itself is told apart.
    shell.write("pairs.json", r#"{"x=y": "z"}"#);
    shell.ok(&["encrypt", "a", "--context-file", "pairs.json", "-o", "third"]);
    assert!(shell.ok(&["inspect", "third"]).contains("context:    'x=y'=z"));
}

#[test]
fn a_key_of_a_record_that_is_here_and_does_not_unwrap_counts_like_the_headers() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a", "--bind", "bound=2"]);
    shell.ok(&["keygen", "b"]);
    shell.ok(&["rewrap", "-k", "b", "a.enwrap", "-c", "bound=2"]);
    shell.ok(&["-q", "key", "delete", "main"]);
    shell.let_the_days_pass();
    shell.ok(&["key", "purge", "--yes"]);
    shell.ok(&["verify", "a.enwrap", "-c", "bound=2"]);
    shell.fails(&["verify", "a.enwrap"], 4);
    shell.fails(&["verify", "a.enwrap", "-c", "bound=3"], 6);
    // Moved without its envelope file, it opens no more, and the hint says which file is missing.
    shell.sh("mv a.enwrap moved.enwrap").success();
    let run = shell.fails(&["verify", "moved.enwrap", "-c", "bound=2"], 3);
    run.says(&["its envelope file has to move with it", "moved.enwrap.envelope"]);
}

#[test]
fn a_huge_sparse_envelope_file_is_refused_before_it_is_read() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    shell.write("a.enwrap.envelope", "");
    let file = fs::File::options().write(true).open(shell.path("a.enwrap.envelope")).unwrap();
    file.set_len(50 << 30).unwrap();
    shell.run(&["verify", "a.enwrap"]).success().says(&["larger than 1073741824 bytes"]);
    shell.sh("mv a.enwrap.envelope e").success();
    shell.fails(&["verify", "a.enwrap", "--envelope", "e"], 1);
}

#[test]
fn a_record_with_a_truncated_key_is_passed_over() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    shell.ok(&["key", "rotate", "main"]);
    shell.ok(&["rewrap", "a.enwrap"]);
    let record = String::from_utf8(shell.read("a.enwrap.envelope")).unwrap();
    let mut cut: Value = serde_json::from_str(&record).unwrap();
    let standard = base64::engine::general_purpose::STANDARD;
    let key = standard.decode(cut["encrypted_data_keys"][0].as_str().unwrap()).unwrap();
    for len in [0, 1, key.len() / 2, key.len() - 1] {
        cut["encrypted_data_keys"][0] = standard.encode(&key[..len]).into();
        // The newest one is cut, and an older one is whole; and none is.
        shell.write("a.enwrap.envelope", format!("{record}{cut}\n"));
        shell.ok(&["key", "usage", "a.enwrap", "--fail-if-stale"]);
        shell.write("a.enwrap.envelope", format!("{cut}\n"));
        assert_eq!(shell.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
        shell.fails(&["key", "usage", "a.enwrap", "--fail-if-stale"], 14);
    }
}

#[test]
fn hostile_names_in_a_tree_reach_no_terminal() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let shell = Shell::new();
    fs::create_dir(shell.path("tree")).unwrap();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    for name in [&b"new\nline"[..], b"\x1b[2Jescape", b"not \xff utf-8"] {
        let path = shell.path("tree").join(OsStr::from_bytes(name));
        fs::copy(shell.path("a.enwrap"), path).unwrap();
    }
    shell.ok(&["key", "rotate", "main"]);
    for args in [
        &["-v", "rewrap", "-r", "tree"][..],
        &["key", "usage", "-r", "tree"],
        &["-v", "reencrypt", "-r", "tree"],
    ] {
        let run = shell.run(args).success();
        let said = format!("{}{}", run.text(), run.stderr);
        assert!(!said.contains('\x1b') && !said.contains("new\nline"), "{said:?}");
    }
    let lines = shell.run(&["--json", "key", "usage", "-r", "tree"]).success().json();
    assert!(lines.iter().any(|line| line["path_bytes"].is_string()));
}
