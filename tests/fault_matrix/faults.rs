//! The faults of the matrix.

use codex_testing::Fault;

use crate::{MAX_MESSAGE, TIMEOUT};

/// A fault, with its name in the documentation.
pub(crate) struct NamedFault {
    pub(crate) name: &'static str,
    make: fn() -> Fault,
}

impl NamedFault {
    pub(crate) fn fault(&self) -> Fault {
        (self.make)()
    }
}

const fn named(name: &'static str, make: fn() -> Fault) -> NamedFault {
    NamedFault { name, make }
}

/// All faults.
pub(crate) const FAULTS: [NamedFault; 19] = [
    // The first one harms nothing, so that its cells start everything that is kept.
    named("duplicate", || Fault::Duplicate),
    named("exit 0", || Fault::Exit(0)),
    named("exit 1", || Fault::Exit(1)),
    named("SIGKILL", || Fault::Kill),
    named("output ends, process lives", || Fault::CloseOutput),
    named("hang", || Fault::Hang),
    named("dropped", || Fault::Drop),
    named("garbage", || Fault::Garbage),
    named("invalid UTF-8", || Fault::InvalidUtf8),
    named("truncated", || Fault::Truncate),
    named("control bytes", || Fault::ControlBytes),
    named("oversized", || Fault::Oversize(2 * MAX_MESSAGE)),
    named("wrong id", || Fault::WrongId),
    named("wrong type", || Fault::WrongType),
    named("error response", || Fault::Error {
        code: -32600,
        message: "refused".to_owned(),
    }),
    named("reordered", || Fault::Reorder),
    named("delayed beyond the timeout", || Fault::Delay(3 * TIMEOUT)),
    // Many times as much as a pipe holds.
    named("flood on stdout", || Fault::FloodStdout(1024 * 1024)),
    named("flood on stderr", || Fault::FloodStderr(1024 * 1024)),
];
