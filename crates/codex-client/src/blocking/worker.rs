//! The background thread of the blocking API, and functions that wait on other threads.

use std::{
    cell::Cell,
    convert::Infallible,
    future::{Future, pending, poll_fn},
    io, mem,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::{Context, Poll},
    thread,
};

use tokio::runtime::{Builder, Handle};

use crate::error::{Error, Result};

/// The runtime of the worker thread, once it has started.
static WORKER: OnceLock<Handle> = OnceLock::new();

/// Held while the worker is started. A failure is not stored: the next call tries again.
static STARTING: Mutex<()> = Mutex::new(());

thread_local! {
    /// Whether the current thread is in [`wait`].
    static IS_WAITING: Cell<bool> = const { Cell::new(false) };
}

/// Waits for a future on the current thread. The tasks that it spawns run on the worker.
pub(crate) fn wait<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    if Handle::try_current().is_ok() {
        return Err(Error::InsideRuntime);
    }
    let worker = worker()?;
    let _waiting = Waiting::begin();
    worker.block_on(future)
}

/// Returns whether the current thread may wait for the worker: it is not the worker, and it belongs
/// to no other runtime.
pub(crate) fn may_wait() -> bool {
    Handle::try_current().is_err() || IS_WAITING.try_with(Cell::get).unwrap_or(false)
}

/// Marks the current thread as waiting while it exists.
struct Waiting;

impl Waiting {
    fn begin() -> Self {
        IS_WAITING.set(true);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        IS_WAITING.set(false);
    }
}

/// Waits for the next item of a stream.
///
/// If the current thread cannot block, the error is returned once, which `has_failed` records; then
/// `None` is returned, so that a loop that skips errors terminates.
pub(crate) fn next<T>(
    has_failed: &mut bool,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<Option<Result<T>>>,
) -> Option<Result<T>> {
    let next = wait(poll_fn(|context| poll(context).map(Option::transpose))).transpose();
    let cannot_wait = matches!(next, Some(Err(Error::InsideRuntime | Error::Worker(_))));
    let had_failed = mem::replace(has_failed, cannot_wait);
    if cannot_wait && had_failed {
        None
    } else {
        next
    }
}

/// Returns the runtime of the worker, and starts the worker if it is not running.
fn worker() -> Result<&'static Handle> {
    if let Some(handle) = WORKER.get() {
        return Ok(handle);
    }
    let _guard = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    match WORKER.get() {
        Some(handle) => Ok(handle),
        None => {
            let handle = start().map_err(|error| Error::Worker(Arc::new(error)))?;
            Ok(WORKER.get_or_init(|| handle))
        }
    }
}

/// Starts a thread that drives a runtime until the process exits.
fn start() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("codex-client".into())
        .spawn(move || runtime.block_on(pending::<Infallible>()))?;
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spawned_tasks_run_on_one_thread() {
        fn thread_of_a_task() -> Option<String> {
            let task = async {
                let name = tokio::spawn(async { thread::current().name().map(str::to_owned) });
                Ok(name.await.unwrap())
            };
            wait(task).unwrap()
        }
        let waiting = [
            thread::spawn(thread_of_a_task),
            thread::spawn(thread_of_a_task),
        ];
        for name in waiting {
            assert_eq!(name.join().unwrap().as_deref(), Some("codex-client"));
        }
    }

    #[tokio::test]
    async fn waiting_inside_a_runtime_is_an_error() {
        let polled = wait(async { Ok(()) });
        assert!(matches!(polled, Err(Error::InsideRuntime)), "{polled:?}");
    }
}
