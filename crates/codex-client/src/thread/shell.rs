//! Commands that the user has typed.

use codex_types::{CommandExecutionSource, ThreadItem, ThreadShellCommandParams};

use crate::{error::Result, thread::Thread, turn::handle::TurnHandle};

impl Thread {
    /// Runs what the *user* has typed, in the user's shell and directory, and tells the model of it
    /// (`thread/shellCommand`). It knows no sandbox, and nobody is asked: never pass on what a model has
    /// said. For programs of your own there is [`Codex::exec`](crate::Codex::exec).
    ///
    /// It returns when the command has begun, with the turn that it runs in: the one that runs, or else one
    /// that the server starts for it, without the model. The command is an item of that turn, of the
    /// source [`UserShell`](crate::types::CommandExecutionSource::UserShell), with its output and exit code;
    /// [interrupting](TurnHandle::interrupt) the turn ends it, and the server does after an hour. The
    /// handle may be dropped: the command runs on.
    ///
    /// Wait for the end of the turn before the next prompt. One that joins the turn of a command gets no
    /// answer, since no model is at work in it.
    ///
    /// ```no_run
    /// use codex_client::types::ThreadItem;
    ///
    /// # async fn example(thread: codex_client::Thread) -> codex_client::Result<()> {
    /// let result = thread.shell_command("git status | head").await?.run().await?;
    /// for item in result.items {
    ///     if let ThreadItem::CommandExecution(command) = item {
    ///         println!("{}", command.aggregated_output.unwrap_or_default());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send). A [`Timeout`](crate::Error::Timeout) also if the server takes
    /// it in and the command does not begin within the
    /// [time for a request](crate::builder::CodexBuilder::request_timeout).
    pub async fn shell_command(&self, command: impl Into<String>) -> Result<TurnHandle> {
        let params = ThreadShellCommandParams::new(self.id(), command);
        self.turn_with(&params, is_typed).await
    }
}

fn is_typed(item: &ThreadItem) -> bool {
    let ThreadItem::CommandExecution(command) = item else {
        return false;
    };
    command.source == CommandExecutionSource::UserShell
}
