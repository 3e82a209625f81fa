//! Progress bars of an update, one for each document being read.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use clair_feeds::Document;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Bars on standard error, where that is a terminal.
#[derive(Debug)]
pub(super) struct Progress {
    bars: MultiProgress,
    active: Mutex<BTreeMap<String, (ProgressBar, Arc<AtomicU64>)>>,
    is_shown: bool,
}

impl Progress {
    pub(super) fn new(quiet: bool) -> Self {
        Self {
            bars: MultiProgress::new(),
            active: Mutex::default(),
            is_shown: !quiet && std::io::stderr().is_terminal(),
        }
    }

    /// Shows a bar for a document that is about to be read.
    pub(super) fn begin(&self, source: &str, document: &Document) {
        if !self.is_shown {
            return;
        }
        let length = document.length();
        let bar = length.map_or_else(ProgressBar::no_length, ProgressBar::new);
        let template = if length.is_some() {
            "{msg:24} {bar:30} {binary_bytes}/{binary_total_bytes}"
        } else {
            "{msg:24} {spinner} {binary_bytes}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(source.to_owned());
        let bar = self.bars.add(bar);
        if let Ok(mut active) = self.active.lock() {
            active.insert(source.to_owned(), (bar, document.progress()));
        }
    }

    /// Moves the bars to where the documents are read.
    pub(super) fn tick(&self) {
        if let Ok(active) = self.active.lock() {
            for (bar, position) in active.values() {
                bar.set_position(position.load(Ordering::Relaxed));
            }
        }
    }

    /// Takes the bar of a document away, if there is one.
    pub(super) fn end(&self, source: &str) {
        if let Ok(mut active) = self.active.lock()
            && let Some((bar, _)) = active.remove(source)
        {
            bar.finish_and_clear();
        }
    }
}
