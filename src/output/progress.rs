//! How far the work is, on stderr: a bar on a terminal, plain lines where a log is asked for.

use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressStyle};

use enwrap::pipeline::Progress;

use super::{Ui, Verbosity, When};

/// Nothing is shown before: most work is done by then, and a flash helps nobody.
const DELAY: Duration = Duration::from_millis(500);

/// Between two plain lines.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// The progress of one file.
pub(crate) struct Meter {
    form: Form,
    /// What is worked on, safe to show.
    name: String,
    /// Bytes in all, if known.
    total: Option<u64>,
    done: AtomicU64,
    start: Instant,
}

enum Form {
    Hidden,
    /// Made when the delay is over.
    Bar(OnceLock<ProgressBar>),
    /// When the last line was written.
    Lines {
        last: Mutex<Instant>,
        ui: Ui,
    },
}

impl Meter {
    /// Begins to measure. `is_busy` says that a terminal shows the result itself, where a bar would
    /// be in its way.
    pub(crate) fn new(ui: Ui, name: String, total: Option<u64>, is_busy: bool) -> Self {
        let start = Instant::now();
        let is_terminal = io::stderr().is_terminal();
        let form = match ui.progress {
            _ if ui.verbosity == Verbosity::Quiet => Form::Hidden,
            When::Never => Form::Hidden,
            When::Always if !is_terminal => Form::Lines { last: Mutex::new(start), ui },
            _ if is_terminal && !is_busy => Form::Bar(OnceLock::new()),
            _ => Form::Hidden,
        };
        Self { form, name, total: total.filter(|total| *total > 0), done: 0.into(), start }
    }

    /// Ends it; whoever asked for lines gets a last one.
    pub(crate) fn finish(self) {
        if let Form::Lines { ui, .. } = &self.form {
            ui.note(&self.line(self.start.elapsed()));
        }
    }

    fn bar(&self) -> ProgressBar {
        let bar = match self.total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::no_length(),
        };
        let template = match self.total {
            Some(_) => {
                "{prefix} {wide_bar} {percent:>3} %  {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left"
            }
            None => "{prefix} {spinner} {bytes}  {bytes_per_sec}  {elapsed}",
        };
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        bar.with_style(style).with_prefix(shortened(&self.name)).with_elapsed(self.start.elapsed())
    }

    fn line(&self, elapsed: Duration) -> String {
        let done = self.done.load(Ordering::Relaxed);
        let rate = rate(done, elapsed);
        let name = &self.name;
        let Some(total) = self.total.filter(|total| *total >= done) else {
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
            Form::Hidden => {}
            Form::Bar(bar) => {
                if bar.get().is_some() || self.start.elapsed() >= DELAY {
                    bar.get_or_init(|| self.bar()).set_position(done);
                }
            }
            Form::Lines { last, ui } => {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if last.elapsed() >= LINE_INTERVAL {
                    *last = Instant::now();
                    ui.note(&self.line(self.start.elapsed()));
                }
            }
        }
    }
}

impl Drop for Meter {
    /// An error is told on a clean line.
    fn drop(&mut self) {
        if let Form::Bar(bar) = &self.form
            && let Some(bar) = bar.get()
        {
            bar.finish_and_clear();
        }
    }
}

/// Bytes a second.
fn rate(done: u64, elapsed: Duration) -> u64 {
    let millis = elapsed.as_millis().max(1);
    u64::try_from(u128::from(done) * 1000 / millis).unwrap_or(u64::MAX)
}

/// A name that leaves room for a bar in 80 columns: the end of a path says more than its beginning.
fn shortened(name: &str) -> String {
    const MOST: usize = 20;
    let count = name.chars().count();
    if count <= MOST {
        return name.to_owned();
    }
    format!("..{}", name.chars().skip(count - MOST + 2).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(total: Option<u64>, done: u64) -> Meter {
        let (form, name) = (Form::Hidden, "a".to_owned());
        Meter { form, name, total, done: done.into(), start: Instant::now() }
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
    fn a_long_name_keeps_its_end() {
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened("/var/backups/2026/home.tar").chars().count(), 20);
        assert!(shortened("/var/backups/2026/home.tar").ends_with("2026/home.tar"));
    }
}
