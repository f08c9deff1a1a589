//! `enwrap man`: the manual pages, one a command.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;

use crate::cli::app::App;
use crate::cli::environment;
use crate::cli::examples::{HEADING, examples};
use crate::cli::help::described;
use crate::cli::io::generated::{make_folder, write_generated};
use crate::cli::outputs::Outputs;
use crate::output::error::{Cannot as _, Error};
use crate::output::exit::Exit;

/// Write the manual pages into a folder
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap man man1
"])]
pub(crate) struct ManArgs {
    /// The folder; it is made if it is not there, and pages in it are replaced
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    folder: PathBuf,
}

pub(crate) fn run(app: &App, args: &ManArgs) -> Result<(), Error> {
    app.require_text("man")?;
    make_folder(&args.folder)?;
    write_pages(&app.outputs, &command(), &args.folder, true)
}

/// The command line, with a description of every option for the generator.
fn command() -> Command {
    with_long_help(described(crate::cli::Cli::command().disable_help_subcommand(true)))
}

/// Makes the short help of an option its long help too, where it has no other. The generator leaves out the short
/// help of what `-h` does not show.
fn with_long_help(command: Command) -> Command {
    command
        .mut_args(|argument| match (argument.get_long_help(), argument.get_help().cloned()) {
            (None, Some(help)) => argument.long_help(help),
            _ => argument,
        })
        .mut_subcommands(with_long_help)
}

fn write_pages(
    outputs: &Outputs,
    command: &Command,
    folder: &Path,
    is_root: bool,
) -> Result<(), Error> {
    let page = Man::new(command.clone()).source(concat!("enwrap ", env!("CARGO_PKG_VERSION")));
    let path = folder.join(page.get_filename());
    let mut text = Vec::new();
    render(command, &page, is_root, &mut text).cannot("write", &path)?;
    write_generated(outputs, &path, &text)?;
    command.get_subcommands().try_for_each(|command| write_pages(outputs, command, folder, false))
}

fn render(command: &Command, page: &Man, is_root: bool, out: &mut dyn Write) -> io::Result<()> {
    page.render_title(out)?;
    page.render_name_section(out)?;
    // Not the generator's synopsis: that lists every option, and so does the next section.
    writeln!(out, ".SH SYNOPSIS")?;
    let usage = command.clone().render_usage().to_string();
    write_lines(out, usage.trim_start_matches("Usage:").lines().map(str::trim))?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    if command.has_subcommands() {
        page.render_subcommands_section(out)?;
    }
    if let Some(help) = command.get_after_long_help()
        && help.to_string().starts_with(HEADING)
    {
        writeln!(out, ".SH EXAMPLES")?;
        let help = help.to_string();
        let lines = help.trim_start_matches(HEADING).trim_start().lines();
        let lines = lines.map(|line| line.strip_prefix("    ").unwrap_or(line));
        write_lines(out, lines.take_while(|line| !line.is_empty()))?;
    }
    if is_root {
        render_contract(out)?;
    } else {
        writeln!(
            out,
            ".SH SEE ALSO\n\\fBenwrap\\fR(1), for global options, exit status, environment and files"
        )?;
    }
    Ok(())
}

/// The sections that every page has.
fn render_contract(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, ".SH EXIT STATUS")?;
    writeln!(out, ".TP\n\\fB0\\fR\ndone")?;
    for exit in Exit::ALL {
        if exit == Exit::NotExecutable {
            let before = "exec: it failed before the command started, by a cause as above";
            writeln!(out, ".TP\n\\fB{}\\fR\n{before}", Exit::BEFORE_COMMAND)?;
        }
        writeln!(out, ".TP\n\\fB{}\\fR\n{}", exit.code(), escaped(exit.meaning()))?;
    }
    writeln!(out, ".TP\n\\fB128+N\\fR\nended by signal N")?;
    writeln!(out, ".SH ENVIRONMENT")?;
    for (name, meaning) in environment::VARIABLES {
        writeln!(out, ".TP\n\\fB{}\\fR\n{}", escaped(name), escaped(meaning))?;
    }
    writeln!(out, ".SH FILES\n.TP\n\\fI~/.config/enwrap/keyring.json\\fR")?;
    writeln!(out, "the keyring; beside it its last ten generations (.1, .2, ..) and its lock")?;
    writeln!(out, ".TP\n\\fI*.enwrap\\fR\nencrypted files: AWS Encryption SDK messages")?;
    writeln!(out, ".TP\n\\fI*.enwrap.envelope\\fR")?;
    writeln!(
        out,
        "the further keys that 'rewrap' gave such a file, to be kept with it; its lock is *.envelope.lock"
    )
}

/// Lines that are shown without filling, so that they can be copied from the page.
fn write_lines<'a>(out: &mut dyn Write, lines: impl Iterator<Item = &'a str>) -> io::Result<()> {
    writeln!(out, ".nf")?;
    for line in lines {
        writeln!(out, "{}", escaped(line))?;
    }
    writeln!(out, ".fi")
}

/// `text` with everything escaped that roff would interpret.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The options of a page that have no text: a paragraph's tag, and what is between it and the next one.
    fn undescribed(page: &str) -> Vec<&str> {
        let (_, paragraphs) = page.split_once(".TP\n").unwrap_or_default();
        let has_text =
            |text: &str| text.lines().any(|line| !line.starts_with('.') && !line.is_empty());
        paragraphs
            .split(".TP\n")
            .filter_map(|paragraph| paragraph.split_once('\n').or(Some((paragraph, ""))))
            .filter(|(_, text)| !has_text(text.split(".SH").next().unwrap_or_default()))
            .map(|(tag, _)| tag)
            .collect()
    }

    fn assert_described(command: &Command) {
        let mut page = Vec::new();
        render(command, &Man::new(command.clone()), true, &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert_eq!(undescribed(&page), [""; 0], "{}", command.get_name());
        command.get_subcommands().for_each(assert_described);
    }

    #[test]
    fn every_option_has_a_description() {
        assert_eq!(undescribed(".TP\n\\-\\-a\ntext\n.TP\n\\-\\-b\n\n.RS\n.SH X\ny\n"), ["\\-\\-b"]);
        assert_described(&command());
    }

    #[test]
    fn roff_takes_nothing_for_its_own() {
        assert_eq!(escaped(".a 'b' --c \\d"), "\\&.a \\(aqb\\(aq \\-\\-c \\ed");
    }
}
