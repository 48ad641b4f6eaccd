//! Shows on a terminal that a slow step goes on, and nothing elsewhere.

use std::cell::OnceCell;
use std::time::Duration;

use indicatif::ProgressBar;

/// A spinner on stderr that appears with its first words and vanishes when it is dropped.
#[derive(Default)]
pub(crate) struct Spinner {
    bar: OnceCell<ProgressBar>,
}

impl Spinner {
    /// Says what is being done now.
    pub(crate) fn say(&self, words: String) {
        self.bar
            .get_or_init(|| {
                let bar = ProgressBar::new_spinner();
                bar.enable_steady_tick(Duration::from_millis(100));
                bar
            })
            .set_message(words);
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
