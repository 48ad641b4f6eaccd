//! Connections that are cut, stalled, slow or encrypted, through a proxy in front of a real
//! app-server.

use std::{sync::Arc, time::Duration};

use codex_client::{CloseReason, Codex, Error, remote::ListeningServer};
use codex_testing::ModelResponse;
use codex_tests::{stage::Stage, via::Via};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use crate::proxy::{Proxy, Treatment};

async fn listening(stage: &Stage) -> ListeningServer {
    let builder = stage.builder();
    builder.spawn_listening("ws://127.0.0.1:0").await.unwrap()
}

#[tokio::test]
async fn a_connection_that_is_cut_ends_the_turn_with_its_partial_result() {
    let stage = Stage::new();
    let server = listening(&stage).await;
    let proxy = Proxy::before(&server).await;
    let codex = Codex::connect(proxy.url()).await.unwrap();
    let gate = stage.model.gate();
    let response = ModelResponse::deltas(["one ", "two"]).hold_after(3, &gate);
    stage.model.push(response);
    let thread = codex.thread_start().await.unwrap();
    let turn = thread.turn("Count.").await.unwrap();
    gate.reached().await.unwrap();
    proxy.cut();
    let Err(Error::Closed(closed)) = turn.run().await else {
        panic!("the turn has not ended")
    };
    assert!(closed.partial.is_some());
    assert_ne!(closed.reason, CloseReason::Requested);
    // The server still runs.
    Codex::connect(server.url())
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_peer_that_stalls_is_noticed_by_its_silence() {
    let stage = Stage::echo();
    let server = listening(&stage).await;
    let proxy = Proxy::before(&server).await;
    let builder = Codex::builder().ping_interval(Duration::from_millis(300));
    let codex = builder.connect_url(proxy.url()).await.unwrap();
    // The server responds to pings.
    let thread = codex.thread_start().await.unwrap();
    thread.run("hi").await.unwrap();
    proxy.treat(Treatment::Stall);
    let Err(Error::Closed(closed)) = thread.run("hi").await else {
        panic!("the turn has not ended")
    };
    let text = closed.to_string();
    assert!(
        text.contains("the server has sent nothing for 0.6 s"),
        "{text}"
    );
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_slow_connection_loses_nothing() {
    let stage = Stage::echo();
    let server = listening(&stage).await;
    let proxy = Proxy::before(&server).await;
    proxy.treat(Treatment::Trickle);
    let codex = Codex::connect(proxy.url()).await.unwrap();
    assert_eq!(codex.ask("hi").await.unwrap(), "You said hi");
    codex.close().await.unwrap();
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_peer_that_is_no_server_fails_the_attempt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    for (response, words) in [
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nno sk",
            "404 Not Found: no sk",
        ),
        ("HTTP/1.1 200 OK\r\n\r\n", "200 OK"),
        ("SSH-2.0-OpenSSH_9.6\r\n", "not HTTP"),
        (
            "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n",
            "does not accept a websocket",
        ),
        ("", "closed the connection"),
    ] {
        let (connected, ()) = tokio::join!(Codex::connect(&url), async {
            let (mut peer, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let length = peer.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..length]).to_lowercase();
            assert!(!request.contains("origin"), "{request}");
            peer.write_all(response.as_bytes()).await.unwrap();
            peer.shutdown().await.unwrap();
        });
        let error = connected.unwrap_err();
        assert!(matches!(error, Error::Connect(_)), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
    // A peer that accepts and says nothing. The connection waits in the backlog.
    let builder = Codex::builder().request_timeout(Duration::from_millis(100));
    let error = builder.connect_url(&url).await.unwrap_err();
    assert!(
        error.to_string().contains("no websocket within 0.1 s"),
        "{error}"
    );
    assert!(error.is_transient());
}

/// The manifest of `docs/scaling.md` relies on it.
#[tokio::test]
async fn a_server_that_requires_a_token_answers_probes_without_one() {
    let stage = Stage::echo();
    let builder = Via::CapabilityToken.equip(stage.builder(), &stage.home);
    let server = builder.spawn_listening("ws://127.0.0.1:0").await.unwrap();
    let address = server.url().strip_prefix("ws://").unwrap();
    for path in ["/readyz", "/healthz"] {
        let mut probe = TcpStream::connect(address).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        probe.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        probe.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 200"), "{path}: {response}");
    }
    server.close().await.unwrap();
}

/// Starts a proxy for TLS in front of a server. Returns its URL and the certificate of its
/// authority.
async fn tls_proxy(server: &ListeningServer) -> (String, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let target = server.url().strip_prefix("ws://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            if let Ok(mut client) = acceptor.accept(client).await {
                let mut server = TcpStream::connect(&target).await.unwrap();
                tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
            }
        }
    });
    (format!("wss://localhost:{port}"), authority.pem())
}

#[tokio::test]
async fn tls_works_with_the_certificate_of_its_authority_and_not_without() {
    let stage = Stage::echo();
    let server = listening(&stage).await;
    let (url, pem) = tls_proxy(&server).await;
    let builder = Codex::builder()
        .root_certificate(&pem)
        .bearer_token("a token");
    let error = builder.connect_url(&url).await.unwrap_err();
    assert!(
        matches!(error, Error::InvalidInput(_)),
        "a token has no spaces: {error}"
    );
    let builder = Codex::builder()
        .root_certificate(&pem)
        .bearer_token("token");
    let codex = builder.connect_url(&url).await.unwrap();
    assert_eq!(codex.ask("hi").await.unwrap(), "You said hi");
    codex.close().await.unwrap();
    let error = Codex::connect(&url).await.unwrap_err();
    assert!(matches!(error, Error::Connect(_)), "{error:?}");
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(!error.is_transient());
    let other = url.replace("localhost", "127.0.0.1");
    let builder = Codex::builder().root_certificate(&pem);
    let error = builder.connect_url(&other).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    let error = Codex::builder()
        .root_certificate("none")
        .connect_url(&url)
        .await;
    assert!(matches!(error, Err(Error::InvalidInput(_))), "{error:?}");
    server.close().await.unwrap();
}
