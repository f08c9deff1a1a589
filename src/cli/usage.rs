//! Errors in the arguments, for programs: what clap says to people, with message and hint apart.

use std::error::Error as _;
use std::num::{IntErrorKind, ParseIntError};

use clap::error::{ContextKind, ContextValue};

use crate::output::error::UsageError;

/// Takes clap's text apart. Its paragraphs are the message, perhaps tips, the usage, and a pointer to the help.
pub(crate) fn of(text: &str) -> UsageError {
    let mut paragraphs = text.trim().split("\n\n").map(in_one_line);
    let message = paragraphs.next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let rest: Vec<String> = paragraphs.filter(|paragraph| !paragraph.is_empty()).collect();
    let tips: Vec<&str> = rest.iter().filter_map(|it| it.strip_prefix("tip: ")).collect();
    let usage = rest.iter().find(|paragraph| paragraph.starts_with("Usage: "));
    let hint = match (&tips[..], usage, rest.first()) {
        ([_, ..], _, _) => tips.join("; "),
        ([], Some(usage), _) => usage.clone(),
        ([], None, Some(other)) => other.clone(),
        ([], None, None) => "see 'enwrap --help'".to_owned(),
    };
    UsageError::new(message).hint(hint)
}

/// What is wrong with a value that has to be a number, in plain words: clap shows those of the standard library, which speak
/// of digits and types.
pub(crate) fn of_number(error: &clap::Error) -> Option<UsageError> {
    let fault = error.source()?.downcast_ref::<ParseIntError>()?;
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let (argument, value) = (text(ContextKind::InvalidArg)?, text(ContextKind::InvalidValue)?);
    let why = match fault.kind() {
        IntErrorKind::PosOverflow => "it is too large",
        _ => "it is no whole number",
    };
    let option = argument.split(' ').next().unwrap_or(argument);
    Some(
        UsageError::new(format!("invalid value '{value}' for '{argument}': {why}"))
            .hint(format!("give {option} a number in decimal digits, without sign or unit")),
    )
}

fn in_one_line(paragraph: &str) -> String {
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn refused(line: &[&str]) -> (String, String) {
        let command = crate::cli::Cli::command();
        let error = command.try_get_matches_from([&["enwrap"], line].concat()).unwrap_err();
        let UsageError { message, hint } = of(&error.render().to_string());
        (message, hint)
    }

    #[test]
    fn message_and_hint_are_apart_and_in_one_line() {
        let (message, hint) = refused(&["encrypt", "--forse"]);
        assert_eq!(message, "unexpected argument '--forse' found");
        assert!(hint.contains("'--force'"));
        let (message, hint) = refused(&["rewrap"]);
        assert_eq!(message, "the following required arguments were not provided: <PATH>...");
        assert!(hint.starts_with("Usage: enwrap rewrap"));
        let (message, hint) = refused(&["--color", "blue", "keygen"]);
        assert!(message.starts_with("invalid value 'blue' for '--color <WHEN>'"), "{message}");
        assert_eq!(hint, "For more information, try '--help'.");
    }

    #[test]
    fn a_number_that_is_none_is_told_in_plain_words() {
        let refused = |value: &str| {
            let command = crate::cli::Cli::command();
            let line = ["enwrap", "--lock-timeout", value, "keygen"];
            of_number(&command.try_get_matches_from(line).unwrap_err())
        };
        for (value, why) in [
            ("ten", "it is no whole number"),
            ("", "it is no whole number"),
            ("1s", "it is no whole number"),
            ("99999999999999999999", "it is too large"),
        ] {
            let UsageError { message, hint } = refused(value).unwrap();
            assert_eq!(
                message,
                format!("invalid value '{value}' for '--lock-timeout <SECONDS>': {why}")
            );
            assert!(hint.contains("--lock-timeout"));
        }
    }
}
