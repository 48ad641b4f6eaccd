//! The handshake: client info, early notifications and cancellation.

use codex_testing::ClientStreams;
use serde_json::{Value, json};

use crate::{
    client::Codex,
    codex::builder::CodexBuilder,
    error::Error,
    tests::{FakeServer, initialize_response},
};

async fn connect(builder: CodexBuilder, streams: ClientStreams) -> crate::Result<Codex> {
    let (reader, writer) = streams;
    builder.connect(reader, writer).await
}

/// Returns the params of `initialize`.
async fn initialize_params(builder: CodexBuilder) -> Value {
    let (mut fake, streams) = FakeServer::in_memory();
    let response = fake.respond("initialize", initialize_response());
    let (codex, message) = tokio::join!(connect(builder, streams), response);
    assert_eq!(codex.unwrap().metadata().platform_os, "linux");
    message["params"].clone()
}

#[tokio::test]
async fn a_client_sends_its_name_version_and_capabilities() {
    let params = initialize_params(Codex::builder()).await;
    let version = env!("CARGO_PKG_VERSION");
    let client = json!({"name": "codex_rust_sdk", "title": "Codex Rust SDK", "version": version});
    let capabilities = json!({"experimentalApi": true});
    let expected = json!({"clientInfo": client, "capabilities": capabilities});
    assert_eq!(params, expected);

    let builder = Codex::builder()
        .client_name("ci")
        .client_title("The bot")
        .client_version("7")
        .experimental_api(false)
        .request_attestation(true)
        .opt_out_notifications(["thread/started", "turn/started"]);
    let params = initialize_params(builder).await;
    let client = json!({"name": "ci", "title": "The bot", "version": "7"});
    let capabilities = json!({
        "experimentalApi": false,
        "requestAttestation": true,
        "optOutNotificationMethods": ["thread/started", "turn/started"],
    });
    let expected = json!({"clientInfo": client, "capabilities": capabilities});
    assert_eq!(params, expected);
}

#[tokio::test]
async fn notifications_during_the_handshake_are_kept_for_the_first_subscriber() {
    let (mut fake, streams) = FakeServer::in_memory();
    let server = async {
        let early = json!({"summary": "early"});
        fake.notify("configWarning", early).await;
        fake.respond("initialize", initialize_response()).await;
    };
    let (codex, ()) = tokio::join!(connect(Codex::builder(), streams), server);
    let first = codex.unwrap().notifications().next().await;
    assert_eq!(first.unwrap().unwrap().method(), "configWarning");
}

#[tokio::test]
async fn notifications_before_the_end_of_the_connection_are_kept_for_the_first_subscriber() {
    let (mut fake, streams) = FakeServer::in_memory();
    let server = async {
        let early = json!({"summary": "early"});
        fake.respond("initialize", initialize_response()).await;
        assert_eq!(fake.receive().await["method"], "initialized");
        fake.notify("configWarning", early).await;
        drop(fake);
    };
    let (codex, ()) = tokio::join!(connect(Codex::builder(), streams), server);
    let codex = codex.unwrap();
    // This call fails once the end has been received.
    let error = codex.models().await.unwrap_err();
    assert!(matches!(error, Error::Closed(_)), "{error}");
    let mut first = codex.notifications();
    let warning = first.next().await.unwrap().unwrap();
    assert_eq!(warning.method(), "configWarning");
    let end = first.next().await;
    assert!(matches!(end, Some(Err(Error::Closed(_)))), "{end:?}");
    let next = codex.notifications().next().await;
    assert!(matches!(next, Some(Err(Error::Closed(_)))), "{next:?}");
}

#[tokio::test]
async fn a_dropped_handshake_closes_the_connection() {
    let (mut fake, streams) = FakeServer::in_memory();
    let connecting = tokio::spawn(connect(Codex::builder(), streams));
    fake.receive_request("initialize").await;
    connecting.abort();
    assert!(connecting.await.unwrap_err().is_cancelled());
    fake.receive_end().await;
}
