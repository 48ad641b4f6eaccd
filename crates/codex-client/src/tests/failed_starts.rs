//! The reasons why a client does not start, and the version of the server that it starts with.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    blocking,
    client::Codex,
    codex::builder::CodexBuilder,
    error::{Error, rpc_error_kind::RpcErrorKind},
    tests::FakeServer,
    version::{CODEX_VERSION, OLDEST_CODEX_VERSION, Version, VersionPolicy},
};

/// Connects to a server that responds to `initialize` with this text, then runs until the client
/// closes the connection. It responds to `thread/start` with this member of a response.
async fn connect_with(
    builder: CodexBuilder,
    text: impl Into<String>,
    response: Option<(&'static str, Value)>,
) -> crate::Result<Codex> {
    let (mut fake, (reader, writer)) = FakeServer::in_memory();
    let text = text.into();
    tokio::spawn(async move {
        fake.receive_request("initialize").await;
        fake.write(text.as_bytes()).await;
        while let Some(message) = fake.next_message().await {
            if message["method"] == "thread/start"
                && let Some((member, value)) = &response
            {
                fake.send(json!({"id": message["id"], *member: value}))
                    .await;
            }
        }
    });
    builder.connect(reader, writer).await
}

/// Connects to a server that responds to `initialize` with this text.
async fn connect(builder: CodexBuilder, text: impl Into<String>) -> crate::Result<Codex> {
    connect_with(builder, text, None).await
}

/// Returns the line of a successful handshake with a server of this version.
fn initialized(version: &str) -> String {
    let user_agent = format!("codex_rust_sdk/{version} (Debian 12.0.0; x86_64) (x; 1)");
    format!(
        "{}\n",
        json!({"id": 1, "result": {"userAgent": user_agent}})
    )
}

#[tokio::test]
async fn text_before_the_response_in_its_line_is_an_error_that_says_so() {
    for (text, length) in [("\u{1b}[?2004h", 8), ("\u{1b}]0;codex\u{7}ready> ", 17)] {
        let text = format!("{text}{}", initialized("0.169.0"));
        let builder = Codex::builder().no_request_timeout();
        let error = connect(builder, text).await.unwrap_err();
        let Error::Decode(decode) = &error else {
            panic!("{error}")
        };
        assert_eq!(decode.method.as_deref(), Some("initialize"));
        let expected = format!("{length} bytes that are not JSON precede the message");
        assert!(decode.reason.contains(&expected), "{error}");
    }
}

#[tokio::test]
async fn lines_of_text_before_the_response_are_skipped() {
    let text = format!("Welcome back {{friend}}!\n{}", initialized("0.169.0"));
    let codex = connect(Codex::builder(), text).await.unwrap();
    assert_eq!(codex.server_version(), Some(&Version::new(0, 169, 0)));
}

/// Returns the message of a handshake that times out.
async fn timed_out(text: &str) -> String {
    let builder = Codex::builder().request_timeout(Duration::from_secs(7));
    let error = connect(builder, text).await.unwrap_err();
    let Error::HandshakeTimeout(timeout) = &error else {
        panic!("{error}")
    };
    assert_eq!(timeout.after, Duration::from_secs(7));
    error.to_string()
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_times_out_says_what_the_server_sent() {
    let silent = timed_out("").await;
    assert!(
        silent.contains("within 7 s; it sent nothing") && silent.contains("`request_timeout`"),
        "{silent}"
    );
    let warning = json!({"method": "configWarning", "params": {"summary": "s"}});
    let other = timed_out(&format!("{warning}\n")).await;
    assert!(other.ends_with("it sent 1 other messages"), "{other}");
    let text = timed_out("Welcome back!\nlogin:\n").await;
    assert!(
        text.contains(
            "it sent 2 lines that are not messages (`HandshakeTimeout::unreadable` has their text)"
        ) && text.contains("the first: could not decode"),
        "{text}"
    );
    assert!(text.contains("`codex app-server`"), "{text}");
}

#[tokio::test]
async fn a_policy_decides_on_a_server_of_another_version() {
    let other = || initialized(OLDEST_CODEX_VERSION);
    let codex = connect(Codex::builder(), other()).await.unwrap();
    assert_eq!(
        codex.server_version().map(Version::to_string).as_deref(),
        Some(OLDEST_CODEX_VERSION)
    );

    let warns = Codex::builder().version_policy(VersionPolicy::Warn);
    let codex = connect(warns, other()).await.unwrap();
    let warning = codex.notifications().next().await.unwrap().unwrap_err();
    assert!(matches!(warning, Error::VersionMismatch(_)), "{warning}");

    let refuses = || Codex::builder().version_policy(VersionPolicy::Refuse);
    let error = connect(refuses(), other()).await.unwrap_err();
    let text = error.to_string();
    for version in [OLDEST_CODEX_VERSION, CODEX_VERSION] {
        assert!(text.contains(version), "{text}");
    }
    connect(refuses(), initialized(CODEX_VERSION))
        .await
        .unwrap();
    // A server that does not report its version cannot be known to match.
    let error = connect(refuses(), "{\"id\":1,\"result\":{}}\n")
        .await
        .unwrap_err();
    assert!(matches!(error, Error::VersionMismatch(_)), "{error}");
}

#[tokio::test]
async fn a_method_that_the_server_lacks_is_an_error_with_both_versions() {
    let unknown = "Invalid request: unknown variant `thread/start`, expected one of `a`";
    let refused = ("error", json!({"code": -32600, "message": unknown}));
    let codex = connect_with(Codex::builder(), initialized("0.44.0"), Some(refused));
    let codex = codex.await.unwrap();
    let error = codex.thread_start().await.unwrap_err();
    assert_eq!(error.rpc_kind(), Some(RpcErrorKind::MethodNotFound));
    let text = error.to_string();
    let expected = format!("needs codex {OLDEST_CODEX_VERSION} or newer");
    assert!(
        text.contains(&expected) && text.contains("codex 0.44.0"),
        "{text}"
    );
}

#[tokio::test]
async fn a_response_of_a_server_that_is_too_old_is_an_error_with_its_version() {
    let response = ("result", json!({"thread": {}}));
    let codex = connect_with(Codex::builder(), initialized("0.120.0"), Some(response));
    let codex = codex.await.unwrap();
    let error = codex.thread_start().await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Decode(_)), "{text}");
    assert!(text.contains("the server is codex 0.120.0"), "{text}");
    assert!(text.contains("npm install -g"), "{text}");
}

#[cfg(unix)]
mod shims {
    use std::path::PathBuf;

    use super::*;
    use crate::binary::executable;

    /// Creates an executable script.
    fn program(dir: &tempfile::TempDir, contents: &str) -> PathBuf {
        let path = dir.path().join("codex");
        executable::create(&path, contents.as_bytes());
        path
    }

    #[tokio::test]
    async fn a_shim_without_its_interpreter_names_the_interpreter() {
        let dir = tempfile::tempdir().unwrap();
        let shim = program(&dir, "#!/nonexistent/node\nrequire('x')\n");
        let started = Codex::builder().binary(&shim).start().await;
        let message = |error: Error| {
            assert!(matches!(error, Error::Launch { .. }), "{error}");
            error.to_string()
        };
        let text = message(started.unwrap_err());
        let expected = "its interpreter `/nonexistent/node` does not exist";
        assert!(text.contains(expected), "{text}");
        let start = move || blocking::Codex::builder().binary(shim).start();
        let started = std::thread::spawn(start).join().unwrap();
        assert_eq!(message(started.unwrap_err()), text);
    }

    #[tokio::test]
    async fn a_shim_whose_node_is_not_in_path_shows_the_message_of_env_and_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let shim = program(&dir, "#!/usr/bin/env node\n");
        let builder = Codex::builder().binary(shim).env("PATH", dir.path());
        let text = builder.start().await.unwrap_err().to_string();
        assert!(text.contains("exit status: 127"), "{text}");
        assert!(text.contains("install Node.js"), "{text}");
        let (_, stderr) = text.split_once("; stderr:\n").unwrap();
        assert!(stderr.contains("node"), "{text}");
    }
}

#[test]
fn the_blocking_client_reports_the_version_and_refuses_others() {
    let connect = |policy| {
        let (fake, (reader, writer)) = FakeServer::in_memory();
        let server = fake.run_on_thread(|mut fake| async move {
            fake.receive_request("initialize").await;
            fake.write(initialized("0.140.0").as_bytes()).await;
            while fake.next_line().await.is_some() {}
        });
        let builder = blocking::Codex::builder().version_policy(policy);
        (builder.connect(reader, writer), server)
    };
    let (codex, server) = connect(VersionPolicy::Allow);
    let codex = codex.unwrap();
    assert_eq!(codex.server_version(), Some(&Version::new(0, 140, 0)));
    codex.close().unwrap();
    server.join().unwrap();
    let (codex, server) = connect(VersionPolicy::Refuse);
    assert!(matches!(codex, Err(Error::VersionMismatch(_))));
    server.join().unwrap();
}
