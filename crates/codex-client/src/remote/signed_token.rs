//! Tokens that the client signs.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

use crate::error::{Error, Result};

/// The default lifetime of a token. It is needed only while the connection is established.
const LIFETIME: Duration = Duration::from_secs(60);

/// Minimum length of a secret that servers accept, in bytes.
const SECRET_MIN: usize = 32;

/// A token that the client signs (JWT, HS256) with a secret that it shares with the server, for
/// [`BearerToken::signed`](crate::remote::BearerToken::signed). Requires the `signed_tokens` feature.
///
/// The server is started with `--ws-auth signed-bearer-token --ws-shared-secret-file PATH`. `Debug` does
/// not show the secret.
///
/// ```no_run
/// use codex_client::{Codex, Result, remote::SignedToken};
///
/// async fn example(secret: Vec<u8>) -> Result<Codex> {
///     Codex::builder()
///         .bearer_token(SignedToken::new(secret).issuer("ci").audience("codex"))
///         .connect_url("wss://codex.example")
///         .await
/// }
/// ```
#[derive(Clone)]
pub struct SignedToken {
    secret: Arc<[u8]>,
    issuer: Option<String>,
    audience: Option<String>,
    lifetime: Duration,
}

#[derive(Serialize)]
struct Claims<'a> {
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
}

impl SignedToken {
    /// Signs tokens with the contents of the server's secret file, of at least 32 bytes. White space
    /// around it is removed, as the server does.
    pub fn new(secret: impl AsRef<[u8]>) -> Self {
        Self {
            secret: secret.as_ref().trim_ascii().into(),
            issuer: None,
            audience: None,
            lifetime: LIFETIME,
        }
    }

    /// Sets the issuer, which the server compares with its `--ws-issuer`.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Sets the audience, which the server compares with its `--ws-audience`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Sets the time for which a token is valid, one minute by default. It allows for a clock of the
    /// server that is ahead, as `--ws-max-clock-skew-seconds` does there. A token has no earliest time,
    /// so a clock that is behind does not matter.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Returns a token that is valid from now on.
    pub(crate) fn sign(&self) -> Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        self.sign_at(now.unwrap_or_default())
    }

    fn sign_at(&self, now: Duration) -> Result<String> {
        if self.secret.len() < SECRET_MIN {
            let message = format!(
                "the secret of a signed token has {} bytes: servers refuse less than {SECRET_MIN}",
                self.secret.len()
            );
            return Err(Error::InvalidInput(message.into()));
        }
        let invalid = |error: &dyn fmt::Display| Error::InvalidInput(error.to_string().into());
        let claims = Claims {
            exp: now.saturating_add(self.lifetime).as_secs(),
            iss: self.issuer.as_deref(),
            aud: self.audience.as_deref(),
        };
        let claims = serde_json::to_vec(&claims).map_err(|error| invalid(&error))?;
        let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let mut token = format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(claims));
        let mut signature =
            Hmac::<Sha256>::new_from_slice(&self.secret).map_err(|error| invalid(&error))?;
        signature.update(token.as_bytes());
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature.finalize().into_bytes(), &mut token);
        Ok(token)
    }
}

impl fmt::Debug for SignedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedToken")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python: `hmac.new(secret, header + b"." + claims, "sha256")`.
    const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
        eyJleHAiOjE3MDAwMDAwNjAsImlzcyI6ImNpIiwiYXVkIjoiY29kZXgifQ\
        .ESU9YgT_yC8On1pN4cDsTC7Cz1g4vIRpy94GWW3JcnY";

    #[test]
    fn a_token_has_the_claims_and_the_signature() {
        let token = SignedToken::new("0123456789abcdef0123456789abcdef\n")
            .issuer("ci")
            .audience("codex");
        assert_eq!(
            token.sign_at(Duration::from_secs(1_700_000_000)).unwrap(),
            TOKEN
        );
        let text = format!("{token:?}");
        assert!(text.contains("ci") && !text.contains("0123"), "{text}");
    }

    #[test]
    fn a_secret_that_servers_refuse_is_an_error() {
        let error = SignedToken::new("short").sign().unwrap_err();
        assert!(error.to_string().contains("5 bytes"), "{error}");
    }
}
