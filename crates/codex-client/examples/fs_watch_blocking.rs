//! Watches a directory, by default the current one, until something in it changes.
//!
//! The blocking version of the `fs_watch` example.
//!
//! `cargo run -p codex-client --example fs_watch_blocking -- some/directory`

use std::{env, path};

use codex_client::{Result, blocking::Codex};

fn main() -> Result<()> {
    let codex = Codex::start()?;
    let directory = env::args()
        .nth(1)
        .map_or_else(env::current_dir, path::absolute);
    let directory = directory.expect("a valid directory");
    let mut changes = codex.fs_watch(directory).send()?;
    println!("watching {}", changes.path());

    // Dropping `changes` ends the watch.
    if let Some(changed) = changes.next() {
        for path in changed?.changed_paths {
            println!("changed: {}", path.0);
        }
    }
    codex.close()
}
