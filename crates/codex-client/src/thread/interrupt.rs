//! Interrupts the running turn of a thread.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use codex_types::{ThreadTurnsListParams, TurnInterruptParams, TurnItemsView, TurnStatus};
use tokio::time::Instant;

use crate::{
    client::Thread,
    error::{Error, Result},
    routing::{delta_queue::Event, mailbox::Received, thread_subscription::ThreadSubscription},
    rpc::raw_notification::NotificationKind,
};

/// Interrupts the running turn of a thread if there is one.
///
/// The server refuses the request until the turn begins, and after it has ended. The next change in
/// the thread shows which of the two it is.
pub(crate) async fn interrupt(thread: &Thread) -> Result<()> {
    let connection = thread.codex.connection();
    let (begun, after) = (Instant::now(), connection.timeout());
    let remaining = || after.map(|after| after.saturating_sub(begun.elapsed()));
    // Opened first, so that it has every change that follows the state which is read below.
    let changes = connection.subscribe_thread(&thread.id);
    let known = connection.active_turn(&thread.id).await?;
    let mut running = match known {
        Some(active) => Some(active.id),
        // The turn may have begun before this client resumed the thread.
        None => running_turn(thread, remaining()).await?,
    };
    while let Some(turn_id) = running {
        let params = TurnInterruptParams::new(&*thread.id, turn_id);
        let refused = {
            let mut response = pin!(connection.call(&params, remaining()));
            let mut changed = pin!(turn_changed(&changes));
            poll_fn(|context| match response.as_mut().poll(context) {
                Poll::Ready(response) => Poll::Ready(Some(response)),
                Poll::Pending => changed.as_mut().poll(context).map(|()| None),
            })
            .await
        };
        match (refused, after) {
            (None, _) => {}
            (Some(Err(error)), _) if error.is_not_running() => {
                let changed = connection.within(remaining(), turn_changed(&changes));
                if changed.await.is_none() {
                    return Err(error);
                }
            }
            // The caller has waited since the first attempt.
            (Some(Err(Error::Timeout { method, sent, .. })), Some(after)) => {
                return Err(Error::Timeout {
                    method,
                    after,
                    sent,
                });
            }
            (Some(response), _) => return response.map(drop),
        }
        let active = connection.active_turn(&thread.id).await?;
        running = active.map(|active| active.id);
    }
    Ok(())
}

/// Asks the server for the running turn of a thread.
async fn running_turn(thread: &Thread, timeout: Option<Duration>) -> Result<Option<String>> {
    let last = ThreadTurnsListParams::new(&*thread.id)
        .limit(1_u32)
        .items_view(TurnItemsView::NotLoaded);
    match thread.codex.connection().call(&last, timeout).await {
        Ok(page) => {
            let mut turns = page.data.into_iter();
            let running = turns.find(|turn| turn.status == TurnStatus::InProgress);
            Ok(running.map(|turn| turn.id))
        }
        // The thread has no turn yet, or the server does not list turns.
        Err(Error::Rpc(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Waits until a turn of the thread begins or ends, or the connection ends.
async fn turn_changed(changes: &ThreadSubscription) {
    loop {
        match poll_fn(|context| changes.poll(context)).await {
            Some(Received::Item(Event::Notification(notification))) => {
                if matches!(
                    notification.kind(),
                    NotificationKind::TurnStarted
                        | NotificationKind::TurnCompleted
                        | NotificationKind::ThreadEnded
                ) {
                    return;
                }
            }
            Some(Received::Item(Event::Delta(_))) => {}
            // A message that was not read may be a change.
            Some(
                Received::Item(Event::Unreadable(_) | Event::SessionLost(_)) | Received::Lagged(_),
            )
            | None => return,
        }
    }
}
