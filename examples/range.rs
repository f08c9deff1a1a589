//! Reads some bytes of an encrypted file, and decrypts only the frames that hold them:
//! `cargo run --example range FOLDER`, with a new folder.

use std::error::Error;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use enwrap::{DecryptAt, DecryptOptions, EncryptOptions, KeyringOptions};

fn main() -> Result<(), Box<dyn Error>> {
    run(Path::new(&std::env::args_os().nth(1).ok_or("name a new folder to work in")?))
}

pub(crate) fn run(folder: &Path) -> Result<(), Box<dyn Error>> {
    let keyring = KeyringOptions::new().create(folder.join("keyring.json"))?;
    let numbers: Vec<u8> = (0..250_000u32).flat_map(u32::to_be_bytes).collect();
    let path = folder.join("numbers.enwrap");
    let options = EncryptOptions::new(&keyring);
    enwrap::encrypt(&numbers[..], File::create_new(&path)?, &options)?;

    let file = File::open(&path)?;
    let size = file.metadata()?.len();
    let mut numbers = DecryptAt::new(file, size, &DecryptOptions::new(&keyring))?;
    assert_eq!(numbers.plaintext_len(), 1_000_000);
    let mut number = [0; 4];
    for wanted in [200_000, 7, 249_999u32] {
        numbers.seek(SeekFrom::Start(u64::from(wanted) * 4))?;
        numbers.read_exact(&mut number)?;
        assert_eq!(u32::from_be_bytes(number), wanted);
    }
    Ok(())
}
