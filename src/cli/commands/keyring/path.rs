//! `enwrap keyring path`: where the keyring is.

use std::os::unix::ffi::OsStrExt as _;

use clap::Args;

use crate::cli::app::App;
use crate::output::error::{Error, UsageError};
use crate::output::records::keyring::PlaceRecord;
use crate::output::{Format, print};

/// Print where the keyring is, whether it exists or not
#[derive(Debug, Args)]
pub(crate) struct PathArgs {}

pub(crate) fn run(app: &App, _args: &PathArgs) -> Result<(), Error> {
    let Some(path) = app.keyring_path()? else {
        return Err(UsageError::new("the keyring comes from ENWRAP_KEYRING_DATA, and has no path")
            .hint("unset it, or name a file with --keyring FILE")
            .into());
    };
    if app.ui.format == Format::Json {
        let record = PlaceRecord { exists: path.exists(), path: path.as_path().into() };
        return Ok(app.ui.result("", &record)?);
    }
    // The path's own bytes and not a form that is safe to show: other programs open it.
    print(&[path.as_os_str().as_bytes(), b"\n"].concat())?;
    Ok(())
}
