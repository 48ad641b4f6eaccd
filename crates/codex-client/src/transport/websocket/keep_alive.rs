//! Notices a peer that is gone.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// Pings a silent peer, and gives it up if it stays silent.
#[derive(Debug)]
pub(super) struct KeepAlive {
    interval: Duration,
    heard: Instant,
    has_pinged: bool,
    timer: Pin<Box<Sleep>>,
}

/// The measure that is due.
pub(super) enum Due {
    Ping,
    /// The peer has been silent for this long.
    GiveUp(Duration),
}

impl KeepAlive {
    pub(super) fn new(interval: Duration) -> Self {
        let now = Instant::now();
        Self {
            interval,
            heard: now,
            has_pinged: false,
            timer: Box::pin(sleep_until(now + interval)),
        }
    }

    /// Records that the peer has sent something.
    pub(super) fn heard(&mut self) {
        self.heard = Instant::now();
        self.has_pinged = false;
    }

    /// Polls for the next measure. The timer is not moved when the peer is heard: when it elapses, it
    /// is set to the time at which the measure is due.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Due> {
        loop {
            let silence = match self.has_pinged {
                false => self.interval,
                true => self.interval.saturating_mul(2),
            };
            if self.timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            let due = self.heard + silence;
            if due > Instant::now() {
                self.timer.as_mut().reset(due);
            } else if self.has_pinged {
                return Poll::Ready(Due::GiveUp(silence));
            } else {
                self.has_pinged = true;
                self.timer.as_mut().reset(self.heard + self.interval * 2);
                return Poll::Ready(Due::Ping);
            }
        }
    }
}
