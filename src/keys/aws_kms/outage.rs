//! Regions that do not answer: each is waited for a few times, and not once for every file of a tree.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::api::{KmsCause, KmsError};

/// One call that is lost among others that are answered is no outage.
const FAILURES_OF_AN_OUTAGE: u32 = 2;

/// How long a region counts as out of reach before it is asked again.
const REST: Duration = Duration::from_secs(10);

/// What is known of the regions by the answers of this run.
#[derive(Default)]
pub(super) struct Outages(Mutex<BTreeMap<String, Outage>>);

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
        failed: impl FnOnce(KmsCause) -> KmsError,
        call: impl FnOnce() -> Result<T, KmsError>,
    ) -> Result<T, KmsError> {
        if let Some(cause) = self.lock().get(region).and_then(Outage::cause) {
            return Err(failed(cause));
        }
        let result = call();
        let mut regions = self.lock();
        match &result {
            Err(KmsError { cause, .. }) if is_no_answer(cause) => {
                let failures = regions.get(region).map_or(0, |outage| outage.failures) + 1;
                let outage = Outage { failures, since: Instant::now(), cause: cause.clone() };
                regions.insert(region.to_owned(), outage);
            }
            _ => drop(regions.remove(region)),
        }
        drop(regions);
        result
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Outage>> {
        // The map is whole after every call, so a panic elsewhere did not break it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outage {
    /// Why the region is not asked now; `None` if it is.
    fn cause(&self) -> Option<KmsCause> {
        let rests = self.failures >= FAILURES_OF_AN_OUTAGE && self.since.elapsed() < REST;
        rests.then(|| self.cause.clone())
    }
}

/// Whether nothing was answered, so that the next call would wait as long. To find out that there are no credentials takes
/// as long too: they may come from a service of the machine's own.
fn is_no_answer(cause: &KmsCause) -> bool {
    matches!(cause, KmsCause::Unreachable(_) | KmsCause::TimedOut { .. } | KmsCause::NoCredentials)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(cause: KmsCause) -> KmsError {
        KmsError { action: "Decrypt", key: "k".to_owned(), context: Vec::new(), cause }
    }

    /// Calls with these answers, in turn; returns how many were made.
    fn calls(outages: &Outages, region: &str, answers: &[Result<(), KmsCause>]) -> usize {
        let mut made = 0;
        for answer in answers {
            drop(outages.watch(region, error, || {
                made += 1;
                answer.clone().map_err(error)
            }));
        }
        made
    }

    #[test]
    fn a_region_that_does_not_answer_is_asked_twice_and_others_still() {
        let outages = Outages::default();
        let down = || Err(KmsCause::TimedOut { seconds: 1 });
        assert_eq!(calls(&outages, "a", &[down(), down(), down(), Ok(())]), 2);
        let refused = outages.watch("a", error, || Ok(())).unwrap_err();
        assert_eq!(refused.cause, KmsCause::TimedOut { seconds: 1 });
        assert_eq!(calls(&outages, "b", &[Ok(()), Ok(())]), 2);
    }

    #[test]
    fn an_answer_ends_an_outage_also_one_that_says_no() {
        let outages = Outages::default();
        let down = || Err(KmsCause::Unreachable("no route".to_owned()));
        let denied = || Err(KmsCause::AccessDenied);
        let answers = [down(), Ok(()), down(), denied(), down(), Ok(()), denied(), denied()];
        assert_eq!(calls(&outages, "a", &answers), answers.len());
    }
}
