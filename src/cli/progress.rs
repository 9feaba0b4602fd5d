//! How far a study is: a bar on a terminal, JSON lines for other programs, or nothing.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::Duration;
#[allow(clippy::disallowed_types, reason = "progress is about wall-clock time; nothing of it enters a result")]
use std::time::Instant;

use clap::ValueEnum;
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use scenarios::study::Progress;

/// The form of progress reports, on standard error.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A bar with rate and time left, if standard error is a terminal.
    Bar,
    /// One JSON object a line, at most ten a second.
    Json,
    /// Nothing.
    None,
}

/// Makes the reporter of a form.
pub(super) fn reporter(form: Form, name: &str) -> Box<dyn Progress> {
    match form {
        Form::Bar if std::io::stderr().is_terminal() => Box::new(Bar::new(name)),
        Form::Json => Box::new(Json::default()),
        Form::Bar | Form::None => Box::new(()),
    }
}

struct Bar(ProgressBar);

impl Bar {
    fn new(name: &str) -> Self {
        let bar = ProgressBar::no_length();
        let style = "{prefix} [{bar:30}] {pos}/{len} runs  {elapsed} elapsed{msg}";
        bar.set_style(ProgressStyle::with_template(style).expect("a valid template").progress_chars("=> "));
        bar.set_prefix(name.to_owned());
        Self(bar)
    }
}

impl Progress for Bar {
    fn runs(&self, done: u64, total: u64, events: u64) {
        if self.0.length() != Some(total) {
            self.0.set_length(total);
            // Runs of earlier sessions must not count towards the rate.
            self.0.set_position(done);
            self.0.reset_eta();
            // Not earlier: there is nothing to tell before it is known how much there is to do.
            self.0.enable_steady_tick(Duration::from_millis(200));
        }
        self.0.set_position(done);
        let seconds = self.0.elapsed().as_secs_f64();
        if events > 0 && seconds > 0.0 {
            let left = HumanDuration(self.0.eta());
            self.0.set_message(format!(", {left:#} left  {:.1} M events/s", events as f64 / seconds / 1e6));
        }
        if done == total {
            self.0.finish_and_clear();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[derive(Default)]
struct Json {
    #[allow(clippy::disallowed_types, reason = "to print at most ten lines a second")]
    last: Mutex<Option<Instant>>,
}

impl Progress for Json {
    fn runs(&self, done: u64, total: u64, events: u64) {
        #[allow(clippy::disallowed_types, reason = "to print at most ten lines a second")]
        let now = Instant::now();
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let due = last.is_none_or(|l| now - l >= Duration::from_millis(100));
        if due || done == total {
            *last = Some(now);
            let line = serde_json::json!({ "done": done, "total": total, "events": events });
            // A reader that has gone away does not stop a study.
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }
}
