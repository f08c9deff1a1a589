//! `enwrap key list`: all root keys, a line each.

use clap::Args;

use super::{aliases, to_json};
use crate::cli::app::App;
use crate::output::{Format, table};

/// List the keyring's root keys
#[derive(Debug, Args)]
pub(crate) struct ListArgs {}

pub(crate) fn run(app: &App, _args: &ListArgs) -> anyhow::Result<()> {
    let keyring = app.store()?.load()?;
    if app.ui.format == Format::Json {
        for key in &keyring.keys {
            app.ui.result("", to_json(key))?;
        }
        return Ok(());
    }
    let rows: Vec<[String; 5]> = keyring
        .keys
        .iter()
        .map(|key| {
            [
                aliases(key),
                key.id.to_string(),
                key.current().state.to_string(),
                key.versions.len().to_string(),
                key.created.strftime("%Y-%m-%d").to_string(),
            ]
        })
        .collect();
    let text = table::aligned(["ALIAS", "KEY ID", "STATE", "VERSIONS", "CREATED"], &rows);
    Ok(app.ui.result(&text, serde_json::Value::Null)?)
}
