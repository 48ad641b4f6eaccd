//! A value that async and blocking code can watch for changes.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, sync::Notify, task::JoinHandle};

/// The default timeout for waits: long enough for a loaded machine, and short enough that the error
/// appears before a test runner gives up.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// A value behind a lock. Each change wakes all waiters.
///
/// Async waits run on any executor. The fake's own runtime keeps track of their deadlines, so the
/// caller's executor needs no timer.
#[derive(Debug)]
pub(crate) struct Monitor<T> {
    value: Mutex<T>,
    blocking: Condvar,
    tasks: Notify,
    timeout: Duration,
    timer: Handle,
}

impl<T> Monitor<T> {
    pub(crate) fn new(value: T, timeout: Duration, timer: Handle) -> Self {
        let value = Mutex::new(value);
        Self {
            value,
            blocking: Condvar::new(),
            tasks: Notify::new(),
            timeout,
            timer,
        }
    }

    /// Creates a monitor of another value, with the same timeout and timer.
    pub(crate) fn sibling<U>(&self, value: U) -> Monitor<U> {
        Monitor::new(value, self.timeout, self.timer.clone())
    }

    /// Returns the maximum duration of a wait.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Locks the value. Changes made through this guard do not wake waiters.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        // If a test panics while it holds the lock, its panic is the failure to report, not the
        // poisoned lock.
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the value and wakes all waiters.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.lock());
        self.blocking.notify_all();
        self.tasks.notify_waiters();
        result
    }

    /// Blocks until `look` returns a value. Returns `None` after the timeout.
    pub(crate) fn blocking_wait<R>(&self, mut look: impl FnMut(&mut T) -> Option<R>) -> Option<R> {
        let start = Instant::now();
        let mut value = self.lock();
        loop {
            if let Some(found) = look(&mut value) {
                return Some(found);
            }
            let left = self.timeout.checked_sub(start.elapsed())?;
            value = match self.blocking.wait_timeout(value, left) {
                Ok((value, _)) => value,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Waits until `look` returns a value. Returns `None` after the timeout.
    pub(crate) async fn wait<R>(&self, mut look: impl FnMut(&mut T) -> Option<R>) -> Option<R> {
        let timeout = self.timeout;
        // Created inside the task: if created here, the timer would belong to the caller's runtime.
        let sleep = async move { tokio::time::sleep(timeout).await };
        let mut alarm = Alarm(self.timer.spawn(sleep));
        loop {
            // Registered before `look` is called, so that no change in between is missed.
            let mut changed = pin!(self.tasks.notified());
            changed.as_mut().enable();
            if let Some(found) = look(&mut self.lock()) {
                return Some(found);
            }
            let woken = poll_fn(|context| {
                if changed.as_mut().poll(context).is_ready() {
                    return Poll::Ready(true);
                }
                // A cancelled alarm means that the fake has stopped. It ends the wait as well,
                // because there may be no further changes.
                pin!(&mut alarm.0).poll(context).map(|_| false)
            });
            if !woken.await {
                return look(&mut self.lock());
            }
        }
    }
}

/// A sleeping task, aborted on drop.
struct Alarm(JoinHandle<()>);

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.abort();
    }
}
