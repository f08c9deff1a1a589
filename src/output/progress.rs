//! Progress, on standard error: a bar on a terminal, or plain lines where they are asked for.

use std::fmt;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressState, ProgressStyle};

use enwrap::keys::aws_kms::client::calls::KmsCalls;
use enwrap::pipeline::Progress;

use super::{Ui, Verbosity, When, sanitize};

/// How long nothing is shown: most runs are over by then, and a bar would only flash.
const DELAY: Duration = Duration::from_millis(500);

/// The time between two plain lines.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// The bar that is on the terminal. It is taken off while anything else is written there.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Does `write` while the bar is off the terminal.
pub(super) fn aside<T>(write: impl FnOnce() -> T) -> T {
    match &*lock(&SHOWN) {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every value behind these locks is whole after every change, so a panic elsewhere did not break it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The progress of one file, or of all files of a run.
pub(crate) struct Meter {
    form: MeterForm,
    /// The name of the file that is worked on, safe to show.
    name: Mutex<String>,
    /// How many bytes there are in all; zero, if that is not known.
    total: AtomicU64,
    done: AtomicU64,
    /// The number of files, in a run of many.
    files: Option<Files>,
    /// The calls to AWS KMS, where there may be any.
    kms_calls: Arc<KmsCalls>,
    start: Instant,
}

#[derive(Default)]
struct Files {
    /// Zero, if it is not known.
    total: AtomicU64,
    done: AtomicU64,
}

enum MeterForm {
    Hidden,
    /// A bar, which is made when the delay is over.
    Bar(OnceLock<ProgressBar>),
    /// Plain lines, and when the last one was written.
    Lines {
        last: Mutex<Instant>,
        ui: Ui,
    },
}

impl MeterForm {
    fn of(ui: Ui, is_busy: bool) -> Self {
        let is_terminal = io::stderr().is_terminal();
        match ui.progress {
            _ if ui.verbosity == Verbosity::Quiet => Self::Hidden,
            When::Never => Self::Hidden,
            When::Always if !is_terminal => Self::Lines { last: Mutex::new(Instant::now()), ui },
            _ if is_terminal && !is_busy => Self::Bar(OnceLock::new()),
            _ => Self::Hidden,
        }
    }
}

impl Meter {
    /// Begins to measure one file. `is_busy` says that a terminal shows the result itself, where a bar would
    /// be in its way.
    pub(crate) fn new(ui: Ui, name: String, total: Option<u64>, is_busy: bool) -> Self {
        Self::with(MeterForm::of(ui, is_busy), name, total.unwrap_or(0), None)
    }

    /// Begins to measure a run of many files.
    pub(crate) fn of_many(ui: Ui) -> Self {
        Self::with(MeterForm::of(ui, false), String::new(), 0, Some(Files::default()))
    }

    fn with(form: MeterForm, name: String, total: u64, files: Option<Files>) -> Self {
        let (name, total, start) = (Mutex::new(name), total.into(), Instant::now());
        Self { form, name, total, done: 0.into(), files, kms_calls: Arc::default(), start }
    }

    /// Shows the calls to AWS KMS too.
    pub(crate) fn counting(mut self, kms_calls: &Arc<KmsCalls>) -> Self {
        self.kms_calls = Arc::clone(kms_calls);
        self
    }

    /// The files of a run that are done, and the calls that they took.
    fn told(&self, files: &Files) -> String {
        let made = self.kms_calls.made();
        if made == 0 {
            return files.told();
        }
        let rate = rate(made, self.start.elapsed());
        format!("{}  {} KMS calls, {rate}/s", files.told(), HumanCount(made))
    }

    /// Whether it shows anything at all.
    pub(crate) fn is_shown(&self) -> bool {
        !matches!(self.form, MeterForm::Hidden)
    }

    /// Sets how much there is to do, which may become known only during the run.
    pub(crate) fn expect(&self, files: u64, bytes: u64) {
        self.total.store(bytes, Ordering::Relaxed);
        if let Some(counted) = &self.files {
            counted.total.store(files, Ordering::Relaxed);
        }
        if let MeterForm::Bar(bar) = &self.form
            && let Some(bar) = bar.get()
        {
            bar.set_length(bytes);
            bar.set_style(self.style());
        }
    }

    /// Begins one file of many.
    pub(crate) fn part(&self, path: &Path, size: u64) -> Part<'_> {
        if self.is_shown() {
            *lock(&self.name) = sanitize::name(path);
        }
        Part { meter: self, size, done: 0.into() }
    }

    /// Ends the measurement, with a last line where lines were asked for.
    pub(crate) fn finish(self) {
        if let MeterForm::Lines { ui, .. } = &self.form {
            ui.note(&self.line(self.start.elapsed()));
        }
    }

    /// The style of the bar. It shows the average rate since the beginning; the bar's own estimate would take all that
    /// was done before it was shown for sudden progress.
    fn style(&self) -> ProgressStyle {
        let has_total = self.total.load(Ordering::Relaxed) > 0;
        let template = match (&self.files, has_total) {
            (None, true) => {
                "{prefix} {wide_bar} {percent:>3} %  {bytes} of {total_bytes}  {rate}/s  {left} left"
            }
            (None, false) => "{prefix} {spinner} {bytes}  {rate}/s  {elapsed}",
            (Some(_), true) => {
                "{prefix}\n{wide_bar} {percent:>3} %  {bytes} of {total_bytes}  {rate}/s  {left} left"
            }
            (Some(_), false) => "{prefix}\n{spinner} {bytes}  {rate}/s  {elapsed}",
        };
        ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
                write!(out, "{}", HumanBytes(rate(state.pos(), state.elapsed()))).ok();
            })
            .with_key("left", |state: &ProgressState, out: &mut dyn fmt::Write| {
                let left = state.len().unwrap_or(0).saturating_sub(state.pos());
                let seconds = left.checked_div(rate(state.pos(), state.elapsed())).unwrap_or(0);
                write!(out, "{:#}", HumanDuration(Duration::from_secs(seconds))).ok();
            })
            .progress_chars("=> ")
    }

    /// The text before the bar, or above it.
    fn prefix(&self) -> String {
        match &self.files {
            None => shortened(&lock(&self.name), 20),
            Some(files) => {
                let told = self.told(files);
                // What is left of 80 columns behind the longest count that is likely.
                let rest = 78_usize.saturating_sub(told.chars().count()).min(45);
                format!("{told}  {}", shortened(&lock(&self.name), rest))
            }
        }
    }

    fn bar(&self) -> ProgressBar {
        let bar = match self.total.load(Ordering::Relaxed) {
            0 => ProgressBar::no_length(),
            total => ProgressBar::new(total),
        };
        let bar = bar.with_style(self.style()).with_elapsed(self.start.elapsed());
        *lock(&SHOWN) = Some(bar.clone());
        bar
    }

    fn line(&self, elapsed: Duration) -> String {
        let done = self.done.load(Ordering::Relaxed);
        let rate = rate(done, elapsed);
        let name = match &self.files {
            None => lock(&self.name).clone(),
            Some(files) => self.told(files),
        };
        let total = self.total.load(Ordering::Relaxed);
        let Some(total) = Some(total).filter(|total| *total > 0 && *total >= done) else {
            return format!("{name}: {}, {}/s", HumanBytes(done), HumanBytes(rate));
        };
        let percent = u128::from(done) * 100 / u128::from(total);
        let left = (total - done).checked_div(rate).map_or_else(String::new, |seconds| {
            format!(", {} left", HumanDuration(Duration::from_secs(seconds)))
        });
        let (done, total, rate) = (HumanBytes(done), HumanBytes(total), HumanBytes(rate));
        format!("{name}: {done} of {total} ({percent} %), {rate}/s{left}")
    }
}

impl Progress for Meter {
    fn advance(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        match &self.form {
            MeterForm::Hidden => {}
            MeterForm::Bar(bar) => {
                if bar.get().is_some() || self.start.elapsed() >= DELAY {
                    let bar = bar.get_or_init(|| self.bar());
                    bar.set_position(done);
                    bar.set_prefix(self.prefix());
                }
            }
            MeterForm::Lines { last, ui } => {
                let mut last = lock(last);
                if last.elapsed() >= LINE_INTERVAL {
                    *last = Instant::now();
                    ui.note(&self.line(self.start.elapsed()));
                }
            }
        }
    }
}

impl Drop for Meter {
    /// Takes the bar off the terminal, so that what follows begins on an empty line.
    fn drop(&mut self) {
        if let MeterForm::Bar(bar) = &self.form
            && let Some(bar) = bar.get()
        {
            *lock(&SHOWN) = None;
            bar.finish_and_clear();
        }
    }
}

impl Files {
    fn told(&self) -> String {
        let done = HumanCount(self.done.load(Ordering::Relaxed));
        match self.total.load(Ordering::Relaxed) {
            0 => format!("{done} files"),
            total => format!("{done} of {} files", HumanCount(total)),
        }
    }
}

/// The progress of one file of many.
pub(crate) struct Part<'a> {
    meter: &'a Meter,
    /// How many bytes the file counts for in the run, however many are reported: a file that is passed over is done
    /// too, and a message has more bytes than its plaintext.
    size: u64,
    done: AtomicU64,
}

impl Progress for Part<'_> {
    fn advance(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed);
        self.meter.advance(bytes.min(self.size.saturating_sub(done)));
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        if let Some(files) = &self.meter.files {
            files.done.fetch_add(1, Ordering::Relaxed);
        }
        self.meter.advance(self.size.saturating_sub(*self.done.get_mut()));
    }
}

/// The progress of a file: shown by a meter of its own, or as a part of the run's.
pub(crate) enum FileMeter<'a> {
    Alone(Meter),
    Part(&'a Part<'a>),
}

impl<'a> FileMeter<'a> {
    /// Begins to measure a file: as `part` of a run, or else by a meter of its own.
    pub(crate) fn begin(
        ui: Ui,
        part: Option<&'a Part<'a>>,
        name: String,
        total: Option<u64>,
        is_busy: bool,
    ) -> Self {
        part.map_or_else(|| Self::Alone(Meter::new(ui, name, total, is_busy)), Self::Part)
    }

    pub(crate) fn finish(self) {
        if let Self::Alone(meter) = self {
            meter.finish();
        }
    }
}

impl Progress for FileMeter<'_> {
    fn advance(&self, bytes: u64) {
        match self {
            Self::Alone(meter) => meter.advance(bytes),
            Self::Part(part) => part.advance(bytes),
        }
    }
}

/// Bytes a second.
fn rate(done: u64, elapsed: Duration) -> u64 {
    let millis = elapsed.as_millis().max(1);
    u64::try_from(u128::from(done) * 1000 / millis).unwrap_or(u64::MAX)
}

/// The name cut to `most` characters, so that a bar fits beside it. The end is kept, since the end of a path says more
/// than its beginning.
fn shortened(name: &str, most: usize) -> String {
    let count = name.chars().count();
    if count <= most {
        return name.to_owned();
    }
    format!("..{}", name.chars().skip(count - most + 2).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(total: Option<u64>, done: u64) -> Meter {
        let meter = Meter::with(MeterForm::Hidden, "a".to_owned(), total.unwrap_or(0), None);
        meter.advance(done);
        meter
    }

    #[test]
    fn a_line_says_what_is_known() {
        let half = meter(Some(2048), 1024).line(Duration::from_secs(2));
        assert_eq!(half, "a: 1.00 KiB of 2.00 KiB (50 %), 512 B/s, 2 seconds left");
        let unknown = meter(None, 1024).line(Duration::from_secs(2));
        assert_eq!(unknown, "a: 1.00 KiB, 512 B/s");
        let grown = meter(Some(10), 1024).line(Duration::from_secs(2));
        assert_eq!(grown, "a: 1.00 KiB, 512 B/s");
        let none = meter(Some(2048), 0).line(Duration::ZERO);
        assert_eq!(none, "a: 0 B of 2.00 KiB (0 %), 0 B/s");
    }

    #[test]
    fn every_file_of_many_counts_for_its_size() {
        let all = Meter::with(MeterForm::Hidden, String::new(), 0, Some(Files::default()));
        all.part(Path::new("a"), 1000).advance(900);
        all.part(Path::new("b"), 24).advance(100);
        drop(all.part(Path::new("skipped"), 1024));
        assert_eq!(all.line(Duration::from_secs(2)), "3 files: 2.00 KiB, 1.00 KiB/s");
        all.expect(1000, 4096);
        let line = all.line(Duration::from_secs(2));
        assert_eq!(
            line,
            "3 of 1,000 files: 2.00 KiB of 4.00 KiB (50 %), 1.00 KiB/s, 2 seconds left"
        );
    }

    #[test]
    fn a_long_name_keeps_its_end() {
        let long = shortened("/var/backups/2026/home.tar", 20);
        assert_eq!(shortened("short", 20), "short");
        assert_eq!(long.chars().count(), 20);
        assert!(long.ends_with("2026/home.tar"));
    }
}
