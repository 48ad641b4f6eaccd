//! Limits of waits, for futures that the program polls on any executor.
//!
//! Tokio panics if a timer is created outside of a runtime with timers, or polled after its runtime
//! has been shut down. Timers are therefore tasks of the runtime that the client was started in. The
//! handle of a task can be polled anywhere, and says if the runtime has been shut down.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::mpsc::{RecvTimeoutError, channel},
    task::{Context, Poll},
    thread,
    time::Duration,
};

use tokio::{runtime::Handle, sync::oneshot, task::JoinHandle};

use crate::runtime;

/// The timers of a runtime.
#[derive(Debug)]
pub(crate) struct Timers(Handle);

impl Timers {
    /// Returns the timers of the current runtime.
    pub(crate) fn current() -> Self {
        Self(Handle::current())
    }

    /// Waits for a future, and returns `None` if it takes longer than `limit`. The limit does not
    /// apply after the end of the runtime, which ends the connection, and with it the future.
    pub(crate) async fn within<F: Future>(
        &self,
        limit: Option<Duration>,
        future: F,
    ) -> Option<F::Output> {
        let mut timer = limit.map(|limit| self.start(limit));
        let mut future = pin!(future);
        poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            match timer.as_mut().map(|timer| timer.poll(context)) {
                Some(Poll::Ready(true)) => Poll::Ready(None),
                Some(Poll::Ready(false)) => {
                    timer = None;
                    Poll::Pending
                }
                Some(Poll::Pending) | None => Poll::Pending,
            }
        })
        .await
    }

    fn start(&self, duration: Duration) -> Timer {
        let _inside = self.0.enter();
        Timer(self.0.spawn(tokio::time::sleep(duration)))
    }
}

/// A task that sleeps.
struct Timer(JoinHandle<()>);

impl Timer {
    /// Returns whether the time has elapsed, or the runtime has been shut down.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|ended| ended.is_ok())
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits, on the timers of the current runtime or else on a thread.
pub(crate) async fn sleep(duration: Duration) {
    if runtime::check_timers().is_ok() {
        tokio::time::sleep(duration).await;
        return;
    }
    let (elapsed, waiting) = oneshot::channel();
    let (_awake, dropped) = channel::<()>();
    let sleeping = thread::Builder::new().name("codex-client-timer".into());
    let sleeping = sleeping.spawn(move || {
        if dropped.recv_timeout(duration) == Err(RecvTimeoutError::Timeout) {
            // An error means that the future has been dropped meanwhile.
            let _ = elapsed.send(());
        }
    });
    // Without a thread, there is no delay.
    if sleeping.is_ok() {
        let _ = waiting.await;
    }
}
