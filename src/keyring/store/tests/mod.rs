//! What the tests of the store share: a folder with a keyring, and an operator with a passphrase.

mod changing;
mod erasure;
mod reading;
mod restore;

use std::collections::BTreeSet;
use std::error::Error;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;

use tempfile::TempDir;

use super::error::KeyringError;
use super::*;
use crate::clock::now;
use crate::fs::atomic_file::fault::{Step, all_steps, fail_at};
use crate::keyring::format::seal::passphrase;
use crate::keyring::model::deletion::Doomed;
use crate::keyring::{FileFault, Key, KeyVersion, Material, RootKeys};

struct Place {
    folder: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("keyring.json");
        Self { folder, path }
    }

    fn store(&self) -> Store {
        Store::new(Location::File(self.path.clone()), false)
    }

    /// The same, opened by someone who says this passphrase.
    fn sealed(&self, word: &'static str) -> Store {
        self.store().operated_by(Box::new(Says(word)))
    }

    /// The files of the folder, but the keyring's own, that hold the material in hex or as it is.
    fn holding(&self, material: &Material) -> Vec<String> {
        let hex = material.to_hex();
        let holds = |bytes: &[u8]| {
            [hex.expose(), material.secret().expose()]
                .iter()
                .any(|needle| bytes.windows(needle.len()).any(|window| window == *needle))
        };
        self.names()
            .into_iter()
            .filter(|name| holds(&fs::read(self.folder.path().join(name)).unwrap()))
            .collect()
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.folder.path().join(name);
        let mut file = File::options().write(true).create_new(true).open(path).unwrap();
        file.write_all(bytes).unwrap();
    }

    fn names(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn chmod(&self, name: &str, mode: u32) {
        let path = self.folder.path().join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// An operator with a passphrase, or with none.
#[derive(Debug)]
struct Says(&'static str);

impl Operator for Says {
    fn passphrase(&self, _: &Path) -> Result<Passphrase, Box<dyn Error + Send + Sync>> {
        Ok(passphrase(self.0))
    }

    fn on_readable_by_others(&self, _: &Path, mode: u32) {
        assert!(mode & 0o044 != 0);
    }
}

fn material_of(store: &Store, alias: &str) -> Material {
    let keyring = store.load().unwrap();
    let KeyVersion { material, .. } = keyring.key(alias).unwrap().current();
    material.as_ref().unwrap().duplicate()
}

fn generated(alias: &str) -> Key {
    Key::generate(BTreeSet::from([alias.parse().unwrap()]), "").unwrap()
}

fn add(store: &Store, alias: &str) -> Result<Saved, KeyringError> {
    let saved = store.update(|keyring| {
        keyring.add(generated(alias)).unwrap();
        Ok::<_, KeyringError>(())
    });
    saved.map(|((), saved)| saved)
}

fn aliases(store: &Store) -> Vec<String> {
    store.load().unwrap().aliases().iter().map(ToString::to_string).collect()
}
