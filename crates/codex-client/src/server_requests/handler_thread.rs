//! Threads for blocking handlers.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    thread,
};

use tokio::sync::oneshot;

use crate::server_requests::handler_result::HandlerResult;

/// Runs a handler on a new thread, where it may block.
pub(crate) async fn run_on_thread<T: Send + 'static>(
    work: impl FnOnce() -> HandlerResult<T> + Send + 'static,
) -> HandlerResult<T> {
    let (done, result) = oneshot::channel();
    thread::Builder::new()
        .name("codex-client handler".into())
        .spawn(move || {
            let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
        })?;
    match result.await? {
        Ok(response) => response,
        Err(panic) => resume_unwind(panic),
    }
}
