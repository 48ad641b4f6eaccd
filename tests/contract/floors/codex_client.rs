//! The floors of `codex-client`.

use super::check::Table;

pub(super) const CODEX_CLIENT: Table = Table {
    sources: "crates/codex-client/src",
    floors: &[
        // Values and macros that every floor may use.
        (
            "ground",
            &[
                "approval_mode",
                "builder_macros",
                "config",
                "error",
                "future",
                "input",
                "mode",
                "path",
                "preset",
                "run_input",
                "runtime",
                "sandbox",
                "send_table",
                "stream",
                "sub_agent",
                "telemetry",
                "timer",
                "tokens",
                "turn_result",
                "types",
                "version",
                "version_policy",
            ],
        ),
        ("rpc", &["binary", "recording", "rpc", "transport"]),
        ("routing", &["routing"]),
        ("connection", &["connection"]),
        // Requests from the server.
        ("approvals", &["approvals"]),
        // Values as people read them.
        ("render", &["render"]),
        ("server requests", &["server_requests"]),
        // The client and the threads as plain values.
        ("client", &["client"]),
        (
            "handles",
            &[
                "account",
                "exec",
                "fs_watch",
                "goal",
                "handler",
                "handler_table",
                "inbox",
                "login",
                "models",
                "notifications",
                "output",
                "pages",
                "remote",
                "request_builder",
                "retry",
                "stderr",
                "supervisor",
                "thread",
                "tool",
                "turn",
            ],
        ),
        ("send", &["send"]),
        ("service", &["service"]),
        ("faces", &["agents", "blocking", "builder", "codex", "lib"]),
    ],
    generated: None,
};
