//! The surroundings of a real app-server for `cargo xtask bench`: a scripted model and a home.
//!
//! The program prints the working directory and the environment of the server, as `name=value`
//! lines, and an empty line. It runs until its input ends. The model runs in this process, so that
//! its CPU time is not that of a client.

use std::io::{self, Read, Write};

use codex_testing::ModelResponse;
use codex_tests::{
    bench::{PIECE, PIECES, Sizes, period},
    stage::Stage,
};

/// Number of deltas of a small turn.
const SMALL: usize = 10;

fn main() -> io::Result<()> {
    let sizes = Sizes::from_env()?;
    let (deltas, large) = (sizes.get("deltas"), "x".repeat(sizes.get("large")));
    let stage = Stage::new();
    let period = period();
    stage.model.respond_with(move |request| {
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
    writeln!(out, "cwd={}", stage.home.workspace().display())?;
    for (name, value) in stage.home.envs() {
        writeln!(out, "{name}={}", value.display())?;
    }
    writeln!(out)?;
    out.flush()?;
    drop(out);
    // The model and the home are dropped when the chore is done, or has died.
    io::stdin().lock().read_to_end(&mut Vec::new())?;
    Ok(())
}
