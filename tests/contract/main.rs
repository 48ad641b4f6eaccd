//! Contracts of the sources, the types and the documentation, independent of a server's behaviour.
//!
//! `cargo test -p codex-tests --test contract parity::` runs one contract.

// A helper panics where the test would; clippy exempts only the test functions themselves.
#![expect(clippy::unwrap_used)]

mod api_reference;
mod call_sites;
mod decoding;
mod drift;
mod floors;
mod links;
mod markdown;
mod openness;
mod parity;
mod parity_docs;
mod programs;
mod public_api;
mod random_values;
mod recorded_traffic;
mod rendering;
mod repository;
mod schemas;
mod secrets;
mod serialized_forms;
mod strict_reading;
mod tables;
mod timers;
mod unread_secrets;
mod workspace;
