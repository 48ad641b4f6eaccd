//! How strictly values are read.

use std::{
    cell::{Cell, RefCell},
    fmt,
};

use crate::redact::without_values;

/// How strictly values are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Everything that the schema refuses is an error.
    Strict,
    /// A required field that is absent or `null` is an error. Unknown values are kept.
    Complete,
    /// A required field that is absent or `null` takes its natural value, if it has one.
    Normal,
    /// Like `Normal`; in addition, a field that cannot be read is recorded and counts as absent.
    Lossy,
}

/// A part of a value that could not be read. `Debug` does not show the JSON, which may contain a
/// secret.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct UnreadablePart {
    /// The type and field, and the index or key in the field: `Turn.items[2]`.
    pub field: String,
    /// The JSON text.
    pub json: String,
    /// Why it could not be read. Does not quote the value.
    pub reason: String,
}

impl fmt::Debug for UnreadablePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnreadablePart")
            .field("field", &self.field)
            .field("json", &format_args!("<{} bytes>", self.json.len()))
            .field("reason", &self.reason)
            .finish()
    }
}

impl fmt::Display for UnreadablePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

/// Maximum number of recorded parts. A list of a million malformed elements would otherwise cost a
/// hundred times its size.
pub(crate) const MAX_RECORDED: usize = 1000;

thread_local! {
    static MODE: Cell<Mode> = const { Cell::new(Mode::Normal) };
    static UNREADABLE: RefCell<Vec<UnreadablePart>> = const { RefCell::new(Vec::new()) };
}

/// The mode that applies to the current call.
pub(crate) fn mode() -> Mode {
    MODE.get()
}

/// Whether values that the schema does not list are errors.
pub(crate) fn refuses_unknown() -> bool {
    mode() == Mode::Strict
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

/// Records a part that could not be read, unless there are too many.
#[cold]
pub(crate) fn record(field: &str, json: &str, error: &serde_json::Error) {
    if unreadable_count() >= MAX_RECORDED {
        return;
    }
    let part = UnreadablePart {
        field: field.to_owned(),
        json: json.to_owned(),
        reason: without_values(error),
    };
    UNREADABLE.with_borrow_mut(|parts| parts.push(part));
}

/// Takes the recorded parts, starting at `from`.
pub(crate) fn take_unreadable(from: usize) -> Vec<UnreadablePart> {
    UNREADABLE.with_borrow_mut(|parts| parts.split_off(from.min(parts.len())))
}

/// The number of recorded parts.
pub(crate) fn unreadable_count() -> usize {
    UNREADABLE.with_borrow(Vec::len)
}
