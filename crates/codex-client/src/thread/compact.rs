//! Summing up a thread's history.

use codex_types::{ThreadCompactStartParams, ThreadItem};

use crate::{error::Result, thread::Thread, turn::handle::TurnHandle};

impl Thread {
    /// Has the server sum up the thread's history, so that it takes less of what the model can hold
    /// (`thread/compact/start`). A turn that is running is interrupted.
    ///
    /// It returns when that has begun, with the turn that the server has started for it: done is done
    /// when that turn has ended, and [`TurnHandle::run`] waits for it. Dropped while it waits, or with the
    /// turn dropped, the server goes on all the same.
    ///
    /// ```no_run
    /// # async fn example(thread: codex_client::Thread) -> codex_client::Result<()> {
    /// thread.compact().await?.run().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send). A [`Timeout`](crate::Error::Timeout) also if the server takes
    /// it in and does not begin within the [time for a request](crate::builder::CodexBuilder::request_timeout).
    pub async fn compact(&self) -> Result<TurnHandle> {
        let params = ThreadCompactStartParams::new(self.id());
        let is_it = |item: &ThreadItem| matches!(item, ThreadItem::ContextCompaction(_));
        self.turn_with(&params, is_it).await
    }
}
