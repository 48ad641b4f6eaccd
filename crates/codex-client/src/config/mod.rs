//! Configuration of servers and threads.
//!
//! Codex reads its configuration from `config.toml` in its home directory. A program overrides
//! values of it for a server, with the options of [`CodexBuilder`](crate::builder::CodexBuilder), or
//! for a thread, with those of [`ThreadStartBuilder`](crate::builder::ThreadStartBuilder) and the
//! builders for resumed and forked threads. The options are the same:
//!
//! ```no_run
//! use codex_client::{Codex, Result, config::McpServer};
//!
//! async fn example() -> Result<()> {
//!     let codex = Codex::builder()
//!         .config("model_reasoning_effort", "high")
//!         .config("features.web_search_request", true)
//!         .start()
//!         .await?;
//!     let thread = codex
//!         .thread_start()
//!         .config("sandbox_workspace_write.network_access", true)
//!         .mcp_server("docs", McpServer::http("https://docs.example/mcp"))
//!         .await?;
//!     println!("{:?}", thread.settings().await?.model);
//!     Ok(())
//! }
//! ```
//!
//! The overrides of a server are arguments of its process, which other users of the machine can see.
//! Those of a thread are sent over the connection.

pub(crate) mod mcp_server;
pub(crate) mod overrides;
pub(crate) mod settings;
mod toml;

pub use mcp_server::{Http, McpServer, Stdio};
pub use settings::ThreadSettings;
