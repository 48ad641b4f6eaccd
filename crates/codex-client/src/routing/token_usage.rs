//! The token usage of threads, and the part of it that a turn has caused.
//!
//! The server reports the usage of the latest model call (`last`) and the sum over the thread's
//! lifetime (`total`) after each call. It also repeats a report without a call: when a thread is
//! resumed or forked, and before a compaction. A turn has therefore caused the difference between
//! its last report and the last report before it.

use std::sync::Arc;

use codex_types::{ThreadTokenUsage, ThreadTokenUsageUpdatedNotification};

use crate::{
    error::decode_error::DecodeError, routing::recent::Recent,
    rpc::raw_notification::RawNotification, tokens::Tokens,
};

/// The last `thread/tokenUsage/updated` of each thread, as received.
#[derive(Default)]
pub(crate) struct ThreadUsages {
    threads: Recent<Box<str>, Arc<RawNotification>>,
}

impl ThreadUsages {
    /// Records a report, and returns the one before it.
    pub(crate) fn update(
        &mut self,
        thread_id: &str,
        report: &Arc<RawNotification>,
    ) -> Option<Arc<RawNotification>> {
        self.threads.insert(thread_id.into(), Arc::clone(report))
    }

    /// Forgets a thread that is no longer loaded.
    pub(crate) fn remove(&mut self, thread_id: &str) {
        self.threads.remove(thread_id);
    }

    pub(crate) fn last(&self, thread_id: &str) -> Option<&Arc<RawNotification>> {
        self.threads.get(thread_id)
    }
}

/// The reports on a thread from the last one before a turn to the last one in it.
#[derive(Debug, Clone)]
pub(crate) struct UsageSpan<T = Arc<RawNotification>> {
    /// `None` if this client has received none before the turn.
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
            true => None,
            false => usage(&self.first),
        };
        Some(UsageSpan {
            before: self.before.as_ref().and_then(usage),
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
