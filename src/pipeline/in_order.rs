//! Processes runs of data on several threads, and writes them in the order in which they were read.
//!
//! The worker that reads a run also processes it, so that the run stays in the cache of its core and passes to
//! another thread only once, to be written. (A design with a thread that only reads, and queues between it, the
//! workers and the writer, woke threads up twice as often, and took a tenth longer for a pipe.)
//!
//! A run gets its place in a queue while it is read, and the writer takes the runs in the order of the queue.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::{Jobs, PipelineError};
use crate::crypto::stack;

/// Runs for each job: one that is processed, and some that wait to be written, so that workers go on while the writer
/// is blocked by a full pipe. (With two runs a job, pipes took 4 % longer.)
const RUNS_A_JOB: usize = 4;

/// A run that was read.
pub(super) struct ReadRun<R> {
    pub(super) run: R,
    /// Whether the source ends with this run.
    pub(super) is_last: bool,
}

/// Reads runs until the last one, processes them on several threads, and writes them in the order of reading.
///
/// `new` makes an empty run, and written runs are used again. `read` fills a run, on one thread at a time. `work`
/// processes it on `jobs` threads at a time, and on one more when all is read. `write` is called on this thread only.
///
/// # Errors
/// The first error of `read` or `write` in the order of the runs. All runs before it are written.
pub(super) fn run_in_order<R: Send>(
    jobs: Jobs,
    new: impl Fn() -> R + Sync,
    read: impl FnMut(R) -> Result<ReadRun<R>, PipelineError> + Send,
    work: impl Fn(&mut R) + Sync,
    mut write: impl FnMut(&mut R) -> Result<(), PipelineError>,
) -> Result<(), PipelineError> {
    let queue = RunQueue::new(jobs.count() * RUNS_A_JOB + 1);
    let read = Mutex::new(read);
    let worker = || {
        let _stop = StopOnPanic(&queue);
        // A worker takes a free run before it locks `read`, so that no worker waits for the writer with that lock.
        while let Some(free) = queue.take_free(&new) {
            let (place, mut run) = {
                // If a worker has panicked while reading, bytes may be lost, so reading must not go on.
                let Ok(mut read) = read.lock() else { return queue.stop() };
                // Another worker may have read the last run meanwhile.
                if queue.is_closed() {
                    return;
                }
                // `read` is still locked here, so that places are given in the order of reading.
                match read(free) {
                    Ok(ReadRun { run, is_last }) => (queue.join(is_last), run),
                    Err(error) => return queue.finish(queue.join(true), Err(error)),
                }
            };
            work(&mut run);
            queue.finish(place, Ok(run));
        }
    };
    thread::scope(|scope| {
        // However this scope ends, no worker may be left waiting.
        let _stop = StopOnDrop(&queue);
        // One worker more than jobs, since one of them reads.
        let start = |_| {
            let thread = thread::Builder::new();
            thread.spawn_scoped(scope, || stack::wipe_after(worker)).is_ok()
        };
        // Where the system has no more threads, those that it gave do all the work.
        if (0..=jobs.count()).filter(|n| start(*n)).count() == 0 {
            let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
            return run_alone(new(), &mut *read, &work, &mut write);
        }
        while let Some(first) = queue.first() {
            let mut run = first?;
            write(&mut run)?;
            queue.free(run);
        }
        Ok(())
    })
}

/// Reads, processes and writes one run after the other, on this thread.
fn run_alone<R>(
    mut free: R,
    read: &mut impl FnMut(R) -> Result<ReadRun<R>, PipelineError>,
    work: &impl Fn(&mut R),
    write: &mut impl FnMut(&mut R) -> Result<(), PipelineError>,
) -> Result<(), PipelineError> {
    loop {
        let ReadRun { mut run, is_last } = read(free)?;
        work(&mut run);
        write(&mut run)?;
        if is_last {
            return Ok(());
        }
        free = run;
    }
}

/// The runs that were read and not yet written, in the order of reading.
struct RunQueue<R> {
    state: Mutex<QueueState<R>>,
    /// Wakes workers that wait for a free run.
    freed: Condvar,
    /// Wakes the writer when the first run is finished.
    finished: Condvar,
}

struct QueueState<R> {
    /// Runs to fill again.
    free: Vec<R>,
    /// How many runs may still be made. They are made on demand, so that short streams need few.
    unmade: usize,
    /// The runs from the first one that is not yet written on; `None` for a run that is still processed.
    places: VecDeque<Option<Result<R, PipelineError>>>,
    /// How many runs were taken by the writer.
    written: usize,
    /// Whether the last run has its place.
    is_closed: bool,
    /// Whether the writer has left, or a worker has panicked.
    is_stopped: bool,
}

impl<R> RunQueue<R> {
    fn new(runs: usize) -> Self {
        let state = QueueState {
            free: Vec::new(),
            unmade: runs,
            places: VecDeque::new(),
            written: 0,
            is_closed: false,
            is_stopped: false,
        };
        Self { state: Mutex::new(state), freed: Condvar::new(), finished: Condvar::new() }
    }

    /// Waits for a free run, and returns it; `None` if the queue is closed.
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

    /// Appends a place for the run that was just read, and returns its number. Closes the queue behind the last run.
    fn join(&self, is_last: bool) -> usize {
        let mut state = lock(&self.state);
        state.places.push_back(None);
        if is_last {
            state.is_closed = true;
            self.freed.notify_all();
        }
        state.written + state.places.len() - 1
    }

    /// Hands the processed run at `place` to the writer, or the error of reading it.
    fn finish(&self, place: usize, result: Result<R, PipelineError>) {
        let mut state = lock(&self.state);
        let ahead = place - state.written;
        state.places[ahead] = Some(result);
        // The writer waits for the first run only.
        if ahead == 0 {
            self.finished.notify_one();
        }
    }

    /// Waits for the first run to be processed, and takes it out; `None` if all runs are written.
    fn first(&self) -> Option<Result<R, PipelineError>> {
        let mut state = lock(&self.state);
        loop {
            if state.is_stopped {
                // A worker has panicked. The missing run must not look like the end of the source.
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

    /// Takes back a run that is written, to be filled again.
    fn free(&self, run: R) {
        lock(&self.state).free.push(run);
        self.freed.notify_one();
    }

    /// Has all waiting threads give up.
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

/// Stops the queue when it goes out of scope.
struct StopOnDrop<'a, R>(&'a RunQueue<R>);

impl<R> Drop for StopOnDrop<'_, R> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Stops the queue when its worker panics; otherwise the writer would wait for the run of that worker.
struct StopOnPanic<'a, R>(&'a RunQueue<R>);

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

    /// Reads the numbers from 0 up to `end`, which is an end of the source or an error, and passes each to `work` and
    /// `write`.
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
                Ok(ReadRun { run: next - 1, is_last: end == Ok(next) })
            },
            |run| work(*run),
            |run| write(*run),
        )
    }

    #[test]
    fn runs_are_written_in_the_order_of_reading() {
        for end in [1, 2, 10, 1000] {
            let mut written = Vec::new();
            // Some runs take longer than others.
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
    fn runs_that_were_read_before_an_error_are_written() {
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
    fn without_threads_the_runs_are_written_in_order_too() {
        let (mut next, mut written) = (0, Vec::new());
        let mut read = |_| {
            next += 1;
            Ok(ReadRun { run: next, is_last: next == 3 })
        };
        let mut write = |run: &mut usize| {
            written.push(*run);
            Ok(())
        };
        run_alone(0, &mut read, &|run| *run *= 10, &mut write).unwrap();
        assert_eq!(written, [10, 20, 30]);
    }

    #[test]
    fn no_worker_waits_for_a_writer_that_has_failed() {
        let write = |run| if run < 3 { Ok(()) } else { Err(PipelineError::TooLong) };
        // The source never ends, so only the error of the writer does.
        assert!(numbers(Ok(0), |_| (), write).is_err());
    }

    #[test]
    fn the_writer_does_not_wait_for_a_worker_that_has_panicked() {
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
