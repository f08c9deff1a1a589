//! Further keys for a message that exists, in constant time: a record for an envelope file.
//!
//! It grants and never takes away. The header's own keys keep opening the message, and whoever held its data
//! key keeps it.

use crate::clock::now;
use crate::keyring::{Key, KeyError};
use crate::keys::envelope::{MOST_LINE_BYTES, Record};
use crate::keys::provider::{Provider as _, ProviderError};
use crate::keys::wraps::{Wrap, Wraps, names_version_of};
use crate::message::Limits;
use crate::message::header::ParsedHeader;
use crate::message::suite::Suite;
use crate::operations::decrypt::{OpenError, Reader};

/// Which keys are to open the message.
#[derive(Clone, Copy, Debug)]
pub enum Wish<'a> {
    /// The current version of every key here that opens it now.
    SameKeys,
    /// These, and no others.
    Exactly(&'a [&'a Key]),
    /// Those that open it now, and these.
    Add(&'a [&'a Key]),
}

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
pub enum RewrapError {
    /// The message does not commit to a data key, so a record for it could lead to any.
    #[error("its suite {suite} has no key commitment, so nothing can be added to it")]
    NotCommitting {
        /// The message's suite.
        suite: Suite,
    },
    /// The context is not the one expected.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// No key here is proved to open it.
    #[error("no key here is proved to open it")]
    Locked,
    /// A key that may not be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A key did not wrap.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// Readers would not look at so many.
    #[error("the message would have {found} encrypted data keys, and readers accept {allowed}")]
    TooMany {
        /// What it would have.
        found: usize,
        /// What is accepted by default.
        allowed: usize,
    },
    /// Readers would pass over it.
    #[error("the record would have {found} bytes, and readers accept {allowed}")]
    TooLong {
        /// What it would have.
        found: usize,
        /// What is accepted.
        allowed: usize,
    },
}

/// What a message needs.
#[derive(Debug)]
pub enum Rewrapped {
    /// Nothing: it is proved to be so.
    AlreadySo,
    /// This record, for an envelope file.
    Record(Record),
}

/// The record that gives a message the keys of a wish. Reads its header only, and writes nothing.
///
/// # Errors
/// [`RewrapError`].
pub fn rewrap(
    header: &ParsedHeader,
    reader: &Reader<'_>,
    wish: Wish<'_>,
) -> Result<Rewrapped, RewrapError> {
    let suite = header.fields.suite;
    if !suite.commits() {
        return Err(RewrapError::NotCommitting { suite });
    }
    let wraps = Wraps::of(header, reader)?;
    let (Some(newest), Some(data_key)) = (wraps.newest(), &wraps.data_key) else {
        return Err(RewrapError::Locked);
    };
    let has = |key: &Key| newest.proved().any(|it| it.key == key.id() && it.is_current);
    let keys: Vec<&Key> = match wish {
        Wish::SameKeys => wraps.keys(reader.keyring),
        Wish::Exactly(keys) | Wish::Add(keys) => keys.to_vec(),
    };
    let is_exact = newest.wraps.len() == keys.len();
    if keys.iter().all(|key| has(key)) && (is_exact || !matches!(wish, Wish::Exactly(_))) {
        return Ok(Rewrapped::AlreadySo);
    }
    let mut encrypted_data_keys = Vec::new();
    if !matches!(wish, Wish::Exactly(_)) {
        // Keys that are not here stay, since nobody said that they go; what names a key here and does not
        // open the message is no one's loss, and neither is a version that is no more.
        let is_kept = |wrap: &&Wrap| match (wish, wrap.holder) {
            (_, None) => !keys.iter().any(|key| names_version_of(&wrap.wrapped, key)),
            (Wish::Add(_), Some(_)) => wrap.is_proved,
            (_, Some(_)) => false,
        };
        let kept = newest.wraps.iter().filter(is_kept);
        encrypted_data_keys.extend(kept.map(|wrap| wrap.wrapped.clone()));
    }
    for key in keys {
        let proved = newest.wraps.iter().find(|wrap| {
            wrap.is_proved && wrap.holder.is_some_and(|it| it.key == key.id() && it.is_current)
        });
        if let Some(proved) = proved {
            // As good as a new one, also of a key that is disabled now.
            if !matches!(wish, Wish::Add(_)) {
                encrypted_data_keys.push(proved.wrapped.clone());
            }
            continue;
        }
        let provider =
            key.to_encrypt()?.provider().ok_or_else(|| KeyError::Remote { key: key.id() })?;
        encrypted_data_keys.push(provider.wrap(data_key, &wraps.context)?);
    }
    let (found, allowed) =
        (encrypted_data_keys.len(), usize::from(Limits::default().encrypted_data_keys));
    if found > allowed {
        return Err(RewrapError::TooMany { found, allowed });
    }
    let message_id = header.fields.message_id;
    let record = Record { message_id, encrypted_data_keys, created: now() };
    let (found, allowed) = (record.to_line().len(), MOST_LINE_BYTES);
    if found > allowed {
        return Err(RewrapError::TooLong { found, allowed });
    }
    Ok(Rewrapped::Record(record))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now;
    use crate::keyring::deletion::Doomed;
    use crate::keyring::{KeyId, Keyring};
    use crate::keys::envelope::Records;
    use crate::keys::provider::Provider;
    use crate::message::header::MessageId;
    use crate::operations::decrypt::{Expectation, Opened};
    use crate::operations::encrypt::{Recipe, Sealer};

    /// Records in memory, the newest first.
    struct Kept(Vec<Record>);

    impl Records for Kept {
        fn of(&self, message: &MessageId) -> Vec<Record> {
            self.0.iter().filter(|record| record.message_id == *message).cloned().collect()
        }
    }

    fn keyring(aliases: &[&str]) -> Keyring {
        let mut keyring = Keyring::default();
        for alias in aliases {
            keyring.add(Key::generate([alias.parse().unwrap()].into(), "").unwrap()).unwrap();
        }
        keyring
    }

    fn message(keyring: &Keyring, aliases: &[&str]) -> Vec<u8> {
        let providers: Vec<_> = aliases
            .iter()
            .map(|alias| keyring.key(alias).unwrap().current().provider().unwrap())
            .collect();
        let providers: Vec<&dyn Provider> =
            providers.iter().map(|it| it as &dyn Provider).collect();
        let mut message = Vec::new();
        let sealer = Sealer::new(&providers, &Recipe::default()).unwrap();
        sealer.encrypt(&mut &b"text"[..], &mut message, &()).unwrap();
        message
    }

    fn rewrapped(message: &[u8], keyring: &Keyring, records: &Kept, wish: Wish<'_>) -> Rewrapped {
        let expected = Expectation::default();
        let header = ParsedHeader::read(&mut &message[..], &expected.limits).unwrap();
        rewrap(&header, &Reader { keyring, records, expected: &expected }, wish).unwrap()
    }

    fn record(rewrapped: Rewrapped) -> Record {
        match rewrapped {
            Rewrapped::Record(record) => record,
            Rewrapped::AlreadySo => panic!("nothing to do"),
        }
    }

    fn opener(message: &[u8], keyring: &Keyring, records: &Kept) -> Option<(KeyId, u32)> {
        let expected = Expectation::default();
        let reader = Reader { keyring, records, expected: &expected };
        let opened = Opened::open(&mut &message[..], &reader).ok()?;
        Some((opened.key, opened.version))
    }

    fn id(keyring: &Keyring, alias: &str) -> KeyId {
        keyring.key(alias).unwrap().id()
    }

    #[test]
    fn after_a_rotation_the_new_version_opens_it_and_a_second_run_has_nothing_to_do() {
        let mut keyring = keyring(&["a"]);
        let message = message(&keyring, &["a"]);
        let mut kept = Kept(Vec::new());
        let first = rewrapped(&message, &keyring, &kept, Wish::SameKeys);
        assert!(matches!(first, Rewrapped::AlreadySo));
        keyring.key_mut("a").unwrap().rotate().unwrap();
        kept.0.push(record(rewrapped(&message, &keyring, &kept, Wish::SameKeys)));
        assert!(matches!(
            rewrapped(&message, &keyring, &kept, Wish::SameKeys),
            Rewrapped::AlreadySo
        ));
        let now = now();
        keyring.key_mut("a").unwrap().schedule_deletion(Doomed::OldVersions, now).unwrap();
        assert_eq!(keyring.destroy_due(&[], now).len(), 1);
        assert_eq!(opener(&message, &keyring, &kept), Some((id(&keyring, "a"), 2)));
        assert_eq!(opener(&message, &keyring, &Kept(Vec::new())), None);
    }

    #[test]
    fn exactly_means_these_and_add_means_these_too() {
        let all = keyring(&["a", "b", "c"]);
        let message = message(&all, &["a"]);
        let [b, c] = ["b", "c"].map(|alias| all.key(alias).unwrap());
        let mut kept = Kept(Vec::new());
        kept.0.insert(0, record(rewrapped(&message, &all, &kept, Wish::Exactly(&[b]))));
        assert_eq!(kept.0[0].encrypted_data_keys.len(), 1);
        assert!(matches!(
            rewrapped(&message, &all, &kept, Wish::Exactly(&[b])),
            Rewrapped::AlreadySo
        ));
        kept.0.insert(0, record(rewrapped(&message, &all, &kept, Wish::Add(&[c]))));
        assert_eq!(kept.0[0].encrypted_data_keys.len(), 2);
        assert_eq!(opener(&message, &all, &kept), Some((b.id(), 1)));
        assert!(matches!(rewrapped(&message, &all, &kept, Wish::Add(&[c])), Rewrapped::AlreadySo));
        // The newest set is b and c; the header's key is not among those that open it by intent.
        let exactly = record(rewrapped(&message, &all, &kept, Wish::Exactly(&[c])));
        assert_eq!(exactly.encrypted_data_keys.len(), 1);
    }

    #[test]
    fn forged_swapped_and_damaged_records_are_passed_over_and_do_not_stop_a_true_one() {
        let all = keyring(&["a", "b"]);
        let (ours, other) = (message(&all, &["a"]), message(&all, &["a"]));
        let b = all.key("b").unwrap();
        let none = Kept(Vec::new());
        let good = record(rewrapped(&ours, &all, &none, Wish::Exactly(&[b])));
        let foreign = record(rewrapped(&other, &all, &none, Wish::Exactly(&[b])));
        let mut flipped = good.clone();
        flipped.encrypted_data_keys[0].ciphertext[3] ^= 1;
        // Another message's data key under our message's id: it unwraps, and commits to nothing here.
        let swapped = Record { message_id: good.message_id, ..foreign };
        let mut only_b = keyring(&[]);
        only_b.add(keyring_with(&all, "b")).unwrap();
        for bad in [flipped, swapped] {
            let kept = Kept(vec![bad.clone()]);
            assert_eq!(opener(&ours, &only_b, &kept), None);
            assert_eq!(opener(&ours, &all, &kept), Some((id(&all, "a"), 1)));
            // It names the current version of b, and that is no proof.
            let truth = record(rewrapped(&ours, &all, &kept, Wish::Exactly(&[b])));
            assert_eq!(
                opener(&ours, &only_b, &Kept(vec![truth.clone(), bad.clone()])).unwrap().0,
                b.id()
            );
            assert_eq!(opener(&ours, &only_b, &Kept(vec![bad, truth])).unwrap().0, b.id());
        }
    }

    fn keyring_with(keyring: &Keyring, alias: &str) -> Key {
        use crate::keyring::format::exchange::Selection;

        let key = keyring.key(alias).unwrap();
        let selection = Selection { versions: vec![(key, key.current())], decrypt_only: false };
        selection.to_keyring().unwrap().into_keys().remove(0)
    }
}
