//! The claims to the items of a log, which are kept for the result of the turn.

use std::sync::Arc;

use super::{LogState, TurnLog};

/// The claim of a handle or a stream that may ask for the result of a turn.
#[derive(Debug)]
pub(crate) struct RecordClaim(Arc<TurnLog>);

impl RecordClaim {
    pub(crate) fn new(log: &Arc<TurnLog>) -> Self {
        log.lock().claims.add();
        Self(Arc::clone(log))
    }

    /// Gives the claim up. The items are dropped if there is no other one.
    pub(crate) fn give_up(self) {
        self.0.lock().claims.give_up();
    }
}

impl Clone for RecordClaim {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for RecordClaim {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.claims.remove();
        state.drop_unclaimed_items();
    }
}

impl TurnLog {
    /// Keeps the items for the result of a goal.
    pub(crate) fn keep_for_goal(&self) {
        self.lock().claims.keep_for_goal();
    }
}

impl LogState {
    /// Drops the items of the record, unless the result may be asked for.
    pub(super) fn drop_unclaimed_items(&mut self) {
        if !self.claims.keep_items() {
            self.record.drop_items();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::rpc::raw_notification::notification;

    /// Returns the number of items in the result.
    fn items(log: &TurnLog) -> usize {
        log.partial().items.len()
    }

    fn complete_item(log: &TurnLog) {
        let item = r#"{"method":"item/completed","params":{"threadId":"t","turnId":"u","completedAtMs":1,"item":{"type":"plan","id":"i","text":"p"}}}"#;
        let item = Arc::new(notification(item));
        log.push_notification(&item, Instant::now(), &mut Vec::new());
    }

    #[test]
    fn the_items_are_kept_until_the_last_claim_is_gone_and_one_was_given_up() {
        let log = TurnLog::new("t", "u");
        complete_item(&log);
        let (handle, stream) = (RecordClaim::new(&log), RecordClaim::new(&log));
        stream.give_up();
        complete_item(&log);
        assert_eq!(items(&log), 2);
        let clone = handle.clone();
        drop(handle);
        assert_eq!(items(&log), 2);
        drop(clone);
        assert_eq!(items(&log), 0);
        complete_item(&log);
        assert_eq!(items(&log), 0);
        // A later handle has the items from then on.
        let _later = RecordClaim::new(&log);
        complete_item(&log);
        assert_eq!(items(&log), 1);
    }

    #[test]
    fn without_a_claim_that_was_given_up_the_items_are_kept() {
        let log = TurnLog::new("t", "u");
        drop(RecordClaim::new(&log));
        complete_item(&log);
        assert_eq!(items(&log), 1);
    }

    #[test]
    fn the_items_of_a_goal_are_kept() {
        let log = TurnLog::new("t", "u");
        log.keep_for_goal();
        RecordClaim::new(&log).give_up();
        complete_item(&log);
        assert_eq!(items(&log), 1);
    }
}
