//! What people type who know other tools, and the line that does it here.
//!
//! Words in capitals are for the reader to replace.

/// Options and verbs of other tools, and our line for them.
struct Bridge {
    /// The verb after which they stand, if the line depends on it.
    within: Option<&'static str>,
    typed: &'static [&'static str],
    /// What is to be known first, if anything is.
    note: &'static str,
    line: &'static str,
}

const fn bridge(typed: &'static [&'static str], line: &'static str) -> Bridge {
    Bridge { within: None, typed, note: "", line }
}

impl Bridge {
    const fn within(self, verb: &'static str) -> Self {
        Self { within: Some(verb), ..self }
    }

    const fn note(self, note: &'static str) -> Self {
        Self { note, ..self }
    }
}

/// The first that fits counts, so those of one verb come before those of all.
const BRIDGES: &[Bridge] = &[
    // Of aws-encryption-cli, and of `aws kms`.
    bridge(&["--encryption-context"], "enwrap decrypt -c KEY=VALUE FILE.enwrap").within("decrypt"),
    bridge(&["--encryption-context"], "enwrap encrypt -c KEY=VALUE FILE"),
    bridge(
        &["--wrapping-keys", "-w", "--master-keys", "-m", "--key-id", "-k", "--key"],
        "enwrap decrypt --only-key KEY FILE.enwrap",
    )
    .within("decrypt")
    .note("any key of the keyring opens it; to name one"),
    bridge(&["--input"], "enwrap decrypt FILE.enwrap")
        .within("decrypt")
        .note("an input is an operand"),
    bridge(&["--input"], "enwrap encrypt FILE").note("an input is an operand"),
    bridge(&["--suffix"], "enwrap encrypt FILE -o OTHER")
        .note("outputs end in .enwrap; for another name"),
    bridge(
        &["--decode", "--encode", "-a", "--armor", "--armour", "--base64"],
        "enwrap decrypt FILE.enwrap",
    )
    .within("decrypt")
    .note("base64 is recognised"),
    bridge(&["--encode", "-a", "--armor", "--armour", "--base64"], "enwrap encrypt --armor FILE"),
    bridge(&["--decode"], "enwrap decrypt FILE.enwrap").note("base64 is recognised"),
    bridge(&["--commitment-policy"], "enwrap encrypt FILE")
        .within("encrypt")
        .note("every message is written with key commitment"),
    bridge(&["--metadata-output"], "enwrap encrypt --metadata RECORDS FILE"),
    bridge(&["--suppress-metadata", "-S", "--no-overwrite"], "enwrap encrypt FILE")
        .note("that is so without an option"),
    bridge(&["--required-encryption-context-keys"], "enwrap encrypt --bind KEY=VALUE FILE"),
    bridge(&["--max-length"], "enwrap decrypt --max-frame-length 65536 FILE.enwrap"),
    bridge(&["--buffer"], "enwrap decrypt --verify-first FILE.enwrap"),
    bridge(&["--decrypt-unsigned"], "enwrap decrypt --unsigned-only FILE.enwrap"),
    bridge(&["--query", "--output"], "enwrap datakey -k KEY --format base64 --blob-out BLOB")
        .within("datakey")
        .note("to print one value"),
    bridge(&["--region"], "AWS_REGION=REGION enwrap decrypt FILE.enwrap"),
    bridge(&["--profile"], "AWS_PROFILE=PROFILE enwrap decrypt FILE.enwrap"),
    bridge(
        &["--source-key-id", "--destination-key-id"],
        "enwrap datakey rewrap --blob-file BLOB -k KEY",
    ),
    bridge(&["generate", "create", "new"], "enwrap datakey -k KEY").within("datakey"),
    bridge(&["generate-data-key"], "enwrap datakey -k KEY"),
    bridge(
        &["generate-data-key-without-plaintext"],
        "enwrap datakey -k KEY --without-plaintext --blob-out BLOB --format base64",
    ),
    bridge(&["decrypt-data-key"], "enwrap datakey decrypt --blob-file BLOB"),
    bridge(&["rename", "mv"], "enwrap key alias rename OLD NEW").within("key"),
    bridge(&["add", "gen", "make"], "enwrap keygen ALIAS").within("key"),
    bridge(&["create-alias"], "enwrap key alias add ALIAS KEY"),
    bridge(&["update-alias"], "enwrap key alias move ALIAS KEY"),
    bridge(&["delete-alias"], "enwrap key alias remove ALIAS"),
    bridge(&["cancel-key-deletion"], "enwrap key undelete KEY"),
    bridge(&["get-public-key"], "enwrap key export KEY --public --as pem"),
    bridge(&["-r", "--recursive"], "enwrap key usage -r DIR")
        .within("inspect")
        .note("it takes files; for the keys of a folder"),
    // Of age and GnuPG.
    bridge(&["-p", "--passphrase", "--password", "--pass"], "enwrap decrypt FILE.enwrap")
        .within("decrypt")
        .note("a passphrase is asked for where no key opens the message"),
    bridge(&["-k", "--key", "-n", "--name", "--alias"], "enwrap keygen ALIAS").within("keygen"),
    bridge(&["-o", "--output"], "enwrap keyring backup FILE")
        .within("keygen")
        .note("the key goes into the keyring; for a copy of that"),
    bridge(&["-e", "--encrypt"], "enwrap encrypt FILE"),
    bridge(&["-d", "--decrypt"], "enwrap decrypt FILE.enwrap"),
    bridge(
        &[
            "-r",
            "--recipient",
            "-R",
            "--recipients-file",
            "--hidden-recipient",
            "-k",
            "--key",
            "--key-id",
        ],
        "enwrap encrypt -k KEY FILE",
    ),
    bridge(&["--wrapping-keys", "-w", "--master-keys", "-m"], "enwrap encrypt -k KEY FILE"),
    bridge(&["-i", "--identity"], "enwrap --keyring KEYRING decrypt FILE.enwrap")
        .note("an input is an operand, and keys are in the keyring"),
    bridge(
        &["-c", "--symmetric", "-p", "--passphrase", "--password", "--pass"],
        "enwrap encrypt -p FILE",
    )
    .note("for a passphrase"),
    bridge(&["--sign"], "enwrap encrypt --algorithm 0x0578 FILE"),
    bridge(&["--gen-key", "--generate-key", "--full-generate-key"], "enwrap keygen ALIAS"),
    bridge(&["--list-keys", "-K", "--list-secret-keys"], "enwrap key list"),
    bridge(&["--export"], "enwrap key export KEY --public"),
    bridge(&["--import"], "enwrap key import ALIAS --file FILE"),
    bridge(&["--yes", "--overwrite", "--replace"], "enwrap encrypt -f FILE"),
    // Of openssl, sops, ansible-vault, gzip and the like.
    bridge(&["--in"], "enwrap encrypt FILE").note("an input is an operand"),
    bridge(&["--out"], "enwrap encrypt FILE -o OUTPUT"),
    bridge(&["--in-place"], "enwrap edit FILE.enwrap"),
    bridge(&["--kms", "--age", "--pgp"], "enwrap encrypt -k KEY FILE"),
    bridge(&["--extract"], "enwrap exec -e FILE.enwrap --only NAME -- COMMAND"),
    bridge(
        &["--ask-vault-pass", "--vault-password-file", "--vault-id"],
        "enwrap decrypt --message-passphrase-file PASSPHRASE FILE.enwrap",
    ),
    bridge(&["--stdout", "--to-stdout"], "enwrap decrypt FILE.enwrap -o -"),
    bridge(&["--test", "-t"], "enwrap verify FILE.enwrap"),
    bridge(&["--delete", "--rm", "--shred"], "enwrap encrypt --remove-source FILE"),
    bridge(&["--outdir", "--out-dir", "--directory"], "enwrap encrypt --output-dir DIR FILE"),
    bridge(&["--threads", "-T"], "enwrap -j 2 encrypt FILE"),
    bridge(&["--silent"], "enwrap -q encrypt FILE"),
    // Verbs that people try.
    bridge(
        &[
            "new",
            "create",
            "init",
            "generate",
            "gen",
            "genkey",
            "gen-key",
            "create-key",
            "generate-key",
        ],
        "enwrap keygen ALIAS",
    ),
    bridge(&["ls", "list", "list-keys", "list-aliases", "keys"], "enwrap key list"),
    bridge(
        &["rm", "remove", "delete", "destroy", "schedule-key-deletion"],
        "enwrap key delete KEY",
    ),
    bridge(&["show", "describe", "describe-key"], "enwrap key show KEY"),
    bridge(&["rotate", "rotate-key", "enable-key-rotation"], "enwrap key rotate KEY"),
    bridge(&["enable", "enable-key"], "enwrap key enable KEY"),
    bridge(&["disable", "disable-key"], "enwrap key disable KEY"),
    bridge(&["undelete", "cancel"], "enwrap key undelete KEY"),
    bridge(&["purge"], "enwrap key purge"),
    bridge(&["alias"], "enwrap key alias add ALIAS KEY"),
    bridge(&["import", "import-key-material"], "enwrap key import ALIAS --file FILE"),
    bridge(&["export"], "enwrap key export KEY -o FILE"),
    bridge(&["enc", "seal", "lock", "encrypt_string"], "enwrap encrypt FILE"),
    bridge(&["dec", "unseal", "unlock", "open"], "enwrap decrypt FILE.enwrap"),
    bridge(&["cat", "view", "print"], "enwrap decrypt FILE.enwrap -o -"),
    bridge(&["info", "header", "list-packets", "filestatus"], "enwrap inspect FILE.enwrap"),
    bridge(&["check", "test", "validate"], "enwrap verify FILE.enwrap"),
    bridge(&["rekey", "updatekeys", "share", "add-recipient"], "enwrap rewrap -k KEY FILE.enwrap"),
    bridge(&["run", "env", "exec-env"], "enwrap exec -e FILE.enwrap -- COMMAND"),
    bridge(&["exec-file"], "enwrap exec --secret-file NAME=FILE.enwrap -- COMMAND"),
    bridge(&["backup"], "enwrap keyring backup FILE"),
    bridge(&["restore"], "enwrap keyring restore FILE"),
    bridge(&["passwd", "password", "passphrase"], "enwrap keyring passphrase"),
    bridge(&["path", "where"], "enwrap keyring path"),
    bridge(&["completion"], "enwrap completions bash"),
    bridge(&["version"], "enwrap --version"),
];

/// Options of ours that mean something else elsewhere, read where clap refuses their value.
const OVER_VALUES: &[Bridge] = &[bridge(&["--context"], "enwrap encrypt -p FILE")
    .within("encrypt")
    .note("-c KEY=VALUE is a pair of the encryption context; for a passphrase")];

/// What to write in the place of an option or a verb, after the verb `within`.
pub(super) fn over(typed: &str, within: Option<&str>) -> Option<String> {
    among(BRIDGES, typed, within)
}

/// What to write in the place of an option whose value is refused, after the verb `within`.
pub(super) fn over_value_of(option: &str, within: Option<&str>) -> Option<String> {
    among(OVER_VALUES, option, within)
}

fn among(bridges: &[Bridge], typed: &str, within: Option<&str>) -> Option<String> {
    let bridge = bridges.iter().find(|bridge| {
        bridge.typed.contains(&typed) && (bridge.within.is_none() || bridge.within == within)
    })?;
    Some(match bridge.note {
        "" => format!("here that is: {}", bridge.line),
        note => format!("{note}: {}", bridge.line),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, usage};

    #[test]
    fn every_line_that_is_advised_parses() {
        for bridge in BRIDGES.iter().chain(OVER_VALUES) {
            let words = bridge.line.split(' ').skip_while(|word| word.starts_with("AWS_"));
            let parsed = Cli::try_parse_from(words);
            let is_version = |error: &clap::Error| !error.use_stderr();
            assert!(parsed.is_ok() || parsed.as_ref().is_err_and(is_version), "{}", bridge.line);
            assert!(bridge.line.len() <= 72 || bridge.note.is_empty(), "{}", bridge.line);
        }
    }

    #[test]
    fn everything_that_is_typed_leads_to_its_line() {
        for bridge in BRIDGES.iter().chain(OVER_VALUES) {
            for typed in bridge.typed {
                let words = ["enwrap"].into_iter().chain(bridge.within).chain([*typed, "x"]);
                let words: Vec<&str> = words.collect();
                let error = Cli::try_parse_from(&words).expect_err(&words.join(" "));
                let hint = usage::of(&error, &usage::verb(&words)).hint;
                assert!(hint.ends_with(bridge.line), "{words:?}: {hint}");
            }
        }
    }
}
