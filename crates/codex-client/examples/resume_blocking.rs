//! Goes on with a thread of an earlier run of this program.
//!
//! For programs without an async runtime: `resume` is its async counterpart.
//!
//! `cargo run -p codex-client --example resume_blocking` starts a thread and says its id;
//! `cargo run -p codex-client --example resume_blocking -- THREAD_ID` goes on with it.

use codex_client::{Sandbox, blocking::Codex};

fn main() -> codex_client::Result<()> {
    let codex = Codex::start()?;
    let answer = match std::env::args().nth(1) {
        None => {
            let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
            let result = thread.run("Think of a number, and tell me which.").send()?;
            // From its first turn on a thread is saved. One that is `ephemeral` never is.
            println!("thread: {}", thread.id());
            result.final_response
        }
        Some(id) => {
            // What is not set here is as it was: the model, the directory, the sandbox.
            let thread = codex.thread_resume(id).send()?;
            let history = thread.read().include_turns(true).send()?;
            println!("turns so far: {}", history.thread.turns.len());
            let result = thread.run("Which number was it? Double it.").send()?;
            result.final_response
        }
    };
    println!("answer: {}", answer.as_deref().unwrap_or("(none)"));
    codex.close()
}
