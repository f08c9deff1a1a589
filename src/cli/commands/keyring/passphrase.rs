//! `enwrap keyring passphrase`: sealing the keyring, and unsealing it.

use clap::Args;

use crate::cli::app::App;
use crate::cli::examples::examples;
use crate::cli::secrets::args::NewPassphraseArgs;
use crate::output::error::{AfterDone as _, Error};
use crate::output::records::keyring::ResealedRecord;
use crate::output::sanitize;

/// Seal the keyring with a passphrase, change it, or remove it
///
/// A sealed keyring is encrypted as a whole, under a key that Argon2id derives from the passphrase. Every
/// command that needs its keys asks for the passphrase, or takes it from ENWRAP_PASSPHRASE_FILE and the
/// like. Earlier generations of the keyring are removed, since they hold the old form; copies elsewhere
/// are out of reach. Nothing helps whoever forgets the passphrase.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap keyring passphrase --new-passphrase-file secret.txt
    enwrap keyring passphrase --remove --passphrase-file secret.txt
"])]
pub(crate) struct KeyringPassphraseArgs {
    /// Store the keyring in the clear again
    #[arg(long, conflicts_with_all = [
        "new_passphrase_file", "new_passphrase_fd", "new_passphrase_command",
    ])]
    remove: bool,

    #[command(flatten)]
    new_passphrase: NewPassphraseArgs,
}

pub(crate) fn run(app: &App, args: &KeyringPassphraseArgs) -> Result<(), Error> {
    let store = app.store()?;
    let shown = sanitize::name(store.path());
    // The old passphrase is asked for first: if it is wrong, nobody has typed a new one in vain.
    store.load()?;
    let new = if args.remove {
        None
    } else {
        Some(args.new_passphrase.sources().passphrase(&format!("'{shown}'"))?)
    };
    store.reseal(new)?;
    let form = if args.remove { "in the clear" } else { "sealed" };
    app.ui.note(&format!(
        "the keyring '{shown}' is {form}; copies of the keyring elsewhere are as they were: \
         backups (renew them with 'enwrap keyring backup'), snapshots, and what the disk keeps"
    ));
    let printed =
        app.ui.result("", &ResealedRecord { sealed: !args.remove, path: store.path().into() });
    printed.after(|| format!("the keyring is {form}"))
}
