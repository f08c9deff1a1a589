//! What `-h` and `--help` show: of a verb its own options only, and first of all the verbs by what they are for.
//!
//! The arguments are parsed without any of this, which takes longer than to encrypt a small file.

use std::fmt::Write as _;

use clap::builder::Styles;
use clap::{Arg, Command};

/// The verbs, by what they are for.
const GROUPS: [(&str, &[&str]); 3] = [
    ("Files", &["encrypt", "decrypt", "verify", "inspect", "edit", "rewrap", "reencrypt"]),
    ("Keys", &["keygen", "key", "keyring"]),
    ("Other programs, and the shell", &["exec", "git", "datakey", "completions", "man"]),
];

/// Where the first screen leads to.
const NEXT: &str = "To begin: enwrap keygen   Help: enwrap COMMAND --help   Options: enwrap --help";

/// `command` with what its help shows: in short, or in full.
pub(super) fn shaped(command: Command, is_long: bool) -> Command {
    let command = described(command);
    let verbs = listed(&command);
    // The short one fits a terminal of 24 lines. The list is part of the template, where it is not wrapped.
    let template = if is_long {
        format!(
            "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{verbs}\n{{all-args}}{{after-help}}"
        )
    } else {
        format!("{{about-with-newline}}{{usage-heading}} {{usage}}\n\n{verbs}\n{NEXT}")
    };
    command
        .help_template(template)
        .override_usage("enwrap [OPTIONS] COMMAND [ARGUMENT]..")
        .mut_subcommands(|verb| verb.hide(true))
}

/// `command` with the options of each verb alone, as the manual shows them too.
pub(super) fn described(mut command: Command) -> Command {
    // Global options reach the verbs only now.
    command.build();
    let options = command.get_arguments().map(|it| it.get_id().clone()).collect::<Vec<_>>();
    let is_global = |argument: &Arg| options.contains(argument.get_id());
    command.mut_args(with_default).mut_subcommands(|verb| {
        if verb.get_name() == "help" {
            verb.hide(true)
        } else {
            of_verb(verb, "enwrap", &is_global)
        }
    })
}

fn of_verb(verb: Command, above: &str, is_global: &dyn Fn(&Arg) -> bool) -> Command {
    let name = format!("{above} {}", verb.get_name());
    let examples = verb.get_after_long_help().map(|it| format!("{it}\n")).unwrap_or_default();
    let more = if verb.has_subcommands() { format!("{name} COMMAND") } else { name.clone() };
    verb.mut_args(
        |argument| {
            if is_global(&argument) { argument.hide(true) } else { with_default(argument) }
        },
    )
    .mut_subcommands(|verb| {
        if verb.get_name() == "help" { verb.hide(true) } else { of_verb(verb, &name, is_global) }
    })
    .after_help(format!("In full: {more} --help   Global options: enwrap --help"))
    .after_long_help(format!(
        "{examples}Options of every command, such as --keyring: enwrap --help"
    ))
}

/// The argument, with its default in the text of its help, where it takes no lines of its own.
fn with_default(argument: Arg) -> Arg {
    let values: Vec<_> =
        argument.get_default_values().iter().map(|it| it.to_string_lossy()).collect();
    let takes_values = argument.get_num_args().is_some_and(|it| it.takes_values());
    if values.is_empty() || !takes_values || argument.is_hide_default_value_set() {
        return argument;
    }
    let default = format!(" [default: {}]", values.join(" "));
    let help = argument.get_help().map(|it| format!("{it}{default}"));
    let long_help = argument.get_long_help().map(|it| {
        let text = it.to_string();
        let (first, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
        if rest.is_empty() {
            format!("{first}{default}")
        } else {
            format!("{first}{default}\n\n{rest}")
        }
    });
    let mut argument = argument.hide_default_value(true);
    if let Some(help) = help {
        argument = argument.help(help);
    }
    match long_help {
        Some(help) => argument.long_help(help),
        None => argument,
    }
}

/// The verbs in their groups, each with what it does.
fn listed(command: &Command) -> String {
    let styles = Styles::default();
    let (header, literal) = (styles.get_header(), styles.get_literal());
    let mut text = String::new();
    for (heading, verbs) in GROUPS {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{header}{heading}{header:#}");
        for verb in verbs.iter().filter_map(|name| command.find_subcommand(name)) {
            let (name, about) = (verb.get_name(), verb.get_about().cloned().unwrap_or_default());
            let _ = writeln!(text, "  {literal}{name:<11}{literal:#}  {about}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::*;

    /// The width of a small terminal.
    const COLUMNS: usize = 80;
    use crate::cli::examples::HEADING;

    /// Every verb below `command`, with its words.
    fn verbs(command: &Command, above: &str) -> Vec<(String, Command)> {
        command
            .get_subcommands()
            .filter(|verb| verb.get_name() != "help")
            .flat_map(|verb| {
                let name = format!("{above} {}", verb.get_name());
                let below = verbs(verb, &name);
                [(name, verb.clone())].into_iter().chain(below).collect::<Vec<_>>()
            })
            .collect()
    }

    fn all() -> Vec<(String, Command)> {
        verbs(&shaped(crate::cli::Cli::command().term_width(COLUMNS), true), "enwrap")
    }

    fn rendered(mut command: Command, is_long: bool) -> String {
        let help = if is_long { command.render_long_help() } else { command.render_help() };
        help.to_string()
    }

    #[test]
    fn every_verb_is_in_one_group() {
        let command = crate::cli::Cli::command();
        let listed: Vec<&str> = GROUPS.iter().flat_map(|(_, verbs)| *verbs).copied().collect();
        let verbs: BTreeSet<&str> = command.get_subcommands().map(Command::get_name).collect();
        assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), verbs);
        assert_eq!(listed.len(), verbs.len());
    }

    #[test]
    fn the_first_screen_fits_a_small_terminal() {
        let command = shaped(crate::cli::Cli::command().term_width(COLUMNS), false);
        let screen = rendered(command, false);
        assert!(screen.lines().count() <= 23, "{screen}");
        assert!(screen.lines().all(|line| line.chars().count() <= COLUMNS), "{screen}");
        assert!(screen.contains("  encrypt      Encrypt files"), "{screen}");
    }

    #[test]
    fn short_help_fits_a_screen() {
        for (name, verb) in all() {
            let help = rendered(verb, false);
            assert!(help.lines().count() <= 40, "'{name} -h' is long: hide_short_help\n{help}");
            assert!(help.contains(&format!("In full: {name}")), "{help}");
            assert!(help.lines().all(|line| line.chars().count() <= COLUMNS), "{help}");
            assert!(help.lines().any(|line| line.ends_with("Global options: enwrap --help")));
        }
    }

    #[test]
    fn arguments_are_under_no_heading_of_options() {
        for (name, verb) in all() {
            for argument in verb.get_positionals() {
                assert_eq!(argument.get_help_heading(), None, "{name}: {argument}");
            }
        }
    }

    #[test]
    fn verbs_show_their_own_options_only() {
        for (name, verb) in all() {
            let help = rendered(verb, true);
            assert!(!help.contains("--kms-timeout") && !help.contains("--lock-timeout"), "{name}");
        }
        let command = shaped(crate::cli::Cli::command(), true);
        assert!(rendered(command, true).contains("--kms-timeout"));
    }

    #[test]
    fn no_command_is_broken_at_the_end_of_a_line() {
        let mut examples = 0;
        for (name, verb) in all() {
            let given = verb.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            let help = rendered(verb, true);
            let lines = given.strip_prefix(HEADING).unwrap_or_default().trim().lines();
            for line in lines.take_while(|line| !line.is_empty()) {
                assert!(line.chars().count() <= 72, "an example of '{name}' is long: {line}");
                assert!(help.lines().any(|it| it.trim() == line.trim()), "{name}: {line}");
                examples += 1;
            }
            for line in help.lines() {
                let quoted = line.rsplit_once("'enwrap ").map(|(_, rest)| rest);
                assert!(quoted.is_none_or(|rest| rest.contains('\'')), "{name}: {line}");
                assert!(!line.ends_with("'enwrap"), "{name}: {line}");
            }
        }
        assert!(examples > 50, "{examples} examples");
    }
}
