//! `enwrap key show`: everything about one root key but its material.

use std::fmt::Write as _;

use clap::Args;

use enwrap::keyring::KeyVersion;
use enwrap::keys::unopened::short_name;

use super::{aliases, kind};
use crate::cli::app::App;
use crate::output::error::{Concerning as _, Error};
use crate::output::records::key::{KeyRecord, bits};
use crate::output::{sanitize, table};

/// Show a root key and its versions, without key material
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// An alias, or an id
    #[arg(add = crate::cli::complete::key_names())]
    key: String,
}

fn state(version: &KeyVersion) -> String {
    match version.deletion_date {
        None => version.state.to_string(),
        Some(date) => format!("{}, after {}", version.state, date.strftime("%Y-%m-%d %H:%MZ")),
    }
}

pub(crate) fn run(app: &App, args: &ShowArgs) -> Result<(), Error> {
    let store = app.store()?;
    let keyring = store.load()?;
    let key = keyring.key(&args.key).in_keyring(&store)?;
    let mut text = String::new();
    writeln!(text, "id:          {}", key.id())?;
    writeln!(text, "aliases:     {}", aliases(key))?;
    writeln!(text, "description: {}", sanitize::text(key.description()))?;
    writeln!(text, "created:     {}", key.created())?;
    writeln!(text, "origin:      {}", key.origin())?;
    writeln!(text, "kind:        {}", kind(key))?;
    if let Some(rsa) = &key.current().rsa {
        writeln!(text, "padding:     {}", rsa.padding)?;
    }
    if let Some(arn) = key.current().kms_arn() {
        writeln!(text, "AWS KMS key: {arn}")?;
    }
    let current = key.current().number;
    let rows: Vec<[String; 4]> = key
        .versions()
        .iter()
        .map(|version| {
            [
                if version.number == current {
                    format!("{current} (current)")
                } else {
                    version.number.to_string()
                },
                version.created.strftime("%Y-%m-%d").to_string(),
                state(version),
                bits(key, version).map_or_else(|| "-".to_owned(), |bits| bits.to_string()),
            ]
        })
        .collect();
    let table = table::aligned(["VERSION", "CREATED", "STATE", "BITS"], &rows);
    let mut lines = table.lines();
    writeln!(text, "\n{}", lines.next().unwrap_or_default())?;
    for (line, version) in lines.zip(key.versions().iter()) {
        let namespace = sanitize::text(&version.namespace);
        let name = sanitize::text(&short_name(&version.namespace, &version.name));
        // On a line of its own, since 80 columns have no room for it beside the rest.
        writeln!(text, "{line}\n  in messages: {namespace}: {name}")?;
    }
    Ok(app.ui.result(&text, &KeyRecord::new(key))?)
}
