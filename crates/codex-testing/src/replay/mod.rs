//! A server that answers a client from a recording.

mod compare;
mod names;
mod player;
mod recording;
mod server;

pub use self::server::Replay;
