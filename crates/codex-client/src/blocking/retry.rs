//! Retries of blocking calls.

use std::thread;

use crate::{
    error::Result,
    retry::{RetryPolicy, random},
};

/// Calls `attempt` until it succeeds, fails with an error other than an overloaded server, or the
/// policy is exhausted. The calling thread sleeps between the attempts.
///
/// # Errors
///
/// The error of the last attempt.
pub fn retry_on_overload<T, F>(policy: RetryPolicy, mut attempt: F) -> Result<T>
where
    F: FnMut() -> Result<T>,
{
    let mut attempts = 1;
    loop {
        let outcome = attempt();
        match policy.next(attempts, &outcome, random()) {
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
    fn an_overloaded_server_is_tried_again() {
        let mut attempts = 0;
        let policy = RetryPolicy::default().initial_delay(Duration::ZERO);
        let outcome = retry_on_overload(policy, || {
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
