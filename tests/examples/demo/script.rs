//! The script of the demo's model.

use std::{fs, path::Path, time::Duration};

use anyhow::Result;
use codex_testing::{Item, ModelResponse, ScriptedModel};
use serde_json::json;

/// Writes two files to the workspace and queues responses: first a command that lists the files,
/// then a text about them.
pub(super) fn write(model: &ScriptedModel, workspace: &Path) -> Result<()> {
    fs::write(
        workspace.join("hello.rs"),
        "fn main() {\n    println!(\"Hello\");\n}\n",
    )?;
    fs::write(workspace.join("notes.md"), "# Notes\n")?;
    model.push(ModelResponse::items([
        Item::reasoning("**Looking at the directory** before answering."),
        Item::function_call("exec_command", json!({ "cmd": "ls && wc -l hello.rs" })),
    ]));
    model.push(
        ModelResponse::text_in_chunks_of(
            6,
            "There are two files: `hello.rs`, a three-line program that prints a greeting, and \
             `notes.md`, which is still empty.\n\nThis text comes from a scripted model on \
             loopback, through the real app-server, in the deltas that you see. The command above \
             ran in Codex's own sandbox.",
        )
        .delay_between_deltas(Duration::from_millis(12)),
    );
    Ok(())
}
