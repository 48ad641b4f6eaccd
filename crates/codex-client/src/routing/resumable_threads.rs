//! The requests by which the threads of this client were loaded, to resume the threads in another
//! session. Performs no I/O.

use std::{collections::HashMap, sync::Arc};

use codex_types::{Request, ThreadForkParams, ThreadResumeParams, ThreadStartParams};

use crate::{config::ThreadSettings, rpc::envelope};

/// A request that loads a thread.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) method: &'static str,
    /// JSON.
    pub(crate) params: Arc<[u8]>,
}

impl Load {
    /// Returns the request, if it loads a thread.
    pub(crate) fn of(method: &'static str, params: Option<&[u8]>) -> Option<Self> {
        let loads = [
            ThreadStartParams::METHOD,
            ThreadResumeParams::METHOD,
            ThreadForkParams::METHOD,
        ];
        let params = params.filter(|_| loads.contains(&method))?.into();
        Some(Self { method, params })
    }
}

/// A thread to be resumed.
#[derive(Debug, Clone)]
pub(crate) struct ResumableThread {
    pub(crate) thread_id: String,
    pub(crate) load: Load,
    /// The settings that the response to the request reports.
    pub(crate) initial: Arc<ThreadSettings>,
    /// The settings as last reported.
    pub(crate) settings: Arc<ThreadSettings>,
}

/// The threads that this client has loaded. The server has as many.
#[derive(Debug, Default)]
pub(crate) struct ResumableThreads {
    threads: HashMap<Box<str>, Loaded>,
    loaded: u64,
}

#[derive(Debug)]
struct Loaded {
    /// The position in the order in which the threads were loaded.
    at: u64,
    load: Load,
    initial: Arc<ThreadSettings>,
}

impl ResumableThreads {
    /// Adds the thread that a response names.
    pub(crate) fn loaded(&mut self, load: Load, result: &str) {
        let keys = envelope::result_keys(result);
        if let Some(thread_id) = keys.and_then(|keys| keys.thread_id) {
            let loaded = Loaded {
                at: self.loaded,
                load,
                initial: Arc::new(ThreadSettings::from_response(result)),
            };
            self.loaded += 1;
            self.threads.insert((*thread_id).into(), loaded);
        }
    }

    /// Forgets a thread that is no longer loaded.
    pub(crate) fn remove(&mut self, thread_id: &str) {
        self.threads.remove(thread_id);
    }

    /// Returns the threads in the order in which they were loaded. `settings` returns the settings
    /// of a thread as last reported.
    pub(crate) fn all(
        &self,
        settings: impl Fn(&str) -> Option<Arc<ThreadSettings>>,
    ) -> Vec<ResumableThread> {
        let mut threads: Vec<_> = self.threads.iter().collect();
        threads.sort_unstable_by_key(|(_, loaded)| loaded.at);
        let threads = threads.into_iter();
        threads
            .map(|(thread_id, loaded)| ResumableThread {
                thread_id: thread_id.to_string(),
                load: loaded.load.clone(),
                initial: Arc::clone(&loaded.initial),
                settings: settings(thread_id).unwrap_or_else(|| Arc::clone(&loaded.initial)),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_resumed_in_their_order_with_the_request_that_loaded_them_last() {
        let mut threads = ResumableThreads::default();
        assert!(Load::of("thread/read", Some(b"{}")).is_none());
        let load = |method, params: &str| Load::of(method, Some(params.as_bytes())).unwrap();
        for (id, params) in [("b", "1"), ("a", "2"), ("gone", "3")] {
            let result = format!(r#"{{"thread":{{"id":"{id}"}},"model":"m"}}"#);
            threads.loaded(load("thread/start", params), &result);
        }
        threads.remove("gone");
        threads.loaded(load("thread/resume", "4"), r#"{"thread":{"id":"b"}}"#);
        let all = threads.all(|_| None);
        let read: Vec<_> = all
            .iter()
            .map(|it| (&*it.thread_id, it.load.method, &*it.load.params))
            .collect();
        let expected: [(&str, &str, &[u8]); 2] =
            [("a", "thread/start", b"2"), ("b", "thread/resume", b"4")];
        assert_eq!(read, expected);
        assert_eq!(all[0].settings.model.as_deref(), Some("m"));
    }
}
