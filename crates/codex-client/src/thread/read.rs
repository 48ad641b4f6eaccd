//! Reading a thread without taking it up.

use codex_types::{ThreadReadParams, ThreadReadResponse};

use crate::{
    builder_macros::{options, timeouts},
    client::Thread,
    error::Result,
    mode::Async,
    request_builder::RequestBuilder,
};

/// Reads a thread (`thread/read`); `.await` or `send` does it. From [`Thread::read`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` is called"]
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
        /// Whether to read the turns and their items as well; not read by default.
        include_turns: bool;
    } }

    timeouts!();

    pub(crate) async fn perform(self) -> Result<ThreadReadResponse> {
        self.request.perform().await
    }
}
