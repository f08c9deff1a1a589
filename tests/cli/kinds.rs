//! Keys of other kinds than AES: pairs whose public half encrypts on hosts that read nothing.

use std::fs;

use serde_json::Value;

use crate::shell::Shell;

/// The place of a key pair `off`, and a host with a key of its own that has the public half of `off`.
fn vault_and_host(kind: &str) -> (Shell, Shell) {
    let vault = Shell::bare();
    vault.ok(&["keygen", "off", "--kind", kind]);
    let host = Shell::new();
    give_public_half(&vault, &host, "off");
    (vault, host)
}

/// Imports the public half of the vault's key `off` on a host.
fn give_public_half(vault: &Shell, host: &Shell, alias: &str) {
    let export = vault.ok(&["key", "export", "off", "--public"]);
    assert!(!export.contains("material"));
    host.write("public.json", export);
    host.ok(&["key", "import", alias, "--file", "public.json"]);
    fs::remove_file(host.path("public.json")).unwrap();
}

/// Brings a file from one place to another.
fn carry(from: &Shell, to: &Shell, name: &str) {
    to.write(name, from.read(name));
}

#[test]
fn a_host_with_the_public_half_writes_what_only_the_private_half_reads() {
    for kind in ["p256", "p384", "p521"] {
        let (vault, host) = vault_and_host(kind);
        host.write("a", "text");
        host.ok(&["encrypt", "a", "-k", "off", "-c", "host=web", "--bind", "x=1"]);
        let only = "only the public half of key";
        for args in [
            &["decrypt", "a.enwrap", "-o", "b", "-c", "x=1"][..],
            &["verify", "a.enwrap", "-c", "x=1"],
            &["rewrap", "a.enwrap", "-k", "main", "--add", "-c", "x=1"],
            &["reencrypt", "a.enwrap", "-c", "x=1"],
            &["exec", "-e", "a.enwrap", "--", "true"],
        ] {
            let code = if args[0] == "exec" { 125 } else { 3 };
            host.fails_harmlessly(args, code).says(&[only]);
        }
        let text = host.ok(&["inspect", "a.enwrap"]);
        assert!(text.contains("(off version 1, public only)"), "{text}");
        let record = host.run(&["--json", "inspect", "a.enwrap"]).json().remove(0);
        assert_eq!(record["encrypted_data_keys"][0]["public_only"], true);
        assert_eq!(record["encrypted_data_keys"][0]["namespace"], "raw-ecdh");

        carry(&host, &vault, "a.enwrap");
        let open = |value: &str| ["decrypt", "a.enwrap", "-o", "-", "-c", value].map(str::to_owned);
        assert_eq!(vault.ok(&open("x=1")), "text");
        vault.run(&open("x=2")).failure(6);
        vault.fails(&["decrypt", "a.enwrap", "-o", "-"], 4).says(&["bound"]);
        vault.fails(&["decrypt", "a.enwrap", "-o", "-", "-c", "x=1", "-c", "host=db"], 6);
    }
}

#[test]
fn a_key_says_its_kind_and_what_is_held_of_it() {
    let (vault, host) = vault_and_host("p384");
    assert!(vault.ok(&["key", "show", "off"]).contains("kind:        p384\n"));
    assert!(host.ok(&["key", "show", "off"]).contains("kind:        p384, public only\n"));
    assert!(host.ok(&["key", "list"]).contains("p384, public only"));
    let shown = |shell: &Shell| shell.run(&["--json", "key", "show", "off"]).json().remove(0);
    let (there, here) = (shown(&vault), shown(&host));
    for (record, public_only) in [(&there, false), (&here, true)] {
        assert_eq!(
            (&record["kind"], &record["public_only"]),
            (&"p384".into(), &public_only.into())
        );
        assert_eq!(record["versions"][0]["bits"], 384);
    }
    assert_eq!(there["versions"][0]["name"], here["versions"][0]["name"]);
    host.run(&["keyring", "check"]).success().says(&["2 keys"]);
    // What a script has as one kind does not become another.
    host.fails(&["keygen", "off", "--kind", "p384", "--if-missing"], 8).says(&["not made here"]);
    vault.fails(&["keygen", "off", "--if-missing"], 8).says(&["of kind p384", "--kind p384"]);
    vault.ok(&["keygen", "off", "--kind", "p384", "--if-missing"]);
}

#[test]
fn the_format_of_a_keyring_says_whether_an_older_enwrap_can_read_it() {
    let shell = Shell::new();
    let version = |shell: &Shell| -> u64 {
        let text = fs::read_to_string(shell.keyring()).unwrap();
        let header: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        header["version"].as_u64().unwrap()
    };
    assert_eq!(version(&shell), 1);
    shell.ok(&["keygen", "off", "--kind", "p256"]);
    assert_eq!(version(&shell), 2);
    shell.ok(&["key", "delete", "off"]);
    shell.let_the_days_pass();
    shell.ok(&["key", "purge", "--yes"]);
    assert_eq!(version(&shell), 1);
}

#[test]
fn a_rotated_pair_opens_old_messages_and_new_ones_go_to_the_new_half() {
    let (vault, host) = vault_and_host("p256");
    host.write("a", "text");
    host.ok(&["encrypt", "a", "-k", "off", "-o", "old"]);
    assert!(vault.ok(&["key", "rotate", "off"]).ends_with("version 2"));
    // Only its owner gives a key new versions.
    host.fails(&["key", "rotate", "off"], 2).says(&["not made here"]);
    give_public_half(&vault, &host, "off-2");
    host.ok(&["key", "alias", "move", "off", "off-2"]);
    host.ok(&["encrypt", "a", "-k", "off", "-o", "new"]);
    for name in ["old", "new"] {
        carry(&host, &vault, name);
        assert_eq!(vault.ok(&["decrypt", name, "-o", "-"]), "text");
    }
    vault.run(&["key", "usage", "--fail-if-stale", "old"]).failure(14);
    vault.ok(&["rewrap", "old"]);
    vault.ok(&["key", "usage", "--fail-if-stale", "old", "new"]);
    vault.ok(&["key", "delete", "off", "--version", "1"]);
    assert_eq!(vault.ok(&["decrypt", "old", "-o", "-"]), "text");
}

#[test]
fn what_takes_the_place_of_a_message_keeps_the_public_halves_of_its_writer() {
    let (vault, host) = vault_and_host("p256");
    host.write("a", "text");
    host.ok(&["encrypt", "a", "-k", "main", "-k", "off"]);
    host.ok(&["reencrypt", "a.enwrap"]);
    carry(&host, &vault, "a.enwrap");
    assert_eq!(vault.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
    let run = host.pipe(&["edit", "--stdin", "a.enwrap"], b"edited");
    run.success();
    carry(&host, &vault, "a.enwrap");
    assert_eq!(vault.ok(&["decrypt", "a.enwrap", "-o", "-"]), "edited");
    let run = host.run(&["reencrypt", "a.enwrap", "-k", "main"]).success();
    run.says(&["no longer opened by off"]);
    host.ok(&["rewrap", "-k", "off", "--add", "a.enwrap"]);
    assert!(host.path("a.enwrap.envelope").exists());
    for name in ["a.enwrap", "a.enwrap.envelope"] {
        carry(&host, &vault, name);
    }
    assert_eq!(vault.ok(&["decrypt", "a.enwrap", "-o", "-"]), "edited");
}

#[test]
fn a_public_half_in_a_record_is_no_proof_that_it_opens() {
    let (vault, host) = vault_and_host("p256");
    host.write("a", "text");
    host.ok(&["encrypt", "a", "-k", "main"]);
    host.ok(&["rewrap", "-k", "off", "--add", "a.enwrap"]);
    // Whoever can write the file beside the message could have put it there, so nothing is carried over from it.
    let run = host.fails_harmlessly(&["reencrypt", "a.enwrap"], 3);
    run.says(&["raw-ecdh: 0", "--drop-unknown-keys"]);
    drop(vault);
}

/// The JSON that `datakey` prints.
fn answer(shell: &Shell, args: &[&str]) -> Value {
    serde_json::from_str(&shell.ok(args)).unwrap()
}

#[test]
fn a_data_key_for_a_public_half_is_made_here_and_opened_there() {
    let (vault, host) = vault_and_host("p521");
    let made = answer(&host, &["datakey", "-k", "off", "-c", "a=b"]);
    let blob = made["CiphertextBlob"].as_str().unwrap();
    host.fails(&["datakey", "decrypt", blob, "-c", "a=b"], 3).says(&["only the public half"]);
    let opened = answer(&vault, &["datakey", "decrypt", blob, "-c", "a=b"]);
    assert_eq!(opened["Plaintext"], made["Plaintext"]);
    vault.fails(&["datakey", "decrypt", blob], 4);
    // An own key can be wrapped again for the public half, and not the other way round.
    let own = answer(&host, &["datakey", "-k", "main", "--without-plaintext"]);
    let own = own["CiphertextBlob"].as_str().unwrap();
    host.ok(&["datakey", "rewrap", own, "-k", "off"]);
    host.fails(&["datakey", "rewrap", blob, "-k", "main", "-c", "a=b"], 3);
}

#[test]
fn usage_and_purge_know_pairs_by_proof() {
    let (vault, host) = vault_and_host("p256");
    host.write("a", "text");
    host.ok(&["encrypt", "a", "-k", "off", "-o", "m.enwrap"]);
    carry(&host, &vault, "m.enwrap");
    vault.ok(&["keygen", "other"]);
    vault.ok(&["key", "delete", "off"]);
    vault.let_the_days_pass();
    let check = &["key", "purge", "--yes", "--check", "."];
    vault.fails(check, 14).says(&["1 file needs"]);
    // A name that was damaged, and a first byte that was lost, hide nothing.
    let message = vault.read("m.enwrap");
    let mut damaged = message.clone();
    let at = message.windows(8).position(|window| window == b"raw-ecdh").unwrap();
    damaged[at + 20] ^= 1;
    for spoilt in [&damaged[..], &message[1..]] {
        vault.write("m.enwrap", spoilt);
        vault.fails(check, 14);
    }
    vault.write("m.enwrap", &message);
    vault.sh("mv m.enwrap m").success();
    vault.fails(check, 14);
    fs::remove_file(vault.path("m")).unwrap();
    vault.run(check).success().says(&["0 messages"]);
    assert!(!fs::read_to_string(vault.keyring()).unwrap().contains("raw-ecdh"));

    // A public half opens nothing, so nothing is lost with it.
    host.ok(&["key", "delete", "off"]);
    host.let_the_days_pass();
    host.run(check).success().says(&["public halves"]);
    assert!(!host.ok(&["key", "list"]).contains("p256"));
    host.run(&["key", "purge", "--yes"]).success().says(&["nothing to destroy"]);
}

/// An export of a public half in which members have other values.
fn altered_export(shell: &Shell, key: &str, members: &[(&str, &str)]) -> String {
    let export = shell.ok(&["key", "export", key, "--public"]);
    let mut export: Value = serde_json::from_str(&export).unwrap();
    for (member, value) in members {
        export[*member] = (*value).into();
    }
    export.to_string()
}

#[test]
fn an_import_under_the_id_of_a_reader_takes_nobody_s_place() {
    let owner = Shell::new();
    owner.ok(&["keygen", "victim"]);
    let victim = owner.run(&["--json", "key", "show", "victim"]).json().remove(0);
    let victim_id = victim["key_id"].as_str().unwrap();
    let partner = Shell::bare();
    partner.ok(&["keygen", "partner", "--kind", "p256"]);
    let ours = Shell::new();
    // A message for all three, made where all of them were.
    owner.write("partner.json", partner.ok(&["key", "export", "partner", "--public"]));
    owner.ok(&["key", "import", "partner", "--file", "partner.json"]);
    owner.write("ours.json", ours.ok(&["key", "export", "main"]));
    owner.ok(&["key", "import", "ours", "--file", "ours.json"]);
    owner.write("a", "text");
    owner.ok(&["encrypt", "a", "-k", "ours", "-k", "victim", "-k", "partner", "-o", "m"]);
    carry(&owner, &ours, "m");
    for members in [&[][..], &[("id", victim_id)]] {
        let host = Shell::bare();
        host.write("ours.json", ours.ok(&["key", "export", "main"]));
        host.ok(&["key", "import", "ours", "--file", "ours.json"]);
        host.write("partner.json", altered_export(&partner, "partner", members));
        host.ok(&["key", "import", "partner", "--file", "partner.json"]);
        carry(&owner, &host, "m");
        let run = host.fails_harmlessly(&["reencrypt", "m"], 3);
        run.says(&[&format!("enwrap: {victim_id}/1"), "--drop-unknown-keys"]);
    }
}

#[test]
fn an_import_that_says_to_be_a_later_version_of_a_key_is_no_advice_to_use_it() {
    let stranger = Shell::bare();
    stranger.ok(&["keygen", "k", "--kind", "p256"]);
    let shell = Shell::new();
    let own = shell.run(&["--json", "key", "show", "main"]).json().remove(0);
    let text = altered_export(&stranger, "k", &[("id", own["key_id"].as_str().unwrap())]);
    shell.write("k.json", text);
    shell.fails(&["key", "import", "k", "--file", "k.json"], 8).says(&["same id"]);
    // Beside another public half of that id it comes in, and the file alone says that it belongs to it.
    let (vault, host) = vault_and_host("p256");
    vault.ok(&["key", "rotate", "off"]);
    host.write("off.json", vault.ok(&["key", "export", "off", "--public"]));
    let run = host.run(&["key", "import", "off-2", "--file", "off.json"]).success();
    run.says(&["nothing proves", "compare it"]);
}

#[test]
fn a_pair_survives_sealing_paper_and_a_variable() {
    let mut vault = Shell::bare();
    vault.ok(&["keygen", "off", "--kind", "p256"]);
    vault.write("a", "text");
    vault.ok(&["encrypt", "a"]);
    vault.set("ENWRAP_NEW_PASSPHRASE", "correct horse");
    vault.ok(&["keyring", "backup", "--text", "paper"]);
    let export = vault.ok(&["key", "export", "off", "--as", "env", "--decrypt-only"]);
    fs::remove_file(vault.keyring()).unwrap();
    vault.set("ENWRAP_IMPORT_PASSPHRASE", "correct horse");
    vault.ok(&["keyring", "restore", "paper"]);
    vault.set("ENWRAP_PASSPHRASE", "correct horse");
    assert_eq!(vault.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");

    let mut job = Shell::bare();
    job.set("ENWRAP_KEYRING_DATA", export);
    job.write("a.enwrap", vault.read("a.enwrap"));
    assert_eq!(job.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
    job.write("b", "text");
    job.fails(&["encrypt", "b", "-k", "off"], 16).says(&["decrypt-only"]);
}

#[test]
fn a_tree_goes_to_a_public_half_and_comes_back() {
    let (vault, host) = vault_and_host("p256");
    host.sh("mkdir -p d/e && echo 1 > d/1 && echo 2 > d/e/2").success();
    host.ok(&["encrypt", "-r", "d", "-k", "off", "--output-dir", "out"]);
    host.fails(&["decrypt", "-r", "out", "--output-dir", "back"], 12);
    let line = format!("cp -r out '{}'", vault.cwd.path().display());
    host.sh(&line).success();
    vault.ok(&["decrypt", "-r", "out", "--output-dir", "back"]);
    assert_eq!(vault.ok(&["verify", "-r", "out"]), "");
    assert_eq!(vault.read("back/out/d/e/2"), b"2\n");
}

#[test]
fn what_is_no_pair_is_refused_before_it_is_used() {
    let vault = Shell::bare();
    vault.ok(&["keygen", "off", "--kind", "p256"]);
    let export: Value = serde_json::from_str(&vault.ok(&["key", "export", "off"])).unwrap();
    let host = Shell::new();
    let point = export["name"].as_str().unwrap();
    let altered = |member: &str, value: &str| {
        let mut altered = export.clone();
        altered[member] = value.into();
        altered.to_string()
    };
    let beside = format!("02{}", "f".repeat(64));
    let uncompressed = format!("04{}{}", &point[2..], &point[2..]);
    for text in [
        altered("name", "00"),
        altered("name", &beside),
        altered("name", &uncompressed),
        altered("name", &point.to_uppercase()),
        altered("kind", "p384"),
        altered("kind", "p999"),
        altered("namespace", "raw-ecdsa"),
        altered("material", &"0".repeat(64)),
        altered("material", &"1".repeat(64)),
        altered("material", &"1".repeat(62)),
    ] {
        host.write("bad.json", &text);
        let before = fs::read(host.keyring()).unwrap();
        let run = host.run(&["key", "import", "x", "--file", "bad.json"]);
        assert!(matches!(run.code, Some(2 | 11)), "{text}: {:?} {}", run.code, run.stderr);
        assert!(!run.stderr.contains(export["material"].as_str().unwrap()));
        assert_eq!(fs::read(host.keyring()).unwrap(), before);
    }
}
