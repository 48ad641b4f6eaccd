//! Test programs that use Codex.

mod binary;
mod error;
mod gate;
mod home;
mod model;
mod monitor;
mod reply;
mod request;
mod sse;

pub use binary::codex_bin;
pub use error::{Error, Result};
pub use gate::Gate;
pub use home::{CodexHome, CodexHomeBuilder};
pub use model::ScriptedModel;
pub use reply::{Item, Reply, Usage};
pub use request::{ModelRequest, StrayRequest};
