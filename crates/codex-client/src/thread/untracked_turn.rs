//! Turns that no answer names: they are known by what shows in them.

use std::future::poll_fn;

use codex_types::{ItemStartedNotification, Request, ThreadItem};
use tokio::time::{Instant, timeout};

use crate::{
    error::{Error, Result},
    routing::{
        decode,
        delta_queue::Event,
        thread_subscription::{Sight, ThreadSubscription},
    },
    rpc::raw_notification::RawNotification,
    thread::Thread,
    turn::handle::TurnHandle,
};

impl Thread {
    /// Asks for something that begins with such an item, and waits for the turn in which it does.
    pub(crate) async fn turn_with<R: Request>(
        &self,
        params: &R,
        is_it: fn(&ThreadItem) -> bool,
    ) -> Result<TurnHandle> {
        let connection = self.codex().connection();
        let (asked, patience) = (Instant::now(), connection.timeout());
        // The answer does not name the turn, so all turns of the thread are kept until it shows.
        let reservation = connection.reserve(self.id()).await?;
        let watch = connection.watch(self.id());
        connection.call(params, patience).await?;
        let begins = begins(&watch, is_it);
        let begun = match patience {
            None => begins.await,
            Some(after) => {
                let left = after.saturating_sub(asked.elapsed());
                timeout(left, begins).await.map_err(|_| Error::Timeout {
                    method: R::METHOD,
                    after,
                })?
            }
        };
        let Some(turn_id) = begun else {
            return Err(Error::Closed(connection.closed()));
        };
        let log = reservation.claim(turn_id).await?;
        Ok(TurnHandle::new(self.codex().clone(), log, Ok))
    }
}

/// The turn of the item, when it begins; `None` if the connection ends before.
async fn begins(watch: &ThreadSubscription, is_it: fn(&ThreadItem) -> bool) -> Option<String> {
    loop {
        let sight = poll_fn(|context| watch.poll(context)).await?;
        if let Sight::Event(Event::Notification(notification)) = sight
            && let Some(started) = item_started(&notification)
            && is_it(&started.item)
        {
            return Some(started.turn_id);
        }
    }
}

fn item_started(notification: &RawNotification) -> Option<ItemStartedNotification> {
    match notification.method() {
        "item/started" => decode::params(notification).ok(),
        _ => None,
    }
}
