//! The progress bar.

use std::fmt::Display;

use indicatif::{ProgressBar, ProgressStyle};

const TEMPLATE: &str = "{prefix:>10} [{bar:40}] {percent:>3} %  {msg}";

/// How far the demo is. Shows nothing where nobody looks: if standard error is not a terminal.
#[derive(Clone)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar that is full when so many customers have left.
    pub(crate) fn new(customers: usize, visible: bool) -> Self {
        if !visible {
            return Self {
                bar: ProgressBar::hidden(),
            };
        }
        let style = ProgressStyle::with_template(TEMPLATE).expect("the template is well formed");
        Self {
            bar: ProgressBar::new(customers as u64).with_style(style.progress_chars("=> ")),
        }
    }

    /// Whose turn it is.
    pub(crate) fn turn(&self, name: &'static str) {
        self.bar.set_prefix(name);
        self.bar.set_message("");
    }

    /// A customer has left.
    pub(crate) fn one_more(&self) {
        self.bar.inc(1);
    }

    /// What has just happened.
    pub(crate) fn note(&self, what: impl Display) {
        self.bar.set_message(what.to_string());
    }

    /// Takes the bar off the screen.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
