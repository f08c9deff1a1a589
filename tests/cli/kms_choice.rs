//! Keys of AWS KMS on the command line, as far as that needs no AWS KMS: tests/kms has the rest. No test here has a network.

use crate::shell::Shell;

const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

#[test]
fn what_is_no_key_of_aws_kms_is_an_error_of_usage() {
    let shell = Shell::new();
    shell.write("plain", "text");
    for bad in [
        "arn:aws:s3:::bucket",
        "arn:",
        "aws-kms:",
        "aws-kms:alias/",
        "aws-kms:a b",
        "arn:aws:kms:x",
    ] {
        for args in [
            &["encrypt", "-k", bad, "plain"][..],
            &["verify", "--only-key", bad, "plain"],
            &["datakey", "-k", bad],
            &["rewrap", "--add", "-k", bad, "plain"],
        ] {
            let run = shell.fails_harmlessly(args, 2);
            run.says(&["names no key of AWS KMS", "aws-kms:alias/NAME"]);
        }
    }
    shell.write("text", "made for this\n");
    shell.ok(&["encrypt", "text"]);
    for bad in ["--aws-kms-discovery=1", "--aws-kms-discovery=11112222333x"] {
        shell.fails_harmlessly(&["verify", bad, "text.enwrap"], 2).says(&["twelve digits"]);
    }
    // A key of AWS KMS that is chosen is asked for no message that does not name it.
    shell.ok(&["verify", "--aws-kms-discovery=111122223333", "text.enwrap"]);
    shell.fails_harmlessly(&["verify", "--only-key", ARN, "text.enwrap"], 3);
}

#[test]
#[cfg(not(feature = "aws-kms"))]
fn a_build_without_the_client_says_how_to_get_it() {
    let shell = Shell::bare();
    shell.write("plain", "text");
    // 81 bytes that may be a blob of AWS KMS, in base64.
    let blob = "/".repeat(108);
    for args in [
        &["encrypt", "-k", ARN, "plain"][..],
        &["encrypt", "-k", "aws-kms:alias/backup", "plain"],
        &["datakey", "-k", ARN],
        &["datakey", "decrypt", "--only-key", ARN, &blob],
    ] {
        shell
            .fails_harmlessly(args, 11)
            .says(&["built without its feature 'aws-kms'", "--features aws-kms"]);
    }
    let shell = Shell::new();
    shell.write("plain", "text");
    shell.ok(&["key", "import", "cloud", "--aws-kms", ARN]);
    shell.fails_harmlessly(&["encrypt", "-k", "cloud", "plain"], 11).says(&["feature 'aws-kms'"]);
    shell.ok(&["encrypt", "plain"]);
    shell.fails_harmlessly(&["rewrap", "--add", "-k", "cloud", "plain.enwrap"], 11);
    // What is there of other keys needs no client.
    shell.ok(&["verify", "plain.enwrap"]);
}
