//! The logs of turns that join a running turn under an id of their own.
//!
//! The input of a `turn/start` on a busy thread joins the running turn. Servers up to 0.147 respond
//! to it with an id that no event names: all events name the running turn. The response does not
//! show whether the input joins, because the running turn may have ended by the time the server
//! processes the input, which then gets the turn that the response names. The log therefore passes
//! through two stages:
//!
//! 1. The join is assumed. The log has the events of the running turn.
//! 2. The join is shown: the running turn has a user message that is completed after the response.
//!    The log ends with the running turn. A turn completes the messages of all input that it has
//!    taken before it ends, unless it is interrupted.
//!
//! The join is disproved if an event names the turn of the response, or if the running turn ends
//! without such a message. The log then drops the events of the running turn and is that of a turn
//! of its own. An interrupted turn drops the input that it has not taken: an input that had joined
//! ends with it.

use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
};

use codex_types::{ItemCompletedNotification, ThreadItem, TurnCompletedNotification, TurnStatus};
use tokio::time::Instant;

use super::{LogState, TurnLog};
use crate::{
    routing::{
        activity::Activity, delta_queue::DeltaQueue, mailbox::Unread, turn_record::TurnRecord,
    },
    rpc::raw_notification::{NotificationKind, RawNotification},
};

/// The running turn that a turn has joined, unless that is disproved.
#[derive(Debug)]
pub(super) struct Join {
    /// The log that passes its events on. It is kept, so that its events are routed to it.
    running: Arc<TurnLog>,
    is_disproved: AtomicBool,
}

/// The stage of a join.
#[derive(Debug, Default)]
pub(super) enum Stage {
    /// The log has joined no turn, or the join is shown or disproved.
    #[default]
    Settled,
    Assumed {
        /// Whether this client has asked for an interrupt of the running turn since the response.
        /// The server has then processed the input before the interrupt.
        precedes_interrupt: bool,
        /// The end of the running turn, if it was interrupted. The turn of the response may still
        /// begin.
        interrupted: Option<Arc<RawNotification>>,
    },
}

impl Join {
    /// Returns the id of the running turn, unless the join is disproved.
    pub(super) fn turn_id(&self) -> Option<&str> {
        let is_disproved = self.is_disproved.load(Ordering::Relaxed);
        (!is_disproved).then(|| self.running.turn_id())
    }
}

impl TurnLog {
    /// Creates the log of a turn that is assumed to join a running turn. It has what the log of the
    /// running turn has.
    pub(crate) fn joining(running: &Arc<Self>, turn_id: &str) -> Arc<Self> {
        let mut state = running.lock();
        let unread = state.longest_unread();
        let log = Arc::new(Self {
            thread_id: running.thread_id.clone(),
            turn_id: turn_id.to_owned(),
            join: Some(Join {
                running: Arc::clone(running),
                is_disproved: AtomicBool::new(false),
            }),
            state: LogState {
                slots: vec![Some(Unread::new(unread))],
                first_is_free: true,
                record: state.record.clone(),
                has_begun: state.has_begun,
                has_started: state.has_started,
                activity: state.activity,
                interrupted_after: state.interrupted_after,
                stage: Stage::Assumed {
                    precedes_interrupt: false,
                    interrupted: None,
                },
                ..LogState::default()
            }
            .into(),
        });
        state.joined.push(Arc::downgrade(&log));
        log
    }

    /// Returns the id by which the response names the turn.
    pub(crate) fn response_id(&self) -> &str {
        &self.turn_id
    }

    /// Whether another turn was running when the response named the turn.
    pub(crate) fn may_have_joined(&self) -> bool {
        self.join.is_some()
    }

    /// Returns the logs of the turns that have joined this one.
    pub(crate) fn joined(&self) -> Vec<Arc<Self>> {
        self.lock().joined()
    }

    /// Adds a notification of the running turn, unless it is the end of a turn that has not taken
    /// the input.
    pub(super) fn push_running(
        &self,
        notification: &Arc<RawNotification>,
        now: Instant,
        wakes: &mut Vec<Waker>,
    ) {
        {
            let mut state = self.lock();
            if let Stage::Assumed {
                precedes_interrupt,
                interrupted,
            } = &mut state.stage
            {
                match notification.kind() {
                    NotificationKind::ItemCompleted if is_user_message(notification) => {
                        state.stage = Stage::Settled;
                    }
                    NotificationKind::TurnCompleted if !was_interrupted(notification) => {
                        drop(state);
                        return self.separate();
                    }
                    NotificationKind::TurnCompleted if !*precedes_interrupt => {
                        *interrupted = Some(Arc::clone(notification));
                        return;
                    }
                    _ => {}
                }
            }
        }
        self.push_own(notification, now, wakes);
    }

    /// Records that this client asks for an interrupt of the turn.
    pub(crate) fn interrupt_requested(&self) {
        if let Stage::Assumed {
            precedes_interrupt, ..
        } = &mut self.lock().stage
        {
            *precedes_interrupt = true;
        }
    }

    /// Ends the log of a turn that has joined an interrupted turn and has not begun since. Returns
    /// whether it is such a log.
    pub(crate) fn end_interrupted(&self, now: Instant) -> bool {
        let Stage::Assumed {
            interrupted: Some(completed),
            ..
        } = mem::take(&mut self.lock().stage)
        else {
            return false;
        };
        let mut wakes = Vec::new();
        self.push_own(&completed, now, &mut wakes);
        wakes.into_iter().for_each(Waker::wake);
        true
    }

    /// Disproves the join, if it is assumed: an event names the turn itself, or the running turn
    /// has ended without its input.
    pub(crate) fn separate(&self) {
        let mut state = self.lock();
        let Stage::Assumed { .. } = mem::take(&mut state.stage) else {
            return;
        };
        if let Some(join) = &self.join {
            join.is_disproved.store(true, Ordering::Relaxed);
        }
        for slot in state.slots.iter_mut().flatten() {
            slot.buffer = DeltaQueue::default();
        }
        state.record = TurnRecord::default();
        (state.has_begun, state.has_started) = (false, false);
        state.activity.own = Activity {
            open_requests: 0,
            ..state.activity.own
        };
        state.interrupted_after = None;
    }
}

impl LogState {
    /// Returns the logs that this log passes its events on to.
    pub(super) fn joined(&mut self) -> Vec<Arc<TurnLog>> {
        let has_joined = |log: &Arc<TurnLog>| {
            let join = log.join.as_ref();
            join.is_some_and(|join| join.turn_id().is_some())
        };
        let mut joined = Vec::new();
        self.joined.retain(|log| {
            joined.extend(log.upgrade().filter(has_joined));
            log.strong_count() > 0
        });
        joined
    }
}

fn is_user_message(notification: &RawNotification) -> bool {
    let completed = notification.decode_params_around(&mut Vec::new());
    completed
        .is_ok_and(|it: ItemCompletedNotification| matches!(it.item, ThreadItem::UserMessage(_)))
}

fn was_interrupted(notification: &RawNotification) -> bool {
    let completed = notification.decode_params_around(&mut Vec::new());
    completed.is_ok_and(|it: TurnCompletedNotification| it.turn.status == TurnStatus::Interrupted)
}
