//! Runs a turn and prints its result: status, duration, tokens, items and response.
//!
//! The blocking version of the `turn_result` example.
//!
//! `cargo run -p codex-client --features render --example turn_result_blocking`

use codex_client::{Sandbox, TurnResult, blocking::Codex, render};

fn main() -> codex_client::Result<()> {
    let codex = Codex::start()?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
    let result = thread
        .run("List the files of this directory, then say what they are for in one sentence.")
        .send()?;
    show(&result);
    codex.close()
}

fn show(result: &TurnResult) {
    println!("turn:     {}", result.id);
    println!("status:   {}", result.status);
    if let Some(duration) = result.duration_ms {
        println!("took:     {duration} ms");
    }
    println!("tokens:   {}", result.tokens());
    for item in &result.items {
        println!("item:     {}", render::item(item));
    }
    // An interrupted turn may have no response.
    match &result.final_response {
        Some(response) => println!("response: {response}"),
        None => println!("no response"),
    }
}
