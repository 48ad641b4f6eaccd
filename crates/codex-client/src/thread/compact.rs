//! Summing up a thread's history.

use std::future::poll_fn;

use codex_types::{ItemStartedNotification, Request, ThreadCompactStartParams, ThreadItem};
use tokio::time::{Instant, timeout};

use super::Thread;
use crate::{
    connection::{Event, Note, Sight, Watch},
    decode,
    error::{Error, Result},
    turn::TurnHandle,
};

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
    /// As [`Call::send`](crate::Call::send). A [`Timeout`](Error::Timeout) also if the server takes it in
    /// and does not begin within the [time for a request](crate::CodexBuilder::request_timeout).
    pub async fn compact(&self) -> Result<TurnHandle> {
        let connection = self.codex().connection();
        let (asked, patience) = (Instant::now(), connection.timeout());
        // The answer does not name the turn, so all turns of the thread are kept until it shows.
        let reservation = connection.reserve(self.id()).await?;
        let watch = connection.watch(self.id());
        let params = ThreadCompactStartParams::new(self.id());
        connection.call(&params, patience).await?;
        let begins = begins(&watch);
        let begun = match patience {
            None => begins.await,
            Some(after) => {
                let left = after.saturating_sub(asked.elapsed());
                timeout(left, begins).await.map_err(|_| Error::Timeout {
                    method: ThreadCompactStartParams::METHOD,
                    after,
                })?
            }
        };
        let Some(turn_id) = begun else {
            return Err(Error::Closed(connection.closed()));
        };
        let feed = reservation.claim(turn_id).await?;
        Ok(TurnHandle::new(self.codex().clone(), feed, Ok))
    }
}

/// The turn whose work is a compaction, when it begins; `None` if the connection ends before.
async fn begins(watch: &Watch) -> Option<String> {
    loop {
        let sight = poll_fn(|context| watch.poll(context)).await?;
        if let Sight::Event(Event::Note(note)) = sight
            && let Some(turn_id) = compacting(&note)
        {
            return Some(turn_id);
        }
    }
}

fn compacting(note: &Note) -> Option<String> {
    if note.method() != "item/started" {
        return None;
    }
    let started: ItemStartedNotification = decode::params(note).ok()?;
    matches!(started.item, ThreadItem::ContextCompaction(_)).then_some(started.turn_id)
}
