//! A value that tests can wait for, in async and in blocking code.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, sync::Notify, task::JoinHandle};

/// A value behind a lock. Whoever changes it wakes all who wait for a change.
///
/// Async waits run on the caller's executor, whichever that is; only their deadline is kept by the
/// model's own runtime, so that a test needs no timer of its own.
#[derive(Debug)]
pub(crate) struct Monitor<T> {
    value: Mutex<T>,
    blocking: Condvar,
    tasks: Notify,
    patience: Duration,
    timer: Handle,
}

impl<T> Monitor<T> {
    pub(crate) fn new(value: T, patience: Duration, timer: Handle) -> Self {
        let value = Mutex::new(value);
        Self {
            value,
            blocking: Condvar::new(),
            tasks: Notify::new(),
            patience,
            timer,
        }
    }

    /// How long a wait lasts at most.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// The value as it is now. What is changed through this wakes nobody.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        // A test that panicked with the lock in hand shall not hide its message behind another.
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the value, and wakes those who wait.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.lock());
        self.blocking.notify_all();
        self.tasks.notify_waiters();
        result
    }

    /// Blocks until `look` finds something; `None` when patience is at its end.
    pub(crate) fn blocking_wait<R>(&self, mut look: impl FnMut(&mut T) -> Option<R>) -> Option<R> {
        let start = Instant::now();
        let mut value = self.lock();
        loop {
            if let Some(found) = look(&mut value) {
                return Some(found);
            }
            let left = self.patience.checked_sub(start.elapsed())?;
            value = match self.blocking.wait_timeout(value, left) {
                Ok((value, _)) => value,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Waits until `look` finds something; `None` when patience is at its end.
    pub(crate) async fn wait<R>(&self, mut look: impl FnMut(&mut T) -> Option<R>) -> Option<R> {
        let patience = self.patience;
        // Made inside of the task: made out here, the timer would be that of the caller's runtime.
        let sleep = async move { tokio::time::sleep(patience).await };
        let mut alarm = Alarm(self.timer.spawn(sleep));
        loop {
            // Registered before the look, so that no change between the two is missed.
            let mut changed = pin!(self.tasks.notified());
            changed.as_mut().enable();
            if let Some(found) = look(&mut self.lock()) {
                return Some(found);
            }
            let woken = poll_fn(|context| {
                if changed.as_mut().poll(context).is_ready() {
                    return Poll::Ready(true);
                }
                // An alarm that was cancelled means that the model is gone, which is a change that
                // somebody else tells of; it is no reason to wait for ever.
                pin!(&mut alarm.0).poll(context).map(|_| false)
            });
            if !woken.await {
                return look(&mut self.lock());
            }
        }
    }
}

/// A sleeping task that ends with whoever waits for it.
struct Alarm(JoinHandle<()>);

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.abort();
    }
}
