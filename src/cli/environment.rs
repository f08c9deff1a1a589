//! The environment variables of enwrap. Each is read here and nowhere else.
//!
//! An empty variable counts as unset. The exception is `ENWRAP_KEYRING_DATA`: an empty one means that a CI job
//! did not get its secret, and is an error.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroize as _;

use enwrap::crypto::secret::SecretText;
use enwrap::keyring::Location;

use crate::output::error::UsageError;

/// The variable with a keyring's text, which errors name as its place.
const KEYRING_DATA: &str = "ENWRAP_KEYRING_DATA";

/// What the names of variables begin with that hold keys or passphrases, or say where to get them.
const SECRETS: [&str; 5] = [
    KEYRING_DATA,
    "ENWRAP_PASSPHRASE",
    "ENWRAP_NEW_PASSPHRASE",
    "ENWRAP_IMPORT_PASSPHRASE",
    "ENWRAP_MESSAGE_PASSPHRASE",
];

/// What the manual says of each.
pub(crate) const VARIABLES: &[(&str, &str)] = &[
    ("ENWRAP_KEYRING", "the keyring file, where --keyring does not name one"),
    (
        "ENWRAP_KEYRING_DATA",
        "the keyring itself, as its text or base64 of it: read-only, for jobs without a disk; set but \
         empty is an error",
    ),
    (
        "ENWRAP_KEY",
        "the keys to encrypt under, several by commas, where neither -k nor -p is given",
    ),
    (
        "ENWRAP_ENVELOPE",
        "envelope files to read, several by colons, where --envelope does not name any",
    ),
    ("ENWRAP_ALLOW_READABLE_KEYRING", "1, true or yes accepts a keyring that others may read"),
    (
        "ENWRAP_PASSPHRASE, ENWRAP_PASSPHRASE_FILE, ENWRAP_PASSPHRASE_FD, ENWRAP_PASSPHRASE_COMMAND",
        "the passphrase of a sealed keyring: itself, a file that holds it, an open descriptor, or a \
         command that prints it",
    ),
    (
        "ENWRAP_NEW_PASSPHRASE, ENWRAP_NEW_PASSPHRASE_FILE, and so on",
        "a new passphrase, where one is set, or a recipient is one",
    ),
    (
        "ENWRAP_MESSAGE_PASSPHRASE, ENWRAP_MESSAGE_PASSPHRASE_FILE, and so on",
        "the passphrase of a message that is opened, where no key opens it",
    ),
    (
        "ENWRAP_IMPORT_PASSPHRASE, ENWRAP_IMPORT_PASSPHRASE_FILE, and so on",
        "the passphrase of a file that is imported or restored, where it is another",
    ),
    ("VISUAL, EDITOR", "the editor of 'edit', as a line for the shell; vi if none is set"),
    (
        "XDG_RUNTIME_DIR",
        "where 'edit' and 'git merge' keep plaintext, if it is in memory; else /dev/shm",
    ),
    ("XDG_CONFIG_HOME, HOME", "where the keyring is if nothing names it"),
    (
        "GITHUB_ACTIONS",
        "exec --mask=github prints the secrets for the runner to mask only where it is 'true'",
    ),
    (
        "AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL_KMS, and so on",
        "the region, credentials and endpoint of AWS KMS, as all tools for AWS take them",
    ),
    ("TMPDIR", "where --verify-first copies what comes from a pipe; else /tmp"),
    ("NO_COLOR, TERM", "no colour where NO_COLOR is set, or TERM is dumb"),
];

fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// `ENWRAP_KEY`: the keys to encrypt under, several by commas.
pub(crate) fn keys() -> Vec<String> {
    let Some(value) = variable("ENWRAP_KEY") else { return Vec::new() };
    let names = value.to_string_lossy();
    names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// `VISUAL` or `EDITOR`, which may be lines for the shell; else `vi`.
pub(crate) fn editor() -> OsString {
    variable("VISUAL").or_else(|| variable("EDITOR")).unwrap_or_else(|| "vi".into())
}

/// Folders that may be in memory: first that of the session, which nobody else can enter.
pub(crate) fn places_in_memory() -> Vec<PathBuf> {
    let session = variable("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|it| it.is_absolute());
    session.into_iter().chain([PathBuf::from("/dev/shm")]).collect()
}

/// `ENWRAP_ENVELOPE`: envelope files, several by colons.
pub(crate) fn envelopes() -> Vec<PathBuf> {
    let Some(value) = variable("ENWRAP_ENVELOPE") else { return Vec::new() };
    env::split_paths(&value).filter(|path| !path.as_os_str().is_empty()).collect()
}

/// `ENWRAP_ALLOW_READABLE_KEYRING=1`. Any other word than these three is an error: somebody may rely on it.
pub(crate) fn allow_readable_keyring() -> Result<bool, UsageError> {
    const NAME: &str = "ENWRAP_ALLOW_READABLE_KEYRING";
    match variable(NAME) {
        None => Ok(false),
        Some(value) if ["1", "true", "yes"].iter().any(|it| value.eq_ignore_ascii_case(it)) => {
            Ok(true)
        }
        Some(_) => Err(UsageError::new(format!("{NAME} is not 1, true or yes"))
            .hint("unset it to refuse a keyring that others may read")),
    }
}

/// A passphrase's four variables that are set: `<prefix>`, and `<prefix>_FILE`, `_FD` and `_COMMAND`.
pub(crate) fn passphrase(prefix: &str) -> [Option<OsString>; 4] {
    ["", "_FILE", "_FD", "_COMMAND"].map(|suffix| variable(&format!("{prefix}{suffix}")))
}

/// The names of the variables that are set and that no child process gets.
pub(crate) fn secrets() -> impl Iterator<Item = OsString> {
    env::vars_os().map(|(name, _)| name).filter(|name| {
        SECRETS.iter().any(|secret| name.as_encoded_bytes().starts_with(secret.as_bytes()))
    })
}

/// What `exec --pristine` leaves of our environment, besides the names that begin with `LC_`: what most programs need
/// to find others, the user's files, and the language and the terminal to speak to.
const MINIMUM: [&str; 9] =
    ["HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"];

/// The variables that are left of our environment for a command that gets little else.
pub(crate) fn minimum() -> impl Iterator<Item = (OsString, OsString)> {
    env::vars_os().filter(|(name, _)| is_in_minimum(name))
}

fn is_in_minimum(name: &OsStr) -> bool {
    MINIMUM.iter().any(|it| name == *it) || name.as_encoded_bytes().starts_with(b"LC_")
}

/// Whether a command that we start has a variable from our environment, or, if `is_pristine`, from what is left of it.
pub(crate) fn is_inherited(name: &str, is_pristine: bool) -> bool {
    env::var_os(name).is_some()
        && !SECRETS.iter().any(|secret| name.starts_with(secret))
        && (!is_pristine || is_in_minimum(OsStr::new(name)))
}

/// Whether we run in a job of GitHub Actions, whose runner reads what we print.
pub(crate) fn is_github_actions() -> bool {
    variable("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// Where the keyring is: the flag, else `ENWRAP_KEYRING_DATA`, else `ENWRAP_KEYRING`, else the place
/// of the XDG base directories.
pub(crate) fn keyring_location(flag: Option<&Path>) -> Result<Location, UsageError> {
    if let Some(path) = flag {
        return Ok(Location::File(path.to_path_buf()));
    }
    let path = variable("ENWRAP_KEYRING").map(PathBuf::from);
    if let Some(data) = env::var_os(KEYRING_DATA) {
        if path.is_some() {
            return Err(UsageError::new("ENWRAP_KEYRING and ENWRAP_KEYRING_DATA are both set")
                .hint("unset one of them, or name the keyring with --keyring FILE"));
        }
        let mut data = data.into_vec();
        let mut text = SecretText::default();
        text.push(&data);
        data.zeroize();
        return Ok(Location::Data { name: PathBuf::from(KEYRING_DATA), text });
    }
    if let Some(path) = path {
        return Ok(Location::File(path));
    }
    let config = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".config")));
    match config {
        Some(config) => Ok(Location::File(config.join("enwrap").join("keyring.json"))),
        None => Err(UsageError::new("HOME is not set, so there is no place for a keyring")
            .hint("name one: ENWRAP_KEYRING=FILE, or --keyring FILE")),
    }
}
