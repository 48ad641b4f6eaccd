//! TLS, with the certificates that the system trusts.

use std::{io, sync::Arc};

use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

/// Certificates of authorities.
pub(crate) type Roots = Vec<CertificateDer<'static>>;

/// Reads certificates from a PEM file. Returns an error if it has none or one is malformed.
pub(crate) fn parse_pem(pem: &[u8]) -> Result<Roots, String> {
    let roots: Result<Roots, _> = CertificateDer::pem_slice_iter(pem).collect();
    let roots = roots.map_err(|error| error.to_string())?;
    let mut store = RootCertStore::empty();
    for root in &roots {
        store.add(root.clone()).map_err(|error| error.to_string())?;
    }
    match roots.is_empty() {
        true => Err("there is none".to_owned()),
        false => Ok(roots),
    }
}

/// Performs the handshake with a server that has a certificate for this host.
pub(crate) async fn connect(
    stream: TcpStream,
    host: &str,
    roots: &Roots,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let roots = roots.clone();
    let config = tokio::task::spawn_blocking(move || config(&roots));
    let connector = TlsConnector::from(Arc::new(config.await??));
    connector.connect(name, stream).await
}

/// Returns the configuration of clients. Reads the certificates of the system from files.
fn config(roots: &Roots) -> io::Result<ClientConfig> {
    let system = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    // One malformed certificate of the system does not matter.
    store.add_parsable_certificates(system.certs);
    store.add_parsable_certificates(roots.iter().cloned());
    if store.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the system has no certificates of authorities: install them, or set one with \
             `CodexBuilder::root_certificate`",
        ));
    }
    let installed = CryptoProvider::get_default().cloned();
    let provider = installed.unwrap_or_else(|| Arc::new(ring::default_provider()));
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    Ok(versions.with_root_certificates(store).with_no_client_auth())
}
