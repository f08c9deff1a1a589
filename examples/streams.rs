//! Encrypts what is written, and decrypts what is read: `cargo run --example streams FOLDER`, with a new folder.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use enwrap::{DecryptOptions, DecryptReader, EncryptOptions, EncryptWriter, KeyringOptions};

fn main() -> Result<(), Box<dyn Error>> {
    run(Path::new(&std::env::args_os().nth(1).ok_or("name a new folder to work in")?))
}

pub(crate) fn run(folder: &Path) -> Result<(), Box<dyn Error>> {
    let keyring = KeyringOptions::new().create(folder.join("keyring.json"))?;
    let path = folder.join("log.enwrap");

    let file = BufWriter::new(File::create_new(&path)?);
    let mut log = EncryptWriter::new(file, &EncryptOptions::new(&keyring))?;
    for number in 0..1000 {
        writeln!(log, "event {number}")?;
    }
    // Without this the message has no end, and every reader refuses it.
    log.finish()?;

    let log = DecryptReader::new(File::open(&path)?, &DecryptOptions::new(&keyring))?;
    let mut events = 0;
    // A line that comes is authentic; that there are no more is proved when the loop ends without an error.
    for line in BufReader::new(log).lines() {
        assert_eq!(line?, format!("event {events}"));
        events += 1;
    }
    assert_eq!(events, 1000);
    Ok(())
}
