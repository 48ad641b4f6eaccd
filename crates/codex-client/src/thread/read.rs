//! Reads a saved thread without resuming it.

use codex_types::{ThreadReadParams, ThreadReadResponse};

use crate::{
    builder_macros::{options, timeouts},
    client::Thread,
    error::Result,
    mode::Async,
    request_builder::RequestBuilder,
};

/// A request to read a saved thread (`thread/read`), returned by [`Thread::read`].
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited or `send` is called"]
pub struct ThreadReadBuilder<M = Async> {
    request: RequestBuilder<ThreadReadParams, M>,
}

impl<M> ThreadReadBuilder<M> {
    pub(crate) fn new(thread: &Thread) -> Self {
        Self {
            request: RequestBuilder::new(&thread.codex, ThreadReadParams::new(thread.id())),
        }
    }

    options! { ThreadReadParams {
        /// Sets whether the response includes the turns with their items. Off by default.
        include_turns: bool;
    } }

    timeouts!();

    pub(crate) async fn execute(self) -> Result<ThreadReadResponse> {
        self.request.execute().await
    }
}
