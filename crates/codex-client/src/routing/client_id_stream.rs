//! What goes on under an id that the client has chosen: the output of a process, the changes below
//! a watched path.
//!
//! Such notifications name neither thread nor turn. Since the id is the client's, the route stands
//! before the request is sent, and nothing can come too early. What is unread is bounded, as for a
//! subscriber of the [subscribers](crate::routing::subscribers): the server does not wait for slow readers.

use std::{
    collections::HashMap,
    fmt, mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use crate::{
    error::{Error, Result, connection_closed::ConnectionClosed},
    routing::subscribers::{Post, Posts},
    rpc::{envelope::Envelope, raw_notification::RawNotification, raw_response::RawResponse},
};

/// How many ids were given away. They only have to differ within a connection.
static LAST_ID: AtomicU64 = AtomicU64::new(0);

/// One id, and what is unread of it.
pub(crate) struct ClientIdStream {
    /// The notification that tells of it.
    method: &'static str,
    id: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    unread: Posts,
    /// Nobody will read it or wait for it any more.
    abandoned: bool,
    end: Option<End>,
    readers: Vec<Waker>,
    waiters: Vec<Waker>,
}

/// How it ended: with the answer to the request that began it, or with an error.
pub(crate) type End = Result<Arc<RawResponse>>;

impl ClientIdStream {
    /// A topic with an id of its own, which begins with `kind`.
    pub(crate) fn new(method: &'static str, kind: &str) -> Arc<Self> {
        let number = LAST_ID.fetch_add(1, Ordering::Relaxed) + 1;
        Arc::new(Self {
            method,
            id: format!("{kind}-{number}"),
            state: Mutex::default(),
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// No code panics while it holds the lock, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, notification: RawNotification, wakes: &mut Vec<Waker>) {
        let mut state = self.lock();
        if !state.abandoned {
            state
                .unread
                .push(Post::Notification(Arc::new(notification)));
            wakes.append(&mut state.readers);
        }
    }

    /// Ends it, unless it has ended. What is unread can still be read.
    pub(crate) fn end(&self, end: End) {
        let mut state = self.lock();
        state.end.get_or_insert(end);
        let mut wakers = mem::take(&mut state.readers);
        wakers.append(&mut state.waiters);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Throws away what is unread, and whatever still comes.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        state.abandoned = true;
        state.unread = Posts::default();
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.lock().abandoned
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&self) -> Option<End> {
        self.lock().end.clone()
    }

    /// The next post; `None` when it has ended and all is read. Several may read; each post goes to
    /// one of them.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Post>> {
        let mut state = self.lock();
        if let Some(post) = state.unread.pop() {
            return Poll::Ready(Some(post));
        }
        if state.end.is_some() {
            return Poll::Ready(None);
        }
        remember(&mut state.readers, context);
        Poll::Pending
    }

    /// Waits for the end, whatever is unread.
    pub(crate) fn poll_end(&self, context: &mut Context<'_>) -> Poll<End> {
        let mut state = self.lock();
        if let Some(end) = &state.end {
            return Poll::Ready(end.clone());
        }
        remember(&mut state.waiters, context);
        Poll::Pending
    }
}

impl fmt::Debug for ClientIdStream {
    /// Without the contents, which may be large or secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientIdStream").field(&self.id).finish()
    }
}

/// Keeps a waker unless it is kept already.
pub(crate) fn remember(wakers: &mut Vec<Waker>, context: &Context<'_>) {
    if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
        wakers.push(context.waker().clone());
    }
}

/// All topics, by id.
#[derive(Debug, Default)]
pub(crate) struct ClientIdStreams {
    topics: HashMap<String, Arc<ClientIdStream>>,
}

impl ClientIdStreams {
    pub(crate) fn add(&mut self, topic: Arc<ClientIdStream>) {
        // Those that nobody else holds are of no interest any more.
        self.topics.retain(|_, topic| Arc::strong_count(topic) > 1);
        self.topics.insert(topic.id.clone(), topic);
    }

    /// The topic that a notification is about.
    pub(crate) fn find(&self, envelope: &Envelope<'_>) -> Option<Arc<ClientIdStream>> {
        // Of what turns send, nearly nothing has such an id.
        let id = envelope.keys.client_id.as_deref()?;
        let topic = self.topics.get(id)?;
        (envelope.method.as_deref() == Some(topic.method)).then(|| Arc::clone(topic))
    }

    pub(crate) fn close(&mut self, closed: &Arc<ConnectionClosed>) {
        for (_, topic) in self.topics.drain() {
            topic.end(Err(Error::closed(closed)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use super::*;
    use crate::{
        error::connection_closed::{CloseReason, ConnectionClosed},
        routing::subscribers::UNREAD_LIMIT,
        rpc::{
            envelope,
            raw_notification::{Shape, notification},
        },
    };

    const METHOD: &str = "command/exec/outputDelta";

    fn closed() -> Arc<ConnectionClosed> {
        Arc::new(ConnectionClosed::new(CloseReason::EndOfStream))
    }

    /// What there is to read now, and whether that was all.
    fn read(topic: &ClientIdStream) -> (Vec<&'static str>, bool) {
        let mut context = Context::from_waker(Waker::noop());
        let mut seen = Vec::new();
        loop {
            seen.push(match topic.poll(&mut context) {
                Poll::Ready(Some(Post::Notification(_))) => "notification",
                Poll::Ready(Some(Post::Missed(_))) => "missed",
                Poll::Ready(Some(Post::Error(_))) => "error",
                Poll::Ready(None) => return (seen, true),
                Poll::Pending => return (seen, false),
            });
        }
    }

    /// Whether a notification finds the topic.
    fn tell(topics: &ClientIdStreams, method: &str, member: &str, id: &str) -> bool {
        let text = format!(r#"{{"method":"{method}","params":{{"{member}":"{id}"}}}}"#);
        let envelope = envelope::envelope(&text).unwrap();
        let Some(topic) = topics.find(&envelope) else {
            return false;
        };
        let shape = Shape::of(&text, &envelope);
        topic.push(
            RawNotification::new(text.as_str().into(), shape),
            &mut Vec::new(),
        );
        true
    }

    #[test]
    fn a_topic_gets_what_is_told_under_its_id_by_its_method() {
        let (process, watch) = (
            ClientIdStream::new(METHOD, "x"),
            ClientIdStream::new("fs/changed", "x"),
        );
        let mut topics = ClientIdStreams::default();
        topics.add(Arc::clone(&process));
        topics.add(Arc::clone(&watch));
        assert_ne!(process.id(), watch.id());
        assert!(tell(&topics, METHOD, "processId", process.id()));
        assert!(tell(&topics, "fs/changed", "watchId", watch.id()));
        assert!(!tell(&topics, "fs/changed", "processId", process.id()));
        assert!(!tell(&topics, METHOD, "processId", "another"));
        assert!(!tell(&topics, METHOD, "threadId", process.id()));
        assert_eq!(read(&process), (vec!["notification"], false));
        assert_eq!(read(&watch), (vec!["notification"], false));
    }

    #[test]
    fn what_came_before_the_end_is_read_and_the_first_end_counts() {
        let topic = ClientIdStream::new(METHOD, "x");
        topic.push(notification(r#"{"method":"x"}"#), &mut Vec::new());
        topic.end(Err(Error::Lagged { skipped: 1 }));
        topic.end(Err(Error::closed(&closed())));
        assert!(matches!(
            topic.ended(),
            Some(Err(Error::Lagged { skipped: 1 }))
        ));
        assert_eq!(read(&topic), (vec!["notification"], true));
    }

    struct Task;

    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn all_readers_and_waiters_are_woken() {
        let topic = ClientIdStream::new(METHOD, "x");
        let waker = Waker::from(Arc::new(Task));
        let mut context = Context::from_waker(&waker);
        for _ in 0..2 {
            assert!(topic.poll(&mut context).is_pending());
            assert!(topic.poll_end(&mut context).is_pending());
        }
        let mut wakes = Vec::new();
        topic.push(notification(r#"{"method":"x"}"#), &mut wakes);
        // The same task twice is one, and who waits for the end is not disturbed.
        assert_eq!(wakes.len(), 1);
        assert_eq!(topic.lock().waiters.len(), 1);
        topic.end(Err(Error::closed(&closed())));
        assert!(topic.lock().waiters.is_empty());
        assert!(topic.poll_end(&mut context).is_ready());
    }

    #[test]
    fn a_slow_reader_loses_the_oldest_and_is_told_and_one_that_is_gone_keeps_nothing() {
        let topic = ClientIdStream::new(METHOD, "x");
        let large = format!(
            r#"{{"method":"x","params":"{}"}}"#,
            "x".repeat(UNREAD_LIMIT / 2 - 1000)
        );
        for _ in 0..3 {
            topic.push(notification(&large), &mut Vec::new());
        }
        assert_eq!(read(&topic).0, ["missed", "notification", "notification"]);
        topic.push(notification(&large), &mut Vec::new());
        topic.abandon();
        topic.push(notification(&large), &mut Vec::new());
        assert_eq!(read(&topic), (vec![], false));
    }

    #[test]
    fn a_topic_that_nobody_holds_is_forgotten_and_the_others_end_with_the_connection() {
        let mut topics = ClientIdStreams::default();
        topics.add(ClientIdStream::new(METHOD, "x"));
        let kept = ClientIdStream::new(METHOD, "x");
        topics.add(Arc::clone(&kept));
        assert_eq!(topics.topics.len(), 1);
        topics.close(&closed());
        assert!(matches!(kept.ended(), Some(Err(Error::Closed(_)))));
    }
}
