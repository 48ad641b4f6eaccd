//! A proxy for TCP that cuts, stalls and slows down the connections to a real app-server.

use std::net::SocketAddr;

use codex_client::remote::ListeningServer;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// The treatment of the bytes that pass a proxy.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Treatment {
    Pass,
    /// Bytes wait, in both directions.
    Stall,
    /// Bytes pass one at a time.
    Trickle,
}

/// A proxy on loopback in front of a server.
pub(crate) struct Proxy {
    address: SocketAddr,
    #[cfg_attr(
        not(unix),
        expect(dead_code, reason = "used with processes that are killed")
    )]
    target: watch::Sender<String>,
    treatment: watch::Sender<Treatment>,
    cuts: watch::Sender<()>,
}

impl Proxy {
    pub(crate) async fn before(server: &ListeningServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (target, targets) = watch::channel(target(server));
        let (treatment, treated) = watch::channel(Treatment::Pass);
        let (cuts, mut cut) = watch::channel(());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // Earlier cuts are not those of this connection.
                cut.mark_unchanged();
                let target = targets.borrow().clone();
                // Without a server, the connection is closed.
                let Ok(server) = TcpStream::connect(target).await else {
                    continue;
                };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                for (from, to) in [(from_client, to_server), (from_server, to_client)] {
                    let (treated, mut cut) = (treated.clone(), cut.clone());
                    tokio::spawn(async move {
                        tokio::select! {
                            () = forward(from, to, treated) => {}
                            // Dropping both ends closes the connections.
                            _ = cut.changed() => {}
                        }
                    });
                }
            }
        });
        Self {
            address,
            target,
            treatment,
            cuts,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Closes the connections. Later ones are not affected.
    pub(crate) fn cut(&self) {
        self.cuts.send(()).unwrap();
    }

    /// Treats the bytes of all connections in this way from now on.
    pub(crate) fn treat(&self, treatment: Treatment) {
        self.treatment.send(treatment).unwrap();
    }

    /// Passes later connections on to this server.
    #[cfg(unix)]
    pub(crate) fn lead_to(&self, server: &ListeningServer) {
        self.target.send(target(server)).unwrap();
    }
}

fn target(server: &ListeningServer) -> String {
    server.url().strip_prefix("ws://").unwrap().to_owned()
}

/// Copies bytes as they are treated.
async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut treatment: watch::Receiver<Treatment>,
) {
    let mut buffer = [0; 4096];
    loop {
        let trickles = *treatment.borrow() == Treatment::Trickle;
        let size = if trickles { 1 } else { buffer.len() };
        let read = from.read(&mut buffer[..size]).await.unwrap_or(0);
        // An error means that the test has ended.
        let _ = treatment.wait_for(|it| *it != Treatment::Stall).await;
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
