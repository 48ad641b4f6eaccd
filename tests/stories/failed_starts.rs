//! A real app-server that does not start, and the reason in the error.

use codex_client::Error;
use codex_tests::stage::Stage;

#[tokio::test]
async fn an_invalid_override_is_named_even_if_backtraces_are_enabled() {
    let stage = Stage::new();
    for backtrace in ["0", "1", "full"] {
        let builder = stage.builder().config("model_providers", 3);
        let started = builder.env("RUST_BACKTRACE", backtrace).start().await;
        let error = started.unwrap_err();
        assert!(matches!(error, Error::Closed(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains("Error: invalid type: integer `3`"), "{text}");
        assert!(text.contains("in `model_providers`"), "{text}");
        assert!(!text.contains("<unknown>"), "{text}");
    }
}

#[test]
fn an_invalid_override_is_named_by_the_blocking_client() {
    let stage = Stage::new();
    let builder = stage.blocking_builder().config("model_providers", 3);
    let error = builder.env("RUST_BACKTRACE", "1").start().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("in `model_providers`"), "{text}");
    assert!(!text.contains("<unknown>"), "{text}");
}
