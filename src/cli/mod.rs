//! The command line: the verbs in [`commands`], and what they share.
//!
//! [`main`] reads the arguments and runs the verb. It is the one place where an error becomes text and an exit code.

mod app;
mod args;
mod bridges;
mod child;
mod commands;
mod complete;
mod dry_run;
mod environment;
mod environment_files;
mod examples;
mod help;
mod io;
mod key_choice;
mod key_services;
mod masking;
mod opening;
mod outputs;
mod process;
mod replacement;
mod secrets;
mod shortfalls;
mod signals;
mod trees;
mod usage;
mod version;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser};
use signal_hook::consts::SIGPIPE;

use enwrap::crypto::stack;

use crate::output::diagnosis::{Diagnosis, is_broken_pipe};
use crate::output::error::UsageError;
use crate::output::exit::{Codes, Exit};
use crate::output::status::Status;
use crate::output::{self, Format, Ui, Verbosity, When, sanitize};
use app::App;
use args::GlobalArgs;
use commands::Verb;
use commands::encrypt::from_command;
use examples::examples;

/// Envelope encryption for files, with root keys in a local keyring
///
/// Every file is encrypted under a data key of its own; the data key travels with the file, wrapped
/// under one or more root keys. The files are AWS Encryption SDK messages.
#[derive(Debug, Parser)]
#[command(name = "enwrap", version = version::VERSION, max_term_width = 100)]
#[command(after_long_help = examples!["
    enwrap keygen
    enwrap encrypt notes.txt
    enwrap decrypt notes.txt.enwrap -o notes.back
"])]
#[command(subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,

    #[command(subcommand)]
    verb: Verb,
}

pub(crate) fn main() -> ExitCode {
    process::harden();
    process::handle_signals();
    // A signal ends the process without wiping, so it is raised when all is wiped.
    match stack::wipe_after(run) {
        Ended::With(code) => code.into(),
        Ended::By { signal, or } => {
            process::die_by(signal);
            or.into()
        }
    }
}

/// How the process is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// With an exit code.
    With(u8),
    /// By a signal, or else with an exit code.
    By { signal: i32, or: u8 },
}

impl Ended {
    /// The reader of the output has gone.
    const OF_BROKEN_PIPE: Self = Self::By { signal: SIGPIPE, or: Exit::Failure as u8 };
}

/// Does what the arguments say.
fn run() -> Ended {
    match complete::answer::<Cli>() {
        Ok(false) => {}
        Ok(true) => return Ended::With(0),
        Err(error) => return refuse(&error),
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&escaped(error)),
    };
    let app = match App::new(&cli.global) {
        Ok(app) => app,
        Err(usage) => return refuse_usage(usage, cli.global.json),
    };
    let codes = cli.verb.codes();
    let result = app.require_output_of_records().and_then(|()| cli.verb.run(&app));
    shortfalls::tell(app.ui);
    let result = result.and_then(|status| {
        if let Status::Found(found) = &status {
            app.ui.error(&Diagnosis::of_finding(found));
        }
        output::close_stdout()?;
        Ok(status)
    });
    match result {
        Ok(Status::Killed(signal)) => Ended::By { signal, or: Status::Killed(signal).code() },
        Ok(status) => Ended::With(status.code()),
        Err(error) if is_broken_pipe(&error) => Ended::OF_BROKEN_PIPE,
        Err(error) => {
            let diagnosis = Diagnosis::of(&error);
            app.ui.error(&diagnosis);
            Ended::With(codes.of(diagnosis.exit))
        }
    }
}

/// Shows what clap has to say: help, the version, or an error in the arguments.
fn refuse(error: &clap::Error) -> Ended {
    // The arguments could not be parsed, so whether JSON is wanted is judged by the text of the flag.
    let wants_json = std::env::args_os().take_while(|arg| arg != "--").any(|arg| arg == "--json");
    if from_command::lacks_marker() {
        return refuse_usage(from_command::no_marker(), wants_json);
    }
    if is_late_passphrase_command(error) {
        let usage = UsageError::new("--passphrase-command is an option before the verb only").hint(
            "enwrap --passphrase-command COMMAND VERB ..; if it is the name of a file, put '--' before the files",
        );
        return refuse_usage(usage, wants_json);
    }
    let is_version = error.kind() == ErrorKind::DisplayVersion;
    if is_version && std::env::args_os().any(|arg| arg == "-v" || arg == "--verbose") {
        return match output::print(version::verbose().as_bytes()) {
            Ok(()) => Ended::With(0),
            Err(failed) => refuse_to_print(failed),
        };
    }
    if is_help(error.kind())
        && let Err(help) = help::shaped(
            Cli::command(),
            std::env::args_os().any(|it| it == "--help" || it == "help"),
        )
        .try_get_matches_from(std::env::args_os())
    {
        return show(&help);
    }
    if error.use_stderr() {
        return refuse_usage(usage::of(error, &verb_of_arguments()), wants_json);
    }
    show(error)
}

fn is_help(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand)
}

/// Prints help, the version, or an error, where clap prints it.
fn show(said: &clap::Error) -> Ended {
    if let Err(failed) = said.print() {
        if failed.kind() == std::io::ErrorKind::BrokenPipe {
            return Ended::OF_BROKEN_PIPE;
        }
        if !said.use_stderr() {
            return refuse_to_print(output::not_printed(failed));
        }
    }
    Ended::With(if said.use_stderr() { codes_of_arguments().of(Exit::Usage) } else { 0 })
}

/// Says that standard output does not take what there is to print; a pipe whose reader has gone ends the process.
fn refuse_to_print(failed: std::io::Error) -> Ended {
    let error = failed.into();
    if is_broken_pipe(&error) {
        return Ended::OF_BROKEN_PIPE;
    }
    Ui::new(Format::Text, Verbosity::Normal, When::Auto, When::Never).error(&Diagnosis::of(&error));
    Ended::With(Exit::Failure.code())
}

/// The words of the verb in arguments that have an error.
fn verb_of_arguments() -> Vec<String> {
    usage::verb_in(Cli::command(), std::env::args_os())
}

/// The exit codes of the verb that is named in arguments that have an error.
fn codes_of_arguments() -> Codes {
    let verb = verb_of_arguments();
    match &verb.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["exec", ..] => Codes::OfExec,
        ["git", "merge"] => Codes::OfMergeDriver,
        _ => Codes::Own,
    }
}

/// Says what is wrong with arguments.
fn refuse_usage(usage: UsageError, wants_json: bool) -> Ended {
    let format = if wants_json { Format::Json } else { Format::Text };
    Ui::new(format, Verbosity::Normal, When::Auto, When::Never)
        .error(&Diagnosis::of(&usage.into()));
    Ended::With(codes_of_arguments().of(Exit::Usage))
}

/// The same error about arguments in which everything is escaped that a terminal would act on: its text quotes them.
fn escaped(error: clap::Error) -> clap::Error {
    match Cli::try_parse_from(std::env::args_os().map(sanitize::name)) {
        Err(escaped) if escaped.kind() == error.kind() => escaped,
        _ => error,
    }
}

/// Whether `--passphrase-command` stands after the verb, where it is not read.
fn is_late_passphrase_command(error: &clap::Error) -> bool {
    use clap::error::{ContextKind, ContextValue};

    error.kind() == ErrorKind::UnknownArgument
        && error.get(ContextKind::InvalidArg)
            == Some(&ContextValue::String("--passphrase-command".to_owned()))
}
