//! Threads that this client has unsubscribed from. Performs no I/O.
//!
//! The server continues their turns, and starts new ones on request, but sends no notifications for
//! them, so the client must not wait for any.

use std::borrow::Cow;

use codex_types::{Request, ThreadResumeParams, ThreadUnsubscribeParams};

use crate::{
    error::{Error, Result},
    routing::recent::Recent,
    rpc::envelope,
};

/// The threads that this client has unsubscribed from and has not resumed since.
#[derive(Debug, Default)]
pub(crate) struct UnsubscribedThreads(Recent<String, ()>);

impl UnsubscribedThreads {
    /// Returns the thread that a request unsubscribes from.
    pub(crate) fn unsubscribed_by(method: &str, params: Option<&[u8]>) -> Option<String> {
        let params = params.filter(|_| method == ThreadUnsubscribeParams::METHOD)?;
        let ids = envelope::result_keys(str::from_utf8(params).ok()?)?;
        ids.thread_id.map(Cow::into_owned)
    }

    pub(crate) fn add(&mut self, thread_id: &str) {
        self.0.insert(thread_id.to_owned(), ());
    }

    /// Updates the state from a response: `thread/resume` subscribes again.
    pub(crate) fn update(&mut self, method: &str, result: &str) {
        if self.0.is_empty() || method != ThreadResumeParams::METHOD {
            return;
        }
        if let Some(thread_id) = envelope::result_keys(result).and_then(|ids| ids.thread_id) {
            self.0.remove(&*thread_id);
        }
    }

    pub(crate) fn contains(&self, thread_id: &str) -> bool {
        self.0.get(thread_id).is_some()
    }

    /// Forgets a thread that is no longer loaded.
    pub(crate) fn remove(&mut self, thread_id: &str) {
        self.0.remove(thread_id);
    }

    /// Fails if the client is unsubscribed from a thread.
    pub(crate) fn check(&self, thread_id: &str) -> Result<()> {
        if !self.contains(thread_id) {
            return Ok(());
        }
        let reason =
            format!("this client is unsubscribed from the thread {thread_id}: resume it first");
        Err(Error::InvalidInput(reason.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_counts_as_unsubscribed_from_the_response_until_it_is_resumed() {
        let mut threads = UnsubscribedThreads::default();
        let params = br#"{"threadId":"t"}"#;
        assert_eq!(
            UnsubscribedThreads::unsubscribed_by("thread/read", Some(params)),
            None
        );
        assert_eq!(
            UnsubscribedThreads::unsubscribed_by("thread/unsubscribe", None),
            None
        );
        let thread_id =
            UnsubscribedThreads::unsubscribed_by("thread/unsubscribe", Some(params)).unwrap();
        threads.add(&thread_id);
        threads.update("thread/resume", r#"{"thread":{"id":"other"}}"#);
        threads.update("thread/read", r#"{"thread":{"id":"t"}}"#);
        assert!(threads.contains("t") && threads.check("t").is_err());
        threads.update("thread/resume", r#"{"model":"m","thread":{"id":"t"}}"#);
        assert!(!threads.contains("t") && threads.check("t").is_ok());
    }
}
