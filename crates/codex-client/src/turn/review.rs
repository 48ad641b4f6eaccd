//! Code reviews: turns in which the model reads changes and says what is wrong with them.

use std::{future::poll_fn, time::Duration};

use codex_types::{
    ItemCompletedNotification, ItemStartedNotification, ReviewDelivery, ReviewStartParams,
    ReviewTarget, ThreadItem,
};
use tokio::time::{self, Instant};

use crate::{
    client::Thread,
    error::{Error, Result},
    mode::Async,
    request_builder::RequestBuilder,
    routing::{active_turns::ActiveTurn, delta_queue::Event},
    rpc::raw_notification::{NotificationKind, RawNotification},
    turn::handle::TurnHandle,
    turn_result::TurnResult,
};

/// Reviews code (`review/start`); `.await` or `send` does it and collects the result,
/// [`start`](Self::start) gives the turn to follow. From [`Thread::review`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` or `start` is called"]
pub struct ReviewBuilder<M = Async> {
    request: RequestBuilder<ReviewStartParams, M>,
    limit: Option<Duration>,
}

impl<M> ReviewBuilder<M> {
    pub(crate) fn new(thread: &Thread, target: ReviewTarget) -> Self {
        let params = ReviewStartParams::new(thread.id(), target);
        Self {
            request: RequestBuilder::new(&thread.codex, params),
            limit: None,
        }
    }

    /// Changes the params themselves, for what has no setter here.
    pub fn params(mut self, change: impl FnOnce(ReviewStartParams) -> ReviewStartParams) -> Self {
        self.request = self.request.params(change);
        self
    }

    /// Gives the review so long, from the call to its end. One that takes longer is stopped, see
    /// [`TurnHandle::run_within`]. Without it, a review may take as long as it does. With
    /// [`start`](Self::start) it limits the start alone.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        let patience = self.request.timeout;
        self.request.timeout = Some(patience.map_or(limit, |patience| patience.min(limit)));
        self
    }

    pub(crate) async fn begin(self) -> Result<TurnHandle> {
        let RequestBuilder {
            codex,
            params,
            timeout,
            ..
        } = self.request;
        // Its events would come in a thread that is not known yet.
        if let Some(delivery) = &params.delivery
            && *delivery != ReviewDelivery::Inline
        {
            return Err(Error::InvalidInput(
                "a review runs in the thread that it is asked of: to have it elsewhere, start a \
                 thread and review there"
                    .into(),
            ));
        }
        let connection = codex.connection();
        let started = connection.call_for_turn(&params, timeout, &params.thread_id);
        let (_, log) = started.await?;
        let turn = TurnHandle::new(codex, log, Ok);
        let begun = review_begins(&turn);
        match timeout {
            // One that has not begun in time runs all the same.
            Some(patience) => drop(time::timeout(patience, begun).await),
            None => begun.await,
        }
        Ok(turn)
    }

    pub(crate) async fn perform(self) -> Result<TurnResult> {
        let (begun, limit) = (Instant::now(), self.limit);
        let turn = self.begin().await?;
        match limit {
            Some(limit) => turn.run_since(begun, limit).await,
            None => turn.run().await,
        }
    }
}

/// Waits until the server has reported the id that the review runs under. Before that, the review cannot
/// be interrupted.
async fn review_begins(turn: &TurnHandle) {
    let mut events = turn.log().listener();
    let is_review = |active: &ActiveTurn| active.root == turn.id() && active.id != turn.id();
    loop {
        let active = turn.codex().connection().active_turn(turn.thread_id());
        match active.await {
            Ok(active) if !active.as_ref().is_some_and(is_review) => {}
            _ => return,
        }
        match poll_fn(|context| events.poll(context)).await {
            // A review reports that it is entered before it begins.
            Ok(Event::Notification(notification)) if is_entered(&notification) => {}
            _ => return,
        }
    }
}

/// Whether a notification is about the item that begins a review.
fn is_entered(notification: &RawNotification) -> bool {
    let item = match notification.kind() {
        NotificationKind::ItemStarted => notification
            .decode_params()
            .map(|started: ItemStartedNotification| started.item),
        NotificationKind::ItemCompleted => notification
            .decode_params()
            .map(|completed: ItemCompletedNotification| completed.item),
        _ => return false,
    };
    matches!(item, Ok(ThreadItem::EnteredReviewMode(_)))
}

impl ReviewBuilder {
    /// Starts the review and returns its turn, to follow or to interrupt it, as soon as the server has
    /// begun it. It cannot be steered.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
    pub async fn start(self) -> Result<TurnHandle> {
        self.begin().await
    }
}
