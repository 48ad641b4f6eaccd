//! Asks about image files of this machine, several in one input.
//!
//! For programs without an async runtime: `local_image` is its async counterpart.
//!
//! `cargo run -p codex-client --example local_image_blocking -- before.png after.png`

use std::{env, error::Error, path::PathBuf};

use codex_client::{Input, Sandbox, blocking::Codex};

fn main() -> Result<(), Box<dyn Error>> {
    let mut input = Input::text("Describe each of these images in one sentence.");
    let paths: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    if paths.is_empty() {
        return Err("name one image file or more".into());
    }
    for path in paths {
        // The server reads the file. It would take a relative path from its own directory, and
        // would tell the model, not this program, if there is no such file.
        input = input.and(Input::local_image(path.canonicalize()?));
    }

    let codex = Codex::start()?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
    let result = thread.run(input).send()?;
    println!(
        "answer: {}",
        result.final_response.as_deref().unwrap_or("(none)")
    );
    codex.close()?;
    Ok(())
}
