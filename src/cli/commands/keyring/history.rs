//! `enwrap keyring history`: the earlier generations of the keyring.

use std::fs;
use std::path::Path;

use clap::Args;
use jiff::Timestamp;

use enwrap::keyring::{KeyringError, RootKeys};

use crate::cli::app::App;
use crate::output::error::Error;
use crate::output::records::keyring::GenerationRecord;
use crate::output::{Format, sanitize, table};

/// List the keyring's earlier generations, which 'restore' puts back
///
/// Every change keeps the keyring as it was before, ten times over. A change of the passphrase and 'key
/// purge' remove those that hold the old form, or what was destroyed.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {}

pub(crate) fn run(app: &App, _args: &HistoryArgs) -> Result<(), Error> {
    let store = app.store()?;
    let mut rows: Vec<[String; 5]> = Vec::new();
    for remnant in store.remnants()? {
        let Some(number) = remnant.generation() else { continue };
        let loaded = match store.load_remnant(&remnant) {
            Err(error @ KeyringError::NoPassphrase { .. }) => return Err(error.into()),
            other => other,
        };
        let saved = saved(&remnant.path);
        if app.ui.format == Format::Json {
            let loaded = loaded.as_ref().ok();
            let record = GenerationRecord {
                generation: number,
                saved,
                sealed: remnant.is_sealed(),
                keys: loaded.map(|keyring| keyring.keys().len()),
                versions: loaded.map(|keyring| keyring.versions().count()),
                path: remnant.path.as_path().into(),
            };
            app.ui.result("", &record)?;
            continue;
        }
        let count = |of: fn(&RootKeys) -> usize| match &loaded {
            Ok(keyring) => of(keyring).to_string(),
            Err(_) => "damaged".to_owned(),
        };
        rows.push([
            number.to_string(),
            saved.map_or_else(|| "-".to_owned(), |it| it.strftime("%Y-%m-%d %H:%MZ").to_string()),
            count(|keyring| keyring.keys().len()),
            count(|keyring| keyring.versions().count()),
            if remnant.is_sealed() { "sealed".to_owned() } else { "clear".to_owned() },
        ]);
    }
    if rows.is_empty() {
        if app.ui.format == Format::Text {
            app.ui.note(&format!(
                "{}: no earlier generations yet; the next change keeps one",
                sanitize::name(store.path())
            ));
        }
        return Ok(());
    }
    let text = table::aligned(["GENERATION", "SAVED", "KEYS", "VERSIONS", "FORM"], &rows);
    Ok(app.ui.text(&text)?)
}

/// When a generation was written.
fn saved(path: &Path) -> Option<Timestamp> {
    let modified = fs::metadata(path).ok()?.modified().ok()?;
    let timestamp = Timestamp::try_from(modified).ok()?;
    Timestamp::from_second(timestamp.as_second()).ok()
}
