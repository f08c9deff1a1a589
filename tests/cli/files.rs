//! Files in, files out.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};

use crate::shell::{Shell, sample};

#[test]
fn a_file_of_any_length_comes_back_as_it_was() {
    let shell = Shell::new();
    for len in [0, 1, 65_535, 65_536, 65_537, 1_000_000] {
        let name = format!("file-{len}");
        shell.write(&name, sample(len));
        shell.ok(&["encrypt", &name]);
        fs::remove_file(shell.path(&name)).unwrap();
        shell.ok(&["decrypt", &format!("{name}.enwrap")]);
        assert_eq!(shell.read(&name), sample(len));
    }
}

#[test]
fn the_same_file_never_gives_the_same_message() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a", "-o", "1"]);
    shell.ok(&["encrypt", "a", "-o", "2"]);
    assert_ne!(shell.read("1"), shell.read("2"));
}

#[test]
fn several_files_go_beside_themselves_or_into_a_folder() {
    let shell = Shell::new();
    shell.write("a", "1");
    shell.write("b", "2");
    shell.ok(&["encrypt", "a", "b"]);
    // Made as a tree's is, but not for a run that is refused before its first file.
    let unknown = ["encrypt", "-k", "unknown", "a", "b", "--output-dir", "new/out"];
    shell.fails_harmlessly(&unknown, 3);
    shell.ok(&["decrypt", "a.enwrap", "b.enwrap", "--output-dir", "new/out"]);
    assert_eq!((shell.read("new/out/a"), shell.read("new/out/b")), (b"1".to_vec(), b"2".to_vec()));
    let run = shell.fails_harmlessly(&["encrypt", "a", "--output-dir", "b"], 2);
    run.says(&["'b' is no folder", "hint: choose another --output-dir"]);
    shell.fails_harmlessly(&["encrypt", "a", "b", "-o", "c"], 2).says(&["-o", "--output-dir"]);
}

#[test]
fn of_several_files_the_good_ones_are_done_and_the_bad_ones_told() {
    let shell = Shell::new();
    shell.write("a", "1");
    shell.write("c", "3");
    let run = shell.fails(&["encrypt", "a", "missing", "c"], 12);
    run.says(&["missing: cannot open it", "1 of 3 files failed"]);
    assert_eq!(shell.names(), ["a", "a.enwrap", "c", "c.enwrap"]);
    let run = shell.fails(&["--json", "decrypt", "-f", "a.enwrap", "missing.enwrap"], 12);
    let kinds: Vec<_> = run.json().iter().map(|line| line["type"].clone()).collect();
    assert_eq!(kinds, ["result", "error", "summary", "error"]);
    assert_eq!(run.json()[1]["exit_code"], 1);
    assert_eq!(run.json()[1]["path"], "missing.enwrap");
    assert_eq!((&run.json()[2]["files"], &run.json()[2]["failed"]), (&2.into(), &1.into()));
}

#[test]
fn any_of_several_keys_opens_it() {
    let shell = Shell::new();
    shell.ok(&["keygen", "second"]);
    shell.ok(&["keygen", "third"]);
    shell.write("a", "text");
    shell.ok(&["encrypt", "a", "-k", "second", "-k", "alias/third", "-k", "second"]);
    for key in ["second", "third"] {
        assert_eq!(shell.ok(&["decrypt", "a.enwrap", "-o", "-", "--only-key", key]), "text");
    }
    shell
        .fails_harmlessly(&["decrypt", "a.enwrap", "-o", "b", "--only-key", "main"], 3)
        .says(&["enwrap: ", "--only-key"]);
}

#[test]
fn the_context_is_stored_compared_and_never_required() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.write("pairs.json", r#"{"db": "main"}"#);
    shell.ok(&["encrypt", "a", "-c", "purpose=a=b", "--context-file", "pairs.json"]);
    let open = |args: &[&str]| shell.run(&[&["decrypt", "a.enwrap", "-o", "-"], args].concat());
    for args in [
        &[][..],
        &["-c", "purpose=a=b"],
        &["-c", "db"],
        &["--context-file", "pairs.json", "-c", "purpose"],
    ] {
        assert_eq!(open(args).success().text(), "text");
    }
    for (args, word) in [
        (["-c", "purpose=other"], "'purpose'"),
        (["-c", "absent"], "'absent'"),
        (["-c", "absent=x"], "'absent'"),
    ] {
        let run = open(&args).failure(6).says(&[word]);
        assert!(!run.stderr.contains("a=b") && run.stdout.is_empty());
    }
}

#[test]
fn modes_and_times_follow_the_source() {
    let shell = Shell::new();
    let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_234_567_890);
    for (mode, encrypted, decrypted) in
        [(0o600, 0o600, 0o600), (0o755, 0o755, 0o700), (0o4666, 0o644, 0o600)]
    {
        shell.write("a", "text");
        Shell::chmod(&shell.path("a"), mode);
        fs::File::open(shell.path("a")).unwrap().set_modified(time).unwrap();
        shell.sh("umask 022; enwrap encrypt a -o b").success();
        shell.ok(&["decrypt", "b", "-o", "c"]);
        shell.ok(&["decrypt", "b", "-o", "d", "--preserve-mode"]);
        assert_eq!([shell.mode("b"), shell.mode("c")], [encrypted, decrypted]);
        assert_eq!(shell.mode("d"), encrypted);
        for name in ["b", "c"] {
            assert_eq!(fs::metadata(shell.path(name)).unwrap().modified().unwrap(), time);
            fs::remove_file(shell.path(name)).unwrap();
        }
        fs::remove_file(shell.path("d")).unwrap();
    }
}

#[test]
fn force_replaces_a_file_and_keeps_its_mode_and_its_links() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.write("real", "old");
    Shell::chmod(&shell.path("real"), 0o640);
    symlink("real", shell.path("link")).unwrap();
    shell.fails_harmlessly(&["encrypt", "a", "-o", "link"], 8).says(&["'link'", "-f"]);
    shell.ok(&["encrypt", "a", "-o", "link", "-f", "--sync"]);
    assert!(fs::symlink_metadata(shell.path("link")).unwrap().is_symlink());
    assert_eq!(shell.mode("real"), 0o640);
    assert_eq!(shell.ok(&["decrypt", "real", "-o", "-"]), "text");
}

#[test]
fn nothing_has_the_name_before_it_is_whole() {
    let shell = Shell::new();
    let mut child = shell.start(&["encrypt", "-o", "out"]);
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, &sample(300_000)).unwrap();
    assert!(!shell.path("out").exists());
    drop(stdin);
    assert!(child.wait().unwrap().success());
    assert!(shell.path("out").exists());
}

#[test]
fn a_fifo_and_a_device_are_written_directly() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.sh("mkfifo pipe; enwrap encrypt a -o pipe & enwrap decrypt pipe -o b && wait").success();
    assert_eq!(shell.read("b"), b"text");
    shell.ok(&["encrypt", "a", "-o", "/dev/null"]);
    let run = shell.sh("enwrap encrypt a -o /dev/stdout | enwrap decrypt -o /dev/stdout");
    assert_eq!(run.success().text(), "text");
    let line = "{ enwrap encrypt a -o /dev/fd/3 | cat; } 3>&1 | enwrap decrypt";
    assert_eq!(shell.sh(line).success().text(), "text");
    // A file behind a descriptor would be written from its beginning.
    shell.write("c", "the old text");
    shell.sh("enwrap encrypt a -o /dev/fd/3 3>>c").failure(2).says(&["'/dev/fd/3'", "-o"]);
    assert_eq!(shell.read("c"), b"the old text");
}

#[test]
fn files_under_proc_say_size_0_and_are_read_to_their_end() {
    let shell = Shell::new();
    if fs::metadata("/proc/version").is_err() {
        return;
    }
    shell.ok(&["encrypt", "/proc/version", "-o", "v"]);
    let version = fs::read_to_string("/proc/version").unwrap();
    assert_eq!(shell.ok(&["decrypt", "v", "-o", "-"]), version.trim_end());
}

#[test]
fn outputs_never_stand_in_each_others_place_or_in_an_inputs() {
    let shell = Shell::new();
    for folder in ["x", "y", "out"] {
        fs::create_dir(shell.path(folder)).unwrap();
    }
    shell.write("x/a", "1");
    shell.write("y/a", "2");
    let run = shell.fails_harmlessly(&["encrypt", "-f", "--output-dir", "out", "x/a", "y/a"], 2);
    run.says(&["same output", "out/a.enwrap"]);
    assert!(!shell.path("out/a.enwrap").exists());
    shell.ok(&["encrypt", "x/a"]);
    let before = shell.read("x/a.enwrap");
    shell.fails(&["encrypt", "-f", "x/a", "x/a.enwrap"], 2).says(&["'x/a.enwrap'", "both"]);
    fs::hard_link(shell.path("x/a.enwrap"), shell.path("twin")).unwrap();
    shell.fails(&["encrypt", "-f", "twin", "x/a"], 2).says(&["both an input and an output"]);
    assert_eq!(shell.read("x/a.enwrap"), before);
    shell.ok(&["encrypt", "x/a", "y/a", "-f"]);
}

#[test]
fn what_a_stranger_left_in_a_shared_folder_is_not_followed() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.write("victim", "the old text");
    fs::create_dir(shell.path("tmp")).unwrap();
    Shell::chmod(&shell.path("tmp"), 0o1777);
    symlink("../victim", shell.path("tmp/link")).unwrap();
    // Only root can make something that is another user's.
    let owner = std::os::unix::fs::lchown(shell.path("tmp/link"), Some(54_321), None);
    if owner.is_err() {
        return;
    }
    let run = shell.fails(&["encrypt", "a", "-f", "-o", "tmp/link"], 2);
    run.says(&["'tmp/link'", "another user"]);
    assert_eq!(shell.read("victim"), b"the old text");
}

#[test]
fn json_says_what_was_done() {
    let shell = Shell::new();
    shell.write("a", sample(70_000));
    let run = shell.run(&["--json", "encrypt", "a"]).success();
    let line = &run.json()[0];
    let size = fs::metadata(shell.path("a.enwrap")).unwrap().size();
    assert_eq!(line["type"], "result");
    assert_eq!((&line["path"], &line["output"]), (&"a".into(), &"a.enwrap".into()));
    assert_eq!(line["plaintext_bytes"], 70_000);
    assert_eq!(line["message_bytes"], size);
    let run = shell.run(&["--json", "decrypt", "a.enwrap", "-f"]).success();
    assert_eq!(run.json()[0]["message_id"], line["message_id"]);
    assert_eq!(run.json()[0]["opened_by"], line["keys"][0]);
    shell.fails(&["--json", "decrypt", "a.enwrap", "-o", "-"], 2);
    let run = shell.fails(&["--json", "encrypt", "a", "--no-such-flag"], 2);
    assert_eq!(run.json()[0]["kind"], "usage");
    let (message, hint) = (&run.json()[0]["message"], &run.json()[0]["hint"]);
    assert_eq!(message, "'enwrap encrypt' has no option '--no-such-flag'");
    assert!(hint.as_str().is_some_and(|hint| !hint.contains('\n')), "{hint}");
    for line in [&["completions", "bash"][..], &["man", "."], &["datakey", "--format", "hex"]] {
        let run = shell.run(&[&["--json"], line].concat()).failure(2);
        assert!(
            run.json()[0]["hint"].as_str().is_some_and(|hint| hint.contains("--json")),
            "{line:?}"
        );
    }
}

#[test]
fn a_file_whose_size_the_system_makes_up_is_read_to_its_end() {
    // Its size is a page, or 0, whatever is in it.
    for name in ["/sys/kernel/mm/transparent_hugepage/enabled", "/proc/version"] {
        let Ok(text) = fs::read(name) else { continue };
        let shell = Shell::new();
        shell.ok(&["encrypt", name, "-o", "message"]);
        let run = shell.run(&["decrypt", "message", "-o", "-"]).success();
        assert_eq!(run.stdout, text);
    }
}
