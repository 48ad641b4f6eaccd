//! Code reviews: turns in which the model reads changes and says what is wrong with them.

use std::{future::poll_fn, time::Duration};

use codex_types::{
    ItemCompletedNotification, ItemStartedNotification, ReviewDelivery, ReviewStartParams,
    ReviewTarget, ThreadItem,
};
use tokio::time::{self, Instant};

use crate::{
    blocking,
    builder_macros::sends,
    error::{Error, Result},
    mode::{Async, Blocking},
    request_builder::RequestBuilder,
    routing::{active_turns::ActiveTurn, decode, delta_queue::Event},
    rpc::raw_notification::RawNotification,
    thread::Thread,
    turn::{handle::TurnHandle, result::TurnResult},
};

impl Thread {
    /// Reviews code in this thread (`review/start`): the uncommitted changes, those since a branch,
    /// those of a commit, or what instructions say.
    ///
    /// ```no_run
    /// use codex_client::types::{BaseBranchReviewTarget, ReviewTarget};
    ///
    /// # async fn example(thread: codex_client::Thread) -> codex_client::Result<()> {
    /// let result = thread.review(ReviewTarget::UncommittedChanges).await?;
    /// println!("{}", result.review().unwrap_or("(no review)"));
    ///
    /// let turn = thread.review(BaseBranchReviewTarget::new("main")).start().await?;
    /// let mut events = turn.stream();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The model does not see the thread's history. The review becomes a part of it, and later turns
    /// know of it. To keep it out, review in a new thread.
    pub fn review(&self, target: impl Into<ReviewTarget>) -> ReviewBuilder {
        ReviewBuilder::new(self, target.into())
    }
}

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
            request: RequestBuilder::new(thread.codex(), params),
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

    async fn begin(self) -> Result<TurnHandle> {
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
        let begun = turn.review_begins();
        match timeout {
            // One that has not begun in time runs all the same.
            Some(patience) => drop(time::timeout(patience, begun).await),
            None => begun.await,
        }
        Ok(turn)
    }

    async fn perform(self) -> Result<TurnResult> {
        let (begun, limit) = (Instant::now(), self.limit);
        let turn = self.begin().await?;
        match limit {
            Some(limit) => turn.run_until(begun, limit).await,
            None => turn.run().await,
        }
    }
}

impl TurnHandle {
    /// Waits until the server has told the id that it runs the review under. Before that the review
    /// cannot be interrupted.
    async fn review_begins(&self) {
        let mut events = self.log.listener();
        let is_ours = |running: &ActiveTurn| running.root == self.id() && running.id != self.id();
        loop {
            let active = self.codex.connection().active_turn(self.thread_id());
            match active.await {
                Ok(running) if !running.as_ref().is_some_and(is_ours) => {}
                _ => return,
            }
            match poll_fn(|context| events.poll(context)).await {
                // That it is entered, a review says before it is begun.
                Ok(Event::Notification(notification)) if is_entered(&notification) => {}
                _ => return,
            }
        }
    }
}

/// Whether a notification is about the item that begins a review.
fn is_entered(notification: &RawNotification) -> bool {
    let item = match notification.method() {
        "item/started" => decode::params(notification).map(|it: ItemStartedNotification| it.item),
        "item/completed" => {
            decode::params(notification).map(|it: ItemCompletedNotification| it.item)
        }
        _ => return false,
    };
    matches!(item, Ok(ThreadItem::EnteredReviewMode(_)))
}

impl ReviewBuilder {
    /// OnResponse the review and returns its turn, to follow or to interrupt it, as soon as the server has
    /// begun it. It cannot be steered.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
    pub async fn start(self) -> Result<TurnHandle> {
        self.begin().await
    }
}

impl ReviewBuilder<Blocking> {
    /// As [`ReviewBuilder::start`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn start(self) -> Result<blocking::TurnHandle> {
        blocking::wait(self.begin()).map(Into::into)
    }
}

sends! {
    /// Reviews the code. The result's [`final_response`](TurnResult::final_response) is the review as
    /// text, and so is [`review`](TurnResult::review). Dropped while the review is running, it goes on
    /// without this client.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send) and [`TurnHandle::run`];
    /// [`TurnTimeout`](crate::Error::TurnTimeout) if it was stopped.
    ReviewBuilder -> TurnResult
}

impl TurnResult {
    /// What the review has found, as text, if the turn is a [review](Thread::review) that came to its
    /// end; of one that was interrupted, the server's word for that.
    pub fn review(&self) -> Option<&str> {
        let mut items = self.items.iter().rev();
        items.find_map(|item| match item {
            ThreadItem::ExitedReviewMode(exited) => Some(exited.review.as_str()),
            _ => None,
        })
    }
}
