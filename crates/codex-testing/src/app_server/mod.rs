//! Fake app-servers: scripted, or driven by the test.

mod canned;
mod client_message;
mod connection;
mod messages;
mod output;
mod reply;
mod script;
mod serve;
mod server;
mod step;
mod thread;
mod turn;

pub use self::{
    client_message::ClientMessage,
    connection::{ClientStreams, FakeConnection},
    reply::Reply,
    server::FakeAppServer,
    turn::Turn,
};
