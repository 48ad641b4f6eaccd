//! Stories: the SDK on the real app-server with a scripted model, one module per story.
//!
//! One binary holds all of them, because every additional binary would link the SDK and its runtime
//! again. `cargo test -p codex-tests --test stories approvals::` runs one story.

// Helpers panic on behalf of the tests, but clippy exempts only the test functions themselves.
#![expect(clippy::unwrap_used)]

mod account;
mod approvals;
mod blocking_api;
mod commands;
mod compaction;
mod concurrency;
mod configuration;
mod daemon;
mod events;
mod failed_starts;
mod failed_turns;
mod file_changes;
mod goals;
mod inputs;
mod killed_server;
mod lifecycle;
mod login;
mod mcp_servers;
mod older_release;
mod proxy;
mod questions;
mod remote;
mod remote_faults;
mod remote_streams;
mod rendering;
mod reviews;
mod running_turns;
mod rust_tools;
mod server_errors;
mod shell;
mod shortcuts;
mod slow_connections;
mod steer_and_interrupt;
mod stopping;
mod sub_agents;
mod supervised_remote;
mod supervision;
mod thread_and_turn_options;
mod thread_settings;
mod tracing;
mod turn_ends;
mod turn_tokens;
mod two_runtimes;
mod typed_responses;
mod unsubscribed_threads;
mod ways_out;
