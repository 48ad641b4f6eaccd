//! Threads: conversations in which turns are run.

pub(crate) mod compact;
pub(crate) mod directories;
pub(crate) mod events;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod shell;
pub(crate) mod start;
pub(crate) mod untracked_turn;

use std::sync::Arc;

use codex_types::ThreadSetNameParams;

use crate::{
    codex::Codex,
    error::Result,
    run_input::RunInput,
    thread::read::ThreadReadBuilder,
    turn::start::{RunBuilder, TurnStartBuilder},
};

/// A thread on the server. Cheap to clone; all clones are one thread.
#[derive(Debug, Clone)]
pub struct Thread {
    codex: Codex,
    id: Arc<str>,
}

impl Thread {
    pub(crate) fn new(codex: Codex, id: &str) -> Self {
        Self {
            codex,
            id: id.into(),
        }
    }

    /// The id, by which the thread can be resumed later.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn codex(&self) -> &Codex {
        &self.codex
    }

    /// Runs a turn to its end and collects its result (`turn/start`).
    ///
    /// ```no_run
    /// # async fn example(thread: codex_client::Thread) -> codex_client::Result<()> {
    /// let result = thread.run("Explain this repository in three bullets.").await?;
    /// println!("{}", result.final_response.as_deref().unwrap_or("(no answer)"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn run(&self, input: impl Into<RunInput>) -> RunBuilder {
        RunBuilder::new(self, input.into())
    }

    /// OnResponse a turn and returns at once, to follow its events (`turn/start`).
    pub fn turn(&self, input: impl Into<RunInput>) -> TurnStartBuilder {
        TurnStartBuilder::new(self, input.into())
    }

    /// Reads what the server has saved of the thread, on request with its turns (`thread/read`).
    pub fn read(&self) -> ThreadReadBuilder {
        ThreadReadBuilder::new(self)
    }

    /// Gives the thread a name (`thread/name/set`), by which lists show it.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
    pub async fn set_name(&self, name: impl Into<String>) -> Result<()> {
        let params = ThreadSetNameParams::new(self.id(), name);
        self.codex.request(params).send().await.map(drop)
    }
}
