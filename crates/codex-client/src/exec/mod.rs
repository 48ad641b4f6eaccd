//! Commands that are run outside of a turn (`command/exec`): to their end, or as processes that are
//! talked to.
//!
//! ```no_run
//! # async fn example(codex: codex_client::Codex) -> codex_client::Result<()> {
//! let output = codex.exec(["git", "status", "--short"]).await?;
//! println!("{} {}", output.exit_code, output.stdout_lossy());
//!
//! let shell = codex.exec(["sh"]).tty(80, 24).no_timeout().spawn()?;
//! shell.write("ls\nexit\n").await?;
//! let mut output = shell.stream();
//! while let Some(chunk) = output.next().await {
//!     print!("{}", String::from_utf8_lossy(&chunk?.bytes));
//! }
//! println!("ended with {}", shell.wait().await?);
//! # Ok(())
//! # }
//! ```

pub(crate) mod output;
pub(crate) mod process;
pub(crate) mod start;

use crate::{codex::Codex, exec::start::ExecBuilder};

impl Codex {
    /// Runs a command in the server's sandbox, without a thread or a turn (`command/exec`). The
    /// first word is the program, the others are its arguments; there is no shell in between.
    pub fn exec<I>(&self, command: I) -> ExecBuilder
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        ExecBuilder::new(self, command)
    }
}
