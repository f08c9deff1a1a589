//! Arguments that say where a passphrase comes from, for each purpose of one.

use std::path::PathBuf;

use clap::Args;

use super::passphrase::{Purpose, Sources};

/// Where the passphrase of a sealed keyring comes from, if not from ENWRAP_PASSPHRASE* or a prompt.
#[derive(Debug, Args)]
pub(crate) struct PassphraseArgs {
    /// Take the passphrase of a sealed keyring from a file [env: ENWRAP_PASSPHRASE_FILE]
    #[arg(long, global = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(hide_short_help = true, conflicts_with = "passphrase_fd")]
    passphrase_file: Option<PathBuf>,

    /// Take it from an open file descriptor [env: ENWRAP_PASSPHRASE_FD]
    #[arg(long, global = true, value_name = "N", hide_short_help = true)]
    passphrase_fd: Option<u32>,

    /// Take it from the output of a shell command; only before the verb
    /// [env: ENWRAP_PASSPHRASE_COMMAND]
    //
    // Not `global`: where a file has the name of this option, 'enwrap encrypt *' must not run it.
    #[arg(long, value_name = "COMMAND", hide_short_help = true)]
    #[arg(conflicts_with_all = ["passphrase_file", "passphrase_fd"])]
    passphrase_command: Option<String>,
}

/// Where a new passphrase comes from.
#[derive(Debug, Args)]
#[command(next_help_heading = "The new passphrase")]
pub(crate) struct NewPassphraseArgs {
    /// Take the new passphrase from a file [env: ENWRAP_NEW_PASSPHRASE_FILE]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(conflicts_with_all = ["new_passphrase_fd", "new_passphrase_command"])]
    new_passphrase_file: Option<PathBuf>,

    /// Take it from an open file descriptor [env: ENWRAP_NEW_PASSPHRASE_FD]
    #[arg(long, value_name = "N", conflicts_with = "new_passphrase_command")]
    #[arg(hide_short_help = true)]
    new_passphrase_fd: Option<u32>,

    /// Take it from the output of a shell command [env: ENWRAP_NEW_PASSPHRASE_COMMAND]
    #[arg(long, value_name = "COMMAND")]
    #[arg(hide_short_help = true)]
    new_passphrase_command: Option<String>,
}

/// A passphrase that is to open what is encrypted.
#[derive(Debug, Args)]
#[command(next_help_heading = "A passphrase as recipient")]
pub(crate) struct RecipientArgs {
    /// Encrypt for whoever has a new passphrase too; without -k, for nobody else, and no keyring is needed
    ///
    /// The passphrase is asked for twice, or taken from ENWRAP_NEW_PASSPHRASE_FILE and the like. Whoever decrypts
    /// is asked for it where no key opens the message. Everybody who gets the file can try passphrases on it:
    /// choose six random words, or more.
    #[arg(short = 'p', long)]
    passphrase_recipient: bool,

    /// Take the new passphrase from a file [env: ENWRAP_NEW_PASSPHRASE_FILE]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(requires = "passphrase_recipient", conflicts_with = "new_passphrase_fd")]
    new_passphrase_file: Option<PathBuf>,

    /// Take it from an open file descriptor [env: ENWRAP_NEW_PASSPHRASE_FD]
    #[arg(long, value_name = "N", requires = "passphrase_recipient")]
    #[arg(hide_short_help = true)]
    new_passphrase_fd: Option<u32>,
}

impl RecipientArgs {
    /// The sources of the passphrase, if there is to be one.
    pub(crate) fn sources(&self) -> Option<Sources> {
        let (file, fd) = (self.new_passphrase_file.clone(), self.new_passphrase_fd);
        self.passphrase_recipient.then(|| Sources::new(Purpose::Recipient, file, fd, None))
    }
}

/// Where the passphrase of a message comes from.
#[derive(Debug, Args)]
pub(crate) struct MessagePassphraseArgs {
    /// Take the passphrase of a message from a file, for where no key opens it
    /// [env: ENWRAP_MESSAGE_PASSPHRASE_FILE]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(hide_short_help = true, conflicts_with = "message_passphrase_fd")]
    message_passphrase_file: Option<PathBuf>,

    /// Take it from an open file descriptor [env: ENWRAP_MESSAGE_PASSPHRASE_FD]
    #[arg(long, value_name = "N", hide_short_help = true)]
    message_passphrase_fd: Option<u32>,
}

impl MessagePassphraseArgs {
    /// The sources of the passphrase of messages.
    pub(crate) fn sources(&self) -> Sources {
        let Self { message_passphrase_file: file, message_passphrase_fd: fd } = self;
        Sources::new(Purpose::Message, file.clone(), *fd, None)
    }
}

/// Where the passphrase of a file that is imported or restored comes from.
#[derive(Debug, Args)]
#[command(next_help_heading = "The passphrase of the file")]
pub(crate) struct ImportPassphraseArgs {
    /// Take the passphrase of a sealed FILE from a file, where it is not the keyring's own
    /// [env: ENWRAP_IMPORT_PASSPHRASE_FILE]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(conflicts_with_all = ["import_passphrase_fd", "import_passphrase_command"])]
    import_passphrase_file: Option<PathBuf>,

    /// Take it from an open file descriptor [env: ENWRAP_IMPORT_PASSPHRASE_FD]
    #[arg(long, value_name = "N", conflicts_with = "import_passphrase_command")]
    #[arg(hide_short_help = true)]
    import_passphrase_fd: Option<u32>,

    /// Take it from the output of a shell command [env: ENWRAP_IMPORT_PASSPHRASE_COMMAND]
    #[arg(long, value_name = "COMMAND")]
    #[arg(hide_short_help = true)]
    import_passphrase_command: Option<String>,
}

impl PassphraseArgs {
    pub(crate) fn sources(&self) -> Sources {
        let Self { passphrase_file: file, passphrase_fd: fd, passphrase_command: command } = self;
        Sources::new(Purpose::Keyring, file.clone(), *fd, command.clone())
    }
}

impl NewPassphraseArgs {
    pub(crate) fn sources(&self) -> Sources {
        let (file, fd) = (self.new_passphrase_file.clone(), self.new_passphrase_fd);
        Sources::new(Purpose::New, file, fd, self.new_passphrase_command.clone())
    }
}

impl ImportPassphraseArgs {
    pub(crate) fn sources(&self) -> Sources {
        let (file, fd) = (self.import_passphrase_file.clone(), self.import_passphrase_fd);
        Sources::new(Purpose::Import, file, fd, self.import_passphrase_command.clone())
    }
}
