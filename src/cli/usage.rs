//! Errors in the arguments: what clap found, in our words, with message and hint apart.

use std::error::Error as _;
use std::num::{IntErrorKind, ParseIntError};
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgMatches, Command, CommandFactory as _};

use super::bridges;
use crate::output::error::UsageError;

/// The words of the verb in arguments that have an error, without `enwrap`.
pub(super) fn verb_in(
    command: Command,
    words: impl Iterator<Item = std::ffi::OsString>,
) -> Vec<String> {
    fn add(matches: &ArgMatches, verb: &mut Vec<String>) {
        if let Some((name, below)) = matches.subcommand() {
            verb.push(name.to_owned());
            add(below, verb);
        }
    }
    let mut verb = Vec::new();
    if let Ok(matches) = command.ignore_errors(true).try_get_matches_from(words) {
        add(&matches, &mut verb);
    }
    verb
}

/// What is wrong with the arguments of a verb, and what to write instead.
pub(super) fn of(error: &clap::Error, verb: &[String]) -> UsageError {
    if let Some(usage) = of_number(error) {
        return usage;
    }
    let name = [&["enwrap".to_owned()], verb].concat().join(" ");
    let message = message(error, &name);
    UsageError::new(message).hint(hint(error, verb, &name))
}

/// What is wrong with a value that has to be a number, in plain words: clap shows those of the standard library, which speak
/// of digits and types.
fn of_number(error: &clap::Error) -> Option<UsageError> {
    let fault = error.source()?.downcast_ref::<ParseIntError>()?;
    let (argument, value) =
        (text(error, ContextKind::InvalidArg)?, text(error, ContextKind::InvalidValue)?);
    let why = match fault.kind() {
        IntErrorKind::PosOverflow => "it is too large",
        _ => "it is no whole number",
    };
    let option = argument.split(' ').next().unwrap_or(argument);
    let shown = unless_secret(" ", value, option);
    Some(
        UsageError::new(format!("invalid value{shown} for '{argument}': {why}"))
            .hint(format!("give {option} a number in decimal digits, without sign or unit")),
    )
}

/// What was typed, behind `before`; nothing if it may be a passphrase that was given where none is taken: messages end up in
/// logs.
fn unless_secret(before: &str, typed: &str, place: &str) -> String {
    if place.contains("passphrase") { String::new() } else { format!("{before}'{typed}'") }
}

fn message(error: &clap::Error, name: &str) -> String {
    let invalid = text(error, ContextKind::InvalidArg);
    match (error.kind(), invalid) {
        (ErrorKind::UnknownArgument, Some(argument)) if argument.starts_with('-') => {
            format!("'{name}' has no option '{argument}'")
        }
        (ErrorKind::UnknownArgument, Some(argument)) => {
            format!("'{name}' takes no further operand{}", unless_secret(": ", argument, name))
        }
        (ErrorKind::InvalidSubcommand, _) => {
            let typed = text(error, ContextKind::InvalidSubcommand).unwrap_or_default();
            format!("there is no command '{name} {typed}'")
        }
        (ErrorKind::TooManyValues, Some(option)) => {
            let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
            format!("'{option}' takes no value{}", unless_secret(": ", value, option))
        }
        (ErrorKind::MissingSubcommand, _) => format!("'{name}' takes a command"),
        (ErrorKind::MissingRequiredArgument, _) => {
            let missing: Vec<_> =
                texts(error, ContextKind::InvalidArg).iter().map(|it| plain(it)).collect();
            let verb = if missing.len() == 1 { "is" } else { "are" };
            format!("'{name}': {} {verb} missing", listed(&missing, "and"))
        }
        _ => in_words_of_clap(error),
    }
}

fn hint(error: &clap::Error, verb: &[String], name: &str) -> String {
    let typed = text(error, ContextKind::InvalidSubcommand)
        .or_else(|| text(error, ContextKind::InvalidArg))
        // Of an option with its value, such as `--context <KEY=VALUE>`, the option.
        .and_then(|typed| typed.split([' ', '=']).next());
    let within = verb.first().map(String::as_str);
    let is_unknown =
        matches!(error.kind(), ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand);
    let bridge = if is_unknown { bridges::over } else { bridges::over_value_of };
    if let Some(bridge) = typed.and_then(|it| bridge(it, within)) {
        return bridge;
    }
    if verb.is_empty()
        && let Some(file) = text(error, ContextKind::InvalidSubcommand)
        && Path::new(file).is_file()
    {
        let verb = if file.ends_with(".enwrap") { "decrypt" } else { "encrypt" };
        return format!("there is a file of that name: enwrap {verb} '{file}'");
    }
    if error.kind() == ErrorKind::UnknownArgument
        && within == Some("exec")
        && typed.is_some_and(|it| !it.starts_with('-'))
    {
        return "a command comes after '--': enwrap exec -e FILE.enwrap -- COMMAND".to_owned();
    }
    let suggested =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    for kind in suggested {
        // The most similar is the last.
        let names: Vec<_> =
            texts(error, kind).iter().rev().take(2).map(|it| format!("'{it}'")).collect();
        if !names.is_empty() {
            return format!("did you mean {}?", listed(&names, "or"));
        }
    }
    // `'encrypt --output-dir' exists`, of an option before its verb.
    let tips = styled(error, ContextKind::Suggested);
    if let Some(option) = tips.iter().find_map(|tip| tip.strip_suffix("' exists")) {
        return format!("it comes after a command: {name} {}", option.trim_start_matches('\''));
    }
    let values = match &texts(error, ContextKind::InvalidArg)[..] {
        [missing] if error.kind() == ErrorKind::MissingRequiredArgument => {
            values_of(&plain(missing), verb)
        }
        _ => texts(error, ContextKind::ValidValue),
    };
    if !values.is_empty() {
        return format!("it is one of: {}", values.join(", "));
    }
    let usage = styled(error, ContextKind::Usage);
    let usage = usage.first().map(|it| in_one_line(it.trim_start_matches("Usage: ")));
    match (error.kind(), usage) {
        (ErrorKind::MissingSubcommand, _) | (_, None) => format!("see '{name} --help'"),
        (_, Some(usage)) => format!("usage: {usage}; see '{name} --help'"),
    }
}

/// The values that an operand of a verb can have; none if it can have any.
fn values_of(operand: &str, verb: &[String]) -> Vec<String> {
    let command = super::Cli::command();
    let found = verb.iter().try_fold(&command, |above, word| above.find_subcommand(word));
    let operands = found.into_iter().flat_map(Command::get_positionals);
    let names_it = |arg: &&Arg| arg.get_value_names().is_some_and(|it| it == [operand]);
    let values = operands.filter(names_it).flat_map(Arg::get_possible_values);
    values.map(|value| value.get_name().to_owned()).collect()
}

/// The first lines of what clap says, without the values that are possible: the hint names them.
fn in_words_of_clap(error: &clap::Error) -> String {
    let rendered = error.render().to_string();
    let paragraph = rendered.trim().split("\n\n").next().unwrap_or_default();
    let lines =
        paragraph.lines().take_while(|line| !line.trim_start().starts_with("[possible values"));
    let message = in_one_line(&lines.collect::<Vec<_>>().join(" "));
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    // `1 is not in 7..=30`, with the value for the second time.
    if let Some((said, range)) = message.rsplit_once(" is not in ")
        && let Some((first, last)) = range.split_once("..=")
        && let Some((said, _)) = said.rsplit_once(": ")
    {
        return format!("{said}: it has to be from {first} to {last}");
    }
    message.to_owned()
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}

fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

fn styled(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

/// `<PATH>...` as `PATH`; an option as it is.
fn plain(argument: &str) -> String {
    if argument.starts_with('-') {
        return argument.to_owned();
    }
    argument.trim_end_matches("...").trim_matches(['<', '>']).to_owned()
}

fn listed(names: &[String], word: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
pub(super) fn verb(words: &[&str]) -> Vec<String> {
    verb_in(super::Cli::command(), words.iter().map(Into::into))
}

#[cfg(test)]
mod tests {

    use super::*;

    fn refused(line: &[&str]) -> (String, String) {
        let words = [&["enwrap"], line].concat();
        let error = crate::cli::Cli::command().try_get_matches_from(&words).unwrap_err();
        let UsageError { message, hint } = of(&error, &verb(&words));
        (message, hint)
    }

    #[track_caller]
    fn assert_refused(line: &[&str], message: &str, hint: &str) {
        assert_eq!(refused(line), (message.to_owned(), hint.to_owned()));
    }

    #[test]
    fn what_is_similar_is_named() {
        assert_refused(
            &["encrypt", "--forse"],
            "'enwrap encrypt' has no option '--forse'",
            "did you mean '--force'?",
        );
        assert_refused(
            &["encrpyt"],
            "there is no command 'enwrap encrpyt'",
            "did you mean 'encrypt' or 'decrypt'?",
        );
        assert_refused(
            &["keyring", "chek"],
            "there is no command 'enwrap keyring chek'",
            "did you mean 'check'?",
        );
        assert_refused(
            &["completions", "fishy"],
            "invalid value 'fishy' for '[SHELL]'",
            "did you mean 'fish'?",
        );
    }

    #[test]
    fn what_can_be_given_is_named_where_it_is_missing() {
        assert_refused(
            &["completions"],
            "'enwrap completions': SHELL is missing",
            "it is one of: bash, elvish, fish, powershell, zsh",
        );
    }

    #[test]
    fn what_is_missing_is_named_once() {
        assert_refused(
            &["rewrap"],
            "'enwrap rewrap': PATH is missing",
            "usage: enwrap rewrap <PATH>...; see 'enwrap rewrap --help'",
        );
        let (message, _) = refused(&["git", "merge", "base"]);
        assert_eq!(message, "'enwrap git merge': OURS and THEIRS are missing");
        let (message, hint) = refused(&["--json"]);
        assert_eq!((&*message, &*hint), ("'enwrap' takes a command", "see 'enwrap --help'"));
    }

    #[test]
    fn a_file_in_the_place_of_a_verb_leads_to_the_verb() {
        assert_refused(
            &["Cargo.toml"],
            "there is no command 'enwrap Cargo.toml'",
            "there is a file of that name: enwrap encrypt 'Cargo.toml'",
        );
        let (_, hint) = refused(&["no-such-file"]);
        assert!(hint.starts_with("usage: "), "{hint}");
    }

    #[test]
    fn an_option_of_ours_is_never_said_to_be_another_here() {
        assert_refused(
            &["encrypt", "a", "-k"],
            "a value is required for '--key <KEY>' but none was supplied",
            "see 'enwrap encrypt --help'",
        );
    }

    #[test]
    fn a_command_of_exec_comes_after_two_dashes() {
        let (_, hint) = refused(&["exec", "-e", "ci.env.enwrap", "printenv"]);
        assert_eq!(hint, "a command comes after '--': enwrap exec -e FILE.enwrap -- COMMAND");
    }

    #[test]
    fn a_range_is_told_in_words() {
        let (message, _) = refused(&["key", "delete", "main", "--pending-days", "1"]);
        let expected = "invalid value '1' for '--pending-days <DAYS>': it has to be from 7 to 30";
        assert_eq!(message, expected);
    }

    #[test]
    fn values_that_are_possible_are_named() {
        assert_refused(
            &["--color", "blue", "keygen"],
            "invalid value 'blue' for '--color <WHEN>'",
            "it is one of: auto, always, never",
        );
        let (message, _) = refused(&["keygen", "a", "b"]);
        assert_eq!(message, "'enwrap keygen' takes no further operand: 'b'");
        let (message, _) = refused(&["decrypt", "--json=x"]);
        assert_eq!(message, "'--json' takes no value: 'x'");
    }

    #[test]
    fn a_number_that_is_none_is_told_in_plain_words() {
        for (value, why) in [
            ("ten", "it is no whole number"),
            ("", "it is no whole number"),
            ("1s", "it is no whole number"),
            ("99999999999999999999", "it is too large"),
        ] {
            assert_refused(
                &["--lock-timeout", value, "keygen"],
                &format!("invalid value '{value}' for '--lock-timeout <SECONDS>': {why}"),
                "give --lock-timeout a number in decimal digits, without sign or unit",
            );
        }
    }

    #[test]
    fn what_may_be_a_passphrase_is_not_repeated() {
        for line in [
            &["encrypt", "--passphrase-recipient=hunter2", "f"][..],
            &["encrypt", "-p", "--new-passphrase-fd", "hunter2", "f"],
            &["encrypt", "--new-passphrase=hunter2", "f"],
            &["decrypt", "--password=hunter2", "f"],
            &["decrypt", "--message-passphrase-fd=hunter2", "f"],
            &["keyring", "passphrase", "hunter2"],
        ] {
            let (message, hint) = refused(line);
            assert!(!format!("{message} {hint}").contains("hunter2"), "{message}: {hint}");
        }
    }

    #[test]
    fn nobody_is_advised_to_put_two_dashes() {
        for line in [&["encrypt", "-x"][..], &["decrypt", "--xyzzy", "a"], &["inspect", "-9"]] {
            let (message, hint) = refused(line);
            assert!(!hint.contains(" -- ") && !message.contains("tip"), "{message}: {hint}");
        }
    }
}
