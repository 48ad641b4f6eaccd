//! An older release of Codex works too: the installed one need not be the pinned one.

use std::path::PathBuf;

use codex_client::{
    Error,
    version::{CODEX_VERSION, VersionPolicy},
};
use codex_tests::{compat::steps, stage::Stage};

/// Returns the binary of the older release.
pub(crate) fn older() -> PathBuf {
    let binary = std::env::var_os("CODEX_BIN_0_163_0");
    let binary = binary.map(PathBuf::from);
    binary.expect("CODEX_BIN_0_163_0; run the tests with `cargo xtask test`")
}

#[tokio::test]
async fn an_older_release_passes_all_steps_of_the_compatibility_table() {
    let mut passed = 0;
    for step in steps() {
        let outcome = step.run(&older()).await;
        assert!(outcome.is_ok(), "{}: {outcome:?}", step.name);
        passed += 1;
    }
    assert!(passed >= 22, "{passed}");
}

#[tokio::test]
async fn an_older_release_is_refused_if_the_policy_says_so() {
    let stage = Stage::new();
    let builder = stage.builder().binary(older());
    let refuses = builder.version_policy(VersionPolicy::Refuse);
    let error = refuses.start().await.unwrap_err();
    assert!(matches!(error, Error::VersionMismatch(_)), "{error}");
    let text = error.to_string();
    for version in ["0.163.0", CODEX_VERSION] {
        assert!(text.contains(version), "{text}");
    }
    // The pinned release is accepted. `CODEX_BIN` may name another one.
    let builder = stage.builder().version_policy(VersionPolicy::Refuse);
    match builder.start().await {
        Ok(codex) => {
            let version = codex.server_version().map(ToString::to_string);
            assert_eq!(version.as_deref(), Some(CODEX_VERSION));
            codex.close().await.unwrap();
        }
        Err(Error::VersionMismatch(mismatch)) => {
            let version = mismatch.server_version.map(|it| it.to_string());
            assert_ne!(version.as_deref(), Some(CODEX_VERSION));
        }
        Err(error) => panic!("{error}"),
    }
}
