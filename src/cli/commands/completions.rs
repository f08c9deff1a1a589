//! `enwrap completions`: what a shell needs to complete enwrap's command line.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::app::App;
use crate::cli::examples::examples;
use crate::output::error::Error;
use crate::output::print;

/// Print a completion script for a shell
///
/// It knows every command and option. To complete the names of your keys too, have the shell ask enwrap
/// itself; in ~/.bashrc: source <(ENWRAP_COMPLETE=bash enwrap), and likewise for zsh; in fish:
/// ENWRAP_COMPLETE=fish enwrap | source.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap completions bash > enwrap.bash
    enwrap completions zsh > _enwrap
    enwrap completions fish > enwrap.fish
"])]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(app: &App, args: &CompletionsArgs) -> Result<(), Error> {
    app.require_text("completions")?;
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::cli::Cli::command(), "enwrap", &mut script);
    Ok(print(&script)?)
}
