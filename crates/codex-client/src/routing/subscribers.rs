//! The notifications that belong to no turn of ours, for whoever subscribed.
//!
//! They are kept up to a number of bytes. Past it the oldest make room, and the subscriber is told
//! how many it missed. What came before the first subscriber is kept for it, also beyond the end of the
//! connection: a server that ends early has often said why.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::{
    error::{Error, connection_closed::ConnectionClosed},
    rpc::raw_notification::RawNotification,
};

/// What one subscriber may leave unread.
pub(crate) const UNREAD_LIMIT: usize = 16 * 1024 * 1024;

/// What is kept of the time before anybody could subscribe.
const EARLY_LIMIT: usize = 1024 * 1024;

/// Something to be read.
#[derive(Debug, Clone)]
pub(crate) enum Post {
    Notification(Arc<RawNotification>),
    /// Something went wrong that no caller waits for.
    Error(Error),
    /// So many were dropped here.
    Missed(u64),
}

impl Post {
    fn size(&self) -> usize {
        match self {
            Self::Notification(notification) => notification.size(),
            _ => size_of::<Error>() + 512,
        }
    }
}

/// One subscriber's unread posts.
#[derive(Debug, Default)]
pub(crate) struct Board {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    posts: Posts,
    waker: Option<Waker>,
    closed: Option<Arc<ConnectionClosed>>,
}

/// Posts in order, up to a limit.
#[derive(Debug, Default)]
pub(crate) struct Posts {
    unread: VecDeque<Post>,
    bytes: usize,
    missed: u64,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, post: Post, wakes: &mut Vec<Waker>) {
        let mut state = self.lock();
        state.posts.push(post);
        wakes.extend(state.waker.take());
    }

    /// The next post; `None` when the connection has ended and all is read.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Post>> {
        let mut state = self.lock();
        if let Some(post) = state.posts.pop() {
            return Poll::Ready(Some(post));
        }
        if state.closed.is_some() {
            return Poll::Ready(None);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Why there is nothing more to read.
    pub(crate) fn closed(&self) -> Option<Arc<ConnectionClosed>> {
        self.lock().closed.clone()
    }

    pub(crate) fn close(&self, closed: &Arc<ConnectionClosed>) {
        let mut state = self.lock();
        state.closed = Some(Arc::clone(closed));
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }
}

impl Posts {
    pub(crate) fn push(&mut self, post: Post) {
        self.bytes += post.size();
        self.unread.push_back(post);
        while self.bytes > UNREAD_LIMIT && self.unread.len() > 1 {
            if let Some(oldest) = self.unread.pop_front() {
                self.bytes -= oldest.size();
                self.missed += 1;
            }
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Post> {
        match mem::take(&mut self.missed) {
            0 => {
                let post = self.unread.pop_front()?;
                self.bytes -= post.size();
                Some(post)
            }
            missed => Some(Post::Missed(missed)),
        }
    }

    /// Hands all of it to the first subscriber: the beginning, and then how many came after it.
    fn hand_to(self, board: &Board, wakes: &mut Vec<Waker>) {
        for post in self.unread {
            board.push(post, wakes);
        }
        if self.missed > 0 {
            board.push(Post::Missed(self.missed), wakes);
        }
    }
}

/// What nobody had subscribed to when the connection ended. The handles have it then.
#[derive(Debug, Default)]
pub(crate) struct Leftovers(Mutex<Option<Posts>>);

impl Leftovers {
    fn lock(&self) -> MutexGuard<'_, Option<Posts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands it to the first one who asks.
    pub(crate) fn hand_to(&self, board: &Board) {
        if let Some(early) = self.lock().take() {
            early.hand_to(board, &mut Vec::new());
        }
    }
}

/// All subscribers.
#[derive(Debug, Default)]
pub(crate) struct Subscribers {
    boards: Vec<Arc<Board>>,
    /// What came before the first subscriber, for it to read: a user cannot subscribe before the
    /// handshake, and warnings come during it.
    early: Option<Posts>,
    leftovers: Arc<Leftovers>,
}

impl Subscribers {
    /// What is left at the end goes to `leftovers`.
    pub(crate) fn new(leftovers: Arc<Leftovers>) -> Self {
        Self {
            boards: Vec::new(),
            early: Some(Posts::default()),
            leftovers,
        }
    }

    /// Adds a subscriber.
    pub(crate) fn subscribe(&mut self, board: Arc<Board>, wakes: &mut Vec<Waker>) {
        match self.early.take() {
            Some(early) => early.hand_to(&board, wakes),
            None => self.leftovers.hand_to(&board),
        }
        self.boards.push(board);
    }

    /// Hands a post to all subscribers. `post` is called only if somebody will read it.
    pub(crate) fn post(&mut self, post: impl FnOnce() -> Post, wakes: &mut Vec<Waker>) {
        if let Some(early) = &mut self.early {
            // The beginning is kept rather than the end: that is where the warnings are.
            if early.bytes < EARLY_LIMIT {
                early.push(post());
            } else {
                early.missed += 1;
            }
            return;
        }
        self.boards.retain(|board| Arc::strong_count(board) > 1);
        if !self.boards.is_empty() {
            let post = post();
            for board in &self.boards {
                board.push(post.clone(), wakes);
            }
        }
    }

    pub(crate) fn close(&mut self, closed: &Arc<ConnectionClosed>) {
        if let Some(early) = self.early.take() {
            *self.leftovers.lock() = Some(early);
        }
        self.boards.drain(..).for_each(|board| board.close(closed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::connection_closed::CloseReason, rpc::raw_notification::notification};

    fn post(size: usize) -> Post {
        Post::Notification(Arc::new(notification(&format!(
            r#"{{"method":"x","params":{{"a":"{}"}}}}"#,
            "x".repeat(size)
        ))))
    }

    fn read(board: &Board) -> Vec<&'static str> {
        let mut context = Context::from_waker(Waker::noop());
        let mut out = Vec::new();
        while let Poll::Ready(Some(post)) = board.poll(&mut context) {
            out.push(match post {
                Post::Notification(_) => "notification",
                Post::Error(_) => "error",
                Post::Missed(_) => "missed",
            });
        }
        out
    }

    #[test]
    fn the_first_subscriber_gets_what_came_before_it() {
        let mut subscribers = Subscribers::new(Arc::default());
        subscribers.post(|| post(1), &mut Vec::new());
        let (first, second) = (Arc::new(Board::default()), Arc::new(Board::default()));
        subscribers.subscribe(Arc::clone(&first), &mut Vec::new());
        subscribers.subscribe(Arc::clone(&second), &mut Vec::new());
        subscribers.post(|| post(1), &mut Vec::new());
        assert_eq!(read(&first), ["notification", "notification"]);
        assert_eq!(read(&second), ["notification"]);
    }

    #[test]
    fn the_first_subscriber_gets_it_also_when_the_connection_has_ended() {
        let leftovers = Arc::<Leftovers>::default();
        let mut subscribers = Subscribers::new(Arc::clone(&leftovers));
        subscribers.post(|| post(EARLY_LIMIT), &mut Vec::new());
        subscribers.post(|| post(1), &mut Vec::new());
        subscribers.close(&Arc::new(ConnectionClosed::new(CloseReason::EndOfStream)));
        let (first, second) = (Board::default(), Board::default());
        leftovers.hand_to(&first);
        leftovers.hand_to(&second);
        assert_eq!(read(&first), ["notification", "missed"]);
        assert!(read(&second).is_empty());
    }

    #[test]
    fn who_subscribes_while_the_connection_ends_is_the_first_too() {
        let mut subscribers = Subscribers::new(Arc::default());
        subscribers.post(|| post(1), &mut Vec::new());
        let closed = Arc::new(ConnectionClosed::new(CloseReason::EndOfStream));
        subscribers.close(&closed);
        let board = Arc::new(Board::default());
        subscribers.subscribe(Arc::clone(&board), &mut Vec::new());
        subscribers.close(&closed);
        assert_eq!(read(&board), ["notification"]);
        assert!(board.closed().is_some());
    }

    #[test]
    fn a_slow_subscriber_loses_the_oldest_and_is_told() {
        let mut subscribers = Subscribers::new(Arc::default());
        let board = Arc::new(Board::default());
        subscribers.subscribe(Arc::clone(&board), &mut Vec::new());
        for _ in 0..3 {
            subscribers.post(|| post(UNREAD_LIMIT / 2 - 1000), &mut Vec::new());
        }
        assert_eq!(read(&board), ["missed", "notification", "notification"]);
        subscribers.post(|| post(2 * UNREAD_LIMIT), &mut Vec::new());
        assert_eq!(read(&board), ["notification"]);
    }

    #[test]
    fn nothing_is_kept_for_subscribers_that_are_gone() {
        let mut subscribers = Subscribers::new(Arc::default());
        let board = Arc::new(Board::default());
        subscribers.subscribe(board, &mut Vec::new());
        subscribers.post(|| unreachable!(), &mut Vec::new());
        assert!(subscribers.boards.is_empty());
    }
}
