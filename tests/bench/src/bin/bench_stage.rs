//! The surroundings of a real app-server for `cargo xtask bench`: a scripted model and a home.
//!
//! The program prints the working directory and the environment of the server, as `name=value`
//! lines, and an empty line. It runs until its input ends. The model runs in this process, so that
//! its CPU time is not that of a client.

use std::error::Error;
use std::io::{self, Read, Write};

use codex_bench::{PIECE, PIECES, Sizes, period};
use codex_testing::{CodexHome, ModelResponse, ScriptedModel};

/// Number of deltas of a small turn.
const SMALL: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let sizes = Sizes::from_env()?;
    let (deltas, large) = (sizes.get("deltas"), "x".repeat(sizes.get("large")));
    let model = ScriptedModel::start()?;
    let home = CodexHome::builder(&model);
    let home = home.approval_policy("never").build()?;
    let period = period();
    model.respond_with(move |request| {
        let piece = |number: usize| {
            let start = number % PIECES * PIECE;
            period[start..start + PIECE].to_owned()
        };
        match request.last_user_text().as_deref() {
            Some("deltas") => ModelResponse::deltas((0..deltas).map(piece)),
            Some("large") => ModelResponse::text(&large),
            _ => ModelResponse::deltas((0..SMALL).map(piece)),
        }
    });
    let mut out = io::stdout().lock();
    writeln!(out, "cwd={}", home.workspace().display())?;
    for (name, value) in home.envs() {
        writeln!(out, "{name}={}", value.display())?;
    }
    writeln!(out)?;
    out.flush()?;
    drop(out);
    // The model and the home are dropped when the chore is done, or has died.
    io::stdin().lock().read_to_end(&mut Vec::new())?;
    Ok(())
}
