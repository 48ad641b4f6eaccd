//! Who gives out accounts, played by this process: OpenAI's login, as far as codex needs it.
//!
//! One account, to whomever asks. codex is led here by an environment variable of its own tests and
//! by its configuration.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
};

use codex_client::CodexBuilder;
use serde_json::{Value, json};

/// What every token says, unsigned: an e-mail address, a plan, and an account called `account`.
const TOKEN: &str = concat!(
    "eyJhbGciOiJub25lIn0.",
    "eyJlbWFpbCI6InRlc3RlckBleGFtcGxlLmNvbSIsImV4cCI6NDEwMjQ0NDgwMCwiaHR0cHM6Ly9hcGku",
    "b3BlbmFpLmNvbS9hdXRoIjp7ImNoYXRncHRfcGxhbl90eXBlIjoicHJvIiwiY2hhdGdwdF9hY2NvdW50",
    "X2lkIjoiYWNjb3VudCIsImNoYXRncHRfdXNlcl9pZCI6InVzZXIiLCJvcmdhbml6YXRpb25faWQiOiJv",
    "cmciLCJwcm9qZWN0X2lkIjoicCIsImNvbXBsZXRlZF9wbGF0Zm9ybV9vbmJvYXJkaW5nIjp0cnVlLCJp",
    "c19vcmdfb3duZXIiOnRydWV9fQ",
    ".c2ln",
);

/// A server on loopback. Its thread ends with the process.
#[derive(Debug)]
pub struct Issuer {
    address: SocketAddr,
}

impl Issuer {
    /// Starts it.
    ///
    /// # Panics
    ///
    /// If there is no port on loopback.
    #[must_use]
    pub fn start() -> Self {
        Self::with(|path| Some(answer(path)))
    }

    /// Starts one whose codes nobody ever enters.
    ///
    /// # Panics
    ///
    /// If there is no port on loopback.
    #[must_use]
    pub fn undecided() -> Self {
        Self::with(|path| match path.ends_with("/deviceauth/token") {
            true => None,
            false => Some(answer(path)),
        })
    }

    fn with(answers: fn(&str) -> Option<Value>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("its address");
        std::thread::spawn(move || {
            // One thread each: a connection that is held open keeps no other waiting. A client that
            // hangs up early has what it wanted.
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || serve(&stream, answers));
            }
        });
        Self { address }
    }

    /// Leads a server here.
    pub fn lead<M>(&self, builder: CodexBuilder<M>) -> CodexBuilder<M> {
        let url = format!("http://{}", self.address);
        builder
            .config("chatgpt_base_url", format!("\"{url}/backend-api\""))
            .env("CODEX_APP_SERVER_LOGIN_ISSUER", url)
    }
}

/// What a person's browser does once the person has agreed: it goes back to where the login said.
///
/// # Panics
///
/// If the URL is not that of a login, or nobody listens there.
pub fn agree(auth_url: &str) {
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
    // The login is through when the browser asks for the page that says so.
    let page = get(&url).expect("a page to go on to");
    get(&page);
}

/// Asks for a page; returns the address that it leads on to.
fn get(url: &str) -> Option<String> {
    let (host, path) = url.strip_prefix("http://")?.split_once('/')?;
    let mut stream = TcpStream::connect(host).expect("a server on loopback");
    // A server that says nothing fails the test, and does not hold it up.
    let patience = Some(std::time::Duration::from_secs(30));
    stream
        .set_read_timeout(patience)
        .expect("a timeout that is not zero");
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("to be heard");
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    let mut head = lines.take_while(|line| !line.is_empty());
    head.find_map(|line| Some(line.strip_prefix("Location: ")?.trim().to_owned()))
}

/// Serves one request. What has no answer is forbidden: so says a login that nobody has agreed to yet.
fn serve(mut stream: &TcpStream, answers: fn(&str) -> Option<Value>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let header = header.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    let (status, body) = match answers(request.split(' ').nth(1).unwrap_or_default()) {
        Some(body) => ("200 OK", body.to_string()),
        None => ("403 Forbidden", String::new()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn answer(path: &str) -> Value {
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
        _ => json!({"id_token": TOKEN, "access_token": TOKEN, "refresh_token": "refresh"}),
    }
}
