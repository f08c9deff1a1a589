//! One fault a file: what a reader must refuse, and with which code, on every way in.

use std::fs;
use std::path::Path;

use crate::shell::Shell;

struct Vector {
    name: String,
    code: i32,
    flags: Vec<String>,
    message: Vec<u8>,
}

fn vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/negative");
    let mut vectors: Vec<Vector> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let member = |name: &str| {
                text.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
            };
            Vector {
                name: path.file_stem().unwrap().to_string_lossy().into_owned(),
                code: member("expect:").parse().unwrap(),
                flags: member("flags:").split_whitespace().map(str::to_owned).collect(),
                message: hex::decode(member("message:")).unwrap(),
            }
        })
        .collect();
    vectors.sort_by(|a, b| a.name.cmp(&b.name));
    vectors
}

/// A keyring with the wrapping key of the known answers.
fn shell() -> Shell {
    let shell = Shell::bare();
    shell.write("key", (0..32).map(|byte| format!("{byte:02x}")).collect::<String>());
    let from = ["--namespace", "my-ns", "--name", "key-1", "--material-file", "key"];
    shell.ok(&[&["key", "import"], &from[..]].concat());
    shell
}

#[test]
fn each_fault_has_its_code_on_every_way_in() {
    let vectors = vectors();
    assert!(vectors.len() > 45, "{} vectors", vectors.len());
    let shell = shell();
    shell.write("out", "the old output");
    for Vector { name, code, flags, message } in &vectors {
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        shell.write("message", message);
        let file = [&["decrypt", "message", "-f", "-o", "out"], &flags[..]].concat();
        let run = shell.run(&file);
        assert_eq!(run.code, Some(*code), "{name}: {run:?}");
        assert_eq!(shell.read("out"), b"the old output", "{name}");
        let run = shell.pipe(&[&["decrypt", "--verify-first"], &flags[..]].concat(), message);
        assert_eq!((run.code, run.stdout.len()), (Some(*code), 0), "{name}: {run:?}");
        let run = shell.pipe(&[&["decrypt"], &flags[..]].concat(), message);
        assert_eq!(run.code, Some(*code), "{name}: {run:?}");
        // The one frame before the fault, in those that have one.
        assert!(b"abcdefgh".starts_with(&run.stdout[..]), "{name} released something else");
        let run = shell.run(&[&["decrypt", "message", "-o", "-"], &flags[..]].concat());
        assert_eq!(run.code, Some(*code), "{name}: {run:?}");
        if name.starts_with("footer") {
            assert!(run.stdout.is_empty(), "{name} released what its signature does not cover");
        }
        if !flags.contains(&"--unsigned-only") {
            let run = shell.run(&[&["verify", "message"], &flags[..]].concat());
            assert_eq!(run.code, Some(*code), "{name}: {run:?}");
        }
    }
}
