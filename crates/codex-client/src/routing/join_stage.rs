//! Whether a turn has joined a running turn under an id of its own. Performs no I/O.
//!
//! The input of a `turn/start` on a busy thread joins the running turn. Servers up to 0.147 respond
//! to it with an id that no event names: all events name the running turn. The response does not
//! show whether the input joins, because the running turn may have ended by the time the server
//! processes the input, which then gets the turn that the response names. The log therefore passes
//! through two stages:
//!
//! 1. The join is assumed. The log has the events of the running turn.
//! 2. The join is shown: the running turn has completed a user message with the input
//!    ([`turn_inputs`](crate::routing::turn_inputs)). The log ends with the running turn. A turn
//!    completes the messages of all input that it has taken before it ends, unless it is interrupted.
//!
//! The join is disproved if an event names the turn of the response, or if the running turn ends
//! without such a message. The log then drops the events of the running turn and is that of a turn
//! of its own, or of one that joins the next running turn. An interrupted turn drops the input that
//! it has not taken: an input that had joined ends with it.

use std::{mem, sync::Arc};

use codex_types::{TurnCompletedNotification, TurnStatus};

use crate::rpc::raw_notification::{NotificationKind, RawNotification};

/// The stage of a join.
#[derive(Debug, Default)]
pub(crate) enum JoinStage {
    /// The turn has joined no turn, or the join is shown or disproved.
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

/// The effect of a notification of the running turn on a log that may have joined it.
#[derive(Debug, PartialEq)]
pub(crate) enum JoinEffect {
    /// The log gets the notification.
    Add,
    /// The log does not get the end of the running turn, which may not be its own.
    Withhold,
    /// The turn has not joined the running turn.
    Separate,
}

impl JoinStage {
    /// Creates the stage of a turn whose response has just been received.
    pub(crate) fn assumed() -> Self {
        Self::Assumed {
            precedes_interrupt: false,
            interrupted: None,
        }
    }

    /// Updates the stage from a notification of the running turn.
    pub(crate) fn update(&mut self, notification: &Arc<RawNotification>) -> JoinEffect {
        let Self::Assumed {
            precedes_interrupt,
            interrupted,
        } = self
        else {
            return JoinEffect::Add;
        };
        match notification.kind() {
            NotificationKind::TurnCompleted if !was_interrupted(notification) => {
                JoinEffect::Separate
            }
            NotificationKind::TurnCompleted if !*precedes_interrupt => {
                *interrupted = Some(Arc::clone(notification));
                JoinEffect::Withhold
            }
            _ => JoinEffect::Add,
        }
    }

    /// Records that this client asks for an interrupt of the running turn.
    pub(crate) fn interrupt_requested(&mut self) {
        if let Self::Assumed {
            precedes_interrupt, ..
        } = self
        {
            *precedes_interrupt = true;
        }
    }

    /// Whether it is not known yet whether the turn has joined the running turn.
    pub(crate) fn is_assumed(&self) -> bool {
        matches!(self, Self::Assumed { .. })
    }

    /// Whether the running turn was interrupted, so that the turn may never begin.
    pub(crate) fn follows_interrupt(&self) -> bool {
        matches!(
            self,
            Self::Assumed {
                interrupted: Some(_),
                ..
            }
        )
    }

    /// Settles the stage. Returns whether the join was assumed.
    pub(crate) fn settle(&mut self) -> bool {
        matches!(mem::take(self), Self::Assumed { .. })
    }

    /// Settles the stage of a turn that may have joined a turn that was interrupted. Returns the
    /// end of that turn.
    pub(crate) fn settle_interrupted(&mut self) -> Option<Arc<RawNotification>> {
        if !self.follows_interrupt() {
            return None;
        }
        match mem::take(self) {
            Self::Assumed { interrupted, .. } => interrupted,
            Self::Settled => None,
        }
    }
}

fn was_interrupted(notification: &RawNotification) -> bool {
    let completed = notification.decode_params_around(&mut Vec::new());
    completed.is_ok_and(|it: TurnCompletedNotification| it.turn.status == TurnStatus::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::raw_notification::notification;

    fn end(status: &str) -> Arc<RawNotification> {
        let params = format!(r#"{{"threadId":"t","turn":{{"id":"u","status":"{status}"}}}}"#);
        let text = format!(r#"{{"method":"turn/completed","params":{params}}}"#);
        Arc::new(notification(&text))
    }

    #[test]
    fn a_join_that_is_shown_ends_with_the_running_turn() {
        for status in ["completed", "interrupted", "failed"] {
            let mut stage = JoinStage::assumed();
            assert!(stage.is_assumed() && stage.settle() && !stage.is_assumed());
            assert_eq!(stage.update(&end(status)), JoinEffect::Add, "{status}");
            assert!(!stage.settle());
        }
    }

    #[test]
    fn an_end_without_a_user_message_disproves_the_join_unless_it_is_an_interrupt() {
        for status in ["completed", "failed", "dreaming"] {
            let mut stage = JoinStage::assumed();
            assert_eq!(stage.update(&end(status)), JoinEffect::Separate, "{status}");
            assert!(stage.settle());
        }
        let mut stage = JoinStage::assumed();
        assert_eq!(stage.settle_interrupted(), None);
        assert_eq!(stage.update(&end("interrupted")), JoinEffect::Withhold);
        assert_eq!(stage.settle_interrupted(), Some(end("interrupted")));
        assert!(!stage.settle());
    }

    #[test]
    fn input_that_precedes_an_interrupt_ends_with_it() {
        let mut stage = JoinStage::assumed();
        stage.interrupt_requested();
        assert_eq!(stage.update(&end("interrupted")), JoinEffect::Add);
    }
}
