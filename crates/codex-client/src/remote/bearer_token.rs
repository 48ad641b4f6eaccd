//! The token that a client presents to a server.

use std::{env, fmt, future::Future, sync::Arc};

#[cfg(feature = "signed_tokens")]
use crate::remote::signed_token::SignedToken;
use crate::{
    error::{Error, Result, connect_failed::ConnectFailed},
    future::BoxFuture,
};

/// A bearer token, for
/// [`CodexBuilder::bearer_token`](crate::builder::CodexBuilder::bearer_token).
///
/// Each attempt to connect takes the token anew, so that it may be replaced or renewed meanwhile.
/// `Debug` shows its source only.
///
/// ```no_run
/// use codex_client::{Codex, Result, remote::BearerToken};
///
/// async fn example() -> Result<Codex> {
///     let token = BearerToken::from_fn(|| async { std::fs::read_to_string("/run/token") });
///     Codex::builder()
///         .bearer_token(token)
///         .connect_url("ws://127.0.0.1:4500")
///         .await
/// }
/// ```
#[derive(Clone)]
pub struct BearerToken(Source);

type GetToken = dyn Fn() -> BoxFuture<Result<String, String>> + Send + Sync;

#[derive(Clone)]
enum Source {
    Fixed(Arc<str>),
    Variable(Arc<str>),
    Function(Arc<GetToken>),
    #[cfg(feature = "signed_tokens")]
    Signed(SignedToken),
}

impl BearerToken {
    /// Uses this token.
    pub fn new(token: impl Into<String>) -> Self {
        Self(Source::Fixed(token.into().into()))
    }

    /// Uses the value of an environment variable of this program.
    pub fn from_env(variable: impl Into<String>) -> Self {
        Self(Source::Variable(variable.into().into()))
    }

    /// Calls a function for each attempt to connect. Its error fails the attempt with
    /// [`Connect`](crate::Error::Connect), which contains its message and is
    /// [transient](crate::Error::is_transient): the source of the token may be unavailable for a
    /// while.
    pub fn from_fn<F, T, E>(get: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<String, E>> + Send + 'static,
        E: fmt::Display,
    {
        Self(Source::Function(Arc::new(move || {
            let token = get();
            Box::pin(async move { token.await.map_err(|error| error.to_string()) })
        })))
    }

    /// Signs a token for each attempt to connect, for a server with
    /// `--ws-auth signed-bearer-token`. Requires the `signed_tokens` feature.
    #[cfg(feature = "signed_tokens")]
    pub fn signed(token: SignedToken) -> Self {
        Self(Source::Signed(token))
    }

    /// Returns the token for one attempt to connect to a server. White space around it is removed,
    /// as servers do with that in their files.
    pub(crate) async fn get(&self, url: Option<String>) -> Result<String> {
        let token = match &self.0 {
            Source::Fixed(token) => token.to_string(),
            Source::Variable(name) => env::var(&**name).map_err(|error| {
                let name = name.escape_debug();
                Error::InvalidInput(
                    format!("no bearer token in the variable `{name}`: {error}").into(),
                )
            })?,
            Source::Function(get) => get().await.map_err(|error| {
                Error::Connect(Box::new(ConnectFailed {
                    url,
                    status: None,
                    reason: format!("no bearer token: {error}"),
                    is_transient: true,
                }))
            })?,
            #[cfg(feature = "signed_tokens")]
            Source::Signed(token) => token.sign()?,
        };
        checked(token.trim())
    }
}

/// Returns a token that can be the value of a header. The error does not contain it.
pub(crate) fn checked(token: &str) -> Result<String> {
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::InvalidInput(
            "the bearer token is empty or has a character other than visible ASCII".into(),
        ));
    }
    Ok(token.to_owned())
}

impl From<&str> for BearerToken {
    fn from(token: &str) -> Self {
        Self::new(token)
    }
}

impl From<String> for BearerToken {
    fn from(token: String) -> Self {
        Self::new(token)
    }
}

#[cfg(feature = "signed_tokens")]
impl From<SignedToken> for BearerToken {
    fn from(token: SignedToken) -> Self {
        Self::signed(token)
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Fixed(_) => f.write_str("BearerToken(…)"),
            Source::Variable(name) => write!(f, "BearerToken(${name})"),
            Source::Function(_) => f.write_str("BearerToken(function)"),
            #[cfg(feature = "signed_tokens")]
            Source::Signed(token) => f.debug_tuple("BearerToken").field(token).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_is_taken_anew_for_each_attempt() {
        let count = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let token = BearerToken::from_fn(move || {
            let next = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            async move { Ok::<_, String>(format!(" token-{next}\n")) }
        });
        assert_eq!(token.get(None).await.unwrap(), "token-0");
        assert_eq!(token.clone().get(None).await.unwrap(), "token-1");
    }

    #[tokio::test]
    async fn an_unusable_token_is_an_error_that_does_not_contain_it() {
        for token in ["", " \n", "secret\r\nHost: x", "secret token", "sécret"] {
            let error = BearerToken::new(token).get(None).await.unwrap_err();
            assert!(matches!(error, Error::InvalidInput(_)), "{error}");
            assert!(!error.to_string().contains("cret"), "{error}");
        }
        let error = BearerToken::from_env("CODEX_CLIENT_NO_SUCH_VARIABLE")
            .get(None)
            .await;
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("CODEX_CLIENT_NO_SUCH_VARIABLE")
        );
        let failing = BearerToken::from_fn(|| async { Err("the vault is sealed") });
        let url = "ws://localhost:1".to_owned();
        let error = failing.get(Some(url)).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "could not connect to ws://localhost:1: no bearer token: the vault is sealed"
        );
        assert!(error.is_transient());
    }

    #[test]
    fn debug_shows_the_source_only() {
        assert_eq!(
            format!("{:?}", BearerToken::new("secret")),
            "BearerToken(…)"
        );
        assert_eq!(
            format!("{:?}", BearerToken::from_env("X")),
            "BearerToken($X)"
        );
    }
}
