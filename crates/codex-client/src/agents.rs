//! Sub-agents: threads that the model of a turn starts and gives work to.
//!
//! | To | use |
//! |---|---|
//! | list the sub-agents of a running turn | [`TurnHandle::agents`](crate::TurnHandle::agents) |
//! | follow what they do | [`TurnHandle::agent_events`](crate::TurnHandle::agent_events) |
//! | list them afterwards | [`TurnResult::agents`](crate::TurnResult::agents) |
//! | count their tokens | [`SubAgent::tokens`], [`TurnResult::tokens_with_agents`](crate::TurnResult::tokens_with_agents) |
//! | respond to their requests | the handlers and inboxes of the turn's thread and of the client |

pub use crate::{
    sub_agent::SubAgent,
    turn::agent_events::{SubAgentEvent, SubAgentEvents},
};
