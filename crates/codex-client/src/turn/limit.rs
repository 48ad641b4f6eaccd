//! A limit for how long a turn may run.

use std::{fmt, sync::Arc, time::Duration};

use codex_types::TurnStatus;
use tokio::time::{Instant, timeout};

use crate::{
    error::{Error, Result},
    turn::{handle::TurnHandle, result::TurnResult},
};

/// How long a turn that was told to stop has to do so.
const INTERRUPT_GRACE: Duration = Duration::from_secs(5);

impl<R> TurnHandle<R> {
    /// As [`run`](Self::run), but the turn is stopped (`turn/interrupt`) if it does not end within
    /// `limit`. Its end is then waited for, for five seconds at most.
    ///
    /// # Errors
    ///
    /// [`TurnTimeout`](crate::Error::TurnTimeout) if it was stopped, with a handle of it; else as
    /// [`run`](Self::run).
    pub async fn run_within(&self, limit: Duration) -> Result<R> {
        self.run_until(Instant::now(), limit).await
    }

    /// The same for a limit that counts from earlier on.
    pub(crate) async fn run_until(&self, begun: Instant, limit: Duration) -> Result<R> {
        (self.read)(self.end_until(begun, limit).await?)
    }

    async fn end_until(&self, begun: Instant, limit: Duration) -> Result<TurnResult> {
        let left = limit.saturating_sub(begun.elapsed());
        if let Ok(result) = timeout(left, self.end()).await {
            return result;
        }
        let stopped = timeout(INTERRUPT_GRACE, async {
            self.interrupt().await?;
            self.end().await
        });
        match stopped.await {
            // It had come to an end of its own before it was told to stop.
            Ok(Ok(result)) if result.status != TurnStatus::Interrupted => Ok(result),
            Ok(Err(error @ (Error::TurnFailed(_) | Error::TurnDetached(_) | Error::Closed(_)))) => {
                Err(error)
            }
            _ => Err(Error::TurnTimeout(Box::new(TurnTimeout {
                turn: TurnHandle::new(self.codex.clone(), Arc::clone(&self.log), Ok),
                after: limit,
            }))),
        }
    }
}

/// A turn took longer than it was given, and was told to stop.
///
/// While it is held, the connection stays open.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TurnTimeout {
    /// The turn. [`partial`](TurnHandle::partial) is what it has come to, and whether it has ended;
    /// one that has not ended did not heed the interrupt within five seconds.
    pub turn: TurnHandle,
    /// How long it was given.
    pub after: Duration,
}

impl fmt::Display for TurnTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, after) = (self.turn.id(), self.after.as_secs_f32());
        write!(
            f,
            "the turn {id} did not end within {after} s and was stopped"
        )
    }
}
