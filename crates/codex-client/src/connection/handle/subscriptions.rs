//! Subscriptions to what happens in a connection.

use std::sync::Arc;

use super::Connection;
use crate::{
    connection::command::Command,
    routing::{
        mailbox::{Items, Subscription},
        session_events::SessionSubscription,
        thread_subscription::ThreadSubscription,
    },
};

impl Connection {
    /// Subscribes to the notifications that belong to no turn.
    pub(crate) fn subscribe(&self) -> Arc<Subscription<Items>> {
        let mailbox = Arc::<Subscription<Items>>::default();
        if self
            .command(Command::Subscribe(Arc::clone(&mailbox)))
            .is_err()
        {
            self.undelivered.move_to(&mailbox);
            mailbox.close(self.closed());
        }
        mailbox
    }

    /// Subscribes to all notifications of a thread.
    pub(crate) fn subscribe_thread(&self, thread_id: &str) -> Arc<ThreadSubscription> {
        let subscription = Arc::<ThreadSubscription>::default();
        let command = Command::SubscribeThread {
            thread_id: thread_id.to_owned(),
            subscription: Arc::clone(&subscription),
        };
        if self.command(command).is_err() {
            subscription.close(self.closed());
        }
        subscription
    }

    /// Subscribes to the ends and beginnings of sessions.
    pub(crate) fn subscribe_sessions(&self) -> Arc<SessionSubscription> {
        let subscription = Arc::<SessionSubscription>::default();
        let command = Command::SubscribeSessions(Arc::clone(&subscription));
        if self.command(command).is_err() {
            subscription.close(self.closed());
        }
        subscription
    }
}
