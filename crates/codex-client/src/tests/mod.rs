//! Tests of the client against an in-memory fake server.

mod blocking;
mod builder_options;
mod connection_end;
mod consoles;
mod deep_nesting;
mod default_responses;
mod detached_turns;
mod drift;
mod dropped_futures;
mod exec_processes;
mod failed_starts;
mod fake_server;
mod file_watches;
mod goal_idle_timeouts;
mod goal_turns;
mod handshake;
pub(crate) mod held_back;
mod idle_timeouts;
mod inbox;
mod joined_turns;
mod login_attempts;
mod malformed_messages;
mod other_executors;
mod paging;
mod rate_limits;
mod recordings;
mod request_handlers;
mod requests_and_responses;
mod review_turns;
mod server_faults;
mod server_started_turns;
mod steering;
mod stopped_turns;
mod sub_agents;
mod text_stream;
mod thread_events;
#[cfg(feature = "structured_output")]
mod tool_calls;
mod turn_timeouts;
mod turns;
#[cfg(feature = "structured_output")]
mod typed_output;
mod unhandled_requests;
mod unreadable_parts;
mod unreported_ends;
mod unreported_goal_ends;
mod unsuitable_runtime;
mod unwritten_requests;
#[cfg(feature = "websocket")]
mod websocket_ends;

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use self::fake_server::{
    FakeServer, initialize_response, old_turn_start_response, thread_start_response,
    turn_start_response,
};

/// Polls a future once. Returns its output if it is ready.
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
