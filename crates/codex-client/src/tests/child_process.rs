//! Servers played by shell scripts, for tests of process groups. Tests of servers that need no shell
//! use the fake `codex` (`tests/faults` in the workspace).
#![cfg(unix)]

use serde_json::json;

use crate::{client::Codex, codex::builder::CodexBuilder};

/// Returns the builder of a client whose server is this script.
pub(super) fn shell(script: &str) -> CodexBuilder {
    Codex::builder().binary("sh").launch_args(["-c", script])
}

/// Returns a script that completes the handshake, then runs `then`.
pub(super) fn after_handshake(then: &str) -> String {
    let response = json!({"id": 1, "result": crate::tests::initialize_response()});
    format!("read line; echo '{response}'; read line; {then}")
}
