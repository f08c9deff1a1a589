//! Encrypts a file, and decrypts it again: `cargo run --example files FOLDER`, with a new folder.

use std::error::Error;
use std::fs::{self, File};
use std::path::Path;

use enwrap::{DecryptOptions, EncryptOptions, Keyring, KeyringOptions};

fn main() -> Result<(), Box<dyn Error>> {
    run(Path::new(&std::env::args_os().nth(1).ok_or("name a new folder to work in")?))
}

pub(crate) fn run(folder: &Path) -> Result<(), Box<dyn Error>> {
    // Once: a keyring with one root key. `enwrap keygen` makes the same.
    KeyringOptions::new().create(folder.join("keyring.json"))?;
    std::io::copy(&mut &b"attack at dawn"[..], &mut File::create_new(folder.join("note"))?)?;

    let keyring = Keyring::open(folder.join("keyring.json"))?;
    // All cores of the machine, and a pair that is stored with the file and authenticated.
    let options = EncryptOptions::new(&keyring).context("purpose", "example").threads(0);
    let note = File::open(folder.join("note"))?;
    enwrap::encrypt(note, File::create_new(folder.join("note.enwrap"))?, &options)?;

    // A file that is for another purpose would be refused.
    let options = DecryptOptions::new(&keyring).context("purpose", "example").threads(0);
    let message = File::open(folder.join("note.enwrap"))?;
    let back = folder.join("note.back");
    enwrap::decrypt(message, File::create_new(&back)?, &options)
        // What was written before an error is authentic, and not all there is.
        .inspect_err(|_| drop(fs::remove_file(&back)))?;
    assert_eq!(fs::read(back)?, b"attack at dawn");
    Ok(())
}
