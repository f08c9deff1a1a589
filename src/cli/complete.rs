//! Completion of the names of keys, which are in the user's keyring.

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use enwrap::keyring::Store;

use super::environment;

/// The variable that asks for completions: `ENWRAP_COMPLETE=bash enwrap` prints what bash sources.
pub(super) const VARIABLE: &str = "ENWRAP_COMPLETE";

/// Candidates for a KEY: the aliases of the keyring that the environment names.
pub(super) fn key_names() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let location = environment::keyring_location(None).ok();
        let store = location
            .map(|it| Store::new(it, environment::allow_readable_keyring().unwrap_or(false)));
        // No error here: the command that is being typed will report what is wrong with the keyring.
        let Some(keyring) = store.and_then(|store| store.load().ok()) else { return Vec::new() };
        let candidate = |alias: &enwrap::keyring::Alias| {
            let description = keyring.aliased(alias).ok().map(|key| key.description().to_owned());
            let description = description.filter(|text| !text.is_empty());
            CompletionCandidate::new(alias.as_str()).help(description.map(Into::into))
        };
        keyring.aliases().iter().map(candidate).collect()
    })
}
