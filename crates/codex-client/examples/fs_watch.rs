//! Watches a directory, by default the current one, until something in it changes.
//!
//! `cargo run -p codex-client --example fs_watch -- some/directory`

use std::{env, path};

use codex_client::{Codex, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let codex = Codex::start().await?;
    let directory = env::args()
        .nth(1)
        .map_or_else(env::current_dir, path::absolute);
    let directory = directory.expect("a valid directory");
    let mut changes = codex.fs_watch(directory).await?;
    println!("watching {}", changes.path());

    // Dropping `changes` ends the watch.
    if let Some(changed) = changes.next().await {
        for path in changed?.changed_paths {
            println!("changed: {}", path.0);
        }
    }
    codex.close().await
}
