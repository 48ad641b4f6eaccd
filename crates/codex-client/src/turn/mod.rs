//! Turns: one input of the user, and all that the model does about it.

mod handle;
mod result;
mod start;
mod stream;

pub use handle::TurnHandle;
pub use result::TurnResult;
pub use start::{Run, TurnStart};
pub use stream::TurnStream;
