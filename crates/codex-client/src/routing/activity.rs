//! The activity of the server in a turn. Reads no clock.

use tokio::time::Instant;

/// The activity of the server in a turn and in the sub-agents that work for it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct TurnActivity {
    pub(crate) own: Activity,
    /// Known only while the silence of a turn or goal is limited, apart from the requests.
    pub(crate) sub_agents: Activity,
}

/// The part of a turn that an event or a request comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Origin {
    /// The turn itself.
    Turn,
    /// A sub-agent, whose thread works for that of the turn.
    SubAgent,
}

/// Events and open requests.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Activity {
    /// The time of the last event, or of the last response to a request from the server.
    pub(crate) last: Option<Instant>,
    /// Number of open requests from the server. While there is one, the server waits for the
    /// client.
    pub(crate) open_requests: usize,
}

impl TurnActivity {
    pub(crate) fn of(&mut self, origin: Origin) -> &mut Activity {
        match origin {
            Origin::Turn => &mut self.own,
            Origin::SubAgent => &mut self.sub_agents,
        }
    }

    /// Returns this activity and that of another turn together.
    pub(crate) fn and(&self, other: &Self) -> Self {
        Self {
            own: self.own.and(other.own),
            sub_agents: self.sub_agents.and(other.sub_agents),
        }
    }

    /// Returns the time since which the server has been silent about the turn and its sub-agents,
    /// `begun` at the earliest.
    pub(crate) fn silent_since(&self, begun: Instant, now: Instant) -> Instant {
        let own = self.own.quiet_since(begun, now);
        own.max(self.sub_agents.quiet_since(begun, now))
    }
}

impl Activity {
    fn and(self, other: Self) -> Self {
        Self {
            last: self.last.max(other.last),
            open_requests: self.open_requests + other.open_requests,
        }
    }

    pub(crate) fn event(&mut self, now: Instant) {
        self.last = Some(now);
    }

    /// Records that the server waits for the response to a request.
    pub(crate) fn request_opened(&mut self) {
        self.open_requests += 1;
    }

    /// Records that the server no longer waits for the response to a request.
    pub(crate) fn request_closed(&mut self, now: Instant) {
        self.open_requests = self.open_requests.saturating_sub(1);
        self.event(now);
    }

    /// Returns the time since which there has been no activity, `begun` at the earliest.
    pub(crate) fn quiet_since(&self, begun: Instant, now: Instant) -> Instant {
        match self.last {
            // The server waits for the client.
            _ if self.open_requests > 0 => now,
            Some(last) => last.max(begun),
            None => begun,
        }
    }
}
