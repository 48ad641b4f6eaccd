//! Spans and events for subscribers of `tracing`. Without the feature `tracing`, everything here does
//! nothing.
//!
//! Spans and events name methods, ids, durations and outcomes, never contents. Only the messages at
//! the level `trace` have contents, with their secrets replaced.

use std::{fmt, time::Duration};

#[cfg(feature = "tracing")]
pub(crate) use enabled::{Scope, Span, message, wants_messages, wants_unknown};

#[cfg(not(feature = "tracing"))]
pub(crate) use disabled::{Scope, Span, message, wants_messages, wants_unknown};

/// The target of all spans and events, for filters such as `codex_client=debug`.
#[cfg(feature = "tracing")]
const TARGET: &str = "codex_client";

/// Emits an event with this level and these fields.
macro_rules! event {
    ($level:ident, $($fields:tt)*) => {
        #[cfg(feature = "tracing")]
        tracing::event!(target: TARGET, tracing::Level::$level, $($fields)*)
    };
}

/// Reports a message that cannot be read. The error says where, and quotes nothing.
pub(crate) fn malformed(error: &dyn fmt::Display) {
    let _ = error;
    event!(WARN, %error, "a message cannot be read");
}

/// Reports an error that no caller receives.
pub(crate) fn reported(error: &dyn fmt::Display) {
    let _ = error;
    event!(WARN, %error, "reported to the readers of notifications");
}

/// Reports a notification or a request of a method that this version does not know.
pub(crate) fn unknown(method: &str) {
    let _ = method;
    event!(
        DEBUG,
        codex.method = shown(method),
        "a message of an unknown method"
    );
}

/// Reports that no handler, tool or inbox has responded to a request.
pub(crate) fn declined(method: &'static str, thread_id: Option<&str>) {
    let _ = (method, thread_id);
    event!(
        WARN,
        codex.method = method,
        codex.thread = thread_id,
        "a request from the server is declined by default"
    );
}

/// Reports that a reader has missed notifications.
pub(crate) fn lagged(skipped: u64) {
    let _ = skipped;
    event!(
        WARN,
        skipped,
        "a reader is too slow, and its oldest notifications are dropped"
    );
}

/// Reports the end of the server process.
pub(crate) fn exited(status: Option<std::process::ExitStatus>) {
    let _ = status;
    event!(
        INFO,
        codex.exit_status = status.map(tracing::field::display),
        "the server process has ended"
    );
}

/// Reports that the session has ended, or could not be begun, and that another attempt follows.
pub(crate) fn reconnecting(attempt: u32, delay: Duration, reason: &str) {
    let _ = (attempt, delay, reason);
    event!(
        WARN,
        codex.attempt = attempt,
        codex.delay_ms = delay.as_secs_f64() * 1e3,
        codex.reason = reason,
        "reconnecting"
    );
}

/// Reports that another session has begun, with these numbers of threads.
pub(crate) fn reconnected(resumed: usize, lost: usize) {
    let _ = (resumed, lost);
    event!(
        INFO,
        codex.resumed = resumed,
        codex.lost = lost,
        "reconnected"
    );
}

/// Reports that there are no further attempts to begin a session.
pub(crate) fn gave_up(attempts: u32, reason: &str) {
    let _ = (attempts, reason);
    event!(
        ERROR,
        codex.attempt = attempts,
        codex.reason = reason,
        "gave up reconnecting"
    );
}

/// Returns a method as it may be shown: a server could send anything in its place.
#[cfg(feature = "tracing")]
fn shown(method: &str) -> &str {
    match codex_types::redact::is_name(method) {
        true => method,
        false => "…",
    }
}

#[cfg(feature = "tracing")]
mod enabled {
    use std::time::Instant;

    use codex_types::redact;
    use tracing::{Level, field::Empty};

    use super::TARGET;

    /// A span that ends with an outcome. Without a subscriber, it costs a check of the level.
    #[derive(Debug)]
    pub(crate) struct Span {
        span: tracing::Span,
        /// `None` if no subscriber wants the span, or it has ended.
        start: Option<Instant>,
    }

    impl Default for Span {
        fn default() -> Self {
            tracing::Span::none().into()
        }
    }

    impl From<tracing::Span> for Span {
        fn from(span: tracing::Span) -> Self {
            let start = (!span.is_disabled()).then(Instant::now);
            Self { span, start }
        }
    }

    impl Span {
        pub(crate) fn connection(transport: &'static str) -> Self {
            tracing::info_span!(
                target: TARGET,
                "codex.connection",
                otel.kind = "client",
                codex.transport = transport,
                codex.outcome = Empty,
                codex.duration_ms = Empty
            )
            .into()
        }

        /// `ids` returns the ids of the thread and of the turn that the request names.
        pub(crate) fn request(
            method: &'static str,
            ids: impl FnOnce() -> (Option<String>, Option<String>),
        ) -> Self {
            let span: Self = tracing::debug_span!(
                target: TARGET,
                "codex.request",
                otel.kind = "client",
                otel.name = method,
                codex.method = method,
                codex.thread = Empty,
                codex.turn = Empty,
                codex.outcome = Empty,
                codex.duration_ms = Empty
            )
            .into();
            if span.start.is_some() {
                let (thread_id, turn_id) = ids();
                span.span.record("codex.thread", thread_id);
                span.span.record("codex.turn", turn_id);
            }
            span
        }

        pub(crate) fn turn(thread_id: &str, turn_id: &str) -> Self {
            tracing::info_span!(
                target: TARGET,
                "codex.turn",
                otel.kind = "client",
                codex.thread = thread_id,
                codex.turn = turn_id,
                codex.outcome = Empty,
                codex.duration_ms = Empty
            )
            .into()
        }

        pub(crate) fn server_request(
            method: &'static str,
            thread_id: Option<&str>,
            turn_id: Option<&str>,
        ) -> Self {
            tracing::debug_span!(
                target: TARGET,
                "codex.server_request",
                otel.kind = "server",
                otel.name = method,
                codex.method = method,
                codex.thread = thread_id,
                codex.turn = turn_id,
                codex.outcome = Empty,
                codex.duration_ms = Empty
            )
            .into()
        }

        /// Whether a subscriber wants the span, and it has not ended.
        pub(crate) fn is_enabled(&self) -> bool {
            self.start.is_some()
        }

        /// Returns the span as the context of other spans.
        pub(crate) fn scope(&self) -> Scope {
            Scope(self.span.clone())
        }

        /// Ends the span. Only the first call has an effect.
        pub(crate) fn end(&mut self, outcome: &str) {
            if let Some(start) = self.start.take() {
                self.span.record("codex.outcome", outcome);
                let duration = start.elapsed().as_secs_f64() * 1e3;
                self.span.record("codex.duration_ms", duration);
                self.span = tracing::Span::none();
            }
        }
    }

    impl Drop for Span {
        fn drop(&mut self) {
            self.end("dropped");
        }
    }

    /// A context of spans and events.
    pub(crate) struct Scope(tracing::Span);

    impl Scope {
        /// Makes the span the current one of this thread until the guard is dropped.
        pub(crate) fn enter(&self) -> tracing::span::Entered<'_> {
            self.0.enter()
        }
    }

    /// Whether a subscriber wants to know of unknown methods.
    #[inline]
    pub(crate) fn wants_unknown() -> bool {
        tracing::event_enabled!(target: TARGET, Level::DEBUG)
    }

    /// Emits a message, at the level `trace`, without its secrets.
    #[inline]
    pub(crate) fn message(direction: &'static str, line: &[u8]) {
        if wants_messages() {
            emit(direction, line);
        }
    }

    /// Whether a subscriber wants to see messages.
    #[inline]
    pub(crate) fn wants_messages() -> bool {
        tracing::event_enabled!(target: TARGET, Level::TRACE)
    }

    #[cold]
    fn emit(direction: &'static str, line: &[u8]) {
        let message = redact::json_without_secrets(line).ok();
        let message = message.as_deref().map(String::from_utf8_lossy);
        tracing::event!(
            target: TARGET,
            Level::TRACE,
            codex.direction = direction,
            codex.bytes = line.len(),
            codex.message = message.as_deref(),
            "message"
        );
    }
}

#[cfg(not(feature = "tracing"))]
mod disabled {
    /// A span that does nothing.
    #[derive(Debug, Default)]
    pub(crate) struct Span {}

    impl Span {
        pub(crate) fn connection(_transport: &'static str) -> Self {
            Self {}
        }

        pub(crate) fn request(
            _method: &'static str,
            _ids: impl FnOnce() -> (Option<String>, Option<String>),
        ) -> Self {
            Self {}
        }

        pub(crate) fn turn(_thread_id: &str, _turn_id: &str) -> Self {
            Self {}
        }

        pub(crate) fn server_request(
            _method: &'static str,
            _thread_id: Option<&str>,
            _turn_id: Option<&str>,
        ) -> Self {
            Self {}
        }

        pub(crate) fn is_enabled(&self) -> bool {
            false
        }

        pub(crate) fn scope(&self) -> Scope {
            Scope
        }

        pub(crate) fn end(&mut self, _outcome: &str) {}
    }

    /// A context that does nothing.
    pub(crate) struct Scope;

    impl Scope {
        pub(crate) fn enter(&self) -> &Self {
            self
        }
    }

    pub(crate) fn wants_unknown() -> bool {
        false
    }

    pub(crate) fn wants_messages() -> bool {
        false
    }

    pub(crate) fn message(_direction: &'static str, _line: &[u8]) {}
}
