//! Data keys for a cipher of one's own, as AWS KMS hands them out: `cargo run --example data_keys FOLDER`, with a new
//! folder.

use std::error::Error;
use std::path::Path;

use enwrap::{DecryptOptions, EncryptOptions, KeyringOptions};

fn main() -> Result<(), Box<dyn Error>> {
    run(Path::new(&std::env::args_os().nth(1).ok_or("name a new folder to work in")?))
}

pub(crate) fn run(folder: &Path) -> Result<(), Box<dyn Error>> {
    let keyring = KeyringOptions::new().create(folder.join("keyring.json"))?;

    // The context is not in the blob: whoever unwraps it has to know it.
    let options = EncryptOptions::new(&keyring).context("table", "customers");
    let generated = enwrap::generate_data_key(32, &options)?;
    let key: [u8; 32] = generated.data_key.expose().try_into()?;
    // .. encrypt something under `key` here, and keep the blob beside it ..

    let options = DecryptOptions::new(&keyring).context("table", "customers");
    let again = enwrap::decrypt_data_key(&generated.blob, &options)?;
    assert_eq!(again.expose(), key);

    let options = DecryptOptions::new(&keyring).context("table", "orders");
    let error = enwrap::decrypt_data_key(&generated.blob, &options).err();
    assert_eq!(error.map(|error| error.kind()), Some(enwrap::ErrorKind::Authentication));
    Ok(())
}
