//! The token usage of threads, and the part of it that a turn has caused.
//!
//! The server reports the usage of the latest model call (`last`) and the sum over the thread's
//! lifetime (`total`) after each call. A turn has therefore caused the difference between its last
//! report and the last report before it.
//!
//! If there is none before it, because the thread was resumed or forked, the first report is that
//! of the first call, and contains it. The first report in a compaction is not that of a call: it
//! repeats the state of the thread, so that it is the last report before the turn, although it
//! belongs to the turn. Servers repeat it also when they resume a thread, but not when they fork
//! one, nor when its history was compacted.

use std::sync::Arc;

use codex_types::{ThreadTokenUsage, ThreadTokenUsageUpdatedNotification};

use crate::{
    error::decode_error::DecodeError,
    routing::recent::Recent,
    rpc::{
        agent_report::item_type,
        raw_notification::{NotificationKind, RawNotification},
    },
    tokens::Tokens,
};

/// The last `thread/tokenUsage/updated` of each thread, as received.
#[derive(Default)]
pub(crate) struct ThreadUsages {
    threads: Recent<Box<str>, Arc<RawNotification>>,
    /// The threads in which a compaction has begun, and nothing has been reported since.
    compacting: Recent<Box<str>, ()>,
}

impl ThreadUsages {
    /// Updates the state from a notification about a turn.
    pub(crate) fn observe(&mut self, thread_id: &str, notification: &RawNotification) {
        match notification.kind() {
            NotificationKind::ItemStarted
                if item_type(notification).as_deref() == Some("contextCompaction") =>
            {
                self.compacting.insert(thread_id.into(), ());
            }
            NotificationKind::ItemStarted
            | NotificationKind::ItemCompleted
            | NotificationKind::TurnStarted
            | NotificationKind::TurnCompleted => {
                self.compacting.remove(thread_id);
            }
            _ => {}
        }
    }

    /// Records a report, and returns the last one before it. If that is not known, a report that
    /// repeats it takes its place.
    pub(crate) fn update(
        &mut self,
        thread_id: &str,
        report: &Arc<RawNotification>,
    ) -> Option<Arc<RawNotification>> {
        let repeats = self.compacting.remove(thread_id).is_some();
        let before = self.threads.insert(thread_id.into(), Arc::clone(report));
        before.or_else(|| repeats.then(|| Arc::clone(report)))
    }

    /// Forgets a thread that is no longer loaded.
    pub(crate) fn remove(&mut self, thread_id: &str) {
        self.threads.remove(thread_id);
        self.compacting.remove(thread_id);
    }

    pub(crate) fn last(&self, thread_id: &str) -> Option<&Arc<RawNotification>> {
        self.threads.get(thread_id)
    }
}

/// The reports on a thread from the last one before a turn to the last one in it.
#[derive(Debug, Clone)]
pub(crate) struct UsageSpan<T = Arc<RawNotification>> {
    /// `None` if this client has not received it. The first one if that repeats it.
    pub(crate) before: Option<T>,
    pub(crate) first: T,
    pub(crate) last: T,
}

impl UsageSpan {
    pub(crate) fn new(before: Option<&Arc<RawNotification>>, first: &Arc<RawNotification>) -> Self {
        Self {
            before: before.cloned(),
            first: Arc::clone(first),
            last: Arc::clone(first),
        }
    }

    /// Returns the span that ends with a later report.
    pub(crate) fn until(&self, report: &Arc<RawNotification>) -> Self {
        Self {
            last: Arc::clone(report),
            ..self.clone()
        }
    }

    /// Decodes the reports. A report that cannot be read is replaced with its neighbor, and the
    /// error is added to `unreadable`.
    pub(crate) fn read(
        &self,
        unreadable: &mut Vec<DecodeError>,
    ) -> Option<UsageSpan<ThreadTokenUsage>> {
        let mut usage = |report: &Arc<RawNotification>| {
            report
                .read_reporting::<ThreadTokenUsageUpdatedNotification>(unreadable)
                .map(|report| report.token_usage)
        };
        let last = usage(&self.last)?;
        let first = match Arc::ptr_eq(&self.first, &self.last) {
            true => Some(last.clone()),
            false => usage(&self.first),
        };
        let before = match &self.before {
            Some(before) if Arc::ptr_eq(before, &self.first) => first.clone(),
            before => before.as_ref().and_then(usage),
        };
        Some(UsageSpan {
            before,
            first: first.unwrap_or_else(|| last.clone()),
            last,
        })
    }
}

impl UsageSpan<ThreadTokenUsage> {
    /// Returns the tokens that the turn has caused.
    pub(crate) fn tokens(&self) -> Tokens {
        let total = Tokens::from(&self.last.total);
        let before = self
            .before
            .as_ref()
            .map(|before| Tokens::from(&before.total));
        // A larger total is that of another history.
        let before = before.filter(|before| before.total <= total.total);
        let first = || Tokens::from(&self.first.total).since(Tokens::from(&self.first.last));
        total.since(before.unwrap_or_else(first))
    }
}

#[cfg(test)]
mod tests {
    use codex_types::TokenUsageBreakdown;
    use serde_json::{Value, json};

    use super::*;
    use crate::rpc::raw_notification::received;

    /// Creates a report of a call with `last` input tokens in a thread with `total`.
    fn report(last: i64, total: i64) -> ThreadTokenUsage {
        let input = |count| TokenUsageBreakdown::new(0, count, 0, 0, count);
        ThreadTokenUsage::new(input(last), input(total))
    }

    fn tokens(
        before: impl Into<Option<ThreadTokenUsage>>,
        first: ThreadTokenUsage,
        last: ThreadTokenUsage,
    ) -> u64 {
        let before = before.into();
        let tokens = UsageSpan {
            before,
            first,
            last,
        }
        .tokens();
        assert_eq!(tokens.input, tokens.total);
        tokens.total
    }

    #[test]
    fn a_turn_has_caused_the_growth_of_the_total_since_the_turn_before() {
        let before = report(500, 700);
        assert_eq!(
            tokens(before.clone(), report(100, 800), report(200, 1000)),
            300
        );
        // The report before a compaction repeats the one before the turn, and the one after it
        // estimates the size of the context.
        assert_eq!(
            tokens(before.clone(), report(500, 700), report(9000, 900)),
            200
        );
        assert_eq!(tokens(before, report(500, 700), report(500, 700)), 0);
    }

    #[test]
    fn the_first_call_is_counted_if_the_total_before_the_turn_is_not_known() {
        assert_eq!(tokens(None, report(100, 100), report(200, 300)), 300);
        assert_eq!(tokens(None, report(100, 900), report(200, 1100)), 300);
    }

    #[test]
    fn a_total_that_decreased_does_not_make_negative_counts() {
        assert_eq!(
            tokens(report(1, 5000), report(100, 300), report(50, 350)),
            150
        );
        assert_eq!(tokens(None, report(900, 100), report(0, 100)), 100);
    }

    /// A notification about the thread `t`.
    #[derive(Clone, Copy)]
    enum Event {
        Started(&'static str),
        Completed(&'static str),
        Turn(&'static str),
        /// The tokens of the last call, and the total.
        Usage(i64, i64),
    }

    use Event::{Completed, Started, Turn, Usage};

    fn notification(event: Event) -> Arc<RawNotification> {
        let item =
            |kind| json!({"threadId": "t", "turnId": "u", "item": {"type": kind, "id": "i"}});
        let (method, params) = match event {
            Started(kind) => ("item/started", item(kind)),
            Completed(kind) => ("item/completed", item(kind)),
            Turn(method) => (method, json!({"threadId": "t", "turn": {"id": "u"}})),
            Usage(last, total) => {
                let usage = json!({"last": counts(last), "total": counts(total)});
                let params = json!({"threadId": "t", "turnId": "u", "tokenUsage": usage});
                ("thread/tokenUsage/updated", params)
            }
        };
        let message = json!({"method": method, "params": params}).to_string();
        Arc::new(received(&message).0)
    }

    fn counts(count: i64) -> Value {
        json!({
            "cachedInputTokens": 0, "inputTokens": count, "outputTokens": 0,
            "reasoningOutputTokens": 0, "totalTokens": count,
        })
    }

    /// Returns the tokens of a turn, given the notifications before it and in it.
    fn tokens_of_turn(before: &[Event], turn: &[Event]) -> u64 {
        let (mut usages, mut span) = (ThreadUsages::default(), None::<UsageSpan>);
        let mut receive = |event| {
            let notification = notification(event);
            usages.observe("t", &notification);
            let is_report = matches!(event, Usage(..));
            is_report.then(|| (usages.update("t", &notification), notification))
        };
        for event in before {
            receive(*event);
        }
        for (before, report) in turn.iter().filter_map(|event| receive(*event)) {
            span = Some(match &span {
                Some(span) => span.until(&report),
                None => UsageSpan::new(before.as_ref(), &report),
            });
        }
        let usage = span.and_then(|span| span.read(&mut Vec::new()));
        usage.map_or(0, |usage| usage.tokens().total)
    }

    const COMPACTION: &str = "contextCompaction";

    /// A compaction: the repeated report, the call, and the estimated size of the context.
    const COMPACTING: [Event; 5] = [
        Started(COMPACTION),
        Usage(6245, 2000),
        Usage(100, 2100),
        Usage(6245, 2100),
        Completed(COMPACTION),
    ];

    /// A call in a turn of a thread without compaction, or after it.
    const CALL: [Event; 3] = [
        Started("agentMessage"),
        Completed("agentMessage"),
        Usage(1000, 3100),
    ];

    #[test]
    fn a_compaction_is_one_call_whether_or_not_the_thread_was_reported_before() {
        for before in [
            // A fork, or a thread that was compacted before it was resumed.
            &[][..],
            // A resumed thread.
            &[Usage(6245, 2000)],
            &[Usage(1000, 2000), Turn("turn/completed")],
            // A compaction that has failed, or was interrupted, reports nothing.
            &[
                Turn("turn/started"),
                Started(COMPACTION),
                Turn("turn/completed"),
            ],
        ] {
            let start = [Turn("turn/started")];
            let manual = [&start[..], &COMPACTING].concat();
            assert_eq!(tokens_of_turn(before, &manual), 100);
            let user = [Started("userMessage"), Completed("userMessage")];
            let automatic = [&start[..], &COMPACTING, &user, &CALL].concat();
            assert_eq!(tokens_of_turn(before, &automatic), 1100);
            let failed = [&start[..], &COMPACTING[..2]].concat();
            assert_eq!(tokens_of_turn(before, &failed), 0);
            let plain = [&start[..], &user, &CALL].concat();
            let expected = if before.iter().any(|it| matches!(it, Usage(..))) {
                1100
            } else {
                1000
            };
            assert_eq!(tokens_of_turn(before, &plain), expected);
        }
    }

    #[test]
    fn the_calls_before_a_compaction_in_the_same_turn_count() {
        let turn = [
            Turn("turn/started"),
            Started("userMessage"),
            Completed("userMessage"),
            Started("commandExecution"),
            Usage(500, 2000),
            Completed("commandExecution"),
        ];
        let turn = [&turn[..], &COMPACTING, &CALL].concat();
        assert_eq!(tokens_of_turn(&[], &turn), 500 + 100 + 1000);
    }

    #[test]
    fn a_call_that_is_reported_after_its_compaction_counts() {
        let turn = [Started(COMPACTION), Completed(COMPACTION), Usage(100, 2100)];
        assert_eq!(tokens_of_turn(&[], &turn), 100);
    }

    #[test]
    fn the_last_report_of_each_thread_is_kept_until_the_thread_ends() {
        let (report, _) = received(r#"{"method":"thread/tokenUsage/updated","params":{}}"#);
        let report = Arc::new(report);
        let mut usages = ThreadUsages::default();
        assert!(usages.update("t", &report).is_none());
        assert!(usages.update("u", &report).is_none());
        assert!(Arc::ptr_eq(&usages.update("t", &report).unwrap(), &report));
        usages.remove("t");
        assert!(usages.last("t").is_none() && usages.last("u").is_some());
    }
}
