//! `enwrap key list`: all root keys, a line each.

use clap::Args;

use super::{aliases, kind};
use crate::cli::app::App;
use crate::output::error::Error;
use crate::output::records::key::{KeyRecord, age_days};
use crate::output::{Format, table};

/// List the keyring's root keys, with the age of their current versions
#[derive(Debug, Args)]
pub(crate) struct ListArgs {}

pub(crate) fn run(app: &App, _args: &ListArgs) -> Result<(), Error> {
    let keyring = app.store()?.load()?;
    if app.ui.format == Format::Json {
        for key in keyring.keys() {
            app.ui.result("", &KeyRecord::new(key))?;
        }
        return Ok(());
    }
    let rows: Vec<[String; 6]> = keyring
        .keys()
        .iter()
        .map(|key| {
            [
                aliases(key),
                key.id().to_string(),
                kind(key),
                key.current().state.to_string(),
                key.versions().len().to_string(),
                format!("{}d", age_days(key)),
            ]
        })
        .collect();
    let text = table::aligned(["ALIAS", "KEY ID", "KIND", "STATE", "VERS", "AGE"], &rows);
    Ok(app.ui.text(&text)?)
}
