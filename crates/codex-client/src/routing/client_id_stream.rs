//! Notifications with an id chosen by the client: the output of a process, or the changes below a
//! watched path.
//!
//! Such notifications name neither a thread nor a turn. Since the client chooses the id, the route
//! exists before the request is sent, and nothing can arrive too early.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    task::Waker,
};

use crate::{
    error::{Error, Result, connection_closed::ConnectionClosed},
    routing::mailbox::{Item, Items, Mailbox},
    rpc::{
        envelope::RoutingKeys,
        raw_notification::{NotificationKind, RawNotification},
        raw_response::RawResponse,
    },
};

/// The last number used in an id. Ids only have to differ within a connection.
static LAST_ID: AtomicU64 = AtomicU64::new(0);

/// The end of a stream: the response to the request that began it, or an error.
pub(crate) type StreamEnd = Result<Arc<RawResponse>>;

/// The notifications with one id.
pub(crate) struct ClientIdStream {
    /// The kind of notification that belongs to the stream.
    kind: NotificationKind,
    id: String,
    pub(crate) mailbox: Mailbox<Items, StreamEnd>,
}

impl ClientIdStream {
    /// Creates a stream with an id of its own, which begins with `prefix`.
    pub(crate) fn new(kind: NotificationKind, prefix: &str) -> Arc<Self> {
        let number = LAST_ID.fetch_add(1, Ordering::Relaxed) + 1;
        Arc::new(Self {
            kind,
            id: format!("{prefix}-{number}"),
            mailbox: Mailbox::default(),
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn push(&self, notification: Arc<RawNotification>, wakes: &mut Vec<Waker>) {
        let item = Item::Notification(notification);
        self.mailbox.push(|unread| unread.push(item), wakes);
    }
}

impl fmt::Debug for ClientIdStream {
    /// Omits the contents, which may be large or secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientIdStream").field(&self.id).finish()
    }
}

/// All streams, by id.
#[derive(Debug, Default)]
pub(crate) struct ClientIdStreams {
    streams: HashMap<String, Weak<ClientIdStream>>,
}

impl ClientIdStreams {
    pub(crate) fn add(&mut self, stream: &Arc<ClientIdStream>) {
        self.streams.retain(|_, stream| stream.strong_count() > 0);
        self.streams
            .insert(stream.id.clone(), Arc::downgrade(stream));
    }

    /// Returns the stream that a notification belongs to.
    pub(crate) fn find(
        &self,
        kind: NotificationKind,
        keys: &RoutingKeys<'_>,
    ) -> Option<Arc<ClientIdStream>> {
        let id = keys.client_id.as_deref()?;
        let stream = self.streams.get(id)?.upgrade()?;
        (stream.kind == kind).then_some(stream)
    }

    pub(crate) fn close(&mut self, closed: &Arc<ConnectionClosed>) {
        for (_, stream) in self.streams.drain() {
            if let Some(stream) = stream.upgrade() {
                stream.mailbox.close(Err(Error::closed(closed)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll};

    use super::*;
    use crate::{
        error::connection_closed::CloseReason, routing::mailbox::Received,
        rpc::raw_notification::received,
    };

    const METHOD: &str = "command/exec/outputDelta";
    const KIND: NotificationKind = NotificationKind::ExecOutputDelta;

    /// The number of notifications that can be read now.
    fn read(stream: &ClientIdStream) -> usize {
        let mut context = Context::from_waker(Waker::noop());
        let mut read = 0;
        while let Poll::Ready(Some(Received::Item(Item::Notification(_)))) =
            stream.mailbox.poll(&mut context)
        {
            read += 1;
        }
        read
    }

    /// Whether a notification finds its stream.
    fn push(streams: &ClientIdStreams, method: &str, member: &str, id: &str) -> bool {
        let text = format!(r#"{{"method":"{method}","params":{{"{member}":"{id}"}}}}"#);
        let (notification, keys) = received(&text);
        let Some(stream) = streams.find(notification.kind(), &keys) else {
            return false;
        };
        stream.push(Arc::new(notification), &mut Vec::new());
        true
    }

    #[test]
    fn a_stream_receives_the_notifications_of_its_kind_with_its_id() {
        let process = ClientIdStream::new(KIND, "x");
        let watcher = ClientIdStream::new(NotificationKind::FsChanged, "x");
        let mut streams = ClientIdStreams::default();
        streams.add(&process);
        streams.add(&watcher);
        assert_ne!(process.id(), watcher.id());
        assert!(push(&streams, METHOD, "processId", process.id()));
        assert!(push(&streams, "fs/changed", "watchId", watcher.id()));
        assert!(!push(&streams, "fs/changed", "processId", process.id()));
        assert!(!push(&streams, METHOD, "processId", "another"));
        assert!(!push(&streams, METHOD, "threadId", process.id()));
        assert_eq!((read(&process), read(&watcher)), (1, 1));
    }

    #[test]
    fn a_dropped_stream_is_forgotten_and_all_others_end_with_the_connection() {
        let mut streams = ClientIdStreams::default();
        streams.add(&ClientIdStream::new(KIND, "x"));
        let kept = ClientIdStream::new(KIND, "x");
        streams.add(&kept);
        assert_eq!(streams.streams.len(), 1);
        streams.close(&Arc::new(ConnectionClosed::new(CloseReason::EndOfStream)));
        assert!(matches!(kept.mailbox.end(), Some(Err(Error::Closed(_)))));
    }
}
