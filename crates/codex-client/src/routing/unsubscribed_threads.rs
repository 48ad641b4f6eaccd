//! Threads that this client has unsubscribed from, without any I/O.
//!
//! The server goes on with their turns, starts new ones when asked to, and tells nothing of either. So it
//! has to be known here that nothing is to be waited for.

use std::{borrow::Cow, collections::HashSet};

use codex_types::{Request, ThreadResumeParams, ThreadUnsubscribeParams};

use crate::{
    error::{Error, Result},
    rpc::envelope,
};

/// The threads that were left and not resumed since.
#[derive(Debug, Default)]
pub(crate) struct UnsubscribedThreads(HashSet<String>);

impl UnsubscribedThreads {
    /// The thread that a request leaves, once it is answered.
    pub(crate) fn by(method: &str, params: Option<&[u8]>) -> Option<String> {
        let params = params.filter(|_| method == ThreadUnsubscribeParams::METHOD)?;
        let ids = envelope::result(str::from_utf8(params).ok()?)?;
        ids.thread_id.map(Cow::into_owned)
    }

    pub(crate) fn leave(&mut self, thread_id: &str) {
        self.0.insert(thread_id.to_owned());
    }

    /// Takes note of an answer: one to `thread/resume` subscribes.
    pub(crate) fn answered(&mut self, method: &str, result: &str) {
        if self.0.is_empty() || method != ThreadResumeParams::METHOD {
            return;
        }
        if let Some(thread_id) = envelope::result(result).and_then(|ids| ids.thread_id) {
            self.0.remove(&*thread_id);
        }
    }

    pub(crate) fn has(&self, thread_id: &str) -> bool {
        self.0.contains(thread_id)
    }

    /// Fails for a thread of whose turns nothing would be heard.
    pub(crate) fn check(&self, thread_id: &str) -> Result<()> {
        if !self.has(thread_id) {
            return Ok(());
        }
        let reason =
            format!("this client has unsubscribed from the thread {thread_id}: resume it first");
        Err(Error::InvalidInput(reason.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_left_from_the_answer_on_until_it_is_resumed() {
        let mut left = UnsubscribedThreads::default();
        let params = br#"{"threadId":"t"}"#;
        assert_eq!(UnsubscribedThreads::by("thread/read", Some(params)), None);
        assert_eq!(UnsubscribedThreads::by("thread/unsubscribe", None), None);
        let thread_id = UnsubscribedThreads::by("thread/unsubscribe", Some(params)).unwrap();
        left.leave(&thread_id);
        left.answered("thread/resume", r#"{"thread":{"id":"other"}}"#);
        left.answered("thread/read", r#"{"thread":{"id":"t"}}"#);
        assert!(left.has("t") && left.check("t").is_err());
        left.answered("thread/resume", r#"{"model":"m","thread":{"id":"t"}}"#);
        assert!(!left.has("t") && left.check("t").is_ok());
    }
}
