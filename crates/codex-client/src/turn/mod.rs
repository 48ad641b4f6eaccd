//! Turns: one input of the user, and all that the model does about it.

mod control;
mod handle;
mod limit;
mod result;
mod review;
mod start;
mod stream;
mod text;

pub use handle::TurnHandle;
pub use limit::TurnTimeout;
pub use result::TurnResult;
pub use review::Review;
pub use start::{Run, TurnStart};
pub use stream::TurnStream;
pub(crate) use stream::lost;
pub use text::TextStream;
