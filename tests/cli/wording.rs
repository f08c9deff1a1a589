//! What is said: that it is JSON where that is asked for, nothing where nothing is, and in plain words where it is an error.

use std::collections::BTreeSet;
use std::fs;

use crate::shell::Shell;

/// Every verb with arguments that succeed, in an order in which each has what it needs, and whether it prints JSON.
const VERBS: [(&str, Json); 46] = [
    ("keygen more", Json::Records),
    ("encrypt a", Json::Records),
    ("encrypt a b c --output-dir many", Json::Records),
    ("encrypt -r tree", Json::Records),
    ("decrypt a.enwrap -o plain", Json::Records),
    ("decrypt -r tree --output-dir plains", Json::Records),
    ("verify a.enwrap", Json::Records),
    ("verify -r tree", Json::Records),
    ("inspect a.enwrap", Json::Records),
    ("edit a.enwrap --stdin", Json::Records),
    ("rewrap -k more a.enwrap", Json::Records),
    ("rewrap -k more -r tree", Json::Records),
    ("reencrypt a.enwrap", Json::Records),
    ("reencrypt -r tree", Json::Records),
    ("key list", Json::Records),
    ("key show more", Json::Records),
    ("key export main -o exported", Json::Records),
    ("key import --file theirs", Json::Records),
    ("key alias add extra more", Json::Records),
    ("key alias rename extra further", Json::Records),
    ("key alias move further main", Json::Records),
    ("key alias remove further", Json::Records),
    ("key rotate main", Json::Records),
    ("key disable more", Json::Records),
    ("key enable more", Json::Records),
    ("key delete main --old-versions", Json::Records),
    ("key undelete main", Json::Records),
    ("key enable main", Json::Records),
    ("key purge --yes", Json::Records),
    ("key usage -r tree", Json::Records),
    ("keyring path", Json::Records),
    ("keyring backup copy", Json::Records),
    ("keyring check", Json::Records),
    ("keyring history", Json::Records),
    ("keyring restore copy", Json::Records),
    ("datakey -k more", Json::OfAws),
    ("datakey decrypt --blob-file blob", Json::OfAws),
    ("datakey rewrap --blob-file blob -k more", Json::OfAws),
    ("exec -e env -- true", Json::OfErrors),
    ("git check", Json::Records),
    ("git setup x", Json::None),
    ("git textconv a.enwrap", Json::None),
    ("git merge a.enwrap b.enwrap b.enwrap", Json::None),
    ("completions bash", Json::None),
    ("man pages", Json::None),
    ("keyring passphrase --new-passphrase-file word", Json::Records),
];

#[derive(Clone, Copy, PartialEq)]
enum Json {
    /// Lines, each with a `type`.
    Records,
    /// What the AWS CLI prints.
    OfAws,
    /// Standard output belongs to a command, and there are records of errors only.
    OfErrors,
    /// Nothing: it is refused.
    None,
}

/// A place in which all of [`VERBS`] work, one after another.
fn place() -> Shell {
    let (mut shell, theirs) = (Shell::new(), Shell::new());
    shell.set_for_git();
    shell.sh("git init -q . && mkdir tree many plains pages").success();
    for name in ["a", "b", "c", "tree/a", "tree/b"] {
        shell.write(name, "text");
    }
    shell.write("word", "a passphrase");
    shell.write("secrets", "A_NAME=a value\n");
    shell.ok(&["-q", "encrypt", "secrets", "-o", "env"]);
    shell.ok(&["-q", "encrypt", "b"]);
    shell.ok(&["-q", "keygen", "first"]);
    shell.sh("enwrap datakey --without-plaintext --format raw > blob").success();
    theirs.ok(&["-q", "key", "export", "main", "-o", "exported"]);
    shell.write("theirs", theirs.read("exported"));
    shell
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

#[test]
fn every_verb_prints_json_or_refuses_it() {
    let shell = place();
    for (line, json) in VERBS {
        let run = shell.pipe(&[&["--json"], &words(line)[..]].concat(), b"other text");
        if json == Json::None {
            assert!(
                run.code != Some(0) && run.text().contains("prints no JSON"),
                "{line}: {run:?}"
            );
            assert!(run.text().contains("leave out --json"), "{line}: {run:?}");
            continue;
        }
        assert_eq!(run.code, Some(0), "{line}: {run:?}");
        let stdout = str::from_utf8(&run.stdout).unwrap();
        match json {
            Json::Records => {
                for record in run.json() {
                    let kind = record["type"].as_str();
                    assert!(matches!(kind, Some("result" | "summary")), "{line}: {record}");
                }
            }
            Json::OfAws => {
                let answer: serde_json::Value = serde_json::from_str(stdout).unwrap();
                assert!(answer["KeyId"].is_string(), "{line}: {answer}");
            }
            Json::OfErrors | Json::None => assert_eq!(stdout, "", "{line}"),
        }
    }
    let run = shell.pipe(&["--json", "exec", "-e", "missing", "--", "true"], b"").failure(125);
    assert_eq!(run.json()[0]["type"], "error");
}

#[test]
fn quiet_leaves_nothing_on_standard_error() {
    let shell = place();
    for (line, _) in VERBS {
        let run = shell.pipe(&[&["-q"], &words(line)[..]].concat(), b"other text");
        assert!(run.code == Some(0) && run.stderr.is_empty(), "{line}: {run:?}");
    }
}

/// Every verb has a manual page, and every page is of a verb in the list.
#[test]
fn the_list_of_verbs_is_whole() {
    let shell = Shell::bare();
    fs::create_dir(shell.path("pages")).unwrap();
    shell.ok(&["man", "pages"]);
    let pages = fs::read_dir(shell.path("pages")).unwrap();
    let pages = pages.map(|page| page.unwrap().file_name().into_string().unwrap());
    let of_verbs: BTreeSet<String> = pages
        .filter_map(|page| {
            Some(page.strip_prefix("enwrap-")?.strip_suffix(".1")?.replace('-', " "))
        })
        .collect();
    assert!(of_verbs.len() > 40);
    for verb in of_verbs {
        let is_it = |line: &str| line == verb || line.starts_with(&format!("{verb} "));
        assert!(VERBS.iter().any(|(line, _)| is_it(line)), "{verb}");
    }
}

#[test]
fn a_full_standard_output_and_no_threads_are_told_in_plain_words() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    for line in [
        "key list",
        "inspect a.enwrap",
        "decrypt -o - a.enwrap",
        "keyring path",
        "encrypt -o - a",
        "verify a.enwrap",
        "completions bash",
        "keygen x",
        "--json verify a.enwrap",
        "--help",
        "--version",
    ] {
        let run = shell.sh(&format!("enwrap {line} > /dev/full")).failure(1);
        run.says(&["standard output", "No space left"]);
    }
    for jobs in ["0", "-1", "x", "1.5"] {
        let args = ["encrypt", "a", "-f", &format!("-j{jobs}")];
        shell.fails(&args, 2).says(&["at least 1"]);
    }
}
