//! Sub-agents as values.

use codex_types::CollabAgentStatus;
use serde::{Deserialize, Serialize};

use crate::tokens::Tokens;

/// A sub-agent that worked for a turn.
///
/// A sub-agent is a thread that the model of another thread has started. Its work arrives as the
/// events of its own thread; this value sums them up.
///
/// ```no_run
/// use codex_client::{Result, Thread};
///
/// async fn example(thread: &Thread) -> Result<()> {
///     let result = thread.run("Review each crate with a sub-agent.").await?;
///     for agent in &result.agents {
///         println!("{}: {}, {} tokens", agent.name(), agent.status, agent.tokens.total);
///     }
///     Ok(())
/// }
/// ```
///
/// In serde, the fields have their names in camelCase, and their values are as in the protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SubAgent {
    /// The id of the thread of the sub-agent.
    pub thread_id: String,
    /// The id of the thread that started the sub-agent: that of the turn, or that of another
    /// sub-agent. `None` if the server has not reported it.
    pub parent_thread_id: Option<String>,
    /// The role that the sub-agent was started with, as named in the configuration of the server
    /// (`agents`). `None` if it has none.
    pub role: Option<String>,
    /// The name that the server has chosen for the sub-agent, to show to people.
    pub nickname: Option<String>,
    /// The path of the sub-agent below the thread that it works for, such as `/root/parser`. The
    /// last part is the name that the model has chosen. `None` if the model chooses no names.
    pub path: Option<String>,
    /// The model of the sub-agent.
    pub model: Option<String>,
    /// The id of the last turn of the sub-agent, with which a running sub-agent can be interrupted.
    /// `None` until its first turn begins.
    pub turn_id: Option<String>,
    /// The status of the sub-agent.
    pub status: CollabAgentStatus,
    /// The task that the sub-agent was last given. `None` if the server reports it in encrypted
    /// form only, as it does if the model chooses the names of sub-agents.
    pub prompt: Option<String>,
    /// The last message of the sub-agent, or the reason why it failed.
    pub message: Option<String>,
    /// The tokens of the sub-agent, up to the end of the turn.
    #[serde(default)]
    pub tokens: Tokens,
}

impl SubAgent {
    /// Returns a name to show to people: the nickname, otherwise the last part of the path,
    /// otherwise the id of the thread.
    pub fn name(&self) -> &str {
        let path = self.path.as_deref();
        let last = path.and_then(|path| path.rsplit('/').find(|part| !part.is_empty()));
        self.nickname.as_deref().or(last).unwrap_or(&self.thread_id)
    }

    /// Whether the sub-agent is being started or is running.
    pub fn is_working(&self) -> bool {
        matches!(
            self.status,
            CollabAgentStatus::PendingInit | CollabAgentStatus::Running
        )
    }
}
