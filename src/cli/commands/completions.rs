//! `enwrap completions`: what a shell needs to complete enwrap's command line.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum as _};
use clap_complete::{Generator as _, Shell};

use crate::cli::app::App;
use crate::cli::complete::write_script;
use crate::cli::examples::examples;
use crate::cli::io::generated::{make_folder, write_generated};
use crate::cli::outputs::Outputs;
use crate::output::error::{Cannot as _, Error};
use crate::output::print;

/// Write completion scripts for shells
///
/// They complete commands, options, files, and the names of your keys. To have one loaded:
///
///   bash        ~/.bashrc: source <(enwrap completions bash)
///   zsh         keep it as _enwrap in a folder of $fpath, before compinit
///   fish        keep it as ~/.config/fish/completions/enwrap.fish
///   elvish      rc.elv: eval (enwrap completions elvish | slurp)
///   PowerShell  $PROFILE: enwrap completions powershell | Out-String | iex
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
#[command(after_long_help = examples!["
    enwrap completions bash > enwrap.bash
    enwrap completions zsh > _enwrap
    enwrap completions --output-dir completions
"])]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(required_unless_present = "output_dir")]
    shell: Option<Shell>,

    /// Write the script into this folder, by the name that the shell looks for; without SHELL, that of
    /// every shell
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    output_dir: Option<PathBuf>,
}

pub(crate) fn run(app: &App, args: &CompletionsArgs) -> Result<(), Error> {
    app.require_text("completions")?;
    match (&args.output_dir, args.shell) {
        (Some(folder), Some(shell)) => write(&app.outputs, folder, &[shell]),
        (Some(folder), None) => write(&app.outputs, folder, Shell::value_variants()),
        (None, shell) => Ok(print(&script(shell.unwrap_or(Shell::Bash))?)?),
    }
}

fn write(outputs: &Outputs, folder: &Path, shells: &[Shell]) -> Result<(), Error> {
    make_folder(folder)?;
    shells.iter().try_for_each(|shell| {
        write_generated(outputs, &folder.join(shell.file_name("enwrap")), &script(*shell)?)
    })
}

fn script(shell: Shell) -> Result<Vec<u8>, Error> {
    let mut script = Vec::new();
    write_script(shell, &mut script).cannot_do("make the script")?;
    Ok(script)
}
