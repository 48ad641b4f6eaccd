//! Code that the tests share.

pub mod collector;
pub mod compat;
pub mod decoding;
pub mod http;
pub mod issuer;
pub mod json;
pub mod json_schema;
pub mod manifest_dir;
pub mod protocol;
pub mod recorded;
pub mod schema;
pub mod stage;
pub mod tickets;
pub mod via;

// Compiles the code blocks of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/testing.md")]
mod testing {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/faq.md")]
mod faq {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/getting-started.md")]
mod getting_started {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/approvals.md")]
mod approvals {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/beyond-turns.md")]
mod beyond_turns {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/cancelling.md")]
mod cancelling {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/sub-agents.md")]
mod sub_agents {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/mcp.md")]
mod mcp {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/configuration.md")]
mod configuration {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/rendering.md")]
mod rendering {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/tokens.md")]
mod tokens {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/desktop.md")]
mod desktop {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/ci.md")]
mod ci {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/terminal.md")]
mod terminal {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/scaling.md")]
mod scaling {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/orchestrator.md")]
mod orchestrator {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/supervision.md")]
mod supervision {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/server-versions.md")]
mod server_versions {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/two-runtimes.md")]
mod two_runtimes {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/observability.md")]
mod observability {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/tools.md")]
mod tools {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/remote.md")]
mod remote {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/api-reference.md")]
mod api_reference {}
