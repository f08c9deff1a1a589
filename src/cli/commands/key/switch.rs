//! `enwrap key enable` and `enwrap key disable`: root keys that may, and may not, be used.

use clap::Args;

use enwrap::keyring::model::key::State;

use crate::cli::app::App;
use crate::output::error::{AfterDone as _, Concerning as _, Error};
use crate::output::records::key::SwitchedRecord;

/// Which key, or which version of it.
#[derive(Debug, Args)]
pub(crate) struct SwitchArgs {
    /// An alias, or an id
    #[arg(add = crate::cli::complete::key_names())]
    key: String,

    /// This version only, instead of all
    #[arg(long, value_name = "N")]
    version: Option<u32>,
}

pub(crate) fn run(app: &App, args: &SwitchArgs, state: State) -> Result<(), Error> {
    let store = app.store()?;
    let ((id, is_pending), _) = store.update(|keyring| {
        let key = keyring.key_mut(&args.key).in_keyring(&store)?;
        key.switch(args.version, state).in_keyring(&store)?;
        let is_pending = key.versions().iter().any(|it| it.state == State::PendingDeletion);
        Ok::<_, Error>((key.id(), is_pending))
    })?;
    if is_pending && args.version.is_none() {
        app.ui.note(&format!(
            "what is to be deleted stays so, and can do nothing: enwrap key undelete {}",
            args.key
        ));
    }
    let printed = app.ui.result("", &SwitchedRecord { key_id: id, version: args.version, state });
    printed.after(|| format!("key {id} was changed"))
}
