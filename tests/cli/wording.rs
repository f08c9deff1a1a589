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

/// What `sample` writes is told by its name, from a file and from a pipe, also to programs.
#[test]
fn files_of_other_formats_are_named() {
    let shell = Shell::new();
    shell.write("a", "text\n".repeat(100));
    shell.ok(&["encrypt", "a"]);
    shell.ok(&["rewrap", "-k", "main", "--envelope", "e", "a.enwrap"]);
    shell.ok(&["keygen", "more"]);
    shell.ok(&["rewrap", "--add", "-k", "more", "--envelope", "e", "a.enwrap"]);
    shell.ok(&["keyring", "backup", "copy"]);
    let named = |line: &str, is_there: bool, name: &str, hint: &str| {
        if !is_there {
            return;
        }
        shell.sh(line).success();
        for verb in ["decrypt x -o y", "verify x", "inspect x", "decrypt < x", "cat x | verify"] {
            let piped = verb.strip_prefix("cat x | ");
            let line = match piped {
                Some(verb) => format!("cat x | enwrap {verb}"),
                None => format!("enwrap {verb}"),
            };
            let run = shell.sh(&line).failure(11);
            run.says(&[&format!("it is {name}, not an AWS Encryption SDK message"), hint]);
        }
        let record = shell.fails(&["--json", "verify", "x"], 11).json().remove(0);
        assert_eq!(record["kind"], "not_a_message");
        assert!(record["message"].as_str().unwrap().contains(name), "{record}");
        assert!(record["hint"].as_str().unwrap().contains(hint), "{record}");
    };
    // Of our own.
    named("cp copy x", true, "a keyring of enwrap", "--keyring FILE");
    named("base64 copy > x", true, "a keyring of enwrap", "--keyring FILE");
    named("cp e x", true, "an envelope file", "--envelope FILE");
    let blob = ("a wrapped data key of 'enwrap datakey'", "enwrap datakey decrypt");
    let datakey = "enwrap datakey --without-plaintext";
    named(&format!("{datakey} > x"), true, blob.0, blob.1);
    named(&format!("{datakey} --format base64 > x"), true, blob.0, blob.1);
    named(&format!("{datakey} --format raw > x"), true, blob.0, blob.1);
    named("cp a x", true, "plain text", "enwrap encrypt FILE");
    // Base64 in groups, as some programs show it, is still a message.
    shell.ok(&["encrypt", "--armor", "a", "-o", "armored"]);
    shell.sh("sed 's/..../& /g' armored > groups").success();
    assert_eq!(shell.ok(&["decrypt", "groups", "-o", "-"]), shell.sh("cat a").success().text());
    // Of other programs, where they are.
    let has = |program: &str| shell.command(program, &["--version"]).output().is_ok();
    let openssl = "openssl enc -aes-256-cbc -pbkdf2 -k x -in a -out x";
    named(openssl, has("openssl"), "a file of 'openssl enc'", "openssl enc -d");
    named(&format!("{openssl} -a"), has("openssl"), "a file of 'openssl enc'", "openssl enc -d");
    let pem = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out x";
    named(pem, has("openssl"), "a PEM file", "enwrap key import");
    let gpg = "mkdir -m 700 -p g; gpg --homedir g --batch --yes --pinentry-mode loopback --passphrase x -o x";
    let name = "an OpenPGP file, as gpg writes it";
    named(&format!("{gpg} -c a"), has("gpg"), name, "gpg -d FILE");
    named(&format!("{gpg} -a -c a"), has("gpg"), name, "gpg -d FILE");
    named(
        "age-keygen -o i 2> r; age -r $(sed 's/.*: //' r) -o x a",
        has("age"),
        "an age file",
        "age -d",
    );
    named("age -a -r $(sed 's/.*: //' r) -o x a", has("age"), "an age file", "age -d");
    for (line, program, name) in [
        ("gzip -c a > x", "gzip", "a gzip file"),
        ("xz -c a > x", "xz", "an xz file"),
        ("zstd -qcf a > x", "zstd", "a zstd file"),
        ("bzip2 -c a > x", "bzip2", "a bzip2 file"),
        ("zip -q - a > x", "zip", "a ZIP archive"),
        ("tar cf x a", "tar", "a tar archive"),
    ] {
        named(line, has(program), name, "unpack it first");
    }
    shell.write("x", "");
    shell.fails(&["verify", "x"], 11).says(&["x: it is empty"]);
}

#[test]
fn a_damaged_file_can_be_salvaged_where_its_hint_says_so() {
    let shell = Shell::new();
    shell.write("a", "x".repeat(200_000));
    shell.ok(&["encrypt", "a"]);
    shell.ok(&["encrypt", "a", "--armor", "-o", "armored"]);
    shell.ok(&["encrypt", "a", "--algorithm", "0x0578", "-o", "signed"]);
    let mut message = shell.read("a.enwrap");
    let cut = message[..150_000].to_vec();
    message[100_000] ^= 1;
    shell.write("damaged", &message);
    shell.write("cut", &cut);
    for (file, code) in [("damaged", 4), ("cut", 5)] {
        let told = format!("enwrap decrypt --salvage '{file}' -o NEW");
        shell.fails(&["verify", file], code).says(&[&told]);
        shell.fails(&["decrypt", file, "-o", "out"], code).says(&[&told]);
        // As it says.
        shell.sh(&format!("{}; rm NEW", told.replace("decrypt", "decrypt -q"))).success();
        // A stream cannot be, nor is there more to say while it is done.
        for line in ["enwrap decrypt <", "cat", "enwrap decrypt --salvage -f -o saved"] {
            let line = match line {
                "cat" => format!("cat {file} | enwrap verify"),
                _ => format!("{line} {file}"),
            };
            let run = shell.sh(&line).failure(code);
            assert!(!run.stderr.contains("to save the frames"), "{line}: {run:?}");
        }
    }
    let mut signed = shell.read("signed");
    signed[100_000] ^= 1;
    shell.write("signed", signed);
    shell.sh("sed -i 20d armored").success();
    for file in ["signed", "armored"] {
        let run = shell.fails(&["verify", file], 4);
        assert!(!run.stderr.contains("--salvage"), "{run:?}");
    }
}

#[test]
fn keys_are_listed_with_what_they_do_and_found_by_the_beginning_of_their_ids() {
    let (shell, theirs) = (Shell::new(), Shell::new());
    shell.run(&["keyring", "history"]).success().says(&["no earlier generations yet"]);
    theirs.ok(&["keygen", "pair", "--kind", "p256"]);
    shell.write("key", theirs.ok(&["key", "export", "main", "--decrypt-only"]));
    shell.write("public", theirs.ok(&["key", "export", "pair", "--public"]));
    shell.ok(&["key", "import", "old", "--file", "key"]);
    shell.ok(&["key", "import", "off", "--file", "public"]);
    shell.ok(&["key", "rotate", "main"]);
    let list = shell.ok(&["key", "list"]);
    let line = |alias: &str| list.lines().find(|line| line.starts_with(alias)).unwrap().to_owned();
    assert!(line("old").contains("aes, decrypt only"), "{list}");
    assert!(line("off").contains("p256, public only"), "{list}");
    let show = shell.ok(&["key", "show", "main"]);
    let today = &show.lines().find_map(|line| line.strip_prefix("created:")).unwrap().trim()[..10];
    assert!(show.contains(&format!("\n1            {today}  enabled")), "{show}");
    assert!(show.contains(&format!("\n2 (current)  {today}  enabled")), "{show}");
    let id = shell.run(&["--json", "key", "show", "main"]).json()[0]["key_id"].to_string();
    let id = id.trim_matches('"');
    shell.write("a", "text");
    let encrypt = ["encrypt", "a", "-f", "-k"];
    for name in [&id[..8], &id[..20], id] {
        let run = shell.run(&[&["--json"], &encrypt[..], &[name]].concat()).success();
        assert_eq!(run.json()[0]["keys"][0]["key_id"], id, "{name}");
    }
    shell.fails(&[&encrypt[..], &[&id[..7]]].concat(), 3);
    shell.ok(&["decrypt", "a.enwrap", "-o", "b", "--only-key", &id[..8]]);
    // An alias that looks like it comes first, and alone is one.
    shell.fails(&["key", "alias", "remove", &id[..8]], 3);
    shell.ok(&["keygen", &id[..8]]);
    let run = shell.run(&[&["--json"], &encrypt[..], &[&id[..8]]].concat()).success();
    assert_ne!(run.json()[0]["keys"][0]["key_id"], id);
    let run = shell.run(&["key", "delete", &id[..9], "--old-versions"]).success();
    run.says(&[&format!("key {id} version 1 can do nothing from now on")]);
    // One line says that a plain file is back.
    shell.ok(&["keyring", "backup", "copy"]);
    let run = shell.run(&["keyring", "restore", "copy"]).success();
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
}
