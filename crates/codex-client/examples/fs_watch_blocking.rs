//! Watches a directory until something in it changes: the one that is named, or else the current one.
//!
//! For programs without an async runtime: `fs_watch` is its async counterpart.
//!
//! `cargo run -p codex-client --example fs_watch_blocking -- some/directory`

use std::{env, path};

use codex_client::{Result, blocking::Codex};

fn main() -> Result<()> {
    let codex = Codex::start()?;
    let directory = env::args()
        .nth(1)
        .map_or_else(env::current_dir, path::absolute);
    let directory = directory.expect("a directory");
    let mut changes = codex.fs_watch(directory).send()?;
    println!("watching {}", changes.path());

    // When `changes` is dropped, the watch ends.
    if let Some(changed) = changes.next() {
        for path in changed?.changed_paths {
            println!("changed: {}", path.0);
        }
    }
    codex.close()
}
