//! Tells errors apart, and tries again where that is safe.
//!
//! For programs without an async runtime: `errors_and_retry` is its async counterpart.
//!
//! `cargo run -p codex-client --example errors_and_retry_blocking`

use std::time::Duration;

use codex_client::{
    Error, RetryPolicy, RpcErrorKind, Sandbox,
    blocking::{Codex, retry_on_overload},
};

fn main() -> codex_client::Result<()> {
    let started = Codex::start();
    let codex = started.inspect_err(|error| match error {
        // The error itself lists where it was looked for.
        Error::CodexNotFound(_) => eprintln!("install codex: npm install -g @openai/codex"),
        // And here it has the last words of the server.
        Error::Closed(_) => eprintln!("codex has ended at once: is its config.toml valid?"),
        _ => {}
    })?;

    // Only what an overloaded server has refused is repeated: then nothing was done.
    let policy = RetryPolicy::default()
        .max_attempts(5)
        .initial_delay(Duration::from_millis(200));
    let start = || codex.thread_start().sandbox(Sandbox::ReadOnly).send();
    let thread = retry_on_overload(policy, start)?;

    // A refusal has a kind. This thread does not exist.
    match codex
        .thread_resume("00000000-0000-7000-8000-000000000000")
        .send()
    {
        Ok(thread) => println!("resumed {}", thread.id()),
        Err(error) if error.rpc_kind() == Some(RpcErrorKind::RolloutMissing) => {
            println!("refused: there is no such thread");
        }
        Err(other) => return Err(other),
    }

    match thread.run("Say hello in one sentence.").send() {
        Ok(result) => println!("answer: {}", result.final_response.unwrap_or_default()),
        // What the turn had done until it failed is in the result.
        Err(Error::TurnFailed(result)) => {
            let reason = result.error.map(|error| error.message);
            println!("failed: {}", reason.unwrap_or_default());
            println!("done until then: {} items", result.items.len());
        }
        // The server may have got it: whether to repeat it is for the program to know.
        Err(Error::Timeout { method, after }) => println!("no answer to {method} in {after:?}"),
        // With the exit status and the last words of the server. Start another one.
        Err(Error::Closed(closed)) => println!("{closed}"),
        Err(other) => println!("{other} (worth a retry: {})", other.is_retryable()),
    }
    codex.close()
}
