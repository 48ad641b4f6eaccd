//! Servers that exit with a reason when they are started.

use codex_client::Codex;
use codex_testing::{FakeConnection, Fault};
use codex_types::OLDEST_CODEX_VERSION;

use crate::fake_codex;

/// Returns the message of a start whose server writes this to standard error and exits.
async fn failure(stderr: &str, code: i32) -> String {
    let mut fake = FakeConnection::child_process().unwrap();
    fake.stderr(stderr).await;
    fake.fault(Fault::Exit(code)).await;
    let builder = Codex::builder().binary(fake_codex()).envs(fake.envs());
    builder.start().await.unwrap_err().to_string()
}

#[tokio::test]
async fn the_cause_of_a_failed_start_is_shown_instead_of_a_backtrace() {
    let frames: Vec<String> = (0..150).map(|n| format!("   {n}: <unknown>\n")).collect();
    let frames = frames.concat();
    let stderr = format!("WARNING: x\nError: invalid override\n\nStack backtrace:\n{frames}");
    let text = failure(&stderr, 1).await;
    assert!(
        text.ends_with("stderr:\n  Error: invalid override"),
        "{text}"
    );
}

#[tokio::test]
async fn a_program_without_an_app_server_is_said_to_be_too_old() {
    let stderr = "error: unrecognized subcommand 'app-server'\n";
    let text = failure(stderr, 2).await;
    let expected = format!("codex {OLDEST_CODEX_VERSION} or newer is needed");
    assert!(text.contains(&expected), "{text}");
}
