//! Blocking handlers, which run on threads of their own.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    time::Duration,
};

use tokio::sync::oneshot;

use crate::server_requests::{handler_result::HandlerResult, thread_pool::ThreadPool};

/// The threads of all clients of the process.
///
/// The limit is high because a handler that waits for a person occupies its thread all the time,
/// and because a handler that waits for another one must not take up the last thread.
static HANDLER_THREADS: ThreadPool = ThreadPool::new(512, Duration::from_secs(10));

/// Runs a handler on a thread where it may block. If the future is dropped before the handler has a
/// thread, the handler is not called.
pub(crate) async fn run_on_thread<T: Send + 'static>(
    work: impl FnOnce() -> HandlerResult<T> + Send + 'static,
) -> HandlerResult<T> {
    let (done, result) = oneshot::channel();
    HANDLER_THREADS.execute(Box::new(move || {
        if !done.is_closed() {
            let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
        }
    }))?;
    match result.await? {
        Ok(response) => response,
        Err(panic) => resume_unwind(panic),
    }
}
