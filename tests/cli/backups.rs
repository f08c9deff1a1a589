//! What a backup of a tree keeps beside its files: links, folders with nothing in them, owners; and how it is told what
//! to take: lists, and one file system.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, chown, lchown, symlink};
use std::path::Path;

use serde_json::json;

use crate::shell::{ENWRAP, Shell};

const NOBODY: u32 = 65_534;

/// What `find` says of a folder: of each name the kind, and of a link its target.
fn listing(shell: &Shell, folder: &str) -> Vec<String> {
    let args = [folder, "-mindepth", "1", "-printf", "%y %P %l\n"];
    let found = shell.command("find", &args).output().unwrap();
    let mut lines: Vec<String> =
        String::from_utf8(found.stdout).unwrap().lines().map(|it| it.trim().to_owned()).collect();
    lines.sort();
    lines
}

/// A folder `src` with files, links of every kind, and folders with nothing in them.
fn source() -> Shell {
    let shell = Shell::new();
    for folder in ["src/a/empty/inner", "src/b", "src/cache/x"] {
        fs::create_dir_all(shell.path(folder)).unwrap();
    }
    shell.write("src/a/one", "1");
    shell.write("src/b/two", "2");
    for (text, link) in
        [("../b/two", "a/link"), ("nowhere", "dangling"), ("/etc", "out"), (".", "a/self")]
    {
        symlink(text, shell.path("src").join(link)).unwrap();
    }
    shell
}

#[test]
fn a_tree_comes_back_with_its_links_and_its_empty_folders() {
    let shell = source();
    let run = shell.run(&["--json", "encrypt", "-r", "--links", "src", "--output-dir", "enc"]);
    let summary = run.success().json().pop().unwrap();
    let expected = json!({"type": "summary", "files": 2, "failed": 0, "links": 4, "encrypted": 2, "skipped": {}});
    assert_eq!(summary, expected);
    shell.ok(&["decrypt", "-r", "--links", "enc/src", "--output-dir", "back"]);
    assert_eq!(listing(&shell, "back/src"), listing(&shell, "src"));
    // GNU diff is the judge of contents and links.
    let diff = shell.sh("diff -r --no-dereference src back/src");
    assert_eq!(diff.success().stdout, b"");
    let again = shell.run(&["decrypt", "-r", "--links", "enc/src", "--output-dir", "back"]);
    let again = again.failure(12).says(&["4 done before", "already exists"]);
    assert!(!again.stderr.contains(" link"), "{again:?}");
}

#[test]
fn folders_that_are_left_out_are_not_made() {
    let shell = source();
    let line = ["encrypt", "-r", "src", "--exclude", "cache", "--output-dir", "enc"];
    shell.run(&line).success().says(&["2 encrypted; 4 links or special files, 1 excluded"]);
    assert!(shell.path("enc/src/a/empty/inner").is_dir());
    assert!(!shell.path("enc/src/cache").exists());
    shell.ok(&["encrypt", "-r", "src", "--include", "one", "--output-dir", "some"]);
    assert_eq!(listing(&shell, "some"), ["d src", "d src/a", "f src/a/one.enwrap"]);
    fs::create_dir(shell.path("void")).unwrap();
    shell.run(&["encrypt", "-r", "void", "--output-dir", "enc"]).success().says(&["0 encrypted"]);
    assert!(shell.path("enc/void").is_dir());
}

#[test]
fn folders_have_the_mode_that_files_would_have() {
    let shell = source();
    Shell::chmod(&shell.path("src/a/empty"), 0o2775);
    Shell::chmod(&shell.path("src/b"), 0o500);
    let mode = |name: &str| shell.mode(name) & 0o7777;
    shell.sh("umask 022; enwrap encrypt -r src --output-dir enc").success();
    assert_eq!([mode("enc/src/a/empty"), mode("enc/src/b")], [0o755, 0o700]);
    Shell::chmod(&shell.path("enc/src/a/empty"), 0o775);
    shell.ok(&["decrypt", "-r", "enc/src", "--output-dir", "own"]);
    assert_eq!(mode("own/src/a/empty"), 0o700);
    shell.sh("umask 077; enwrap decrypt -r enc/src --output-dir all --preserve-mode").success();
    assert_eq!(mode("all/src/a/empty"), 0o775);
    Shell::chmod(&shell.path("src/b"), 0o700);
    // Without the sticky bit, others could remove what is not theirs.
    Shell::chmod(&shell.path("src/b"), 0o1777);
    shell.sh("umask 0; enwrap encrypt -r src --output-dir sticky").success();
    assert_eq!(mode("sticky/src/b"), 0o755);
}

#[test]
fn a_link_is_replaced_only_if_it_is_one_and_with_force() {
    let shell = source();
    let line = ["encrypt", "-r", "--links", "src", "--output-dir", "enc", "--skip-existing"];
    let forced = [&line[..], &["-f"]].concat();
    shell.ok(&line);
    let target = || fs::read_link(shell.path("enc/src/dangling")).unwrap();
    fs::remove_file(shell.path("src/dangling")).unwrap();
    symlink("elsewhere", shell.path("src/dangling")).unwrap();
    shell.fails(&line, 12).says(&["'enc/src/dangling' already exists", "exit code 8"]);
    assert_eq!(target(), Path::new("nowhere"));
    shell.ok(&forced);
    assert_eq!(target(), Path::new("elsewhere"));
    for is_folder in [true, false] {
        let other = shell.path("enc/src/dangling");
        drop(fs::remove_file(&other));
        if is_folder {
            fs::create_dir(&other).unwrap();
        } else {
            shell.write("enc/src/dangling", "");
        }
        shell.fails(&line, 12).says(&["exit code 8"]);
        shell.fails(&forced, 12).says(&["in the way of a link", "exit code 2"]);
        assert_eq!(fs::symlink_metadata(&other).unwrap().is_dir(), is_folder);
        drop(fs::remove_dir(&other));
    }
}

#[test]
fn nothing_is_written_through_a_link_that_a_tree_brought() {
    let shell = source();
    fs::create_dir(shell.path("outside")).unwrap();
    fs::create_dir(shell.path("evil")).unwrap();
    symlink(shell.path("outside"), shell.path("evil/a")).unwrap();
    symlink(shell.path("outside/file"), shell.path("evil/file")).unwrap();
    let line = ["decrypt", "-r", "--links", "evil", "--output-dir", "back"];
    shell.ok(&line);
    // The next backup has files where the last one had links.
    shell.ok(&["encrypt", "src/a/one", "-o", "message"]);
    for name in ["a", "file"] {
        fs::remove_file(shell.path("evil").join(name)).unwrap();
    }
    fs::create_dir(shell.path("evil/a")).unwrap();
    for name in ["evil/a/x.enwrap", "evil/file.enwrap"] {
        fs::copy(shell.path("message"), shell.path(name)).unwrap();
    }
    for force in [&[][..], &["-f"]] {
        let run = shell.fails(&[&line[..], force].concat(), 12);
        run.says(&["'back/evil/a' is a link, and may lead elsewhere"]);
        assert_eq!(fs::read_dir(shell.path("outside")).unwrap().count(), 0);
        assert!(shell.path("back/evil/file").is_symlink());
    }
    // A link and a message of one name in one folder.
    fs::remove_dir_all(shell.path("evil/a")).unwrap();
    symlink(shell.path("outside/file"), shell.path("evil/file")).unwrap();
    shell.fails(&["decrypt", "-r", "--links", "-f", "evil", "--output-dir", "both"], 12);
    assert_eq!(fs::read_dir(shell.path("outside")).unwrap().count(), 0);
}

#[test]
fn a_link_never_takes_a_name_of_the_keyring() {
    let mut shell = source();
    let folder = shell.path("out/src");
    fs::create_dir_all(&folder).unwrap();
    Shell::chmod(&folder, 0o700);
    fs::copy(shell.keyring(), folder.join("keyring.json")).unwrap();
    Shell::chmod(&folder.join("keyring.json"), 0o600);
    shell.set("ENWRAP_KEYRING", folder.join("keyring.json").to_str().unwrap());
    for name in ["keyring.json", "keyring.json.7"] {
        symlink("x", shell.path("src").join(name)).unwrap();
    }
    let run = shell.fails(&["encrypt", "-r", "--links", "-f", "src", "--output-dir", "out"], 12);
    run.says(&["keyring.json' belongs to the keyring", "keyring.json.7' belongs to the keyring"]);
    assert!(folder.join("keyring.json").is_file());
    assert!(!folder.join("keyring.json.7").is_symlink());
}

#[test]
fn options_of_trees_are_refused_where_there_is_no_tree() {
    let shell = source();
    let refused: [(&[&str], &str); 12] = [
        (&["decrypt", "--files-from", "x", "--offset", "1"], "one message at a time"),
        (&["encrypt", "src/a/one", "--links", "--output-dir", "o"], "--links is for folders"),
        (&["encrypt", "-r", "src", "--links"], "--output-dir"),
        (&["encrypt", "src/a/one", "--one-file-system"], "--recursive"),
        (&["encrypt", "src/a/one", "-0"], "--files-from"),
        (&["encrypt", "--files-from", "src"], "is a folder, and no list"),
        (&["encrypt", "--files-from", "-", "-"], "can be read only once"),
        (&["encrypt", "--files-from", "src/a/one", "-"], "not standard input"),
        (&["encrypt", "--files-from", "src/a/one", "-o", "x"], "--files-from has many"),
        (&["encrypt", "--files-from", "src/a/one", "src/a"], "is a folder"),
        (&["reencrypt", "--files-from", "src/a/one", "-o", "x"], "cannot be used with"),
        (&["decrypt", "--files-from", "x", "--salvage", "-o", "x"], "cannot be used with"),
    ];
    for (line, word) in refused {
        shell.fails_harmlessly(line, 2).says(&[word]);
    }
    shell.fails_harmlessly(&["encrypt", "--files-from", "missing"], 1).says(&["'missing'"]);
}

#[test]
fn a_list_names_files_as_they_stand() {
    let shell = Shell::new();
    fs::create_dir_all(shell.path("d/e")).unwrap();
    let odd = ["-", "-r", " x", "back\\slash", "d/tab\t", "d/e/ä", "*"];
    for name in odd {
        shell.write(name, name);
    }
    let list = odd.join("\n");
    let line = ["encrypt", "--files-from", "-", "--output-dir", "out"];
    shell.pipe(&line, list.as_bytes()).success().says(&["7 encrypted"]);
    let expected: Vec<String> = odd.iter().map(|name| format!("out/{name}.enwrap")).collect();
    for path in &expected {
        let opened = shell.run(&["decrypt", "-o", "-", path]).success();
        assert_eq!(opened.text(), path["out/".len()..path.len() - ".enwrap".len()], "{path}");
    }
    // What find prints, zero bytes and all, through every verb.
    shell.write("out/new\nline", "n");
    shell.ok(&["encrypt", "out/new\nline", "--remove-source"]);
    let find = "find out -type f -print0 | enwrap";
    shell.sh(&format!("{find} verify -0 --files-from -")).success().says(&["8 verified"]);
    let rewrap = format!("{find} rewrap -0 --files-from - --envelope all.envelope");
    shell.sh(&rewrap).success().says(&["0 rewrapped, 8 already so"]);
    shell.sh(&format!("{find} reencrypt -0 --files-from -")).success().says(&["8 reencrypted"]);
    let decrypt = format!(
        "cd out && {} decrypt -0 --files-from - --output-dir ../back",
        &find.replace("out", ".")
    );
    shell.sh(&decrypt).success().says(&["8 decrypted"]);
    assert_eq!(shell.read("back/d/e/ä"), "d/e/ä".as_bytes());
    assert_eq!(shell.read("back/new\nline"), b"n");
}

#[test]
fn a_name_that_is_wrong_is_an_error_of_that_name_alone() {
    let shell = source();
    let long = "n".repeat(1 << 20);
    let list =
        format!("src/a/one\nmissing\nsrc/b\n{long}\n\nz\0z\nsrc/a/link\nsrc/a/one/x\nsrc/b/two");
    let run =
        shell.pipe(&["--json", "encrypt", "-j1", "--files-from", "-"], list.as_bytes()).failure(12);
    let summary = run.json().into_iter().find(|line| line["type"] == "summary").unwrap();
    assert_eq!([&summary["encrypted"], &summary["failed"]], [2, 5]);
    assert_eq!(summary["skipped"], json!({"special": 1}));
    let codes: Vec<_> =
        summary["failures"].as_array().unwrap().iter().map(|it| it["exit_code"].as_i64()).collect();
    assert_eq!(codes, [1, 2, 2, 2, 1].map(Some));
    let said = run.text();
    let words =
        ["list only files, as 'find -type f' does", "line 4 of standard input is longer", "-0"];
    assert!(words.iter().all(|word| said.contains(word)), "{said}");
    assert!(said.len() < 8000, "a long name is not repeated: {}", said.len());
    shell
        .pipe(&["verify", "--files-from", "-"], b"missing")
        .failure(12)
        .says(&["error: missing: cannot open it", "No such file"]);
    let zero = shell.pipe(&["encrypt", "-0", "--files-from", "-"], b"\0src/a/one\0");
    zero.failure(12).says(&["name 1 of standard input is empty"]);
    // In JSON, each failure has the name that it is about, also of one that was never opened.
    let run = shell
        .pipe(&["--json", "encrypt", "-j1", "--files-from", "-"], b"missing\nsrc/b")
        .failure(12);
    let summary = run.json().into_iter().find(|line| line["type"] == "summary").unwrap();
    let paths = [0, 1].map(|index| summary["failures"][index]["path"].clone());
    assert_eq!(paths, [json!("missing"), json!("src/b")]);
}

#[test]
fn a_name_that_is_cut_is_not_taken_for_the_one_that_is_left() {
    let shell = source();
    // As of a 'find -print0' that was killed: 'src/a', of 'src/a/one', is a folder with more in it.
    for verb in ["encrypt", "verify"] {
        let run = shell.pipe(&[verb, "-r", "-0", "--files-from", "-"], b"src/b/two\0src/a");
        run.failure(12).says(&["name 2 of standard input has no zero byte at its end"]);
        assert!(!shell.path("src/a/one.enwrap").exists());
    }
    assert!(shell.path("src/b/two.enwrap").exists());
}

#[test]
fn two_files_whose_results_have_one_place_are_never_both_removed() {
    let shell = source();
    fs::create_dir_all(shell.path("x/b")).unwrap();
    fs::create_dir(shell.path("b")).unwrap();
    let line = ["encrypt", "-r", "-f", "--remove-source", "--links", "--output-dir", "out"];
    // Beside each other, neither of them finds the result of the other.
    for _ in 0..5 {
        for name in ["x/b/two", "b/two"] {
            drop(fs::remove_file(shell.path(name)));
            shell.write(name, name);
            drop(fs::remove_file(shell.path(name).with_file_name("link")));
            symlink(name, shell.path(name).with_file_name("link")).unwrap();
        }
        let line = [&line[..], &["-j4", "--files-from", "-", "x/b"]].concat();
        let run = shell.pipe(&line, b"b/two\nb/link").failure(12);
        run.says(&["output 'out/b/two.enwrap'", "output 'out/b/link'"]);
        let left = ["x/b/two", "b/two"].map(|name| shell.path(name).exists());
        assert_ne!(left[0], left[1]);
        let kept = shell.run(&["decrypt", "-o", "-", "out/b/two.enwrap"]).success();
        assert_eq!(kept.text(), if left[0] { "b/two" } else { "x/b/two" });
    }
    // Nor does one take the place of another that was passed over.
    shell.write("x/b/more", "x");
    shell.ok(&["encrypt", "-r", "--output-dir", "other", "x/b"]);
    shell.write("b/more", "other");
    for how in ["--skip-existing", "--if-changed"] {
        let line =
            ["encrypt", "-r", "-f", "-j1", how, "--output-dir", "other", "--files-from", "-"];
        let run = shell.pipe(&[&line[..], &["x/b"]].concat(), b"b/more").failure(12);
        run.says(&["two results have the same output 'other/b/more.enwrap'"]);
        assert_eq!(shell.run(&["decrypt", "-o", "-", "other/b/more.enwrap"]).text(), "x");
    }
}

#[test]
fn an_empty_list_is_told() {
    let shell = source();
    shell.write("list", "\n\n");
    for (verb, more) in [
        ("encrypt", &[][..]),
        ("decrypt", &[]),
        ("verify", &[]),
        ("rewrap", &[]),
        ("reencrypt", &[]),
    ] {
        let line = [&[verb, "--files-from", "list"], more].concat();
        shell.run(&line).success().says(&["warning: 'list' names nothing"]);
    }
}

#[test]
fn the_place_of_a_listed_name_is_never_outside_of_the_output_folder() {
    let shell = source();
    let absolute = shell.path("src/a/one");
    let list = format!(
        "{}\n../{}/src/b/two\n",
        absolute.display(),
        shell.path("").file_name().unwrap().display()
    );
    let run = shell.pipe(&["encrypt", "--files-from", "-", "--output-dir", "out"], list.as_bytes());
    run.failure(12).says(&["has '..' in it, and would lead out", "1 encrypted"]);
    let below = absolute.strip_prefix("/").unwrap().display().to_string();
    assert!(shell.path(&format!("out/{below}.enwrap")).is_file());
    // With -r, a list may name the folder that the output folder is in.
    let run = shell.pipe(&["encrypt", "-r", "--files-from", "-", "--output-dir", "out"], b".\n");
    run.success().says(&["2 encrypted", "made or used by this run"]);
    assert!(shell.path("out/src/a/empty/inner").is_dir() && !shell.path("out/out").exists());
}

#[test]
fn a_list_is_worked_on_while_it_is_written() {
    let shell = source();
    let mut child = shell.start(&["--json", "encrypt", "-j1", "--files-from", "-"]);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"src/a/one\n").unwrap();
    // The line says that the first file is done, before the list is at its end.
    let mut byte = [0];
    child.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
    assert!(shell.path("src/a/one.enwrap").is_file());
    stdin.write_all(b"src/b/two").unwrap();
    drop(stdin);
    assert!(child.wait_with_output().unwrap().status.success());
    assert!(shell.path("src/b/two.enwrap").is_file());
}

#[test]
fn a_name_that_is_listed_twice_makes_one_result() {
    let shell = source();
    let list = b"src/a/one\nsrc/a/one\n";
    let run = shell.pipe(&["encrypt", "-j1", "--files-from", "-", "--output-dir", "o"], list);
    run.failure(12).says(&["1 encrypted", "'o/src/a/one.enwrap' already exists"]);
    let run = shell.pipe(&["encrypt", "-j1", "-f", "--files-from", "-", "--output-dir", "o"], list);
    run.failure(12).says(&["two results have the same output"]);
    let run = shell.pipe(&["encrypt", "-j1", "--remove-source", "--files-from", "-"], list);
    run.failure(12).says(&["1 encrypted"]);
    shell.ok(&["verify", "src/a/one.enwrap"]);
}

#[test]
fn what_a_run_needs_is_not_taken_from_a_list() {
    let shell = source();
    let keyring = shell.keyring().display().to_string();
    let run = shell.pipe(&["encrypt", "--remove-source", "--files-from", "-"], keyring.as_bytes());
    run.success().says(&["0 encrypted; 1 made or used by this run"]);
    assert!(shell.keyring().is_file());
    // The list itself is an input, and never an output.
    shell.write("src/a/list.enwrap", "src/a/list\n");
    shell.write("src/a/list", "text");
    let line = ["encrypt", "-f", "--files-from", "src/a/list.enwrap"];
    shell.fails(&line, 12);
    assert_eq!(shell.read("src/a/list.enwrap"), b"src/a/list\n");
}

#[test]
fn folders_on_another_file_system_are_not_entered() {
    let shell = source();
    fs::create_dir(shell.path("src/mnt")).unwrap();
    // In the namespace, the folders above the keyring may belong to users that it does not know.
    let line = format!(
        "export ENWRAP_KEYRING_DATA=\"$(cat ~/.config/enwrap/keyring.json)\" && \
         mount -t tmpfs none src/mnt && echo 3 > src/mnt/three && \
         for more in '' --one-file-system; do '{ENWRAP}' encrypt -r $more src --output-dir out$more || exit; done"
    );
    let command = ["--mount", "--map-root-user", "sh", "-c", &line];
    let run: crate::shell::Run = shell.command("unshare", &command).output().unwrap().into();
    if run.code != Some(0) && run.stderr.contains("unshare") || run.stderr.contains("mount:") {
        return; // No mounts in this sandbox: the unit test of the walk has a device of its own.
    }
    let run = run.success();
    assert!(run.stderr.contains("2 encrypted; 4 links or special files, 1 on other file systems"));
    assert!(shell.path("out/src/mnt/three.enwrap").is_file());
    assert!(shell.path("out--one-file-system/src/mnt").is_dir());
    assert!(!shell.path("out--one-file-system/src/mnt/three.enwrap").exists());
}

#[test]
fn root_gives_folders_and_links_to_their_owners() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let shell = source();
    for name in ["src/a/empty", "src/b", "src/b/two"] {
        chown(shell.path(name), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    lchown(shell.path("src/a/link"), Some(NOBODY), Some(NOBODY)).unwrap();
    let options = ["-r", "--links", "--preserve-owner", "--output-dir"];
    shell.ok(&[&["encrypt"], &options[..], &["enc", "src"]].concat());
    shell.ok(&[&["decrypt"], &options[..], &["back", "enc/src"]].concat());
    shell.ok(&["decrypt", "-r", "--links", "--output-dir", "mine", "enc/src"]);
    let owner = |name: &str| fs::symlink_metadata(shell.path(name)).unwrap().uid();
    for (name, expected) in [
        ("a/empty", NOBODY),
        ("a/link", NOBODY),
        ("b", NOBODY),
        ("b/two", NOBODY),
        ("a", 0),
        ("a/one", 0),
    ] {
        assert_eq!(owner(&format!("back/src/{name}")), expected, "{name}");
        assert_eq!(owner(&format!("mine/src/{name}")), 0, "{name}");
    }
    // Whose a folder is that was here before, is not for a backup to say. An empty one may be of a run that was killed.
    for folder in ["kept/src/b", "kept/src/a/empty"] {
        fs::create_dir_all(shell.path(folder)).unwrap();
    }
    shell.write("kept/src/b/other", "");
    shell.ok(&[&["decrypt"], &options[..], &["kept", "enc/src"]].concat());
    assert_eq!([owner("kept/src/b"), owner("kept/src/a/empty")], [0, NOBODY]);
}

#[test]
fn nobody_else_can_give_files_away() {
    let shell = Shell::new();
    let line = ["encrypt", "--preserve-owner", "/etc/passwd", "-o", "x"];
    shell
        .run_unprivileged(&line)
        .failure(1)
        .says(&["cannot give 'x' to the owner of its input", "only root can give files to others"]);
    assert!(!shell.path("x").exists());
}

#[test]
fn a_dry_run_says_what_would_be_encrypted_and_makes_nothing() {
    let shell = source();
    let before = shell.snapshot();
    let dry = ["encrypt", "-r", "--links", "src", "--output-dir", "new/enc", "--dry-run"];
    let run = shell.run(&dry).success();
    let mut told: Vec<String> = run.text().lines().map(str::to_owned).collect();
    told.sort();
    run.says(&["2 would be encrypted, 4 links"]);
    assert_eq!(shell.snapshot(), before);
    shell.ok(&["encrypt", "-r", "--links", "src", "--output-dir", "new/enc"]);
    let made = shell.sh("find new -name '*.enwrap'").success().text();
    let mut made: Vec<&str> = made.lines().collect();
    made.sort_unstable();
    assert_eq!(told.len(), made.len());
    for (told, made) in told.iter().zip(made) {
        assert!(told.ends_with(&format!(" -> {made}")), "{told}");
    }
    // What a run would refuse is refused, and what it would pass over is counted.
    shell.run(&dry).failure(12).says(&["already exists", "0 would be encrypted"]);
    shell.run(&[&dry[..], &["--skip-existing"]].concat()).success().says(&["2 done before"]);
    shell.write("one", "text");
    shell.ok(&["encrypt", "one"]);
    shell.fails(&["encrypt", "--dry-run", "one"], 8);
    shell.run(&["encrypt", "--dry-run", "-f", "one"]).success();
    for stdin in [&["encrypt", "--dry-run"][..], &["encrypt", "--dry-run", "-"]] {
        shell.fails(stdin, 2).says(&["standard input"]);
    }
}

#[test]
fn a_link_of_somebody_else_leads_no_listed_name_elsewhere() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let shell = source();
    // After 'find' has listed the file, who owns its folder puts a link in the place of that.
    symlink(shell.path("src/a"), shell.path("src/theirs")).unwrap();
    lchown(shell.path("src/theirs"), Some(NOBODY), Some(NOBODY)).unwrap();
    symlink(shell.path("src/a"), shell.path("src/ours")).unwrap();
    let list = b"src/theirs/one\nsrc/theirs/..\nsrc/ours/one\n";
    let line = ["encrypt", "-r", "--files-from", "-", "--output-dir", "out"];
    let run = shell.pipe(&line, list).failure(12);
    let foreign = "leads through 'theirs', a link of another user";
    run.says(&[
        &format!("'src/theirs/one' {foreign}"),
        &format!("'src/theirs/..' {foreign}"),
        "1 encrypted",
    ]);
    assert!(shell.path("out/src/ours/one.enwrap").is_file());
    let run = shell.pipe(&["encrypt", "--remove-source", "--files-from", "-"], list).failure(12);
    run.says(&[&format!("'src/theirs/one' {foreign}"), "1 encrypted"]);
}

#[test]
fn what_a_power_cut_left_of_a_file_that_was_given_away_is_made_again() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let shell = source();
    chown(shell.path("src/b/two"), Some(NOBODY), Some(NOBODY)).unwrap();
    let options = ["-r", "--preserve-owner", "--skip-existing", "--output-dir"];
    let encrypt = [&["encrypt"], &options[..], &["enc", "src"]].concat();
    let decrypt = [&["decrypt"], &options[..], &["back", "enc/src"]].concat();
    for (line, file) in [(encrypt, "enc/src/b/two.enwrap"), (decrypt, "back/src/b/two")] {
        shell.ok(&line);
        fs::File::options().write(true).truncate(true).open(shell.path(file)).unwrap();
        shell.ok(&line);
        let found = fs::metadata(shell.path(file)).unwrap();
        assert!(found.len() > 0 && found.uid() == NOBODY);
        // The file of anybody else is not ours to replace.
        fs::File::options().write(true).truncate(true).open(shell.path(file)).unwrap();
        chown(shell.path(file), Some(NOBODY - 1), None).unwrap();
        shell.fails(&line, 12).says(&["already exists"]);
        fs::remove_file(shell.path(file)).unwrap();
        shell.ok(&line);
    }
}

#[test]
fn a_listed_folder_in_the_output_folder_does_not_take_its_own_results() {
    let shell = source();
    for number in 0..500 {
        fs::create_dir_all(shell.path(&format!("out/out/{number}"))).unwrap();
    }
    let line = ["encrypt", "-r", "--files-from", "-", "--output-dir", "out"];
    // Whether the list shows what was made meanwhile is the file system's matter: a tmpfs shows nothing of it.
    shell.pipe(&line, b"out/out").success();
    assert!(shell.path("out/out/out/7").is_dir() && !shell.path("out/out/out/out").exists());
}
