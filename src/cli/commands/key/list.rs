//! `enwrap key list`: all root keys, a line each.

use clap::Args;

use enwrap::keyring::model::key::State;

use super::{age_days, aliases, to_json};
use crate::cli::app::App;
use crate::output::error::Error;
use crate::output::{Format, table};

/// List the keyring's root keys, with the age of their current versions
#[derive(Debug, Args)]
pub(crate) struct ListArgs {}

/// The state in a word. The line is long enough without the date, which `key show` has.
fn state(state: State) -> String {
    match state {
        State::PendingDeletion => "pending".to_owned(),
        State::Enabled | State::Disabled => state.to_string(),
    }
}

pub(crate) fn run(app: &App, _args: &ListArgs) -> Result<(), Error> {
    let keyring = app.store()?.load()?;
    if app.ui.format == Format::Json {
        for key in keyring.keys() {
            app.ui.result("", to_json(key))?;
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
                state(key.current().state),
                key.versions().len().to_string(),
                key.created().strftime("%Y-%m-%d").to_string(),
                format!("{}d", age_days(key)),
            ]
        })
        .collect();
    let text = table::aligned(["ALIAS", "KEY ID", "STATE", "VERS", "CREATED", "AGE"], &rows);
    Ok(app.ui.result(&text, serde_json::Value::Null)?)
}
