//! The floors of each crate, from the ground upwards.

use super::{check::Table, codex_client::CODEX_CLIENT};

/// The crates that the test checks.
pub(super) const TABLES: &[Table] = &[CODEX_TYPES, STRICT_SCHEMA, CODEX_CLIENT, CODEX_TESTING];

const CODEX_TYPES: Table = Table {
    sources: "crates/codex-types/src",
    floors: &[
        ("ground", &["redact"]),
        ("wire", &["wire", "traits"]),
        ("ids", &["rpc/id"]),
        ("generated", &["generated"]),
        (
            "additions",
            &["approval_policy", "decode", "responses", "rpc", "unlisted"],
        ),
        // Lists every definition of the schema, including those in `rpc`.
        ("lists", &["generated/methods", "releases"]),
    ],
    // One flat namespace, cut into files by domain.
    generated: Some("generated"),
};

const CODEX_TESTING: Table = Table {
    sources: "crates/codex-testing/src",
    floors: &[
        (
            "ground",
            &[
                "error",
                "monitor",
                "request",
                "binary",
                "runtime_thread",
                "trace",
            ],
        ),
        ("gate", &["gate"]),
        ("response", &["response"]),
        ("faults", &["fault"]),
        ("process", &["process"]),
        ("app_server", &["app_server"]),
        ("replay", &["replay"]),
        ("stream", &["sse"]),
        ("model", &["model"]),
        ("home", &["home"]),
    ],
    generated: None,
};

const STRICT_SCHEMA: Table = Table {
    sources: "crates/strict-schema/src",
    floors: &[
        ("ground", &["error", "keywords", "decode"]),
        ("rules", &["merge", "normalize", "tags_first"]),
        ("schema", &["schema"]),
        ("faces", &["lib"]),
    ],
    generated: None,
};
