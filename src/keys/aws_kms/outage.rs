//! Regions and keys that do not answer: each is waited for a few times, and not once for every file of a tree.
//!
//! Where there is no connection, or no credentials, that is so for all keys of the region. An answer that does not come in
//! time may be one key's: AWS KMS can have its material in a store of the customer's.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::api::{KmsCause, KmsError};

/// One call that is lost among others that are answered is no outage.
const FAILURES_OF_AN_OUTAGE: u32 = 2;

/// How long a region or a key counts as out of reach before it is asked again.
const REST: Duration = Duration::from_secs(10);

/// What is known of regions and keys by the answers of this run: by region, and key or none.
#[derive(Default)]
pub(super) struct Outages(Mutex<BTreeMap<Place, Outage>>);

type Place = (String, Option<String>);

struct Outage {
    /// Calls without an answer since the last that had one.
    failures: u32,
    since: Instant,
    cause: KmsCause,
}

impl Outages {
    /// Makes a call, or fails at once as the last ones did; `failed` makes the error of a call that is not made.
    pub(super) fn watch<T>(
        &self,
        region: &str,
        key: &str,
        failed: impl FnOnce(KmsCause) -> KmsError,
        call: impl FnOnce() -> Result<T, KmsError>,
    ) -> Result<T, KmsError> {
        let whole = (region.to_owned(), None);
        let one = (region.to_owned(), Some(key.to_owned()));
        let cause = {
            let known = self.lock();
            [&whole, &one].into_iter().find_map(|place| known.get(place)?.cause())
        };
        if let Some(cause) = cause {
            return Err(failed(KmsCause::NotAskedAgain(Box::new(cause))));
        }
        let result = call();
        let mut known = self.lock();
        let place = match result.as_ref().map_err(|error| &error.cause) {
            Err(KmsCause::TimedOut { .. }) => Some(one.clone()),
            // To find out that there are no credentials takes long too: they may come from a service of the machine's own.
            Err(KmsCause::Unreachable(_) | KmsCause::Untrusted(_) | KmsCause::NoCredentials) => {
                Some(whole.clone())
            }
            _ => None,
        };
        match (place, &result) {
            (Some(place), Err(error)) => {
                let failures = known.get(&place).map_or(0, |outage| outage.failures) + 1;
                let cause = error.cause.clone();
                known.insert(place, Outage { failures, since: Instant::now(), cause });
            }
            _ => {
                known.remove(&whole);
                known.remove(&one);
            }
        }
        drop(known);
        result
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Place, Outage>> {
        // The map is whole after every call, so a panic elsewhere did not break it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outage {
    /// Why it is not asked now; `None` if it is.
    fn cause(&self) -> Option<KmsCause> {
        let rests = self.failures >= FAILURES_OF_AN_OUTAGE && self.since.elapsed() < REST;
        rests.then(|| self.cause.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(cause: KmsCause) -> KmsError {
        KmsError { action: "Decrypt", key: "k".to_owned(), context: Vec::new(), cause }
    }

    /// Calls with these answers for a key, in turn; returns how many were made.
    fn calls(outages: &Outages, place: (&str, &str), answers: &[Result<(), KmsCause>]) -> usize {
        let mut made = 0;
        for answer in answers {
            drop(outages.watch(place.0, place.1, error, || {
                made += 1;
                answer.clone().map_err(error)
            }));
        }
        made
    }

    #[test]
    fn a_region_that_is_not_reached_is_asked_twice_and_others_still() {
        let outages = Outages::default();
        let down = || Err(KmsCause::Unreachable("no route".to_owned()));
        assert_eq!(calls(&outages, ("a", "1"), &[down(), down(), down(), Ok(())]), 2);
        let refused = outages.watch("a", "2", error, || Ok(())).unwrap_err();
        let cause = Box::new(KmsCause::Unreachable("no route".to_owned()));
        assert_eq!(refused.cause, KmsCause::NotAskedAgain(cause));
        assert_eq!(calls(&outages, ("b", "1"), &[Ok(()), Ok(())]), 2);
    }

    #[test]
    fn a_key_that_does_not_answer_in_time_stops_no_other() {
        let outages = Outages::default();
        let late = || Err(KmsCause::TimedOut { seconds: 1 });
        assert_eq!(calls(&outages, ("a", "slow"), &[late(), late(), late()]), 2);
        assert_eq!(calls(&outages, ("a", "quick"), &[Ok(()), Ok(()), Ok(())]), 3);
        assert_eq!(calls(&outages, ("a", "slow"), &[Ok(())]), 0);
    }

    #[test]
    fn an_answer_ends_an_outage_also_one_that_says_no() {
        let outages = Outages::default();
        let down = || Err(KmsCause::Unreachable("no route".to_owned()));
        let denied = || Err(KmsCause::AccessDenied);
        let answers = [down(), Ok(()), down(), denied(), down(), Ok(()), denied(), denied()];
        assert_eq!(calls(&outages, ("a", "1"), &answers), answers.len());
    }
}
