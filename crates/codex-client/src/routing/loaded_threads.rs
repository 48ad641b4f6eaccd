//! The settings of the threads that this client has started, resumed or forked. Performs no I/O.

use std::sync::Arc;

use codex_types::{Request, ThreadForkParams, ThreadResumeParams, ThreadStartParams};

use crate::{config::ThreadSettings, routing::recent::Recent, rpc::envelope};

/// The settings of each loaded thread, as last reported.
#[derive(Debug, Default)]
pub(crate) struct LoadedThreads {
    settings: Recent<Box<str>, Arc<ThreadSettings>>,
}

impl LoadedThreads {
    /// Updates the settings from a response.
    pub(crate) fn responded(&mut self, method: &str, result: &str) {
        let loads = [
            ThreadStartParams::METHOD,
            ThreadResumeParams::METHOD,
            ThreadForkParams::METHOD,
        ];
        if !loads.contains(&method) {
            return;
        }
        if let Some(thread_id) = envelope::result_keys(result).and_then(|ids| ids.thread_id) {
            let settings = ThreadSettings::from_response(result);
            self.settings.insert((*thread_id).into(), settings.into());
        }
    }

    /// Updates the settings from the params of `thread/settings/updated`.
    pub(crate) fn updated(&mut self, thread_id: &str, params: &str) {
        // Threads that other clients use are not tracked.
        if let Some(before) = self.settings.get(thread_id) {
            let mut settings = ThreadSettings::clone(before);
            settings.update_from(params);
            self.settings.insert(thread_id.into(), settings.into());
        }
    }

    /// Returns the settings of a thread.
    pub(crate) fn settings(&self, thread_id: &str) -> Option<&Arc<ThreadSettings>> {
        self.settings.get(thread_id)
    }

    /// Forgets a thread that is no longer loaded.
    pub(crate) fn remove(&mut self, thread_id: &str) {
        self.settings.remove(thread_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(threads: &LoadedThreads) -> Option<&str> {
        threads.settings("t")?.model.as_deref()
    }

    #[test]
    fn the_settings_are_those_of_the_last_report_until_the_thread_ends() {
        let mut threads = LoadedThreads::default();
        threads.updated("t", r#"{"threadSettings":{"model":"a"}}"#);
        threads.responded("thread/read", r#"{"thread":{"id":"t"},"model":"a"}"#);
        assert_eq!(model(&threads), None);
        threads.responded("thread/start", r#"{"thread":{"id":"t"},"model":"b"}"#);
        assert_eq!(model(&threads), Some("b"));
        threads.updated("t", r#"{"threadSettings":{"model":"c"}}"#);
        assert_eq!(model(&threads), Some("c"));
        threads.responded("thread/resume", r#"{"model":"d","thread":{"id":"t"}}"#);
        assert_eq!(model(&threads), Some("d"));
        threads.remove("t");
        assert_eq!(model(&threads), None);
    }
}
