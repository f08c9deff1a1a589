//! `enwrap git textconv`: the text that git compares and shows of an encrypted file.

use std::path::PathBuf;

use clap::Args;

use enwrap::fs::atomic_file::{Access, Publication};
use enwrap::pipeline::NoProgress;

use super::super::inspect;
use crate::cli::app::App;
use crate::cli::args::OpenArgs;
use crate::cli::examples::examples;
use crate::cli::io::destination::{Destination, Payload, Target};
use crate::cli::io::message_source::MessageSource;
use crate::cli::io::plaintext::decrypt_verified;
use crate::cli::opening::{Missing, Opening};
use crate::output;
use crate::output::diagnosis::Diagnosis;
use crate::output::error::Error;
use crate::output::exit::Exit;

/// Print an encrypted file as git is to show it
///
/// git calls it for 'git diff', 'git log -p' and 'git show', which stop where it fails. So a file that no key
/// here opens is no failure: its header is printed, with a line that says why there is no more. Nothing is
/// printed of a file before all of it was verified. git hands over a copy of the file, so the envelope file
/// beside it is not found: name it with ENWRAP_ENVELOPE.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap git textconv report.pdf.enwrap
"])]
pub(crate) struct TextconvArgs {
    /// The encrypted file
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,

    #[command(flatten)]
    open: OpenArgs,
}

pub(super) fn run(app: &App, args: &TextconvArgs) -> Result<(), Error> {
    app.require_text("git textconv")?;
    app.require_output()?;
    match print_plaintext(app, args) {
        Ok(()) => Ok(()),
        Err(error) => {
            let diagnosis = Diagnosis::of(&error);
            // Reading or printing failed, or the command line is wrong: nothing that the file is to blame for.
            if matches!(diagnosis.exit, Exit::Failure | Exit::Usage) {
                return Err(error);
            }
            print_instead(app, args, &diagnosis)
        }
    }
}

fn print_plaintext(app: &App, args: &TextconvArgs) -> Result<(), Error> {
    let mut message = MessageSource::open(&args.file)?;
    let store = app.store()?;
    let opening = Opening::new(app, &store, &args.open, Missing::Refused)?;
    let one = opening.of(&args.file.as_path().into());
    let opened = one.open(&mut message)?;
    let publication = Publication::new(Access::OwnerOnly);
    let mut stdout =
        Destination::open(&app.outputs, &Target::Stdout, None, Payload::Plaintext, publication)?;
    decrypt_verified(&opened, message, &one.opener(), &mut stdout, &NoProgress)?;
    stdout.finish()
}

/// What is shown of a file whose plaintext is not. Without the name of the file, which is another one each time.
fn print_instead(app: &App, args: &TextconvArgs, why: &Diagnosis) -> Result<(), Error> {
    let keyring = app.store().ok().and_then(|store| store.load().ok());
    let header = inspect::summary(&args.file, &keyring.unwrap_or_default());
    let header = header.unwrap_or_default();
    Ok(output::print(format!("enwrap: not shown: {}\n{header}", why.message).as_bytes())?)
}
