//! How strictly values are read.

use std::{cell::Cell, cell::RefCell};

/// How strictly values are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A required field that is absent or `null` is an error.
    Strict,
    /// A required field that is absent or `null` takes its natural value, if it has one.
    Normal,
    /// Like `Normal`; in addition, a field that cannot be read is recorded and counts as absent.
    Lossy,
}

/// A part of a value that could not be read.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) field: String,
    pub(crate) json: String,
    pub(crate) source: serde_json::Error,
}

thread_local! {
    static MODE: Cell<Mode> = const { Cell::new(Mode::Normal) };
    static FAULTS: RefCell<Vec<Fault>> = const { RefCell::new(Vec::new()) };
}

/// The mode that applies to the current call.
pub(crate) fn mode() -> Mode {
    MODE.get()
}

/// Runs a function in a mode, then restores the previous mode, even after a panic.
pub(crate) fn in_mode<R>(mode: Mode, run: impl FnOnce() -> R) -> R {
    struct Restore(Mode);

    impl Drop for Restore {
        fn drop(&mut self) {
            MODE.set(self.0);
        }
    }

    let _restore = Restore(MODE.replace(mode));
    run()
}

/// Records a part that could not be read.
#[cold]
pub(crate) fn record(field: String, json: &str, source: serde_json::Error) {
    let json = json.to_owned();
    FAULTS.with_borrow_mut(|faults| {
        faults.push(Fault {
            field,
            json,
            source,
        });
    });
}

/// Takes the recorded faults, starting at `from`.
pub(crate) fn take_faults(from: usize) -> Vec<Fault> {
    FAULTS.with_borrow_mut(|faults| faults.split_off(from.min(faults.len())))
}

/// The number of recorded faults.
pub(crate) fn fault_count() -> usize {
    FAULTS.with_borrow(Vec::len)
}
