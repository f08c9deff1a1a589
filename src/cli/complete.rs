//! Completion: the shell asks `ENWRAP_COMPLETE=bash enwrap -- WORD..` what may follow the words that were typed.
//!
//! The scripts in `completions/` put that question. The first line of the answer says whether the word may also be a path,
//! which the shell completes itself: only it knows `~`, its variables and its quotes. The other lines are candidates, each
//! with a tab before its description. For elvish, the script and the answers are those of clap_complete.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use clap::{Arg, Command, CommandFactory, ValueHint};
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate, complete};
use clap_complete::env::{CompleteEnv, Elvish, EnvCompleter, Shells};

use enwrap::keyring::{Location, Store};

use super::environment;

/// The variable that asks for completions.
const VARIABLE: &str = "ENWRAP_COMPLETE";

const BASH: Script = Script { shell: "bash", text: include_str!("../../completions/enwrap.bash") };
const FISH: Script = Script { shell: "fish", text: include_str!("../../completions/enwrap.fish") };
// Not clap_complete's own, which evaluates what was typed: of `enwrap encrypt $(..)`, Tab would run what is in the brackets.
const POWERSHELL: Script =
    Script { shell: "powershell", text: include_str!("../../completions/_enwrap.ps1") };
const ZSH: Script = Script { shell: "zsh", text: include_str!("../../completions/_enwrap") };

/// Answers a shell that asks what may follow, and says whether one asked.
///
/// # Errors
/// If the shell is not one of ours, or standard output cannot be written.
pub(super) fn answer<C: CommandFactory>() -> clap::error::Result<bool> {
    CompleteEnv::with_factory(C::command)
        .var(VARIABLE)
        .shells(Shells(&[&BASH, &Elvish, &FISH, &POWERSHELL, &ZSH]))
        .try_complete(std::env::args_os(), std::env::current_dir().ok().as_deref())
}

/// Writes the script for a shell.
pub(super) fn write_script(shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    let completer: &dyn EnvCompleter = match shell {
        Shell::Bash => &BASH,
        Shell::Elvish => &Elvish,
        Shell::Fish => &FISH,
        Shell::PowerShell => &POWERSHELL,
        Shell::Zsh => &ZSH,
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    completer.write_registration(VARIABLE, "enwrap", "enwrap", "enwrap", out)
}

/// A shell with a script of ours.
struct Script {
    shell: &'static str,
    text: &'static str,
}

impl EnvCompleter for Script {
    fn name(&self) -> &'static str {
        self.shell
    }

    fn is(&self, name: &str) -> bool {
        name == self.shell
    }

    fn write_registration(
        &self,
        _: &str,
        _: &str,
        _: &str,
        _: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        out.write_all(self.text.as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        current_dir: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        // Only then are there the 'help' verbs.
        command.build();
        let mut command = marking_paths(std::mem::take(command));
        let word = words.last().cloned().unwrap_or_default();
        let index = words.len().saturating_sub(1);
        let mut candidates = complete(&mut command, words, index, current_dir)?;
        // Where an option was begun, the marker of an operand does not count: it stands alone.
        let begun = if begins_option(&word) { "-" } else { "" };
        let is_marker = |it: &CompletionCandidate, marker: &str| {
            let value = it.get_value().as_encoded_bytes();
            value.ends_with(marker.as_bytes()) && value.starts_with(begun.as_bytes())
        };
        let is_any_marker =
            |it: &CompletionCandidate| it.get_value().as_encoded_bytes().contains(&(MARK as u8));
        let marker = [FILES, FOLDERS]
            .into_iter()
            .find(|marker| candidates.iter().any(|it| is_marker(it, marker)));
        candidates.retain(|it| !is_any_marker(it));
        // Options are offered to those who began one, and where nothing else can follow.
        let is_option = |it: &CompletionCandidate| begins_option(it.get_value());
        let has_others = marker.is_some() || !candidates.iter().all(is_option);
        if has_others && !begins_option(&word) {
            candidates.retain(|it| !is_option(it));
        }
        writeln!(out, "{}", marker.map_or("names", |marker| marker.trim_start_matches(MARK)))?;
        for candidate in &candidates {
            write!(out, "{}", candidate.get_value().to_string_lossy())?;
            let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
            match help.lines().next() {
                Some(line) => writeln!(out, "\t{line}")?,
                None => writeln!(out)?,
            }
        }
        Ok(())
    }
}

/// What no name of a file begins with.
const MARK: char = '\0';
/// The candidate that stands for all files.
const FILES: &str = "\0files";
/// The candidate that stands for all folders.
const FOLDERS: &str = "\0folders";

/// `command`, whose arguments that are paths have a marker for their only candidate. 'help' is offered to those who began
/// it.
fn marking_paths(command: Command) -> Command {
    let marked = |argument: Arg| {
        let marker = match argument.get_value_hint() {
            ValueHint::Unknown | ValueHint::Other => return argument,
            ValueHint::DirPath => FOLDERS,
            _ => FILES,
        };
        argument
            .add(ArgValueCompleter::new(move |_: &OsStr| vec![CompletionCandidate::new(marker)]))
    };
    command.mut_args(marked).mut_subcommands(|verb| {
        let is_help = verb.get_name() == "help";
        marking_paths(verb).hide(is_help)
    })
}

fn begins_option(word: &OsStr) -> bool {
    word.as_encoded_bytes().starts_with(b"-")
}

/// Candidates for a KEY: the aliases of the keyring that the line names, or else the environment.
pub(super) fn key_names() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let words: Vec<OsString> =
            std::env::args_os().skip_while(|it| it != "--").skip(1).collect();
        let named = keyring_on(&words);
        let location = environment::keyring_location(named.as_deref()).ok();
        // A pipe would keep the shell waiting, and what is read of it would be gone.
        let location = location.filter(|it| match it {
            Location::File(path) => path.is_file(),
            Location::Data { .. } => true,
        });
        let store = location
            .map(|it| Store::new(it, environment::allow_readable_keyring().unwrap_or(false)));
        // No error here: the command that is being typed will report what is wrong with the keyring.
        let Some(keyring) = store.and_then(|store| store.load().ok()) else { return Vec::new() };
        let candidate = |alias: &enwrap::keyring::Alias| {
            let description = keyring.aliased(alias).ok().map(|key| key.description().to_owned());
            let description = description.filter(|text| !text.is_empty());
            CompletionCandidate::new(alias.as_str()).help(description.map(Into::into))
        };
        keyring.aliases().iter().map(candidate).collect()
    })
}

/// The keyring that is named on a line of words, of which the shell has not expanded `~`.
fn keyring_on(words: &[OsString]) -> Option<PathBuf> {
    let words = words.iter().take_while(|word| *word != "--");
    let mut value = None;
    let mut is_next = false;
    for word in words {
        if is_next {
            value = Some(word.as_os_str());
        } else if let Some(text) = word.as_encoded_bytes().strip_prefix(b"--keyring=") {
            value = Some(OsStr::from_bytes(text));
        }
        is_next = !is_next && word == "--keyring";
    }
    let path = Path::new(value?);
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(below), Some(home)) => Some(home.join(below)),
        _ => Some(path.to_path_buf()),
    }
}

#[cfg(test)]
mod tests {
    use clap::builder::ValueParser;

    use super::*;

    fn keyring(line: &str) -> Option<String> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        keyring_on(&words).map(|path| path.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_keyring_of_a_line_is_found_before_and_after_the_verb() {
        assert_eq!(keyring("enwrap --keyring k.json encrypt -k "), Some("k.json".to_owned()));
        assert_eq!(keyring("enwrap encrypt --keyring=k.json -k "), Some("k.json".to_owned()));
        assert_eq!(keyring("enwrap encrypt -k "), None);
        assert_eq!(keyring("enwrap exec -- tool --keyring k.json"), None);
        assert!(keyring("enwrap --keyring ~/k.json").unwrap().ends_with("/k.json"));
        assert!(!keyring("enwrap --keyring ~/k.json").unwrap().contains('~'));
    }

    fn paths_without_a_hint(command: &Command, found: &mut Vec<String>) {
        let path = ValueParser::path_buf().type_id();
        for argument in command.get_arguments() {
            let is_path = argument.get_value_parser().type_id() == path;
            if is_path && argument.get_value_hint() == ValueHint::Unknown {
                found.push(format!("{} {}", command.get_name(), argument.get_id()));
            }
        }
        command.get_subcommands().for_each(|it| paths_without_a_hint(it, found));
    }

    #[test]
    fn every_argument_that_is_a_path_is_completed_as_one() {
        let mut found = Vec::new();
        paths_without_a_hint(&crate::cli::Cli::command(), &mut found);
        assert_eq!(found, [""; 0]);
    }
}
