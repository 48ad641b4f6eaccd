//! Shows progress on a terminal, and nothing elsewhere.

use std::cell::OnceCell;
use std::time::Duration;

use indicatif::ProgressBar;

/// A spinner on stderr. It appears with its first message and vanishes when it is dropped.
#[derive(Default)]
pub(crate) struct Spinner {
    bar: OnceCell<ProgressBar>,
}

impl Spinner {
    /// Shows a message.
    pub(crate) fn say(&self, message: String) {
        self.bar
            .get_or_init(|| {
                let bar = ProgressBar::new_spinner();
                bar.enable_steady_tick(Duration::from_millis(100));
                bar
            })
            .set_message(message);
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
