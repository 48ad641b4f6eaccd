//! The handshake that turns an HTTP connection into a websocket.

use std::io;

use base64::{Engine, prelude::BASE64_STANDARD};
use codex_types::redact;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Maximum length of the response without its body, in bytes.
const RESPONSE_LIMIT: usize = 16 * 1024;

/// Maximum number of headers of the response.
const HEADERS: usize = 64;

/// Maximum length of the body of a refusal that is kept, in bytes.
const BODY_LIMIT: usize = 1024;

/// The constant of RFC 6455 that a server appends to the key.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The request of a handshake.
pub(crate) struct Upgrade<'a> {
    /// The path and the query.
    pub(crate) target: &'a str,
    pub(crate) host: &'a str,
    pub(crate) token: Option<&'a str>,
}

/// The reason why there is no websocket.
#[derive(Debug)]
pub(crate) enum Refusal {
    Io(io::Error),
    /// The server responded with this status and text.
    Status(u16, String),
    /// The response is not that of a websocket server.
    Invalid(&'static str),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Upgrade<'_> {
    /// Performs the handshake. Returns the bytes that follow the response.
    pub(crate) async fn perform<S>(&self, io: &mut S) -> Result<Vec<u8>, Refusal>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(io::Error::other)?;
        let key = BASE64_STANDARD.encode(nonce);
        io.write_all(self.request(&key).as_bytes()).await?;
        io.flush().await?;
        let mut received = Vec::new();
        let (length, refusal) = loop {
            if io.read_buf(&mut received).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            if let Some(parsed) = parse(&received, &accept(&key))? {
                break parsed;
            }
            if received.len() > RESPONSE_LIMIT {
                return Err(Refusal::Invalid("the headers of the response are too long"));
            }
        };
        received.drain(..length);
        let Some((status, mut reason, body)) = refusal else {
            return Ok(received);
        };
        let mut body_left = body.min(BODY_LIMIT).saturating_sub(received.len());
        while body_left > 0 {
            match (&mut *io)
                .take(body_left as u64)
                .read_buf(&mut received)
                .await
            {
                Ok(read @ 1..) => body_left -= read,
                _ => break,
            }
        }
        received.truncate(body.min(BODY_LIMIT));
        let body = String::from_utf8_lossy(&received);
        if let Some(line) = body.lines().next().filter(|line| !line.trim().is_empty()) {
            reason = format!("{reason}: {}", line.trim());
        }
        Err(Refusal::Status(
            status,
            redact::without_tokens(&reason).into(),
        ))
    }

    /// Returns the request. It has no `Origin`: servers refuse browsers by that header.
    fn request(&self, key: &str) -> String {
        let Self { target, host, .. } = self;
        let mut request = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        );
        if let Some(token) = self.token {
            request += &format!("Authorization: Bearer {token}\r\n");
        }
        request + "\r\n"
    }
}

/// Returns the value by which a server accepts a key.
fn accept(key: &str) -> String {
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    BASE64_STANDARD.encode(digest)
}

/// The length of a response without its body; for a refusal also its status, the reason and the length of
/// its body.
type Parsed = (usize, Option<(u16, String, usize)>);

/// Parses a response, or returns `None` if it is incomplete.
fn parse(bytes: &[u8], accept: &str) -> Result<Option<Parsed>, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response
        .parse(bytes)
        .map_err(|_| Refusal::Invalid("the response is not HTTP"))?;
    let httparse::Status::Complete(length) = parsed else {
        return Ok(None);
    };
    let (status, reason) = (
        response.code.unwrap_or(0),
        response.reason.unwrap_or_default(),
    );
    let header = |name: &str| {
        let mut headers = response.headers.iter();
        let header = headers.find(|header| header.name.eq_ignore_ascii_case(name));
        header.and_then(|header| str::from_utf8(header.value).ok())
    };
    if status != 101 {
        let body = header("Content-Length").and_then(|length| length.trim().parse().ok());
        let refusal = (status, format!("{status} {reason}"), body.unwrap_or(0));
        return Ok(Some((length, Some(refusal))));
    }
    let is_upgrade = header("Upgrade").is_some_and(|it| it.eq_ignore_ascii_case("websocket"));
    if !is_upgrade || header("Sec-WebSocket-Accept").map(str::trim) != Some(accept) {
        return Err(Refusal::Invalid("the response does not accept a websocket"));
    }
    Ok(Some((length, None)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_rfc_is_accepted_by_the_value_of_the_rfc() {
        let accepted = accept("dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accepted, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
