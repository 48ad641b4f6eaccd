//! Received lines.

use std::sync::Arc;

use codex_types::{RequestId, ServerNotification};
use tokio::time::Instant;

use crate::{
    connection::{core::Core, inbound_request::InboundRequest, open_requests::Opened},
    error::turn_detached::DetachReason,
    routing::{
        activity::Origin,
        delta_queue::Event,
        mailbox::{Buffer, Item},
        turn_log::{INTERRUPT_GRACE, TurnLog},
    },
    rpc::{
        delta::{DeltaKind, DeltaRef},
        delta_line::DeltaLine,
        envelope::{self, Envelope, RoutingKeys},
        line_text::LineText,
        lines::{Line, UnreadableLine},
        outbound::MessageId,
        raw_notification::{NotificationKind, RawNotification},
    },
    telemetry,
};

/// The readers that a delta was delivered to.
#[derive(PartialEq)]
enum Delivered {
    /// A turn of this client, and the subscriptions of its thread.
    ToTurn,
    /// Only the subscriptions of its thread. The delta also goes to the other subscribers.
    ToThread,
}

impl Core {
    /// Processes a received line.
    pub(crate) fn receive(&mut self, line: Line<'_>, now: Instant) {
        if let Some(recorder) = &mut self.recorder {
            recorder.received(&line);
        }
        if let Some(bytes) = line.bytes() {
            telemetry::message("in", bytes);
        }
        if let Line::Borrowed(bytes) = line
            && (self.continues_run(bytes, now) || self.delta_line(bytes, now))
        {
            return;
        }
        let is_last = matches!(line, Line::Last(_));
        match line.text() {
            Ok(text) if text.trim_ascii().is_empty() => {}
            // An incomplete line is reported to the subscribers. The addressee of the line gets the
            // reason why the connection ended, which is more specific.
            Ok(text) if is_last && envelope::parse(&text).is_none() => {
                self.malformed(|| envelope::fault(&text));
            }
            Err(UnreadableLine { error, .. }) if is_last => self.malformed(|| error),
            Ok(text) => self.message(text, now),
            Err(UnreadableLine { readable, error }) => self.unreadable(&readable, error, now),
        }
    }

    fn message(&mut self, text: LineText<'_>, now: Instant) {
        let Some(mut envelope) = envelope::parse(&text) else {
            return self.unreadable(text.as_bytes(), envelope::fault(&text), now);
        };
        if let Some(unescaped) = envelope::unescape(&text, &envelope) {
            return self.message(unescaped.into(), now);
        }
        let id = envelope.id.take();
        match (envelope.header.method.clone(), id) {
            (Some(method), Some(id)) => {
                self.request(&id, &text[method], &envelope, &text, now);
            }
            (Some(method), None) => {
                let kind = NotificationKind::of(&text[method.clone()]);
                let is_plain_delta = match kind {
                    NotificationKind::Delta(delta) => self.delta(delta, &envelope, now),
                    _ => None,
                };
                if telemetry::wants_unknown()
                    && !ServerNotification::METHODS.contains(&&text[method.clone()])
                {
                    telemetry::unknown(&text[method]);
                }
                if is_plain_delta == Some(Delivered::ToTurn) {
                    return;
                }
                let Envelope { header, keys, .. } = envelope;
                let keys = keys.into_owned();
                let notification = Arc::new(RawNotification::new(text, header, kind));
                match is_plain_delta {
                    Some(_) => self.deliver_to_subscribers(notification),
                    None => self.notification(&notification, &keys, now),
                }
            }
            (None, Some(RequestId::Integer(id))) => {
                let (result, error) = (envelope.result, envelope.error);
                self.response(id, text, result, error, now);
            }
            // An error without an id responds to a message that the server could not read. This
            // client does not use string ids.
            (None, _) => self.malformed(|| envelope::fault(&text)),
        }
    }

    fn request(
        &mut self,
        id: &RequestId,
        method: &str,
        envelope: &Envelope<'_>,
        text: &str,
        now: Instant,
    ) {
        let keys = &envelope.keys;
        let logs = self.waiting_turns(keys);
        self.deliver_unclaimed();
        match self.open_requests.open(id, method, keys, &logs, now) {
            Opened::New(state) => {
                let params = envelope.header.params.clone();
                let owner = keys.thread_id.as_deref();
                let owner = owner.and_then(|thread_id| self.sub_agents.owner(thread_id));
                let commands = self.commands.clone();
                let is_left = self.service.leaves_open(method);
                let text = text.to_owned();
                let request = InboundRequest::new(state, text, params, owner, is_left, commands);
                self.tasks
                    .extend(self.service.request(request, &mut self.wakes));
            }
            Opened::Replayed => {}
            Opened::UnknownMethod => {
                telemetry::unknown(method);
                if !self.service.leaves_open(method) {
                    let refusal = self.service.default_response(method);
                    self.outbound.response(id, &refusal);
                }
            }
        }
    }

    /// Returns the logs of the turns that wait for a request: its turn, or each turn of its thread
    /// if it names none, and each turn of the thread that a sub-agent works for.
    fn waiting_turns(&mut self, keys: &RoutingKeys<'_>) -> Vec<(Arc<TurnLog>, Origin)> {
        let Some(thread_id) = keys.thread_id.as_deref() else {
            return Vec::new();
        };
        let own = match keys.turn_id.as_deref() {
            Some(turn_id) => Vec::from_iter(self.turn_routes.route(thread_id, turn_id)),
            None => self.turn_routes.running(Some(thread_id)),
        };
        let owner = self.sub_agents.owner(thread_id);
        let of_owner = owner.map(|owner| self.turn_routes.running(Some(owner)));
        let of_owner = of_owner.into_iter().flatten();
        let own = own.into_iter().map(|log| (log, Origin::Turn));
        own.chain(of_owner.map(|log| (log, Origin::SubAgent)))
            .collect()
    }

    /// Records an event of a thread as activity of the turns that it works for, if it is the thread
    /// of a sub-agent.
    pub(super) fn sub_agent_event(&self, thread_id: &str, now: Instant) {
        // Nothing but the limits of silence depends on it.
        if !self.sub_agents.is_empty()
            && (self.quiet_turns.limits_silence() || self.quiet_goals.limits_silence())
            && let Some(owner) = self.sub_agents.owner(thread_id)
        {
            self.turn_routes.sub_agent_event(owner, now);
        }
    }

    /// Delivers the delta on a line that continues a run. Returns false if the line has to be
    /// read: it does not continue the run, or the subscribers get its text.
    fn continues_run(&mut self, line: &[u8], now: Instant) -> bool {
        let Some(run) = self.delta_runs.take() else {
            return false;
        };
        let delta = run.next(line);
        let log = delta.and_then(|_| self.turn_routes.route(run.thread_id(), run.turn_id()));
        if let (Some(delta), Some(log)) = (&delta, &log) {
            self.deliver_delta(run.thread_id(), run.turn_id(), Some(log), delta, now);
        }
        self.delta_runs.put_back(run);
        log.is_some()
    }

    /// Delivers the delta on a usual line to its turn. Returns false if the line has to be parsed:
    /// it is not usual, or the subscribers get its text.
    fn delta_line(&mut self, line: &[u8], now: Instant) -> bool {
        let Some(read) = DeltaLine::read(line) else {
            return false;
        };
        let log = self.turn_routes.route(read.thread_id, read.turn_id);
        if log.is_some() {
            let (thread_id, turn_id) = (read.thread_id, read.turn_id);
            self.deliver_delta(thread_id, turn_id, log.as_ref(), &read.delta, now);
            self.delta_runs.read(line, &read);
        }
        log.is_some()
    }

    /// Delivers a delta to its turn and to the subscriptions of its thread. Returns `None` if it is
    /// not a plain delta and is therefore treated like any other notification.
    fn delta(
        &mut self,
        kind: DeltaKind,
        envelope: &Envelope<'_>,
        now: Instant,
    ) -> Option<Delivered> {
        let keys = &envelope.keys;
        let (thread_id, turn_id) = (keys.thread_id.as_deref()?, keys.turn_id.as_deref()?);
        let delta = DeltaRef::new(kind, keys, envelope.header.emitted_at_ms)?;
        let log = self.turn_routes.route(thread_id, turn_id);
        self.deliver_delta(thread_id, turn_id, log.as_ref(), &delta, now);
        Some(match log {
            Some(_) => Delivered::ToTurn,
            None => Delivered::ToThread,
        })
    }

    fn deliver_delta(
        &mut self,
        thread_id: &str,
        turn_id: &str,
        log: Option<&Arc<TurnLog>>,
        delta: &DeltaRef<'_>,
        now: Instant,
    ) {
        self.deliver_unclaimed();
        self.sub_agent_event(thread_id, now);
        if let Some(log) = log {
            log.push_delta(delta, now, &mut self.delta_wakes.wakers);
        }
        let turn_id = Some(turn_id);
        let delta = DeltaRef { turn_id, ..*delta };
        self.agent_delta(thread_id, &delta);
        if self.thread_subscriptions.has(thread_id) {
            self.thread_subscriptions
                .push_delta(thread_id, &delta, &mut self.delta_wakes.wakers);
        }
    }

    fn notification(
        &mut self,
        notification: &Arc<RawNotification>,
        keys: &RoutingKeys<'_>,
        now: Instant,
    ) {
        self.delta_wakes.hasten();
        let kind = notification.kind();
        if let Some(stream) = self.client_id_streams.find(kind, keys) {
            return stream.push(Arc::clone(notification), &mut self.wakes);
        }
        let thread_id = keys.thread_id.as_deref();
        let log = match (thread_id, &keys.turn_id) {
            (Some(thread_id), Some(turn_id)) => self.turn_routes.route(thread_id, turn_id),
            _ => None,
        };
        self.active_turns.update(kind, keys);
        let agent = self.update_agents(notification, keys, now);
        if let Some(resolved) = self.open_requests.update(notification, keys, now) {
            self.outbound.withdraw(&MessageId::Response(resolved));
        }
        self.service.notification(notification, keys);
        if let Some(login_id) = &keys.login_id
            && kind == NotificationKind::LoginCompleted
        {
            self.logins.complete(login_id, Ok(Arc::clone(notification)));
        }
        if thread_id.is_none() && keys.login_id.is_none() {
            self.without_keys(notification, now);
        }
        if let Some(thread_id) = thread_id {
            self.sub_agent_event(thread_id, now);
            if kind == NotificationKind::ItemCompleted
                && let Some(turn_id) = keys.turn_id.as_deref()
            {
                self.turn_routes
                    .item_completed(thread_id, turn_id, notification);
            }
            self.thread_usages.observe(thread_id, notification);
            let before = match kind {
                NotificationKind::TokenUsageUpdated => {
                    self.token_usage(thread_id, log.as_ref(), notification)
                }
                _ => None,
            };
            if let Some(agent) = &agent {
                self.agent_notification(agent, before.as_ref(), notification);
            }
            if kind == NotificationKind::ThreadSettingsUpdated
                && let Some(params) = notification.params()
            {
                self.loaded_threads.updated(thread_id, params);
            }
            if kind == NotificationKind::ThreadEnded {
                self.thread_usages.remove(thread_id);
                self.loaded_threads.remove(thread_id);
                self.sessions.resumable.remove(thread_id);
                self.unsubscribed_threads.remove(thread_id);
                self.turn_routes
                    .detach(thread_id, DetachReason::ThreadClosed);
            }
            if kind == NotificationKind::TurnCompleted && keys.turn_id.is_none() {
                self.record_unreadable_end(notification, Some(thread_id), now);
                self.turn_routes
                    .detach(thread_id, DetachReason::UnreadableEnd);
            }
            if self.thread_subscriptions.has(thread_id) {
                self.thread_subscriptions.push_notification(
                    thread_id,
                    notification,
                    &mut self.wakes,
                );
            }
            let is_about_goal = matches!(
                kind,
                NotificationKind::GoalUpdated | NotificationKind::GoalCleared
            );
            if is_about_goal && let Some(goal) = self.turn_routes.goal(thread_id) {
                goal.add(notification, log.is_some(), now, &mut self.wakes);
                self.update_quiet_goal(thread_id, now);
            }
        }
        if matches!(
            kind,
            NotificationKind::ThreadStatusChanged | NotificationKind::TurnStarted
        ) {
            self.update_quiet_turns(notification, keys, now);
        }
        self.deliver_unclaimed();
        match log {
            Some(log) => {
                if kind == NotificationKind::TurnCompleted {
                    self.turn_routes.settle_joins(&log);
                }
                log.push_notification(notification, now, &mut self.wakes);
                if kind == NotificationKind::Error {
                    self.end_at_usage_limit(&log, now);
                }
                if kind == NotificationKind::TurnCompleted {
                    self.quiet_turns.forget(&log);
                    self.turn_routes.end(&log);
                    self.watch_left_behind(log.thread_id(), now);
                    self.update_quiet_goal(log.thread_id(), now);
                    self.deliver_unclaimed();
                }
            }
            None => self.deliver_to_subscribers(Arc::clone(notification)),
        }
        if let Some((thread_id, turn_id)) = self.abandoned_turns.update(kind, keys) {
            self.interrupt(&thread_id, &turn_id, INTERRUPT_GRACE, now);
        }
    }

    /// Records a report of the token usage of a thread, and returns the one before it.
    fn token_usage(
        &mut self,
        thread_id: &str,
        log: Option<&Arc<TurnLog>>,
        report: &Arc<RawNotification>,
    ) -> Option<Arc<RawNotification>> {
        let before = self.thread_usages.update(thread_id, report);
        if let Some(log) = log {
            log.add_usage(before.as_ref(), report);
        }
        before
    }

    fn deliver_to_subscribers(&mut self, notification: Arc<RawNotification>) {
        self.subscribers
            .push(|| Item::Notification(notification), &mut self.wakes);
    }

    /// Delivers to the subscribers the events of turns that turned out to have been started by
    /// others.
    pub(super) fn deliver_unclaimed(&mut self) {
        for log in self.turn_routes.take_unclaimed() {
            let mut unread = log.take_unclaimed();
            while let Some(event) = unread.pop() {
                let notification = match event {
                    Event::Notification(notification) => Some(notification),
                    Event::Delta(delta) => {
                        RawNotification::from_delta(delta, log.thread_id(), log.turn_id())
                            .map(Arc::new)
                    }
                    // Reported when it was received.
                    Event::Unreadable(_) | Event::SessionLost(_) => None,
                };
                if let Some(notification) = notification {
                    self.deliver_to_subscribers(notification);
                }
            }
        }
    }
}
