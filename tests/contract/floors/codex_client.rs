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
                "error",
                "input",
                "mode",
                "path",
                "sandbox",
                "turn_result",
            ],
        ),
        ("rpc", &["rpc", "transport"]),
        ("routing", &["mailbox", "routing"]),
        ("connection", &["connection"]),
        ("middle", &["approvals", "client", "server_requests"]),
        (
            "handles",
            &[
                "call", "exec", "fs_watch", "goal", "login", "pages", "retry", "thread", "tool",
                "turn",
            ],
        ),
        ("faces", &["blocking", "builder", "codex", "lib"]),
    ],
    generated: None,
};
