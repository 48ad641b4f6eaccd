//! Distinguishes errors, and retries a request where that is safe.
//!
//! The blocking version of the `errors_and_retry` example.
//!
//! `cargo run -p codex-client --example errors_and_retry_blocking`

use std::time::Duration;

use codex_client::{
    Error, RetryPolicy, RpcErrorKind, Sandbox,
    blocking::{Codex, retry},
};

fn main() -> codex_client::Result<()> {
    let started = Codex::start();
    let codex = started.inspect_err(|error| match error {
        // The error lists the places that were searched.
        Error::CodexNotFound(_) => eprintln!("Install codex: npm install -g @openai/codex"),
        // The error contains the exit status and the end of the server's stderr.
        Error::Closed(_) => eprintln!("Codex exited at startup."),
        _ => {}
    })?;

    // Retries only a request that an overloaded server has rejected, and so has not executed.
    let policy = RetryPolicy::default()
        .max_attempts(5)
        .initial_delay(Duration::from_millis(200));
    let start = || codex.thread_start().sandbox(Sandbox::ReadOnly).send();
    let thread = retry(policy, start)?;

    // An error response has a kind. This thread does not exist.
    match codex
        .thread_resume("00000000-0000-7000-8000-000000000000")
        .send()
    {
        Ok(thread) => println!("resumed {}", thread.id()),
        Err(error) if error.rpc_kind() == Some(RpcErrorKind::RolloutMissing) => {
            println!("error: no such thread");
        }
        Err(other) => return Err(other),
    }

    match thread.run("Say hello in one sentence.").send() {
        Ok(result) => println!("response: {}", result.final_response.unwrap_or_default()),
        // The result contains the items completed before the failure.
        Err(Error::TurnFailed(result)) => {
            let reason = result.error.map(|error| error.message);
            println!("failed: {}", reason.unwrap_or_default());
            println!("completed: {} items", result.items.len());
        }
        // The server may have executed the request. Retry it only if it is idempotent.
        Err(Error::Timeout {
            method,
            after,
            sent: true,
        }) => {
            println!("timeout: no response to {method} within {after:?}");
        }
        // The connection is lost. Start a new client to continue.
        Err(Error::Closed(closed)) => println!("{closed}"),
        Err(other) => println!("error: {other} (retryable: {})", other.is_retryable()),
    }
    codex.close()
}
