//! Further keys for a message that exists, in constant time: a record for an envelope file.
//!
//! It grants and never takes away. The header's own keys keep opening the message, and whoever held its data
//! key keeps it.

use crate::clock::now;
use crate::keys::envelope::{MOST_LINE_BYTES, Record};
use crate::keys::local::namespace_and_name;
use crate::keys::resolver::{KeySet, ResolvedKey};
use crate::keys::service::{KeyName, KeyService, WrapError, recipient};
use crate::message::Limits;
use crate::message::encrypted_data_key::EncryptedDataKey;
use crate::message::header::ParsedHeader;
use crate::message::suite::Suite;
use crate::operations::decrypt::{MessageOpener, OpenError};
use crate::operations::usage::KeyReport;

/// Which keys are to open the message.
#[derive(Clone, Copy, Debug)]
pub enum RewrapKeys<'a> {
    /// The current version of every key that is proved to open it now.
    Readers,
    /// These, and no others.
    Exactly(&'a [KeyName]),
    /// Those that are proved to open it now, and these.
    Add(&'a [KeyName]),
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
    /// A key may not be used, or did not wrap.
    #[error(transparent)]
    Wrap(#[from] WrapError),
    /// Readers would not look at so many.
    #[error("the message would have {found} encrypted data keys, and readers accept {allowed}")]
    TooMany {
        /// What it would have.
        found: usize,
        /// The default limit of readers.
        allowed: usize,
    },
    /// Readers would pass over it.
    #[error("the record would have {found} bytes, and readers accept {allowed}")]
    TooLong {
        /// What it would have.
        found: usize,
        /// The limit of readers.
        allowed: usize,
    },
}

/// What a message needs.
#[derive(Debug)]
pub enum Rewrapped {
    /// Nothing: it is proved to be so.
    AlreadySo {
        /// As of a record.
        unanswered: Vec<String>,
    },
    /// A record for an envelope file.
    Record {
        /// The record.
        record: Record,
        /// The keys that open the message now and that the caller chose to leave out of the record.
        left_out: Vec<KeyName>,
        /// The keys of which nothing is known, because their service did not answer. What they have, they keep.
        unanswered: Vec<String>,
    },
}

/// Makes the record that lets the chosen keys open a message. Reads its header only, and writes nothing.
///
/// Records are not authenticated: whoever can write the envelope file can add one. So without an explicit choice
/// of keys, the record serves every key that is proved in any record or in the header, and none is left out.
///
/// # Errors
/// [`RewrapError`].
pub fn rewrap(
    header: &ParsedHeader,
    opener: &MessageOpener<'_>,
    chosen: RewrapKeys<'_>,
) -> Result<Rewrapped, RewrapError> {
    let suite = header.fields.suite;
    if !suite.commits() {
        return Err(RewrapError::NotCommitting { suite });
    }
    let report = KeyReport::of(header, opener)?;
    rewrap_proved(header, &report, opener.services, chosen)
}

/// The same, of a message whose keys are proved already.
///
/// # Errors
/// As [`rewrap`].
pub fn rewrap_proved(
    header: &ParsedHeader,
    report: &KeyReport,
    services: &[&dyn KeyService],
    chosen: RewrapKeys<'_>,
) -> Result<Rewrapped, RewrapError> {
    let Some(data_key) = &report.data_key else { return Err(RewrapError::Locked) };
    let readers = report.readers();
    let wanted = match chosen {
        RewrapKeys::Readers => readers.clone(),
        RewrapKeys::Exactly(keys) => keys.to_vec(),
        RewrapKeys::Add(keys) => {
            let added = keys.iter().filter(|key| !readers.contains(key));
            readers.iter().chain(added).cloned().collect()
        }
    };
    if is_so(report, chosen, &wanted) {
        return Ok(Rewrapped::AlreadySo { unanswered: report.unanswered() });
    }
    let mut encrypted_data_keys = match chosen {
        RewrapKeys::Exactly(_) => Vec::new(),
        RewrapKeys::Readers | RewrapKeys::Add(_) => carried_over(report, &wanted),
    };
    for key in &wanted {
        let wrapped = match report.keys().find(|resolved| is_current(resolved, key)) {
            // As good as a new one, also of a key that is disabled now.
            Some(proved) => proved.wrapped.clone(),
            None => recipient(services, key)?.wrap(data_key, &report.context)?,
        };
        encrypted_data_keys.push(wrapped);
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
    let left_out = readers.into_iter().filter(|key| !wanted.contains(key)).collect();
    Ok(Rewrapped::Record { record, left_out, unanswered: report.unanswered() })
}

/// A record with the keys of records that others have added since it was made, as far as readers take them: the newest
/// record is the set that counts. Nothing proves those keys, and no reader is lost by one too many.
#[must_use]
pub fn joined(mut record: Record, added: impl IntoIterator<Item = Record>) -> Record {
    let most = usize::from(Limits::default().encrypted_data_keys);
    let own = record.encrypted_data_keys.len();
    for wrapped in added.into_iter().flat_map(|record| record.encrypted_data_keys) {
        let name = namespace_and_name(&wrapped);
        let mut there = record.encrypted_data_keys.iter();
        // Of a copy of the message in this run, the keys are the same.
        if there.all(|it| namespace_and_name(it) != name) && record.encrypted_data_keys.len() < most
        {
            record.encrypted_data_keys.push(wrapped);
        }
    }
    while record.encrypted_data_keys.len() > own && record.to_line().len() > MOST_LINE_BYTES {
        record.encrypted_data_keys.pop();
    }
    record
}

/// Whether the message is proved to have the wanted keys; of an explicit choice, and no others in the newest set.
fn is_so(report: &KeyReport, chosen: RewrapKeys<'_>, wanted: &[KeyName]) -> bool {
    let has = |mut keys: std::slice::Iter<'_, ResolvedKey>, key: &KeyName| {
        keys.any(|resolved| is_current(resolved, key))
    };
    match chosen {
        RewrapKeys::Readers | RewrapKeys::Add(_) => {
            wanted.iter().all(|key| report.sets.iter().any(|set| has(set.keys.iter(), key)))
        }
        RewrapKeys::Exactly(_) => newest(report).is_some_and(|set| {
            set.keys.len() == wanted.len() && wanted.iter().all(|key| has(set.keys.iter(), key))
        }),
    }
}

/// The newest set of which anything is proved.
fn newest(report: &KeyReport) -> Option<&KeySet> {
    report.sets.iter().find(|set| set.proved().next().is_some())
}

/// Whether this is the current version of the key, and is proved to open the message.
fn is_current(resolved: &ResolvedKey, key: &KeyName) -> bool {
    let Some(held) = resolved.key.as_ref().filter(|held| held.is_current) else { return false };
    // As in `KeyReport::readers`.
    let reader = resolved.identified.as_ref().unwrap_or(&held.key);
    resolved.opens() && reader == key
}

/// The encrypted data keys that go into the new record unchanged: nothing is known about them, for example because
/// their keys are not held here, and the caller did not ask to leave them out. Not among them: destroyed versions of
/// the wanted keys, and the keys of sets that prove nothing, which may be forged.
fn carried_over(report: &KeyReport, wanted: &[KeyName]) -> Vec<EncryptedDataKey> {
    let mut carried: Vec<EncryptedDataKey> = Vec::new();
    for set in report.sets.iter().filter(|set| set.proved().next().is_some()) {
        for resolved in set.keys.iter().filter(|resolved| resolved.is_unknown()) {
            let is_wanted = resolved.identified.as_ref().is_some_and(|key| wanted.contains(key));
            if !is_wanted && !carried.contains(&resolved.wrapped) {
                carried.push(resolved.wrapped.clone());
            }
        }
    }
    carried
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;
    use crate::clock::now;
    use crate::keyring::deletion::Doomed;
    use crate::keyring::{Key, RootKeys};
    use crate::keys::envelope::Records;
    use crate::keys::fake::{FakeRemote, Mood};
    use crate::keys::service::{KeyService, WrappingKey};
    use crate::message::message_id::MessageId;
    use crate::operations::decrypt::{DecryptPolicy, OpenedMessage};
    use crate::operations::encrypt::{MessageSealer, MessageSpec};
    use crate::operations::usage::{Survival, survival};
    use crate::pipeline::NoProgress;

    /// Records in memory, the newest first.
    struct Kept(Vec<Record>);

    impl Records for Kept {
        fn of(&self, message: &MessageId) -> Vec<Record> {
            self.0.iter().filter(|record| record.message_id == *message).cloned().collect()
        }
    }

    fn keyring(aliases: &[&str]) -> RootKeys {
        let mut keyring = RootKeys::default();
        for alias in aliases {
            keyring.add(Key::generate([alias.parse().unwrap()].into(), "").unwrap()).unwrap();
        }
        keyring
    }

    fn message(keyring: &RootKeys, aliases: &[&str]) -> Vec<u8> {
        let recipients: Vec<_> =
            aliases.iter().map(|alias| keyring.recipient(&name(keyring, alias)).unwrap()).collect();
        let mut message = Vec::new();
        let sealer = MessageSealer::new(&recipients, &MessageSpec::default()).unwrap();
        sealer.encrypt(&mut &b"text"[..], &mut message, &NoProgress).unwrap();
        message
    }

    fn rewrapped(
        message: &[u8],
        keyring: &RootKeys,
        records: &Kept,
        keys: RewrapKeys<'_>,
    ) -> Rewrapped {
        let policy = DecryptPolicy::default();
        let header = ParsedHeader::read(&mut &message[..], &policy.limits).unwrap();
        rewrap(&header, &MessageOpener { services: &[keyring], records, policy: &policy }, keys)
            .unwrap()
    }

    fn record(rewrapped: Rewrapped) -> Record {
        match rewrapped {
            Rewrapped::Record { record, .. } => record,
            Rewrapped::AlreadySo { .. } => panic!("nothing to do"),
        }
    }

    fn opener(message: &[u8], keyring: &RootKeys, records: &Kept) -> Option<(KeyName, u32)> {
        let policy = DecryptPolicy::default();
        let opener = MessageOpener { services: &[keyring], records, policy: &policy };
        let opened = OpenedMessage::open(&mut &message[..], &opener).ok()?;
        Some((opened.key.key, opened.key.version))
    }

    fn name(keyring: &RootKeys, alias: &str) -> KeyName {
        keyring.key(alias).unwrap().id().into()
    }

    #[test]
    fn after_a_rotation_the_new_version_opens_it_and_a_second_run_has_nothing_to_do() {
        let mut keyring = keyring(&["a"]);
        let message = message(&keyring, &["a"]);
        let mut kept = Kept(Vec::new());
        let first = rewrapped(&message, &keyring, &kept, RewrapKeys::Readers);
        assert!(matches!(first, Rewrapped::AlreadySo { .. }));
        keyring.key_mut("a").unwrap().rotate().unwrap();
        kept.0.push(record(rewrapped(&message, &keyring, &kept, RewrapKeys::Readers)));
        assert!(matches!(
            rewrapped(&message, &keyring, &kept, RewrapKeys::Readers),
            Rewrapped::AlreadySo { .. }
        ));
        let now = now();
        keyring.key_mut("a").unwrap().schedule_deletion(Doomed::OldVersions, now).unwrap();
        assert_eq!(keyring.destroy_due(&[], now).len(), 1);
        assert_eq!(opener(&message, &keyring, &kept), Some((name(&keyring, "a"), 2)));
        assert_eq!(opener(&message, &keyring, &Kept(Vec::new())), None);
    }

    #[test]
    fn exactly_means_these_and_add_means_these_too() {
        let all = keyring(&["a", "b", "c"]);
        let message = message(&all, &["a"]);
        let [b, c] = ["b", "c"].map(|alias| name(&all, alias));
        let mut kept = Kept(Vec::new());
        kept.0
            .insert(0, record(rewrapped(&message, &all, &kept, RewrapKeys::Exactly(from_ref(&b)))));
        assert_eq!(kept.0[0].encrypted_data_keys.len(), 1);
        assert!(matches!(
            rewrapped(&message, &all, &kept, RewrapKeys::Exactly(from_ref(&b))),
            Rewrapped::AlreadySo { .. }
        ));
        kept.0.insert(0, record(rewrapped(&message, &all, &kept, RewrapKeys::Add(from_ref(&c)))));
        // The header's key opens it too, and no record takes that away.
        assert_eq!(kept.0[0].encrypted_data_keys.len(), 3);
        assert_eq!(opener(&message, &all, &kept), Some((b.clone(), 1)));
        assert!(matches!(
            rewrapped(&message, &all, &kept, RewrapKeys::Add(from_ref(&c))),
            Rewrapped::AlreadySo { .. }
        ));
        // The newest set is b and c; the header's key is not among those that open it by intent.
        let exactly = record(rewrapped(&message, &all, &kept, RewrapKeys::Exactly(from_ref(&c))));
        assert_eq!(exactly.encrypted_data_keys.len(), 1);
    }

    #[test]
    fn a_record_that_anyone_could_make_takes_no_reader_away() {
        let all = keyring(&["a", "b"]);
        let message = message(&all, &["a", "b"]);
        let header = ParsedHeader::read(&mut &message[..], &Limits::default()).unwrap();
        // Made without any key: one encrypted data key, copied from the header.
        let copied = header.fields.encrypted_data_keys[..1].to_vec();
        let message_id = header.fields.message_id;
        let forged = Record { message_id, encrypted_data_keys: copied, created: now() };
        let kept = Kept(vec![forged]);
        let mut rotated = all;
        rotated.key_mut("b").unwrap().rotate().unwrap();
        let record = record(rewrapped(&message, &rotated, &kept, RewrapKeys::Readers));
        assert_eq!(record.encrypted_data_keys.len(), 2);
        let b = name(&rotated, "b");
        let chosen = rewrapped(&message, &rotated, &kept, RewrapKeys::Exactly(from_ref(&b)));
        let Rewrapped::Record { left_out, .. } = chosen else { panic!("a record is due") };
        assert_eq!(left_out, [name(&rotated, "a")]);
    }

    #[test]
    fn what_a_service_could_not_be_asked_about_is_kept() {
        let all = keyring(&["a"]);
        let remote = FakeRemote::new("r");
        let services: [&dyn KeyService; 2] = [&all, &remote];
        let recipients: Vec<_> = [name(&all, "a"), remote.key()]
            .iter()
            .map(|key| recipient(&services, key).unwrap())
            .collect();
        let sealer = MessageSealer::new(&recipients, &MessageSpec::default()).unwrap();
        let mut message = Vec::new();
        sealer.encrypt(&mut &b"text"[..], &mut message, &NoProgress).unwrap();
        drop(recipients);
        let mut rotated = all;
        rotated.key_mut("a").unwrap().rotate().unwrap();
        let header = ParsedHeader::read(&mut &message[..], &Limits::default()).unwrap();
        let policy = DecryptPolicy::default();
        let services: [&dyn KeyService; 2] = [&rotated, &remote];
        let opener = MessageOpener { services: &services, records: &Kept(vec![]), policy: &policy };
        remote.set(Mood::Down);
        let record = record(rewrap(&header, &opener, RewrapKeys::Readers).unwrap());
        assert_eq!(record.encrypted_data_keys[0], header.fields.encrypted_data_keys[1]);
        assert_eq!(record.encrypted_data_keys.len(), 2);
        let doomed = |key: &WrappingKey| key.version == 1 && key.key == name(&rotated, "a");
        let depends = survival(&header, &opener, doomed).unwrap();
        assert_eq!(depends, Survival::Depends, "an outage is no proof");
        remote.set(Mood::Well);
        assert_eq!(survival(&header, &opener, doomed).unwrap(), Survival::ByHeader);
    }

    #[test]
    fn forged_swapped_and_damaged_records_are_passed_over_and_do_not_stop_a_true_one() {
        let all = keyring(&["a", "b"]);
        let (ours, other) = (message(&all, &["a"]), message(&all, &["a"]));
        let b = name(&all, "b");
        let none = Kept(Vec::new());
        let good = record(rewrapped(&ours, &all, &none, RewrapKeys::Exactly(from_ref(&b))));
        let foreign = record(rewrapped(&other, &all, &none, RewrapKeys::Exactly(from_ref(&b))));
        let mut flipped = good.clone();
        flipped.encrypted_data_keys[0].ciphertext[3] ^= 1;
        // Another message's data key under our message's id: it unwraps, and commits to nothing here.
        let swapped = Record { message_id: good.message_id, ..foreign };
        let mut only_b = keyring(&[]);
        only_b.add(keyring_with(&all, "b")).unwrap();
        for bad in [flipped, swapped] {
            let kept = Kept(vec![bad.clone()]);
            assert_eq!(opener(&ours, &only_b, &kept), None);
            assert_eq!(opener(&ours, &all, &kept), Some((name(&all, "a"), 1)));
            // It names the current version of b, and that is no proof.
            let truth = record(rewrapped(&ours, &all, &kept, RewrapKeys::Exactly(from_ref(&b))));
            assert_eq!(
                opener(&ours, &only_b, &Kept(vec![truth.clone(), bad.clone()])).unwrap().0,
                b
            );
            assert_eq!(opener(&ours, &only_b, &Kept(vec![bad, truth])).unwrap().0, b);
        }
    }

    fn keyring_with(keyring: &RootKeys, alias: &str) -> Key {
        use crate::keyring::format::exchange::{Half, KeySelection};

        let key = keyring.key(alias).unwrap();
        let selection = KeySelection {
            versions: vec![(key, key.current())],
            half: Half::All,
            decrypt_only: false,
        };
        selection.to_keyring().unwrap().into_keys().remove(0)
    }

    #[test]
    fn what_others_have_added_is_joined_as_far_as_readers_take_it() {
        let record = |numbers: std::ops::Range<u8>, len: usize| Record {
            message_id: [7; 32].into(),
            encrypted_data_keys: numbers
                .map(|number| EncryptedDataKey {
                    provider_id: b"ns".to_vec(),
                    provider_info: vec![number],
                    ciphertext: vec![number; len],
                })
                .collect(),
            created: now(),
        };
        let own = record(0..2, 1);
        let all = joined(own.clone(), [record(1..3, 1), record(2..4, 1)]).encrypted_data_keys;
        assert_eq!(all, record(0..4, 1).encrypted_data_keys);
        // Ours first: they are what this run promises.
        let many = joined(own.clone(), [record(2..200, 1)]);
        assert_eq!(many.encrypted_data_keys, record(0..64, 1).encrypted_data_keys);
        let long = joined(own, [record(2..64, 60_000)]);
        assert!(long.to_line().len() <= MOST_LINE_BYTES && long.encrypted_data_keys.len() > 2);
    }
}
