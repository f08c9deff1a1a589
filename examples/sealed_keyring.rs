//! A keyring that opens with a passphrase only: `cargo run --example sealed_keyring FOLDER`, with a new folder.

use std::error::Error;
use std::path::Path;

use enwrap::{EncryptOptions, ErrorKind, Keyring, KeyringOptions};

fn main() -> Result<(), Box<dyn Error>> {
    run(Path::new(&std::env::args_os().nth(1).ok_or("name a new folder to work in")?))
}

pub(crate) fn run(folder: &Path) -> Result<(), Box<dyn Error>> {
    let path = folder.join("keyring.json");
    KeyringOptions::new().passphrase("correct horse battery staple").create(&path)?;

    // Nothing opens without the passphrase ..
    let error = Keyring::open(&path).err();
    assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Sealed));

    // .. and with it, it is a keyring like any other.
    let keyring = KeyringOptions::new().passphrase("correct horse battery staple").open(&path)?;
    enwrap::encrypt(&b"text"[..], Vec::new(), &EncryptOptions::new(&keyring))?;
    Ok(())
}
