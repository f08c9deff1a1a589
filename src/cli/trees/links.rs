//! Symbolic links of a tree, made again below the output folder: `--links`.
//!
//! A link keeps its name and the text of its target, which is neither encrypted nor authenticated, and may lead
//! anywhere. It is never followed, not by the results of this run either.

use std::io;
use std::os::unix::fs::MetadataExt as _;

use enwrap::fs::atomic_file::{AtomicFileError, Seen, link};
use enwrap::fs::file_at::FileAt;
use rustix::process::geteuid;

use super::batch::Outcome;
use super::mirror::Mirror;
use super::skipped::Reason;
use super::tree::Entry;
use crate::cli::app::App;
use crate::cli::args::OutputArgs;
use crate::output::error::{Cannot as _, Error, UsageError};
use crate::output::sanitize;

/// Makes a link that the walk has found again, unless it is there.
pub(super) fn remake(
    app: &App,
    mirror: &Mirror<'_>,
    output: &OutputArgs,
    entry: &Entry,
) -> Result<Outcome, Error> {
    let source = &entry.path;
    let text = source.read_link().cannot("read the link", source)?;
    let metadata = source.entry_metadata().cannot("read the link", source)?;
    let owner = output.preserve_owner.then(|| (metadata.uid(), metadata.gid()));
    let Some(made) = mirror.link(entry)? else { return Ok(Outcome::Skipped(Reason::Special)) };
    app.outputs.check_at(&made)?;
    if output.force {
        app.outputs.plan_in_folder(&made)?;
    }
    match made.entry_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => link::make(&made, &text, owner)?,
        Err(error) => return Err(error).cannot("open", &made),
        Ok(found) if found.is_symlink() && made.read_link().is_ok_and(|old| old == text) => {
            // A run that was killed may not have come to give it away.
            if found.uid() == geteuid().as_raw() {
                link::give(&made, owner)?;
            }
            sync(output, &made)?;
            return Ok(Outcome::Skipped(Reason::Existing));
        }
        Ok(_) if !output.force => {
            return Err(AtomicFileError::Exists { path: made.to_path_buf() }.into());
        }
        Ok(found) if found.is_symlink() => {
            link::replace(&made, Seen::of(&found), &text, owner)?;
        }
        Ok(_) => {
            let problem =
                format!("'{}' is in the way of a link, and is none", sanitize::name(&made));
            return Err(UsageError::new(problem).hint("move it, or remove it").into());
        }
    }
    sync(output, &made)?;
    app.ui.detail(&format!("{}: a link to {}", sanitize::name(&made), sanitize::name(&text)));
    Ok(Outcome::MadeLink)
}

fn sync(output: &OutputArgs, link: &FileAt) -> Result<(), Error> {
    if output.is_synced() { link.sync_folder().cannot("sync the folder of", link) } else { Ok(()) }
}
