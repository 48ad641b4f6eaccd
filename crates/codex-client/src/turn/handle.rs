//! A turn that was started.

use std::{fmt, sync::Arc};

use crate::{
    codex::Codex,
    error::Result,
    output::Read,
    routing::turn_log::TurnLog,
    turn::{result::TurnResult, stream::TurnStream},
};

/// A turn that was started. Cheap to clone; all clones are one turn.
///
/// Events are kept for the first [`stream`](Self::stream) from the beginning, also before it is
/// asked for. What a result is made of (the completed items) is kept as long as a handle or a stream
/// is. When the last handle and stream are dropped, the turn goes on, and its further events
/// go to [`Codex::notifications`](crate::Codex::notifications).
///
/// `R` is what [`run`](Self::run) gives: the [`TurnResult`], or a
/// [`TypedResult`](crate::TypedResult) if the turn was started with
/// [`output`](crate::builder::TurnStartBuilder::output).
///
/// # Busy threads
///
/// A turn that is started while another one runs in the thread joins it: the handle is one of the
/// running turn, with its id, and its events from then on. Should a server give the joined turn an
/// id of its own that none of its events bears, the handle gets the events of the running turn, all
/// at once, ten seconds after that one has ended; [`TurnResult::id`] then is the id of the latter.
pub struct TurnHandle<R = TurnResult> {
    pub(crate) codex: Codex,
    pub(crate) log: Arc<TurnLog>,
    pub(crate) read: Read<R>,
}

impl<R> TurnHandle<R> {
    pub(crate) fn new(codex: Codex, log: Arc<TurnLog>, read: Read<R>) -> Self {
        Self { codex, log, read }
    }

    /// The turn's id.
    pub fn id(&self) -> &str {
        self.log.turn_id()
    }

    /// The id of the thread that it runs in.
    pub fn thread_id(&self) -> &str {
        self.log.thread_id()
    }

    /// The events of this turn, in order, up to and including its completion.
    ///
    /// The first stream begins with the first event. A further one, made while another is being
    /// read, begins with the oldest event that none has taken yet.
    pub fn stream(&self) -> TurnStream {
        TurnStream::new(self.codex.clone(), self.log.reader())
    }

    /// Waits for the end of the turn and collects its result. The events need not be read for it,
    /// and may have been.
    ///
    /// Dropped before that, the turn goes on, and the handle can be used further.
    ///
    /// # Errors
    ///
    /// [`TurnFailed`](crate::Error::TurnFailed), with the result, if the turn ended as failed (not
    /// if it was interrupted); [`ConnectionClosed`](crate::Error::Closed) if the connection ended before the
    /// turn did, with what it had come to in [`ConnectionClosed::partial`](crate::Closed::partial);
    /// [`TurnDetached`](crate::Error::TurnDetached) if the turn's thread was closed or unsubscribed from before;
    /// [`Decode`](crate::Error::Decode) if what the result is made of cannot be understood;
    /// [`OutputMismatch`](crate::Error::OutputMismatch) if the turn was started with
    /// [`output`](crate::builder::TurnStartBuilder::output) and its answer does not fit.
    pub async fn run(&self) -> Result<R> {
        (self.read)(self.end().await?)
    }

    /// Waits for the end of the turn, whatever its result is read into.
    pub(crate) async fn end(&self) -> Result<TurnResult> {
        TurnStream::new(self.codex.clone(), self.log.end_only())
            .result()
            .await
    }

    /// What the turn has come to so far, whether it has ended or not: at any time, and also after the
    /// connection is lost. The status is `inProgress` until the turn has ended.
    ///
    /// # Errors
    ///
    /// [`Decode`](crate::Error::Decode) if what the result is made of cannot be understood.
    pub fn partial(&self) -> Result<TurnResult> {
        TurnResult::partial(self.id(), &self.log.record())
    }
}

// Derived, they would ask the same of the result.
impl<R> Clone for TurnHandle<R> {
    fn clone(&self) -> Self {
        Self::new(self.codex.clone(), Arc::clone(&self.log), self.read)
    }
}

impl<R> fmt::Debug for TurnHandle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnHandle")
            .field("codex", &self.codex)
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}
