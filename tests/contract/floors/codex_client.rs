//! The floors of `codex-client`.
//!
//! To have the test check them, move [`CODEX_CLIENT`] from `PENDING` to `TABLES` in `crates.rs`.

use super::check::Table;

pub(super) const CODEX_CLIENT: Table = Table {
    sources: "crates/codex-client/src",
    floors: &[
        (
            "ground",
            &[
                "approval_mode",
                "binary",
                "builder_macros",
                "error",
                "input",
                "mode",
                "path",
                "run_input",
                "sandbox",
                "turn_result",
                "types",
            ],
        ),
        ("rpc", &["rpc", "transport"]),
        ("routing", &["mailbox", "routing"]),
        ("connection", &["connection"]),
        (
            "middle",
            &["approvals", "client", "inbox", "output", "server_requests"],
        ),
        (
            "handles",
            &[
                "account",
                "exec",
                "fs_watch",
                "goal",
                "handler",
                "login",
                "models",
                "notifications",
                "pages",
                "request_builder",
                "retry",
                "thread",
                "tool",
                "turn",
            ],
        ),
        ("faces", &["blocking", "builder", "codex", "lib"]),
    ],
    generated: None,
};
