//! A server that cannot be joined.

use std::fmt;

/// The server could not be joined: there is no websocket, so no message of the protocol was sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectFailed {
    /// The URL of the server, without its query. `None` for a websocket over streams that the program
    /// passed.
    pub url: Option<String>,
    /// The status of the HTTP response, if the server refused the websocket: 401 for a bearer token that
    /// is missing, wrong or expired.
    pub status: Option<u16>,
    /// The reason, without tokens.
    pub reason: String,
    /// Whether the same attempt may succeed later.
    pub(crate) is_transient: bool,
}

impl fmt::Display for ConnectFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, reason, .. } = self;
        match url {
            Some(url) => write!(f, "could not connect to {url}: {reason}")?,
            None => write!(f, "could not open a websocket over the streams: {reason}")?,
        }
        if self.status == Some(401) {
            f.write_str(
                "; `CodexBuilder::bearer_token` sets the token, which has to be valid for this server",
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for ConnectFailed {}
