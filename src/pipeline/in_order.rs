//! Work in parallel, with its input and its output in one order.
//!
//! Whoever reads a run keeps it, and works on it: it lies in the cache of that core, and goes to another thread
//! once, to be written. (A thread that only reads, and queues between it, the workers and the writer, woke threads
//! up twice as often, and took a tenth longer for a pipe.)
//!
//! Order is kept by places in a line: a run gets its place while it is read, and the writer waits for the first
//! one.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::{Jobs, PipelineError};

/// Runs for each job: one that is worked on, and some that wait to be written, since a writer stops whenever nobody
/// reads from it. (With two, pipes took 4 % longer.)
const RUNS_A_JOB: usize = 4;

/// A run that was read.
pub(super) struct Filled<R> {
    pub(super) run: R,
    /// Whether there is nothing behind it.
    pub(super) is_last: bool,
}

/// `read` on one thread at a time, `work` on `jobs` threads beside it (and on that one too, when all is read),
/// `write` on this one and in the order of reading.
pub(super) fn run_in_order<R: Send>(
    jobs: Jobs,
    new: impl Fn() -> R + Sync,
    read: impl FnMut(R) -> Result<Filled<R>, PipelineError> + Send,
    work: impl Fn(&mut R) + Sync,
    mut write: impl FnMut(&mut R) -> Result<(), PipelineError>,
) -> Result<(), PipelineError> {
    let line = Line::new(jobs.count() * RUNS_A_JOB + 1);
    let read = Mutex::new(read);
    let worker = || {
        let _stop = StopOnPanic(&line);
        // Before its turn to read, which so never waits for a run to be written.
        while let Some(free) = line.take_free(&new) {
            let (place, mut run) = {
                // Where one has panicked while reading, bytes may be lost: nobody reads on.
                let Ok(mut read) = read.lock() else { return line.stop() };
                // The end may have been read meanwhile.
                if line.is_closed() {
                    return;
                }
                // Still under the lock: places are in the order of reading.
                match read(free) {
                    Ok(Filled { run, is_last }) => (line.join(is_last), run),
                    Err(error) => return line.finish(line.join(true), Err(error)),
                }
            };
            work(&mut run);
            line.finish(place, Ok(run));
        }
    };
    thread::scope(|scope| {
        // Whatever the reason for leaving, nobody may be left waiting.
        let _stop = Stop(&line);
        // One more than the jobs, since one of them reads.
        for n in 0..=jobs.count() {
            let spawned = thread::Builder::new().spawn_scoped(scope, worker);
            // One is enough, though it takes longer.
            if n == 0 {
                spawned.map_err(PipelineError::Read)?;
            }
        }
        while let Some(first) = line.first() {
            let mut run = first?;
            write(&mut run)?;
            line.free(run);
        }
        Ok(())
    })
}

/// Runs on their way, in the order in which they were read.
struct Line<R> {
    state: Mutex<State<R>>,
    /// For workers that wait for a run to fill.
    freed: Condvar,
    /// For the writer, that waits for the first run.
    finished: Condvar,
}

struct State<R> {
    free: Vec<R>,
    /// Runs that may still be made: there are no more than are needed, and few for short streams.
    unmade: usize,
    /// From the first run that is not yet written; `None` while it is worked on.
    places: VecDeque<Option<Result<R, PipelineError>>>,
    written: usize,
    /// Nobody joins any more.
    is_closed: bool,
    /// The writer has left, or a worker has panicked.
    is_stopped: bool,
}

impl<R> Line<R> {
    fn new(runs: usize) -> Self {
        let state = State {
            free: Vec::new(),
            unmade: runs,
            places: VecDeque::new(),
            written: 0,
            is_closed: false,
            is_stopped: false,
        };
        Self { state: Mutex::new(state), freed: Condvar::new(), finished: Condvar::new() }
    }

    /// A run to fill, as soon as there is one; `None` when none is wanted any more.
    fn take_free(&self, new: impl Fn() -> R) -> Option<R> {
        let mut state = lock(&self.state);
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(run) = state.free.pop() {
                return Some(run);
            }
            if let Some(unmade) = state.unmade.checked_sub(1) {
                state.unmade = unmade;
                drop(state);
                return Some(new());
            }
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn is_closed(&self) -> bool {
        lock(&self.state).is_closed
    }

    /// Appends a place for the run that was just read, and closes the line behind the last one.
    fn join(&self, is_last: bool) -> usize {
        let mut state = lock(&self.state);
        state.places.push_back(None);
        if is_last {
            state.is_closed = true;
            self.freed.notify_all();
        }
        state.written + state.places.len() - 1
    }

    /// Gives the run at `place` to the writer.
    fn finish(&self, place: usize, result: Result<R, PipelineError>) {
        let mut state = lock(&self.state);
        let ahead = place - state.written;
        state.places[ahead] = Some(result);
        // Only for the first one does the writer wait.
        if ahead == 0 {
            self.finished.notify_one();
        }
    }

    /// The first run, as soon as it is finished; `None` when all are written.
    fn first(&self) -> Option<Result<R, PipelineError>> {
        let mut state = lock(&self.state);
        loop {
            if state.is_stopped {
                // Nothing may look like an end.
                let gone = io::Error::other("a worker ended early");
                return Some(Err(PipelineError::Read(gone)));
            }
            match state.places.front_mut().map(Option::take) {
                Some(Some(result)) => {
                    state.places.pop_front();
                    state.written += 1;
                    return Some(result);
                }
                None if state.is_closed => return None,
                _ => {}
            }
            state = self.finished.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes back a run that is written.
    fn free(&self, run: R) {
        lock(&self.state).free.push(run);
        self.freed.notify_one();
    }

    fn stop(&self) {
        let mut state = lock(&self.state);
        (state.is_closed, state.is_stopped) = (true, true);
        self.freed.notify_all();
        self.finished.notify_one();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Stops the line when it goes out of scope.
struct Stop<'a, R>(&'a Line<R>);

impl<R> Drop for Stop<'_, R> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// The same, where a worker panics: the writer would wait for its run.
struct StopOnPanic<'a, R>(&'a Line<R>);

impl<R> Drop for StopOnPanic<'_, R> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// Reads the numbers to `end`, or to an error there, and gives each to `work` and `write`.
    fn numbers(
        end: Result<usize, usize>,
        work: impl Fn(usize) + Sync,
        mut write: impl FnMut(usize) -> Result<(), PipelineError>,
    ) -> Result<(), PipelineError> {
        let mut next = 0;
        run_in_order(
            Jobs::new(NonZeroUsize::new(7).unwrap()),
            || 0,
            |_| {
                if end == Err(next) {
                    return Err(PipelineError::TooLong);
                }
                next += 1;
                Ok(Filled { run: next - 1, is_last: end == Ok(next) })
            },
            |run| work(*run),
            |run| write(*run),
        )
    }

    #[test]
    fn runs_are_written_in_the_order_of_reading() {
        for end in [1, 2, 10, 1000] {
            let mut written = Vec::new();
            // Some take longer than others.
            let work = |run: usize| (0..run % 7).for_each(|_| thread::yield_now());
            let write = |run| {
                written.push(run);
                Ok(())
            };
            numbers(Ok(end), work, write).unwrap();
            assert_eq!(written, (0..end).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_was_read_before_an_error_is_written() {
        for end in [0, 1, 5, 100] {
            let mut written = 0;
            let write = |_| {
                written += 1;
                Ok(())
            };
            let result = numbers(Err(end), |_| (), write);
            assert!(matches!(result, Err(PipelineError::TooLong)));
            assert_eq!(written, end);
        }
    }

    #[test]
    fn nobody_waits_for_a_writer_that_has_failed() {
        let write = |run| if run < 3 { Ok(()) } else { Err(PipelineError::TooLong) };
        // Without an end: only the failure ends it.
        assert!(numbers(Ok(0), |_| (), write).is_err());
    }

    #[test]
    fn nobody_waits_for_a_worker_that_has_panicked() {
        for bad in [0, 5] {
            let work = |run| assert_ne!(run, bad, "meant to panic");
            let write = |run| {
                assert!(run < bad, "behind the panic");
                Ok(())
            };
            let result = catch_unwind(AssertUnwindSafe(|| numbers(Ok(0), work, write)));
            assert!(result.is_err(), "a panic is no end");
        }
    }
}
