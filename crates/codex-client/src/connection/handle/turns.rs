//! The turns and goals of threads.

use std::{sync::Arc, time::Duration};

use codex_types::{Request, TurnStartParams};
use tokio::sync::oneshot;

use super::Connection;
use crate::{
    config::ThreadSettings,
    connection::{
        command::{Claimed, Command, OnResponse},
        interrupt_guard::InterruptGuard,
        reservation::Reservation,
    },
    error::Result,
    routing::{active_turns::ActiveTurn, goal_tracker::GoalTracker, turn_log::TurnLog},
    rpc::raw_notification::RawNotification,
};

impl Connection {
    /// Sends a request that starts a turn in this thread. The log has all events of the turn,
    /// including those received before the response.
    pub(crate) async fn call_for_turn<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
        thread_id: &str,
    ) -> Result<(R::Response, Arc<TurnLog>)> {
        let (response, log, _) = self.start_turn(params, timeout, thread_id, false).await?;
        Ok((response, log))
    }

    /// Sends a request that starts a turn, as [`call_for_turn`](Self::call_for_turn) does. With
    /// `interrupt_on_drop`, the turn is interrupted when the guard is dropped, and if this future
    /// is dropped before it returns the guard.
    pub(crate) async fn start_turn<R: Request>(
        &self,
        params: &R,
        timeout: Option<Duration>,
        thread_id: &str,
        interrupt_on_drop: bool,
    ) -> Result<(R::Response, Arc<TurnLog>, Option<InterruptGuard>)> {
        let thread_id = thread_id.to_owned();
        let on_response = OnResponse::ClaimTurn {
            thread_id,
            may_join: R::METHOD == TurnStartParams::METHOD,
            interrupt_on_drop,
        };
        let response = self.send(params, timeout, Some(on_response)).await?;
        let decoded = self.decode::<R>(&response.raw)?;
        match response.claimed {
            Some(Claimed::Turn(log, guard)) => Ok((decoded, log, guard)),
            _ => Err(response.raw.lacks::<R>("the response names no turn")),
        }
    }

    /// Returns a guard that interrupts a turn when it is dropped.
    pub(crate) fn interrupt_guard(&self, log: &Arc<TurnLog>) -> InterruptGuard {
        InterruptGuard::new(self.commands.downgrade(), Arc::clone(log))
    }

    /// Routes all turns of a thread to a goal from now on.
    pub(crate) fn follow_goal(&self, thread_id: &str) -> Result<Arc<GoalTracker>> {
        let goal = GoalTracker::new(thread_id);
        self.command(Command::FollowGoal(Arc::clone(&goal)))?;
        Ok(goal)
    }

    /// Keeps the events of all turns of a thread from now on, to claim a turn that no response
    /// names.
    pub(crate) async fn reserve_thread(&self, thread_id: &str) -> Result<Reservation> {
        let (response, reserved) = oneshot::channel();
        self.command(Command::ReserveThread {
            thread_id: thread_id.to_owned(),
            response,
        })?;
        // The reservation must be released even if this future is dropped.
        let (commands, thread_id) = (self.commands.downgrade(), thread_id.to_owned());
        let mut reservation = Reservation::new(commands, thread_id);
        reservation.session = reserved.await.map_err(|_| self.closed_error())??;
        Ok(reservation)
    }

    /// Claims a turn of a reserved thread, with all of its events.
    pub(crate) async fn claim_turn(
        &self,
        reservation: &Reservation,
        turn_id: String,
    ) -> Result<Arc<TurnLog>> {
        let thread_id = reservation.thread_id().to_owned();
        let claim = |response| Command::ClaimTurn {
            session: reservation.session,
            thread_id,
            turn_id,
            response,
        };
        self.ask(claim).await?
    }

    /// Interrupts a turn once the server has been silent about it for `idle_timeout`.
    pub(crate) fn limit_silence(&self, log: &Arc<TurnLog>, idle_timeout: Duration) {
        let log = Arc::clone(log);
        // On a connection that has ended, the turn has ended too.
        let _ = self.command(Command::LimitSilence { log, idle_timeout });
    }

    /// Stops a goal once the server has been silent about it for `idle_timeout`.
    pub(crate) fn limit_goal_silence(&self, goal: &Arc<GoalTracker>, idle_timeout: Duration) {
        let goal = Arc::clone(goal);
        // On a connection that has ended, the goal has ended too.
        let _ = self.command(Command::LimitGoalSilence { goal, idle_timeout });
    }

    /// Returns the active turn of a thread, as last reported by the server.
    pub(crate) async fn active_turn(&self, thread_id: &str) -> Result<Option<ActiveTurn>> {
        let thread_id = thread_id.to_owned();
        let ask = |response| Command::ActiveTurn {
            thread_id,
            response,
        };
        self.ask(ask).await
    }

    /// Returns the last report of the token usage of a thread, if this client has received one.
    pub(crate) async fn token_usage(
        &self,
        thread_id: &str,
    ) -> Result<Option<Arc<RawNotification>>> {
        let thread_id = thread_id.to_owned();
        let ask = |response| Command::TokenUsage {
            thread_id,
            response,
        };
        self.ask(ask).await
    }

    /// Returns the settings of a thread, as last reported by the server.
    pub(crate) async fn thread_settings(
        &self,
        thread_id: &str,
    ) -> Result<Option<Arc<ThreadSettings>>> {
        let thread_id = thread_id.to_owned();
        let ask = |response| Command::ThreadSettings {
            thread_id,
            response,
        };
        self.ask(ask).await
    }
}
