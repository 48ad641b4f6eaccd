//! The handshake: what the client says of itself, what comes meanwhile, and who does not wait for it.

use serde_json::{Value, json};
use tokio::io::DuplexStream;

use crate::{
    client::Codex,
    codex::builder::CodexBuilder,
    error::Error,
    tests::{Fake, handshake},
};

/// Both ends of a connection before the handshake.
fn ends() -> (DuplexStream, Fake) {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    (ours, Fake::at(theirs))
}

async fn connect(builder: CodexBuilder, end: DuplexStream) -> crate::Result<Codex> {
    let (reader, writer) = tokio::io::split(end);
    builder.connect(reader, writer).await
}

/// How a client introduces itself.
async fn introduction(builder: CodexBuilder) -> Value {
    let (ours, mut fake) = ends();
    let answer = fake.answer("initialize", handshake());
    let (codex, message) = tokio::join!(connect(builder, ours), answer);
    assert_eq!(codex.unwrap().metadata().platform_os, "linux");
    message["params"].clone()
}

#[tokio::test]
async fn a_client_says_who_it_is_and_what_it_wants() {
    let said = introduction(Codex::builder()).await;
    let version = env!("CARGO_PKG_VERSION");
    let client = json!({"name": "codex_rust_sdk", "title": "Codex Rust SDK", "version": version});
    let capabilities = json!({"experimentalApi": true});
    let expected = json!({"clientInfo": client, "capabilities": capabilities});
    assert_eq!(said, expected);

    let builder = Codex::builder()
        .client_name("ci")
        .client_title("The bot")
        .client_version("7")
        .experimental_api(false)
        .request_attestation(true)
        .opt_out_notifications(["thread/started", "turn/started"]);
    let said = introduction(builder).await;
    let client = json!({"name": "ci", "title": "The bot", "version": "7"});
    let capabilities = json!({
        "experimentalApi": false,
        "requestAttestation": true,
        "optOutNotificationMethods": ["thread/started", "turn/started"],
    });
    let expected = json!({"clientInfo": client, "capabilities": capabilities});
    assert_eq!(said, expected);
}

#[tokio::test]
async fn what_comes_during_the_handshake_is_kept_for_the_first_subscriber() {
    let (ours, mut fake) = ends();
    let server = async {
        let early = json!({"summary": "early"});
        fake.notify("configWarning", early).await;
        fake.answer("initialize", handshake()).await;
    };
    let (codex, ()) = tokio::join!(connect(Codex::builder(), ours), server);
    let first = codex.unwrap().notifications().next().await;
    assert_eq!(first.unwrap().unwrap().method(), "configWarning");
}

#[tokio::test]
async fn what_a_server_has_said_before_it_went_away_is_kept_for_the_first_subscriber_too() {
    let (ours, mut fake) = ends();
    let server = async {
        let early = json!({"summary": "the last but one"});
        fake.answer("initialize", handshake()).await;
        assert_eq!(fake.receive().await["method"], "initialized");
        fake.notify("configWarning", early).await;
        drop(fake);
    };
    let (codex, ()) = tokio::join!(connect(Codex::builder(), ours), server);
    let codex = codex.unwrap();
    // Told that it is over, and so it is.
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
async fn a_handshake_that_is_given_up_closes_the_connection() {
    let (ours, mut fake) = ends();
    let connecting = tokio::spawn(connect(Codex::builder(), ours));
    fake.request("initialize").await;
    connecting.abort();
    assert!(connecting.await.unwrap_err().is_cancelled());
    assert!(fake.lines.next_line().await.unwrap().is_none());
}
