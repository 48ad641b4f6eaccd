//! Reading a thread without taking it up.

use codex_types::{ThreadReadParams, ThreadReadResponse};

use crate::{
    builder_macros::{options, sends, timeouts},
    error::Result,
    mode::Async,
    request_builder::Call,
    thread::Thread,
};

/// Reads a thread (`thread/read`); `.await` or `send` does it. From [`Thread::read`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` is called"]
pub struct ThreadReadBuilder<M = Async> {
    call: Call<ThreadReadParams, M>,
}

impl<M> ThreadReadBuilder<M> {
    pub(crate) fn new(thread: &Thread) -> Self {
        Self {
            call: Call::new(thread.codex(), ThreadReadParams::new(thread.id())),
        }
    }

    options! { ThreadReadParams {
        /// Whether to read the turns and their items as well; not read by default.
        include_turns: bool;
    } }

    timeouts!();

    async fn perform(self) -> Result<ThreadReadResponse> {
        self.call.perform().await
    }
}

sends! {
    /// Reads the thread.
    ///
    /// # Errors
    ///
    /// As [`Call::send`](crate::Call::send); [`Rpc`](crate::Error::Rpc) also for the turns of a
    /// thread that has not had one yet.
    ThreadReadBuilder -> ThreadReadResponse
}
