//! Code reviews: turns in which the model comments on changes.

use std::{future::poll_fn, time::Duration};

use codex_types::{
    ItemCompletedNotification, ItemStartedNotification, ReviewDelivery, ReviewStartParams,
    ReviewTarget, ThreadItem,
};
use tokio::time::Instant;

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

/// A request to review code (`review/start`), returned by [`Thread::review`].
///
/// `send` and `.await` run the review to its end and collect its result. [`start`](Self::start)
/// returns the turn of the review as soon as it has begun.
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited, or `send` or `start` is called"]
pub struct ReviewBuilder<M = Async> {
    request: RequestBuilder<ReviewStartParams, M>,
    timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
}

impl<M> ReviewBuilder<M> {
    pub(crate) fn new(thread: &Thread, target: ReviewTarget) -> Self {
        let params = ReviewStartParams::new(thread.id(), target);
        Self {
            request: RequestBuilder::new(&thread.codex, params),
            timeout: None,
            idle_timeout: None,
        }
    }

    /// Changes the params directly, for fields without a setter here.
    pub fn params(mut self, change: impl FnOnce(ReviewStartParams) -> ReviewStartParams) -> Self {
        self.request = self.request.params(change);
        self
    }

    /// Sets the timeout for the review, measured from the request to the end of the review. A
    /// review that exceeds it is interrupted: see [`TurnHandle::run_within`]. With
    /// [`start`](Self::start), the timeout covers only the start of the review.
    ///
    /// There is no timeout by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        let response = self.request.timeout;
        self.request.timeout = Some(response.map_or(timeout, |response| response.min(timeout)));
        self
    }

    /// Sets the longest silence of the server about the review. A review that exceeds it is
    /// interrupted, and all of its readers end with [`TurnTimeout`](crate::Error::TurnTimeout): see
    /// [`TurnHandle::idle_timeout`].
    ///
    /// There is no idle timeout by default.
    pub fn idle_timeout(mut self, idle_timeout: Duration) -> Self {
        self.idle_timeout = Some(idle_timeout);
        self
    }

    pub(crate) async fn start_turn(self) -> Result<TurnHandle> {
        let RequestBuilder {
            codex,
            params,
            timeout,
            ..
        } = self.request;
        // With any other delivery, the events would belong to a thread that is not known yet.
        if let Some(delivery) = &params.delivery
            && *delivery != ReviewDelivery::Inline
        {
            return Err(Error::InvalidInput(
                "a review runs in the thread that requests it: to review elsewhere, start another \
                 thread and request the review there"
                    .into(),
            ));
        }
        let begun = Instant::now();
        let connection = codex.connection();
        let started = connection.call_for_turn(&params, timeout, &params.thread_id);
        let (_, log) = started.await?;
        let mut turn = TurnHandle::new(codex, log, Ok);
        if let Some(idle_timeout) = self.idle_timeout {
            turn = turn.idle_timeout(idle_timeout);
        }
        let connection = turn.codex().connection();
        // A review that has not begun in time still runs.
        let remaining = timeout.map(|timeout| timeout.saturating_sub(begun.elapsed()));
        let _ = connection.within(remaining, review_begins(&turn)).await;
        Ok(turn)
    }

    pub(crate) async fn execute(self) -> Result<TurnResult> {
        let (begun, timeout) = (Instant::now(), self.timeout);
        let turn = self.start_turn().await?;
        turn.result_within(begun, timeout).await
    }
}

/// Waits until the server has reported the id that the review runs under. Before that, the review
/// cannot be interrupted.
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
            // Before the review begins, the server reports that review mode was entered.
            Ok(Event::Notification(notification)) if is_entered(&notification) => {}
            _ => return,
        }
    }
}

/// Returns whether a notification is about the item that begins a review.
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
    /// Starts the review and returns its turn as soon as the server has begun it, to stream its
    /// events or interrupt it. A review cannot be steered.
    ///
    /// # Errors
    ///
    /// Same as [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
    pub async fn start(self) -> Result<TurnHandle> {
        self.start_turn().await
    }
}
