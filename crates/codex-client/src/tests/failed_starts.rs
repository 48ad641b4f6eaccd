//! The reasons why a client does not start, and the version of the server that it starts with.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};

use crate::{
    blocking,
    client::Codex,
    codex::builder::CodexBuilder,
    error::{Error, rpc_error::RpcErrorKind},
    version::{CODEX_VERSION, OLDEST_CODEX_VERSION, Version, VersionPolicy},
};

/// A server that writes these texts after the first request, then runs until the client closes the
/// connection. It writes the response to the second request after that.
async fn serve(end: DuplexStream, texts: Vec<String>) {
    let (reader, mut writer) = tokio::io::split(end);
    let mut lines = BufReader::new(reader).lines();
    lines.next_line().await.unwrap();
    for text in texts {
        while text.contains("\"id\":2") {
            let line = lines.next_line().await.unwrap().unwrap();
            if line.contains("\"id\":2") {
                break;
            }
        }
        writer.write_all(text.as_bytes()).await.unwrap();
    }
    while let Ok(Some(_)) = lines.next_line().await {}
}

/// Connects to a server that writes these texts in response to `initialize`.
async fn connect(builder: CodexBuilder, texts: Vec<String>) -> crate::Result<Codex> {
    let (client_end, server_end) = tokio::io::duplex(64 * 1024);
    tokio::spawn(serve(server_end, texts));
    let (reader, writer) = tokio::io::split(client_end);
    builder.connect(reader, writer).await
}

/// Returns the line of a successful handshake with a server of this version.
fn initialized(version: &str) -> String {
    let user_agent = format!("codex_rust_sdk/{version} (Debian 12.0.0; x86_64) (x; 1)");
    format!(
        "{}\n",
        json!({"id": 1, "result": {"userAgent": user_agent}})
    )
}

/// Returns the line of an error response to the second request.
fn refused(code: i64, message: &str) -> String {
    let error = json!({"code": code, "message": message});
    format!("{}\n", json!({"id": 2, "error": error}))
}

#[tokio::test]
async fn text_before_the_response_in_its_line_is_an_error_that_says_so() {
    for (text, length) in [("\u{1b}[?2004h", 8), ("\u{1b}]0;codex\u{7}ready> ", 17)] {
        let texts = vec![format!("{text}{}", initialized("0.169.0"))];
        let error = connect(Codex::builder().no_request_timeout(), texts)
            .await
            .unwrap_err();
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
    let texts = vec![
        "Welcome back {friend}!\n".to_owned(),
        initialized("0.169.0"),
    ];
    let codex = connect(Codex::builder(), texts).await.unwrap();
    assert_eq!(codex.server_version(), Some(&Version::new(0, 169, 0)));
}

/// Returns the message of a handshake that times out.
async fn timed_out(texts: Vec<String>) -> String {
    let builder = Codex::builder().request_timeout(Duration::from_secs(7));
    let error = connect(builder, texts).await.unwrap_err();
    let Error::HandshakeTimeout(timeout) = &error else {
        panic!("{error}")
    };
    assert_eq!(timeout.after, Duration::from_secs(7));
    error.to_string()
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_times_out_says_what_the_server_sent() {
    let silent = timed_out(Vec::new()).await;
    assert!(
        silent.contains("within 7 s; it sent nothing") && silent.contains("`request_timeout`"),
        "{silent}"
    );
    let warning = json!({"method": "configWarning", "params": {"summary": "s"}});
    let other = timed_out(vec![format!("{warning}\n")]).await;
    assert!(other.ends_with("it sent 1 other messages"), "{other}");
    let text = timed_out(vec!["Welcome back!\nlogin:\n".to_owned()]).await;
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
    let other = || vec![initialized(OLDEST_CODEX_VERSION)];
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
    connect(refuses(), vec![initialized(CODEX_VERSION)])
        .await
        .unwrap();
    // A server that does not report its version cannot be known to match.
    let unknown = vec!["{\"id\":1,\"result\":{}}\n".to_owned()];
    let error = connect(refuses(), unknown).await.unwrap_err();
    assert!(matches!(error, Error::VersionMismatch(_)), "{error}");
}

#[tokio::test]
async fn a_method_that_the_server_lacks_is_an_error_with_both_versions() {
    let unknown = "Invalid request: unknown variant `thread/start`, expected one of `a`";
    let texts = vec![initialized("0.44.0"), refused(-32600, unknown)];
    let codex = connect(Codex::builder(), texts).await.unwrap();
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
    let response = json!({"id": 2, "result": {"thread": {}}});
    let texts = vec![initialized("0.120.0"), format!("{response}\n")];
    let codex = connect(Codex::builder(), texts).await.unwrap();
    let error = codex.thread_start().await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Decode(_)), "{text}");
    assert!(text.contains("the server is codex 0.120.0"), "{text}");
    assert!(text.contains("npm install -g"), "{text}");
}

#[cfg(unix)]
mod processes {
    use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

    use super::*;
    use crate::tests::child_process::shell;

    /// Creates an executable file.
    fn program(dir: &tempfile::TempDir, contents: &str) -> PathBuf {
        let path = dir.path().join("codex");
        fs::write(&path, contents).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
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
    async fn a_shim_whose_interpreter_is_not_in_path_shows_the_message_of_env() {
        let dir = tempfile::tempdir().unwrap();
        let shim = program(&dir, "#!/usr/bin/env nonexistent-node\n");
        let error = Codex::builder().binary(shim).start().await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("nonexistent-node"), "{text}");
        assert!(text.contains("exit status: 127"), "{text}");
    }

    #[tokio::test]
    async fn the_cause_of_a_failed_start_is_shown_instead_of_a_backtrace() {
        let frames: Vec<String> = (0..150).map(|n| format!("   {n}: <unknown>")).collect();
        let script = format!(
            "printf 'WARNING: x\\nError: invalid override\\n\\nStack backtrace:\\n{}\\n' >&2; exit 1",
            frames.join("\\n")
        );
        let error = shell(&script).start().await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.ends_with("stderr:\n  Error: invalid override"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn a_program_without_an_app_server_is_said_to_be_too_old() {
        let script = "echo \"error: unrecognized subcommand 'app-server'\" >&2; exit 2";
        let error = shell(script).start().await.unwrap_err();
        let text = error.to_string();
        let expected = format!("codex {OLDEST_CODEX_VERSION} or newer is needed");
        assert!(text.contains(&expected), "{text}");
    }
}

#[test]
fn the_blocking_client_reports_the_version_and_refuses_others() {
    let connect = |policy| {
        let (client_end, server_end) = tokio::io::duplex(64 * 1024);
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            runtime.block_on(serve(server_end, vec![initialized("0.140.0")]));
        });
        let (reader, writer) = tokio::io::split(client_end);
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
