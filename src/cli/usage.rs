//! Errors in the arguments, for programs: what clap says to people, with message and hint apart.

use crate::output::error::UsageError;

/// Takes clap's text apart. Its paragraphs are the message, perhaps tips, the usage, and a pointer to the help.
pub(crate) fn of(text: &str) -> UsageError {
    let mut paragraphs = text.trim().split("\n\n").map(in_one_line);
    let message = paragraphs.next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let rest: Vec<String> = paragraphs.filter(|paragraph| !paragraph.is_empty()).collect();
    let tips: Vec<&str> = rest.iter().filter_map(|it| it.strip_prefix("tip: ")).collect();
    let usage = rest.iter().find(|paragraph| paragraph.starts_with("Usage: "));
    let error = UsageError::new(message);
    match (&tips[..], usage, rest.first()) {
        ([_, ..], _, _) => error.hint(tips.join("; ")),
        ([], Some(usage), _) => error.hint(usage),
        ([], None, Some(other)) => error.hint(other),
        ([], None, None) => error,
    }
}

fn in_one_line(paragraph: &str) -> String {
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn refused(line: &[&str]) -> (String, Option<String>) {
        let command = crate::cli::Cli::command();
        let error = command.try_get_matches_from([&["enwrap"], line].concat()).unwrap_err();
        let UsageError { message, hint } = of(&error.render().to_string());
        (message, hint)
    }

    #[test]
    fn message_and_hint_are_apart_and_in_one_line() {
        let (message, hint) = refused(&["encrypt", "--forse"]);
        assert_eq!(message, "unexpected argument '--forse' found");
        assert!(hint.unwrap().contains("'--force'"));
        let (message, hint) = refused(&["rewrap"]);
        assert_eq!(message, "the following required arguments were not provided: <PATH>...");
        assert!(hint.unwrap().starts_with("Usage: enwrap rewrap"));
        let (message, hint) = refused(&["--color", "blue", "keygen"]);
        assert!(message.starts_with("invalid value 'blue' for '--color <WHEN>'"), "{message}");
        assert_eq!(hint.unwrap(), "For more information, try '--help'.");
    }
}
