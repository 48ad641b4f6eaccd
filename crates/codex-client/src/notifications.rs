//! The notifications that belong to no turn.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use codex_types::ServerNotification;
use futures_core::Stream;

use crate::{
    error::{Error, Result, connection_closed::CloseReason},
    routing::{
        decode,
        subscribers::{Board, Post},
    },
};

/// A subscription to what belongs to no turn; from [`Codex::notifications`](crate::Codex::notifications).
///
/// An error among the items does not end it: a message that could not be understood
/// ([`Error::Decode`]), a handler that failed ([`Error::Handler`]), or notifications that were dropped
/// because this reader was too slow ([`Error::Lagged`]). It ends when the connection does, with [`Error::Closed`] as the last item
/// unless this client closed it. It does not keep the connection open.
#[derive(Debug)]
pub struct Notifications {
    board: Arc<Board>,
    ended: bool,
}

impl Notifications {
    pub(crate) fn new(board: Arc<Board>) -> Self {
        Self {
            board,
            ended: false,
        }
    }

    /// The next one; `None` when there will be none. May be cancelled without losing any.
    pub async fn next(&mut self) -> Option<Result<ServerNotification>> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<ServerNotification>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.board.poll(context).map(|post| match post {
            Some(Post::Notification(notification)) => Some(decode::notification(&notification)),
            Some(Post::Error(error)) => Some(Err(error)),
            Some(Post::Missed(skipped)) => Some(Err(Error::Lagged { skipped })),
            None => {
                self.ended = true;
                let closed = self.board.closed()?;
                let ours = matches!(closed.reason, CloseReason::Requested | CloseReason::Dropped);
                (!ours).then_some(Err(Error::Closed(closed)))
            }
        })
    }
}

impl Stream for Notifications {
    type Item = Result<ServerNotification>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}
