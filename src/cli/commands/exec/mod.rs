//! `enwrap exec`: a command with secrets in its environment.

mod github;
mod secrets;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::str::FromStr;

use clap::Args;

use enwrap::crypto::stack;

use crate::cli::app::App;
use crate::cli::args::OpenArgs;
use crate::cli::child::Spec;
use crate::cli::child::masked::Masked;
use crate::cli::child::memory_file::MemoryFile;
use crate::cli::environment;
use crate::cli::environment_files::{Format, names};
use crate::cli::examples::examples;
use crate::cli::masking::forms;
use crate::cli::masking::mask::Patterns;
use crate::output::error::{Cannot as _, CommandError, Error, UsageError};
use crate::output::sanitize;
use crate::output::status::Status;
use secrets::Secrets;

/// Run a command with secrets in its environment
///
/// Decrypts each FILE to memory, sets what it says as environment variables, and becomes the command.
/// Nothing is started unless all of them are authentic and can be read, and nothing is written to a
/// disk. The exit code is the command's own; 125 is a failure before it started, 126 a command that
/// cannot be executed, 127 one that is not there.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    echo 'DB_PASSWORD=correct horse' | enwrap encrypt -o prod.env.enwrap
    enwrap exec -e prod.env.enwrap -- sh -c 'echo ${#DB_PASSWORD} bytes'
    enwrap exec --mask -e prod.env.enwrap -- env
    enwrap exec --secret-file FILE=prod.env.enwrap -- sh -c 'wc $FILE'
"])]
pub(crate) struct ExecArgs {
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND", value_hint = clap::ValueHint::CommandWithArguments)]
    command: Vec<OsString>,

    /// Set the variables of an encrypted file (repeatable): lines of NAME=VALUE, or a JSON object of
    /// strings; '-' is standard input
    #[arg(short = 'e', long = "env-file", value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(required_unless_present = "secret_file")]
    env_file: Vec<PathBuf>,

    /// Set NAME to the path of a file in memory with the plaintext of FILE (repeatable)
    ///
    /// The path is /proc/self/fd/N, and leads to the plaintext in the command and in what it starts, as long as
    /// they leave descriptor N open. Only Linux has such files.
    #[arg(long, value_name = "NAME=FILE", value_hint = clap::ValueHint::FilePath)]
    secret_file: Vec<SecretFile>,

    /// Hide the secrets in the command's output: each of 4 or more bytes becomes '***'
    ///
    /// Each line of a secret counts, and so do base64, hexadecimal, percent and JSON encodings of it. Output is
    /// held back for 50 ms at most. '=github' also has the runner of GitHub Actions mask them in what other
    /// steps print. '=gitlab' does no more than '--mask': GitLab's runner takes no secrets from a job.
    #[arg(long, value_name = "WHOSE", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "plain", hide_possible_values = true)]
    mask: Option<MaskFor>,

    /// Set only these variables of the files; each must be there
    #[arg(long, value_name = "NAME,..", value_delimiter = ',', value_parser = name)]
    #[arg(help_heading = "Variables")]
    only: Vec<String>,

    /// Begin the name of each variable of the files with P
    #[arg(long, value_name = "P", value_parser = name, help_heading = "Variables")]
    #[arg(hide_short_help = true)]
    prefix: Option<String>,

    /// Give the command no other variables but PATH, HOME, USER, LOGNAME, SHELL, TERM, LANG, LC_*, TZ
    /// and TMPDIR
    #[arg(long, help_heading = "Variables")]
    pristine: bool,

    /// Replace variables that are set already, which are kept otherwise; of two files, the later
    /// one counts
    #[arg(long, help_heading = "Variables")]
    r#override: bool,

    /// Let a file set NAME (repeatable), although it decides what programs do, as PATH or LD_PRELOAD
    #[arg(long, value_name = "NAME", value_parser = name, help_heading = "Variables")]
    #[arg(hide_short_help = true)]
    allow_name: Vec<String>,

    /// How the variables are written in the files, if their first character does not tell: 'dotenv' or
    /// 'json'
    #[arg(long, value_name = "FORMAT", help_heading = "Variables", hide_possible_values = true)]
    #[arg(hide_short_help = true)]
    format: Option<Format>,

    #[command(flatten)]
    open: OpenArgs,
}

/// Whose masking the secrets are handed to, besides ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum MaskFor {
    /// Nobody's
    Plain,
    /// GitHub Actions'
    Github,
    /// GitLab's, which takes none
    Gitlab,
}

/// A variable, and the file whose plaintext it leads to.
#[derive(Clone, Debug)]
struct SecretFile {
    name: String,
    file: PathBuf,
}

impl FromStr for SecretFile {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (variable, file) = text.split_once('=').ok_or("it is not NAME=FILE")?;
        Ok(Self { name: name(variable)?, file: file.into() })
    }
}

fn name(text: &str) -> Result<String, &'static str> {
    if names::is_name(text) {
        Ok(text.to_owned())
    } else {
        Err("it is no name of a variable: letters, digits and '_', and no digit first")
    }
}

pub(crate) fn run(app: &App, args: &ExecArgs) -> Result<Status, Error> {
    if args.mask.is_some() {
        app.require_output()?;
    }
    if args.mask == Some(MaskFor::Github) {
        github::require_runner()?;
    }
    // The keyring is gone from memory when this returns.
    let secrets = Secrets::decrypt(app, args)?;
    // They close when this function returns: until then, what is started inherits them.
    let mut files = Vec::new();
    for (_, plaintext) in &secrets.files {
        files
            .push(MemoryFile::new(plaintext).cannot_do("make a file in memory for --secret-file")?);
    }
    let spec = spec(args, &secrets, &files);
    if args.mask.is_none() {
        return Err(not_started(args, spec.replace_us()).into());
    }
    let patterns = patterns(&secrets)?;
    if args.mask == Some(MaskFor::Github) {
        github::announce(&secrets)?;
    }
    drop(secrets);
    stack::overwrite_registers();
    let masked = Masked::new()
        .cannot_do("make a terminal for the output of the command, which --mask reads")?;
    let running = masked.start(spec).map_err(|source| not_started(args, source))?;
    Ok(status(running.wait(&patterns).cannot_do("pass on the command's output")?))
}

/// The command, with its environment.
fn spec(args: &ExecArgs, secrets: &Secrets, files: &[MemoryFile]) -> Spec {
    let (program, arguments) =
        args.command.split_first().unwrap_or((const { &OsString::new() }, &[]));
    let mut spec = Spec::new(program).args(arguments);
    if args.pristine {
        spec = spec.only_variables(environment::minimum());
    }
    let variables = secrets.variables.iter();
    let is_kept = |name: &str| !args.r#override && environment::is_inherited(name, args.pristine);
    let variables = variables.filter(|it| !is_kept(&it.name));
    spec = spec
        .variables(variables.map(|it| (it.name.as_str(), OsStr::from_bytes(it.value.expose()))));
    let paths: Vec<PathBuf> = files.iter().map(MemoryFile::path).collect();
    let names = secrets.files.iter().map(|(name, _)| name.as_str());
    spec.variables(names.zip(paths.iter().map(|path| path.as_os_str())))
}

fn not_started(args: &ExecArgs, source: io::Error) -> CommandError {
    let command = args.command.first().map_or_else(String::new, sanitize::name);
    CommandError { command, source }
}

/// What is masked.
fn patterns(secrets: &Secrets) -> Result<Patterns, Error> {
    /// An automaton takes some hundred times the size of what it looks for, with all its encodings.
    const MOST_BYTES: usize = 64 << 10;

    let size: usize = secrets.values().map(<[u8]>::len).sum();
    if size > MOST_BYTES {
        return Err(UsageError::new(format!(
            "the secrets have {size} bytes in all, and --mask can hide {MOST_BYTES}"
        ))
        .hint("choose the variables with --only, or leave out --mask")
        .into());
    }
    let forms = forms::all(secrets.values());
    let forms: Vec<&[u8]> = forms.iter().map(|form| &form[..]).collect();
    Patterns::new(&forms).map_err(io::Error::other).cannot_do("prepare for masking")
}

fn status(status: ExitStatus) -> Status {
    match (status.code(), status.signal()) {
        (Some(code), _) => Status::Child(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, signal) => Status::Killed(signal.unwrap_or_default()),
    }
}
