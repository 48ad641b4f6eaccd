//! Attempts to begin another session, and their end.

use super::*;

#[tokio::test]
async fn a_server_that_dies_at_every_start_is_given_up_with_the_last_reason() {
    let (server, codex, mut sessions) = start(quick().max_attempts(3)).await;
    let thread = codex.thread_start().await.unwrap();
    for number in 1..=3 {
        let stderr = format!("config {number} is broken\n");
        let dies = Reply::none().then_stderr(stderr);
        server.push("initialize", dies.then_fault(Fault::Exit(number)));
    }
    server.fault(Fault::Kill);
    let waiting = thread.run("waits").await;
    for number in 1..=3 {
        let (attempt, reason) = attempt(&mut sessions).await;
        assert_eq!(attempt, number);
        let expected = format!("config {} is broken", number - 1);
        assert_eq!(
            reason.to_string().contains(&expected),
            number > 1,
            "{reason}"
        );
    }
    let gave_up = sessions.next().await;
    let Some(SessionEvent::GaveUp {
        attempts, reason, ..
    }) = gave_up
    else {
        panic!("unexpected: {gave_up:?}");
    };
    assert_eq!(attempts, 3);
    assert!(
        reason.to_string().contains("config 3 is broken"),
        "{reason}"
    );
    assert!(sessions.next().await.is_none());
    let later = codex.models().await;
    let ends = closed(&later);
    assert!(matches!(ends.reason, CloseReason::GaveUp(_)), "{ends}");
    assert_eq!(ends.exit_status.and_then(|it| it.code()), Some(3));
    assert!(!ends.reconnecting && !later.as_ref().unwrap_err().is_retryable());
    let text = ends.to_string();
    for part in [
        "gave up reconnecting after 3 attempts",
        "config 3 is broken",
    ] {
        assert!(text.contains(part), "{text}");
    }
    // Either the call was made before the client had noticed the end of the session, or it waited.
    closed(&waiting);
    processes_ended(&server).await;
}

#[tokio::test]
async fn attempts_are_counted_until_a_session_is_stable() {
    for (stable_after, expected) in [(Duration::ZERO, [1, 1]), (NEVER, [1, 2])] {
        let (server, codex, mut sessions) = start(quick().stable_after(stable_after)).await;
        for expected in expected {
            server.fault(Fault::Kill);
            assert_eq!(attempt(&mut sessions).await.0, expected);
            reconnected(&mut sessions).await;
        }
        codex.close().await.unwrap();
    }
    let (server, _codex, mut sessions) = start(quick().stable_after(NEVER).max_attempts(1)).await;
    server.fault(Fault::Kill);
    reconnected(&mut sessions).await;
    server.fault(Fault::Kill);
    let gave_up = sessions.next().await;
    assert!(matches!(
        gave_up,
        Some(SessionEvent::GaveUp { attempts: 1, .. })
    ));
}

#[tokio::test]
async fn another_version_of_the_server_is_refused_without_further_attempts() {
    let server = FakeAppServer::start().unwrap();
    let user_agent = format!("x/{} (y)", codex_client::version::CODEX_VERSION);
    server.push("initialize", initialized(&user_agent));
    server.push("initialize", initialized("x/0.1.0 (y)"));
    let builder = builder(Codex::builder(), &server).version_policy(VersionPolicy::Refuse);
    let codex = builder.start().await.unwrap();
    let mut sessions = codex.session_events();
    server.fault(Fault::Kill);
    assert_eq!(attempt(&mut sessions).await.0, 1);
    let gave_up = sessions.next().await;
    assert!(
        matches!(
            &gave_up,
            Some(SessionEvent::GaveUp {
                reason: Error::VersionMismatch(_),
                ..
            })
        ),
        "{gave_up:?}"
    );
    processes_ended(&server).await;
}

pub(super) fn initialized(user_agent: &str) -> Reply {
    Reply::new(json!({
        "userAgent": user_agent, "codexHome": "/fake", "platformFamily": "unix",
        "platformOs": "linux",
    }))
}

#[tokio::test]
async fn close_and_drop_end_the_client_while_it_reconnects() {
    // During the delay, and during the handshake.
    for (delay, is_closed) in [
        (NEVER, true),
        (NEVER, false),
        (Duration::ZERO, true),
        (Duration::ZERO, false),
    ] {
        let supervision = quick().initial_delay(delay).max_delay(NEVER);
        let (server, codex, mut sessions) = start(supervision).await;
        let gate = server.gate();
        server.push("initialize", Reply::canned().hold(&gate));
        server.fault(Fault::Kill);
        attempt(&mut sessions).await;
        if delay.is_zero() {
            gate.reached().await.unwrap();
        }
        match is_closed {
            true => codex.close().await.unwrap(),
            false => drop(codex),
        }
        assert!(sessions.next().await.is_none());
        processes_ended(&server).await;
    }
}

#[tokio::test]
async fn a_client_over_streams_of_the_program_cannot_be_supervised() {
    let server = FakeAppServer::start().unwrap();
    let (reader, writer) = server.connect();
    let builder = Codex::builder().supervise(Supervision::default());
    let refused = builder.connect(reader, writer).await;
    assert!(
        matches!(refused, Err(Error::InvalidInput(_))),
        "{refused:?}"
    );
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn a_websocket_over_streams_of_the_program_cannot_be_supervised() {
    let (reader, writer) = tokio::io::duplex(1024);
    let builder = Codex::builder().supervise(Supervision::default());
    let refused = builder.connect_websocket(reader, writer).await;
    assert!(
        matches!(refused, Err(Error::InvalidInput(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn an_attempt_that_gets_no_response_to_the_handshake_fails_after_the_request_timeout() {
    let server = FakeAppServer::start().unwrap();
    // Long enough for the handshakes that succeed on a busy machine.
    let timeout = Duration::from_secs(2);
    let builder = builder(Codex::builder(), &server).request_timeout(timeout);
    let codex = builder.start().await.unwrap();
    let mut sessions = codex.session_events();
    server.push("initialize", Reply::none());
    server.fault(Fault::Kill);
    assert_eq!(attempt(&mut sessions).await.0, 1);
    let (second, reason) = attempt(&mut sessions).await;
    assert_eq!(second, 2);
    assert!(
        matches!(
            reason,
            Error::Timeout {
                method: "initialize",
                ..
            }
        ),
        "{reason:?}"
    );
    codex.close().await.unwrap();
    processes_ended(&server).await;
}

#[tokio::test]
async fn delays_double_up_to_the_longest_one() {
    let supervision = Supervision::default()
        .initial_delay(Duration::from_millis(8))
        .max_delay(Duration::from_millis(20))
        .max_attempts(4);
    let (server, _codex, mut sessions) = start(supervision).await;
    for _ in 0..4 {
        let dies = Reply::none().then_fault(Fault::Exit(1));
        server.push("initialize", dies);
    }
    server.fault(Fault::Kill);
    let mut delays = Vec::new();
    while let Some(SessionEvent::Reconnecting { delay, .. }) = sessions.next().await {
        delays.push(delay);
    }
    // Each delay is shortened at random, by half at most.
    for (delay, longest) in delays.iter().zip([8, 16, 20, 20]) {
        let longest = Duration::from_millis(longest);
        assert!(*delay <= longest && *delay >= longest / 2, "{delays:?}");
    }
    assert_eq!(delays.len(), 4, "{delays:?}");
}

#[tokio::test]
async fn the_first_start_is_not_repeated() {
    let server = FakeAppServer::start().unwrap();
    server.fault_at_start(Fault::Exit(3));
    let started = builder(Codex::builder(), &server).start().await;
    assert!(!closed(&started).reconnecting);
}

#[test]
fn a_blocking_client_that_reconnects_is_dropped_at_once() {
    let server = FakeAppServer::start().unwrap();
    let codex = builder(blocking::Codex::builder(), &server)
        .supervise(quick().initial_delay(NEVER).max_delay(NEVER));
    let codex = codex.start().unwrap();
    let mut sessions = codex.session_events();
    server.fault(Fault::Kill);
    assert!(matches!(
        sessions.next(),
        Some(SessionEvent::Reconnecting { .. })
    ));
    drop(codex);
    assert!(sessions.next().is_none());
}

#[test]
fn the_end_of_the_runtime_ends_a_client_that_reconnects() {
    let server = FakeAppServer::start().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let builder = builder(Codex::builder(), &server);
    let codex = runtime.block_on(builder.start()).unwrap();
    let gate = server.gate();
    server.push("initialize", Reply::canned().hold(&gate));
    server.fault(Fault::Kill);
    gate.blocking_reached().unwrap();
    drop(runtime);
    blocking_processes_ended(&server);
    let later = tokio::runtime::Runtime::new().unwrap();
    let ended = later.block_on(async { codex.models().await });
    assert_eq!(closed(&ended).reason, CloseReason::RuntimeShutDown);
}
