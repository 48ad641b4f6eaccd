//! Begins the sessions of a supervised client after the first one.

use std::time::Duration;

use codex_types::{InitializeParams, ThreadUnsubscribeParams};

use crate::{
    config::ThreadSettings,
    connection::reopen::{Begun, Reopen, SentRequest, SessionRequests},
    error::{Error, Result},
    future::BoxFuture,
    routing::{resumable_threads::ResumableThread, session_events::LostThread},
    supervisor::{
        resume::{resume_params, settings_update},
        supervision::Supervision,
    },
    thread::start::may_exclude_turns,
    transport::Transport,
    version::{self, VersionMismatch, VersionPolicy},
};

/// Number of threads to resume at the same time. Resuming a thread reads its history.
const AT_ONCE: usize = 16;

/// The timeout of the requests that begin a session if requests have none by default. Other requests
/// wait for these.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Connects to a server.
pub(crate) type Dial<R, W> = Box<dyn Fn() -> BoxFuture<Result<Transport<R, W>>> + Send + Sync>;

/// Begins sessions with the options of a builder.
pub(crate) struct Reopener<R, W> {
    pub(crate) supervision: Supervision,
    pub(crate) dial: Dial<R, W>,
    pub(crate) handshake: Handshake,
}

/// The requests that begin a session.
#[derive(Clone)]
pub(crate) struct Handshake {
    params: InitializeParams,
    version_policy: VersionPolicy,
    timeout: Duration,
}

impl Handshake {
    pub(crate) fn new(
        params: &InitializeParams,
        version_policy: VersionPolicy,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            params: params.clone(),
            version_policy,
            timeout: timeout.unwrap_or(TIMEOUT),
        }
    }

    /// Performs the handshake and resumes the threads.
    async fn begin(
        self,
        requests: SessionRequests,
        threads: Vec<ResumableThread>,
    ) -> Result<Begun> {
        let metadata = requests.call(&self.params, self.timeout).await?;
        let version = version::of_user_agent(&metadata.user_agent);
        if let Some(mismatch) = VersionMismatch::of(version.as_ref()) {
            let mismatch = Error::VersionMismatch(Box::new(mismatch));
            match self.version_policy {
                VersionPolicy::Allow => {}
                VersionPolicy::Warn => requests.report(mismatch),
                VersionPolicy::Refuse => return Err(mismatch),
            }
        }
        requests.notify("initialized")?;
        let capabilities = self.params.capabilities.as_ref();
        let is_experimental = capabilities.is_some_and(|it| it.experimental_api == Some(true));
        let excludes_turns = may_exclude_turns(version.as_ref(), is_experimental);
        let mut begun = Begun {
            resumed: Vec::new(),
            lost: Vec::new(),
        };
        for threads in threads.chunks(AT_ONCE) {
            let sent = threads.iter().map(|thread| {
                let params = resume_params(thread, excludes_turns, is_experimental)?;
                requests.send(&params, self.timeout)
            });
            let sent: Vec<Result<SentRequest>> = sent.collect();
            for (thread, sent) in threads.iter().zip(sent) {
                let restore = Restore {
                    requests: &requests,
                    timeout: self.timeout,
                    is_experimental,
                };
                match restore.resumed(thread, sent).await {
                    Ok(()) => begun.resumed.push(thread.thread_id.clone()),
                    // The session has ended.
                    Err(error @ Error::Closed(_)) => return Err(error),
                    Err(reason) => begun.lost.push(LostThread {
                        thread_id: thread.thread_id.clone(),
                        reason,
                    }),
                }
            }
        }
        Ok(begun)
    }
}

/// Restores the settings of a thread that is being resumed.
struct Restore<'a> {
    requests: &'a SessionRequests,
    timeout: Duration,
    is_experimental: bool,
}

impl Restore<'_> {
    /// Waits until a thread is resumed, and restores the settings that the request cannot set. If that
    /// fails, unsubscribes from the thread, so that no turn is started with other settings.
    async fn resumed(&self, thread: &ResumableThread, sent: Result<SentRequest>) -> Result<()> {
        let response = sent?.response().await?;
        let resumed = ThreadSettings::from_response(response.result());
        let restored = self.restore(thread, &resumed).await;
        if restored.is_err() {
            let params = ThreadUnsubscribeParams::new(&*thread.thread_id);
            // The thread is lost in any case.
            let _ = self.requests.call(&params, self.timeout).await;
        }
        restored
    }

    async fn restore(&self, thread: &ResumableThread, resumed: &ThreadSettings) -> Result<()> {
        if self.is_experimental {
            if let Some(update) = settings_update(thread, resumed) {
                self.requests.call(&update, self.timeout).await?;
            }
            return Ok(());
        }
        if thread.settings.sandbox.is_some() && thread.settings.sandbox != resumed.sandbox {
            return Err(Error::InvalidInput(
                "the server has resumed the thread with another sandbox, and a client without the \
                 experimental API cannot restore the one that it had: resume the thread with the \
                 sandbox that it should have"
                    .into(),
            ));
        }
        Ok(())
    }
}

impl<R: 'static, W: 'static> Reopen<R, W> for Reopener<R, W> {
    fn delay_before(&self, attempt: u32, error: &Error) -> Option<Duration> {
        self.supervision.delay_before(attempt, error)
    }

    fn stable_after(&self) -> Duration {
        self.supervision.stable()
    }

    fn dial(&self) -> BoxFuture<Result<Transport<R, W>>> {
        (self.dial)()
    }

    fn begin(
        &self,
        requests: SessionRequests,
        threads: Vec<ResumableThread>,
    ) -> BoxFuture<Result<Begun>> {
        Box::pin(self.handshake.clone().begin(requests, threads))
    }
}
