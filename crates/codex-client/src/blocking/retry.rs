//! Retries what failed for a temporary reason, in blocking code.

use std::thread;

use crate::{
    error::Result,
    retry::{RetryPolicy, random},
};

/// Calls `attempt` until it succeeds, it fails with an error that the policy does not retry, or the
/// attempts of the policy are exhausted.
///
/// The calling thread sleeps between the attempts.
///
/// ```no_run
/// use codex_client::{
///     Result, RetryPolicy,
///     blocking::{Codex, Thread, retry},
/// };
///
/// fn example(codex: &Codex) -> Result<Thread> {
///     let policy = RetryPolicy::default().max_attempts(5);
///     retry(policy, || codex.thread_start().model("gpt-5.4").send())
/// }
/// ```
///
/// # Errors
///
/// The error of the last attempt.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature of the async function"
)]
pub fn retry<T, F>(policy: RetryPolicy, mut attempt: F) -> Result<T>
where
    F: FnMut() -> Result<T>,
{
    let mut attempts = 1;
    loop {
        let outcome = attempt();
        match policy.next_delay(attempts, &outcome, random()) {
            Some(delay) => thread::sleep(delay),
            None => return outcome,
        }
        attempts += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use codex_types::rpc::JsonRpcError;

    use super::*;
    use crate::error::rpc_error::RpcError;

    #[test]
    fn a_request_is_repeated_until_the_overload_ends() {
        let mut attempts = 0;
        let policy = RetryPolicy::default().initial_delay(Duration::ZERO);
        let outcome = retry(policy, || {
            attempts += 1;
            if attempts < 3 {
                let error = JsonRpcError::new(-32001, "Server overloaded; retry later.");
                Err(RpcError::new("model/list", error).into())
            } else {
                Ok(7)
            }
        });
        assert_eq!((outcome.unwrap(), attempts), (7, 3));
    }
}
