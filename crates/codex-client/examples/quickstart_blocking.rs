//! Starts codex, runs one turn and prints the answer.
//!
//! For programs without an async runtime: `quickstart` is its async counterpart.
//!
//! `cargo run -p codex-client --example quickstart_blocking`

use codex_client::{Sandbox, blocking::Codex};

fn main() -> codex_client::Result<()> {
    // Finds the installed codex (`CODEX_BIN`, or the first one of `PATH`) and uses its login.
    let codex = Codex::start()?;
    println!("server: {}", codex.metadata().user_agent);

    // Options are set before the `.send()`. The thread works in the current directory.
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
    let result = thread.run("Say hello in one sentence.").send()?;

    println!("thread: {}", thread.id());
    println!(
        "answer: {}",
        result.final_response.as_deref().unwrap_or("(none)")
    );
    println!("items:  {}", result.items.len());

    // Dropping the last handle would end the server, too; this also waits for its end.
    codex.close()
}
