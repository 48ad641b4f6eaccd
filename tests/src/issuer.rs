//! A simulated login issuer: the part of OpenAI's login that Codex uses, and the rate limits of the
//! account.
//!
//! It issues one account to every client. An environment variable that Codex's own tests use,
//! together with its configuration, points Codex to this issuer.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
};

use codex_client::builder::CodexBuilder;
use serde_json::{Value, json};

use crate::http;

/// The unsigned token that all logins get: it contains an email address, a plan, and an account
/// named `account`.
const TOKEN: &str = concat!(
    "eyJhbGciOiJub25lIn0.",
    "eyJlbWFpbCI6InRlc3RlckBleGFtcGxlLmNvbSIsImV4cCI6NDEwMjQ0NDgwMCwiaHR0cHM6Ly9hcGku",
    "b3BlbmFpLmNvbS9hdXRoIjp7ImNoYXRncHRfcGxhbl90eXBlIjoicHJvIiwiY2hhdGdwdF9hY2NvdW50",
    "X2lkIjoiYWNjb3VudCIsImNoYXRncHRfdXNlcl9pZCI6InVzZXIiLCJvcmdhbml6YXRpb25faWQiOiJv",
    "cmciLCJwcm9qZWN0X2lkIjoicCIsImNvbXBsZXRlZF9wbGF0Zm9ybV9vbmJvYXJkaW5nIjp0cnVlLCJp",
    "c19vcmdfb3duZXIiOnRydWV9fQ",
    ".c2ln",
);

/// A server on loopback, whose thread ends with the process.
#[derive(Debug)]
pub struct Issuer {
    address: SocketAddr,
}

impl Issuer {
    /// Starts an issuer that confirms every login.
    ///
    /// # Panics
    ///
    /// If it cannot listen on loopback.
    #[must_use]
    pub fn start() -> Self {
        Self::with(|path| Some(response(path)))
    }

    /// Starts an issuer for which no device code is ever entered.
    ///
    /// # Panics
    ///
    /// If it cannot listen on loopback.
    #[must_use]
    pub fn pending() -> Self {
        Self::with(|path| match path.ends_with("/deviceauth/token") {
            true => None,
            false => Some(response(path)),
        })
    }

    fn with(responses: fn(&str) -> Option<Value>) -> Self {
        // The status 403 means that the login has not been confirmed yet.
        let address = http::serve(move |request| match responses(&request.path) {
            Some(body) => ("200 OK", Some(body)),
            None => ("403 Forbidden", None),
        });
        Self { address }
    }

    /// Points a server at this issuer.
    pub fn configure<M>(&self, builder: CodexBuilder<M>) -> CodexBuilder<M> {
        let url = format!("http://{}", self.address);
        builder
            .config("chatgpt_base_url", format!("{url}/backend-api"))
            .env("CODEX_APP_SERVER_LOGIN_ISSUER", url)
    }
}

/// Confirms a login as a browser does, by opening the redirect URL of the login.
///
/// # Panics
///
/// If the URL is not that of a login, or if no server listens there.
pub fn confirm(auth_url: &str) {
    let parameter = |name: &str| {
        let (_, query) = auth_url.split_once('?').expect("a query");
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(key, _)| *key == name).expect("the parameter");
        value.replace("%3A", ":").replace("%2F", "/")
    };
    let url = format!(
        "{}?code=c&state={}",
        parameter("redirect_uri"),
        parameter("state")
    );
    // The login completes when the browser requests the success page.
    let page = get(&url).expect("a redirect to the success page");
    get(&page);
}

/// Requests a page. Returns the address that the page redirects to.
fn get(url: &str) -> Option<String> {
    let (host, path) = url.strip_prefix("http://")?.split_once('/')?;
    let mut stream = TcpStream::connect(host).expect("a server on loopback");
    // A server that does not respond must fail the test instead of blocking it.
    let timeout = Some(std::time::Duration::from_secs(30));
    stream
        .set_read_timeout(timeout)
        .expect("a non-zero timeout");
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .expect("a request that can be written");
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    let mut head = lines.take_while(|line| !line.is_empty());
    head.find_map(|line| Some(line.strip_prefix("Location: ")?.trim().to_owned()))
}

fn response(path: &str) -> Value {
    match path {
        path if path.ends_with("/deviceauth/usercode") => json!({
            "device_auth_id": "device", "user_code": "ABCD-1234", "interval": "1",
        }),
        path if path.ends_with("/deviceauth/token") => json!({
            "authorization_code": "c", "code_challenge": "c", "code_verifier": "v",
        }),
        path if path.contains("/accounts/check") => json!({
            "accounts": [{
                "id": "account",
                "account_id": "account",
                "name": "Testers",
                "structure": "personal",
                "plan_type": "pro",
                "account_user_role": "owner",
                "workspace_backend_origin": "https://example.com",
                "account_routing_override": "us",
            }],
            "account_ordering": ["account"],
            "default_account_id": "account",
        }),
        path if path.ends_with("/wham/usage") => json!({
            "plan_type": "pro",
            "rate_limit": {
                "allowed": true,
                "limit_reached": false,
                "primary_window": {
                    "used_percent": 42, "limit_window_seconds": 18_000,
                    "reset_after_seconds": 60, "reset_at": 1_900_000_000,
                },
                "secondary_window": {
                    "used_percent": 7, "limit_window_seconds": 604_800,
                    "reset_after_seconds": 60, "reset_at": 1_900_600_000,
                },
            },
        }),
        _ => json!({"id_token": TOKEN, "access_token": TOKEN, "refresh_token": "refresh"}),
    }
}
