//! Keys of other tools and of other kinds: in from PEM, out as PEM, and public halves on hosts that only write.

use std::fs;

use serde_json::Value;

use crate::shell::Shell;

const CURVES: [(&str, &str); 3] =
    [("p256", "prime256v1"), ("p384", "secp384r1"), ("p521", "secp521r1")];

/// Whether there is an OpenSSL to compare with.
fn has_openssl(shell: &Shell) -> bool {
    shell.command("openssl", &["version"]).output().is_ok()
}

fn openssl(shell: &Shell, line: &str) -> String {
    shell.sh(&format!("openssl {line}")).success().text()
}

/// The kind and the name of the current version of a key.
fn kind_and_name(shell: &Shell, key: &str) -> (String, String) {
    let export = shell.ok(&["key", "export", key, "-o", "-"]);
    let export: Value = serde_json::from_str(&export).unwrap();
    let text = |member: &str| export[member].as_str().unwrap().to_owned();
    (text("kind"), text("name"))
}

#[test]
fn keys_on_curves_go_from_openssl_and_back() {
    let shell = Shell::bare();
    if !has_openssl(&shell) {
        return;
    }
    for (kind, curve) in CURVES {
        // PKCS#8, then SEC 1 with its parameters in front, as older tools write it.
        openssl(
            &shell,
            &format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:{curve} -out pkcs8"),
        );
        openssl(&shell, &format!("ecparam -name {curve} -genkey -out sec1"));
        for form in ["pkcs8", "sec1"] {
            let alias = format!("{kind}-{form}");
            shell.ok(&["key", "import", &alias, "--private-key-file", form]);
            let theirs = openssl(&shell, &format!("pkey -in {form} -pubout"));
            let ours = shell.ok(&["key", "export", &alias, "--public", "--as", "pem"]);
            assert_eq!(ours, theirs, "{alias}");
            assert_eq!(kind_and_name(&shell, &alias).0, kind);
            // What is written privately is the same key to OpenSSL.
            shell.ok(&["key", "export", &alias, "--as", "pem", "-o", &alias]);
            assert_eq!(openssl(&shell, &format!("pkey -in {alias} -pubout")), theirs);
            assert_eq!(shell.mode(&alias), 0o600);
        }
        // A compressed point is the same key, and the text around a key is passed over.
        openssl(&shell, "ec -in sec1 -pubout -conv_form compressed -out compressed");
        shell.sh("(echo Bag Attributes; cat compressed; echo) > around").success();
        let host = Shell::bare();
        host.write("around", shell.read("around"));
        host.ok(&["key", "import", "k", "--public-key-file", "around"]);
        let (of_kind, name) = kind_and_name(&shell, &format!("{kind}-sec1"));
        assert_eq!(kind_and_name(&host, "k"), (of_kind, name));
    }
}

#[test]
fn a_public_half_lets_a_host_write_and_not_read() {
    let (owner, host) = (Shell::bare(), Shell::bare());
    if !has_openssl(&owner) {
        return;
    }
    openssl(&owner, "ecparam -name prime256v1 -genkey -out key");
    let id = owner.ok(&["key", "import", "offsite", "--private-key-file", "key"]);
    for (form, flag) in
        [("sdk", "--file"), ("keyring", "--file"), ("env", "--file"), ("pem", "--public-key-file")]
    {
        let file = format!("public.{form}");
        let run = owner
            .run(&["key", "export", "offsite", "--public", "--as", form, "-o", &file])
            .success();
        assert!(!run.stderr.contains("has the key"), "{}", run.stderr);
        assert_eq!(owner.mode(&file) & 0o600, 0o600);
        let host = Shell::bare();
        host.write("public", owner.read(&file));
        host.run(&["key", "import", "offsite", flag, "public"]).success().says(&["public half"]);
    }
    owner.sh("umask 022; enwrap key export offsite --public -o readable").success();
    assert_eq!(owner.mode("readable"), 0o644);
    host.write("public", owner.read("public.sdk"));
    assert_eq!(host.ok(&["key", "import", "offsite", "--file", "public"]), id);
    host.write("a", "text");
    host.ok(&["encrypt", "a", "-k", "offsite"]);
    host.fails_harmlessly(&["decrypt", "a.enwrap", "-o", "b"], 3)
        .says(&["only the public half", &id]);
    owner.write("a.enwrap", host.read("a.enwrap"));
    assert_eq!(owner.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
    // Without --public there is nothing more to export, which is said.
    let run = host.run(&["key", "export", "offsite", "-o", "again"]).success();
    run.says(&["only the public half of key", "open nothing"]);
    assert_eq!(host.read("again"), owner.read("public.sdk"));
    host.fails(&["key", "export", "offsite", "--decrypt-only"], 2).says(&["decrypts nothing"]);
    // The private half is not put in the place of the public one, in no form.
    owner.ok(&["key", "export", "offsite", "-o", "private"]);
    host.write("private", owner.read("private"));
    host.write("pem", owner.read("key"));
    let before = fs::read(host.keyring()).unwrap();
    for from in [["--file", "private"], ["--private-key-file", "pem"]] {
        let run = host.fails(&[&["key", "import"], &from[..]].concat(), 8);
        run.says(&["public half", "is not replaced", "enwrap key delete"]);
    }
    host.fails(&["key", "import", "--file", "public"], 8);
    host.fails(&["key", "import", "--public-key-file", "pem"], 11)
        .says(&["private key", "--private-key-file"]);
    assert_eq!(fs::read(host.keyring()).unwrap(), before);
}

#[test]
fn a_public_half_that_was_rotated_elsewhere_comes_under_an_id_of_its_own() {
    let host = Shell::bare();
    let id = "6b7bb8a0-0b0e-4d3a-9d56-0242ac120002";
    // Two points of P-256: the generator, and its double.
    let points = [
        "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "037cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978",
    ];
    let export = |version: usize, point: &str| {
        format!(
            "{{\"format\":\"enwrap-key\",\"id\":\"{id}\",\"version\":{version},\"kind\":\"p256\",\
             \"namespace\":\"raw-ecdh\",\"name\":\"{point}\"}}"
        )
    };
    let import = |version: usize, point: &str, alias: &str| {
        host.pipe(&["key", "import", alias], export(version, point).as_bytes())
    };
    assert_eq!(import(1, points[0], "offsite").success().text(), id);
    let run = import(2, points[1], "offsite-2").success();
    let new = run.text();
    assert_ne!(new, id);
    run.says(&[id, &new, "nothing proves"]);
    host.ok(&["key", "alias", "move", "offsite", &new]);
    // The same ones once more.
    import(1, points[0], "again").failure(8);
    import(2, points[1], "again").failure(8);
    // A point beside the curve, which has the length of one.
    let beside = points[0].replace("036b17", "026b18");
    let run = import(3, &beside, "beside").failure(11);
    run.says(&["no sound p256 key"]);
    assert_eq!(host.run(&["--json", "key", "list"]).json().len(), 2);
}

#[test]
fn pem_that_is_refused() {
    let shell = Shell::new();
    if !has_openssl(&shell) {
        return;
    }
    let make = |line: &str| drop(shell.sh(&format!("openssl {line}")).success());
    make("ecparam -name prime256v1 -genkey -noout -out ec");
    make("ecparam -name secp256k1 -genkey -noout -out koblitz");
    make(
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit -out explicit",
    );
    make("genpkey -algorithm ED25519 -out ed25519");
    make("pkey -in ec -pubout -out public");
    make("pkcs8 -topk8 -in ec -passout pass:hunter2 -out sealed");
    make("ec -in ec -aes256 -passout pass:hunter2 -out sealed-sec1");
    make("genrsa -out rsa-1024 1024");
    make("genrsa -traditional -out rsa-1024-pkcs1 1024");
    make("rsa -in rsa-1024 -pubout -out rsa-1024-public");
    make("req -x509 -new -key ec -subj /CN=a -out certificate");
    shell
        .sh("cat ec ec > two; head -n 2 ec > cut; sed 's/EC PRIVATE/RSA PRIVATE/' ec > as-rsa")
        .success();
    shell.sh("sed '2s/./!/20' ec > not-base64").success();
    shell.write("hex", "00112233445566778899aabbccddeeff");
    shell.write(
        "openssh",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n",
    );
    let before = fs::read(shell.keyring()).unwrap();
    let secret = String::from_utf8(shell.read("ec")).unwrap().lines().nth(1).unwrap().to_owned();
    let refused = |flag: &str, file: &str, words: &[&str]| {
        let run = shell.fails_harmlessly(&["key", "import", "x", flag, file], 11);
        assert!(!run.stderr.contains(&secret[..20]), "{}", run.stderr);
        run.says(&[file]).says(words);
    };
    let private = "--private-key-file";
    refused(private, "sealed", &["passphrase", "openssl pkey -in 'sealed' -out PLAIN"]);
    refused(private, "sealed-sec1", &["passphrase", "openssl pkey"]);
    refused(private, "openssh", &["OpenSSH", "ssh-keygen -p -m PKCS8"]);
    refused(private, "certificate", &["CERTIFICATE", "openssl x509"]);
    refused(private, "public", &["only a public key", "--public-key-file"]);
    refused("--public-key-file", "ec", &["private key", "-pubout"]);
    refused("--public-key-file", "certificate", &["openssl x509"]);
    refused(private, "koblitz", &["secp256k1", "P-256, P-384 and P-521"]);
    refused(private, "explicit", &["without a name"]);
    refused(private, "ed25519", &["Ed25519"]);
    refused(private, "two", &["2 keys"]);
    for file in ["cut", "hex", "not-base64"] {
        refused(private, file, &["no key in PEM"]);
    }
    refused(private, "as-rsa", &["structure is damaged"]);
    let names = ["--namespace", "ns", "--name", "n", "--padding", "oaep-sha256"];
    for (flag, file) in [
        (private, "rsa-1024"),
        (private, "rsa-1024-pkcs1"),
        ("--public-key-file", "rsa-1024-public"),
    ] {
        let args = [&["key", "import", flag, file], &names[..]].concat();
        shell.fails_harmlessly(&args, 11).says(&["1024 bits", "2048 to 8192"]);
    }
    // What the names are not for, and what must not be left out.
    for flags in [&["--padding", "pkcs1"][..], &["--namespace", "a", "--name", "b"]] {
        let args = [&["key", "import", private, "ec"], flags].concat();
        shell.fails_harmlessly(&args, 2).says(&["not for a p256 key"]);
    }
    shell.fails_harmlessly(&["key", "import", private, "ec", "--padding", "pkcs2"], 2);
    shell.fails_harmlessly(&["key", "import", private, "ec", "--file", "ec"], 2);
    shell.fails_harmlessly(&["key", "import", "--file", "ec"], 2).says(&["--private-key-file"]);
    shell.fails_harmlessly(&["key", "import", private, "missing"], 1);
    assert_eq!(fs::read(shell.keyring()).unwrap(), before);
}

#[test]
fn halves_that_do_not_belong_together_are_refused() {
    let (shell, other) = (Shell::bare(), Shell::bare());
    if !has_openssl(&shell) {
        return;
    }
    openssl(&shell, "ecparam -name secp384r1 -genkey -noout -out a");
    openssl(&shell, "ecparam -name secp384r1 -genkey -noout -out b");
    let export = |file: &str| {
        let shell = Shell::bare();
        shell.write("pem", other.read(file));
        shell.ok(&["key", "import", "--private-key-file", "pem"]);
        let id = shell.run(&["--json", "key", "list"]).json()[0]["key_id"].clone();
        let export = shell.ok(&["key", "export", id.as_str().unwrap()]);
        serde_json::from_str::<Value>(&export).unwrap()
    };
    for file in ["a", "b"] {
        other.write(file, shell.read(file));
    }
    let (mut a, b) = (export("a"), export("b"));
    a["material"] = b["material"].clone();
    let run = shell.pipe(&["key", "import"], a.to_string().as_bytes()).failure(11);
    let run = run.says(&["no sound p384 key"]);
    assert!(!run.stderr.contains(a["material"].as_str().unwrap()), "{}", run.stderr);
    assert!(!shell.keyring().exists());
}

#[test]
fn what_an_export_cannot_be() {
    let shell = Shell::new();
    shell.fails(&["key", "export", "main", "--public"], 2).says(&["no public half", "--kind p256"]);
    shell
        .fails(&["key", "export", "main", "--as", "pem"], 2)
        .says(&["symmetric aes key", "--as sdk"]);
    for flag in ["--decrypt-only", "--seal"] {
        shell.fails(&["key", "export", "main", "--public", flag], 2).says(&[flag]);
    }
    shell.ok(&["keygen", "second"]);
    shell
        .fails(&["key", "export", "main", "second", "--as", "pem"], 2)
        .says(&["one version of one key"]);
    shell.fails(&["key", "export", "main", "--as", "pem", "--seal"], 2).says(&["--as keyring"]);
}

#[test]
fn a_branch_key_opens_and_encrypts_nothing() {
    let shell = Shell::new();
    let answers: Value =
        serde_json::from_str(include_str!("../vectors/asymmetric-known-answers.json")).unwrap();
    let answer =
        answers.as_array().unwrap().iter().find(|it| it["kind"] == "aws-kms-hierarchy").unwrap();
    let text = |member: &str| answer[member].as_str().unwrap();
    shell.write("key", text("branch_key"));
    shell.write("short", &text("branch_key")[2..]);
    shell.write("message", hex::decode(text("message")).unwrap());
    let id = ["--branch-key-id", text("branch_key_id")];
    let version = ["--branch-key-version", text("branch_key_version")];
    fn import<'a>(parts: &[&[&'a str]]) -> Vec<&'a str> {
        [&["key", "import", "branch"], &parts.concat()[..]].concat()
    }
    shell
        .fails_harmlessly(&import(&[&id, &version, &["--material-file", "short"]]), 2)
        .says(&["64 hex digits"]);
    shell.fails_harmlessly(&import(&[&id, &["--material-file", "key"]]), 2);
    shell.fails_harmlessly(
        &import(&[&id, &["--branch-key-version", "1", "--material-file", "key"]]),
        2,
    );
    shell.fails_harmlessly(
        &import(&[&["--branch-key-id", ""], &version, &["--material-file", "key"]]),
        2,
    );
    shell
        .fails_harmlessly(&import(&[&["--material-file", "key"]]), 2)
        .says(&["--branch-key-id", "--namespace"]);
    shell.fails_harmlessly(&["decrypt", "message", "-o", "-"], 3).says(&[
        "aws-kms-hierarchy",
        text("branch_key_id"),
        text("branch_key_version"),
    ]);
    // Another version of it is another key.
    let host = Shell::bare();
    for file in ["key", "message"] {
        host.write(file, shell.read(file));
    }
    let other = ["--branch-key-version", "6b7bb8a0-0b0e-4d3a-9d56-0242ac120002"];
    host.ok(&import(&[&id, &other, &["--material-file", "key"]]));
    host.fails_harmlessly(&["decrypt", "message", "-o", "-"], 3)
        .says(&["but not its version", text("branch_key_version")]);
    let id = shell.ok(&import(&[&id, &version, &["--material-file", "key"]]));
    let run = shell.run(&["decrypt", "message", "-o", "-"]).success();
    assert_eq!(hex::encode(run.stdout), text("plaintext"));
    shell.ok(&["verify", "message"]);
    shell.write("a", "text");
    shell.fails_harmlessly(&["encrypt", "a", "-k", "branch"], 2).says(&[&id, "only read"]);
    shell.fails(&["key", "export", "branch", "--public"], 2).says(&["symmetric branch key"]);
    shell.fails(&["key", "export", "branch", "--as", "pem"], 2).says(&["symmetric branch key"]);
    // It goes to another keyring as the others do.
    let other = Shell::bare();
    other.write("message", shell.read("message"));
    other.pipe(&["key", "import"], shell.ok(&["key", "export", "branch"]).as_bytes()).success();
    assert_eq!(
        hex::encode(other.run(&["decrypt", "message", "-o", "-"]).success().stdout),
        text("plaintext")
    );
}

#[cfg(feature = "aws-lc")]
mod rsa {
    use super::*;

    const PADDINGS: [&str; 5] = ["pkcs1", "oaep-sha1", "oaep-sha256", "oaep-sha384", "oaep-sha512"];

    /// Imports a key in PEM under names and a padding.
    fn import(shell: &Shell, alias: &str, from: [&str; 2], name: &str, padding: &str) -> String {
        let names = ["--namespace", "ns", "--name", name, "--padding", padding];
        shell.ok(&[&["key", "import", alias], &from[..], &names[..]].concat())
    }

    #[test]
    fn a_key_goes_from_openssl_and_back_and_works_with_each_padding() {
        let (shell, host) = (Shell::bare(), Shell::bare());
        if !has_openssl(&shell) {
            return;
        }
        openssl(&shell, "genrsa -out pkcs8 2048");
        openssl(&shell, "rsa -in pkcs8 -traditional -out old-form");
        openssl(&shell, "rsa -in pkcs8 -pubout -out spki");
        openssl(&shell, "rsa -in pkcs8 -RSAPublicKey_out -out pkcs1-public");
        host.write("spki", shell.read("spki"));
        host.write("pkcs1-public", shell.read("pkcs1-public"));
        host.write("a", "text");
        for (number, padding) in PADDINGS.into_iter().enumerate() {
            let private = ["pkcs8", "old-form"][number % 2];
            let public = ["spki", "pkcs1-public"][number % 2];
            import(&shell, padding, ["--private-key-file", private], padding, padding);
            import(&host, padding, ["--public-key-file", public], padding, padding);
            let ours = shell.ok(&["key", "export", padding, "--public", "--as", "pem"]);
            assert_eq!(ours, openssl(&shell, "pkey -in pkcs8 -pubout"));
            shell.ok(&["key", "export", padding, "--as", "pem", "-o", padding]);
            assert_eq!(shell.mode(padding), 0o600);
            assert_eq!(
                openssl(&shell, &format!("pkey -in {padding}")),
                openssl(&shell, "pkey -in pkcs8")
            );
            host.ok(&["encrypt", "a", "-f", "-k", padding]);
            host.fails(&["decrypt", "a.enwrap", "-o", "-"], 3).says(&["only the public half"]);
            shell.write("a.enwrap", host.read("a.enwrap"));
            assert_eq!(shell.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
        }
        shell
            .fails(&["key", "import", "x", "--private-key-file", "pkcs8"], 2)
            .says(&["--padding pkcs1|oaep-sha1"]);
        shell.fails(&["key", "rotate", "pkcs1"], 2).says(&["not made here"]);
        // A long data key has no room in the modulus.
        shell.fails(&["datakey", "-k", "pkcs1", "--number-of-bytes", "300"], 2).says(&["too long"]);
    }

    #[test]
    fn a_wrong_key_padding_or_context_is_told_by_its_code() {
        let (shell, other) = (Shell::bare(), Shell::bare());
        if !has_openssl(&shell) {
            return;
        }
        openssl(&shell, "genrsa -out pem 2048");
        openssl(&other, "genrsa -out pem 2048");
        import(&shell, "k", ["--private-key-file", "pem"], "n", "oaep-sha256");
        shell.write("a", "text");
        shell.ok(&["encrypt", "a", "-k", "k", "-c", "stored=1", "--bind", "tenant=secret-name"]);
        let open = |shell: &Shell, pairs: &[&str]| {
            let args = [&["decrypt", "a.enwrap", "-o", "b"], pairs].concat();
            shell.run(&args)
        };
        // RSA binds no context, so the data key comes out and the header's tag tells.
        open(&shell, &[]).failure(4).says(&["bound"]);
        let run = open(&shell, &["-c", "tenant=other"]).failure(6).says(&["'tenant'"]);
        assert!(!run.stderr.contains("secret-name") && !run.stderr.contains("other"));
        open(&shell, &["-c", "stored=2"]).failure(6);
        assert!(!shell.path("b").exists());
        // Another key, and another padding, under the same name.
        for (padding, pem) in [
            ("oaep-sha256", other.read("pem")),
            ("pkcs1", shell.read("pem")),
            ("oaep-sha1", shell.read("pem")),
        ] {
            let other = Shell::bare();
            other.write("pem", pem);
            other.write("a.enwrap", shell.read("a.enwrap"));
            import(&other, "k", ["--private-key-file", "pem"], "n", padding);
            open(&other, &[]).failure(4).says(&["ns: n"]);
            open(&other, &["-c", "tenant=secret-name"]).failure(6);
            assert!(!other.path("b").exists());
        }
        assert!(open(&shell, &["-c", "tenant=secret-name"]).success().text().is_empty());
        assert_eq!(shell.read("b"), b"text");
    }
}

/// A message for one key of each kind opens as it is only; of each wrap every altered byte gives the code of the order in
/// which a message is checked, and nothing is written.
#[test]
fn damage_to_a_wrap_gives_the_code_of_the_first_check_that_fails() {
    let answers: Value =
        serde_json::from_str(include_str!("../vectors/asymmetric-known-answers.json")).unwrap();
    let ecdh = answers.as_array().unwrap().iter().find(|it| it["curve"] == "p256").unwrap();
    let text = |member: &str| ecdh[member].as_str().unwrap();
    let shell = Shell::bare();
    shell.write("pem", text("recipient_private_key"));
    shell.ok(&["key", "import", "k", "--private-key-file", "pem"]);
    let message = hex::decode(text("message")).unwrap();
    let info = hex::decode(text("edk_provider_info")).unwrap();
    let start = message.windows(info.len()).position(|window| window == info).unwrap();
    let ciphertext = start + info.len() + 2;
    let sender = start + info.len() - 33;
    // The name is another one's: 3. The sender, the salt, the commit key, the wrap or its tag are other ones: 4. A length
    // that lies moves what follows, and the header is then no header, or ends elsewhere.
    let cases = [
        (start - 4, 3),
        (start, 3),
        (start + 4, 3),
        (start + 5, 3),
        (start + 10, 3),
        (sender - 1, 3),
        (sender, 4),
        (sender + 20, 4),
        (ciphertext, 4),
        (ciphertext + 32, 4),
        (ciphertext + 64, 4),
        (ciphertext + 111, 4),
    ];
    for (at, code) in cases {
        let mut damaged = message.clone();
        damaged[at] ^= 1;
        shell.write("message", &damaged);
        let run = shell.fails_harmlessly(&["decrypt", "message", "-o", "out"], code);
        assert!(run.stderr.contains("message"), "{at}: {}", run.stderr);
    }
    // An uncompressed point is as long as it says, and no point that is read.
    let mut longer = message.clone();
    let uncompressed = [&[0, 0, 0, 65, 4][..], &[7; 64]].concat();
    drop(longer.splice(sender - 4..sender + 33, uncompressed));
    let len = u16::try_from(info.len() + 32).unwrap().to_be_bytes();
    longer[start - 2..start].copy_from_slice(&len);
    shell.write("message", &longer);
    shell.fails_harmlessly(&["decrypt", "message", "-o", "out"], 4);
    shell.write("message", &message);
    let run = shell.run(&["decrypt", "message", "-o", "-"]).success();
    assert_eq!(hex::encode(run.stdout), text("plaintext"));
}

#[cfg(not(feature = "aws-lc"))]
#[test]
fn without_rsa_its_keys_are_refused_by_name() {
    let answers: Value =
        serde_json::from_str(include_str!("../vectors/asymmetric-known-answers.json")).unwrap();
    let rsa = answers.as_array().unwrap().iter().find(|it| it["kind"] == "raw-rsa").unwrap();
    let shell = Shell::new();
    shell.write("pem", rsa["private_key"].as_str().unwrap());
    let names = ["--namespace", "ns", "--name", "n", "--padding", "pkcs1"];
    let args = [&["key", "import", "--private-key-file", "pem"], &names[..]].concat();
    shell.fails_harmlessly(&args, 11).says(&["built without RSA", "'aws-lc'"]);
    let export = "{\"format\":\"enwrap-key\",\"id\":\"6b7bb8a0-0b0e-4d3a-9d56-0242ac120002\",\"version\":1,\
                  \"kind\":\"rsa\",\"namespace\":\"ns\",\"name\":\"n\",\
                  \"rsa\":{\"padding\":\"pkcs1\",\"public_key\":\"00\"}}";
    shell.pipe(&["key", "import"], export.as_bytes()).failure(11).says(&["'aws-lc'"]);
}

/// A place with an RSA key of these names, which others can give to theirs too.
#[cfg(feature = "aws-lc")]
fn with_rsa(alias: &str) -> Shell {
    let shell = Shell::new();
    openssl(&shell, "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem 2> err");
    let names = ["--namespace", "corp", "--name", "offsite", "--padding", "oaep-sha256"];
    shell.ok(&[&["key", "import", alias, "--private-key-file", "rsa.pem"], &names[..]].concat());
    shell
}

#[cfg(feature = "aws-lc")]
#[test]
fn the_names_of_an_rsa_key_make_nobody_a_reader() {
    if !has_openssl(&Shell::bare()) {
        return;
    }
    let (victim, other) = (with_rsa("offsite"), with_rsa("evil"));
    // A message for a key of ours and for the victim's, whose public half is not here.
    victim.write("a", "text");
    victim.ok(&["encrypt", "a", "-k", "main", "-k", "offsite", "-o", "m"]);
    let ours = Shell::bare();
    ours.write("main.json", victim.ok(&["key", "export", "main"]));
    ours.ok(&["key", "import", "main", "--file", "main.json"]);
    ours.write("m", victim.read("m"));
    ours.fails_harmlessly(&["reencrypt", "m"], 3).says(&["corp: offsite"]);
    ours.write("evil.json", other.ok(&["key", "export", "evil", "--public"]));
    ours.ok(&["key", "import", "partner", "--file", "evil.json"]);
    for args in [&["reencrypt", "m"][..], &["edit", "--stdin", "m"]] {
        ours.fails_harmlessly(args, 3).says(&["corp: offsite", "--drop-unknown-keys"]);
    }
    // Who asks for a key gets a wrap under that key, and not the old one of its names.
    ours.ok(&["rewrap", "-k", "partner", "--add", "m"]);
    for name in ["m", "m.envelope"] {
        other.write(name, ours.read(name));
    }
    assert_eq!(other.ok(&["decrypt", "--only-key", "evil", "m", "-o", "-"]), "text");
}

#[cfg(feature = "aws-lc")]
#[test]
fn a_data_key_under_rsa_takes_no_context_that_nothing_would_hold_to() {
    if !has_openssl(&Shell::bare()) {
        return;
    }
    let shell = with_rsa("rsa");
    shell.fails(&["datakey", "-k", "rsa", "-c", "a=b"], 2).says(&["binds no encryption context"]);
    let made: Value = serde_json::from_str(&shell.ok(&["datakey", "-k", "rsa"])).unwrap();
    let blob = made["CiphertextBlob"].as_str().unwrap();
    let opened = shell.ok(&["datakey", "decrypt", blob]);
    let opened: Value = serde_json::from_str(&opened).unwrap();
    assert_eq!(opened["Plaintext"], made["Plaintext"]);
    assert_eq!(opened["EncryptionAlgorithm"], "RSAES_OAEP_SHA_256");
    let run = shell.fails(&["datakey", "decrypt", blob, "-c", "a=b"], 2);
    assert!(run.stdout.is_empty());
    shell.fails(&["datakey", "rewrap", blob, "-k", "main", "-c", "a=b"], 2);
    shell.ok(&["datakey", "rewrap", blob, "-k", "main", "--set-context", "a=b"]);
}

#[cfg(feature = "aws-lc")]
#[test]
fn a_copy_of_an_rsa_key_in_either_form_stops_its_destruction() {
    if !has_openssl(&Shell::bare()) {
        return;
    }
    let shell = with_rsa("rsa");
    shell.ok(&["key", "delete", "rsa"]);
    shell.let_the_days_pass();
    let folder = shell.keyring().parent().unwrap().display().to_string();
    openssl(&shell, &format!("rsa -in rsa.pem -traditional -out '{folder}/copy.pem' 2> err"));
    let before = fs::read(shell.keyring()).unwrap();
    shell.fails(&["key", "purge", "--yes"], 1).says(&["copy.pem"]);
    assert_eq!(fs::read(shell.keyring()).unwrap(), before);
    fs::remove_file(shell.keyring().with_file_name("copy.pem")).unwrap();
    shell.ok(&["key", "purge", "--yes"]);
}
