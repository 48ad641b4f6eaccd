//! The end of a connection.

use std::{mem, sync::Arc};

use crate::{
    connection::{command::Command, core::Core},
    error::{Error, connection_closed::ConnectionClosed},
};

impl Core {
    /// Takes a command while the connection is ending. Callers and readers get the reason from
    /// [`finish`](Self::finish).
    pub(crate) fn refuse(&mut self, command: Command) {
        match command {
            Command::Request(request) => self.late.push(request.sink),
            Command::Close(done) => self.closers.push(done),
            Command::Subscribe(mailbox) => self.subscribers.add(&mailbox, &mut self.wakes),
            Command::SubscribeThread {
                thread_id,
                subscription,
            } => self.thread_subscriptions.add(thread_id, &subscription),
            Command::OpenStream(stream) => self.client_id_streams.add(&stream),
            Command::FollowGoal(goal) => self.turn_routes.follow_goal(&goal),
            Command::SubscribeSessions(subscription) => {
                self.sessions.subscribers.add(&subscription);
            }
            Command::Report(error) => self.report(error),
            // A server that is shutting down does not wait for responses.
            Command::Synchronize(_)
            | Command::Notify { .. }
            | Command::LimitSilence { .. }
            | Command::LimitGoalSilence { .. }
            | Command::ReserveThread { .. }
            | Command::ClaimTurn { .. }
            | Command::ReleaseThread { .. }
            | Command::ActiveTurn { .. }
            | Command::TokenUsage { .. }
            | Command::ThreadSettings { .. }
            | Command::InterruptTurn(_)
            | Command::Supervise
            | Command::Abandoned
            | Command::Respond { .. } => {}
        }
    }

    /// Ends everything that waits for the connection. The first call determines how the connection
    /// ended.
    pub(crate) fn finish(&mut self, closed: ConnectionClosed) {
        let closed = Arc::clone(self.closed.get_or_init(|| Arc::new(closed)));
        self.span.end(closed.reason.name());
        for waiter in self.pending.drain() {
            waiter.sink.send(Err(Error::closed(&closed)));
        }
        for sink in mem::take(&mut self.late) {
            sink.send(Err(Error::closed(&closed)));
        }
        self.turn_routes.close(&closed);
        self.open_requests.withdraw_all();
        self.service.closed();
        self.logins.close();
        self.thread_subscriptions.close(&closed);
        self.client_id_streams.close(&closed);
        self.subscribers.close(&closed);
        self.sessions.subscribers.close(&closed);
        self.wake_all_readers();
        for done in mem::take(&mut self.closers) {
            let _ = done.send(());
        }
    }
}
