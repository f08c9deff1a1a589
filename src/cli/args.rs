//! Arguments that several verbs share, and what they are parsed to.

use std::io::{self, IsTerminal as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;

use enwrap::fs::atomic_file::{Access, Durability, Existing, Publication};
use enwrap::keyring::store::LOCK_TIMEOUT;
use enwrap::keyring::{RootKeys, Store};
use enwrap::keys::aws_kms::Discovery;
use enwrap::keys::aws_kms::api::KmsKeyName;
use enwrap::keys::aws_kms::client::{DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT};
use enwrap::message::Limits;
use enwrap::message::context::EncryptionContext;
use enwrap::operations::decrypt::{Commitment, DecryptPolicy};

use super::key_choice::key_ids;
use super::secrets::args::{MessagePassphraseArgs, PassphraseArgs};
use super::secrets::passphrase::Sources;
use crate::output::When;
use crate::output::error::{Cannot as _, Error, UsageError};
use crate::output::sanitize;

/// What every verb understands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// The keyring file [env: ENWRAP_KEYRING, or its text in ENWRAP_KEYRING_DATA]
    #[arg(long, global = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) keyring: Option<PathBuf>,

    /// Accept a keyring that others may read, such as a mounted secret
    /// [env: ENWRAP_ALLOW_READABLE_KEYRING=1]
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) allow_readable_keyring: bool,

    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,

    /// Wait this long for another process that changes the keyring
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = LOCK_TIMEOUT.as_secs())]
    #[arg(hide_short_help = true)]
    pub(crate) lock_timeout: u64,

    /// Work with up to N threads in all [default: the processors that this process may use]
    #[arg(short, long, global = true, value_name = "N", hide_short_help = true)]
    #[arg(value_parser = parse_jobs, allow_negative_numbers = true)]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Give a call to AWS KMS up after SECONDS, with all its repetitions
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = DEFAULT_TIMEOUT.as_secs())]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3600), hide_short_help = true)]
    pub(crate) kms_timeout: u64,

    /// Have up to N calls to AWS KMS under way at once
    #[arg(long, global = true, value_name = "N", default_value_t = DEFAULT_CONCURRENCY)]
    #[arg(value_parser = parse_concurrency, hide_short_help = true)]
    pub(crate) kms_concurrency: NonZeroUsize,

    /// Say nothing but results, errors, and what may be wrong with a result
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Say more
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,

    /// Print JSON Lines for programs, where the verb has any
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// When to use colour: 'auto' looks at NO_COLOR and TERM too
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    #[arg(hide_possible_values = true, hide_short_help = true)]
    pub(crate) color: When,

    /// When to show progress: 'always' prints plain lines where there is no terminal
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    #[arg(hide_possible_values = true, hide_short_help = true)]
    pub(crate) progress: When,
}

/// A pair of the encryption context: `K=V`.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl FromStr for Pair {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, value) = text.split_once('=').ok_or("it is not KEY=VALUE")?;
        Ok(Self { key: key.to_owned(), value: value.to_owned() })
    }
}

/// A pair that a message must have, `K=V`, or the key of one, `K`.
#[derive(Clone, Debug)]
pub(crate) struct ExpectedPair {
    key: String,
    value: Option<String>,
}

impl FromStr for ExpectedPair {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (text, None),
        };
        Ok(Self { key: key.to_owned(), value })
    }
}

/// The encryption context of a message that is written.
#[derive(Debug, Args)]
pub(crate) struct ContextArgs {
    /// Store a pair with the message and authenticate it (repeatable); it is not secret
    #[arg(short = 'c', long = "context", value_name = "KEY=VALUE")]
    pairs: Vec<Pair>,

    /// Take pairs from a JSON object of strings
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(hide_short_help = true)]
    pub(crate) context_file: Option<PathBuf>,
}

impl ContextArgs {
    pub(crate) fn context(&self) -> Result<EncryptionContext, Error> {
        context_of(&self.pairs, self.context_file.as_ref())
    }
}

/// The context of these pairs and those of a JSON file.
pub(crate) fn context_of(
    pairs: &[Pair],
    file: Option<&PathBuf>,
) -> Result<EncryptionContext, Error> {
    let mut context = EncryptionContext::default();
    for pair in pairs {
        context.insert(&pair.key, &pair.value)?;
    }
    insert_file(&mut context, file)?;
    Ok(context)
}

fn insert_file(context: &mut EncryptionContext, file: Option<&PathBuf>) -> Result<(), Error> {
    let Some(file) = file else { return Ok(()) };
    let shown = sanitize::name(file);
    let text = std::fs::read(file).cannot("read", file)?;
    insert_pairs(context, &text, &format!("'{shown}'"))
}

/// Adds the pairs of a JSON object of strings. `origin` names in an error where the JSON came from.
pub(crate) fn insert_pairs(
    context: &mut EncryptionContext,
    json: &[u8],
    origin: &str,
) -> Result<(), Error> {
    let pairs: std::collections::BTreeMap<String, String> =
        serde_json::from_slice(json).map_err(|error| {
            UsageError::new(format!("{origin} is no JSON object of strings: {error}"))
                .hint(r#"write it as {"KEY": "VALUE", ..}"#)
        })?;
    for (key, value) in &pairs {
        context.insert(key, value)?;
    }
    Ok(())
}

impl OpenArgs {
    /// Refuses to read standard input from a terminal where `-c` took the name of a file, as `gzip -dc FILE` is typed.
    pub(crate) fn require_input(&self, inputs: &[PathBuf]) -> Result<(), UsageError> {
        let is_file = |pair: &&ExpectedPair| pair.value.is_none() && Path::new(&pair.key).is_file();
        let Some(taken) = self.pairs.iter().find(is_file) else { return Ok(()) };
        if !inputs.is_empty() || !io::stdin().is_terminal() {
            return Ok(());
        }
        let file = sanitize::name(Path::new(&taken.key));
        Err(UsageError::new(format!(
            "-c took '{file}' for a key of the encryption context, and there is no FILE"
        ))
        .hint(format!(
            "leave out -c, and for standard output add '-o -': enwrap decrypt '{file}' -o -"
        )))
    }
}

/// How a message is opened, for every verb that opens one.
#[derive(Debug, Args)]
#[command(next_help_heading = "Opening a message")]
pub(crate) struct OpenArgs {
    /// Expect a pair of the encryption context (repeatable): KEY must be stored, with VALUE if
    /// given; a pair that is not stored must have been bound to the message
    #[arg(short = 'c', long = "context", value_name = "KEY[=VALUE]")]
    pairs: Vec<ExpectedPair>,

    /// Expect the pairs of a JSON object of strings
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(hide_short_help = true)]
    pub(crate) context_file: Option<PathBuf>,

    /// Open with this key only (repeatable): an alias, an id, or the ARN of a key in AWS KMS
    #[arg(long, value_name = "KEY", add = super::complete::key_names())]
    #[arg(hide_short_help = true)]
    only_key: Vec<String>,

    #[command(flatten)]
    discovery: DiscoveryArgs,

    /// Look for further encrypted data keys in this envelope file (repeatable), before FILE.envelope
    /// [env: ENWRAP_ENVELOPE]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) envelope: Vec<PathBuf>,

    /// Which suites to read: 'require-encrypt-allow-decrypt' also those without key commitment, which
    /// old SDKs wrote
    #[arg(long, value_name = "POLICY", default_value = "require-encrypt-require-decrypt")]
    #[arg(hide_possible_values = true, hide_short_help = true)]
    commitment_policy: CommitmentPolicy,

    #[command(flatten)]
    passphrase: MessagePassphraseArgs,

    #[command(flatten)]
    limits: LimitArgs,
}

/// Whether keys of AWS KMS are asked that nobody named.
#[derive(Debug, Args)]
pub(crate) struct DiscoveryArgs {
    /// Ask AWS KMS also for keys that only the message names, and that nobody chose here; with
    /// '=ACCOUNT,..' for those of these accounts only
    #[arg(long, value_name = "ACCOUNT", num_args = 0.., require_equals = true, value_delimiter = ',')]
    #[arg(value_parser = parse_account)]
    #[arg(hide_short_help = true)]
    aws_kms_discovery: Option<Vec<String>>,
}

impl DiscoveryArgs {
    pub(crate) fn discovery(&self) -> Discovery {
        match &self.aws_kms_discovery {
            None => Discovery::Off,
            Some(accounts) if accounts.is_empty() => Discovery::Everywhere,
            Some(accounts) => Discovery::Accounts(accounts.clone()),
        }
    }
}

/// Parses how many calls are made at once. Each waits on a thread of its own.
fn parse_jobs(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse()
        .map_err(|_| "it is a number of threads, at least 1; without it, all processors are used")
}

fn parse_concurrency(text: &str) -> Result<NonZeroUsize, &'static str> {
    let number = text.parse().ok().filter(|number: &NonZeroUsize| number.get() <= 256);
    number.ok_or("it is a number from 1 to 256")
}

/// Parses the number of an AWS account.
fn parse_account(text: &str) -> Result<String, &'static str> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { Ok(text.to_owned()) } else { Err("an account has twelve digits") }
}

/// The commitment policies, by their official names. They differ here in what is read only: every policy writes suites
/// with key commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum CommitmentPolicy {
    /// Read suites with key commitment only
    #[value(name = "require-encrypt-require-decrypt")]
    Committing,
    /// Read all suites
    #[value(name = "require-encrypt-allow-decrypt", alias = "forbid-encrypt-allow-decrypt")]
    All,
}

/// Limits on what is read into memory.
#[derive(Debug, Args)]
pub(crate) struct LimitArgs {
    /// Read headers of up to BYTES
    #[arg(long, value_name = "BYTES", hide_short_help = true)]
    #[arg(default_value_t = Limits::default().header_size)]
    max_header_size: usize,

    /// Read up to N encrypted data keys of one message
    #[arg(long, value_name = "N", hide_short_help = true)]
    #[arg(default_value_t = Limits::default().encrypted_data_keys)]
    max_encrypted_data_keys: u16,

    /// Hold frames of up to BYTES in memory
    #[arg(long, value_name = "BYTES", hide_short_help = true)]
    #[arg(default_value_t = Limits::default().frame_length)]
    max_frame_length: u32,
}

impl LimitArgs {
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            header_size: self.max_header_size,
            encrypted_data_keys: self.max_encrypted_data_keys,
            frame_length: self.max_frame_length,
        }
    }
}

impl OpenArgs {
    /// The sources of the passphrase of messages.
    pub(crate) fn passphrase_sources(&self) -> Sources {
        self.passphrase.sources()
    }

    /// Whether only keys may open a message that are named, and so must be in the keyring.
    pub(crate) fn names_held_keys(&self) -> bool {
        self.only_key.iter().any(|name| !KmsKeyName::is_meant(name))
    }

    /// Whether keys of AWS KMS may open a message that are in no keyring.
    pub(crate) fn names_keys_in_kms(&self) -> bool {
        let is_named = self.only_key.iter().any(|name| KmsKeyName::is_meant(name));
        is_named || self.discovery() != Discovery::Off
    }

    /// The names of the only keys that may open a message; all, if empty.
    pub(crate) fn only_keys(&self) -> &[String] {
        &self.only_key
    }

    /// Which keys of AWS KMS may be asked that only the message names.
    pub(crate) fn discovery(&self) -> Discovery {
        self.discovery.discovery()
    }

    pub(crate) fn policy(&self, keyring: &RootKeys, store: &Store) -> Result<DecryptPolicy, Error> {
        let mut expected = DecryptPolicy {
            limits: self.limits.limits(),
            commitment: match self.commitment_policy {
                CommitmentPolicy::Committing => Commitment::Required,
                CommitmentPolicy::All => Commitment::Optional,
            },
            ..DecryptPolicy::default()
        };
        for pair in &self.pairs {
            match &pair.value {
                Some(value) => expected.pairs.insert_allowing_reserved(&pair.key, value)?,
                None => expected.present.push(pair.key.clone()),
            }
        }
        for (key, value) in context_of(&[], self.context_file.as_ref())?.iter() {
            expected.pairs.insert_allowing_reserved(key, value)?;
        }
        expected.only_keys = key_ids(keyring, store, &self.only_key)?;
        Ok(expected)
    }
}

/// Where results go, for the verbs that write files.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Write to this file; '-' is standard output
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,

    /// Write into this folder instead of beside each input; with -r, into a folder named as the DIR is
    ///
    /// It is made if it is not there. What a list of --files-from names keeps its whole name there: a/b becomes
    /// DIR/a/b.
    #[arg(long, value_name = "DIR", conflicts_with = "output", value_hint = clap::ValueHint::DirPath)]
    pub(crate) output_dir: Option<PathBuf>,

    /// Replace an output that exists
    #[arg(short, long)]
    pub(crate) force: bool,

    /// Have each output on the disk before it counts as done
    #[arg(long)]
    pub(crate) sync: bool,

    /// Give each output to the owner and group of its input; only root can
    ///
    /// For a backup or a restore by root; also of folders and links that are made. Without it, every output belongs
    /// to the user who runs enwrap.
    #[arg(long, hide_short_help = true)]
    pub(crate) preserve_owner: bool,

    /// With -r, go on where a run ended: pass over a file whose output is there, whole, and has its time
    ///
    /// What an earlier run left empty or cut, as after a power cut, is made again. With '=verify', decrypt also
    /// compares each output with the plaintext. With --sync, what is passed over is synced too. Not together with
    /// --remove-source, which leaves no file to pass over: what an earlier run left of both is to be looked at.
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "time")]
    #[arg(conflicts_with = "remove_source", hide_short_help = true)]
    pub(crate) skip_existing: Option<SkipExisting>,

    /// Make symbolic links again as links in the folder of --output-dir
    ///
    /// A link keeps its name and the text of its target, which is not encrypted and not authenticated, and is never
    /// followed. One that is there with the same target is passed over; with -f, one with another target is replaced.
    #[arg(long, requires = "output_dir", help_heading = "Folders", hide_short_help = true)]
    pub(crate) links: bool,

    /// Remove each input when its output is on the disk and in its place
    #[arg(long, hide_short_help = true)]
    pub(crate) remove_source: bool,
}

/// How an output that exists is known to be the whole result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum SkipExisting {
    /// By its length and its time of modification
    Time,
    /// By its content too
    Verify,
}

impl OutputArgs {
    /// Whether each output is synced to the disk. An input is removed only when its output is.
    pub(crate) fn is_synced(&self) -> bool {
        self.sync || self.remove_source
    }

    /// Refuses what only a run over many files has.
    pub(crate) fn require_one_by_one(&self) -> Result<(), UsageError> {
        let option = match (self.skip_existing, self.links) {
            (Some(_), _) => "--skip-existing",
            (None, true) => "--links",
            (None, false) => return Ok(()),
        };
        Err(UsageError::new(format!("{option} is for folders and lists"))
            .hint("take a folder with -r (--recursive), or a list with --files-from"))
    }

    /// How an output is published, whose source has this owner, if it has one.
    pub(crate) fn publication(&self, access: Access, owner: Option<(u32, u32)>) -> Publication {
        Publication::new(access)
            .existing(Existing::replaced_if(self.force))
            .durability(Durability::synced_if(self.is_synced()))
            .owned_by(owner.filter(|_| self.preserve_owner))
    }
}
