//! Turns that fail, and whether another turn may succeed.

use std::time::Duration;

use codex_client::{Error, RetryPolicy, blocking, retry};
use codex_testing::ModelResponse;
use codex_tests::stage::Stage;

const USAGE_LIMIT: &str = r#"{"error": {"type": "usage_limit_reached", "message": "no",
    "plan_type": "plus", "resets_at": 1900000000, "resets_in_seconds": 3600}}"#;
const OVERLOADED: &str = r#"{"error": {"code": "server_is_overloaded", "message": "no"}}"#;

#[tokio::test]
async fn failures_that_may_pass_are_distinguished_from_those_that_stay() {
    let wait = "Rate limit reached. Please try again in 3.2s.";
    let transient = [
        ModelResponse::http_error(429, "slow down"),
        ModelResponse::http_error(500, "no"),
        ModelResponse::http_error(502, "no"),
        ModelResponse::http_error(503, "no"),
        ModelResponse::http_error(503, OVERLOADED),
        ModelResponse::http_error(504, "no"),
        ModelResponse::failure("rate_limit_exceeded", wait),
        ModelResponse::failure("server_is_overloaded", "no"),
        ModelResponse::text("cut off").cut_after(1),
    ];
    let permanent = [
        ModelResponse::http_error(400, "no"),
        ModelResponse::http_error(401, "no"),
        ModelResponse::http_error(404, "no"),
        ModelResponse::http_error(413, "no"),
        ModelResponse::http_error(429, USAGE_LIMIT),
        ModelResponse::failure("insufficient_quota", "no"),
        ModelResponse::failure("context_length_exceeded", "no"),
        ModelResponse::text("").then_incomplete("max_output_tokens"),
    ];
    let stage = Stage::new();
    let codex = stage.start().await;
    let transient = transient.into_iter().map(|response| (response, true));
    let permanent = permanent.into_iter().map(|response| (response, false));
    for (response, expected) in transient.chain(permanent) {
        let shown = format!("{response:?}");
        stage.model.push(response);
        let thread = codex.thread_start().await.unwrap();
        let error = thread.run("Say hello.").await.unwrap_err();
        assert!(matches!(error, Error::TurnFailed(_)), "{shown}: {error:#?}");
        assert_eq!(error.is_transient(), expected, "{shown}: {error:#?}");
        assert!(!error.is_retryable(), "{shown}");
        let delay = shown.contains(wait).then(|| Duration::from_millis(3200));
        assert_eq!(error.retry_after(), delay, "{shown}: {error}");
    }
    codex.close().await.unwrap();
}

fn transient_errors() -> RetryPolicy {
    let policy = RetryPolicy::default().initial_delay(Duration::ZERO);
    policy.retry_if(Error::is_transient)
}

#[tokio::test]
async fn a_turn_is_repeated_until_the_model_provider_has_recovered() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    stage.model.push(ModelResponse::http_error(503, "no"));
    stage.model.push("Hello.");
    let result = retry(transient_errors(), || thread.run("Say hello.")).await;
    assert_eq!(result.unwrap().final_response.as_deref(), Some("Hello."));
    codex.close().await.unwrap();
}

#[test]
fn a_blocking_turn_is_repeated_until_the_model_provider_has_recovered() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let thread = codex.thread_start().send().unwrap();
    stage.model.push(ModelResponse::http_error(503, "no"));
    stage.model.push("Hello.");
    let run = || thread.run("Say hello.").send();
    let result = blocking::retry(transient_errors(), run).unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Hello."));
    codex.close().unwrap();
}
