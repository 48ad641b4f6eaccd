//! Sends local image files, several in one input.
//!
//! The blocking version of the `local_image` example.
//!
//! `cargo run -p codex-client --example local_image_blocking -- before.png after.png`

use std::{env, error::Error, path::PathBuf};

use codex_client::{Input, Sandbox, blocking::Codex};

fn main() -> Result<(), Box<dyn Error>> {
    let mut input = Input::text("Describe each of these images in one sentence.");
    let paths: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    if paths.is_empty() {
        return Err("usage: local_image_blocking FILE...".into());
    }
    for path in paths {
        // Checks that the file is an image. The server reads it.
        input = input.and(Input::image_file(path)?);
    }

    let codex = Codex::start()?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
    let result = thread.run(input).send()?;
    println!(
        "response: {}",
        result.final_response.as_deref().unwrap_or("(no response)")
    );
    codex.close()?;
    Ok(())
}
