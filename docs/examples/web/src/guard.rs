//! Keeps everything but the page itself away from Codex, which runs commands in the user's name.
//!
//! The server listens on loopback only. That does not keep away other users of the machine, who do
//! not know the secret in the address; other pages in the browser, whose requests have another
//! `Origin`; and pages whose name has been made to lead to loopback, which have another `Host`.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Only the page's own files may be loaded, and no other page may frame it.
const HEADERS: [(HeaderName, &str); 3] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

pub struct Guard {
    /// The names that the server may be addressed by.
    hosts: [String; 2],
    /// The query of the address, with the secret.
    query: String,
}

impl Guard {
    /// Makes up a secret for the server on this port.
    pub fn new(port: u16) -> Result<Self, getrandom::Error> {
        let (high, low) = (getrandom::u64()?, getrandom::u64()?);
        Ok(Self {
            hosts: ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}")),
            query: format!("key={high:016x}{low:016x}"),
        })
    }

    /// Returns the address of the page, which is as secret as a password.
    pub fn address(&self) -> String {
        format!("http://{}/?{}", self.hosts[0], self.query)
    }

    fn allows(&self, request: &Request) -> bool {
        let header = |name| {
            request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let Some(host) = self.hosts.iter().find(|host| header(HOST) == Some(host)) else {
            return false;
        };
        let is_own = header(ORIGIN).is_none_or(|origin| origin == format!("http://{host}"));
        let mut pairs = request.uri().query().unwrap_or_default().split('&');
        // The files of the page are no secret.
        let has_key =
            !request.uri().path().starts_with("/api/") || pairs.any(|it| it == self.query);
        is_own && has_key
    }
}

/// Refuses requests that do not come from the page.
pub async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.allows(&request) {
        true => next.run(request).await,
        false => StatusCode::FORBIDDEN.into_response(),
    };
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
