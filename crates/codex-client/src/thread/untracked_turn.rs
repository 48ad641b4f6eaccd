//! Turns that the server does not name in a response. They are recognized by an item that begins in
//! them.

use std::future::poll_fn;

use codex_types::{
    CommandExecutionSource, ItemStartedNotification, Request, ThreadCompactStartParams, ThreadItem,
    ThreadShellCommandParams,
};
use tokio::time::Instant;

use crate::{
    client::Thread,
    error::{Error, Result},
    routing::{delta_queue::Event, mailbox::Received, thread_subscription::ThreadSubscription},
    rpc::raw_notification::{NotificationKind, RawNotification},
    turn::handle::TurnHandle,
};

/// Starts a compaction and returns its turn.
pub(crate) async fn compact(thread: &Thread) -> Result<TurnHandle> {
    let params = ThreadCompactStartParams::new(&*thread.id);
    let is_compaction = |item: &ThreadItem| matches!(item, ThreadItem::ContextCompaction(_));
    start(thread, &params, is_compaction).await
}

/// Starts a user's shell command and returns its turn.
pub(crate) async fn shell_command(thread: &Thread, command: String) -> Result<TurnHandle> {
    let params = ThreadShellCommandParams::new(&*thread.id, command);
    start(thread, &params, is_user_command).await
}

fn is_user_command(item: &ThreadItem) -> bool {
    let ThreadItem::CommandExecution(command) = item else {
        return false;
    };
    command.source == CommandExecutionSource::UserShell
}

/// Sends a request and waits for the turn in which a matching item begins.
async fn start<R: Request>(
    thread: &Thread,
    params: &R,
    is_match: fn(&ThreadItem) -> bool,
) -> Result<TurnHandle> {
    let connection = thread.codex.connection();
    let (begun, after) = (Instant::now(), connection.timeout());
    // All turns of the thread are kept until the item shows which one belongs to the request.
    let reservation = connection.reserve_thread(&thread.id).await?;
    let subscription = connection.subscribe_thread(&thread.id);
    connection.call(params, after).await?;
    let begins = item_begins(&subscription, is_match);
    let turn_id = connection.report_within(R::METHOD, begun, after, begins);
    let turn_id = turn_id
        .await?
        .unwrap_or_else(|| Err(connection.closed_error()))?;
    let log = connection.claim_turn(&reservation, turn_id).await?;
    Ok(TurnHandle::new(thread.codex.clone(), log, Ok))
}

/// Waits for a matching item and returns the id of its turn, an error if the session ends first, or
/// `None` if the connection does.
async fn item_begins(
    subscription: &ThreadSubscription,
    is_match: fn(&ThreadItem) -> bool,
) -> Option<Result<String>> {
    loop {
        let received = poll_fn(|context| subscription.poll(context)).await?;
        match received {
            Received::Item(Event::Notification(notification)) => {
                if let Some(started) = item_started(&notification)
                    && is_match(&started.item)
                {
                    return Some(Ok(started.turn_id));
                }
            }
            Received::Item(Event::SessionLost(closed)) => return Some(Err(Error::Closed(closed))),
            _ => {}
        }
    }
}

fn item_started(notification: &RawNotification) -> Option<ItemStartedNotification> {
    match notification.kind() {
        NotificationKind::ItemStarted => notification.decode_params_around(&mut Vec::new()).ok(),
        _ => None,
    }
}
