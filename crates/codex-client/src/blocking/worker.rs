//! The thread behind the blocking API, and how others wait for it.

use std::{
    convert::Infallible,
    future::{Future, pending, poll_fn},
    io, mem,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::{Context, Poll},
    thread,
};

use tokio::runtime::{Builder, Handle};

use crate::error::{Error, Result};

/// The runtime of the worker, once there is one.
static WORKER: OnceLock<Handle> = OnceLock::new();

/// Held by whoever starts the worker. A failure is not kept: the next call tries again.
static STARTING: Mutex<()> = Mutex::new(());

/// Waits for a future on this thread. What it has to do in the background, the worker does.
pub(crate) fn wait<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    if Handle::try_current().is_ok() {
        return Err(Error::InsideRuntime);
    }
    worker()?.block_on(future)
}

/// Waits for the next item of a stream.
///
/// Where waiting is not possible, that is said once, in `told`; after that there is nothing to be had,
/// so that a loop which passes over errors ends.
pub(crate) fn next<T>(
    told: &mut bool,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<Option<Result<T>>>,
) -> Option<Result<T>> {
    let next = wait(poll_fn(|context| poll(context).map(Option::transpose))).transpose();
    let cannot_wait = matches!(next, Some(Err(Error::InsideRuntime | Error::Worker(_))));
    let was_told = mem::replace(told, cannot_wait);
    if cannot_wait && was_told { None } else { next }
}

/// The worker; started if it is not running yet.
fn worker() -> Result<&'static Handle> {
    if let Some(handle) = WORKER.get() {
        return Ok(handle);
    }
    let _only_one = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    match WORKER.get() {
        Some(handle) => Ok(handle),
        None => {
            let handle = start().map_err(|error| Error::Worker(Arc::new(error)))?;
            Ok(WORKER.get_or_init(|| handle))
        }
    }
}

/// Starts a thread that drives a runtime as long as the process lives.
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
    fn whoever_waits_the_work_is_done_by_one_thread() {
        fn workplace() -> Option<String> {
            let work = async {
                let name = tokio::spawn(async { thread::current().name().map(str::to_owned) });
                Ok(name.await.unwrap())
            };
            wait(work).unwrap()
        }
        let waiting = [thread::spawn(workplace), thread::spawn(workplace)];
        for name in waiting {
            assert_eq!(name.join().unwrap().as_deref(), Some("codex-client"));
        }
    }

    #[tokio::test]
    async fn nothing_waits_inside_a_runtime() {
        let polled = wait(async { Ok(()) });
        assert!(matches!(polled, Err(Error::InsideRuntime)), "{polled:?}");
    }
}
